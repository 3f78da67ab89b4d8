"""What all protocols over HTTP share: from headers and bytes to a decoded body, from a reply or an error to bytes.

``handler`` takes one request to its reply. It reads by ``body`` and ``json_stream``; ``replies``, ``problem`` and, in
parts, ``event_stream`` write.
``middleware`` is around all of it, and ``hot_lane`` is the way past ASGI.
"""

__all__ = [
    "body", "event_stream", "handler", "hot_lane", "json_faults", "json_stream", "middleware", "problem", "replies",
    "routing",
]  # fmt: skip
