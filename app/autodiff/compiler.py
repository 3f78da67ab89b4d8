"""Tape to machine code of that tape alone: executables compiled ahead of time.

An executable takes one packed vector and returns one, because each array costs a device transfer: a gradient returned
as three scalars takes three times as long as a packed one. Literals are inputs, so functions that differ only in their
literals share an executable.
"""

from __future__ import annotations

import contextlib
import gc
import os
import platform
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.experimental import serialize_executable
from jaxlib import lapack, utils
from numpy.typing import NDArray

from app.autodiff import reverse
from app.autodiff.arrays import traced
from app.autodiff.arrays.tape import ArrayTape
from app.autodiff.namespaces import jax_words
from app.autodiff.tape import Tape

BUCKETS = (8, 64, 512, 8192)
"""Row counts that executables are compiled for. A batch is padded to the next one and cut into pieces of the last."""

BROKEN_JAXLIB = frozenset({"0.10.2"})
"""Versions that compute wrong numbers on CPU: https://github.com/jax-ml/jax/issues/39103."""

_FATAL = 3
"""Level of XLA's log above its errors."""

_LOOP_FLAG = "xla_cpu_small_while_loop_byte_threshold"
"""Size in bytes up to which XLA makes a loop one kernel. The interpreter's loops exceed the default of jaxlib 0.10."""


class WrongNumbers(RuntimeError):
    """The installed jaxlib computes wrong numbers."""


_OBJECT = b"\x7fELF"
"""How an object file of machine code begins. They come last in a serialised executable."""
_MAPS_PER_OBJECT = 3
_RESIDENT_PER_BYTE = 35  # of the description


class Footprint(NamedTuple):
    """What an executable holds in the memory of its process."""

    memory_maps: int  # of the kernel's: each object of machine code has three
    resident_bytes: int

    @classmethod
    def of(cls, blob: bytes) -> Footprint:
        """Estimate it from serialised code.

        Most of it is XLA's description of the function, which takes 3.3 kB an instruction: 25 to 39 times its length
        in the serialised code, measured for 25 to 4,488 instructions, 0.13 to 14.4 MB.
        """
        description = blob.find(_OBJECT) if _OBJECT in blob else len(blob)
        resident = _RESIDENT_PER_BYTE * description + len(blob) - description
        return cls(_MAPS_PER_OBJECT * blob.count(_OBJECT), resident)


_UNKNOWN = Footprint(0, 0)


class Executable:
    """A compiled transform of one tape.

    Args:
        compiled: JAX's ahead-of-time executable.
        rows: points it takes at once, 0 for a single point.

    Attributes:
        checked: whether its numbers have been compared with the interpreter's.
    """

    __slots__ = ("_call", "_run", "_unpack", "checked", "compiled", "footprint", "rows")

    def __init__(self, compiled: Any, rows: int, footprint: Footprint = _UNKNOWN) -> None:
        self.compiled = compiled
        self.rows = rows
        self.footprint = footprint
        self.checked = False
        self._call: Callable[..., Any] | None = None  # what runs it, after the first time
        self._run = compiled
        self._unpack: Callable[[Any], Sequence[float]] | None = None

    def __call__(self, *arrays: NDArray[Any]) -> NDArray[Any]:
        """Run on arrays of exactly the compiled shapes and dtype; see ``compile_tape``."""
        if self._call is None:
            found = np.asarray(self.compiled(*arrays))
            self._call = dispatcher(self.compiled) or self.compiled
            return found
        return np.asarray(self._call(*arrays))

    def numbers(self, vector: NDArray[Any]) -> Sequence[float]:
        """Run on one vector and return the result as numbers. For few numbers, a third cheaper than an array."""
        result = self._run(vector)
        return self._unpack(result) if self._unpack is not None else self._first(result)

    def _first(self, result: Any) -> Sequence[float]:
        """Return the numbers of the first result, and choose the fastest way for the next ones."""
        numbers: list[float] = np.asarray(result).tolist()
        self._run = dispatcher(self.compiled) or self.compiled
        self._unpack = buffer_reader(result)
        return numbers


def dispatcher(compiled: Any) -> Callable[..., Any] | None:
    """Return the C++ dispatcher of an executable that has been called, or None if JAX keeps it elsewhere.

    ``_call`` is private to JAX; ``Compiled.__call__`` does nothing but pass its arguments on to it. Calling it saves
    that Python frame, which a gradient of a few microseconds notices. Without it the results are the same.
    """
    found: Callable[..., Any] | None = getattr(compiled, "_call", None)
    return found


def buffer_reader(result: Any) -> Callable[[Any], Sequence[float]] | None:
    """Return a function that reads the numbers of results like this one, or None if they have no buffer.

    A result in the memory of the host has the buffer protocol, which ``jax.Array`` does not promise. ``struct`` reads
    it faster than NumPy. On an accelerator there is none, and each result has to be fetched.
    """
    array = np.asarray(result)
    form = struct.Struct(f"={array.size}{array.dtype.char}")
    with contextlib.suppress(BufferError, TypeError, struct.error):
        if np.array_equal(form.unpack(result), array, equal_nan=True):
            return form.unpack
    return None


