"""Tesseract: a function as a component with named arrays as inputs and the outputs ``value`` and ``gradient``.

In come arrays as JSON lists or base64, out go arrays in the encoding that the client accepts (``arrays``).
"""

__all__ = ["routes"]
