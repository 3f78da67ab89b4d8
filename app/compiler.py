"""Tape to ahead-of-time executable: one packed vector in, one packed vector out.

One array each way because each costs a device transfer: a gradient of three scalars takes three times as long as a
packed one. Literals are inputs, so functions that differ only in them share an executable.
"""

from __future__ import annotations

import contextlib
import os
import platform
import struct
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import serialize_executable
from numpy.typing import NDArray

from app import rules, transforms
from app.tape import Tape

BUCKETS = (8, 64, 512, 8192)
"""Row counts that executables are made for; a batch is padded to the next one and cut into pieces of the last."""

BROKEN_JAXLIB = frozenset({"0.10.2"})
"""Versions that compute wrong numbers on CPU: https://github.com/jax-ml/jax/issues/39103."""


_LOOP_FLAG = "xla_cpu_small_while_loop_byte_threshold"
"""Up to how many bytes XLA makes a loop one kernel; the interpreter's are larger than jaxlib 0.10 assumes."""


class WrongNumbers(RuntimeError):
    """The installed jaxlib computes wrong numbers; nothing it answers can be trusted."""


class Executable:
    """A compiled transform of one tape.

    Args:
        compiled: JAX's ahead-of-time executable.
        rows: points it takes at once, 0 for a single point.

    Attributes:
        checked: whether its numbers have been compared with the interpreter's.
    """

    __slots__ = ("_format", "_run", "checked", "compiled", "rows")

    def __init__(self, compiled: Any, rows: int) -> None:
        self.compiled = compiled
        self.rows = rows
        self.checked = False
        self._run = compiled
        self._format: struct.Struct | None = None

    def __call__(self, *arrays: NDArray[Any]) -> NDArray[Any]:
        """Run on arrays of exactly the compiled shapes and dtype; see ``compile_tape``."""
        return np.asarray(self.compiled(*arrays))

    def numbers(self, vector: NDArray[Any]) -> Sequence[float]:
        """Run on one vector and return the result as numbers: for few of them a third cheaper than an array."""
        result = self._run(vector)
        return self._look(result) if self._format is None else self._format.unpack(result)

    def _look(self, result: Any) -> Sequence[float]:
        """Return the first result's numbers, and see how to get at the next ones at less cost."""
        array = np.asarray(result)
        numbers: list[float] = array.tolist()
        # The dispatcher, made by the first call, behind a frame that only passes arguments on.
        self._run = getattr(self.compiled, "_call", None) or self.compiled
        form = struct.Struct(f"={array.size}{array.dtype.char}")
        # In the host's memory a result is a buffer; on an accelerator it has to be fetched every time.
        with contextlib.suppress(BufferError, TypeError, struct.error):
            if np.array_equal(form.unpack(result), numbers, equal_nan=True):
                self._format = form
        return numbers


def compile_tape(tape: Tape, transform: str, dtype: str, rows: int = 0) -> Executable:
    """Trace, lower and compile.

    Args:
        tape: n inputs and k constants.
        transform: "grad" or "value".
        dtype: "float64" or "float32".
        rows: 0 for a function of (n + k,) giving (1 + n,); otherwise of (n, rows) and (k,) giving (1 + n, rows).
            For "value" the result has the first row alone.
    """
    if rows == 0:
        shapes: tuple[tuple[int, ...], ...] = ((tape.inputs + tape.constants,),)
        function: Any = transforms.packed(tape, transform)
    else:
        shapes = ((tape.inputs, rows), (tape.constants,))
        function = transforms.packed_rows(tape, transform)
    structs = [jax.ShapeDtypeStruct(shape, jnp.dtype(dtype)) for shape in shapes]
    executable = Executable(jax.jit(function, compiler_options=rules.COMPILER_OPTIONS).lower(*structs).compile(), rows)
    # The first call of an executable builds its dispatcher, which takes longer than thousands of calls.
    executable(*[np.ones(struct.shape, struct.dtype) for struct in structs])
    return executable


def serialise(executable: Executable) -> bytes:
    """Return an executable as bytes for ``restore``; whoever may write them may run code where they are read."""
    return dump(executable.compiled)


