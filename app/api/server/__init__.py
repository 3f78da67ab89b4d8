"""uvicorn as this service needs it: bytes of connections in, responses out, for any ASGI application.

``protocol`` answers hot requests without ASGI and leaves all others to uvicorn; ``heads`` are heads that need not be
parsed again; ``connections`` bounds what a client may hold up; ``tls`` encrypts connections; ``shutdown`` ends a server
without losing requests. uvicorn's own attributes are used in ``uvicorn_adapter`` only.
"""

__all__ = ["protocol", "shutdown", "tls", "uvicorn_adapter"]
