"""An independent reference: value and gradient of a trusted text in 50-digit arithmetic.

Nothing here is shared with the service: the text is compiled by Python itself, over a namespace of mpmath
functions, and differentiated by central differences.
"""

import ast
import functools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from mpmath import mp, mpf

Point = Sequence[float | Sequence[float]]

SMALL = 1e-30  # the least magnitude that the error of a component is measured against

_DIGITS = 80  # carried so that a central difference of step 1e-26 keeps more than 50 digits
_STEP_DIGITS = 26

_PREFIXES = (
    "jax.scipy.special",
    "scipy.special",
    "jax.numpy",
    "jax.nn",
    "jax.lax",
    "numpy",
    "sympy",
    "math",
    "jnp",
    "np",
    "sp",
)


def gradient(expression: str, args: Sequence[str], point: Point) -> tuple[mpf, list[mpf | list[mpf]]]:
    """Return the value and the gradient of the function that a trusted text means, to about 50 digits."""
    step = _step_exponent(point)
    with mp.workdps(_DIGITS + max(0, -step - _STEP_DIGITS)):
        call = _compile(expression, args, _EXACT)
        exact = [_map_entry(mpf, entry) for entry in point]
        value = _real(call(exact))

        def partial(path: tuple[int, ...]) -> mpf:
            h = mpf(10) ** step
            ahead = call(_moved(exact, path, lambda number: number + h))
            behind = call(_moved(exact, path, lambda number: number - h))
            return _real((ahead - behind) / (2 * h))

        return value, _over_paths(partial, point)


def float_gradient(expression: str, args: Sequence[str], point: Point) -> tuple[float, list[float | list[float]]]:
    """Return the value and the gradient by forward-mode dual numbers in plain float64."""
    call = _compile(expression, args, _FLOAT)
    value = float(_value(call([_map_entry(float, entry) for entry in point])))

    def partial(path: tuple[int, ...]) -> float:
        start = [_map_entry(float, entry) for entry in point]
        return _tangent(call(_moved(start, path, lambda number: _Dual(number, 1.0))))

    return value, _over_paths(partial, point)


def loss(expression: str, args: Sequence[str], point: Point) -> float:
    """Return the largest relative error, over the components, of a plain float64 gradient."""
    exact = _flat(gradient(expression, args, point)[1])
    rounded = _flat(float_gradient(expression, args, point)[1])
    return max(float(abs(r - e) / max(abs(e), SMALL)) for e, r in zip(exact, rounded, strict=True))


def function(name: str) -> Callable[..., mpf]:
    """Return the mpmath implementation of a named function, at the precision in force when called."""
    implementation = _FUNCTIONS[_canonical(name)]

    @functools.wraps(implementation)
    def call(*arguments: Any, **options: Any) -> mpf:
        return _real(implementation(*map(mpf, arguments), **options))

    return call


# Points and the paths into them


def _map_entry(convert: Callable[[float], Any], entry: float | Sequence[float]) -> Any:
    return tuple(map(convert, entry)) if isinstance(entry, Sequence) else convert(entry)


def _moved(start: Sequence[Any], path: tuple[int, ...], move: Callable[[Any], Any]) -> list[Any]:
    moved = list(start)
    argument, *index = path
    if index:
        entries = list(moved[argument])
        entries[index[0]] = move(entries[index[0]])
        moved[argument] = tuple(entries)
    else:
        moved[argument] = move(moved[argument])
    return moved


def _over_paths(partial: Callable[[tuple[int, ...]], Any], point: Point) -> list[Any]:
    return [
        [partial((i, j)) for j in range(len(entry))] if isinstance(entry, Sequence) else partial((i,))
        for i, entry in enumerate(point)
    ]


def _flat(entries: Sequence[Any]) -> list[Any]:
    return [number for entry in entries for number in (entry if isinstance(entry, list) else [entry])]


