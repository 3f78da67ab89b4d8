"""The OpenAPI document as a judge of bodies (jsonschema)."""

import copy
import re
from collections.abc import Iterator
from typing import Any

import jsonschema

MEDIA_TYPES = ("application/json", "application/problem+json")


class Document:
    """An OpenAPI document, and its operations by path."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._components = document["components"]
        self._closed = copy.deepcopy(self._components)
        _close(self._closed)
        self._operations = [
            (method.upper(), re.compile(re.sub(r"{\w+}", "[^/]+", path)), Operation(self, operation))
            for path, item in document["paths"].items()
            for method, operation in item.items()
        ]

    def find(self, method: str, path: str) -> "Operation | None":
        """Return the operation of a request, None if the document has none."""
        path = path.partition("?")[0]
        return next((each for verb, paths, each in self._operations if verb == method and paths.fullmatch(path)), None)

    def check(self, schema: Any, instance: Any, *, closed: bool = False) -> None:
        """Raise ``jsonschema.ValidationError`` if a body is another; ``closed``: if it has members without a name."""
        components = self._closed if closed else self._components
        jsonschema.Draft202012Validator({**schema, "components": components}).validate(instance)


class Operation:
    """An operation of the document."""

    def __init__(self, document: Document, operation: dict[str, Any]) -> None:
        self._document, self.operation = document, operation

    @property
    def request_schema(self) -> Any:
        return self.operation["requestBody"]["content"]["application/json"]["schema"]

    def check_request(self, body: Any) -> None:
        if "requestBody" in self.operation and body is not None:
            self._document.check(self.request_schema, body)

    def check_reply(self, status: int, body: Any) -> None:
        """Check a reply, which has no members but those that are named."""
        content = self.operation["responses"][str(status)].get("content", {})
        for media_type in MEDIA_TYPES:
            if media_type in content and body is not None:
                self._document.check(content[media_type]["schema"], body, closed=True)
                return


def _close(part: Any) -> None:
    """Forbid members without a name in every schema that does not allow them, in place."""
    if isinstance(part, dict):
        if isinstance(part.get("properties"), dict):
            part.setdefault("additionalProperties", False)
        for each in part.values():
            _close(each)
    elif isinstance(part, list):
        for each in part:
            _close(each)


def members(schema: Any, components: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the place of every member that a schema names, ``*`` for any entry of a list or object."""
    if "$ref" in schema:
        schema = components["schemas"][schema["$ref"].rpartition("/")[2]]
    for name, each in schema.get("properties", {}).items():
        yield (*path, name)
        yield from members(each, components, (*path, name))
    for each in schema.get("anyOf", ()):
        yield from members(each, components, path)
    for several in ("items", "additionalProperties"):
        if isinstance(schema.get(several), dict):
            yield from members(schema[several], components, (*path, "*"))


def asked(document: dict[str, Any], operation: dict[str, Any]) -> list[Any]:
    """Return the examples of a request's body."""
    content = operation["requestBody"]["content"]["application/json"]
    if "example" in content:
        return [content["example"]]
    found: list[Any] = document["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]["examples"]
    return found


def examples(document: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return the path and the example of each operation that takes a document."""
    found = []
    for template, item in document["paths"].items():
        if "post" in item:
            values = {each["name"]: str(each.get("example")) for each in item["post"].get("parameters", ())}
            found += [(template.format(**values), example) for example in asked(document, item["post"])]
    return found
