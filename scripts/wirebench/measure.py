"""Runs a call of two nodes on a network of its own, and prints what it cost and how it sounded, for each direction.

Everything is counted from the IP header on. Set-up is what each node sent until both were connected; the rates are
those of the time for which it has speech to send, and ``meter_kbps`` is what the node itself says of the same time.
``whole_bytes`` is all that it sent from its first packet to its last word, and ``meter_whole_bytes`` what it says.
Without --speech the two take turns in the shipped dialogue.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from node.speech.profiles import AUTO, profile
from node.terminal.summary import percentile
from wirebench import scores
from wirebench.broker import CERTIFICATE, serving_websockets
from wirebench.capture import Seen, bytes_before, rates
from wirebench.end import BROKER_PASSWORD, BROKER_PORT, BROKER_USER
from wirebench.impairment import Conditions
from wirebench.network import ADDRESSES, HUB, Network, network
from wirebench.options import parse
from wirebench.turn_server import ICE_SERVER, serving_turn

ROOT = Path(__file__).parents[2]
BROKER_STARTS_S, SETTLES_S, TAIL_S = 20.0, 3.0, 2.0
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'scripts'}"}
Findings = dict[str, Any]


def measure(options: argparse.Namespace) -> dict[str, Findings]:
    """One call; findings by direction."""
    conditions = Conditions(options.loss, options.burst, options.delay, options.reorder, options.rate, options.no_udp)
    with tempfile.TemporaryDirectory() as folder, network(options.rate) as made, relaying(made, conditions) as relay:
        orders = {
            "profile": options.profile,
            "max_kbps": options.max_kbps,
            "speech": options.speech and str(Path(options.speech).resolve()),
            "seconds": options.seconds,
            "pictures": options.pictures,
            "route": options.route,
            "lyra": options.lyra and str(Path(options.lyra).resolve()),
            "folder": folder,
            "wss": str(Path(folder) / CERTIFICATE) if options.wss else None,
            "ice_servers": [ICE_SERVER] if options.turn else [],
        }
        turn = serving_turn(made, Path(folder)) if options.turn else contextlib.nullcontext()
        with turn, serving_websockets(made, Path(folder)) if options.wss else serving_broker(made, Path(folder)):
            ends, connected_at = call(made, orders, relay, options.udp_after)
        seen = what_was_seen(relay)
        return {
            f"{name}_to_{other}": direction(Path(folder), ends, name, other, seen, connected_at)
            | offline(Path(folder), name, options)
            for name, other in (("a", "b"), ("b", "a"))
        }


@contextlib.contextmanager
def process(made: Network, where: str, *command: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process in a namespace; ended, at the latest, with the context."""
    whole = [*made.inside(where), sys.executable, *command]
    with subprocess.Popen(whole, env=ENVIRONMENT, stdin=-1, stdout=-1, text=True, cwd=ROOT) as running:
        try:
            yield running
        finally:
            running.terminate()


@contextlib.contextmanager
def relaying(made: Network, conditions: Conditions) -> Iterator[subprocess.Popen[str]]:
    """The hub at work."""
    with process(made, HUB, "-m", "wirebench.relay", json.dumps(dataclasses.asdict(conditions))) as relay:
        hear(relay)
        yield relay


@contextlib.contextmanager
def serving_broker(made: Network, folder: Path) -> Iterator[None]:
    """The node's own broker, in a namespace of its own. Off loopback it wants to know who comes in."""
    password = folder / "password"
    password.touch(0o600)
    password.write_text(BROKER_PASSWORD)
    where = ["--host", ADDRESSES["c"], "--port", str(BROKER_PORT)]
    login = ["--username", BROKER_USER, "--password-file", str(password)]
    with process(made, "c", "-m", "node", "broker", *where, *login) as broker:
        hear(broker)
        yield


def call(
    made: Network, orders: Findings, relay: subprocess.Popen[str], udp_after_s: float | None
) -> tuple[dict[str, Findings], float]:
    """Both ends, from set-up to the last word heard; what each found, and when both were connected."""
    with contextlib.ExitStack() as stack:
        ends = {
            name: stack.enter_context(process(made, name, "-m", "wirebench.end", name, json.dumps(orders)))
            for name in ("a", "b")
        }
        for end in ends.values():
            hear(end)
        connected_at = time.monotonic()
        time.sleep(SETTLES_S)
        for end in ends.values():
            tell(end)
        blocked_s = udp_after_s or 0.0
        time.sleep(blocked_s)
        if udp_after_s is not None:
            tell(relay)
        time.sleep(talking_s(orders) + TAIL_S - blocked_s)
        for end in ends.values():
            tell(end)
        return {name: json.loads(hear(end)) for name, end in ends.items()}, connected_at


