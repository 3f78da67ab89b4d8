"""Environment variables to settings, read once at the start, by application and cli only.

Nothing is taken that could be meant otherwise: a variable with the prefix that is not a setting is an error.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app import errors
from app.settings import PREFIX, SECRET, Settings, variable_of

_OTHERS = re.compile(r"URL|KEY|SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?")
"""Names behind the prefix that are no settings: those of the client, and what Kubernetes says of a service."""


def read(**given: Any) -> Settings:
    """Return the settings of the environment, with those that are given instead.

    Raises:
        errors.Misconfigured: settings are wrong; a line for each.
    """
    wrong = list(_unknown())
    values = dict(given)
    for name in SECRET:
        variable = variable_of(name)
        file = os.environ.get(f"{variable}_FILE")
        if not file:
            continue
        if os.environ.get(variable):
            wrong.append(f"{variable}_FILE: {variable} is set, too")
        try:
            values[name] = Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            wrong.append(f"{variable}_FILE: it cannot be read: {error.strerror}")
        except UnicodeError:
            wrong.append(f"{variable}_FILE: it is not UTF-8")
        else:
            if not values[name]:
                wrong.append(f"{variable}_FILE: it is empty")
    # PORT is how platforms that run containers say it.
    if "port" not in values and not os.environ.get(variable_of("port")) and os.environ.get("PORT"):
        values["port"] = os.environ["PORT"]
    try:
        found = Settings(**values)
    except ValidationError as error:
        wrong += map(_line, error.errors(include_input=False, include_url=False))
    if wrong:
        raise errors.Misconfigured(wrong)
    return found


def _unknown() -> Iterator[str]:
    """Yield what is wrong with each variable of the environment that has our prefix and is no setting."""
    known = [*map(variable_of, Settings.model_fields), *[f"{variable_of(name)}_FILE" for name in SECRET]]
    for variable in os.environ:
        name = variable.upper()
        if not name.startswith(PREFIX) or name in known or _OTHERS.fullmatch(name.removeprefix(PREFIX)):
            continue
        (nearest,) = difflib.get_close_matches(name, known, 1, 0.0)
        yield f"{variable}: there is no such setting; the nearest is {nearest}"


def _line(error: Any) -> str:
    text = error["msg"].removeprefix("Value error, ")
    return f"{variable_of(str(error['loc'][0]))}: {text}" if error["loc"] else text
