"""The REST protocol, version 1: derivatives, functions by their id, formulae, and reference documents.

Each module has the routes of one kind of request as a ``router``, and its ``handler.Operation`` objects; ``schemas``
has the models of requests and responses. In comes a validated request, out goes a ``replies.Reply``.
"""

__all__ = ["derivatives", "functions", "reference", "schemas", "symbolic"]
