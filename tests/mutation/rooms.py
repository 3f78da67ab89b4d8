"""Which tests are those of a part of the code: the first row that its path begins with."""

from __future__ import annotations

from pathlib import Path

from tests.support.longest import LONGEST

_LANGUAGE = ("tests/language", "tests/api/rest/test_refused_texts.py")
_ARRAYS = ("tests/language/test_arrays.py", "tests/correctness/test_array_words.py")
_WORDS = (
    "tests/autodiff/test_table.py",
    "tests/autodiff/test_special.py",
    "tests/autodiff/test_special_derivatives.py",
    "tests/correctness/accuracy",
    "tests/autodiff/test_order_words.py",
    "tests/autodiff/test_host_words.py",
    "tests/language/test_vocabulary.py",
)

ROOMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("app/errors.py", ("tests/api/http/test_problem.py", "tests/engine/test_workers.py")),
    (
        "app/settings.py",
        (
            "tests/test_settings.py",
            "tests/api/http/test_auth.py",
            "tests/api/http/test_quota.py",
            "tests/api/rest/test_data.py",
            "tests/runtime/test_remote_store.py",
        ),
    ),
    ("app/environment.py", ("tests/test_settings.py",)),
    ("app/application.py", ("tests/api/http", "tests/api/test_openapi.py")),
    ("app/main.py", ("tests/api/test_application.py",)),
    ("app/__init__.py", ("tests/test_docs.py",)),
    ("app/api/http/", ("tests/api/http", "tests/api/rest/test_refused_requests.py")),
    ("app/api/interop/", ("tests/api/interop",)),
    ("app/api/server/", ("tests/api/server", "tests/live/test_start.py", "tests/live/test_sockets.py")),
    ("app/api/web/", ("tests/api/web",)),
    ("app/api/rest/", ("tests/api/rest", "tests/api/test_openapi.py")),
    ("app/api/", ("tests/api/test_openapi.py", "tests/runtime/test_metrics.py", "tests/api")),
    ("app/cli/", ("tests/cli",)),
    (
        "app/runtime/",
        ("tests/runtime", "tests/simulation", "tests/api/rest/test_data.py", "tests/api/http/test_auth.py"),
    ),
    ("app/engine/fits/", ("tests/api/rest/test_fits.py", "tests/correctness/fits")),
    ("app/engine/workers/", ("tests/engine/test_workers.py", "tests/engine/test_rigorous.py", "tests/simulation")),
    ("app/engine/derivatives/", ("tests/engine", "tests/api/rest", "tests/correctness/test_rigorous_answers.py")),
    ("app/engine/", ("tests/engine", "tests/language/test_modules.py", "tests/simulation", "tests/api/rest")),
    ("app/export/", ("tests/export", "tests/api/rest/test_code.py")),
    ("app/autodiff/arrays/", ("tests/autodiff/arrays", "tests/autodiff/test_host_words.py", *_ARRAYS)),
    (
        "app/autodiff/balls/",
        ("tests/autodiff/test_balls.py", "tests/engine/test_rigorous.py", "tests/correctness/test_rigorous_answers.py"),
    ),
    ("app/autodiff/series/", ("tests/autodiff/test_series.py", "tests/api/rest/test_taylor.py")),
    ("app/autodiff/namespaces/", (*_WORDS, "tests/autodiff/test_symbolic.py", "tests/autodiff/test_fourth_order.py")),
    ("app/autodiff/special/", (*_WORDS, "tests/autodiff/test_balls.py")),
    ("app/autodiff/symbolic/", ("tests/autodiff/test_symbolic.py", "tests/autodiff/test_host_words.py")),
    ("app/autodiff/table/", (*_WORDS, "tests/autodiff/test_reverse.py", "tests/correctness/test_kinks.py")),
    (
        "app/autodiff/",
        (
            "tests/autodiff/test_tape.py",
            "tests/autodiff/test_reverse.py",
            "tests/autodiff/test_fallback.py",
            "tests/autodiff/test_compiler.py",
            "tests/autodiff/test_interpreter.py",
            "tests/correctness/test_kinks.py",
        ),
    ),
    ("app/language/arrays/", (*_ARRAYS, *_LANGUAGE, "tests/correctness/test_array_functions.py")),
    (
        "app/language/numeric/",
        (*_LANGUAGE, *_ARRAYS, "tests/correctness/accuracy", "tests/autodiff/test_order_words.py"),
    ),
    ("app/language/vocabulary/", (*_LANGUAGE, *_ARRAYS, "tests/correctness/test_distributions.py")),
    ("app/language/advice/", _LANGUAGE),
    ("app/language/building/", (*_LANGUAGE, *_ARRAYS)),
    ("app/language/grammar/", _LANGUAGE),
    ("app/language/lowering/", (*_LANGUAGE, *_ARRAYS)),
    ("app/language/reading/", (*_LANGUAGE, *_ARRAYS)),
    ("app/language/", (*_LANGUAGE, *_ARRAYS)),
)


def room_of(path: str) -> str:
    """Return the room of a file of ``app``."""
    return _row(path)[0]


def files_of(root: Path, path: str) -> list[str]:
    """Return the files of tests of a file of ``app``: those that share a word with its name first, long ones last."""
    words = set(Path(path).stem.split("_")) | {Path(path).parent.name}
    files: dict[str, None] = {}
    for name in _row(path)[1]:
        found = sorted((root / name).rglob("test_*.py")) if (root / name).is_dir() else [root / name]
        files |= dict.fromkeys(file.relative_to(root).as_posix() for file in found)
    return sorted(files, key=lambda file: (file in LONGEST, not words & set(Path(file).stem.split("_"))))


def _row(path: str) -> tuple[str, tuple[str, ...]]:
    return next(row for row in ROOMS if path.startswith(row[0]))
