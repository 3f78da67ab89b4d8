"""The languages that files are written in: for each a table of its words, its syntax, and the layout of a file.

``table`` lists them. ``numeric_python`` has NumPy and JAX. ``stablehlo`` exports a function by JAX instead.
"""

__all__ = [
    "c", "excel", "javascript", "julia", "matlab", "numeric_python", "python", "r", "rust", "stablehlo", "table",
]  # fmt: skip
