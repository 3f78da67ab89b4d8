"""The namespaces that the rows of ``app.autodiff.table`` are written over.

``jax_words`` computes with arrays of JAX, and can be traced. ``forward`` turns a namespace into one of numbers with
tangents. With ``sympy_words`` the rows are formulae; ``hosted_formulae`` and ``order_formulae`` have those of host
words. The namespace of NumPy is in ``app.language``, because constants are folded with it.
"""

__all__ = ["forward", "hosted_formulae", "jax_special", "jax_words", "order_formulae", "sympy_words"]
