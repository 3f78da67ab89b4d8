"""Hints for refusals that say what is wrong, and leave what to write to be said here, in one table."""

from __future__ import annotations

import re

_ROWS: tuple[tuple[str, str], ...] = (
    (r"^n must be an integer", "write n=1 for differences; send a function alone, and /v1/grad differentiates it"),
    (
        r"index -?\d+ into .*length (\d+)",
        "indices go from 0 to {last}, or from -{0} to -1; range(len(X)) goes through all",
    ),
    (r"index -?\d+ into (\d+) items", "indices go from 0 to {last}, or from -{0} to -1"),
    (
        r"^(?:@|\S+) of shapes \[.*\] and \[.*\]",
        "the inner lengths must be equal: A @ x of (n, m) and (m,); A.T has its axes exchanged",
    ),
    (r"shapes .* do not fit each other", "lengths must be equal, or 1: X[:, None] adds an axis of length 1"),
    (r"more indices into", "leave an index out, or send an array of more axes"),
    (r"axis -?\d+ of an array of shape \[\]", "a number has no axes: leave axis out"),
    (r"axis -?\d+ of an array of shape", "axis counts from 0; -1 is the last"),
    (r"has no shape \[", "the number of elements must stay the same; -1 stands for the length that is left"),
    (r"square matrix", "send a matrix of as many rows as columns; A.T @ A is one"),
    (r"an index must be an integer", "write a whole number, or an integer known from the text"),
    (
        r"must be an integer known from the text|numbers known from the text",
        "write the number itself, or len(X): it may not depend on the point",
    ),
    (r"expected '=' after the name", "write return before the value of the function, name = value for a variable"),
    (r"cannot start a statement", "write an assignment, for, while, if or return; an expression may stand last"),
    (r"no return statement", "write return before the value of the function"),
    (r"an array of shape .* stands where a number", "write sum(X), or an element such as X[0]"),
    (r"that a condition chooses", "write where(condition, value, 0), or sum, mean, max or min of X[condition]"),
    (r"stands where a number was expected", "write a number, an argument or an expression of them"),
    (r"items of a list differ in shape", "give every row the same length"),
    (r"a number has no items", "go through range(n), or through a list"),
    (
        r"steps and elements|more than \d+ operations",
        "send the data as arrays and write sums of arrays, such as sum((A @ x - b)**2)",
    ),
    (r"nested more than", "name the inner parts: a def may have assignments"),
    (r"indented block", "indent the lines of a block by the same number of blanks"),
    (r"the text ends where", "write what is missing at the end"),
    (r"the function has no arguments", "name its arguments: lambda x: x**2"),
    (r"appears twice", "give each argument a name of its own"),
    (r"star arguments", "name every argument"),
    (r"names for \d+ values", "give as many names as there are values"),
    (r"the attribute \.", "attributes are shape, size, ndim and T; GET /v1/language lists the functions"),
    (r"used as .* and as", "use one name for the number and another for the array"),
    (r"returns an empty array", "return at least one number"),
    (r"bytes, the limit is", "send data in the point, not in the text"),
    (r"arguments, the limit is", "send numbers that belong together as one array"),
    (r"over \d+ characters", "write a shorter name"),
    (r"Python keyword", "write another name, such as lam for lambda"),
    (
        r"not finite|is not finite in float64",
        "write an expression that is finite in float64; inf and nan may be written by name",
    ),
    (r"the base of|domain", "write an expression within the domain of the function"),
    (r"follows one with a keyword", "put what has a name last; write == to compare"),
    (r"needs '(\w+)'", "write {0} as well"),
    (r"got '(\w+)' twice", "write {0} once"),
    (r"only names can be assigned to", "write a name, an element or a slice before the ="),
    (r"only a function can be called", "write * to multiply"),
    (r"must be True or False", "write True or False"),
    (r"a string", "strings are operands of a few functions only, such as einsum"),
)
"""What a refusal says, as a pattern, and the hint; {0} is its first group, {last} one less than that."""


def hint(detail: str) -> str | None:
    """Return what to write instead for the detail of a refusal; None if no row fits."""
    for pattern, found in _ROWS:
        said = re.search(pattern, detail[:300])
        if said:
            first = said[1] if said.re.groups else ""
            last = str(int(first) - 1) if first.isdigit() else ""
            return found.replace("{0}", first).replace("{last}", last)
    return None
