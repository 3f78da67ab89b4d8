"""Log records to lines: text for people, or one JSON object a line for machines, with the request they belong to.

Whatever a client wrote into a record, a line stays one line of printable text: control characters are escaped, and
long messages are cut.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from contextvars import ContextVar
from typing import Any

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")

_MAX_MESSAGE = 2000
_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(32), 127, *range(0x80, 0xA0))} | {
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}
_ESCAPED_IN_JSON = {127: "\\u007f"}  # the one control character that JSON lets through
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}


def configure(level: str, form: str) -> None:
    """Send every record of at least a level to the standard error.

    Args:
        level: "debug", "info", "warning" or "error".
        form: "text" or "json".
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # JAX and asyncio have nothing to tell an operator below a warning.
    for name in ("jax", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)


class TextFormatter(logging.Formatter):
    """A line of text for each record; only the traceback of a bug of ours takes more."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        record.message = _one_line(record.message)
        line = super().formatMessage(record)
        extras = _extras(record)
        return line + "".join(f" {name}={_one_line(str(value))}" for name, value in extras.items())


class JsonFormatter(logging.Formatter):
    """A JSON object in one line for each record."""

    def format(self, record: logging.LogRecord) -> str:
        document: dict[str, Any] = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _one_line(record.getMessage()),
        }
        document |= _extras(record)
        if record.exc_info:
            document["exception"] = self.formatException(record.exc_info)
        return json.dumps(document, default=str).translate(_ESCAPED_IN_JSON)


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    """Return what a record says beside its message, and the request it belongs to."""
    extras = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    request_id = REQUEST_ID.get()
    return {"request_id": request_id} | extras if request_id else extras


def _one_line(text: str) -> str:
    cut = text if len(text) <= _MAX_MESSAGE else text[: _MAX_MESSAGE - 3] + "..."
    return cut.translate(_ESCAPES)
