"""Whether the tests find mistakes: small changes of the code, each of which some test should fail on.

``python -m tests.mutation`` takes a sample of all such changes (``mutants``) and runs the fast tests once to see which
of them run the changed lines (``reach``). It makes one change at a time in a copy of the repository (``trials``) and
runs the tests of its line until the first failure, and those of its room (``rooms``) if none fails. A change that no
test finds is printed with its line: a test is missing, or the change means the same and gets a row in ``equivalents``.
In the end the tests that found mutants are run on the code as it is, where they must pass.
"""
