"""Log records as lines, with the id of their request: text for people, or one JSON object per line for machines.

Control characters are escaped and long messages cut, so text of a client cannot add lines to the log.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from contextvars import ContextVar
from typing import Any

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")

_MAX_MESSAGE = 2000
_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(32), 127, *range(0x80, 0xA0))}
_ESCAPES |= {0x2028: "\\u2028", 0x2029: "\\u2029"}
_ESCAPED_IN_JSON = {127: "\\u007f"}  # the only control character that JSON allows
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}


def configure(level: str, form: str) -> None:
    """Write records from a level ("debug", "info", "warning", "error") to the standard error, as "text" or "json"."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # Records of these below a warning do not help an operator.
    for name in ("jax", "asyncio", "mcp"):
        logging.getLogger(name).setLevel(logging.WARNING)


class TextFormatter(logging.Formatter):
    """A line of text for each record; a traceback takes more lines."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        record.message = _one_line(record.message)
        extras = (f" {name}={_one_line(str(value))}" for name, value in _extras(record).items())
        return super().formatMessage(record) + "".join(extras)


class JsonFormatter(logging.Formatter):
    """A JSON object on one line for each record."""

    def format(self, record: logging.LogRecord) -> str:
        document: dict[str, Any] = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _one_line(record.getMessage()),
            **_extras(record),
        }
        if record.exc_info:
            document["exception"] = self.formatException(record.exc_info)
        return json.dumps(document, default=str).translate(_ESCAPED_IN_JSON)


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    """Return the extra fields of a record, and the id of its request."""
    extras = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    request_id = REQUEST_ID.get()
    return {"request_id": request_id} | extras if request_id else extras


def _one_line(text: str) -> str:
    cut = text if len(text) <= _MAX_MESSAGE else text[: _MAX_MESSAGE - 3] + "..."
    return cut.translate(_ESCAPES)
