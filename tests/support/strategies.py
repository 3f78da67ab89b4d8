"""Random functions: trees of operations that are smooth and moderate where the leaves are a few units in size.

A tree is written as text that the service, JAX and the reference each read on their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from hypothesis import strategies as st

VARIABLES = ("x", "y", "z")
POINTS = (0.7310585, -1.1276259, 1.6180339, 0.3678794, -0.5772156, 2.2360679, -1.8392867, 0.9159655)
LITERALS = ("0.6931471", "1.3247179", "2.5029078", "0.2614972", "1.2020569", "3.3598856")

TEMPLATES: dict[str, str] = {
    "add": "({} + {})",
    "sub": "({} - {})",
    "mul": "({} * {})",
    "quotient": "({} / (1.5 + {}**2))",
    "square": "({})**2",
    "cube": "tanh({})**3",
    "negate": "(-{})",
    "sin": "sin({})",
    "cos": "cos({})",
    "tanh": "tanh({})",
    "exp": "exp(sin({}))",
    "log": "log(1.5 + ({})**2)",
    "root": "sqrt(1.25 + ({})**2)",
    "atan": "arctan({})",
    "larger": "maximum({}, {})",
    "smaller": "minimum({}, {})",
    "magnitude": "abs({})",
    "power": "(1.75 + cos({}))**(tanh({}))",
}
"""Text by operation. No two operations are equal, and none is constant in an operand."""

SWAPS = {"add": "mul", "sub": "mul", "mul": "sub", "sin": "cos", "cos": "tanh", "tanh": "sin", "larger": "smaller"}
"""For an operation, another one with the same number of operands."""


@dataclass(frozen=True)
class Tree:
    """An operation over operands, or a leaf: a variable or a literal."""

    operation: str
    operands: tuple[Tree, ...] = ()

    def text(self) -> str:
        template = TEMPLATES.get(self.operation, self.operation)
        return template.format(*[operand.text() for operand in self.operands])

    def leaves(self) -> set[str]:
        if not self.operands:
            return {self.operation}
        return set().union(*[operand.leaves() for operand in self.operands])

    def renamed(self, names: Mapping[str, str]) -> Tree:
        """Replace leaves by others."""
        if not self.operands:
            return Tree(names.get(self.operation, self.operation))
        return replace(self, operands=tuple(operand.renamed(names) for operand in self.operands))

    def mutants(self, change: Callable[[str], str | None]) -> Iterator[Tree]:
        """Yield every tree with one operation changed, if a variable is below it."""
        changed = change(self.operation)
        if changed is not None and self.operands and self.leaves() & set(VARIABLES):
            yield Tree(changed, self.operands)
        for index, operand in enumerate(self.operands):
            for mutant in operand.mutants(change):
                yield Tree(self.operation, (*self.operands[:index], mutant, *self.operands[index + 1 :]))


def _node(children: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    def of(operation: str) -> st.SearchStrategy[Tree]:
        count = TEMPLATES[operation].count("{}")
        return st.tuples(*[children] * count).map(lambda operands: Tree(operation, operands))

    return st.sampled_from(list(TEMPLATES)).flatmap(of)


VARIABLE = st.sampled_from(VARIABLES).map(Tree)
LEAF = VARIABLE | VARIABLE | st.sampled_from(LITERALS).map(Tree)
TREES = st.recursive(LEAF, _node, max_leaves=12).filter(lambda tree: bool(tree.leaves() & set(VARIABLES)))
"""Trees with at least one variable."""