def talking_s(orders: Findings) -> float:
    """How long the ends will have something to say."""
    from wirebench.end import _recording

    return len(_recording("a", orders["speech"], orders["seconds"])) / 16_000


def hear(process: subprocess.Popen[str]) -> str:
    """The next line that a process prints. Exits if it ends instead."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        sys.exit("measure_wire: a part of the call ended before its time; its own message is above")
    return line


def tell(process: subprocess.Popen[str]) -> None:
    """Gives a process its cue."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def what_was_seen(relay: subprocess.Popen[str]) -> list[Seen]:
    """Stops the relay; all that the nodes sent."""
    output, _ = relay.communicate()
    return [Seen(*packet) for packet in json.loads(output)]


def direction(
    folder: Path, ends: dict[str, Findings], name: str, other: str, seen: list[Seen], connected_at: float
) -> Findings:
    """What one node sent, and what the other heard and saw of it."""
    sender, receiver = ends[name], ends[other]
    kbps = rates(seen, name, sender["begin"], sender["end"])
    said = np.load(folder / f"{name}-said.npy")
    heard = scores.aligned(said, np.load(folder / f"{other}-heard.npy"))
    delays = [receiver["shown"][words] - at for words, at in sender["captured"].items() if words in receiver["shown"]]
    found = {
        "profile": sender["profile"],
        "payload_kbps": kbps.get("payload", 0.0),
        "speech_kbps": kbps.get("rtp", 0.0),
        "rtcp_kbps": kbps.get("rtcp", 0.0),
        "stun_kbps": kbps.get("stun", 0.0),
        "setup_ms": sender["setup_ms"],
        "routes": ">".join(receiver["routes"]),
        "change_gap_ms": receiver["gap_ms_max"],
        "late": receiver["late"],
        "dropped": sender["dropped"],
        "concealed_percent": 100 * receiver["concealed_ms"] / 1000 / (receiver["end"] - receiver["begin"]),
        "turn_kbps": kbps.get("turn", 0.0) + kbps.get("turn_tcp", 0.0),
        "mqtt_kbps": kbps.get("mqtt", 0.0),
        "total_kbps": rates(seen, name, *sender["metered"]).get("total", 0.0),
        "setup_bytes": bytes_before(seen, name, connected_at),
        "meter_kbps": sender["meter_kbps"],
        "whole_bytes": bytes_before(seen, name, sender["counted"][0]),
        "meter_whole_bytes": sender["counted"][1],
        "estoi": scores.estoi(said, heard),
        "pesq_wb": scores.pesq_wb(said, heard),
        "stall_ms_max": receiver["stall_ms_max"],
        "picture_delay_ms_p95": percentile([delay * 1000 for delay in delays], 95),
        "mouth_to_ear_ms_p95": receiver["mouth_to_ear_ms_p95"],
        "lost": receiver["lost"],
        "concealed_ms": receiver["concealed_ms"],
        "cpu_percent": sender["cpu_percent"],
    }
    return {key: round(value, 3) if isinstance(value, float) else value for key, value in found.items()}


def offline(folder: Path, name: str, options: argparse.Namespace) -> Findings:
    """How the same setting sounds without a network, if it is one setting of Opus."""
    if options.profile == AUTO or options.lyra:
        return {}
    said = np.load(folder / f"{name}-said.npy")
    heard = scores.offline(said, profile(options.profile))
    found = {"estoi_offline": scores.estoi(said, heard), "pesq_wb_offline": scores.pesq_wb(said, heard)}
    return {key: value and round(value, 3) for key, value in found.items()}


def main() -> None:
    """Measures and prints."""
    options = parse(__doc__)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the network is taken down
    found = measure(options)
    if options.json:
        print(json.dumps(found))
        return
    names = list(found)
    print(f"{'':24}" + "".join(f"{name:>12}" for name in names))
    for key in found[names[0]]:
        print(
            f"{key:24}" + "".join(f"{found[name][key] if found[name][key] is not None else '-':>12}" for name in names)
        )


if __name__ == "__main__":
    main()
