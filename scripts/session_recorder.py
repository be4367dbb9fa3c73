#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""Records made-up traffic to FILE until it is killed: ten packets a second each way. Prints when the session began, on
the monotonic clock, which all processes share."""

from __future__ import annotations

import itertools
import random
import sys
import time
from pathlib import Path

from node.recording.recorder import Recorder
from node.speech.send_stream import SpeechPacket
from protocol.log import Header

EVERY_S = 0.05


def main() -> None:
    rng, began = random.Random(1), time.monotonic()
    recorder = Recorder(Path(sys.argv[1]), Header(node="a", name="Ann"))
    print(began, flush=True)
    for number in itertools.count():
        payload, timestamp = rng.randbytes(118), number * 5760
        recorder.speech_sent(SpeechPacket(payload, timestamp, time.monotonic(), True, 120))
        recorder.speech_received("b", number % 65536, timestamp, payload, ())
        time.sleep(max(0.0, began + (number + 1) * EVERY_S - time.monotonic()))


if __name__ == "__main__":
    main()
