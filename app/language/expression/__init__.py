"""What expressions are made of: ``values`` while a text is read, ``nodes`` of arrays, ``primitives`` with their shapes.

``result.Expression`` is what reading gives; ``app.autodiff`` records it onto a tape. The nodes of numbers are SymPy's.
"""

__all__ = ["nodes", "primitives", "result", "values"]
