"""The application's routes to its OpenAPI document, with every error: a problem document, or what its protocol writes.

FastAPI makes the document. It knows errors as JSON of another media type only. Routes say which errors they answer by
``problem.documented``; what each error means is in ``problem.catalogue``.
"""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import Response

from app import errors
from app.api import services
from app.api.http import problem, replies, routing
from app.api.http.middleware import auth, draining, ratelimit
from app.api.interop import endpoints, wires
from app.api.interop.inference import model, tensors
from app.api.rest import reference
from app.api.rest import schemas as models
from app.api.rest.data import routes as data

TAGS = [
    {"name": "derivatives", "description": "A function as text and a point in, its derivatives out."},
    {"name": "fits", "description": "The loop beside the function: minima, least squares and roots in one request."},
    {
        "name": "functions",
        "description": "Register a function once, and ask about it by its id. The functions of the examples are there.",
    },
    {"name": "data", "description": "Keep an array once, and name it by its id wherever a point has an argument."},
    {"name": "UM-Bridge", "description": "The wire of UM-Bridge 1.0, at the root and for each function by its id."},
    {"name": "tesseract", "description": "The wire of Tesseract, for each function by its id."},
    {"name": "open inference", "description": "The Open Inference Protocol, JSON and binary tensors."},
    {"name": "model context protocol", "description": "Tools for agents, over streamable HTTP without sessions."},
    {"name": "service", "description": "Health, limits, error codes and the function language."},
]
_SCHEMA = {"$ref": "#/components/schemas/Problem"}
_NO_DATA = problem.documented("The point names data that are not kept for this client: {}", errors.NotFound)
_PARAMETERS = {
    "function_id": "The id that POST /v1/functions and every answer give; the same on every server.",
    "data_id": "The id that POST /v1/data gives; the same on every server.",
    "model": "What the protocol calls a model: a function, by its id.",
    "version": "Of the model; there is one.",
}
_EXAMPLES = {"data_id": data.EXAMPLE_ID, "model": model.MODEL, "version": tensors.VERSION}


def add_document(app: FastAPI) -> None:
    """Serve the document at /openapi.json. The first to ask has it made, in a thread: that takes seconds."""
    app.openapi = functools.partial(document, app)  # type: ignore[method-assign]
    made: list[tuple[bytes, str]] = []
    alone = asyncio.Lock()

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi(request: Request) -> Response:
        async with alone:
            if not made:
                made.append(await asyncio.to_thread(_encoded, app))
        content, etag = made[0]
        response = Response(content, media_type="application/json", headers={"ETag": etag, "Cache-Control": "no-cache"})
        return replies.unless_known(response, request)


def _encoded(app: FastAPI) -> tuple[bytes, str]:
    """Return the bytes of the document and their ETag."""
    content = json.dumps(app.openapi(), ensure_ascii=False, separators=(",", ":")).encode()
    return content, replies.etag(content)


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of an application; it is made once."""
    if app.openapi_schema is None:
        parts: services.Services = app.state.services
        made = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            servers=app.servers,
            routes=routing.documented(app),
        )
        if parts.authenticator.keyed:
            auth.describe(made)
        _refine(made)
        limits = made["paths"]["/v1/limits"]["get"]["responses"]["200"]["content"]["application/json"]
        limits["example"] = reference.published(parts)
        app.openapi_schema = made
    return app.openapi_schema


def _refine(document: dict[str, Any]) -> None:
    """Complete a document, in place."""
    document["tags"] = TAGS
    for path, item in document["paths"].items():
        for operation in item.values():
            operation.setdefault("description", f"{operation['summary']}.")
            _set_parameters(operation)
            if _takes_a_point(document, operation):
                operation["responses"].setdefault("404", dict(_NO_DATA))
            _set_errors(operation)
            _add_errors(path, operation)
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for schema in schemas.values():
        for example in schema.get("examples", ()):
            for name in sorted(example, key=list(schema["properties"]).index):  # the order of the schema
                example[name] = example.pop(name)
    for name, schema in models.NAMED.items():
        schemas[name] = {"title": name, **schema}
    _refer(document)


def _takes_a_point(document: dict[str, Any], operation: dict[str, Any]) -> bool:
    """Return whether a request has a point, which may name data that stay."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    fields = document["components"]["schemas"].get(name, {}).get("properties", {})
    return "point" in fields or any(parameter["name"] == "point" for parameter in operation.get("parameters", ()))


