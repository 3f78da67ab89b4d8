"""What expressions of arrays are made of: the classes of their nodes, and the primitives with their shapes.

``tracer`` makes the nodes, ``app.autodiff.arrays`` records them onto a tape. Numbers need nothing of this: their nodes
are SymPy's own.
"""

__all__ = ["nodes", "primitives"]
