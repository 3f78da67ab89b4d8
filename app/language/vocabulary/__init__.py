"""What a client may write: functions, constants, prefixes and relations, as tables.

``word`` defines the row of a function; ``functions`` has the tables of such rows, ``words`` joins them and looks
functions up. ``distributions`` has the densities, whose names have a dot; ``methods`` what may stand behind a dot, and
``types`` the names of types. ``resolve`` says what a name in a text means, or refuses it; ``foreign`` knows names of
other languages and libraries, for its hints.
"""

__all__ = [
    "constants",
    "distributions",
    "foreign",
    "forms",
    "functions",
    "methods",
    "prefixes",
    "relations",
    "resolve",
    "types",
    "word",
    "words",
]
