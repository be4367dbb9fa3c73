"""The settings worth having: those that nothing cheaper beats, where their curve bends, and the one to take."""

from __future__ import annotations

from collections.abc import Sequence

from node.bench.speech.results import Result
from node.bench.speech.settings import Codec

CALLABLE = (Codec.OPUS, Codec.LYRA)
"""What the node itself can talk with."""


def front(results: Sequence[Result]) -> list[Result]:
    """The Pareto front of wire rate and quality: each costs more than the one before it, and is better for it."""
    best: list[Result] = []
    for result in sorted(results, key=lambda each: (each.wire_kbps, -(each.quality or 0.0))):
        if result.quality is not None and (not best or result.quality > _quality(best[-1])):
            best.append(result)
    return best


def knee(front: Sequence[Result]) -> Result | None:
    """Where more bits begin to buy little: what lies farthest above the line between the front's ends (Kneedle).

    The last where nothing lies above it: there more bits are worth having to the end. None of an empty front.
    """
    if len(front) < 3:
        return front[-1] if front else None
    first, last = front[0], front[-1]
    cost, gain = last.wire_kbps - first.wire_kbps, _quality(last) - _quality(first)

    def height(result: Result) -> float:
        return (_quality(result) - _quality(first)) / gain - (result.wire_kbps - first.wire_kbps) / cost

    highest = max(front, key=height)
    return highest if height(highest) > 0 else last


def recommend(results: Sequence[Result], max_kbps: float, max_packet_ms: float) -> Result | None:
    """The knee among what a call can use with packets so short; the best that fits the rate, if the knee does not.

    None when nothing fits.
    """
    usable = front(
        [each for each in results if each.setting.codec in CALLABLE and each.setting.packet_ms <= max_packet_ms]
    )
    bend = knee(usable)
    if bend is None or bend.wire_kbps <= max_kbps:
        return bend
    fitting = [result for result in usable if result.wire_kbps <= max_kbps]
    return fitting[-1] if fitting else None


def _quality(result: Result) -> float:
    assert result.quality is not None
    return result.quality