def _step_exponent(point: Point) -> int:
    """Return the power of ten to step by: far below the least magnitude in the point, which may be tiny."""
    sizes = [abs(number) for entry in point for number in (entry if isinstance(entry, Sequence) else (entry,))]
    least = min((size for size in sizes if size > 0), default=1.0)
    return min(0, math.floor(math.log10(least))) - _STEP_DIGITS


# Texts


def _compile(expression: str, args: Sequence[str], namespace: Mapping[str, Any]) -> Callable[[Sequence[Any]], Any]:
    """Return a function from a point's entries to the value of a text, be it expression or function."""
    tree = ast.parse(re.sub(r"\^", "**", expression.strip()))
    tree = ast.fix_missing_locations(_Rewrite(frozenset(args)).visit(tree))
    scope: dict[str, Any] = {**namespace, "tau": 2 * namespace["pi"]}
    *before, last = tree.body
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
    """Makes a text mean mathematics: literals and powers go through the namespace, branches are lazy."""

    def __init__(self, variables: frozenset[str]) -> None:
        self.bound = set(variables)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self._bind(node.args, node.body)
        return self.generic_visit(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self._bind(node.args, [])
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if type(node.value) in (int, float):
            return _call("__number__", node)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        return ast.Subscript(self.visit(node.value), node.slice, node.ctx)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        left, right = self.visit(node.left), self.visit(node.right)
        if isinstance(node.op, ast.Pow):
            return _call("__power__", left, right)
        if isinstance(node.op, ast.FloorDiv):
            return _call("__floor__", ast.BinOp(left, ast.Div(), right))
        if isinstance(node.op, ast.Mod):
            return _call("__mod__", left, right)
        return ast.BinOp(left, node.op, right)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = self._name(node.func)
        if name == "where":
            condition, chosen, otherwise = map(self.visit, node.args)
            return ast.IfExp(condition, chosen, otherwise)
        if name == "Piecewise":
            return self._piecewise(node.args)
        arguments = [self.visit(argument) for argument in node.args]
        return ast.Call(ast.Name(name, ast.Load()), arguments, [self.visit(keyword) for keyword in node.keywords])

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        return ast.Name(_canonical(ast.unparse(node)), ast.Load())

    def _bind(self, parameters: ast.arguments, body: Sequence[ast.stmt]) -> None:
        self.bound.update(parameter.arg for parameter in parameters.args)
        targets = [t for statement in body if isinstance(statement, ast.Assign) for t in statement.targets]
        self.bound.update(target.id for target in targets if isinstance(target, ast.Name))

    def _name(self, called: ast.expr) -> str:
        name = ast.unparse(called)
        if name in self.bound:
            raise ValueError(f"{name} is a variable, it cannot be called")
        return _canonical(name)

    def _piecewise(self, pieces: Sequence[ast.expr]) -> ast.expr:
        chain: ast.expr = ast.Name("__nan__", ast.Load())
        for piece in reversed(pieces):
            if not isinstance(piece, ast.Tuple):
                raise ValueError("a piece is a pair of a value and a condition")
            chosen, condition = map(self.visit, piece.elts)
            chain = ast.IfExp(condition, chosen, chain)
        return chain


def _call(name: str, *arguments: Any) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


def _canonical(name: str) -> str:
    """Return a function's name without its library, which matters only where two libraries disagree."""
    if name in _DISPUTED:
        return _DISPUTED[name]
    for prefix in _PREFIXES:
        if name.startswith(f"{prefix}."):
            return name[len(prefix) + 1 :]
    return name


_DISPUTED = {"sympy.sinc": "unnormalized_sinc", "sp.sinc": "unnormalized_sinc"}


# Exact functions


def _real(value: Any) -> mpf:
    """Return a result that must be real; a complex one means that the point lies outside the domain."""
    if isinstance(value, mp.mpc):
        raise ValueError("outside the real domain")
    return mpf(value)


def _power(base: Any, exponent: Any) -> mpf:
    return _real(mpf(base) ** mpf(exponent))


def _log(x: Any, base: Any = None) -> mpf:
    return _real(mp.log(x) if base is None else mp.log(x) / mp.log(base))


def _cbrt(x: Any) -> mpf:
    return mp.sign(x) * mp.cbrt(abs(x))


def _unnormalized_sinc(x: Any) -> mpf:
    return mp.sin(x) / x if x else mpf(1)


def _logaddexp(x: Any, y: Any) -> mpf:
    return max(x, y) + mp.log1p(mp.exp(-abs(x - y)))


def _truncate(x: Any) -> mpf:
    return mp.sign(x) * mp.floor(abs(x))


def _heaviside(x: Any, middle: Any = 0.5) -> mpf:
    return mpf(middle) if x == 0 else mpf(x > 0)


def _lgamma(x: Any) -> mpf:
    return mp.log(abs(mp.gamma(x)))


def _sigmoid(x: Any) -> mpf:
    return 1 / (1 + mp.exp(-x))


def _softplus(x: Any) -> mpf:
    return _logaddexp(x, mpf(0))


def _elu(x: Any, alpha: Any = 1) -> mpf:
    return x if x > 0 else alpha * mp.expm1(x)


def _selu(x: Any) -> mpf:
    alpha, scale = mpf("1.6732632423543772848170429916717"), mpf("1.0507009873554804934193349852946")
    return scale * _elu(x, alpha)


def _gelu(x: Any, approximate: bool = True) -> mpf:
    if not approximate:
        return x * mp.ncdf(x)
    return x / 2 * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (x + mpf("0.044715") * x**3)))


