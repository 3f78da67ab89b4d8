"""The middlewares around the application."""

import re
from typing import Any

from app import main
from app.settings import Settings


def test_the_docstring_of_main_lists_the_middlewares_in_their_order() -> None:
    settings = Settings(cache_dir="", cors_origins="https://a.example", rate_limit="5/second")
    layer: Any = main.create_app(settings).front
    names = []
    while not hasattr(layer, "__self__"):  # the innermost is a method of the application
        names.append(type(layer).__name__)
        layer = layer.app if hasattr(layer, "app") else layer._app
    listed = re.findall(r"^    (\w+)  ", main.__doc__ or "", re.MULTILINE)
    assert [*names, "FastAPI"] == listed
