"""Types of numbers, as ``dtype=`` and ``astype`` name them."""

from __future__ import annotations

from app import errors

_BITS = ("8", "16", "32", "64")
KINDS: dict[str, str] = {
    **dict.fromkeys(("float", "float_", "double", "single", "longdouble", "f", "d", "f4", "f8", "Float"), "float"),
    **dict.fromkeys([f"float{bits}" for bits in _BITS], "float"),
    **dict.fromkeys(("int", "int_", "intp", "intc", "uint", "long", "i", "i4", "i8", "Integer", "index"), "int"),
    **dict.fromkeys([f"{sign}int{bits}" for sign in ("", "u") for bits in _BITS], "int"),
    **dict.fromkeys(("bool", "bool_", "bool8", "?"), "bool"),
}
"""What the numbers of a type are: "float", "int" or "bool"."""


def kind(name: str, offset: int) -> str:
    """Return what the numbers of a type are, spelled with its prefix; no name at all means float."""
    found = KINDS.get(name.rpartition(".")[2]) if name else "float"
    if found is None:
        hint = "types are float, int and bool"
        raise errors.SyntaxRejected(f"{errors.quote(name)} is not a type of numbers here", hint=hint, offset=offset)
    return found
