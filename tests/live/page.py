"""What the playground shows: its state as a link, its numbers as numbers, its pictures as drawn or not."""

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.live.browser import Browser


def link(expression: str, **fields: Any) -> str:
    """Return the link to a state of the playground."""
    written = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
    return "/#" + urlencode({"f": expression} | written, quote_via=quote)


def number(text: str) -> float:
    return float(text.replace("\N{MINUS SIGN}", "-"))


def slopes(browser: Browser) -> list[float]:
    return [number(cell.text) for cell in browser.all(".partial output") if cell.text]


def shows(browser: Browser, value: float, gradient: list[float]) -> bool:
    """Return whether the page shows this value and gradient, to the digits that it writes."""
    text = browser.text("#value")
    if text == "…" or len(slopes(browser)) != len(gradient):
        return False
    return [number(text), *slopes(browser)] == pytest.approx([value, *gradient], rel=1e-6, abs=1e-12)


def drawn(browser: Browser) -> bool:
    """Return whether every canvas of the picture has at least four colours of more than 20 pixels each."""
    return bool(
        browser.run("""
        const canvases = [...document.querySelectorAll("#picture canvas")];
        return canvases.length > 0 && !document.querySelector("#picture.stale") && canvases.every((canvas) => {
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          const seen = new Map();
          new Uint32Array(data.buffer).forEach((pixel) => seen.set(pixel, (seen.get(pixel) ?? 0) + 1));
          return [...seen.values()].filter((count) => count > 20).length >= 4;
        });""")
    )