def _leaky_relu(x: Any, negative_slope: Any = 0.01) -> mpf:
    return x if x >= 0 else mpf(negative_slope) * x


def _celu(x: Any, alpha: Any = 1) -> mpf:
    return x if x > 0 else alpha * mp.expm1(x / alpha)


def _clip(x: Any, low: Any, high: Any) -> mpf:
    return min(max(x, low), high)


def _relu6(x: Any) -> mpf:
    return _clip(x, mpf(0), mpf(6))


def _xlogy(x: Any, y: Any) -> mpf:
    return x * _log(y) if x else mpf(0)


def _xlog1py(x: Any, y: Any) -> mpf:
    return x * _real(mp.log1p(y)) if x else mpf(0)


def _mod(x: Any, y: Any) -> mpf:
    return x - y * mp.floor(x / y)


def _fmod(x: Any, y: Any) -> mpf:
    return x - y * _truncate(x / y)


def _erfcinv(y: Any) -> mpf:
    """Return x with erfc(x) = y, by Newton's method on the logarithm, which has every digit of a tiny y."""
    if y > 1:
        return -_erfcinv(2 - y)
    x = mp.sqrt(-mp.log(y)) if y < 0.5 else mp.erfinv(1 - y)
    for _ in range(12):
        tail = mp.erfc(x)
        x += mp.log(tail / y) * tail * mp.sqrt(mp.pi) / 2 * mp.exp(x * x)
    return mpf(x)


def _betaln(a: Any, b: Any) -> mpf:
    return _lgamma(a) + _lgamma(b) - _lgamma(a + b)


