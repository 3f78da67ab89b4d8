"""What NumPy runs for each opcode.

* structural: the primitives; contractions has einsum
* floats: bodies of loops over numbers, by Python's own
"""

from app.autodiff.arrays.kernels import contractions, floats, structural

__all__ = ["contractions", "floats", "structural"]
