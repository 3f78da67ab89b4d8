"""What a client may write: functions, constants, prefixes and relations, as tables.

``word`` defines the row of a function; ``elementary``, ``special``, ``relatives``, ``hosted``, ``orders`` and
``arrays`` are tables of such rows; ``words`` joins them and looks functions up. ``distributions`` has the densities,
whose names have a dot. ``resolve`` says what a name in a text means, or refuses it.
"""

__all__ = [
    "constants",
    "distributions",
    "forms",
    "hosted",
    "orders",
    "prefixes",
    "relations",
    "resolve",
    "special",
    "word",
    "words",
]
