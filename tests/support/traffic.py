"""Mixed traffic: what the clients of a public service send together, as endless random requests."""

import random
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

Request = tuple[str, dict[str, Any]]  # path, document

_PLAIN = ["sin", "cos", "tanh", "atan", "exp(-0.1*%s**2)", "sqrt(1 + %s**2)", "log(2 + %s**2)"]
_SPECIAL = [
    *["gamma", "loggamma", "digamma", "erf", "erfc", "erfinv(tanh(%s))", "expit", "zeta(2 + %s**2)"],
    *[
        "besselj(0, %s)",
        "besseli(1, %s)",
        "bessely(2, 1 + %s**2)",
        "airyai",
        "lambertw(%s**2)",
        "ellipk(0.5*tanh(%s)**2)",
    ],
    *[
        "gammainc(2.5, 1 + %s**2)",
        "betainc(2, 3, expit(%s))",
        "polygamma(2, 1 + %s**2)",
        "hyp2f1(1, 2, 3.5, tanh(%s)/2)",
    ],
]
_REFUSED = [
    *["x +* y", "import os", "__import__('os')", "sinn(x)", "x.y.z", "foo(x, y)", "x**", "lambda: 1", "(" * 300],
    *["sum(sin(i*x) for i in range(10**7))", "det(zeros((4000, 4000)) + x)", "9**9**9**9", "x[0][1]", "X @ X @ Y"],
]
_MODELS = [
    "def loss(X, y, w):\n    p = 1/(1 + exp(-(X @ w)))\n    return -mean(y*log(p) + (1 - y)*log(1 - p)) + %r*sum(w**2)",
    "def loss(X, y, w):\n    return sum((X @ w - y)**2) + %r*norm(w)",
    "def loss(X, y, w):\n    K = exp(-%r*X @ X.T/9) + eye(len(y))\n    return slogdet(K)[1] + y @ solve(K, y) + sum(w)",
]


def _applied(word: str, inner: str) -> str:
    return word % inner if "%s" in word else f"{word}({inner})"


class Traffic:
    """Random requests. Half are about a few hot functions; the others are new."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - for variety, not for secrets
        self._hot = [self._expression() for _ in range(20)]
        self._kinds: list[tuple[int, Callable[[], Request]]] = [
            (50, self._hot_gradient),
            (16, self._new_gradient),
            (8, self._special),
            (6, self._hessian),
            (5, self._batch),
            (6, self._model),
            (9, self._refused),
        ]

    def requests(self, count: int) -> Iterator[Request]:
        return islice(self.endless(), count)

    def endless(self) -> Iterator[Request]:
        makers = [make for _, make in self._kinds]
        weights = [weight for weight, _ in self._kinds]
        while True:
            yield self._chance.choices(makers, weights)[0]()

    def _expression(self, words: list[str] = _PLAIN, depth: int = 0) -> str:
        if depth > 3 or (depth > 0 and self._chance.random() < 0.2):
            return self._chance.choice(["x", "y", f"{self._chance.uniform(0.1, 3):.4f}"])
        if self._chance.random() < 0.4:
            return _applied(self._chance.choice(words), self._expression(words, depth + 1))
        operator = self._chance.choice("+-*")
        return f"({self._expression(words, depth + 1)} {operator} {self._expression(words, depth + 1)})"

    def _point(self) -> list[float]:
        return [self._chance.uniform(0.1, 2), self._chance.uniform(0.1, 2)]

    def _asked(self, text: str, **fields: Any) -> dict[str, Any]:
        return {"expression": f"{text} + 0*x*y", "args": ["x", "y"], "point": self._point(), "argnums": [0, 1]} | fields

    def _hot_gradient(self) -> Request:
        return "/v1/grad", self._asked(self._chance.choice(self._hot))

    def _new_gradient(self) -> Request:
        return "/v1/grad", self._asked(self._expression())

    def _special(self) -> Request:
        return "/v1/grad", self._asked(self._expression(_SPECIAL, depth=2))

    def _hessian(self) -> Request:
        path = self._chance.choice(["/v1/hessian", "/v1/jacobian"])
        return path, self._asked(self._expression())

    def _batch(self) -> Request:
        rows = self._chance.choice([10, 100, 1000, 5000])
        columns = [[self._chance.uniform(0.1, 2) for _ in range(rows)] for _ in "xy"]
        return "/v1/grad", self._asked(self._expression(), point=columns, in_axes=0)

    def _model(self) -> Request:
        rows, width = self._chance.choice([20, 50, 150]), self._chance.randint(2, 6)
        features = [[self._chance.gauss(0, 1) for _ in range(width)] for _ in range(rows)]
        point = [features, [float(self._chance.random() < 0.5) for _ in range(rows)], [0.1] * width]
        text = self._chance.choice(_MODELS) % round(self._chance.uniform(0.1, 2), 3)
        path = self._chance.choice(["/v1/grad", "/v1/grad", "/v1/hessian"])
        return path, {"expression": text, "point": point, "argnums": 2}

    def _refused(self) -> Request:
        return "/v1/grad", self._asked(self._chance.choice(_REFUSED))
