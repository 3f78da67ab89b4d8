"""The reference of the tests: value, gradient and Hessian of a trusted text to 50 digits.

Python itself runs the text over object arrays of mpmath numbers, and differences are taken with 80 digits and more.
Nothing is shared with the service, nor with ``jax_reference``, which reads the same texts.
"""

import ast
import functools
import math
import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from mpmath import mp, mpf

from tests.support import dual_numbers, mpmath_arrays, mpmath_functions

SMALL = 1e-30
"""The least magnitude that the error of a component is relative to."""

_DIGITS, _STEP_DIGITS = 80, 26
_HESSIAN_DIGITS, _HESSIAN_STEP_DIGITS = 150, 36
_ROOTS = frozenset({"np", "jnp", "numpy", "jax", "math", "sympy", "sp", "sym", "scipy", "jsp", "special", "nn", "lax"})

_DISPUTED = {"sympy.sinc": "unnormalized_sinc", "sp.sinc": "unnormalized_sinc"}
"""Names whose meaning depends on the library."""

Point = Sequence[Any]
Function = Callable[[Sequence[Any]], Any]


def gradient(text: str, args: Sequence[str], point: Point) -> tuple[mpf, list[Any]]:
    """Return the value and the gradient by every argument, nested as the point is, to about 50 digits."""
    places, scale = _places(point), _scale(point)
    with mp.workdps(_DIGITS - scale):
        call, h = _exact(text, args, point), mpf(10) ** (scale - _STEP_DIGITS)
        slopes = [(call({place: h}) - call({place: -h})) / (2 * h) for place in places]
        return _finite(call({})), nested(list(map(_finite, slopes)), point)


def value(text: str, args: Sequence[str], point: Point) -> mpf:
    """Return the value at mpmath's precision in force."""
    return _finite(_exact(text, args, point)({}))


def hessian(text: str, args: Sequence[str], point: Point) -> list[list[mpf]]:
    """Return the matrix of second derivatives over the flattened inputs, to about 50 digits."""
    count, scale = len(_places(point)), _scale(point)
    with mp.workdps(_HESSIAN_DIGITS - 2 * scale):
        call, h = _exact(text, args, point), mpf(10) ** (scale - _HESSIAN_STEP_DIGITS)
        middle = call({})
        rows = [[mpf(0)] * count for _ in range(count)]
        for i in range(count):
            rows[i][i] = _finite((call({i: h}) - 2 * middle + call({i: -h})) / (h * h))
            for j in range(i):
                same, mixed = call({i: h, j: h}) + call({i: -h, j: -h}), call({i: h, j: -h}) + call({i: -h, j: h})
                rows[i][j] = rows[j][i] = _finite((same - mixed) / (4 * h * h))
        return rows


def losses(text: str, args: Sequence[str], point: Point, exact: tuple[mpf, list[Any]]) -> tuple[float, float]:
    """Return the errors that plain float64 arithmetic makes, against what ``gradient`` returned.

    Returns:
        The absolute error of the value, and the largest relative error of a component of the gradient, which is
        computed by dual numbers.
    """
    call, numbers = compiled(text, args, _float_namespace()), list(map(float, flat(point)))
    worst = 0.0
    for place, slope in enumerate(flat(exact[1])):
        moved: list[Any] = list(numbers)
        moved[place] = dual_numbers.Dual(numbers[place], 1.0)
        found = dual_numbers.tangent_of(_scalar(call(_entries(nested(moved, point)))))
        worst = max(worst, float(abs(found - slope) / max(abs(slope), SMALL)))
    return float(abs(_scalar(call(_entries(nested(numbers, point)))) - exact[0])), worst


def names() -> set[str]:
    """Return every name that a text may use."""
    return set(_exact_namespace())


def flat(nest: Any) -> list[Any]:
    return [number for entry in nest for number in (flat(entry) if isinstance(entry, list | tuple) else [entry])]


def nested(numbers: Sequence[Any], like: Sequence[Any]) -> list[Any]:
    """Return numbers in the nesting of another nest."""
    remaining = iter(numbers)

    def shape(entry: Any) -> Any:
        return [shape(part) for part in entry] if isinstance(entry, list | tuple) else next(remaining)

    return [shape(entry) for entry in like]


