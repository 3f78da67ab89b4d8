"""Programs rewritten so that they mean the same: other names, another order of statements, sums in parts.

The programs are those of ``random_programs`` and ``numpy_programs``; ``random`` decides what is rewritten.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from random import Random

_KEPT = "f"
"""Name of the function that is asked for."""


def renamed(text: str, random: Random) -> str:
    """Give every name of a program another one: a new one, or that of another variable."""
    tree = ast.parse(text)
    names = sorted(set(_bound(tree)) - {_KEPT})
    others = [name if random.random() < 0.5 else f"{name}_{random.randrange(9)}" for name in names]
    random.shuffle(others)
    return ast.unparse(_Renaming(dict(zip(names, others, strict=True))).visit(tree))


def _bound(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef):
            yield node.name


class _Renaming(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def _of(self, name: str) -> str:
        return self._names.get(name, name)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self._of(node.id), node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(self._of(node.arg))

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        return ast.keyword(None if node.arg is None else self._of(node.arg), self.visit(node.value))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.name = self._of(node.name)
        return node


def reordered(text: str, random: Random) -> str | None:
    """Exchange neighbouring statements that do not depend on each other; None if there are none."""
    tree = ast.parse(text)
    late = _late(tree)
    exchanged = 0
    for block in _blocks(tree):
        for _ in range(2):
            for index in range(len(block) - 1):
                if random.random() < 0.7 and _independent(block[index], block[index + 1], late):
                    block[index], block[index + 1] = block[index + 1], block[index]
                    exchanged += 1
    return ast.unparse(tree) if exchanged else None


def _blocks(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        for field in ("body", "orelse"):
            block = getattr(node, field, None)
            if isinstance(block, list):
                yield block


def _names(node: ast.AST, context: type[ast.expr_context]) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, context)}


def _late(tree: ast.AST) -> dict[str, set[str]]:
    """Return the names that a function reads when it is called, by each name that may hold it."""
    found: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            found.setdefault(node.name, set()).update(_names(node, ast.Load))
        elif isinstance(node, ast.Assign) and any(isinstance(each, ast.Lambda) for each in ast.walk(node.value)):
            for name in _names(node, ast.Store):
                found.setdefault(name, set()).update(_names(node.value, ast.Load))
    return found


def _read(statement: ast.stmt, late: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    more = _names(statement, ast.Load)
    while more - found:
        found |= more
        more = set().union(*[late.get(name, set()) for name in found])
    return found


def _written(statement: ast.stmt) -> set[str]:
    return set(_bound(statement))


def _independent(one: ast.stmt, other: ast.stmt, late: dict[str, set[str]]) -> bool:
    if any(_leaves(each) or _mutates(each) for each in (one, other)):
        return False
    first, second = _written(one), _written(other)
    return not (first & second or first & _read(other, late) or second & _read(one, late))


def _leaves(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.FunctionDef | ast.Return | ast.Import)


def _mutates(statement: ast.stmt) -> bool:
    """Return whether a statement may change an array, which other names may hold, too."""
    return any(
        isinstance(node, ast.AugAssign) or (isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store))
        for node in ast.walk(statement)
    )


def split(text: str) -> str:
    """Write the value of the program as the sum of two halves, and each np.sum as that of two parts."""
    tree = _Splitting().visit(ast.parse(text))
    (function,) = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == _KEPT]
    last = function.body[-1]
    assert isinstance(last, ast.Return)
    assert last.value is not None
    half = f"0.5*({ast.unparse(last.value)})"
    last.value = ast.parse(f"{half} + {half}", mode="eval").body
    return ast.unparse(tree)


class _Splitting(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if ast.unparse(node.func) != "np.sum":
            return node
        whole = ast.unparse(node.args[0])
        return ast.parse(f"(np.sum(({whole})[:2]) + np.sum(({whole})[2:]))", mode="eval").body
