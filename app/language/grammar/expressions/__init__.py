"""One expression to stack code: ``parser`` takes values, ``shunting`` operators, ``brackets`` what stands in brackets.

``operators`` has their levels; ``dotted`` tells a member of a variable from a name of a library.
"""

__all__ = ["dotted", "operators", "parser"]
