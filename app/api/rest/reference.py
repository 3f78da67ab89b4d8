"""GET /v1/limits, /v1/errors and /v1/language: what a request may ask for, in documents that programs read."""

from __future__ import annotations

import dataclasses
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request

from app.api import services
from app.api.http import problem
from app.api.rest import schemas
from app.language.vocabulary import constants, forms, prefixes, words
from app.language.vocabulary.distributions import names
from app.language.vocabulary.word import Word

router = APIRouter(prefix="/v1", tags=["service"])

OPERATORS = "+ - * / ** ^ // % @ < <= > >= == != and or not & | ~".split()  # noqa: SIM905 - shorter to read
"""Operators of the language."""


@router.get("/limits", operation_id="limits", summary="Every limit on a request")
async def limits(request: Request) -> dict[str, int | float]:
    """Publish the limits in force; a request over one of them is refused before its cost is paid."""
    return published(services.of(request))


def published(parts: services.Services) -> dict[str, int | float]:
    """Return the limits of an application."""
    found: dict[str, int | float] = {}
    for group in (*parts.engine.limits.groups(), parts.limits):
        found |= dataclasses.asdict(group)
    return found


@router.get(
    "/errors",
    operation_id="error_codes",
    summary="Every error code",
    response_model=list[schemas.ErrorCode],
    responses={200: {"content": {"application/json": {"example": problem.catalogue()}}}},
)
async def error_codes() -> list[dict[str, Any]]:
    """List every `code` a problem document can carry; its `type` points here."""
    return problem.catalogue()


@router.get("/language", operation_id="language", summary="Every function and constant of the language")
async def language() -> dict[str, Any]:
    """List what an expression may use; a bare name and a prefixed one mean the same unless `qualified` says else."""
    return {
        "functions": [describe(word) for word in words.ALL],
        "distributions": [_distribution(name) for name in names.NAMES],
        "constants": constants.BARE_AS_TEXT,
        "qualified_constants": sorted(set(constants.PREFIXED) - set(constants.BARE)),
        "scipy_constants": sorted(constants.OF_NATURE),
        "prefixes": sorted(prefixes.LIBRARIES),
        "qualified": {f"{library}.{name}": word for (library, name), word in prefixes.QUALIFIED.items()},
        "forms": [form._asdict() for form in forms.FORMS],
        "operators": [*OPERATORS, "a if c else b", "X[i]", "X[i, j]"],
    }


def _distribution(name: str) -> dict[str, Any]:
    functions = names.NAMES[name]
    word = names.BY_NAME[f"{name}.{functions[0]}"]
    return {
        "name": name,
        "functions": functions,
        "parameters": list(word.parameters),
        "keywords": list(word.keywords),
        "doc": word.doc.partition(" of the ")[2],
    }


def describe(word: Word) -> dict[str, Any]:
    """Return the row of a word as it is published."""
    least, most = word.arity
    if word.names[0] in words.REDUCTIONS:
        least = 1  # of one array
    counts = sorted({least, *(n for name, n in words.OVERLOADS if name == word.names[0])})
    described: dict[str, Any] = {
        "name": word.names[0],
        "aliases": list(word.names[1:]),
        "arity": {"least": min(counts), "most": None if most is None else max(*counts, most)},
        "doc": word.doc,
    }
    if word.definition:
        described["definition"] = word.definition
    if word.parameters:
        described["parameters"] = list(word.parameters)
    if word.parameters or word.keywords:
        described["keywords"] = list(word.keywords)
    return described
