"""Candidates from STUN and TURN servers: of several, those of the first that answers.

aioice asks one server of each kind, which costs five seconds if it is away, and STUN over IPv4 alone. What of aioice is
private is touched here and in hooks.py.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Collection, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from node.links.ice_servers import IceServer

if TYPE_CHECKING:
    from aioice import Candidate

logger = logging.getLogger(__name__)

# Of what servers may take in all: the offer waits for it.
GATHER_S: Final = 5.0
# A relay is asked for a place once the one before it has been silent for so long: each place costs it something.
NEXT_RELAY_S: Final = 1.5

LOOPBACK: Final = "127.0.0.1"

Result = TypeVar("Result")


async def gather(gatherer: Any, component: int, servers: Sequence[IceServer]) -> list[Candidate]:
    """Return what the servers make of aioice's connection `gatherer`, whose host candidates are there."""
    stun = [server for server in servers if server.kind == "stun"]
    turn = [server for server in servers if server.kind == "turn"]
    hosts = [protocol for protocol in gatherer._protocols if protocol.local_candidate.type == "host"]
    works = [_first([partial(_reflexive, protocol, server) for server in stun], 0.0) for protocol in hosts if stun]
    works += [_placed(gatherer, component, turn)] if turn else []
    found = [candidate for candidate in await asyncio.gather(*works) if candidate is not None]
    if servers and not found:
        logger.warning("no ICE server answers: %s", ", ".join(server.urls for server in servers))
    return found


async def answers(server: IceServer, address: str | None = None) -> bool:
    """Return whether a server has a candidate for us; `address` is the one of ours to ask from, by default any."""
    from aioice import Connection
    from aioice.ice import get_host_addresses

    gatherer = Connection(ice_controlling=False)
    try:
        ours = [address] if address is not None else get_host_addresses(use_ipv4=True, use_ipv6=True)
        await gatherer.get_component_candidates(component=1, addresses=ours or [LOOPBACK])
        return bool(await gather(gatherer, 1, [server]))
    finally:
        await gatherer.close()


async def _placed(gatherer: Any, component: int, servers: Sequence[IceServer]) -> Candidate | None:
    """Return a place at one of the relays, which `gatherer` uses from now on."""
    relays = [partial(_relayed, gatherer, component, server) for server in servers]
    if (placed := await _first(relays, NEXT_RELAY_S, _give_back)) is None:
        return None
    candidate, protocol = placed
    gatherer._protocols.append(protocol)
    return candidate


async def _give_back(placed: tuple[Candidate, Any]) -> None:
    await placed[1].close()


async def _keep(result: object) -> None:
    """There is nothing to be given back."""


async def _first(
    works: Sequence[Callable[[], Coroutine[Any, Any, Result]]],
    apart_s: float,
    give_back: Callable[[Result], Coroutine[Any, Any, None]] = _keep,
) -> Result | None:
    """Return the result of the first that has one within `GATHER_S`; None if all fail.

    Each begins `apart_s` after the one before it, or when that fails. Others' results are given back.
    """
    loop = asyncio.get_running_loop()
    deadline, waiting = loop.time() + GATHER_S, list(works)
    tasks: set[asyncio.Task[Result]] = set()
    running: set[asyncio.Task[Result]] = set()
    winner: asyncio.Task[Result] | None = None
    try:
        while winner is None and (waiting or running) and loop.time() < deadline:
            if waiting:
                begun = asyncio.create_task(waiting.pop(0)())
                tasks.add(begun)
                running.add(begun)
            patience_s = min(apart_s, deadline - loop.time()) if waiting else deadline - loop.time()
            done, running = await asyncio.wait(
                running, timeout=max(0.0, patience_s), return_when=asyncio.FIRST_COMPLETED
            )
            winner = next((task for task in done if _is_good(task)), None)
    finally:
        await _end(tasks - {winner}, give_back)
    return None if winner is None else winner.result()


async def _end(
    tasks: Collection[asyncio.Task[Result]], give_back: Callable[[Result], Coroutine[Any, Any, None]]
) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:
        if not task.cancelled() and task.exception() is None:
            await give_back(task.result())


def _is_good(task: asyncio.Task[Any]) -> bool:
    """Return whether a server answered; aioice raises many things for one that is away, refuses or answers badly."""
    if task.cancelled():
        return False
    if (error := task.exception()) is not None:
        logger.debug("an ICE server is of no use: %r", error)
    return error is None


async def _reflexive(protocol: Any, server: IceServer) -> Candidate:
    """Return the address that a STUN server sees, of the socket of one host candidate."""
    from aioice import Candidate, stun
    from aioice.candidate import candidate_foundation, candidate_priority

    own = protocol.local_candidate
    family = socket.AF_INET6 if ":" in own.host else socket.AF_INET
    found = await asyncio.get_running_loop().getaddrinfo(
        server.host, server.port, family=family, type=socket.SOCK_DGRAM
    )
    request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    response, _ = await protocol.request(request, found[0][4])
    host, port = response.attributes["XOR-MAPPED-ADDRESS"]
    return Candidate(
        foundation=candidate_foundation("srflx", "udp", own.host),
        component=own.component,
        transport=own.transport,
        priority=candidate_priority(own.component, "srflx"),
        host=host,
        port=port,
        type="srflx",
        related_address=own.host,
        related_port=own.port,
    )


async def _relayed(gatherer: Any, component: int, server: IceServer) -> tuple[Candidate, Any]:
    """Return a place at a TURN server, and the protocol that speaks through it."""
    from aioice.ice import StunProtocol, relayed_candidate

    return await relayed_candidate(
        component=component,
        hide_related_address=False,
        protocol_factory=lambda: StunProtocol(gatherer),
        turn_server=(server.host, server.port),
        turn_username=server.username,
        turn_password=server.credential,
        turn_ssl=server.tls,
        turn_transport=server.transport,
    )
