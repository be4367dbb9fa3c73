#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""What recorded sessions weigh, lose and cost. Prints one JSON object.

.venv/bin/python scripts/bench_session.py                   # all of it
.venv/bin/python scripts/bench_session.py size              # bytes of ten minutes, against packets and frames
.venv/bin/python scripts/bench_session.py kill --times 20   # seconds lost by SIGKILL at a random moment
.venv/bin/python scripts/bench_session.py seek --hours 10   # ms to the first packet, and memory
.venv/bin/python scripts/bench_session.py damage            # cut at every 997th byte, and random bytes flipped
.venv/bin/python scripts/bench_session.py silence           # the densest ten hours there can be
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import session_traffic
from mcap.reader import make_reader

from node.recording.edit import recover
from node.recording.reader import SessionReader
from node.recording.writer import SessionWriter, create_file
from protocol import log
from protocol.errors import PictophoneError

SECRET = b"a room for the bench"
CUT_EVERY = 997


def write(path: Path, records: Iterable[log.Record], secret: bytes | None = None) -> None:
    with create_file(path) as stream:
        writer = SessionWriter(stream, session_traffic.HEADER, secret)
        writer.write_all(records)
        writer.finish()


def payload_bytes(records: Iterable[log.Record]) -> int:
    """Of Opus packets, the copies beside them included, and of frames."""
    return sum(map(_payload_bytes, records))


def _payload_bytes(record: log.Record) -> int:
    match record:
        case log.Speech(payload=payload, copies=copies):
            return len(payload) + sum(len(copy.payload) for copy in copies)
        case log.Frame(frame=frame):
            return len(frame)
    return 0


