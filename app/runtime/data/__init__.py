"""Arrays that stay, by the digest of their content: ``arrays`` has one of them, ``store`` keeps and finds them."""

__all__ = ["arrays", "store"]
