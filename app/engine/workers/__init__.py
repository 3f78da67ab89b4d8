"""Worker processes that compile and derive formulae, and can be killed.

In comes a job (``jobs``), out come bytes: a serialised executable, or formulae as JSON. ``pool`` hands jobs to
processes and replaces those that exceed a limit; ``process`` is one of them, from both sides of its pipes.
"""

__all__ = ["jobs", "pool", "process"]
