"""Runs files of every language: each gives the value and the flat gradient at one point for each file."""

import ast
import ctypes
import json
import math
import operator
import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from tests.support import reference

Point = Sequence[Any]
Found = list[float]
SECONDS = 300


def python(source: str, point: Point) -> Found:
    """Run a file of Python, NumPy or JAX in this process."""
    space: dict[str, Any] = {}
    exec(compile(source, "value_and_grad.py", "exec"), space)  # noqa: S102 - the file of a test
    value, gradient = space["value_and_grad"](*point)
    return [float(value), *_flat(gradient)]


def _flat(nest: Any) -> list[float]:
    if isinstance(nest, list | tuple):
        return [number for entry in nest for number in _flat(entry)]
    return [float(number) for number in np.ravel(nest)]


def c(sources: Sequence[str], points: Sequence[Point], folder: Path) -> list[Found]:
    found = []
    for number, (source, point) in enumerate(zip(sources, points, strict=True)):
        file, library = folder / f"f{number}.c", folder / f"f{number}.so"
        file.write_text(source)
        flags = [
            "-std=c99",
            "-pedantic",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-Wno-unused-function",
            "-O2",
            "-shared",
            "-fPIC",
        ]
        _call(["gcc", *flags, str(file), "-lm", "-o", str(library)])
        function = ctypes.CDLL(str(library)).value_and_grad
        function.restype = ctypes.c_double
        flat = list(map(float, reference.flat(point)))
        given, gradient = (ctypes.c_double * len(flat))(*flat), (ctypes.c_double * len(flat))()
        found.append([function(given, gradient), *gradient])
    return found


def rust(sources: Sequence[str], points: Sequence[Point], folder: Path) -> list[Found]:
    modules, calls = [], []
    for number, (source, point) in enumerate(zip(sources, points, strict=True)):
        modules.append(f"mod f{number} {{\n{source}\n}}")
        flat = ", ".join(repr(float(each)) for each in reference.flat(point))
        calls.append(f"show(f{number}::value_and_grad(&[{flat}]));")
    show = 'fn show<const N: usize>(found: (f64, [f64; N])) { println!("{:e} {:?}", found.0, found.1); }'
    file, program = folder / "all.rs", folder / "all"
    file.write_text("\n".join([*modules, show, "fn main() {", *calls, "}"]))
    _call(["rustc", "--edition", "2021", "-O", "-o", str(program), str(file)])
    return [_numbers(line) for line in _call([str(program)]).splitlines()]


def javascript(sources: Sequence[str], points: Sequence[Point], folder: Path) -> list[Found]:
    lines = []
    for number, (source, point) in enumerate(zip(sources, points, strict=True)):
        (folder / f"f{number}.mjs").write_text(source)
        lines.append(f"import {{ valueAndGrad as f{number} }} from './f{number}.mjs';")
        lines.append(f"show(f{number}({', '.join(json.dumps(each) for each in point)}));")
    lines.append(
        "function show(found) { console.log([found.value, ...found.gradient.flat(9)].map(String).join(' ')); }"
    )
    (folder / "all.mjs").write_text("\n".join(lines))
    return [_numbers(line) for line in _call(["node", str(folder / "all.mjs")]).splitlines()]


def r(sources: Sequence[str], points: Sequence[Point], folder: Path) -> list[Found]:
    lines = []
    for number, (source, point) in enumerate(zip(sources, points, strict=True)):
        (folder / f"f{number}.R").write_text(source)
        given = ", ".join(_in_r(np.asarray(each, float)) for each in point)
        lines += [f'source("{folder}/f{number}.R")', f"found <- value_and_grad({given})"]
        # rows of a matrix, as the others have them
        lines.append("flat <- unlist(lapply(found$gradient, function(g) if (is.matrix(g)) as.vector(t(g)) else g))")
        lines.append('cat(sprintf("%.17g", c(found$value, flat)), "\\n")')
    (folder / "all.R").write_text("\n".join(lines))
    return [_numbers(line) for line in _call(["Rscript", "--vanilla", str(folder / "all.R")]).splitlines()]


def _in_r(array: np.ndarray) -> str:
    listed = f"c({', '.join(repr(float(each)) for each in array.ravel())})"
    if array.ndim < 2:
        return listed
    return f"matrix({listed}, nrow = {array.shape[0]}, byrow = TRUE)"


