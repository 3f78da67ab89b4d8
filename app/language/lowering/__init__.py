"""From nodes of arrays to nodes of numbers, one for each element: for few numbers, and for formulae.

``walk`` walks an expression, over arrays of ``cells``; ``rules`` has the primitives of arrays, ``matrices`` those of
linear algebra, and ``lines`` the words that have a better form in numbers than the primitives they are made of.
"""

__all__ = ["cells", "lines", "matrices", "rules", "walk"]
