"""The command line: reads arguments, sends requests to the application or to a server, and prints the answers.

It also starts the service, in this process or in several under a supervisor, makes the keys that it accepts
(``keys``), and serves agents over the standard input and output (``mcp``). ``sockets`` has all that the service
listens on.
"""

__all__ = ["commands"]