def _refer(part: Any) -> None:
    """Have every schema that says which of the shared ones it is refer to it, in place."""
    if isinstance(part, list):
        for each in part:
            _refer(each)
    elif isinstance(part, dict):
        name = part.pop(models.NAME, None)
        if name is not None:
            for member in models.NAMED[name].keys() - {"description"}:
                part.pop(member, None)
            part["$ref"] = f"#/components/schemas/{name}"
        for each in part.values():
            _refer(each)


def _set_parameters(operation: dict[str, Any]) -> None:
    parameters = operation.pop("parameters", [])
    if parameters:
        operation["parameters"] = parameters  # behind the body, where published documents have them
    for parameter in parameters:
        if parameter["name"] in _PARAMETERS:
            parameter.setdefault("description", _PARAMETERS[parameter["name"]])
        if parameter["name"] == "function_id":
            parameter["example"] = (_answered(operation) or {}).get("function_id", endpoints.FUNCTION_ID)
        if parameter["name"] in _EXAMPLES:
            parameter["example"] = _EXAMPLES[parameter["name"]]


def _answered(operation: dict[str, Any]) -> dict[str, Any] | None:
    """Return the example of an operation's answer."""
    content = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
    return next((example["value"] for example in content.get("examples", {}).values()), None)


def _set_errors(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    for status in [status for status in responses if status.isdigit() and int(status) >= 400]:
        response = responses[status]
        if response.get("description") == "Validation Error":  # FastAPI's own, which is never sent
            if not any(parameter["in"] == "query" for parameter in operation.get("parameters", ())):
                del responses[status]
                continue
            response |= problem.documented("A parameter is out of its range: {}", errors.InvalidField)
        elif problem.MEDIA_TYPE not in response.get("content", {}):
            continue  # another protocol, with errors of its own
        examples = _examples(response.pop(problem.CODES), int(status))
        response["content"] = {problem.MEDIA_TYPE: {"schema": _SCHEMA, "examples": examples}}


def _add_errors(path: str, operation: dict[str, Any]) -> None:
    """Add what every request can get before its route, on every wire."""
    responses = operation["responses"]
    statuses = [414, 431]
    if not auth.is_open(path):
        statuses += [401, 403]
    if path not in ratelimit.UNCOUNTED:
        statuses.append(429)
    if path not in draining.OPEN_WHILE_DRAINING:
        statuses.append(503)
    for status in statuses:
        description, codes = (models.PROBLEMS[status][member] for member in ("description", problem.CODES))
        response = responses.setdefault(str(status), {"description": description, "content": {}})
        if problem.MEDIA_TYPE in response["content"]:
            continue
        wire = wires.find(path)
        if wire is None:
            response["content"][problem.MEDIA_TYPE] = {"schema": _SCHEMA, "examples": _examples(codes, status)}
            continue
        if response["content"]:
            response["description"] += f". {description}"
        response["content"]["application/json"] = {
            "schema": {"$ref": f"#/components/schemas/{wire.error_model.__name__}"}
        }


def _examples(codes: Iterable[str], status: int) -> dict[str, Any]:
    """Return a problem document for each code."""
    known, examples = {entry["code"]: entry for entry in problem.catalogue()}, {}
    for code in codes:
        entry, kind, title = known[code], problem.DOCUMENTATION + code, known[code]["title"]
        value = {"type": kind, "title": title, "status": status, "detail": entry["meaning"], "code": code}
        examples[code] = {"summary": title, "value": value}
    return examples
