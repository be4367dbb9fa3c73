"""Nothing is imported in the event loop once a call runs: an import stops speech for as long as it takes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SUPPORT = Path(__file__).parents[1] / "support"

CALL = """
import asyncio, sys, threading

from live_call import LOOPBACK, noise, parts, place, running  # preloads, as the commands do
from fake_models import FakeModels
from node.call.node import Node
from node.links import broker
from node.links.address import BrokerAddress
from node.speech.sinks import NullSink
from node.vision.cameras.scene import SceneCamera

late = []


class Late:
    def find_spec(self, name, path=None, target=None):
        if threading.current_thread() is threading.main_thread():
            late.append(name)


async def main():
    async with broker.serve(LOOPBACK, 0) as port:
        address = BrokerAddress(LOOPBACK, port)
        clock = asyncio.get_running_loop().time
        ends = [
            parts(FakeModels(), source=noise(), sink=NullSink(), camera=SceneCamera(seed, clock), paints=True,
                  look_bytes=8, tries=2)
            for seed in ("1", "2")
        ]
        nodes = [Node(name, place(address), made) for name, made in zip(("ann", "bob"), ends)]
        sys.meta_path.insert(0, Late())
        async with running(*nodes) as call:
            await call.until(lambda: all(node.count().pictures_in.painted for node in nodes))
            await call.until(lambda: all(node.count().pictures_out.sent > 1 for node in nodes))
            await call.until(lambda: all(n.delay_ms() is not None for n in nodes))
        sys.meta_path.pop(0)

asyncio.run(main())
print(late)
"""


def test_a_running_call_imports_nothing() -> None:
    path = os.pathsep.join([str(SUPPORT), str(SUPPORT.parents[1])])
    command, environment = [sys.executable, "-c", CALL], os.environ | {"PYTHONPATH": path}
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=150, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "[]"
