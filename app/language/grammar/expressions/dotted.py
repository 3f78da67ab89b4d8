"""Dotted names: which of them mean an attribute or a method of a variable, and which a name of a library.

``x.sum`` is a method if ``x`` is a variable, ``np.sum`` a name of a library. Which names are variables is read off the
tokens: a variable stands somewhere without a dot. Where it does not, as in ``(A.T @ A).sum()``, what follows the dot
decides.
"""

from __future__ import annotations

import itertools
import keyword
from collections.abc import Iterator, Sequence

from app.language.grammar.lexer import Token

_OF_ARRAYS = """
    all any argmax argmin argsort astype at clip conj conjugate copy cumprod cumsum det diagonal dot flatten inv item
    max mean min norm prod ptp ravel repeat reshape round searchsorted sort squeeze std sum swapaxes take tolist trace
    transpose var T mT H I shape size ndim dtype real imag flat
"""
MEMBERS = frozenset(_OF_ARRAYS.split())
"""Attributes and methods of arrays, see ``app.language.vocabulary.methods``."""

_OF_LIBRARIES = """
    Application Base F K LinearAlgebra Math SpecialFunctions StatsFuns WorksheetFunction aesara ag anp at autograd ca
    casadi cmath cp cs cuda cupy flax functional haiku jax jla jnn jnp jsp jsps jss keras la lax linalg math mlx mnp mp
    mpmath mx mxnet nb nla nn np npl numba numpy numpyro onp operator ops optax paddle pt pyro pytensor scipy sla smp
    sp special sps st stats statistics std sy sym symengine sympy tensorflow tf tfd tfl tfm tfp theano ti torch tt wp xp
    dist distributions distrax integrate logging signal standard
"""
LIBRARIES = frozenset(_OF_LIBRARIES.split())
"""First parts of names of libraries, known or foreign, and of the functions of standard distributions."""

_ALSO_VARIABLES = frozenset({"F", "K", "at", "st", "la", "signal", "std"})
"""Names of libraries that people give to arrays, too: ``K.T`` is an attribute."""


def is_member(parts: Sequence[str], variables: frozenset[str], imported: frozenset[str], *, bare_call: bool) -> bool:
    """Return whether a dotted name means a member of a variable; ``bare_call`` if it is called without operands."""
    first, last = parts[0], parts[-1]
    if first in variables:
        return True
    if first in imported:
        return False
    if first in LIBRARIES:
        return first in _ALSO_VARIABLES and last in MEMBERS and (bare_call or last.isupper() or last == "shape")
    return parts[1] in MEMBERS or bare_call


def variables(tokens: Sequence[Token]) -> frozenset[str]:
    """Return the names that stand somewhere without a dot and are neither called there nor imported."""
    return frozenset(_plain(tokens)) - imported(tokens)


def imported(tokens: Sequence[Token]) -> frozenset[str]:
    """Return the names that imports bind."""
    return frozenset(_imported(tokens))


def _plain(tokens: Sequence[Token]) -> Iterator[str]:
    for before, token, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if token.kind == "name" and before.text not in {".", "def"} and after.text not in {".", "("}:
            yield token.text
    if len(tokens) > 1 and tokens[0].kind == "name" and tokens[1].text not in {".", "("}:
        yield tokens[0].text


def _imported(tokens: Sequence[Token]) -> Iterator[str]:
    inside = False
    for index, token in enumerate(tokens):
        if token.text == "distributions" and tokens[index - 1].text == ".":
            parts = tokens[max(0, index - 10) : index]  # tfd = tfp.distributions
            for before, sign in itertools.pairwise(parts):
                if sign.text == "=":
                    yield before.text
        if token.kind == "newline" or token.text == ";":
            inside = False
        elif token.text == "import":
            inside = True
        elif inside and token.kind == "name" and not keyword.iskeyword(token.text):
            yield token.text
