"""Settings: environment variables in their ranges, combinations that do not work, and what could be misread."""

import builtins
import re
from pathlib import Path
from typing import Any

import pytest

from app import errors
from app.environment import read
from app.settings import Settings

SECRET = "s" * 32


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "70000"),
        ("PORT", "x"),
        ("MAX_POINTS", "0"),
        ("THREADS", "0"),
        ("LOG_LEVEL", "loud"),
        ("MAX_EVALUATIONS", "0"),
        ("MAX_FIT_SECONDS", "0"),
        ("MAX_FIT_SECONDS", "8.5"),  # an answer has nine
        ("FIT_THREADS", "0"),
        ("FIT_QUEUE", "0"),
    ],
)
def test_a_setting_out_of_its_range_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"GRADSERVE_{name}", value)
    with pytest.raises(ValueError, match=name.lower()):
        Settings()


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]


def test_limits_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADSERVE_MAX_OPERATIONS", "2")
    assert Settings().query_limits().text.max_operations == 2


def test_bounds_of_fits_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADSERVE_MAX_EVALUATIONS", "7")
    monkeypatch.setenv("GRADSERVE_MAX_FIT_SECONDS", "0.25")
    fits = Settings().query_limits().fits
    assert (fits.max_evaluations, fits.max_fit_seconds) == (7, 0.25)


@pytest.mark.parametrize(
    "origin",
    [
        "https://x.example/",
        "https://x.example/page",
        "https://*.example",
        "https://x.example:443",
        "http://x.example:80",
        "https://X.example",
        "x.example",
        "https://",
        "https://a.example, b.example",
    ],
)
def test_an_origin_that_no_browser_sends_is_refused(origin: str) -> None:
    with pytest.raises(ValueError, match="no browser sends the origin"):
        Settings(cors_origins=origin)


@pytest.mark.parametrize(
    "origins",
    ["", "*", "null", "https://x.example", "http://127.0.0.1:8080,https://x.example:8443", "http://[::1]:3000",
     "http://x.example:443", "chrome-extension://abcdef"],
)  # fmt: skip
def test_an_origin_that_a_browser_sends_is_taken(origins: str) -> None:
    assert Settings(cors_origins=origins).cors_origins == origins


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"store": "redis://127.0.0.1"}, "store_secret"),
        ({"store": "redis://127.0.0.1", "store_secret": "short"}, "store_secret"),
        ({"store": "ftp://host/", "store_secret": SECRET}, "redis://"),
        ({"store": "host:6379", "store_secret": SECRET}, "redis://"),
        ({"store": "redis://host:port", "store_secret": SECRET}, "cannot be used"),
        ({"store": "s3://", "store_secret": SECRET}, "cannot be used"),
        ({"workers": 2, "rate_limit": "5/second"}, "rate_limit_storage"),
        ({"workers": 2, "cache_dir": ""}, "cache_dir"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(values: dict[str, str | int], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Settings(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        ("GRADSERVE_API_KEY", "GRADSERVE_API_KEYS"),
        ("GRADSERVE_KEYS", "GRADSERVE_API_KEYS"),
        ("gradserve_api_key", "GRADSERVE_API_KEYS"),
        ("GRADSERVE_RATELIMIT", "GRADSERVE_RATE_LIMIT"),
        ("GRADSERVE_APIKEYS_FILE", "GRADSERVE_API_KEYS_FILE"),
        ("GRADSERVE_MAX_WORK", "GRADSERVE_WORKERS"),
        ("GRADSERVE_", "GRADSERVE_"),
    ],
)
def test_a_variable_that_is_no_setting_is_refused_with_the_nearest(
    monkeypatch: pytest.MonkeyPatch, variable: str, nearest: str
) -> None:
    monkeypatch.setenv(variable, "s")
    with pytest.raises(errors.Misconfigured) as refused:
        read()
    (line,) = refused.value.lines
    assert re.match(rf"{variable}: there is no such setting; the nearest is {nearest}", line)


@pytest.mark.parametrize(
    "variable",
    [
        *("GRADSERVE_URL", "GRADSERVE_KEY", "GRADSERVES", "XGRADSERVE_PORT", "_GRADSERVE_COMPLETE"),
        *("GRADSERVE_SERVICE_HOST", "GRADSERVE_SERVICE_PORT", "GRADSERVE_SERVICE_PORT_HTTP"),
        *("GRADSERVE_PORT_8000_TCP", "GRADSERVE_PORT_8000_TCP_ADDR"),
    ],
)
def test_variables_of_the_client_and_of_kubernetes_are_no_mistake(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "tcp://10.0.0.1:8000")
    assert read() == Settings()


@pytest.mark.parametrize(
    ("name", "content", "value"),
    [
        ("API_KEYS", "k1,k2\n", "k1,k2"),
        ("API_KEYS", "k1\nk2\n", "k1\nk2"),
        ("STORE_SECRET", SECRET + "\r\n", SECRET),
        ("STORE", "redis://u:p@h/0\n", "redis://u:p@h/0"),
        ("RATE_LIMIT_STORAGE", "redis://:p@h:6379\n", "redis://:p@h:6379"),
    ],
)
def test_a_secret_is_read_from_the_file_that_its_variable_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, content: str, value: str
) -> None:
    file = tmp_path / "secret"
    file.write_text(content)
    monkeypatch.setenv(f"GRADSERVE_{name}_FILE", str(file))
    if name == "STORE":
        monkeypatch.setenv("GRADSERVE_STORE_SECRET", SECRET)
    found = getattr(read(), name.lower())
    assert (found if isinstance(found, str) else found.get_secret_value()) == value


