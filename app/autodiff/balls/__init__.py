"""Ball arithmetic: enclosures of a tape's value and derivatives, by Arb (python-flint).

A ball is a midpoint and a radius that surely contain a number (Johansson, Arb: efficient arbitrary-precision
midpoint-radius interval arithmetic, IEEE Transactions on Computers 66, 2017). ``words`` is the namespace of the table
over ``ball.Ball``; ``elementary``, ``special`` and ``hosted`` have the values, ``slopes`` the derivatives that are no
other word. ``enclosing`` runs a tape at rising precision until every ball is tight.

python-flint is an optional extra, so only worker processes import these modules; ``ends`` needs none of it.
"""

__all__ = ["enclosing", "ends"]
