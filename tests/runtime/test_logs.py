"""Lines of the log: one line for each record, whatever a client sent."""

import json
import logging
import sys
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.runtime import logs
from app.settings import Settings
from tests.support.service import serving


def record(message: str, *args: Any, **extra: Any) -> logging.LogRecord:
    made = logging.LogRecord("gradserve", logging.WARNING, __file__, 1, message, args, None)
    vars(made).update(extra)
    return made


@given(st.text(max_size=50))
@example("\x7f\x9b[31m\u2028\r\n")
def test_a_record_is_one_line_of_printable_text(text: str) -> None:
    for formatter in (logs.TextFormatter(), logs.JsonFormatter()):
        line = formatter.format(record("said %s", text, route=text))
        assert len(line.splitlines()) == 1
        assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in line)


def test_a_record_in_json_has_its_time_level_logger_message_request_and_extra_fields() -> None:
    token = logs.REQUEST_ID.set("abc")
    try:
        document = json.loads(logs.JsonFormatter().format(record("took %d", 3, seconds=0.5)))
    finally:
        logs.REQUEST_ID.reset(token)
    assert document.pop("time").endswith("+00:00")
    assert document == {
        "level": "warning",
        "logger": "gradserve",
        "message": "took 3",
        "request_id": "abc",
        "seconds": 0.5,
    }


def test_a_long_message_is_cut() -> None:
    assert len(logs.TextFormatter().format(record("x" * 100_000))) < 3000


def test_a_traceback_is_part_of_one_line_of_json() -> None:
    try:
        raise ZeroDivisionError("of ours")
    except ZeroDivisionError:
        made = record("failed")
        made.exc_info = sys.exc_info()
    line = logs.JsonFormatter().format(made)
    assert len(line.splitlines()) == 1
    assert "ZeroDivisionError: of ours" in json.loads(line)["exception"]


def test_a_request_over_its_rate_is_logged_with_its_id_once(caplog: pytest.LogCaptureFixture) -> None:
    document = {"expression": "x**2", "point": [3.0]}
    with (
        serving(Settings(rate_limit="1/minute"), workers=False) as client,
        caplog.at_level(logging.INFO, "gradserve.requests"),
    ):
        client.post(document)
        client.post(document, X_Request_ID="mine")
    (logged,) = [each for each in caplog.records if each.name == "gradserve.requests"]
    assert (vars(logged)["route"], vars(logged)["status"]) == ("/v1/grad", 429)
