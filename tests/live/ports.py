"""Free ports of this machine, and waiting until a process listens on one."""

import contextlib
import socket
import subprocess
import time


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_listening(port: int, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """Wait until a process that was started accepts connections."""
    deadline = time.monotonic() + seconds
    while True:
        assert process.poll() is None, "the process ended before it listened"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        assert time.monotonic() < deadline, f"nothing listens on port {port}"
        time.sleep(0.05)
