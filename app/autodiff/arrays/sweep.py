"""The reverse sweep of a tape, written by a recorder (Griewank & Walther 2008, section 3.2)."""

from __future__ import annotations

from collections.abc import Sequence

from app.autodiff import table
from app.autodiff.arrays.loops import scans
from app.autodiff.arrays.recorder import Recorder, Slot
from app.autodiff.arrays.rules import pullbacks
from app.autodiff.arrays.tape import ArrayTape, Instruction, Parameters


def replay(r: Recorder, tape: ArrayTape, leaves: Sequence[Slot]) -> list[Slot]:
    """Write a tape over other leaves, its inputs and constants; return all its slots."""
    slots = [*leaves, *[r.number(value) for value in tape.statics]]
    for opcode, operands, parameters in tape.code:
        slots.append(written(r, opcode, parameters, [slots[i] for i in operands]))
    return slots


def written(r: Recorder, opcode: str, parameters: Parameters, operands: Sequence[Slot]) -> Slot:
    """Write one instruction."""
    return r.word(opcode, *operands) if opcode in table.TABLE else r.emit(opcode, parameters, *operands)


def pulled(
    r: Recorder, tape: ArrayTape, leaves: Sequence[Slot], seeds: Sequence[Slot | None], wanted: Sequence[int]
) -> list[Slot | None]:
    """Write a tape and its reverse sweep; return the cotangents of some leaves, None where they are zero.

    Args:
        r: the recorder.
        tape: the function.
        leaves: its inputs and constants.
        seeds: cotangents of its results.
        wanted: numbers of the leaves.
    """
    slots = replay(r, tape, leaves)
    return backward(r, tape, slots, seeds, wanted)


def backward(
    r: Recorder, tape: ArrayTape, slots: Sequence[Slot], seeds: Sequence[Slot | None], wanted: Sequence[int]
) -> list[Slot | None]:
    """Write the reverse sweep of a tape whose slots ``replay`` has written."""
    moving = varied(tape, [leaf in wanted for leaf in range(len(tape.inputs) + len(tape.constants))])
    adjoints: dict[int, Slot] = {}
    scanned: dict[int, dict[int, Slot]] = {}
    for slot, seed in zip(tape.results, seeds, strict=True):
        if seed is not None and moving[slot]:
            adjoints[slot] = adjoints[slot] + seed if slot in adjoints else seed
    for position in range(len(tape.code) - 1, -1, -1):
        slot = tape.leaves + position
        opcode, operands, parameters = tape.code[position]
        if opcode == "scan":
            if slot not in scanned:
                continue
            parts = scans.pull(r, slots[slot], scanned.pop(slot), [moving[i] for i in operands])
        elif slot not in adjoints:
            continue
        elif opcode == "scan_result":
            _add(scanned.setdefault(operands[0], {}), parameters[0], adjoints.pop(slot))
            continue
        else:
            parts = _parts(r, tape.code[position], adjoints.pop(slot), slot, slots, moving)
        for operand, part in zip(operands, parts, strict=True):
            if part is not None:
                _add(adjoints, operand, part)
    return [adjoints.get(leaf) for leaf in wanted]


def varied(tape: ArrayTape, leaves: Sequence[bool]) -> list[bool]:
    """Return for each slot whether its derivative by some of the leaves may be other than zero."""
    found = [*leaves, *[False] * len(tape.statics)]
    for opcode, operands, _ in tape.code:
        rules = _rules(opcode)
        if rules is None:
            found.append(any(found[i] for i in operands))
        else:
            found.append(any(found[i] and rule is not None for i, rule in zip(operands, rules, strict=True)))
    return found


def _rules(opcode: str) -> tuple[object, ...] | None:
    """Return the pullbacks of an opcode, None if it is one of those with any number of operands."""
    return table.PULLBACKS.get(opcode) or pullbacks.PULLBACKS.get(opcode)


def _add(adjoints: dict[int, Slot], slot: int, part: Slot) -> None:
    adjoints[slot] = adjoints[slot] + part if slot in adjoints else part


def _parts(
    r: Recorder, instruction: Instruction, g: Slot, slot: int, slots: Sequence[Slot], moving: Sequence[bool]
) -> list[Slot | None]:
    """Return what an instruction adds to the cotangent of each operand."""
    opcode, operands, parameters = instruction
    values = [slots[i] for i in operands]
    parts: list[Slot | None] = []
    for position, i in enumerate(operands):
        part = None
        if not moving[i]:
            pass
        elif opcode in table.PULLBACKS:
            pullback = table.PULLBACKS[opcode][position]
            if pullback is not None:
                part = r.unbroadcast(r.lift(pullback(r, g, slots[slot], *values)), values[position].shape)
        elif opcode == "concatenate":
            part = pullbacks.concatenated(r, parameters, g, position, *values)
        else:
            rule = pullbacks.PULLBACKS[opcode][position]
            part = None if rule is None else rule(r, parameters, g, slots[slot], *values)
        parts.append(part)
    return parts
