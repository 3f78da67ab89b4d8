"""The command line: reads arguments, sends requests to the application or to a server, and prints the answers.

It also starts the service, in this process or in several under a supervisor, and makes the keys that it accepts
(``keys``). ``sockets`` has all that the service listens on.
"""

__all__ = ["commands"]
