"""Clients of other projects, in processes of their own, run by the environment that ``make test-all`` installs."""

import contextlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-clients/bin/python"


class ClientError(Exception):
    """An exception that a client raised.

    Args:
        kind: name of its class.
        text: its message.
    """

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind = kind
        self.text = text


class Remote:
    """A client that runs commands.

    Args:
        process: a module of ``tests.live.remote``.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def order(self, **order: Any) -> Any:
        """Return the result of a command.

        Raises:
            ClientError: the client raised an exception.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise ClientError(*answer["error"])
        return answer["result"]


@contextlib.contextmanager
def remote(name: str) -> Iterator[Remote]:
    """Start a client, one of the modules of ``tests.live.remote``, and stop it."""
    assert PYTHON.exists(), f"{PYTHON} is missing: make test-all installs it"
    command = [str(PYTHON), "-m", f"tests.live.remote.{name}"]
    process = subprocess.Popen(  # noqa: S603 - written here
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            yield Remote(process)
        finally:
            if process.stdin is not None:
                process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
