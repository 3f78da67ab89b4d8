"""Small changes of source text, as a slip of a programmer would make them."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Add, ast.Pow: ast.Mult,
}  # fmt: skip
_QUIET = {"log", "_log", "logger", "warning", "info", "debug"}
"""Calls with one of these names only tell the operator something."""


@dataclass(frozen=True)
class Mutant:
    """A file in which the text of one node is another.

    Attributes:
        place: how many changes before it in the file have the same texts.
        text: of its line.
        span: of the node, in bytes of the file.
        changed: what stands there instead.
    """

    path: str
    line: int
    before: str
    after: str
    place: int
    text: str
    span: tuple[int, int]
    changed: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.change}"

    @property
    def change(self) -> str:
        return f"{self.before}  ->  {self.after}"

    @property
    def name(self) -> str:
        """What it is called in logs. Other lines of the file may come and go."""
        return f"{self.path}: {self.change} ({self.place})"

    def applied(self, source: str) -> str:
        """Return the file's text with the change."""
        start, end = self.span
        return (source.encode()[:start] + self.changed.encode() + source.encode()[end:]).decode()


def mutants(root: Path, path: str) -> list[Mutant]:
    """Return all changes of a file: one for each comparison, operator, condition, constant, return and call."""
    source = (root / path).read_text()
    text, lines, offsets = source.encode(), source.splitlines(), [0]
    for each in text.splitlines(keepends=True):
        offsets.append(offsets[-1] + len(each))
    found: dict[tuple[int, int], Mutant] = {}
    names: Counter[tuple[str, str]] = Counter()
    for node, changed in _changes(ast.parse(source)):
        span = (
            offsets[node.lineno - 1] + node.col_offset,
            offsets[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0),
        )
        original = text[slice(*span)].decode()
        if changed != original and span not in found:
            texts = _short(original), _short(changed)
            line = lines[node.lineno - 1].strip()
            found[span] = Mutant(path, node.lineno, *texts, names[texts], line, span, changed)
            names[texts] += 1
    return list(found.values())


def _short(text: str) -> str:
    return " ".join(text.split())[:100]


def _changes(tree: ast.Module) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """Yield nodes inside functions, each with the text of a change. Those of inner functions come more than once."""
    # ``strict`` of zip checks what always holds.
    checks = {each.value for each in ast.walk(tree) if isinstance(each, ast.keyword) and each.arg == "strict"}
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        for part in [function.body] if isinstance(function, ast.Lambda) else function.body:
            for node in ast.walk(part):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node in checks:
                    continue
                changed = _changed(node)
                if changed is not None:
                    assert isinstance(node, ast.expr | ast.stmt)
                    yield node, f"({changed})" if isinstance(node, ast.expr) else changed


def _changed(node: ast.AST) -> str | None:
    """Return the text of the change of a node, None if there is none."""
    change = _KINDS.get(type(node))
    return None if change is None else change(node)


def _comparison(node: ast.Compare) -> str | None:
    other = _COMPARISONS.get(type(node.ops[0]))
    if other is None or len(node.ops) > 1:
        return None
    return ast.unparse(ast.Compare(node.left, [other()], node.comparators))


def _operation(node: ast.BinOp) -> str | None:
    other = _OPERATORS.get(type(node.op))
    return None if other is None or _is_text(node.left) else ast.unparse(ast.BinOp(node.left, other(), node.right))


def _connection(node: ast.BoolOp) -> str:
    return ast.unparse(ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values))


def _sign(node: ast.UnaryOp) -> str | None:
    return ast.unparse(node.operand) if isinstance(node.op, ast.Not | ast.USub) else None


def _constant(node: ast.Constant) -> str | None:
    if isinstance(node.value, bool):
        return str(not node.value)
    return str(node.value + 1) if isinstance(node.value, int) and node.value < _SMALL else None


def _choice(node: ast.IfExp) -> str:
    return ast.unparse(ast.IfExp(node.test, node.orelse, node.body))


def _result(node: ast.Return) -> str | None:
    return None if node.value is None or _is_none(node.value) else "return None"


def _call(node: ast.Expr) -> str | None:
    if not isinstance(node.value, ast.Call) or set(ast.unparse(node.value.func).split(".")) & _QUIET:
        return None
    return "pass"


_SMALL = 1000  # larger numbers are limits that no test reaches

_KINDS: dict[type[ast.AST], Callable[[Any], str | None]] = {
    ast.Compare: _comparison,
    ast.BinOp: _operation,
    ast.BoolOp: _connection,
    ast.UnaryOp: _sign,
    ast.Constant: _constant,
    ast.IfExp: _choice,
    ast.Return: _result,
    ast.Expr: _call,
    ast.Continue: lambda _: "break",
    ast.Break: lambda _: "continue",
}


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
