"""Binds the page to its address: ports, TLS, and the line that says where to look."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from node.web import whip
from node.web.acceptor import Acceptor, bind
from node.web.access import AccessPolicy, access_middleware, add_headers
from node.web.connections import Connections, RateLimiter, limited
from node.web.fault_containment import TaskOwner, contained
from node.web.page_address import PageAddress
from node.web.routes import Routes
from protocol.errors import NodeError

if TYPE_CHECKING:
    from node.web.page import Page

PORTS_TRIED = 20
"""Demos that run side by side on one machine."""

SHUTDOWN_S = 1.0
"""How long open requests may take at the end of a call."""

REQUESTS_PER_S = 200.0
REQUEST_BURST = 64
"""Requests answered a second, of all browsers together: 32 pages ask for some two pictures a second each, a page that
begins for some 30 files. The others wait. One takes half a millisecond, so that no flood takes the processor."""

MAX_HEADERS = 64
"""Browsers send 20, and proxies add some."""

_silent = logging.getLogger(f"{__name__}.aiohttp")
_silent.setLevel(logging.CRITICAL + 1)
"""aiohttp logs what strangers send, with a traceback, as if it were the node's own; they get their answer."""

UNENCRYPTED = (
    "the page at this address is not encrypted: whoever is between can read along, and browsers give it neither "
    "microphone nor camera; use --page-certificate and --page-key"
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files of a TLS certificate (with its chain) and its key, PEM."""

    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """Return what a server needs. NodeError if the files cannot be used."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        for path in (self.certificate, self.key):
            if not path.is_file():
                raise NodeError(f"no file {str(path)!r} for the page's TLS; give PEM files")
        try:
            context.load_cert_chain(self.certificate, self.key, password="")
        except (ssl.SSLError, OSError, ValueError) as error:
            raise NodeError(
                f"the certificate {str(self.certificate)!r} with the key {str(self.key)!r} cannot be used "
                f"({getattr(error, 'reason', None) or error}): give PEM files that belong together"
            ) from None
        return context


@contextlib.asynccontextmanager
async def serving(
    page: Page,
    address: PageAddress,
    certificate: Certificate | None,
    or_next: bool,
    note: Callable[[str], None],
    tasks: TaskOwner,
) -> AsyncIterator[str]:
    """Serve the page while in this context; yields the link to open. NodeError if the address cannot be had.

    `tasks` owns what takes connections.
    """
    context = certificate.context() if certificate is not None else None
    guard = AccessPolicy.of(address, secure=context is not None)
    connections = page.connections
    runner = web.AppRunner(
        application(page, guard, connections),
        access_log=None,
        logger=_silent,
        shutdown_timeout=SHUTDOWN_S,
        auto_decompress=False,  # nothing asked for comes packed, and a body has the length it claims to have
        max_headers=MAX_HEADERS,
    )
    await runner.setup()
    try:
        port, sockets = await _bind(address, or_next)
        if port != address.port and address.port:
            note(f"port {address.port} is taken: the page is at {port}")
        if guard.token is not None and context is None:
            note(UNENCRYPTED)
        assert runner.server is not None
        async with Acceptor(connections, runner.server, tasks, context).listening(sockets):
            yield guard.link(address.at(port))
    finally:
        await runner.cleanup()
        connections.close()


def application(page: Page, guard: AccessPolicy, connections: Connections) -> web.Application:
    """Return the page as aiohttp serves it."""
    pace = RateLimiter(REQUESTS_PER_S, REQUEST_BURST)
    app = web.Application(middlewares=[limited(connections, pace), contained(page.failures), access_middleware(guard)])
    app.on_response_prepare.append(add_headers)
    Routes(page).add_to(app.router)
    whip.add_to(page, app.router)

    async def end_feeds(_app: web.Application) -> None:
        page.board.feed.close()

    app.on_shutdown.append(end_feeds)
    return app


async def _bind(address: PageAddress, or_next: bool) -> tuple[int, list[socket.socket]]:
    """Listen at the address, or at one of the next ports; return the port and what listens."""
    last = min(address.port + PORTS_TRIED, 65536) if or_next and address.port else address.port + 1
    for port in range(address.port, last):
        try:
            sockets = await bind(address.host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or port + 1 == last:
                raise NodeError(_refusal(address, error)) from None
        else:
            return int(sockets[0].getsockname()[1]), sockets
    raise AssertionError("a port was tried")


def _refusal(address: PageAddress, error: OSError) -> str:
    where = f"{address.host}:{address.port}"
    if error.errno == errno.EADDRINUSE:
        return f"the page cannot be served at {where}: something else is there; give another port by --page"
    reason = os.strerror(error.errno) if error.errno else str(error)
    return f"the page cannot be served at {where} ({reason}); give another address by --page"
