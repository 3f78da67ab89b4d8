"""Pages for browsers: the playground at / and the OpenAPI document at /docs, from the files in ``static``."""

__all__ = ["pages"]
