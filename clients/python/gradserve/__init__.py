"""Values and exact derivatives of functions given as text, from a gradserve service.

``client`` has Client and AsyncClient, ``function`` what is registered, ``numbers`` numbers on the wire, ``errors`` the
exceptions. ``jax``, ``torch`` and ``scipy`` make functions of these libraries, and are imported where they are needed;
``forms`` has the derivatives of any order for the first two.
"""

from gradserve.client import AsyncClient, Client
from gradserve.errors import Forbidden, GradserveError, InvalidFunction, NotFound, Rejected, Unavailable
from gradserve.function import Function
from gradserve.numbers import Data

__all__ = [
    "AsyncClient", "Client", "Data", "Forbidden", "Function", "GradserveError", "InvalidFunction", "NotFound",
    "Rejected", "Unavailable",
]  # fmt: skip
