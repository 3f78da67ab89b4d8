"""Plain texts to their recordings, in one pass, in a fifth of the general reader's time.

Most texts that a client sends for the first time are plain: operators, literals, ``pi`` and ``e``, functions of
numbers, named arguments and elements of them, bare or as what one ``lambda`` or ``def`` returns. ``reader`` gives the
recording that ``language.parse`` and ``tape.record_cells`` give, without tokens with offsets, stack code and nodes; it
leaves everything else to them: texts with other words, and all errors.

``heads`` takes the body of a function and its parameters. ``vocabulary`` says what is plain. ``writer`` writes the
tape; ``constants`` folds what needs no instruction.
"""

__all__ = ["constants", "heads", "reader", "vocabulary", "writer"]
