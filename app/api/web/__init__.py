"""Pages for browsers, files in ``static``: the playground at /, fits at /fit, the OpenAPI document at /docs.

``guide`` makes the pages at /guide from the documents of the repository.
"""

__all__ = ["guide", "pages"]
