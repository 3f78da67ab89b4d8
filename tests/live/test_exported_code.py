"""Source files, compiled and run by the tools of their languages."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.export import runners
from tests.export.functions import CASES
from tests.export.test_source import close, written
from tests.support import reference

pytestmark = pytest.mark.slow

EXACT = {case.text: reference.gradient(case.text, case.args, case.point) for case in CASES}
TOOLS: dict[str, Callable[..., list[runners.Found]]] = {
    "c": runners.c,
    "rust": runners.rust,
    "javascript": runners.javascript,
    "r": runners.r,
    "matlab": runners.octave,
}


@pytest.mark.parametrize("language", TOOLS)
def test_fifty_functions_are_right_in_every_language(language: str, tmp_path: Path) -> None:
    assert len(CASES) >= 50
    found = TOOLS[language]([written(case, language) for case in CASES], [case.point for case in CASES], tmp_path)
    assert len(found) == len(CASES)
    for case, numbers in zip(CASES, found, strict=True):
        close(numbers, case, EXACT[case.text])


@pytest.mark.parametrize("language", ["jax", "stablehlo"])
def test_so_they_are_by_jax(language: str) -> None:
    run = runners.python if language == "jax" else runners.stablehlo
    for case in CASES:
        close(run(written(case, language), case.point), case, EXACT[case.text])