def restore(blob: bytes, rows: int) -> Executable:
    """Return the executable that ``serialise`` wrote, by a process of the same ``environment``."""
    return Executable(load(blob, arguments=1 if rows == 0 else 2), rows)


def dump(compiled: Any) -> bytes:
    """Return a JAX executable of arrays to one array as bytes."""
    blob, _, _ = serialize_executable.serialize(compiled)
    return bytes(blob)


def load(blob: bytes, arguments: int) -> Any:
    """Return the JAX executable that ``dump`` wrote, which takes so many arrays."""
    # The trees are not part of the bytes; with flat signatures they follow from the number of arguments.
    return serialize_executable.deserialize_and_load(
        blob,
        jax.tree.structure(((0,) * arguments, {})),
        jax.tree.structure(0),
        backend=jax.default_backend(),
        execution_devices=jax.devices()[:1],
    )


def environment() -> tuple[str, ...]:
    """Return everything machine code depends on beside its function: versions, device, flags, CPU features."""
    device = jax.devices()[0]
    features = ""
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
        features = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return (
        metadata.version("jax"),
        metadata.version("jaxlib"),
        platform.machine(),
        device.platform,
        str(device.client.platform_version),
        device.device_kind,
        os.environ.get("XLA_FLAGS", ""),
        features,
    )


def agree(first: NDArray[Any], second: NDArray[Any]) -> bool:
    """Return whether two results are one function's, up to rounding that cancellation may have blown up."""
    tolerance = 1e-6 if first.dtype == np.float64 else 1e-2
    finite = np.isfinite(first) & np.isfinite(second)
    scale = np.abs(first[finite]).max(initial=1.0)
    return bool(
        np.array_equal(np.isfinite(first), np.isfinite(second))
        and (np.abs(first[finite] - second[finite]) <= tolerance * scale).all()
    )


def bucket(points: int) -> int:
    """Return the row count of the executable for this many points."""
    return next((rows for rows in BUCKETS if points <= rows), BUCKETS[-1])


def configure() -> None:
    """Set JAX up for this process; must run before anything is computed."""
    flags = os.environ.get("XLA_FLAGS", "")
    if "xla_backend_extra_options" not in flags:
        # Without it each step of the interpreter costs a thunk on jaxlib 0.10: 35 times slower for 16,384 steps.
        os.environ["XLA_FLAGS"] = f"{flags} --xla_backend_extra_options={_LOOP_FLAG}={1 << 30}".strip()
    jax.config.update("jax_enable_x64", True)
    # Executing in the calling thread saves the hop to a pool, most of the time of a small gradient.
    jax.config.update("jax_cpu_enable_async_dispatch", False)
    # Locations cost tracing time and nobody reads them here.
    jax.config.update("jax_include_full_tracebacks_in_locations", False)


def self_test() -> None:
    """Compute what a broken jaxlib gets wrong, and compare with NumPy.

    jaxlib 0.10.2 on CPU is off by 1 where answers are below 3, in a vmapped matrix-vector product that is reduced,
    from 16385 rows in float64 and 32769 in float32 (https://github.com/jax-ml/jax/issues/39103).

    Raises:
        WrongNumbers: the numbers differ, or the version is known to be broken.
    """
    version = metadata.version("jaxlib")
    if version in BROKEN_JAXLIB:
        raise WrongNumbers(f"jaxlib {version} computes wrong numbers on CPU; install 0.10.1 or 0.12")
    for dtype, rows, tolerance in (("float64", 16_385, 1e-12), ("float32", 32_769, 1e-5)):
        points = np.linspace(0.0, 1.0, 3 * rows).reshape(rows, 3).astype(dtype)
        matrix = np.array([[1.0, 0.5, 0.0], [0.25, 1.0, 0.5], [0.0, 0.125, 1.0]], dtype)
        found = jax.jit(jax.vmap(lambda row, m=matrix: jnp.sum((m @ row) ** 2)))(points)
        expected = ((points.astype("float64") @ matrix.T.astype("float64")) ** 2).sum(axis=1)
        if not np.allclose(np.asarray(found), expected, rtol=tolerance, atol=tolerance):
            raise WrongNumbers(f"jaxlib {version} fails the self-test of {dtype} matrix products")
