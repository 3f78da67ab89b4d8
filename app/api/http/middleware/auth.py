"""The caller of a request: a key, or an address.

A key comes as ``Authorization: Bearer KEY`` (RFC 6750), as the password of ``Authorization: Basic`` (RFC 7617), or as
``X-API-Key: KEY``. A caller is the digest of the key, or without keys the client's address. Everything that is counted
is counted by caller. An IPv6 caller is the /64 network, because whoever has one address there has all of them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
from collections.abc import Sequence
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from app import errors
from app.api.http import context, replies
from app.runtime import queue

Client = tuple[str, int] | None  # address and port, as in an ASGI scope

# Paths that need no key: they compute nothing, and every server of this version answers the same there.
_OPEN = frozenset({"/healthz", "/readyz", "/", "/docs", "/openapi.json", "/v1/limits", "/v1/errors", "/v1/language"})
_OPEN_FOLDERS = ("/docs/assets/", "/web/")

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
        for operation in methods.values() if is_open(path) else ():
            operation["security"] = []


class Authenticator:
    """Tells callers apart, and refuses those without a key where one is needed.

    ``keys`` are the known keys; without any no key is needed. ``trusted`` are the networks of proxies whose
    X-Forwarded-For is believed.
    """

    def __init__(self, keys: Sequence[str] = (), trusted: Sequence[str] = ()) -> None:
        self._keys = tuple(hashlib.sha256(key.encode()).digest() for key in keys)
        self._trusted = tuple(ipaddress.ip_network(network) for network in trusted)
        self.keyed = bool(keys)
        self.trivial = not (keys or trusted)  # a caller is always the address of the connection

    def caller(self, path: str, headers: replies.Headers, client: Client) -> str:
        """Return the caller of a request, or raise ``errors.Unauthorized``."""
        if self._keys and not is_open(path):
            return self._holder(_presented(headers))
        return _network(self._address(headers, client))

    def _holder(self, key: bytes) -> str:
        digest = hashlib.sha256(key).digest()
        # All keys are compared, each in constant time: the time tells neither whether one fits nor which.
        found = [hmac.compare_digest(digest, known) for known in self._keys]
        if not any(found):
            raise errors.Unauthorized("this key is not known")
        return "key:" + digest.hex()[:16]

    def _address(self, headers: replies.Headers, client: Client) -> str:
        """Return the address of the client, or, behind trusted proxies, the nearest address that is not trusted."""
        address = client[0] if client else ""
        if not self._trusted or not self._trusts(address):
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
    """ASGI middleware that finds out who the caller is."""

    def __init__(self, app: ASGIApp, authenticator: Authenticator) -> None:
        self._app, self._authenticator = app, authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = self._authenticator.caller(scope["path"], scope["headers"], scope.get("client"))
        context.of(scope).caller = caller
        queue.CALLER.set(caller)
        await self._app(scope, receive, send)


def is_open(path: str) -> bool:
    return path in _OPEN or path.startswith(_OPEN_FOLDERS)


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
