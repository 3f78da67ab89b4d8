"""The whole service under a seeded clock: edge, admission, cache, store, workers and fits, with faults.

One application runs in one thread, on an event loop whose time is simulated (``clock``). Its threads, worker processes
and store are stand-ins that take time, fail, die, lose and damage what they are given (``faults``). Clients
(``clients``) send, wait, disconnect, read slowly, and know the right answers. ``world`` puts these together, and
``test_simulation`` says what must hold. All choices come from one seed, so a failure is repeated by its seed:

    python -m tests.simulation SEED

What is simulated is the order and the duration of what happens. The numbers are computed, the programs compiled.
"""