_ROWS: dict[str, Callable[..., Any]] = {
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "sec": mp.sec,
    "csc": mp.csc,
    "cot": mp.cot,
    "asin arcsin": mp.asin,
    "acos arccos": mp.acos,
    "atan arctan": mp.atan,
    "asec arcsec": mp.asec,
    "acsc arccsc": mp.acsc,
    "acot arccot": mp.acot,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
    "sech": mp.sech,
    "csch": mp.csch,
    "coth": mp.coth,
    "asinh arcsinh": mp.asinh,
    "acosh arccosh": mp.acosh,
    "atanh arctanh": mp.atanh,
    "asech arcsech": mp.asech,
    "acsch arccsch": mp.acsch,
    "acoth arccoth": mp.acoth,
    "atan2 arctan2": mp.atan2,
    "hypot": mp.hypot,
    "sinc": lambda x: _unnormalized_sinc(mp.pi * x),
    "unnormalized_sinc": _unnormalized_sinc,
    "deg2rad radians rad": mp.radians,
    "rad2deg degrees deg": mp.degrees,
    "exp": mp.exp,
    "exp2": lambda x: mpf(2) ** x,
    "exp10": lambda x: mpf(10) ** x,
    "expm1": mp.expm1,
    "log ln": _log,
    "log2": lambda x: _log(x, 2),
    "log10": lambda x: _log(x, 10),
    "log1p": mp.log1p,
    "logaddexp": _logaddexp,
    "logaddexp2": lambda x, y: _logaddexp(x * mp.ln2, y * mp.ln2) / mp.ln2,
    "sqrt": mp.sqrt,
    "rsqrt": lambda x: 1 / mp.sqrt(x),
    "cbrt": _cbrt,
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "power pow float_power Pow": _power,
    "abs fabs absolute Abs": abs,
    "sign sgn": mp.sign,
    "positive identity": lambda x: x,
    "negative": lambda x: -x,
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide true_divide Rational": lambda x, y: x / y,
    "copysign": lambda x, y: -abs(x) if y < 0 else abs(x),
    "floor": mp.floor,
    "ceil ceiling": mp.ceil,
    "trunc fix": _truncate,
    "rint round": mp.nint,
    "mod Mod remainder": _mod,
    "fmod": _fmod,
    "min minimum Min fmin": min,
    "max maximum Max fmax": max,
    "clip": _clip,
    "where": lambda condition, chosen, otherwise: chosen if condition else otherwise,
    "heaviside Heaviside": _heaviside,
    "erf": mp.erf,
    "erfc": mp.erfc,
    "erfcx": lambda x: mp.exp(x * x) * mp.erfc(x),
    "erfi": mp.erfi,
    "dawsn": lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x),
    "erfinv erf_inv": lambda x: _erfcinv(1 - x),
    "erfcinv": _erfcinv,
    "erf2": lambda x, y: mp.erfc(x) - mp.erfc(y),
    "ndtri": lambda p: -mp.sqrt(2) * _erfcinv(2 * p),
    "ndtr": mp.ncdf,
    "log_ndtr": lambda x: mp.log(mp.ncdf(x)),
    "gamma": mp.gamma,
    "lgamma gammaln loggamma": _lgamma,
    "digamma psi": mp.digamma,
    "polygamma": lambda n, x: mp.psi(int(n), x),
    "factorial": mp.factorial,
    "binomial binom comb": mp.binomial,
    "beta": lambda a, b: mp.gamma(a) * mp.gamma(b) * mp.rgamma(a + b),
    "rgamma": mp.rgamma,
    "trigamma": lambda x: mp.zeta(2, x) if x > 0 else (mp.pi / mp.sinpi(x)) ** 2 - mp.zeta(2, 1 - x),
    "poch rf RisingFactorial": mp.rf,
    "ff FallingFactorial perm": mp.ff,
    "gammasgn": lambda x: mp.sign(mp.gamma(x)),
    "gammainc igamma": lambda a, x: mp.gammainc(a, 0, x) / mp.gamma(a),
    "gammaincc igammac": lambda a, x: mp.gammainc(a, x) / mp.gamma(a),
    "lowergamma": lambda a, x: mp.gammainc(a, 0, x),
    "uppergamma": mp.gammainc,
    "betainc regularized_incomplete_beta": lambda a, b, x: mp.betainc(a, b, 0, x) / mp.beta(a, b),
    "jn jv besselj": mp.besselj,
    "yn yv bessely": mp.bessely,
    "iv besseli": mp.besseli,
    "kn kv besselk": mp.besselk,
    "j0": lambda x: mp.besselj(0, x),
    "j1": lambda x: mp.besselj(1, x),
    "y0": lambda x: mp.bessely(0, x),
    "y1": lambda x: mp.bessely(1, x),
    "k0": lambda x: mp.besselk(0, x),
    "k1": lambda x: mp.besselk(1, x),
    "k0e": lambda x: mp.besselk(0, x) * mp.exp(x),
    "k1e": lambda x: mp.besselk(1, x) * mp.exp(x),
    "expi Ei": mp.ei,
    "exp1 E1": mp.e1,
    "expn expint": mp.expint,
    "li": mp.li,
    "Si": mp.si,
    "Ci": mp.ci,
    "Shi": mp.shi,
    "Chi": mp.chi,
    "fresnels": mp.fresnels,
    "fresnelc": mp.fresnelc,
    "lambertw LambertW": mp.lambertw,
    "exprel": lambda x: mp.expm1(x) / x if x else mpf(1),
    "sindg": lambda x: mp.sinpi(x / 180),
    "cosdg": lambda x: mp.cospi(x / 180),
    "tandg": lambda x: mp.tan(mp.radians(x)),
    "cotdg": lambda x: mp.cot(mp.radians(x)),
    "cosm1": lambda x: -2 * mp.sin(x / 2) ** 2,
    "gd": lambda x: 2 * mp.atan(mp.tanh(x / 2)),
    "frac": lambda x: x - mp.floor(x),
    "fma": lambda x, y, z: x * y + z,
    "ldexp": lambda x, n: x * mpf(2) ** n,
    "KroneckerDelta": lambda x, y: mpf(x == y),
    "rel_entr": lambda x, y: _xlogy(x, x / y),
    "kl_div": lambda x, y: _xlogy(x, x / y) - x + y,
    "huber": lambda d, r: r * r / 2 if abs(r) <= d else d * (abs(r) - d / 2),
    "pseudo_huber": lambda d, r: d * d * (mp.sqrt(1 + (r / d) ** 2) - 1),
    "boxcox": lambda x, power: mp.expm1(power * mp.log(x)) / power if power else mp.log(x),
    "boxcox1p": lambda x, power: mp.expm1(power * mp.log1p(x)) / power if power else mp.log1p(x),
    "log1mexp": lambda x: mp.log(-mp.expm1(-x)),
    "sparse_plus": lambda x: mpf(0) if x <= -1 else (x if x >= 1 else (x + 1) ** 2 / 4),
    "sparse_sigmoid": lambda x: _clip((x + 1) / 2, mpf(0), mpf(1)),
    "betaln": _betaln,
    "zeta": mp.zeta,
    "i0": lambda x: mp.besseli(0, x),
    "i1": lambda x: mp.besseli(1, x),
    "i0e": lambda x: mp.besseli(0, x) * mp.exp(-abs(x)),
    "i1e": lambda x: mp.besseli(1, x) * mp.exp(-abs(x)),
    "entr": lambda x: -_xlogy(x, x),
    "xlogy": _xlogy,
    "xlog1py": _xlog1py,
    "sigmoid expit logistic": _sigmoid,
    "logit": lambda x: _log(x / (1 - x)),
    "log_sigmoid": lambda x: -_softplus(-x),
    "softplus": _softplus,
    "softsign soft_sign": lambda x: x / (1 + abs(x)),
    "relu": lambda x: max(x, mpf(0)),
    "relu6": _relu6,
    "silu swish": lambda x: x * _sigmoid(x),
    "mish": lambda x: x * mp.tanh(_softplus(x)),
    "elu": _elu,
    "celu": _celu,
    "selu": _selu,
    "gelu": _gelu,
    "leaky_relu": _leaky_relu,
    "squareplus": lambda x, b=4: (x + mp.sqrt(x * x + b)) / 2,
    "hard_tanh": lambda x: _clip(x, mpf(-1), mpf(1)),
    "hard_sigmoid": lambda x: _relu6(x + 3) / 6,
    "hard_silu hard_swish": lambda x: x * _relu6(x + 3) / 6,
}
_FUNCTIONS = {name: implementation for names, implementation in _ROWS.items() for name in names.split()}
_TRUTHS: dict[str, Callable[..., bool]] = {
    "And": lambda *terms: all(terms),
    "Or": lambda *terms: any(terms),
    "Not": lambda term: not term,
    "logical_and": lambda left, right: bool(left and right),
    "logical_or": lambda left, right: bool(left or right),
    "logical_not": lambda term: not term,
    "greater": lambda left, right: left > right,
    "greater_equal": lambda left, right: left >= right,
    "less": lambda left, right: left < right,
    "less_equal": lambda left, right: left <= right,
}
_EXACT: dict[str, Any] = {
    **{name: function(name) for name in _FUNCTIONS},
    **_TRUTHS,
    "pi": mp.pi,
    **dict.fromkeys(("e", "E"), mp.e),
    **dict.fromkeys(("inf", "oo"), mp.inf),
    "nan": mp.nan,
    "float": mpf,
    "__number__": mpf,
    "__power__": function("power"),
    "__floor__": function("floor"),
    "__mod__": function("mod"),
    "__nan__": mp.nan,
}


