"""A text of several statements to its function: ``parser`` reads ``entries``, ``choice`` says which is asked about."""

__all__ = ["parser"]
