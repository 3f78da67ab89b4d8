"""The nonlinear regression problems of NIST's Statistical Reference Datasets, with certified answers.

Source: https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml (public domain). ``nist.json`` has the data, both starts
and the certified numbers of each problem as published, to 11 digits.
"""

import json
from pathlib import Path

from tests.correctness.fits import Problem

_MODELS = (
    ("Bennett5", "b1*(b2 + x)**(-1/b3) - y"),
    ("BoxBOD", "b1*(1 - exp(-b2*x)) - y"),
    ("Chwirut1", "exp(-b1*x)/(b2 + b3*x) - y"),
    ("Chwirut2", "exp(-b1*x)/(b2 + b3*x) - y"),
    ("DanWood", "b1*x**b2 - y"),
    ("Eckerle4", "(b1/b2)*exp(-0.5*((x - b3)/b2)**2) - y"),
    (
        "ENSO",
        (
            "b1 + b2*cos(2*pi*x/12) + b3*sin(2*pi*x/12) + b5*cos(2*pi*x/b4) + b6*sin(2*pi*x/b4)"
            " + b8*cos(2*pi*x/b7) + b9*sin(2*pi*x/b7) - y"
        ),
    ),
    ("Gauss1", "b1*exp(-b2*x) + b3*exp(-(x - b4)**2/b5**2) + b6*exp(-(x - b7)**2/b8**2) - y"),
    ("Gauss2", "b1*exp(-b2*x) + b3*exp(-(x - b4)**2/b5**2) + b6*exp(-(x - b7)**2/b8**2) - y"),
    ("Gauss3", "b1*exp(-b2*x) + b3*exp(-(x - b4)**2/b5**2) + b6*exp(-(x - b7)**2/b8**2) - y"),
    ("Hahn1", "(b1 + b2*x + b3*x**2 + b4*x**3)/(1 + b5*x + b6*x**2 + b7*x**3) - y"),
    ("Kirby2", "(b1 + b2*x + b3*x**2)/(1 + b4*x + b5*x**2) - y"),
    ("Lanczos1", "b1*exp(-b2*x) + b3*exp(-b4*x) + b5*exp(-b6*x) - y"),
    ("Lanczos2", "b1*exp(-b2*x) + b3*exp(-b4*x) + b5*exp(-b6*x) - y"),
    ("Lanczos3", "b1*exp(-b2*x) + b3*exp(-b4*x) + b5*exp(-b6*x) - y"),
    ("MGH09", "b1*(x**2 + x*b2)/(x**2 + x*b3 + b4) - y"),
    ("MGH10", "b1*exp(b2/(x + b3)) - y"),
    ("MGH17", "b1 + b2*exp(-x*b4) + b3*exp(-x*b5) - y"),
    ("Misra1a", "b1*(1 - exp(-b2*x)) - y"),
    ("Misra1b", "b1*(1 - (1 + b2*x/2)**(-2)) - y"),
    ("Misra1c", "b1*(1 - (1 + 2*b2*x)**(-0.5)) - y"),
    ("Misra1d", "b1*b2*x*((1 + b2*x)**(-1)) - y"),
    ("Nelson", "b1 - b2*x1*exp(-b3*x2) - log(y)"),
    ("Rat42", "b1/(1 + exp(b2 - b3*x)) - y"),
    ("Rat43", "b1/((1 + exp(b2 - b3*x))**(1/b4)) - y"),
    ("Roszman1", "b1 - b2*x - arctan(b3/(x - b4))/pi - y"),
    ("Thurber", "(b1 + b2*x + b3*x**2 + b4*x**3)/(1 + b5*x + b6*x**2 + b7*x**3) - y"),
)


def _problems() -> tuple[Problem, ...]:
    published = json.loads(Path(__file__).with_suffix(".json").read_text())
    rows = []
    for name, expression in _MODELS:
        facts = published[name]
        rows.append(
            Problem(
                name,
                expression,
                starts=tuple({f"b{i}": b for i, b in enumerate(start, 1)} for start in facts["starts"]),
                minima=(facts["residual_sum_of_squares"],),
                data={argument: tuple(numbers) for argument, numbers in facts["data"].items()},
                solution=tuple(facts["parameters"]),
                standard_errors=tuple(facts["standard_errors"]),
            )
        )
    return tuple(rows)


PROBLEMS = _problems()
