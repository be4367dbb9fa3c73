"""Access to the page: requests must be for this host and from this origin, with the token where one is needed. Also
the security headers of every answer."""

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

# Paths that reveal nothing about the call, for monitoring.
PUBLIC_PATHS = ("/healthz",)

# 144 random bits: 24 characters in the link.
TOKEN_BYTES = 18

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
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
    """Decides which requests are answered. `token` is None where only this machine reaches the page; `secure` is TLS.
    `names` are host names under which the page may be requested.
    """

    address: PageAddress
    token: str | None = None
    secure: bool = False
    names: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, address: PageAddress, secure: bool) -> AccessPolicy:
        """Return the policy for an address: with a random token unless only this machine reaches it."""
        token = None if address.is_loopback else secrets.token_urlsafe(TOKEN_BYTES)
        names = frozenset() if address.is_loopback else frozenset({address.host.lower(), socket.gethostname().lower()})
        return cls(address, token, secure, names)

    def link(self, address: PageAddress) -> str:
        """Return the URL to open in a browser, token included."""
        return address.url(self.secure) + (f"?token={self.token}" if self.token else "")

    def is_known_host(self, host: str | None) -> bool:
        """Return whether a `Host` means this page. A name that a stranger can point here (DNS rebinding) does not.

        The port may be another one, such as that of a tunnel.
        """
        name = _host_name(host)
        if name is None:
            return False
        if self.address.is_loopback:
            return is_certainly_this_machine(name)
        return is_certainly_this_machine(name) or is_number(name) or name in self.names

    def is_own_origin(self, origin: str | None, host: str | None) -> bool:
        """Return whether a request was made by this page, or by no page at all."""
        if origin is None:
            return True
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        return parts.scheme in ("http", "https") and parts.netloc.lower() == (host or "").lower()

    def has_token(self, request: web.Request) -> bool:
        """Return whether a request has the token: in a cookie, a header or the query."""
        if self.token is None:
            return True
        kind, _, bearer = request.headers.get("Authorization", "").partition(" ")
        tokens = (
            request.cookies.get(self.cookie),
            bearer.strip() if kind.lower() == "bearer" else None,
            request.query.get("token"),
        )
        given = (one.encode(errors="surrogatepass") for one in tokens if one is not None)  # a header may be no text
        return any(hmac.compare_digest(one, self.token.encode()) for one in given)

    @property
    def cookie(self) -> str:
        """The cookie's name, unique to the page: browsers share cookies between the ports of a host."""
        return f"pictophone-{hashlib.sha256((self.token or '').encode()).hexdigest()[:8]}"

    def refusal(self, request: web.Request) -> web.Response | None:
        """Return the answer to a request that is refused, None if it is not."""
        host = request.headers.get("Host")
        if not self.is_known_host(host):
            return web.Response(status=403, text="this page is not served under that host name\n")
        if not self.is_own_origin(request.headers.get("Origin"), host):
            return web.Response(status=403, text="another site's page may not use this one\n")
        if request.path not in PUBLIC_PATHS and not self.has_token(request):
            text = "open the link that the node printed: it has a token\n"
            return web.Response(status=401, text=text, headers={"WWW-Authenticate": "Bearer"})
        return None


def _host_name(host: str | None) -> str | None:
    """Return the name or number of a `Host`, in lower case; None if it is malformed."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    if not host or parts.netloc != host or parts.username is not None:
        return None
    return parts.hostname


def access_middleware(policy: AccessPolicy) -> Middleware:
    """Return the middleware that refuses requests by the policy."""

    @web.middleware
    async def check_access(request: web.Request, handler: Handler) -> web.StreamResponse:
        refusal = policy.refusal(request)
        if refusal is not None:
            return refusal
        if policy.token is not None and request.path == "/" and "token" in request.query:
            return _with_cookie(policy)
        return await handler(request)

    return check_access


def _with_cookie(policy: AccessPolicy) -> web.Response:
    """Return a redirect that moves the token to a cookie, out of the address bar and the history."""
    response = web.Response(status=303, headers={"Location": "/"})
    response.set_cookie(
        policy.cookie, policy.token or "", httponly=True, samesite="Strict", secure=policy.secure, path="/"
    )
    return response


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Add the security headers, as a handler of aiohttp's `on_response_prepare`."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["Server"] = "pictophone"
