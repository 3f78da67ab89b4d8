"""The REST protocol, version 1: derivatives, fits, uncertainties, functions by id, formulae, reference documents.

Each module has the routes of one kind of request as a ``router``, and its ``handler.Operation`` objects; ``schemas``
has the models of requests and responses. In comes a validated request, out goes a ``replies.Reply``. ``links`` answers
derivatives by GET, ``batch`` many requests of one body, ``explain`` says how a gradient is computed.
"""

__all__ = [
    "batch", "data", "derivatives", "explain", "fits", "functions", "links", "propagate", "reference", "schemas",
    "symbolic", "taylor",
]  # fmt: skip