def blocks(matrix: Sequence[Sequence[Any]], point: Point) -> list[list[Any]]:
    """Return a matrix over the flattened inputs as jax.hessian nests it for a list of argnums.

    Block (i, j) has the shape of argument i followed by the shape of argument j.
    """
    rows, count = [nested(row, point) for row in matrix], range(len(point))
    columns = [nested([row[j] for row in rows], point) for j in count]
    return [[columns[j][i] for j in count] for i in count]


# Points


def _places(point: Point) -> range:
    return range(len(flat(point)))


def _scale(point: Point) -> int:
    """Return the power of ten of the least magnitude in the point, at most 0: steps must lie far below it."""
    least = min((abs(number) for number in flat(point) if number), default=1.0)
    return min(0, math.floor(math.log10(least)))


def _entries(point: Point) -> list[Any]:
    return [mpmath_arrays.array(entry) if isinstance(entry, list | tuple) else entry for entry in point]


def _exact(text: str, args: Sequence[str], point: Point) -> Callable[[dict[int, mpf]], Any]:
    """Return the value at the point with some of its numbers moved."""
    call, numbers = compiled(text, args, _exact_namespace()), list(map(mpf, flat(point)))

    def moved(steps: dict[int, mpf]) -> Any:
        return _scalar(call(_entries(nested([x + steps.get(i, 0) for i, x in enumerate(numbers)], point))))

    return moved


