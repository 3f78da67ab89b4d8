"""Whether the tests find mistakes: small changes of the code, each of which some test of its room should fail on.

``python -m tests.mutation`` takes a sample of all such changes (``mutants``), makes one at a time in a copy of the
repository (``trials``) and runs the tests of its room (``rooms``) until the first failure. A change that no test finds
is printed with its line: a test is missing, or the change means the same and gets a row in ``equivalents``. In the end
the tests that found mutants are run on the code as it is, where they must pass.
"""
