"""Words of arrays, by what they do: a module has a table of its words, which ``arrays.functions`` joins."""

__all__ = [
    "convolutions",
    "creation",
    "densities",
    "hypergeometric",
    "joining",
    "positions",
    "reductions",
    "scans",
    "searching",
    "splitting",
    "statistics",
]
