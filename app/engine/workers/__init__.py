"""Worker processes that compile and derive formulae, and can be killed.

In comes a job (``jobs``, ``enclosures``), out come bytes: a serialised executable, or formulae or enclosures as JSON.
``pool`` hands jobs to processes and replaces those that exceed a limit; ``process`` is one of them, from both sides of
its pipes.
"""

__all__ = ["enclosures", "jobs", "pool", "process"]
