"""``"verify": "rigorous"``: enclosures of an answer's numbers on the wire, their bounds, and what is refused."""

import asyncio
import contextlib
import dataclasses
import math
import os
import signal
from typing import Any

import httpx
import pytest

from app import errors
from app.autodiff.balls import ends
from app.engine.workers import enclosures, pool
from app.language.limits import TextLimits
from app.runtime import deadlines
from tests.engine.test_workers import Use, with_shared_workers  # noqa: F401 - a fixture
from tests.support.service import Client

pytest.importorskip("flint")

RIGOROUS = {"verify": "rigorous"}
CUBIC = {"expression": "x**2*y + y**3", "point": [1.0, 2.0], "argnums": [0, 1]} | RIGOROUS


def test_value_and_gradient_lie_in_their_enclosures(client: Client) -> None:
    answer = client.grad("5*x**2 + sin(y)", [1.0, 2.0], argnums=["x", "y"], **RIGOROUS)
    assert answer["certified"] is True
    assert "reason" not in answer
    enclosure = answer["enclosure"]
    assert enclosure["gradient"][0] == [10.0, 10.0]
    assert enclosure["gradient"][1] == [-0.4161468365471424, -0.41614683654714235]
    assert enclosure["value"] == [5.909297426825681, 5.909297426825682]
    assert "verify" not in answer


@pytest.mark.parametrize(
    ("path", "field", "extra", "expected"),
    [
        ("hessian", "hessian", {}, [[[4.0, 4.0], [2.0, 2.0]], [[2.0, 2.0], [12.0, 12.0]]]),
        ("jacobian", "jacobian", {}, [[4.0, 4.0], [13.0, 13.0]]),
        ("jvp", "jvp", {"tangents": [1.0, 0.5]}, [10.5, 10.5]),
        ("vjp", "vjp", {"cotangent": 2.0}, [[8.0, 8.0], [26.0, 26.0]]),
        ("hvp", "hvp", {"tangents": [1.0, 0.5]}, [[5.0, 5.0], [8.0, 8.0]]),
        ("jvp", "jvp", {"tangents": [[1.0, 0.5], [0.0, 1.0]]}, [[10.5, 10.5], [13.0, 13.0]]),
    ],
)
def test_every_derivative_has_enclosures(
    client: Client, path: str, field: str, extra: dict[str, Any], expected: Any
) -> None:
    answer = client.answer(CUBIC | extra, f"/v1/{path}")
    assert answer["certified"] is True
    assert answer["enclosure"] == {"value": [10.0, 10.0], field: expected}


def test_arrays_batches_and_registered_functions_have_them(client: Client) -> None:
    text = "def f(A, v):\n    w = A @ v\n    for i in range(3):\n        w = w * w\n    return sum(w)"
    point = [[[1.0, 2.0], [0.5, -1.0]], [1.0, 3.0]]
    answer = client.grad(text, point, argnums=[0, 1], **RIGOROUS)
    assert answer["certified"] is True
    assert answer["enclosure"]["value"] == [7.0**8 + 2.5**8] * 2
    assert answer["enclosure"]["gradient"][0][1] == [[-8 * 2.5**7] * 2, [-24 * 2.5**7] * 2]
    both = client.grad("x**3", [[1.0, 2.0]], in_axes=0, **RIGOROUS)
    assert both["enclosure"] == {"value": [[1.0, 1.0], [8.0, 8.0]], "gradient": [[3.0, 3.0], [12.0, 12.0]]}
    known = client.post({"expression": "x*y"}, "/v1/functions").json()["function_id"]
    by_id = client.answer({"point": [3.0, 4.0]} | RIGOROUS, f"/v1/functions/{known}/grad")
    assert by_id["enclosure"] == {"value": [12.0, 12.0], "gradient": [4.0, 4.0]}
    several = {"expression": ["r*r", "r*s"], "point": [2.0, 3.0], "argnums": [0, 1]} | RIGOROUS
    jacobian = client.answer(several, "/v1/jacobian")["enclosure"]["jacobian"]
    assert jacobian == [[[4.0, 4.0], [3.0, 3.0]], [[0.0, 0.0], [2.0, 2.0]]]


@pytest.mark.parametrize(
    ("text", "point", "told"),
    [
        ("log(x)", 0.0, "nothing is known of 2 of 2 numbers"),
        ("x if sin(x)**2 + cos(x)**2 > 1 else 3*x", 0.5, "wider than 1e-15"),
        ("(1 + x) - 1", 1e-17, "more than 4 ulp"),
    ],
)
def test_what_is_not_certified_says_why(client: Client, text: str, point: float, told: str) -> None:
    answer = client.grad(text, [point], **RIGOROUS)
    assert answer["certified"] is False
    assert told in answer["reason"]


