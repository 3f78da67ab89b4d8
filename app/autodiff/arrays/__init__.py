"""Functions of arrays: an expression becomes a tape, its derivatives tapes again, and NumPy or XLA runs them.

* tape: the instructions over slots with shapes; as JSON and back
* primitives: shapes and shortcuts of what is not elementwise
* recorder: the namespace that writes tapes; recording writes that of an expression
* rules: vector-Jacobian products of the primitives, and many points at once; sweep has the reverse sweep
* loops: those with carried values
* transforms: the tapes of derivatives
* run, traced: a tape by NumPy, for which kernels has the functions, and by JAX
* cost: bytes and operations, from the shapes alone
"""

from app.autodiff.arrays import (
    cost,
    kernels,
    loops,
    primitives,
    recorder,
    recording,
    rules,
    run,
    sweep,
    tape,
    traced,
    transforms,
)

__all__ = [
    "cost",
    "kernels",
    "loops",
    "primitives",
    "recorder",
    "recording",
    "rules",
    "run",
    "sweep",
    "tape",
    "traced",
    "transforms",
]

MODULES = (primitives, tape, traced, kernels.structural)
"""Modules whose source is part of the key of every executable of a tape of arrays: a change recompiles them all."""
