"""The converter of published antiderivatives, on entries made up here."""

import pytest

from tests.benchmarks import antiderivatives
from tests.benchmarks.antiderivatives import Case, NotConverted, Tally

SAMPLE = """
(* ::Package:: *)
(* Made up for this test, in the syntax of the suite *)
{x^3, x, 1, x^4/4}
{a + b*x^2, x, 2, a*x + (b*x^3)/3}
{Sin[a + b*x], x, 1, -(Cos[a + b*x]/b)}
{E^(a*x), x, 1, E^(a*x)/a}
{Log[x]^2, x, 2, 2*x - 2*x*Log[x] + x*Log[x]^2}
{1/(a^2 + x^2), x, 1, ArcTan[x/a]/a}
{1/Sqrt[1 + x^2], x, 1, ArcSinh[x]}
{x*E^x, x, 2,
  -E^x + E^x*x, 3}
{Sec[x]^2, x, 1, Tan[x]}
{Cosh[x]*Sinh[x], x, 1, Sinh[x]^2/2}
{2 x (1 + x), x, 1, x^2 + 2 x^3/3}
{1/x, x, 1, Log[x]}
{Sqrt[x], x, 1, (2*x^(3/2))/3}
{Erf[x], x, 1, 1/(E^x^2*Sqrt[Pi]) + x*Erf[x]}
{1/(x*Log[x]), x, 1, Log[Log[x]]}
{x^2, x, 1, x^3}
{x, x, 1, Unheard[x, 2]}
{Sqrt[-1 - x^2], x, 1, x*Sqrt[-1 - x^2]}
{1/(1 + x), x, 1, I*ArcTan[x]}
{f[x], x, 0, Unintegrable[f[x], x]}
"""


def test_every_entry_of_a_file_is_found() -> None:
    found = list(antiderivatives.cases(SAMPLE))
    assert len(found) == 19
    assert found[7] == Case("x*E^x", "x", "-E^x + E^x*x")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x^2", "x_**2"),
        ("2 x (1 + x)", "2*x_*(1+x_)"),
        ("ArcTan[x/a]/a", "atan(x_/a_)/a_"),
        ("E^(2*x)", "e**(2*x_)"),
        ("Sin[x]^2 Cos[x]", "sin(x_)**2*cos(x_)"),
        ("1.5*^-3*beta", "1.5e-3*beta_"),
        ("Pi x", "pi*x_"),
        ("Gamma[1/2, x] + Gamma[x]", "uppergamma(1/2,x_)+gamma(x_)"),
    ],
)
def test_an_expression_is_converted(text: str, expected: str) -> None:
    assert antiderivatives.converted(text) == expected


@pytest.mark.parametrize("text", ["I*x", "x -> 2", "Sum[1/n, {n, 1, 3}]", "x[[1]]"])
def test_what_is_not_read_is_refused(text: str) -> None:
    with pytest.raises(NotConverted):
        antiderivatives.converted(text)


def test_the_shares_are_counted() -> None:
    tally = Tally()
    for case in antiderivatives.cases(SAMPLE):
        antiderivatives.check(case, tally)
    assert (tally.right, tally.wrong, tally.unreal) == (15, ["x^3 of x^2"], 2)
    assert dict(tally.refused) == {"Unheard": 1}
    lines = tally.lines()
    assert lines[0] == "16 of 17 with real values taken (94.1%)"
    assert lines[1:3] == ["2 not real, 0 without a digit", "15 of 16 right"]