@pytest.mark.parametrize(
    ("fields", "code", "told"),
    [
        ({"expression": "x", "point": [1.0], "dtype": "float32"}, "invalid_field", "float64"),
        ({"expression": "sum(X)", "point": [[1.0] * 20_001]}, "too_complex", "the limit is 20000"),
        ({"expression": "X[argsort(X)[0]]", "point": [[2.0, 1.0]]}, "unknown_name", "whole arrays"),
        ({"expression": "x", "point": [1.0], "verify": "rigid"}, "invalid_field", "rigorous"),
    ],
)
def test_what_has_no_enclosures_is_refused(client: Client, fields: dict[str, Any], code: str, told: str) -> None:
    response = client.post(RIGOROUS | fields)
    assert response.status_code == 422
    assert response.json()["code"] == code
    assert told in response.json()["detail"] + response.json().get("hint", "")


def test_without_the_extra_the_refusal_names_it(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ends, "is_installed", lambda: False)
    response = client.post(CUBIC)
    assert response.status_code == 422
    assert "gradserve[proofs]" in response.json()["hint"]
    assert response.json()["field"] == "verify"


def job(text: str, **limits: Any) -> enclosures.EnclosureJob:
    bounds = dataclasses.replace(enclosures.EnclosureLimits(), **limits)
    return enclosures.EnclosureJob(text, ("x",), ((),), ((0.5,),), (0,), "grad", (), TextLimits(), bounds, "f")


def test_a_word_without_balls_is_refused_by_name_and_place(monkeypatch: pytest.MonkeyPatch) -> None:
    from app.autodiff.balls import words  # noqa: PLC0415 - needs the extra

    monkeypatch.delitem(words.WORDS, "airyai")
    with pytest.raises(errors.NotEnclosed, match="AiryAi has no enclosure") as caught:
        job("2*x + AiryAi(x)").perform()
    assert caught.value.position is not None
    assert caught.value.position.offset == 6


@pytest.mark.slow
def test_a_process_that_does_not_end_is_stopped(with_shared_workers: Use[None]) -> None:  # noqa: F811
    slow = " + ".join(f"sin({n}*x)" for n in range(4000))

    async def use(workers: pool.Workers) -> None:
        with pytest.raises(errors.TooExpensive, match="enclosing this function's numbers was stopped at its deadline"):
            await workers.derive(job(slow, rigorous_seconds=-1.4))
        with pytest.raises(errors.TooExpensive, match="memory"):
            await workers.derive(job(slow + "+ 0.5", rigorous_memory_bytes=1))
        found = await workers.derive(job("x*x"))
        assert (found["lower"], found["upper"]) == ([0.25, 1.0], [0.25, 1.0])

    _, recorder = with_shared_workers(use)
    assert recorder.reasons() == ["deadline", "memory"]


@pytest.mark.slow
def test_a_process_killed_in_the_middle_of_a_proof_is_replaced(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, the proof is done again; each time, it is refused by its reason; afterwards others are proved."""
    monkeypatch.setattr(deadlines, "START_SECONDS", 600.0)  # three processes start one after another, however slowly
    workers = client.app.state.services.engine.workers
    slow = " + ".join(f"sin({n}*x)" for n in range(1, 1000))

    async def killed(text: str, most: int) -> tuple[httpx.Response, int]:
        http = httpx.AsyncClient(transport=httpx.ASGITransport(client.app), base_url="http://service")
        document = {"expression": text, "point": [0.5]} | RIGOROUS
        answering = asyncio.ensure_future(http.post("/v1/grad", json=document))
        times = 0
        while times < most and not answering.done():
            before = workers.pids if workers._at_work else ()
            await asyncio.sleep(0.01)
            if before and workers._at_work and not answering.done():
                for pid in before:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                times += 1
        return await answering, times

    for _ in range(10):
        once, times = client.run(killed(slow, 1))
        if times:  # on a busy machine the proof may end before it is seen to run
            break
    assert times == 1
    assert once.status_code == 200, once.text
    lower, upper = once.json()["enclosure"]["value"]
    total = math.sin(249.75) * math.sin(250) / math.sin(0.25)
    assert upper - lower < 1e-14
    assert abs(total - lower) < 1e-12
    always, times = client.run(killed(f"2*({slow})", 100))
    assert times >= 2  # a signal may end the worker of the next try, too
    assert (always.status_code, always.json()["code"]) == (422, "too_expensive")
    assert "ended its process every time" in always.json()["detail"]
    again, _ = client.run(killed(f"2*({slow})", 0))
    assert "ended its process every time a short while ago" in again.json()["detail"]
    assert client.grad("x*x", [3.0], **RIGOROUS)["enclosure"] == {"value": [9.0, 9.0], "gradient": [6.0, 6.0]}
