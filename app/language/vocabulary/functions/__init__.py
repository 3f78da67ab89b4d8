"""Tables of the functions, a row each: what they are called, what they mean, and how they are differentiated.

``elementary``, ``special`` and ``relatives`` are words of numbers; ``hosted`` and ``orders`` those that only NumPy
computes; ``arrays`` and ``control`` take arrays and functions, ``array_texts``, ``jax_texts`` and ``ufuncs`` are texts
over them.
"""

__all__ = [
    "array_texts",
    "arrays",
    "control",
    "elementary",
    "hosted",
    "jax_texts",
    "orders",
    "relatives",
    "special",
    "ufuncs",
]
