"""What scripts/measure_wire can be asked for."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from node.speech import sound_files
from node.speech.pcm import FRAME_SAMPLES
from node.speech.profiles import AUTO, profile
from protocol.errors import PictophoneError

MOST_LOST = 90.0  # percent: nothing connects over a link that loses more


def parse(description: str | None, arguments: list[str] | None = None) -> argparse.Namespace:
    """The options; ends with one line and status 2 for what cannot be measured."""
    parser = argparse.ArgumentParser("measure_wire", description=description)
    parser.add_argument("--rate", type=_at_least(0), default=0.0, metavar="KBIT", help="shape each node's uplink")
    parser.add_argument("--loss", type=percent, default=0.0, metavar="PCT", help="packets lost, of all")
    parser.add_argument("--burst", type=count, default=1, metavar="N", help="packets lost in a row")
    parser.add_argument("--delay", type=_at_least(0), default=0.0, metavar="MS", help="delay of every packet, one way")
    parser.add_argument("--reorder", type=percent, default=0.0, metavar="PCT", help="packets that others overtake")
    parser.add_argument("--profile", type=_profile, default="lean", metavar="P", help="speech profile (default: lean)")
    parser.add_argument("--max-kbps", type=_at_least(1), default=16.0, metavar="KBIT", help="with --profile auto")
    parser.add_argument(
        "--speech", type=_sound, metavar="WAV", help="what both say, all the time, instead of the dialogue"
    )
    parser.add_argument(
        "--seconds", type=_at_least(1), metavar="N", help="how long they talk (default: the speech once)"
    )
    parser.add_argument("--lyra", type=_lyra, metavar="DIR", help="talk with Lyra, by the model files there")
    parser.add_argument("--wss", action="store_true", help="meet at a mosquitto by WebSocket and TLS, on port 443")
    parser.add_argument(
        "--route", choices=("auto", "direct", "broker"), default="auto", help="the way of speech (default: auto)"
    )
    parser.add_argument("--turn", action="store_true", help="name to both a coturn that is reached by TCP")
    parser.add_argument("--no-udp", action="store_true", help="nothing but TCP passes")
    parser.add_argument("--udp-after", type=_at_least(0), metavar="S", help="let UDP through so long after they talk")
    parser.add_argument("--no-pictures", dest="pictures", action="store_false", help="speech alone")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


def _at_least(least: float) -> Callable[[str], float]:
    def number(text: str) -> float:
        if not least <= float(text) < float("inf"):
            raise argparse.ArgumentTypeError(f"{text} is not possible; give {least:g} or more")
        return float(text)

    return number


def percent(text: str) -> float:
    if not 0 <= float(text) <= MOST_LOST:
        raise argparse.ArgumentTypeError(f"{text} is not possible; give 0 to {MOST_LOST:g}")
    return float(text)


def count(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not possible; give 1 or more")
    return int(text)


def _profile(name: str) -> str:
    if name != AUTO:
        _tried(lambda: profile(name))
    return name


def _sound(path: str) -> str:
    _tried(lambda: next(sound_files.blocks(Path(path), FRAME_SAMPLES)))
    return path


def _lyra(folder: str) -> str:
    from node.speech import lyra_model

    _tried(lambda: lyra_model.check(Path(folder)))
    return folder


def _tried(what: Callable[[], object]) -> None:
    """argparse says which option it was."""
    try:
        what()
    except PictophoneError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    except StopIteration:
        raise argparse.ArgumentTypeError("there is no sound in the file") from None