def forget() -> None:
    """Let go of what JAX keeps of everything that was traced and compiled, in a process that compiles nothing twice."""
    jax.clear_caches()
    gc.collect()


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
        function: Any = reverse.packed(tape, transform)
    else:
        shapes = ((tape.inputs, rows), (tape.constants,))
        function = reverse.packed_rows(tape, transform)
    structs = [jax.ShapeDtypeStruct(shape, jnp.dtype(dtype)) for shape in shapes]
    executable = Executable(
        jax.jit(function, compiler_options=jax_words.COMPILER_OPTIONS).lower(*structs).compile(), rows
    )
    # The first call of an executable builds its dispatcher, which takes as long as thousands of calls.
    executable(*[np.ones(struct.shape, struct.dtype) for struct in structs])
    return executable


class ArrayExecutable:
    """A compiled tape of arrays.

    Attributes:
        checked: whether its numbers have been compared with NumPy's.
    """

    __slots__ = ("_compiled", "checked", "footprint")

    def __init__(self, compiled: Any, footprint: Footprint) -> None:
        self._compiled = compiled
        self.footprint = footprint
        self.checked = False

    def __call__(self, leaves: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """Run on arrays of exactly the compiled shapes and dtype. On a CPU they are not copied, nor are the results."""
        return [np.asarray(result) for result in self._compiled(*leaves)]


def compile_arrays(tape: ArrayTape, dtypes: Sequence[str]) -> bytes:
    """Return the compiled function of a tape for leaves of these dtypes, as bytes for ``restore_arrays``."""
    shapes = (*tape.inputs, *tape.constants)
    structs = [jax.ShapeDtypeStruct(shape, jnp.dtype(dtype)) for shape, dtype in zip(shapes, dtypes, strict=True)]
    traceable = traced.function(tape)

    def function(*leaves: Array) -> list[Array]:
        return list(traceable(leaves))

    jitted = jax.jit(function, keep_unused=True, compiler_options=jax_words.COMPILER_OPTIONS)
    return dump(jitted.lower(*structs).compile())


def restore_arrays(blob: bytes, tape: ArrayTape) -> ArrayExecutable:
    """Return the executable of a tape from the bytes of ``compile_arrays``; accept bytes from trusted writers only."""
    loaded = load(blob, len(tape.inputs) + len(tape.constants), len(tape.results))
    return ArrayExecutable(loaded, Footprint.of(blob))


def serialise(executable: Executable) -> bytes:
    """Return an executable as bytes for ``restore``, which runs them: accept bytes from trusted writers only."""
    return dump(executable.compiled)


def restore(blob: bytes, rows: int) -> Executable:
    """Return the executable that ``serialise`` wrote, by a process of the same ``environment``."""
    return Executable(load(blob, arguments=1 if rows == 0 else 2), rows, Footprint.of(blob))


def dump(compiled: Any) -> bytes:
    """Return a JAX executable of arrays as bytes."""
    blob, _, _ = serialize_executable.serialize(compiled)
    return bytes(blob)


def load(blob: bytes, arguments: int, results: int | None = None) -> Any:
    """Return the JAX executable that ``dump`` wrote, of this many arrays to one array, or to a list of ``results``."""
    # Only tracing a linear solver initialises LAPACK. Without it an executable from bytes calls a null pointer.
    lapack.prepare_lapack_call("getrf_ffi", np.float64)  # type: ignore[no-untyped-call]  # has no annotations
    with _without_false_errors():
        # The trees are not part of the bytes; with flat signatures they follow from the number of arguments.
        return serialize_executable.deserialize_and_load(
            blob,
            jax.tree.structure(((0,) * arguments, {})),
            jax.tree.structure(0 if results is None else [0] * results),
            backend=jax.default_backend(),
            execution_devices=jax.devices()[:1],
        )


_REPORTS_FALSE_ERRORS = metadata.version("jaxlib").startswith("0.10.")
_loading = threading.Lock()


@contextlib.contextmanager
def _without_false_errors() -> Iterator[None]:
    """Keep XLA's log quiet while jaxlib 0.10 loads an executable; what fails raises an exception.

    It writes two errors of a kilobyte for each, that the CPU lacks `prefer-no-gather` and `prefer-no-scatter`: these
    are preferences of the compiler and no features (https://github.com/openxla/xla/issues/44565).
    """
    if not _REPORTS_FALSE_ERRORS:
        yield
        return
    with _loading:
        utils.absl_set_min_log_level(_FATAL)
        try:
            yield
        finally:
            utils.absl_set_min_log_level(int(os.environ.get("TF_CPP_MIN_LOG_LEVEL", "1")))


def environment() -> tuple[str, ...]:
    """Return everything that machine code depends on beside its function: versions, device, flags, CPU features."""
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


def accelerated() -> bool:
    """Return whether executables run on an accelerator."""
    return jax.default_backend() != "cpu"


def agree(first: NDArray[Any], second: NDArray[Any]) -> bool:
    """Return whether two results agree, up to rounding errors that cancellation may have enlarged."""
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
    # Executing in the calling thread saves the switch to a pool, which takes longer than a small gradient.
    jax.config.update("jax_cpu_enable_async_dispatch", False)
    # Locations in the source cost tracing time and appear nowhere.
    jax.config.update("jax_include_full_tracebacks_in_locations", False)


def self_test() -> None:
    """Compare products that a broken jaxlib gets wrong with NumPy.

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
