"""The command line: reads arguments, sends requests to the application or to a server, and prints the answers.

It also starts the service (``serving``), makes the keys that it accepts (``keys``), and serves agents over the standard
input and output (``mcp``).
"""

__all__ = ["commands", "serving"]