# Dual numbers in float64


class _Dual:
    """A float64 value and its derivative along one direction."""

    __slots__ = ("tangent", "value")

    def __init__(self, value: float, tangent: float) -> None:
        self.value = value
        self.tangent = tangent

    def __neg__(self) -> "_Dual":
        return _Dual(-self.value, -self.tangent)

    def __pos__(self) -> "_Dual":
        return self

    def __abs__(self) -> "_Dual":
        return -self if self.value < 0 else self

    def __add__(self, other: Any) -> "_Dual":
        if isinstance(other, np.ndarray):
            return NotImplemented  # then each element of the array is asked
        return _Dual(self.value + _value(other), self.tangent + _tangent(other))

    def __sub__(self, other: Any) -> "_Dual":
        if isinstance(other, np.ndarray):
            return NotImplemented
        return _Dual(self.value - _value(other), self.tangent - _tangent(other))

    def __rsub__(self, other: Any) -> "_Dual":
        return _Dual(other, 0.0) - self

    def __mul__(self, other: Any) -> "_Dual":
        if isinstance(other, np.ndarray):
            return NotImplemented
        value = _value(other)
        return _Dual(self.value * value, self.tangent * value + self.value * _tangent(other))

    def __truediv__(self, other: Any) -> "_Dual":
        if isinstance(other, np.ndarray):
            return NotImplemented
        quotient = self.value / _value(other)
        return _Dual(quotient, (self.tangent - quotient * _tangent(other)) / _value(other))

    def __rtruediv__(self, other: Any) -> "_Dual":
        return _Dual(other, 0.0) / self

    __radd__ = __add__
    __rmul__ = __mul__

    def __lt__(self, other: Any) -> bool:
        return bool(self.value < _value(other))

    def __le__(self, other: Any) -> bool:
        return bool(self.value <= _value(other))

    def __gt__(self, other: Any) -> bool:
        return bool(self.value > _value(other))

    def __ge__(self, other: Any) -> bool:
        return bool(self.value >= _value(other))


