"""Protocols of other projects: UM-Bridge, Tesseract, Open Inference and Model Context, a package for each.

In come requests as the clients of those projects send them; out go queries to ``app.engine``, and replies and errors in
each protocol's own form. Each package has ``routes`` (paths, examples and errors), ``schemas`` (bodies in the OpenAPI
document), ``model`` (the function that a request names, and its derivatives) and a codec of arrays. This package holds
what they share: ``endpoints`` (routes and their entries in the OpenAPI document), ``wires`` (errors that no endpoint
answers), ``json_bodies``, ``named_arrays`` and ``array_query``.
"""

__all__ = ["endpoints", "inference", "mcp", "tesseract", "umbridge", "wires"]
