"""ASGI middlewares: each does one thing to every request and passes it on; ``app.application`` has their order.

A middleware that refuses a request raises an error, which ``error_boundary`` turns into a reply. The hot lane
(``hot_lane``) asks the same objects without ASGI.
"""

__all__ = [
    "access_log",
    "address",
    "auth",
    "backpressure",
    "compression",
    "draining",
    "error_boundary",
    "framework",
    "header_limits",
    "ratelimit",
    "request_id",
    "tracing",
]
