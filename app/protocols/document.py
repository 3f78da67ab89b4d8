"""The application's routes to its OpenAPI document, every error in it a problem document with its code.

FastAPI writes what it knows; errors it knows as JSON of another media type, and parameters that only we fill as ones
a client sends. What the errors mean is in ``problem.catalogue``; which of them a route answers, in the description of
its responses, in backquotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from app.protocols import access, edge, foreign, inference, inference_wire, models, ops, problem, v1

TAGS = [
    {"name": "derivatives", "description": "A function as text and a point in, its derivatives out."},
    {
        "name": "functions",
        "description": "Register a function once, and ask about it by its id. The functions of the examples are there.",
    },
    {"name": "UM-Bridge", "description": "The wire of UM-Bridge 1.0, at the root and for each function by its id."},
    {"name": "tesseract", "description": "The wire of Tesseract, for each function by its id."},
    {"name": "open inference", "description": "The Open Inference Protocol, JSON and binary tensors."},
    {"name": "service", "description": "Health, limits, error codes and the function language."},
]
_OURS = frozenset({"owner"})
"""Parameters of endpoints that are filled in here."""

_SCHEMA = {"$ref": "#/components/schemas/Problem"}
_PARAMETERS = {
    "function_id": "The id that POST /v1/functions and every answer give; the same on every server.",
    "model": "What the protocol calls a model: a function, by its id.",
    "version": "Of the model; there is one.",
}
_EXAMPLES = {"model": inference.MODEL, "version": inference_wire.VERSION}


def add_document(app: FastAPI) -> None:
    """Have an application refine the document of its routes, once for each that FastAPI makes."""
    publish = app.openapi
    refined: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        nonlocal refined
        document = publish()
        if document is not refined:
            refine(document)
            limits = document["paths"]["/v1/limits"]["get"]["responses"]["200"]["content"]["application/json"]
            limits["example"] = ops.published(app.state)
            refined = document
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def refine(document: dict[str, Any]) -> None:
    """Complete a document, in place."""
    document["tags"] = TAGS
    for path, operation in _operations(document):
        operation.setdefault("description", f"{operation['summary']}.")
        _set_parameters(operation)
        _set_errors(operation)
        _add_errors(path, operation)
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for schema in schemas.values():
        for example in schema.get("examples", ()):
            _sort(example, list(schema["properties"]))
    for name, schema in models.NAMED.items():
        schemas[name] = {"title": name, **schema}
    _refer(document)


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for operation in item.values():
            yield path, operation


def _sort(example: dict[str, Any], names: list[str]) -> None:
    """Put the members of an example in the order of a schema's, in place."""
    for name in sorted(example, key=names.index):
        example[name] = example.pop(name)


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
    """Keep the parameters that a client sends, and explain them."""
    kept = [parameter for parameter in operation.get("parameters", ()) if parameter["name"] not in _OURS]
    operation.pop("parameters", None)
    if kept:
        operation["parameters"] = kept
    for parameter in kept:
        if parameter["name"] in _PARAMETERS:
            parameter.setdefault("description", _PARAMETERS[parameter["name"]])
        if parameter["name"] == "function_id":
            parameter["example"] = (_answered(operation) or {}).get("function_id", foreign.FUNCTION_ID)
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
            queried = any(parameter["in"] == "query" for parameter in operation.get("parameters", ()))
            if not queried:
                del responses[status]
                continue
            response["description"] = "A parameter is out of its range: `invalid_field`"
        elif problem.MEDIA_TYPE not in response.get("content", {}):
            continue  # another wire, with errors of its own
        examples = _examples(response["description"], int(status))
        response["content"] = {problem.MEDIA_TYPE: {"schema": _SCHEMA, "examples": examples}}


def _add_errors(path: str, operation: dict[str, Any]) -> None:
    """Add what every request can get before its route, on every wire."""
    responses = operation["responses"]
    statuses = [414, 431]
    if not access.is_open(path):
        statuses.append(401)
    if path not in access.UNCOUNTED:
        statuses.append(429)
    if path not in edge.TO_THE_END:
        statuses.append(503)
    for status in statuses:
        description = v1.PROBLEMS[status]["description"]
        response = responses.setdefault(str(status), {"description": description, "content": {}})
        if problem.MEDIA_TYPE in response["content"]:
            continue
        if response["content"]:  # a wire with an error of its own
            response["description"] += f". {description}"
        response["content"][problem.MEDIA_TYPE] = {"schema": _SCHEMA, "examples": _examples(description, status)}


def _examples(description: str, status: int) -> dict[str, Any]:
    """Return a problem document for each code in a description."""
    known = {entry["code"]: entry for entry in problem.catalogue()}
    found = [known[code] for code in re.findall(r"`(\w+)`", description) if code in known]
    return {entry["code"]: {"summary": entry["title"], "value": _example(entry, status)} for entry in found}


def _example(entry: dict[str, Any], status: int) -> dict[str, Any]:
    return {
        "type": problem.DOCUMENTATION + entry["code"],
        "title": entry["title"],
        "status": status,
        "detail": entry["meaning"],
        "code": entry["code"],
    }