def test_keys_in_lines_of_a_file_are_each_accepted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("k1\nk2,k3\n")
    monkeypatch.setenv("GRADSERVE_API_KEYS_FILE", str(tmp_path / "keys"))
    closed = read().authenticator()
    for key in (b"k1", b"k2", b"k3"):
        assert closed.caller("/v1/grad", [(b"x-api-key", key)], None).id.startswith("key:")
    with pytest.raises(errors.Unauthorized):
        closed.caller("/v1/grad", [(b"x-api-key", b"k1\nk2")], None)


@pytest.mark.parametrize(
    ("content", "told"), [(None, "No such file"), (b"\n", "empty"), (b"\xff\xfe", "UTF-8"), (b" , ", "no key")]
)
def test_a_file_without_its_secret_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, told: str
) -> None:
    file = tmp_path / "keys"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("GRADSERVE_API_KEYS_FILE", str(file))
    with pytest.raises(errors.Misconfigured, match=f"GRADSERVE_API_KEYS.*{told}"):
        read()


def test_a_secret_and_a_file_of_it_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("k1")
    monkeypatch.setenv("GRADSERVE_API_KEYS", "k2")
    monkeypatch.setenv("GRADSERVE_API_KEYS_FILE", str(tmp_path / "keys"))
    with pytest.raises(errors.Misconfigured, match="GRADSERVE_API_KEYS is set, too"):
        read()


@pytest.mark.parametrize(
    "address", ["redis://user:{}@host:6379/0", "redis://:{}@host:1", "rediss://host:1/0?password={}"]
)
def test_keys_and_passwords_are_hidden_in_what_is_shown(address: str) -> None:
    secrets: dict[str, Any] = {"api_keys": "hunter2", "store_secret": SECRET, "store": address.format("hunter2")}
    settings = Settings(**secrets, rate_limit_storage=address.format("hunter2"))
    for text in (repr(settings), str(settings), repr(settings.shown()), repr(settings.changed())):
        assert not any(secret in text for secret in ("hunter2", SECRET)), text
    assert set(settings.changed()) >= {f"GRADSERVE_{name.upper()}" for name in (*secrets, "rate_limit_storage")}
    assert "host" in settings.shown()["GRADSERVE_STORE"]


