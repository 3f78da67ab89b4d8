"""Reading the body of a request."""

import asyncio

from app.api.http import body


def test_a_started_coroutine_is_cancelled_with_the_task_that_awaits_it() -> None:
    async def run() -> list[str]:
        seen = []

        async def work() -> None:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                seen.append("cancelled")
                raise

        async def wait() -> None:
            await body.Started(work())

        task = asyncio.ensure_future(wait())
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return seen

    assert asyncio.run(run()) == ["cancelled"]
