"""Who may come in: requests for this host from this origin, with the token where one is needed. And what browsers are
told about every answer."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from node.links.reach import is_certainly_this_machine
from node.web.page_address import PageAddress, is_number

OPEN_TO_ALL = ("/healthz",)
"""What tells nothing about the call, for whatever watches over machines."""

TOKEN_BYTES = 18
"""144 random bits: 24 characters in the link."""

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """Lets requests in. `token` is None where only this machine can ask; `secure` is TLS."""

    address: PageAddress
    token: str | None = None
    secure: bool = False
    names: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, address: PageAddress, secure: bool) -> AccessPolicy:
        """Return the guard for an address: with a random token unless only this machine reaches it."""
        token = None if address.is_loopback else secrets.token_urlsafe(TOKEN_BYTES)
        names = frozenset() if address.is_loopback else frozenset({address.host.lower(), socket.gethostname().lower()})
        return cls(address, token, secure, names)

    def link(self, address: PageAddress) -> str:
        """Return what to open in a browser, token included."""
        return address.url(self.secure) + (f"?token={self.token}" if self.token else "")

    def is_known_host(self, host: str | None) -> bool:
        """Tell whether a `Host` means this page: a name that anybody can point here (DNS rebinding) does not.

        The port may be another one: of a tunnel, say.
        """
        name = _host_name(host)
        if name is None:
            return False
        if self.address.is_loopback:
            return is_certainly_this_machine(name)
        return is_certainly_this_machine(name) or is_number(name) or name in self.names

    def is_own_origin(self, origin: str | None, host: str | None) -> bool:
        """Tell whether a request was made by this page, or by no page at all."""
        if origin is None:
            return True
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        return parts.scheme in ("http", "https") and parts.netloc.lower() == (host or "").lower()

    def knows(self, request: web.Request) -> bool:
        """Tell whether whoever asks has the token: in a cookie, a header or the link."""
        if self.token is None:
            return True
        kind, _, bearer = request.headers.get("Authorization", "").partition(" ")
        given = (
            request.cookies.get(self.cookie),
            bearer.strip() if kind.lower() == "bearer" else None,
            request.query.get("token"),
        )
        return any(one is not None and hmac.compare_digest(one.encode(), self.token.encode()) for one in given)

    @property
    def cookie(self) -> str:
        """Cookies know no ports: each page on a machine has one of its own."""
        return f"pictophone-{hashlib.sha256((self.token or '').encode()).hexdigest()[:8]}"

    def refusal(self, request: web.Request) -> web.Response | None:
        """Return what to answer to whoever may not come in."""
        host = request.headers.get("Host")
        if not self.is_known_host(host):
            return web.Response(status=403, text="this page is not served under that host name\n")
        if not self.is_own_origin(request.headers.get("Origin"), host):
            return web.Response(status=403, text="another site's page may not use this one\n")
        if request.path not in OPEN_TO_ALL and not self.knows(request):
            told = {"WWW-Authenticate": "Bearer"}
            return web.Response(status=401, text="open the link that the node printed: it has a token\n", headers=told)
        return None


def _host_name(host: str | None) -> str | None:
    """The name or number of a `Host`, in lower case; None if it is no host at all."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    if not host or parts.netloc != host or parts.username is not None:
        return None
    return parts.hostname


def guarded(guard: AccessPolicy) -> Middleware:
    """Return what stands before every route."""

    @web.middleware
    async def let_in(request: web.Request, handler: Handler) -> web.StreamResponse:
        refused = guard.refusal(request)
        if refused is not None:
            return refused
        if guard.token is not None and request.path == "/" and "token" in request.query:
            return _with_cookie(guard)
        return await handler(request)

    return let_in


def _with_cookie(guard: AccessPolicy) -> web.Response:
    """Keep the token in a cookie, out of the address bar and the history."""
    response = web.Response(status=303, headers={"Location": "/"})
    response.set_cookie(
        guard.cookie, guard.token or "", httponly=True, samesite="Strict", secure=guard.secure, path="/"
    )
    return response


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Tell browsers what this page may do; for aiohttp's `on_response_prepare`."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["Server"] = "pictophone"