def _value(number: Any) -> Any:
    return number.value if isinstance(number, _Dual) else number


def _tangent(number: Any) -> float:
    return number.tangent if isinstance(number, _Dual) else 0.0


def _float_power(base: Any, exponent: Any) -> Any:
    """Return a power by the textbook rule, an exponent that does not vary being kept as written."""
    b, n = _value(base), _value(exponent)
    value = b**n
    if isinstance(value, complex):
        raise ValueError("outside the real domain")
    if not isinstance(base, _Dual) and not isinstance(exponent, _Dual):
        return value
    tangent = n * b ** (n - 1) * _tangent(base) if n else 0.0
    if isinstance(exponent, _Dual):
        tangent += value * math.log(b) * exponent.tangent
    return _Dual(value, tangent)


_RULES: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "sin": (math.sin, math.cos),
    "cos": (math.cos, lambda x: -math.sin(x)),
    "tan": (math.tan, lambda x: 1 + math.tan(x) ** 2),
    "asin arcsin": (math.asin, lambda x: 1 / math.sqrt(1 - x * x)),
    "acos arccos": (math.acos, lambda x: -1 / math.sqrt(1 - x * x)),
    "atan arctan": (math.atan, lambda x: 1 / (1 + x * x)),
    "sinh": (math.sinh, math.cosh),
    "cosh": (math.cosh, math.sinh),
    "tanh": (math.tanh, lambda x: 1 - math.tanh(x) ** 2),
    "asinh arcsinh": (math.asinh, lambda x: 1 / math.sqrt(1 + x * x)),
    "acosh arccosh": (math.acosh, lambda x: 1 / math.sqrt(x * x - 1)),
    "atanh arctanh": (math.atanh, lambda x: 1 / (1 - x * x)),
    "exp": (math.exp, math.exp),
    "expm1": (math.expm1, math.exp),
    "log ln": (math.log, lambda x: 1 / x),
    "log2": (math.log2, lambda x: 1 / (x * math.log(2))),
    "log10": (math.log10, lambda x: 1 / (x * math.log(10))),
    "log1p": (math.log1p, lambda x: 1 / (1 + x)),
    "sqrt": (math.sqrt, lambda x: 0.5 / math.sqrt(x)),
    "erf": (math.erf, lambda x: 2 / math.sqrt(math.pi) * math.exp(-x * x)),
    "erfc": (math.erfc, lambda x: -2 / math.sqrt(math.pi) * math.exp(-x * x)),
    "deg2rad radians rad": (math.radians, lambda _: math.pi / 180),
    "rad2deg degrees deg": (math.degrees, lambda _: 180 / math.pi),
}
_FLOAT_RULES = {name: rule for names, rule in _RULES.items() for name in names.split()}


