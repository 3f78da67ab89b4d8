"""What all protocols over HTTP share: from headers and bytes to a decoded body, from a reply or an error to bytes.

``handler`` takes one request to its reply. It reads by ``body`` and ``json_stream``; ``replies`` and ``problem`` write.
``middleware`` is around all of it, and ``hot_lane`` is the way past ASGI.
"""

__all__ = ["body", "handler", "hot_lane", "json_stream", "middleware", "problem", "replies", "routing"]
