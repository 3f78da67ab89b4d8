"""The three steps of an answer, and the event at its end."""

import pytest

from app.engine import dispatch, engine, query
from app.engine.derivatives import gradients, transforms
from app.runtime import events
from tests.support.engines import Recorder
from tests.support.service import Client

TEXT = "a*x**3 + b/x + 0.375*a*b"
QUERY = query.Query("grad", TEXT, [2.0, 0.5, 3.0], ["a", "x", "b"], [0, 1, 2])


@pytest.fixture
def served(client: Client) -> engine.Engine:
    found: engine.Engine = client.app.state.services.engine
    return found


@pytest.fixture
def recorder(served: engine.Engine, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    found = Recorder()
    monkeypatch.setattr(served, "_observer", found)
    return found


def test_prepare_run_and_present_are_the_answer(client: Client, served: engine.Engine) -> None:
    async def steps() -> query.Answer:
        prepared = await served.preparation.prepare(QUERY)
        return served.present(prepared, await served.run(prepared))

    found, answer = client.run(steps()), client.run(served.answer(QUERY))
    assert (found.value, found.derivative) == (answer.value, answer.derivative)
    assert (found.argnums, found.args, found.function_id) == (answer.argnums, answer.args, answer.function_id)


def test_a_call_is_prepared_again_at_another_point_once_it_is_compiled(client: Client, served: engine.Engine) -> None:
    async def ask() -> dispatch.Earlier:
        for _ in range(200):
            for _ in range(50):
                prepared = await served.preparation.prepare(QUERY)
                result = await served.run(prepared)
            earlier = prepared.without_point(result.tier)
            if earlier is not None:
                return earlier
            assert result.tier == "interpreted"
            await served.executables.wait_until_idle()
        raise AssertionError("never compiled")

    earlier = client.run(ask())
    prepared = served.preparation.prepare_again(earlier, [1.0, 2.0, 4.0])
    assert isinstance(prepared, gradients.GradientCall)
    again = served.present(prepared, prepared.run())
    assert again.value == 8.0 + 2.0 + 1.5
    assert again.derivative == [8.0 + 1.5, 12.0 - 1.0, 0.5 + 0.375]
    assert served.preparation.prepare_again(earlier, [[1.0], [2.0, 3.0], 4.0]) is None


@pytest.mark.parametrize("transform", sorted(transforms.TRANSFORMS))
def test_every_answer_is_one_event(client: Client, served: engine.Engine, recorder: Recorder, transform: str) -> None:
    direction = {"": None, "tangents": 1.0, "cotangent": 1.0}[transforms.TRANSFORMS[transform].direction]
    asked = query.Query(transform, "x**2*y + 0.125", [2.0, 3.0], direction=direction)
    client.run(served.answer(asked))
    found = [event for event in recorder.events if isinstance(event, events.Answered)]
    assert [(event.transform, event.points) for event in found] == [(transform, 1)]
    assert found[0].seconds > 0


@pytest.mark.parametrize("transform", ["value", "grad", "jacobian"])
def test_arrays_are_one_event_whether_or_not_they_were_kept(
    client: Client, served: engine.Engine, recorder: Recorder, transform: str
) -> None:
    asked = query.Query(transform, "x**2*y + 0.0625", [2.0, 3.0])
    first, second = client.run(served.numbers(asked)), client.run(served.numbers(asked))
    assert first.values.tolist() == second.values.tolist() == [[12.0625]]
    assert (first.derivative is None) == (transform == "value")
    found = [event for event in recorder.events if isinstance(event, events.Answered)]
    assert [event.transform for event in found] == [transform] * 2
    assert all(event.seconds > 0 for event in found)