def _float_function(name: str) -> Callable[..., Any]:
    """Return a function on float64 and duals: by its rule if it has one, else rounding the exact result."""

    def call(*arguments: Any, **options: Any) -> Any:
        values = [_value(argument) for argument in arguments]
        if len(values) == 1 and name in _FLOAT_RULES:
            primal, derivative = _FLOAT_RULES[name]
            value = primal(values[0])
        else:
            derivative = None
            value = float(_EXACT[name](*values, **options))
        if not any(isinstance(argument, _Dual) for argument in arguments):
            return value
        if derivative is not None:
            return _Dual(value, derivative(values[0]) * arguments[0].tangent)
        tangents = [
            _rounded_partial(name, values, i, options) * argument.tangent
            for i, argument in enumerate(arguments)
            if isinstance(argument, _Dual)
        ]
        return _Dual(value, sum(tangents))

    return call


def _rounded_partial(name: str, values: Sequence[float], index: int, options: Mapping[str, Any]) -> float:
    step = _step_exponent([values[index]])
    with mp.workdps(_DIGITS + max(0, -step - _STEP_DIGITS)):
        h = mpf(10) ** step
        ahead, behind = list(map(mpf, values)), list(map(mpf, values))
        ahead[index] += h
        behind[index] -= h
        return float((_EXACT[name](*ahead, **options) - _EXACT[name](*behind, **options)) / (2 * h))


_FLOAT: dict[str, Any] = {
    **{name: _float_function(name) for name in _FUNCTIONS},
    **dict.fromkeys(("power", "pow", "float_power", "Pow"), _float_power),
    **dict.fromkeys(("abs", "fabs", "absolute", "Abs"), abs),
    "square": lambda x: x * x,
    **_TRUTHS,
    "pi": math.pi,
    **dict.fromkeys(("e", "E"), math.e),
    **dict.fromkeys(("inf", "oo"), math.inf),
    "nan": math.nan,
    "float": lambda number: number,
    "__number__": lambda number: number,
    "__power__": _float_power,
    "__floor__": _float_function("floor"),
    "__mod__": _float_function("mod"),
    "__nan__": math.nan,
}
