"""A simple service to compare with: FastAPI, SymPy's parser, and a dict of jitted gradients by text.

``python -m tests.benchmarks.servers.plain PORT``. SymPy's parser and ``lambdify`` evaluate what they are given: this
listens on 127.0.0.1 and gets texts of the benchmark's own making.
"""

import sys
from collections.abc import Callable
from typing import Any

import jax
import pydantic
import sympy
import uvicorn
from fastapi import FastAPI

jax.config.update("jax_enable_x64", True)

app = FastAPI()
compiled: dict[tuple[str, ...], Callable[..., Any]] = {}


class Question(pydantic.BaseModel):
    expression: str
    args: list[str]
    point: list[float]


class Answer(pydantic.BaseModel):
    value: float
    gradient: list[float]


@app.get("/readyz")
def ready() -> str:
    return "ready"


@app.post("/grad")
def grad(question: Question) -> Answer:
    key = (question.expression, *question.args)
    if key not in compiled:
        # Banned in gradserve, and what everybody reaches for first.
        expression = sympy.parse_expr(question.expression)  # noqa: TID251
        function = sympy.lambdify([sympy.Symbol(name) for name in question.args], expression, "jax")  # noqa: TID251
        compiled[key] = jax.jit(jax.value_and_grad(function, argnums=tuple(range(len(question.args)))))
    value, gradient = compiled[key](*question.point)
    return Answer(value=float(value), gradient=[float(part) for part in gradient])


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=False, log_level="warning")
