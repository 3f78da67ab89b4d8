"""HTTP in, HTTP out: each protocol's requests become queries of the engine, and its answers become replies.

``http`` has what all protocols share: bodies, replies, errors, middlewares. ``rest`` and ``interop`` are the protocols,
``web`` the pages for browsers, ``server`` the connections below ASGI. ``health``, ``metrics`` and ``openapi`` are about
the service itself. ``services`` has the parts of one application, which ``app.application`` makes.
"""

__all__ = ["health", "http", "interop", "metrics", "openapi", "rest", "server", "services", "web"]
