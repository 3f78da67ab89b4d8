"""The clients: one for programs and one for coroutines, of one implementation of the protocol.

A request is a generator. It yields what the client is to send, and is sent the response or what failed; it yields
seconds, and is sent None after these. So both clients run the same generators.

Every request may be repeated: computing changes nothing, and ids are made of the function or the data alone, so that
registering twice is registering once. A request is repeated where that can help: after 429 and 503, when the headers of
the answer say so soon, and after a connection that was refused or lost.
"""

from __future__ import annotations

import io
import itertools
import json
import os
import random
import time
from collections.abc import Generator
from typing import Any, Self, TypeVar, cast

import anyio  # which httpx requires
import httpx

from gradserve import errors, function, numbers

T = TypeVar("T")
Steps = Generator[httpx.Request | float, httpx.Response | httpx.TransportError | None, T]

LONGEST_PAUSE = 30.0
"""Seconds: a service that says to come later than that is not waited for."""
_FIRST_PAUSE = 0.2
_LOST = (httpx.NetworkError, httpx.RemoteProtocolError)


class _Requests:
    """The requests of both clients; ``run`` does the steps of one."""

    _kind: Any  # of the client of httpx
    _sleep: Any

    def __init__(
        self, url: str | None = None, *, key: str | None = None, timeout: Any = 60.0, retries: int = 4, **options: Any
    ) -> None:
        key = os.environ.get("GRADSERVE_KEY") if key is None else key
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        url = url or os.environ.get("GRADSERVE_URL", "http://127.0.0.1:8000")
        self.http = self._kind(base_url=url, headers=headers, timeout=timeout, **options)
        self.retries = retries

    def run(self, steps: Steps[Any]) -> Any:
        """Do the steps of a request and return what they return."""
        raise NotImplementedError

    def function(self, expression: str | list[str], args: list[str] | None = None, **fields: Any) -> Any:
        """Return a ``Function``, registered; ``fields`` are ``data``, ``function`` and ``format``."""
        return self.run(function.Function(self, {"expression": expression, "args": args, **fields}).register())

    def data(self, array: Any, *, shared: bool = False) -> Any:
        """Return an array as ``Data`` that stay at the service, in its dtype. This needs NumPy."""
        import numpy as np  # noqa: PLC0415 - it need not be there

        file = io.BytesIO()
        np.save(file, np.asarray(array), allow_pickle=False)
        return self.run(self.kept(file.getvalue(), shared=shared))

    def kept(self, content: bytes, *, shared: bool) -> Steps[numbers.Data]:
        """Keep the bytes of an .npy file."""
        path = "v1/data?shared=true" if shared else "v1/data"
        found = yield from self.post(path, content, "application/x-npy")
        return numbers.Data(found["data_id"], tuple(found["shape"]), found["dtype"], content, shared)

    def post_json(self, path: str, document: Any) -> Steps[Any]:
        """Post a document without NaN and infinities, and return the one that answers it."""
        return self.post(path, json.dumps(document, allow_nan=False).encode(), "application/json")

    def post(self, path: str, content: bytes, kind: str) -> Steps[Any]:
        """Post a body and return the document that answers it; ``GradserveError`` or ``httpx.TransportError``."""
        request = self.http.build_request("POST", path, content=content, headers={"Content-Type": kind})
        for attempt in itertools.count():
            found = yield request
            if isinstance(found, httpx.Response) and found.is_success:
                return found.json()
            error = errors.of(found) if isinstance(found, httpx.Response) else found
            after = (isinstance(error, errors.Unavailable) and error.retry_after) or 0.0
            again = isinstance(error, (errors.Unavailable, *_LOST)) and attempt < self.retries
            if error is not None and (not again or after > LONGEST_PAUSE):
                raise error
            # What was refused together comes back apart.
            yield after + random.random() * min(_FIRST_PAUSE * 2**attempt, LONGEST_PAUSE)  # noqa: S311
        raise AssertionError


class Client(_Requests):
    """A client of a service, for any number of threads.

    Args:
        url: of the service. Default: ``GRADSERVE_URL``, or http://127.0.0.1:8000.
        key: where the service needs one. Default: ``GRADSERVE_KEY``.
        timeout: seconds to wait for an answer, or an ``httpx.Timeout``.
        retries: how often a request is repeated.
        options: of ``httpx.Client``: ``transport``, ``verify``, ``limits`` and so on.
    """

    _kind = httpx.Client
    _sleep = staticmethod(time.sleep)

    def run(self, steps: Steps[T]) -> T:
        sent: httpx.Response | httpx.TransportError | None = None
        while True:
            try:
                step = steps.send(sent)
            except StopIteration as done:
                return cast("T", done.value)
            try:
                sent = self.http.send(step) if isinstance(step, httpx.Request) else self._sleep(step)
            except httpx.TransportError as error:
                sent = error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()


class AsyncClient(_Requests):
    """The same for coroutines, on asyncio or trio: each call of it and of its functions is awaited."""

    _kind = httpx.AsyncClient
    _sleep = staticmethod(anyio.sleep)

    async def run(self, steps: Steps[T]) -> T:
        sent: httpx.Response | httpx.TransportError | None = None
        while True:
            try:
                step = steps.send(sent)
            except StopIteration as done:
                return cast("T", done.value)
            try:
                sent = await (self.http.send(step) if isinstance(step, httpx.Request) else self._sleep(step))
            except httpx.TransportError as error:
                sent = error

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()
