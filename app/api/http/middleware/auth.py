"""The caller of a request: a key, or an address; and what a key may do.

A key comes as ``Authorization: Bearer KEY`` (RFC 6750), as the password of ``Authorization: Basic`` (RFC 7617), or as
``X-API-Key: KEY``. A caller is the digest of the key, or without keys the client's address. Everything that is counted
is counted by caller. An IPv6 caller is the /64 network, because whoever has one address there has all of them.
Clients on a unix socket have no address. They are one caller, unless the socket is trusted as a proxy's.

Keys are given (``GRADSERVE_API_KEYS``), which may do everything, or in a file (``app.runtime.keys``), where each has a
name, scopes and perhaps a quota. The file has the last word about a key that is in both.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import functools
import hashlib
import ipaddress
from collections.abc import Sequence
from typing import Any, NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from app import errors
from app.api.http import context, replies
from app.runtime import keys as named_keys
from app.runtime import queue

Client = tuple[str, int] | None  # address and port, as in an ASGI scope; None on a unix socket
UNIX = "unix"  # stands for a network, and for the address of its clients

# Paths that need no key: they compute nothing, and every server of this version answers the same there.
_OPEN = frozenset(
    {"/healthz", "/readyz", "/", "/fit", "/guide", "/docs", "/openapi.json", "/v1/limits", "/v1/errors", "/v1/language"}
)
_OPEN_FOLDERS = ("/docs/assets/", "/guide/", "/web/")
_REGISTERING = frozenset({"/v1/functions", "/v1/data"})  # by POST
_LOOK_SECONDS = 0.5  # between two looks at the file of keys

_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic", "description": "The password is the key, the user is ignored."},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def describe(document: dict[str, Any]) -> None:
    """Say in an OpenAPI document how a key is sent, and which paths need none."""
    document.setdefault("components", {})["securitySchemes"] = _SCHEMES
    document["security"] = [{name: []} for name in _SCHEMES]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            # The scope is written where OpenAPI 3.1 has the roles of such schemes.
            scopes = [needed_scope(method.upper(), path)]
            operation["security"] = [] if is_open(path) else [{name: scopes} for name in _SCHEMES]


def needed_scope(method: str, path: str) -> str:
    """Return the scope that a request needs."""
    if path == "/metrics":
        return named_keys.METRICS
    if method == "DELETE" or (method == "POST" and path in _REGISTERING):
        return named_keys.REGISTER
    return named_keys.ASK


_EVERYTHING = frozenset(named_keys.SCOPES)


class Caller(NamedTuple):  # one is made for each request without a key: a tuple costs a third of a dataclass
    """Who sends a request.

    ``id`` is the digest of a key, or an address. ``key`` is the name of a key, ``quota`` its own rate; each may be "".
    """

    id: str
    key: str = ""
    scopes: frozenset[str] = _EVERYTHING
    quota: str = ""

    def check(self, method: str, path: str) -> None:
        """Raise ``errors.Forbidden`` if the caller may not send such a request."""
        if self.scopes is _EVERYTHING:
            return
        needed = needed_scope(method, path)
        if needed not in self.scopes:
            hint = "ask the operator for a key that has it"
            error = errors.Forbidden(f"this key does not have the scope {needed}", hint=hint)
            error.scope = needed
            raise error


class Authenticator:
    """Tells callers apart, and refuses those without a key where one is needed.

    ``keys`` are given keys, ``store`` is a file of more; without either no key is needed. ``trusted`` are the networks
    of proxies whose X-Forwarded-For is believed, ``UNIX`` for those on a unix socket.
    """

    def __init__(
        self, keys: Sequence[str] = (), trusted: Sequence[str] = (), store: named_keys.Watched | None = None
    ) -> None:
        self._given = tuple(hashlib.sha256(key.encode()).digest() for key in keys)
        self._store = store
        self._known = self._callers()
        self._trusted = tuple(ipaddress.ip_network(network) for network in trusted if network != UNIX)
        self._trusts_unix = UNIX in trusted
        self.keyed = bool(keys) or store is not None
        self.trivial = not (self.keyed or trusted)  # a caller is always the address of the connection

    def caller(self, path: str, headers: replies.Headers, client: Client) -> Caller:
        """Return the caller of a request, or raise ``errors.Unauthorized``."""
        if not self.keyed or is_open(path):
            return Caller(_network(self._address(headers, client)))
        # A key is looked up by its digest. How long that takes depends on the digest of what was sent, which nobody
        # can choose bit by bit, so the time brings a guess no nearer. Nor does it depend on how many keys there are.
        caller = self._known.get(hashlib.sha256(_presented(headers)).digest())
        if caller is None:
            raise errors.Unauthorized("this key is not known")
        return caller

    async def follow(self) -> None:
        """Take over the changes of the file of keys, until this is cancelled."""
        while self._store is not None:
            await asyncio.sleep(_LOOK_SECONDS)
            if await asyncio.to_thread(self._store.refresh):
                self._known = self._callers()

    def _callers(self) -> dict[bytes, Caller]:
        """Return the callers of all keys in force, by the digests of the keys."""
        known = {digest: Caller(_id(digest)) for digest in self._given}
        for key in self._store.keys if self._store is not None else ():
            digest = bytes.fromhex(key.sha256)
            if key.revoked:
                known.pop(digest, None)
            else:
                known[digest] = Caller(_id(digest), key.name, frozenset(key.scopes), key.quota)
        return known

    def _address(self, headers: replies.Headers, client: Client) -> str:
        """Return the address of the client, or, behind trusted proxies, the nearest address that is not trusted."""
        address = client[0] if client else UNIX
        if not (self._trusts_unix if client is None else self._trusts(address)):
            return address
        hops = b",".join(value for name, value in headers if name == b"x-forwarded-for").decode("latin-1").split(",")
        for hop in reversed(hops):
            parsed = _parsed(hop.strip())
            if parsed is None:
                break
            address = str(parsed)
            if not self._trusts(address):
                break
        return address

    def _trusts(self, address: str) -> bool:
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in self._trusted)


class Authentication:
    """ASGI middleware that finds out who the caller is, and whether the caller may do this."""

    def __init__(self, app: ASGIApp, authenticator: Authenticator) -> None:
        self._app, self._authenticator = app, authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = self._authenticator.caller(scope["path"], scope["headers"], scope.get("client"))
        request = context.of(scope)
        request.caller, request.key, request.quota = caller.id, caller.key, caller.quota
        queue.CALLER.set(caller.id)
        caller.check(scope["method"], scope["path"])
        await self._app(scope, receive, send)


def is_open(path: str) -> bool:
    return path in _OPEN or path.startswith(_OPEN_FOLDERS)


def _id(digest: bytes) -> str:
    return "key:" + digest.hex()[:16]


def _presented(headers: replies.Headers) -> bytes:
    authorizations = [value for name, value in headers if name == b"authorization"]
    if authorizations:
        if len(authorizations) > 1:
            raise errors.Unauthorized("there is more than one Authorization header")
        return _credentials(authorizations[0])
    keys = [value for name, value in headers if name == b"x-api-key"]
    if len(keys) != 1 or not keys[0]:
        raise errors.Unauthorized("this needs a key", hint="send Authorization: Bearer KEY, or X-API-Key: KEY")
    return keys[0]


def _credentials(authorization: bytes) -> bytes:
    """Return the key in an Authorization header (RFC 9110, section 11.4)."""
    scheme, _, value = authorization.strip().partition(b" ")
    value = value.strip()
    if scheme.lower() == b"bearer" and value and b" " not in value:
        return value
    if scheme.lower() == b"basic":
        try:
            _, colon, password = base64.b64decode(value, validate=True).partition(b":")
        except binascii.Error:
            colon = password = b""
        if colon and password:
            return password
    hint = "send Authorization: Bearer KEY, or Basic with the key as password"
    raise errors.Unauthorized("the Authorization header is malformed", hint=hint)


@functools.lru_cache(maxsize=1024)
def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return an address, also one with a port, as some proxies forward it; IPv4 written as IPv6 is IPv4."""
    if address.startswith("["):
        address = address[1:].partition("]")[0]
    elif address.count(":") == 1:
        address = address.partition(":")[0]
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    return (isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped) or parsed


def _network(address: str) -> str:
    """Return the caller that an address is counted as."""
    if ":" not in address:
        return address
    parsed = _parsed(address.partition("%")[0])
    if not isinstance(parsed, ipaddress.IPv6Address):
        return address if parsed is None else str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
