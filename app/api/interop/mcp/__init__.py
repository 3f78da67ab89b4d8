"""Model Context Protocol: a few tools over the REST routes, for agents that compute.

In comes a call of a tool with a function as text; out goes an answer with typed content, or an error that shows the
place in the text and what to write instead. ``tools`` is the closed table of tools. A tool asks a ``service.Service``
for what the REST routes answer: over HTTP that is this application (``routes``), over stdio what ``gradserve mcp`` is
told (``app.cli.mcp``). ``sdk`` is the only module that loads the official SDK, which takes half a second; ``json_rpc``
has the messages that need none. Nothing here loads JAX but ``routes``.
"""

__all__ = ["json_rpc", "routes", "sdk", "service", "tools"]
