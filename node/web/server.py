"""Serves a page over HTTP or HTTPS: ports, TLS, and the order of checks before each route."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import socket
import ssl
from collections.abc import AsyncIterator

from aiohttp import web

from node.common.tasks import first_error
from node.links.broker import Certificate
from node.web.acceptor import Acceptor, bind
from node.web.access import AccessPolicy, access_middleware, add_headers
from node.web.connections import RateLimiter, limit_requests
from node.web.fault_containment import TaskOwner, containment_middleware
from node.web.page import Page
from node.web.page_address import PageAddress, reachable_hosts
from node.web.routes import Routes
from node.web.whip import WhipRoutes
from protocol.errors import NodeError

# Demos that run side by side on one machine.
PORTS_TRIED = 20
# How long open requests may take at the end of a call.
SHUTDOWN_S = 1.0
# Requests answered a second, of all browsers together: 32 pages ask for some two pictures a second each, a page that
# begins for some 30 files. The others wait. One takes half a millisecond, so that no flood takes the processor.
REQUESTS_PER_S = 200.0
REQUEST_BURST = 64
# Browsers send 20, and proxies add some.
MAX_HEADERS = 64

# aiohttp logs what strangers send, with a traceback, as if it were the node's own; they get their answer.
_silent = logging.getLogger(f"{__name__}.aiohttp")
_silent.setLevel(logging.CRITICAL + 1)

UNENCRYPTED = (
    "the page at this address is not encrypted: whoever is between can read along, and browsers give it neither "
    "microphone nor camera without https; add --page-certificate auto"
)


@contextlib.asynccontextmanager
async def serve(page: Page) -> AsyncIterator[str]:
    """Serve a page while in this context; yields the link to open. Raises NodeError if the address cannot be had."""
    with first_error():
        async with asyncio.TaskGroup() as tasks:
            page.start(tasks)
            async with _listening(page, tasks) as page.links:
                page.link = page.links[0]
                invitation, certificate = page.state.invitation, page.certificate
                if invitation is not None and certificate is not None and not page.address.is_loopback:
                    page.state.invitation = invitation.also_to(page.link, certificate)
                try:
                    yield page.link
                finally:
                    await page.stop()


@contextlib.asynccontextmanager
async def _listening(page: Page, tasks: TaskOwner) -> AsyncIterator[list[str]]:
    """Answer requests while in this context; yields the links to open. `tasks` owns what takes connections."""
    context = None if page.certificate is None else tls_context(page.certificate)
    policy = AccessPolicy.of(page.address, secure=context is not None)
    runner = web.AppRunner(
        application(page, policy),
        access_log=None,
        logger=_silent,
        shutdown_timeout=SHUTDOWN_S,
        auto_decompress=False,  # nothing asked for comes packed, and a body has the length it claims to have
        max_headers=MAX_HEADERS,
    )
    await runner.setup()
    try:
        port, sockets = await _bind(page.address, page.or_next)
        if port != page.address.port and page.address.port:
            page.note(f"port {page.address.port} is taken: the page is at {port}")
        if policy.token is not None and context is None:
            page.note(UNENCRYPTED)
        assert runner.server is not None
        async with Acceptor(page.connections, runner.server, tasks, context).accepting(sockets):
            yield [policy.link(PageAddress(host, port)) for host in reachable_hosts(page.address)]
    finally:
        await runner.cleanup()
        page.connections.close()


def application(page: Page, policy: AccessPolicy) -> web.Application:
    """Return the page as an aiohttp application."""
    limiter = RateLimiter(REQUESTS_PER_S, REQUEST_BURST)
    app = web.Application(
        middlewares=[
            limit_requests(page.connections, limiter),
            containment_middleware(page.failures),
            access_middleware(policy),
        ]
    )
    app.on_response_prepare.append(add_headers)
    Routes(page).add_to(app.router)
    WhipRoutes("whep", lambda: page.listeners, page.listen, "too many listen already").add_to(app.router)
    WhipRoutes("whip", lambda: page.speakers, page.speak, "somebody speaks already").add_to(app.router)

    async def close_events(_app: web.Application) -> None:
        page.state.events.close()

    app.on_shutdown.append(close_events)
    return app


def tls_context(certificate: Certificate) -> ssl.SSLContext:
    """Return the context of a TLS server. Raises NodeError if the files cannot be used."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    for path in (certificate.chain, certificate.key):
        if not path.is_file():
            raise NodeError(f"no file {str(path)!r} for the page's TLS; give PEM files")
    try:
        context.load_cert_chain(certificate.chain, certificate.key, password="")
    except (ssl.SSLError, OSError, ValueError) as error:
        raise NodeError(
            f"the certificate {str(certificate.chain)!r} with the key {str(certificate.key)!r} cannot be used "
            f"({getattr(error, 'reason', None) or error}): give PEM files that belong together"
        ) from None
    return context


async def _bind(address: PageAddress, or_next: bool) -> tuple[int, list[socket.socket]]:
    """Bind the address, or one of the next ports; return the port and the listening sockets."""
    last = min(address.port + PORTS_TRIED, 65536) if or_next and address.port else address.port + 1
    for port in range(address.port, last):
        try:
            sockets = await bind(address.host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or port + 1 == last:
                raise NodeError(_bind_error(address, error)) from None
        else:
            return int(sockets[0].getsockname()[1]), sockets
    raise AssertionError("a port was tried")


def _bind_error(address: PageAddress, error: OSError) -> str:
    where = f"{address.host}:{address.port}"
    if error.errno == errno.EADDRINUSE:
        return f"the page cannot be served at {where}: something else is there; give another port by --page"
    reason = os.strerror(error.errno) if error.errno else str(error)
    return f"the page cannot be served at {where} ({reason}); give another address by --page"
