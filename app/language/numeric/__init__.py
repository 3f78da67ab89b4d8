"""Numbers by NumPy and SciPy: the value of every word, and constants folded with them."""

__all__ = ["array_folding", "closed_forms", "exact", "folding", "hosted", "numpy_words", "special_forms"]
