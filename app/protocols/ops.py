"""What operators and curious clients ask: health, limits, the language."""

from __future__ import annotations

import dataclasses
from typing import Any

from fastapi import APIRouter
from starlette.datastructures import State
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app import errors, vocabulary
from app.protocols import foreign, models, problem

router = APIRouter(tags=["service"])


@router.get(
    "/healthz",
    operation_id="healthz",
    summary="Whether the process is alive",
    responses=foreign.example({"status": "alive"}),
)
async def healthz() -> dict[str, str]:
    """Answer 200 as long as the event loop runs."""
    return {"status": "alive"}


@router.get(
    "/readyz",
    operation_id="readyz",
    summary="Whether the service takes requests",
    responses=foreign.example({"status": "ready"})
    | {503: {"description": "Starting or stopping: `draining`", "content": {problem.MEDIA_TYPE: {}}}},
)
async def readyz(request: Request) -> Response:
    """Answer 200 once the numbers of the installed JAX are checked, 503 while starting or stopping."""
    if request.app.state.ready:
        return JSONResponse({"status": "ready"})
    return problem.response(errors.Draining("the service is starting or stopping"))


@router.get("/v1/limits", operation_id="limits", summary="Every limit on a request")
async def limits(request: Request) -> dict[str, int | float]:
    """Publish the limits in force; a request over one of them is refused before its cost is paid."""
    return published(request.app.state)


def published(state: State) -> dict[str, int | float]:
    """Return the limits of an application."""
    found: dict[str, int | float] = {}
    for group in (*state.engine.limits.groups(), state.body_limits):
        found |= dataclasses.asdict(group)
    return found


@router.get(
    "/v1/errors",
    operation_id="error_codes",
    summary="Every error code",
    response_model=list[models.ErrorCode],
    responses=foreign.example(problem.catalogue()),
)
async def error_codes() -> list[dict[str, Any]]:
    """List every `code` a problem document can carry; its `type` points here."""
    return problem.catalogue()


@router.get("/v1/language", operation_id="language", summary="Every function and constant of the language")
async def language() -> dict[str, Any]:
    """List what an expression may use; a bare name and a prefixed one mean the same unless `qualified` says else."""
    return {
        "functions": [_describe(word) for word in vocabulary.words()],
        "constants": vocabulary.CONSTANTS_TEXT,
        "qualified_constants": sorted(set(vocabulary.QUALIFIED_CONSTANTS) - set(vocabulary.CONSTANTS)),
        "prefixes": sorted(vocabulary.PREFIXES),
        "qualified": {f"{library}.{name}": word for (library, name), word in vocabulary.QUALIFIED.items()},
        "operators": [
            "+",
            "-",
            "*",
            "/",
            "**",
            "^",
            "//",
            "%",
            "<",
            "<=",
            ">",
            ">=",
            "==",
            "!=",
            "and",
            "or",
            "not",
            "&",
            "|",
            "~",
            "a if c else b",
            "X[i]",
            "X[i, j]",
        ],
    }


def _describe(word: vocabulary.Word) -> dict[str, Any]:
    least, most = word.arity
    if word.names[0] in vocabulary.REDUCTIONS:
        least = 1  # of one array
    counts = sorted({least, *(n for name, n in vocabulary.OVERLOADS if name == word.names[0])})
    return (
        {
            "name": word.names[0],
            "aliases": list(word.names[1:]),
            "arity": {"least": min(counts), "most": None if most is None else max(*counts, most)},
            "doc": word.doc,
        }
        | ({"definition": word.definition} if word.definition else {})
        | ({"parameters": list(word.parameters), "keywords": list(word.keywords)} if word.parameters else {})
    )
