"""Which arguments a query differentiates by: argnums, by position or by name."""

from __future__ import annotations

from collections.abc import Sequence

from app import errors
from app.language.grammar import lexer

Argnums = int | list[int]
"""Positions, an int or a list as in the query."""


def resolve(argnums: int | str | Sequence[int | str] | None, args: Sequence[str]) -> int | list[int]:
    """Return argnums with names and negative numbers turned into positions, or raise ``errors.InvalidField``.

    None means all arguments, the only one by itself.
    """
    if argnums is None:
        argnums = 0 if len(args) == 1 else range(len(args))
    if isinstance(argnums, int | str):
        return _position(argnums, args, "argnums")
    if not argnums:
        raise errors.InvalidField("argnums is empty: nothing to differentiate by", field="argnums")
    found: list[int] = []
    for index, argnum in enumerate(argnums[: len(args) + 1]):
        position = _position(argnum, args, f"argnums.{index}")
        if position in found:
            raise errors.InvalidField(f"argnums names argument {position} twice", field=f"argnums.{index}")
        found.append(position)
    return found


def _position(argnum: int | str, args: Sequence[str], field: str) -> int:
    if isinstance(argnum, str):
        try:
            return list(args).index(lexer.identifier(argnum))
        except (ValueError, errors.InvalidName):
            raise errors.InvalidField(f"{errors.quote(argnum)} is not an argument", field=field) from None
    if not -len(args) <= argnum < len(args):
        raise errors.InvalidField(f"argnums out of range: the function has {len(args)} argument(s)", field=field)
    return argnum % len(args)
