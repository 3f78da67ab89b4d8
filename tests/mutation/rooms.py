"""Which tests are those of a part of the code: the first row that its path begins with."""

from __future__ import annotations

ROOMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("app/errors.py", ("tests/api/http/test_problem.py", "tests/engine/test_workers.py")),
    (
        "app/settings.py",
        ("tests/test_settings.py", "tests/api/rest/test_data.py", "tests/runtime/test_remote_store.py"),
    ),
    ("app/environment.py", ("tests/test_settings.py",)),
    ("app/application.py", ("tests/api/http", "tests/api/test_openapi.py")),
    ("app/main.py", ("tests/api/test_application.py",)),
    ("app/__init__.py", ("tests/test_docs.py",)),
    ("app/api/http/", ("tests/api/http", "tests/api/rest/test_refused_requests.py")),
    ("app/api/interop/", ("tests/api/interop",)),
    ("app/api/server/", ("tests/api/server",)),
    ("app/api/web/", ("tests/api/web",)),
    ("app/api/rest/", ("tests/api/rest", "tests/api/test_openapi.py")),
    ("app/api/", ("tests/api",)),
    ("app/cli/", ("tests/cli",)),
    (
        "app/runtime/",
        ("tests/runtime", "tests/simulation", "tests/api/rest/test_data.py", "tests/api/http/test_auth.py"),
    ),
    ("app/engine/fits/", ("tests/api/rest/test_fits.py", "tests/correctness/fits")),
    ("app/engine/workers/", ("tests/engine/test_workers.py", "tests/engine/test_rigorous.py", "tests/simulation")),
    ("app/engine/", ("tests/engine", "tests/simulation", "tests/api/rest")),
    ("app/autodiff/", ("tests/autodiff", "tests/correctness", "tests/language/test_arrays.py")),
    ("app/language/advice/", ("tests/language", "tests/api/rest/test_refused_texts.py")),
    (
        "app/language/",
        ("tests/language", "tests/api/rest/test_refused_texts.py", "tests/correctness/test_array_words.py"),
    ),
)


def checks_of(path: str) -> tuple[str, ...]:
    """Return the tests of a file of ``app``."""
    return next(tests for beginning, tests in ROOMS if path.startswith(beginning))
