"""A text of several statements to its function: ``parser`` reads ``entries``, ``choice`` says which is asked about.

``classes`` reads classes: ``records`` of fields, and ``instances`` whose attributes an ``__init__`` sets.
"""

__all__ = ["parser"]
