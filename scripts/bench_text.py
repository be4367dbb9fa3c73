#!/usr/bin/env -S sh -c 'p="$(dirname "$0")/../.venv/bin/python"; [ -x "$p" ] || p=python3; exec "$p" "$0" "$@"'
"""Measures what a line of text costs: bytes of the MQTT payload, and all on the wire, of lines of 40 characters.

    scripts/bench_text.py [--json]

Each line is the sender's hundredth, sealed; its acknowledgement by one peer is counted apart.
"""

from __future__ import annotations

import argparse
import json
import statistics

from node.captions.coder import shipped_codecs
from node.links.mqtt import Message
from node.links.wire_meter import tcp_message_cost
from protocol import frames
from protocol.captions.tokens import to_utf8
from protocol.chat import Wording
from protocol.chat.lines import UTF8
from protocol.room_secret import RoomSecret
from protocol.sealing import Sealer
from protocol.topics import Letter, Topic

CODECS = shipped_codecs()
SECRET = RoomSecret(b"for benches only")
NUMBER = 100

# Forty characters each: what people type, what the caption codec knows best, and what it knows least.
LINES = {
    "english": "shall we meet at the station after lunch",
    "english with a capital and a mark": "Did you see the cat on top of the shelf?",
    "of a picture": "a cat sitting on top of a wooden bench..",
    "german": "Kommst du morgen mit an den alten Hafen?",
    "letters at random": "xqzvkj wpfgh tbdnl mrcsy aeiou qqzzx vvk",
    "cyrillic, 40 letters of two bytes": "придёшь завтра вечером на старый вокзал?",
}


def payload(text: str) -> int:
    """Bytes of the MQTT payload of a line in the shortest form of all codecs of ours."""
    forms = {codec: CODECS.encode(text, codec).data for codec in CODECS.lossless() - {UTF8}}
    codec, coded = Wording(forms | {UTF8: to_utf8(text)[0]}).shortest(CODECS.lossless())
    return _sealed(frames.encode(frames.Line(NUMBER, coded, codec)))


def acknowledgement() -> int:
    """Bytes of the MQTT payload of an acknowledgement of one author's lines."""
    return _sealed(frames.encode(frames.Have((("anna", NUMBER + 1),))))


def on_the_wire(size: int) -> int:
    """Bytes from the IP header on, with the topic and TCP's acknowledgement, without TLS."""
    topic = str(Topic(SECRET.room_id(), "anna", Letter.TEXT))
    return tcp_message_cost(Message(topic, bytes(size)).size, "127.0.0.1")


def _sealed(frame: bytes) -> int:
    return len(Sealer(SECRET, "anna", 1).frame(Letter.TEXT, frame, retained=False))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sizes = {what: payload(text) for what, text in LINES.items()} | {"acknowledgement": acknowledgement()}
    if options.json:
        print(json.dumps(sizes))
        return
    for what, size in sizes.items():
        print(f"{size:3d} bytes of payload, {on_the_wire(size):3d} on the wire  {what}")
    print(f"{statistics.mean(payload(text) for text in LINES.values()):5.1f} bytes of payload, mean of the lines")


if __name__ == "__main__":
    main()