def test_the_port_may_be_said_as_platforms_say_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "1234")
    assert read().port == 1234
    assert read(port=1).port == 1
    monkeypatch.setenv("GRADSERVE_PORT", "4321")
    assert read().port == 4321
    monkeypatch.delenv("GRADSERVE_PORT")
    monkeypatch.setenv("PORT", "x")
    with pytest.raises(errors.Misconfigured, match="GRADSERVE_PORT: "):
        read()


def test_only_what_is_not_the_default_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRADSERVE_CACHE_DIR")
    monkeypatch.setenv("GRADSERVE_QUEUE", "65")
    assert read().changed() == {"GRADSERVE_QUEUE": "65"}
    assert read(port=1).changed() == {"GRADSERVE_QUEUE": "65", "GRADSERVE_PORT": "1"}


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("API_KEYS", " , ", "no key"),
        ("RATE_LIMIT_STORAGE", "foo://x:hunter2@h", "no storage"),
        ("RATE_LIMIT_STORAGE", "redis://h:hunter2", "no storage"),
        ("RATE_LIMIT_STORAGE", "memcached://h:1", "library"),
        ("STORE", "redis://:hunter2/x@h", "cannot be used"),
        ("KEY_STORE", "/proc/x", "No such file"),
        ("KEY_STORE", "/proc", "cannot be read"),
        ("METRICS_DIR", "/proc/x", "cannot be written"),
        ("METRICS_DIR", "/dev/null", "cannot be written"),
    ],
)
def test_a_setting_that_cannot_work_is_one_line_without_secrets(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(f"GRADSERVE_{name}", value)
    with pytest.raises(errors.Misconfigured) as refused:
        read()
    (line,) = refused.value.lines
    assert line.startswith(f"GRADSERVE_{name}: ")
    assert told in line
    assert "hunter2" not in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("missing", "variables", "extra"),
    [
        ("redis", {"GRADSERVE_STORE": "redis://h", "GRADSERVE_STORE_SECRET": SECRET}, "gradserve[redis]"),
        ("obstore", {"GRADSERVE_STORE": "s3://h", "GRADSERVE_STORE_SECRET": SECRET}, "gradserve[objects]"),
        ("opentelemetry", {"GRADSERVE_TRACES": "true"}, "gradserve[traces]"),
    ],
)
def test_a_setting_whose_extra_is_not_installed_names_it(
    monkeypatch: pytest.MonkeyPatch, missing: str, variables: dict[str, str], extra: str
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == missing:
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setattr("importlib.import_module", without)
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(errors.Misconfigured, match=re.escape(extra)):
        read()


@pytest.mark.parametrize("variable", ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"])
def test_spans_by_another_protocol_are_refused(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "grpc")
    with pytest.raises(errors.Misconfigured, match="http/protobuf"):
        read(traces=True)
    assert not read().traces  # nobody asks for spans
    monkeypatch.setenv(variable, "http/protobuf")
    assert read(traces=True).traces


def test_a_cache_directory_that_cannot_be_used_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for unusable in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(errors.Misconfigured, match=r"GRADSERVE_CACHE_DIR: .*nothing is stored"):
            Settings(cache_dir=str(unusable)).check_cache()
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(errors.Misconfigured, match="writable by nobody else"):
        Settings(cache_dir=str(tmp_path / "open")).check_cache()
    Settings(cache_dir=str(tmp_path / "new" / "one")).check_cache()
    Settings(cache_dir="").check_cache()


def test_without_a_home_directory_the_cache_needs_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRADSERVE_CACHE_DIR")
    monkeypatch.setattr("os.path.expanduser", lambda path: path)  # what Python does for a user it does not know
    with pytest.raises(errors.Misconfigured, match=r"GRADSERVE_CACHE_DIR: .*home directory"):
        read()
    assert read(cache_dir="").cache_dir == ""
