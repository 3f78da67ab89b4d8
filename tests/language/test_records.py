"""Records: namedtuples, classes of fields, and what is refused of them."""

import pytest

from tests.support.service import Client

FIELDS = "class P(NamedTuple):\n    a: float\n    b: float = 2.0\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (FIELDS + "def f(x):\n    p = P(x)\n    a, b = p\n    return p.a*p.b + a + p[1]*b + len(p)", 15.0),
        (FIELDS + "def f(x):\n    return P(x, b=1)._replace(a=5)._asdict()['a']*x", 15.0),
        ('P = namedtuple("P", "T, size", defaults=[2])\ndef f(x):\n    return P(x).T + P(x).size', 5.0),
        ("@dataclass\nclass P:\n    g: float\ndef f(x):\n    p = P(lambda v: v**2)\n    return p.g(x)", 9.0),
        (FIELDS + "def f(x):\n    p = P(x)\n    q = dataclasses.replace(p, a=1)\n    return q.a + p.a", 4.0),
    ],
)
def test_a_record_is_a_tuple_with_names(client: Client, text: str, value: float) -> None:
    assert client.grad(text, [3.0])["value"] == value


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (FIELDS + "def f(x):\n    return P(x).c", "its fields are a, b"),
        (FIELDS + "def f(x):\n    return P(x)._replace(c=1).a", "its fields are a, b"),
        (FIELDS + "def f(x):\n    return P(x).sum()", "its fields are a, b"),
        ("class P:\n    a: float\ndef f(x):\n    return P(x).a", "NamedTuple or @dataclass"),
        (FIELDS + "    def g(self): return self.a\ndef f(x):\n    return P(x).h()", "its fields are a, b"),
        (FIELDS + "    @classmethod\n    def g(cls): return 1\ndef f(x):\n    return P(x).a", "decorator"),
        (
            "class P(NamedTuple):\n    a: float = 1.0\n    b: float\ndef f(x):\n    return P(x).a",
            "fields with defaults",
        ),
        ('P = namedtuple("P", "a a")\ndef f(x):\n    return P(x).a', "namedtuple("),
    ],
)
def test_what_a_record_does_not_have_is_refused_with_a_hint(client: Client, text: str, hint: str) -> None:
    answer = client.post({"expression": text, "point": [3.0]}).json()
    assert hint in answer["hint"], answer


@pytest.mark.parametrize(
    "record",
    [
        'P = namedtuple("P", "t values")',
        'P = namedtuple("P", ["t", "values"])',
        "class P(NamedTuple):\n    t: float\n    values: float",
    ],
)
def test_a_field_may_have_the_name_of_a_method_of_other_libraries(client: Client, record: str) -> None:
    text = f"{record}\ndef f(X):\n    p = P(X.sum(), 2.0)\n    return p.t*p.values"
    assert client.answer({"expression": text, "point": [[1.0, 2.0, 3.0]]})["gradient"] == [2.0, 2.0, 2.0]
