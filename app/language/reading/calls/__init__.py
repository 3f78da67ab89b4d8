"""What is called: words, functions that are given functions, distributions, methods; ``calling`` finds out which."""

__all__ = ["calling", "control", "elementwise", "methods", "selections"]