def size(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Ten minutes of a duplex call: taking turns, talking both at once, and sealed."""
    found = {}
    for name, nonstop, profile, secret in (
        ("taking_turns", False, "lean", None),
        ("taking_turns_sealed", False, "lean", SECRET),
        ("both_at_once", True, "lean", None),
        ("taking_turns_with_copies", False, "tough", None),
    ):
        records = session_traffic.duplex(60 * arguments.minutes, profile, nonstop)
        path = folder / f"{name}.mcap"
        write(path, records, secret)
        carried = payload_bytes(records)
        whole = path.stat().st_size
        found[name] = {"payload_bytes": carried, "file_bytes": whole, "ratio": round(whole / carried, 3)}
    return found


def seek(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Moments all over a long session: open once and seek, and open anew for each; memory before and after."""
    path = folder / "long.mcap"
    minutes = session_traffic.duplex(600.0)
    span_us = 600_000_000
    write(path, (replace(record, at_us=record.at_us + part * span_us)
                 for part in range(int(arguments.hours * 6)) for record in minutes))  # fmt: skip
    script = (
        "import json,re,sys,time,random\n"
        "from pathlib import Path\n"
        "from node.recording.reader import SessionReader\n"
        "from protocol.log import Speech\n"
        "path=Path(sys.argv[1]); rng=random.Random(1); ms={'seek':[], 'open_and_seek':[], 'seek_and_state':[]}\n"
        "def peak(): return int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])\n"
        "session=SessionReader.open(path); before=peak()\n"
        "def timed(kind, work):\n"
        "    began=time.perf_counter(); work(); ms[kind].append((time.perf_counter()-began)*1e3)\n"
        "for _ in range(50):\n"
        "    at=rng.uniform(0, session.duration_s-60)\n"
        "    timed('seek', lambda: next(session.records(at, kinds=(Speech,))))\n"
        "    timed('seek_and_state', lambda: (session.state(at), next(session.records(at))))\n"
        "    timed('open_and_seek', lambda: next(SessionReader.open(path).records(at, kinds=(Speech,))))\n"
        "after=peak(); count=sum(1 for _ in session.records()); end=peak()\n"
        "print(json.dumps({'ms':ms,'mib':[before/1024,after/1024,end/1024],'records':count}))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    figures: dict[str, Any] = {"file_bytes": path.stat().st_size, "records": told["records"]}
    for kind, values in told["ms"].items():
        figures[f"{kind}_ms_median"] = round(statistics.median(values), 2)
        figures[f"{kind}_ms_worst"] = round(max(values), 2)
    figures["mib_opened_sought_read"] = [round(value, 1) for value in told["mib"]]
    return figures


def kill(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """A recorder's process, killed at random moments: what of the last moments is in its file."""
    rng = random.Random(arguments.seed)
    lost = []
    for number in range(arguments.times):
        path = folder / f"killed-{number}.mcap"
        lost.append(killed(path, rng.uniform(2.5, 6.0)))
        mended = path.with_stem(f"{path.stem}-recovered")
        recover(path, None, None)
        with mended.open("rb") as file:
            assert sum(1 for _ in make_reader(file, validate_crcs=True).iter_messages()) > 0
        with SessionReader.open(mended) as session:
            assert session.complete and not session.damage
    return {
        "times": arguments.times,
        "lost_s_worst": round(max(lost), 3),
        "lost_s_mean": round(statistics.mean(lost), 3),
    }


def killed(path: Path, after_s: float) -> float:
    """Record in another process, kill it so long after it began; how many seconds before its death are not there."""
    here = Path(__file__).with_name("session_recorder.py")
    recording = subprocess.Popen([sys.executable, here, path], stdout=subprocess.PIPE, text=True)
    assert recording.stdout is not None
    began = float(recording.stdout.readline())
    time.sleep(max(0.0, began + after_s - time.monotonic()))
    recording.send_signal(signal.SIGKILL)
    died = time.monotonic()
    recording.wait()
    with SessionReader.open(path) as session:
        return died - began - session.duration_s


def damage(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """A minute cut off at every 997th byte, and with random bytes flipped: what is recovered, and how long it takes."""
    records = session_traffic.duplex(60.0)
    path = folder / "whole.mcap"
    write(path, records)
    whole, rng = path.read_bytes(), random.Random(arguments.seed)
    cuts = [whole[:at] for at in range(0, len(whole), CUT_EVERY)]
    flips = [flipped(whole, rng) for _ in range(arguments.flips)]
    return {
        "cut": tried(folder, cuts, len(records)),
        "flipped": tried(folder, flips, len(records)),
    }


def flipped(data: bytes, rng: random.Random) -> bytes:
    damaged = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        damaged[rng.randrange(len(data))] ^= rng.randint(1, 255)
    return bytes(damaged)


def tried(folder: Path, damaged: list[bytes], records: int) -> dict[str, Any]:
    shares, errors, slowest = [], 0, 0.0
    path, mended = folder / "damaged.mcap", folder / "mended.mcap"
    for data in damaged:
        path.write_bytes(data)
        mended.unlink(missing_ok=True)
        began = time.perf_counter()
        try:
            recover(path, mended, None)
        except PictophoneError:
            errors += 1
            continue
        finally:
            slowest = max(slowest, time.perf_counter() - began)
        with SessionReader.open(mended) as session:
            shares.append(sum(1 for _ in session.records()) / records)
    return {
        "files": len(damaged),
        "one_error": errors,
        "records_recovered_mean": round(statistics.mean(shares), 3),
        "slowest_s": round(slowest, 3),
    }


def silence(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """The densest recording there can be, eight people whose packets are all alike: what a byte of it unpacks to."""
    path = folder / "silence.mcap"
    write(path, alike(arguments.hours * 3600, people=8))
    script = (
        "import json,re,sys,time\n"
        "from pathlib import Path\n"
        "from node.recording.info import read_info\n"
        "path=Path(sys.argv[1]); began=time.process_time(); info=read_info(path, ())\n"
        "peak=int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])\n"
        "packets=sum(one.speech.packets for one in info.people)\n"
        "print(json.dumps({'packets':packets,'info_cpu_s':round(time.process_time()-began,1),'mib':round(peak/1024)}))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    with path.open("rb") as file:
        summary = make_reader(file).get_summary()
    assert summary is not None
    unpacked = sum(chunk.uncompressed_size for chunk in summary.chunk_indexes)
    size = path.stat().st_size
    return {
        "file_bytes": size,
        "bytes_from_a_byte": round(unpacked / size, 1),
        "bytes_of_a_record": round(size / figures["packets"], 1),
        **figures,
    }


def alike(seconds: float, people: int) -> Iterable[log.Record]:
    senders = [f"p{number}" for number in range(people)]
    yield from (log.Joined(0, sender, sender, 15) for sender in senders)
    for number in range(int(seconds / 0.12)):
        for sender in senders:
            yield log.Speech(number * 120_000, sender, number % 65_536, number * 5760 % (1 << 32), bytes(118))


PARTS: dict[str, Callable[[Path, argparse.Namespace], dict[str, Any]]] = {
    "size": size, "kill": kill, "seek": seek, "damage": damage, "silence": silence,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which; all by default")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--flips", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    figures = {}
    for part in arguments.parts or PARTS:
        with tempfile.TemporaryDirectory() as folder:
            figures[part] = PARTS[part](Path(folder), arguments)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
