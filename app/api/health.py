"""GET /healthz and /readyz: whether the process is alive, and whether it takes requests."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app import errors
from app.api import services
from app.api.http import problem

router = APIRouter(tags=["service"])


@router.get(
    "/healthz",
    operation_id="healthz",
    summary="Whether the process is alive",
    responses={200: {"content": {"application/json": {"example": {"status": "alive"}}}}},
)
async def healthz() -> dict[str, str]:
    """Answer 200 as long as the event loop runs."""
    return {"status": "alive"}


@router.get(
    "/readyz",
    operation_id="readyz",
    summary="Whether the service takes requests",
    responses={
        200: {"content": {"application/json": {"example": {"status": "ready"}}}},
        503: problem.documented("Starting or stopping: {}", errors.Draining),
    },
)
async def readyz(request: Request) -> Response:
    """Answer 200 once the numbers of the installed JAX are checked, 503 while starting or stopping."""
    if services.of(request).lifecycle.ready:
        return JSONResponse({"status": "ready"})
    return problem.refusal(errors.Draining("the service is starting or stopping")).response()
