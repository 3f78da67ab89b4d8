"""What a client may write: functions, constants, prefixes and relations, as tables.

``word`` defines the row of a function; ``elementary``, ``special`` and ``arrays`` are tables of such rows; ``words``
joins them and looks functions up. ``resolve`` says what a name in a text means, or refuses it.
"""

__all__ = ["constants", "prefixes", "relations", "resolve", "special", "word", "words"]
