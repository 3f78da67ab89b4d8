"""Pages for browsers, files in ``static``: the playground at /, fits at /fit, the OpenAPI document at /docs."""

__all__ = ["pages"]
