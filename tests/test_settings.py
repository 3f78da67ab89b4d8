"""Settings: environment variables in their ranges, and combinations that do not work."""

import pytest

from app.settings import Settings

SECRET = "s" * 32


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "70000"), ("PORT", "x"), ("MAX_POINTS", "0"), ("THREADS", "0"), ("LOG_LEVEL", "loud")]
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
