"""Certificates from files, and connections that are encrypted before anything else happens.

uvicorn could do this, but counts a connection only after its handshake: whoever never begins one would hold a file of
the process for a minute, without a bound on how many. Here connections in their handshake count as open, and have
``receive_seconds``. A certificate is read again when its files have changed, so renewing it needs no restart.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from pathlib import Path
from typing import Any, cast

from app import errors
from app.api.server import connections, uvicorn_adapter

_log = logging.getLogger("gradserve")

_CERTIFICATE, _KEY = "GRADSERVE_TLS_CERT_FILE", "GRADSERVE_TLS_KEY_FILE"
_FAULTS = {
    None: "there is no private key in PEM form in it, or GRADSERVE_TLS_KEY_PASSWORD is not its password",
    "KEY_VALUES_MISMATCH": "it is not the key of the certificate",
    "KEY_TYPE_MISMATCH": "it is not the key of the certificate",
    "BAD_DECRYPT": "GRADSERVE_TLS_KEY_PASSWORD is not its password",
}
"""What OpenSSL's reasons mean."""


class Certificate:
    """A certificate with its chain and its key, from files in PEM form; ``errors.Misconfigured`` if they do not fit."""

    def __init__(self, certificate: str, key: str, password: str = "") -> None:
        self._files, self._password = (Path(certificate), Path(key)), password
        self._state = self._stat()
        self._context = self._load()

    def context(self) -> ssl.SSLContext:
        """Return what a new connection needs. Files that have changed and cannot be used leave it as it is."""
        state = self._stat()
        if state != self._state:
            self._state = state
            try:
                self._context = self._load()
            except errors.Misconfigured as error:
                _log.warning("the certificate stays the old one: %s", error)
            else:
                _log.info("the certificate was renewed")
        return self._context

    def _stat(self) -> list[tuple[int, int, int]]:
        """Return what changes when a file is written or replaced; nothing while one is missing."""
        try:
            return [(file.st_mtime_ns, file.st_ino, file.st_size) for file in (path.stat() for path in self._files)]
        except OSError:
            return []

    def _load(self) -> ssl.SSLContext:
        certificate, _ = (_text(path, name) for path, name in zip(self._files, (_CERTIFICATE, _KEY), strict=True))
        if b"-----BEGIN CERTIFICATE-----" not in certificate:
            raise errors.Misconfigured([f"{_CERTIFICATE}: there is no certificate in PEM form in it"])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # TLS 1.2 and 1.3
        context.set_alpn_protocols(["http/1.1"])
        try:
            context.load_cert_chain(*self._files, password=self._secret)
        except ssl.SSLError as error:
            raise errors.Misconfigured([f"{_KEY}: {_FAULTS.get(error.reason, error.reason)}"]) from None
        return context

    def _secret(self) -> str:
        """Return the password of the key; OpenSSL asks only if there is one, and would ask the terminal otherwise."""
        if not self._password:
            raise errors.Misconfigured([f"{_KEY}: it is encrypted, and GRADSERVE_TLS_KEY_PASSWORD is not set"])
        return self._password


def _text(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise errors.Misconfigured([f"{name}: it cannot be read: {error.strerror}"]) from None


class Handshake(asyncio.Protocol):
    """A connection until both sides have agreed on TLS; then it is the connection ``secured``.

    Bytes may arrive in two moments in which nobody waits for them, and are held. The first are of the handshake, before
    the event loop has begun it: uvloop reads as soon as ``connection_made`` has returned. The others are of a request,
    before it has told us that the handshake is done.
    """

    def __init__(
        self, secured: connections.BoundedConnection, certificate: Certificate, opened: connections.OpenConnections
    ) -> None:
        self._secured, self._certificate, self._opened = secured, certificate, opened
        self.loop: asyncio.AbstractEventLoop = secured.loop
        self.client: tuple[str, int] | None = None
        self._held = b""
        self._is_lost = self._is_done = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.client = uvicorn_adapter.peer(self._transport)
        if not self._opened.add(self):
            self._transport.abort()  # nothing can be said before the handshake
            return
        self._secured.add_to_server(self)
        self._task = self.loop.create_task(self._agree())
        self.loop.call_soon(self._begin)  # when the task has made its first step

    async def _agree(self) -> None:
        try:
            secured = await self.loop.start_tls(
                self._transport,
                self,
                self._certificate.context(),
                server_side=True,
                ssl_handshake_timeout=self._opened.limits.receive_seconds,
            )
        except OSError:  # ssl.SSLError is one, too
            self._transport.abort()
            return
        finally:
            self._opened.remove(self)
            self._secured.remove_from_server(self)
        if secured is None or self._is_lost or self._transport.is_closing():
            return  # it was lost meanwhile; the event loop does not always say so by an exception
        self._is_done = True
        secured.set_protocol(self._secured)
        self._secured.connection_made(secured)
        if self._held:
            self._secured.data_received(self._held)

    def _begin(self) -> None:
        """Hand the first bytes of the handshake to the event loop."""
        data, self._held = self._held, b""
        protocol: Any = self._transport.get_protocol()
        if data and protocol is not self:  # a buffered protocol, though that of uvloop is no such class
            protocol.get_buffer(len(data))[: len(data)] = data
            protocol.buffer_updated(len(data))

    def data_received(self, data: bytes) -> None:
        self._held += data

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end of a connection; the event loop may have begun to tell it before the protocol was changed."""
        self._is_lost = True
        if self._is_done:
            self._secured.connection_lost(exc)

    def check(self, now: float) -> None:
        """Leave it to the event loop to end a handshake that takes too long."""

    def shutdown(self) -> None:
        self._transport.abort()