def octave(sources: Sequence[str], points: Sequence[Point], folder: Path) -> list[Found]:
    lines = ["1;", "function r = rows(g)", "  if ismatrix(g), g = g'; end", "  r = g(:)';", "end"]
    for number, (source, point) in enumerate(zip(sources, points, strict=True)):
        own = folder / f"f{number}"
        own.mkdir()
        (own / "value_and_grad.m").write_text(source)
        given = ", ".join(_in_octave(np.asarray(each, float)) for each in point)
        lines += [f'cd("{own}"); clear -f value_and_grad; [v, g] = value_and_grad({given});']
        lines += ["if ~iscell(g), g = num2cell(g); end", 'flat = cellfun(@rows, g, "UniformOutput", false);']
        lines += ['printf("%.17g ", [v, flat{:}]); printf("\\n");']
    (folder / "all.m").write_text("\n".join(lines))
    command = ["octave-cli", "--no-init-file", "--quiet", str(folder / "all.m")]
    return [_numbers(line) for line in _call(command).splitlines()]


def _in_octave(array: np.ndarray) -> str:
    if array.ndim == 0:
        return repr(float(array))
    rows = array.reshape(1, -1) if array.ndim == 1 else array
    return "[" + "; ".join(", ".join(repr(float(each)) for each in row) for row in rows) + "]"


def stablehlo(source: str, point: Point) -> Found:
    """Compile a module by the client of XLA that JAX has, and run it."""
    client = jax.devices("cpu")[0].client
    devices = client.local_devices()[:1]
    executable = client.compile_and_load(source, tuple(devices))
    arrays = [jax.device_put(np.asarray(each, float), devices[0]) for each in point]
    return [float(n) for part in executable.execute(arrays) for n in np.asarray(part).ravel()]


class _Refused(Exception):
    """A cell has no number."""


def spreadsheet(source: str, point: Point) -> Found:
    """Compute a sheet as a spreadsheet does: a cell of an error spoils what reads it, and IF reads one branch."""
    _, *rows = [line.split("\t") for line in source.splitlines()]
    cells: dict[str, float | _Refused] = {}
    flat = reference.flat(point)
    found: Found = []
    for row, (label, text) in enumerate(rows, 2):
        if not text.startswith("="):
            cells[f"B{row}"] = float(flat[row - 2])
            continue
        tree = ast.parse(re.sub(r"(?<![<>])=", "==", text[1:]).replace("<>", "!="), mode="eval").body
        try:
            cells[f"B{row}"] = _computed(tree, cells)
        except (_Refused, ZeroDivisionError, ValueError, OverflowError):
            cells[f"B{row}"] = _Refused(text)
        if label == "value" or label.startswith("d/d"):
            found.append(float(cells[f"B{row}"]))  # type: ignore[arg-type]
    return found


_OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.USub: operator.neg, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip
_SHEET: dict[str, Callable[..., Any]] = {
    **{name.upper(): getattr(math, name) for name in ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh")},
    **{name.upper(): getattr(math, name) for name in ("tanh", "asinh", "atanh")},
    **{name.upper(): getattr(math, name) for name in ["exp", "log10", "sqrt", "trunc"]},
    "LN": math.log, "ABS": abs, "INT": math.floor, "MAX": max, "MIN": min, "POWER": math.pow,
    "SIGN": lambda x: (x > 0) - (x < 0), "ATAN2": lambda x, y: math.atan2(y, x), "MOD": lambda x, y: x % y,
    "AND": lambda x, y: x and y, "OR": lambda x, y: x or y, "NOT": lambda x: not x,
}  # fmt: skip


def _computed(node: ast.expr, cells: dict[str, Any]) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        found = cells[node.id]
        if isinstance(found, _Refused):
            raise found
        return found
    if isinstance(node, ast.BinOp):
        return _OPERATORS[type(node.op)](_computed(node.left, cells), _computed(node.right, cells))
    if isinstance(node, ast.UnaryOp):
        return _OPERATORS[type(node.op)](_computed(node.operand, cells))
    if isinstance(node, ast.Compare):
        (operation,), (right,) = node.ops, node.comparators
        return _OPERATORS[type(operation)](_computed(node.left, cells), _computed(right, cells))
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Name)
    if node.func.id == "IF":
        condition, first, second = node.args
        return _computed(first if _computed(condition, cells) else second, cells)
    return _SHEET[node.func.id](*[_computed(argument, cells) for argument in node.args])


def _numbers(line: str) -> Found:
    return [float(text) for text in re.findall(r"[-+]?(?:[0-9][0-9.]*(?:[eE][-+]?[0-9]+)?|inf|nan|Inf|NaN)", line)]


def _call(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)  # noqa: S603 - a compiler
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
