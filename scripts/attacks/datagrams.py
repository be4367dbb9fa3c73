"""A flood of datagrams on the port of the speech, from addresses that take no part in the call: does speech go on?

It comes from a process of its own: what the sender takes is not the node's.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

from attacks.attacks import Scene
from attacks.broker import LOOPBACK
from attacks.flood import LEAST_SHARE, MOST_GROWTH_MB, memory_mb, speech_share
from node.links import ice_hooks

RATE = 20_000  # datagrams a second
SECONDS = 6.0
QUIET_S = 3.0
# STUN that knows no password, SRTP and SRTCP that no key fits, DTLS that begins and ends anew, and nothing at all.
KINDS = {
    "STUN": "000100002112a442" + 12 * "41",
    "SRTP": "806f0001000000010000000a" + 40 * "55",
    "SRTCP": "80c80006000000010000000a" + 40 * "55",
    "DTLS": "16fefd0000000000000000000c" + 12 * "00",
    "nothing": "ff" * 20,
    "much": "806f0001" + 1200 * "55",
}
SENDER = """
import json, socket, sys, time
port, rate, seconds, kinds = json.loads(sys.argv[1])
sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(8)]
for number, one in enumerate(sockets):
    one.bind((f"127.0.0.{2 + number}", 0))
data, sent, began = [bytes.fromhex(kind) for kind in kinds], 0, time.monotonic()
while (now := time.monotonic()) < began + seconds:
    while sent < (now - began) * rate:
        try:
            sockets[sent % 8].sendto(data[sent // 8 % len(data)], ("127.0.0.1", port))
        except OSError:
            pass
        sent += 1
    time.sleep(0.001)
print(sent)
"""


async def datagrams(scene: Scene) -> tuple[bool, str]:
    """20,000 datagrams a second of all kinds to Bob's port, from eight addresses that take no part in the call"""
    port = _port(scene)
    quiet = await speech_share(scene.bob, QUIET_S)
    memory = memory_mb()
    what = json.dumps([port, RATE, SECONDS, list(KINDS.values())])
    sender = await asyncio.create_subprocess_exec(sys.executable, "-c", SENDER, what, stdout=subprocess.PIPE)
    share = await speech_share(scene.bob, SECONDS)
    out, _ = await sender.communicate()
    growth = memory_mb() - memory
    held = share > LEAST_SHARE * min(1.0, quiet) and growth < MOST_GROWTH_MB and scene.ann.id in scene.bob.links()
    return held, (
        f"{int(out) / SECONDS:,.0f} datagrams a second; {share:.0%} of the speech packets came, {quiet:.0%} without "
        f"the attack; memory grew by {growth:.1f} MB"
    )


def _port(scene: Scene) -> int:
    """Where Bob's media comes in."""
    connection = scene.bob.node._calls._calls[scene.ann.id].link.connection
    ports = [one.transport.get_extra_info("sockname") for one in ice_hooks.ice_protocols(connection)]
    return next(int(name[1]) for name in ports if name[0] == LOOPBACK)


ATTACKS = (("flood the port of the speech", datagrams),)
