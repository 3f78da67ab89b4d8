"""What a process of the service has: caches, queues, threads, deadlines, events, metrics, logs, stores, data, keys.

Nothing here knows mathematics or HTTP. Other rooms put keys, numbers, work and bytes in and get them back.
"""

__all__ = ["blas", "cache", "data", "deadlines", "events", "keys", "logs", "metrics", "processes", "queue", "store"]
