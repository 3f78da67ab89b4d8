"""The service as a process: ``serve`` starts it, in this process or in several under a ``supervisor``.

``sockets`` has all that it listens on.
"""

__all__ = ["serve", "sockets", "supervisor"]
