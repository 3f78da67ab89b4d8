"""SciPy's methods: what each takes and uses, and which one is the default."""

from __future__ import annotations

from typing import NamedTuple

from app import errors
from app.engine.fits.query import Kind

Method = NamedTuple(  # noqa: UP014 - one line a row
    "Method",
    [
        ("name", str),
        ("kind", Kind),
        ("uses", str),  # derivatives of the objective: "", "gradient", "products" or "hessian"; "jacobian" of residuals
        ("bounds", bool),
        ("constraints", bool),
    ],
)

ALL = (
    Method("Nelder-Mead", "minimize", "", True, False),
    Method("Powell", "minimize", "", True, False),
    Method("COBYQA", "minimize", "", True, True),
    Method("CG", "minimize", "gradient", False, False),
    Method("BFGS", "minimize", "gradient", False, False),
    Method("L-BFGS-B", "minimize", "gradient", True, False),
    Method("TNC", "minimize", "gradient", True, False),
    Method("SLSQP", "minimize", "gradient", True, True),
    Method("Newton-CG", "minimize", "products", False, False),
    Method("trust-ncg", "minimize", "products", False, False),
    Method("trust-krylov", "minimize", "products", False, False),
    Method("trust-constr", "minimize", "products", True, True),
    Method("trust-exact", "minimize", "hessian", False, False),
    Method("dogleg", "minimize", "hessian", False, False),
    Method("trf", "least_squares", "jacobian", True, False),
    Method("dogbox", "least_squares", "jacobian", True, False),
    Method("lm", "least_squares", "jacobian", False, False),
    Method("hybr", "root", "jacobian", False, False),
    Method("lm", "root", "jacobian", False, False),
    Method("krylov", "root", "", False, False),
    Method("df-sane", "root", "", False, False),
    Method("broyden1", "root", "", False, False),
    Method("anderson", "root", "", False, False),
)


def find(kind: Kind, name: str | None, *, bounds: bool, constraints: bool, moved: int) -> list[Method]:
    """Return the methods to try in turn: the one that is asked for, or good ones for the problem.

    Raises ``errors.InvalidField`` for a name that is not SciPy's, or a method that cannot take what is given.
    """
    own = {method.name.lower(): method for method in ALL if method.kind == kind}
    if name is None:
        return [own[each.lower()] for each in _defaults(kind, bounds, constraints, moved)]
    found = own.get(name.lower())
    if found is None:
        listed = ", ".join(method.name for method in own.values())
        detail = f"{errors.quote(name)} is not a method of {kind}"
        raise errors.InvalidField(detail, hint=f"methods: {listed}", field="method")
    for given, takes, what in ((bounds, found.bounds, "bounds"), (constraints, found.constraints, "constraints")):
        if given and not takes:
            listed = ", ".join(
                each.name
                for each in own.values()
                if (each.bounds or not bounds) and (each.constraints or not constraints)
            )
            raise errors.InvalidField(
                f"the method {found.name} takes no {what}",
                hint=f"methods that take them: {listed}" if listed else None,
                field=what,
            )
    return [found]


def _defaults(kind: Kind, bounds: bool, constraints: bool, moved: int) -> list[str]:
    if kind == "least_squares":
        return ["trf"] if bounds else ["trf", "lm"]
    if kind == "root":
        return ["hybr", "lm"]
    if constraints:
        return ["SLSQP", "trust-constr", "SLSQP"]
    if bounds:
        return ["L-BFGS-B", "TNC", "trust-constr", "L-BFGS-B"] if moved <= _FEW else ["L-BFGS-B", "TNC"]
    return ["trust-exact", "BFGS"] if moved <= _FEW else ["L-BFGS-B"]


_FEW = 50
"""Numbers up to which a Hessian is computed at each iteration: it costs as much as so many gradients."""