def _scalar(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        if value.shape:
            raise ValueError(f"the value has shape {value.shape}")
        return value.item()
    return value


def _finite(value: Any) -> mpf:
    if isinstance(value, mp.mpc) or not mp.isfinite(value):
        raise ValueError("outside the real domain")
    return mpf(value)


# Texts


def compiled(text: str, args: Sequence[str], namespace: dict[str, Any]) -> Function:
    """Return a function from a point's entries to the value of a text, be it expression or function."""
    tree = ast.parse(re.sub(r"\^", "**", text.strip()))
    tree = ast.fix_missing_locations(_Rewrite(frozenset(args)).visit(tree))
    *before, last = tree.body
    scope = dict(namespace)
    if isinstance(last, ast.FunctionDef):
        exec(compile(tree, "<text>", "exec"), scope)  # noqa: S102 - trusted texts of this test tree
        called = scope[last.name]
    elif isinstance(last, ast.Expr) and not before:
        code = compile(ast.Expression(last.value), "<text>", "eval")
        if not isinstance(last.value, ast.Lambda):
            return lambda entries: eval(  # noqa: S307 - trusted texts of this test tree
                code, scope | dict(zip(args, entries, strict=True))
            )
        called = eval(code, scope)  # noqa: S307 - trusted texts of this test tree
    else:
        raise ValueError("neither an expression nor a lambda nor a def")
    return lambda entries: called(*entries)


class _Rewrite(ast.NodeTransformer):
    """Makes a text mean mathematics: quotients, powers and branches are calls of the namespace, integers stay."""

    def __init__(self, variables: frozenset[str]) -> None:
        self.bound = set(variables)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self._bind(node.args, node.body)
        return self.generic_visit(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self._bind(node.args, [])
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return _call("__number__", node) if type(node.value) is float else node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        left, right = self.visit(node.left), self.visit(node.right)
        name = _OPERATORS.get(type(node.op))
        return _call(name, left, right) if name else ast.BinOp(left, node.op, right)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        target = ast.parse(ast.unparse(node.target), mode="eval").body
        return ast.Assign([node.target], self.visit(ast.BinOp(target, node.op, node.value)))

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if not self._library(node):
            return self.generic_visit(node)
        return ast.Name(self._last(ast.unparse(node)), ast.Load())

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Attribute) and not self._library(node.func):
            return self.generic_visit(node)
        name = self._last(ast.unparse(node.func))
        if name == "Piecewise":
            return self._piecewise(node.args)
        if name in ("Sum", "Product") and len(node.args) > 1:
            return self._iterated(name, node.args)
        arguments = [self.visit(argument) for argument in node.args]
        if name == "where":
            arguments = [arguments[0], *map(_thunk, arguments[1:])]
        return ast.Call(ast.Name(name, ast.Load()), arguments, [self.visit(keyword) for keyword in node.keywords])

    def _library(self, node: ast.Attribute) -> bool:
        root, *names = ast.unparse(node).split(".")
        return root in _ROOTS and root not in self.bound and all(map(str.isidentifier, names))

    def _last(self, name: str) -> str:
        return _DISPUTED.get(name, name.rsplit(".", 1)[-1])

    def _bind(self, parameters: ast.arguments, body: Sequence[ast.stmt]) -> None:
        self.bound.update(parameter.arg for parameter in parameters.args)
        targets = [t for statement in body if isinstance(statement, ast.Assign) for t in statement.targets]
        self.bound.update(target.id for target in targets if isinstance(target, ast.Name))

    def _piecewise(self, pieces: Sequence[ast.expr]) -> ast.expr:
        chain: ast.expr = ast.Name("__nan__", ast.Load())
        for piece in reversed(pieces):
            if not isinstance(piece, ast.Tuple):
                raise ValueError("a piece is a pair of a value and a condition")
            chosen, condition = map(self.visit, piece.elts)
            chain = ast.IfExp(condition, chosen, chain)
        return chain

    def _iterated(self, name: str, arguments: Sequence[ast.expr]) -> ast.expr:
        """Return nested calls: the first limits are the innermost."""
        body: ast.expr = self.visit(arguments[0])
        for limits in arguments[1:]:
            index, first, last = map(ast.unparse, limits.elts)  # type: ignore[attr-defined]
            call = ast.parse(f"{name}(lambda {index}: 0, {first}, {last})", mode="eval").body
            assert isinstance(call, ast.Call)
            assert isinstance(call.args[0], ast.Lambda)
            call.args[0].body = body
            body = call
        return body


def _call(name: str, *arguments: Any) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


_OPERATORS: dict[type[ast.operator], str] = {
    ast.Pow: "__power__",
    ast.Div: "__divide__",
    ast.FloorDiv: "__floor_divide__",
    ast.Mod: "__mod__",
}


def _thunk(node: ast.expr) -> ast.expr:
    empty = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    return ast.Lambda(empty, node)


# Arithmetic


def _keeping_integers(whole: Callable[[int, int], Any], otherwise: Callable[..., Any]) -> Callable[..., Any]:
    """Return an operation that stays exact on Python's integers, which index and count."""

    def call(left: Any, right: Any) -> Any:
        exact = isinstance(left, int) and isinstance(right, int) and not (whole is operator.pow and right < 0)
        return whole(left, right) if exact else otherwise(left, right)

    return call


def _quotient(left: Any, right: Any) -> Any:
    return (mpf(left) if isinstance(left, int) else left) / right


@functools.cache
def _exact_namespace() -> dict[str, Any]:
    with mp.workdps(400):  # mpmath's own constants have no digits until they meet one of its numbers; an array is none
        constants = {"pi": +mp.pi, "e": +mp.e, "E": +mp.e, "tau": 2 * mp.pi, "euler_gamma": +mp.euler}
    scalars = {name: mpmath_functions.function(name) for name in mpmath_functions.names()}
    operators: dict[str, Callable[..., Any]] = {
        "__number__": mpf,
        "float": mpf,
        "__divide__": _quotient,
        "__floor_divide__": _keeping_integers(operator.floordiv, lambda x, y: mp.floor(_quotient(x, y))),
        "__mod__": _keeping_integers(operator.mod, scalars["mod"]),
        "__power__": _keeping_integers(operator.pow, scalars["power"]),
    }
    return _namespace(scalars | operators, constants, mp.inf, mp.nan)


@functools.cache
def _float_namespace() -> dict[str, Any]:
    constants = {"pi": math.pi, "e": math.e, "E": math.e, "tau": math.tau, "euler_gamma": float(mp.euler)}
    scalars = dual_numbers.FUNCTIONS
    operators: dict[str, Callable[..., Any]] = {
        "__number__": float,
        "float": lambda number: number,
        "__divide__": operator.truediv,
        "__floor_divide__": _keeping_integers(operator.floordiv, lambda x, y: scalars["floor"](x / y)),
        "__mod__": _keeping_integers(operator.mod, scalars["mod"]),
        "__power__": _keeping_integers(operator.pow, dual_numbers.power),
    }
    return _namespace(scalars | operators, constants, math.inf, math.nan)


def _namespace(scalars: mpmath_arrays.Scalars, constants: dict[str, Any], infinity: Any, nan: Any) -> dict[str, Any]:
    """Return everything that a text may name."""
    limits = {"inf": infinity, "oo": infinity, "nan": nan, "__nan__": nan}
    return mpmath_arrays.namespace({**scalars, **mpmath_functions.CONDITIONS}, nan) | constants | limits
