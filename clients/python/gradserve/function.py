"""Functions that the service knows by their id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradserve import errors, numbers

_LISTS = {"gradient": 1, "jacobian": 1, "hessian": 2, "vjp": 1, "hvp": 1, "x": 1, "standard_errors": 1, "shares": 1}
_LISTS |= dict.fromkeys(("value", "jvp", "derivatives", "derivative", "covariance", "std", "mean"), 0)
"""Members of answers that are numbers, and how many of their axes are lists where argnums is a list."""


def _asks(route: str, *members: str) -> Callable[..., Any]:
    """Return the method that asks a route, and returns these members of its answer, or the answer."""

    def method(self: Function, *point: Any, **fields: Any) -> Any:
        return self.client.run(self.answer(route, members, point, fields))

    return method


class Function:
    """A registered function; of an ``AsyncClient`` each call is awaited.

    A point is given as the arguments in order, or as one dict by name: ``f(2.0, [1.0, 2.0])``, ``f({"a": 2.0})``.
    The other fields of a request are keywords: ``argnums``, ``in_axes``, ``reduce``, ``dtype``, ``verify``,
    ``tangents``, ``cotangent``, ``order``, ``bounds`` and so on; docs/api.md of the service has all.

    ``f(...)`` returns the value. ``grad``, ``jacobian``, ``hessian``, ``jvp``, ``vjp`` and ``hvp`` return the
    derivative alone, the others the whole answer as a dict. Numbers are float; arrays are NumPy arrays, or lists where
    NumPy is not installed. A list of ``argnums`` gives a list. Each call raises ``GradserveError`` or
    ``httpx.TransportError``.

    Attributes:
        id: names the function on every server.
        args: names of the arguments that a point has.
        expression: its text, or texts, as the service writes it.
        shape: of the value, None where that depends on the arguments.
    """

    __call__ = _asks("evaluate", "value")
    grad = _asks("grad", "gradient")
    value_and_grad = _asks("grad", "value", "gradient")
    jacobian = _asks("jacobian", "jacobian")
    hessian = _asks("hessian", "hessian")
    jvp = _asks("jvp", "jvp")
    vjp = _asks("vjp", "vjp")
    hvp = _asks("hvp", "hvp")
    taylor = _asks("taylor")
    propagate = _asks("propagate")
    minimize = _asks("minimize")
    least_squares = _asks("least_squares")
    root = _asks("root")

    def __init__(self, client: Any, fields: dict[str, Any]) -> None:
        self.client, self.fields = client, fields

    def ask(self, route: str, *point: Any, **fields: Any) -> Any:
        """Return the whole answer of a route as a dict, its numbers as arrays."""
        return self.client.run(self.answer(route, (), point, fields))

    def bind(self, **data: Any) -> Any:
        """Return the function of the other arguments: these are bound to arrays or to ``Data``."""
        bound = {**self.fields, "data": {**self.fields.get("data", {}), **data}}
        return self.client.run(Function(self.client, bound).register())

    def register(self) -> Any:
        """Register the function, in steps."""
        try:
            found = yield from self._post("", self.fields)
        except errors.GradserveError as error:
            error.expression = self.fields["expression"]
            raise
        self.id: str = found["function_id"]
        self.args: list[str] = found["args"]
        self.expression: str | list[str] = found["expression"]
        self.shape: tuple[int, ...] | None = None if found["shape"] is None else tuple(found["shape"])
        return self

    def answer(self, route: str, members: tuple[str, ...], point: Any, fields: dict[str, Any]) -> Any:
        """Return what a method returns, in steps."""
        by_name = len(point) == 1 and isinstance(point[0], dict)
        document = {"point": point[0] if by_name else list(point), **fields}
        try:
            found = yield from self._post(f"/{self.id}/{route}", document)
        except errors.NotFound:  # the service has let it go
            yield from self.register()
            found = yield from self._post(f"/{self.id}/{route}", document)
        listed, dtype = isinstance(found.get("argnums"), list), found.get("dtype", "float64")
        for name in found.keys() & _LISTS:
            found[name] = numbers.array(found[name], dtype, listed * _LISTS[name])
        return found if not members else found[members[0]] if len(members) == 1 else tuple(map(found.get, members))

    def _post(self, path: str, document: dict[str, Any]) -> Any:
        """Post a document; data in it that are gone are sent again."""
        data: list[numbers.Data] = []
        content = numbers.wire(document, data)
        try:
            return (yield from self.client.post_json(f"v1/functions{path}", content))
        except errors.NotFound:
            for each in data:
                yield from self.client.kept(each.sent, shared=each.shared)
            if not data:
                raise
            return (yield from self.client.post_json(f"v1/functions{path}", content))
