"""The summary of a call: one object for programs, a few lines for people."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from node.common.printable import printable
from node.vision.stats import RAW_WHAT

if TYPE_CHECKING:
    from node.call.stats import CallStats, FloorCounts


class PictureSummary(TypedDict):
    """Pictures of one direction. Bits and bytes are means over the frames sent.

    Both ratios are of `node.vision.stats.RAW_BITS` a picture: to the captions, and to all that went on the wire.
    """

    captioned: int
    sent: int
    received: int
    painted: int
    first_painted_s: float | None
    caption_bits_mean: float | None
    frame_bytes_mean: float | None
    wire_bps: float
    ratio: float | None
    wire_ratio: float | None


class SpeechSummary(TypedDict):
    """Speech of one direction. Rates hold while talking; mouth to ear is from a sample's capture to its playout.

    `by_broker` are packets that went through the broker, and messages that were dropped because they could not leave at
    once. Underruns count after the call's first second. Levels are means over what was loud enough for speech, in dB
    relative to full scale.
    """

    profile: str
    payload_kbps: float | None
    wire_kbps: float | None
    packets_sent: int
    packets_received: int
    by_broker_sent: int
    by_broker_received: int
    by_broker_dropped: int
    lost: int
    late: int
    concealed_ms: float
    underruns: int
    underruns_after_5s: int
    mouth_to_ear_ms_p50: float | None
    mouth_to_ear_ms_p95: float | None
    said_dbfs: float | None
    heard_dbfs: float | None
    muted_s: float


class CallSummary(TypedDict):
    """Set-up is from seeing the peer to media flowing; the rate is every byte that the sending node put on the wire.

    The lag is that of the receiving node's event loop, and waits are the part of it in which no processor was free. Bad
    messages were dropped by the receiving node; faults are messages that it should have refused and failed on. With
    `spoken_with` peers the receiving node had a way for speech; for each with which it never had, there is a reason.
    """

    setup_ms: float | None
    wire_kbps: float
    loop_lag_ms_p99: float | None
    loop_lag_ms_max: float | None
    loop_lags_over_50_ms: int
    loop_waits_over_50_ms: int
    bad_messages: int
    peer_faults: int
    spoken_with: int
    never_spoken_with: list[str]


class FloorSummary(TypedDict):
    """The floor, where it is asked for: how often, and who had it for how many seconds, by name."""

    asked: int
    granted: int
    refused: int
    held_s: dict[str, float]


class Summary(TypedDict):
    """One direction of a call; the floor is of those who push to talk."""

    seconds: float
    picture: PictureSummary
    speech: SpeechSummary
    call: CallSummary
    floor: NotRequired[FloorSummary]


def summarise(sender: CallStats, receiver: CallStats, now: float) -> Summary:
    """Sum up what `sender` sent and `receiver` got of it. For one node's own view, pass its counts twice."""
    seconds = sender.seconds(now)
    summary: Summary = {
        "seconds": round(seconds, 1),
        "picture": _picture(sender, receiver, seconds),
        "speech": _speech(sender, receiver),
        "call": _call(sender, receiver, seconds),
    }
    if sender.floor is not None:
        summary["floor"] = _floor(sender.floor, now)
    return summary


def _floor(counts: FloorCounts, now: float) -> FloorSummary:
    return {
        "asked": counts.asked,
        "granted": counts.granted,
        "refused": counts.refused,
        "held_s": {name: round(seconds, 1) for name, seconds in counts.seconds(now).items()},
    }


def _call(sender: CallStats, receiver: CallStats, seconds: float) -> CallSummary:
    lag = receiver.loop_lag
    return {
        "setup_ms": _rounded(sender.setup_ms, 0),
        "wire_kbps": round(sender.meter.total("sent") * 8 / seconds / 1000, 2),
        "loop_lag_ms_p99": _rounded(lag.percentile_ms(99), 1),
        "loop_lag_ms_max": _rounded(lag.max_ms if lag.samples else None, 1),
        "loop_lags_over_50_ms": lag.notable,
        "loop_waits_over_50_ms": lag.waits,
        "bad_messages": receiver.bad_messages,
        "peer_faults": receiver.peer_faults,
        "spoken_with": receiver.spoken_with,
        "never_spoken_with": list(receiver.never_spoken_with),
    }


def _picture(sender: CallStats, receiver: CallStats, seconds: float) -> PictureSummary:
    out, into = sender.pictures_out, receiver.pictures_in
    first = None if into.first_painted_at is None else into.first_painted_at - receiver.started
    return {
        "captioned": out.captioned,
        "sent": out.sent,
        "received": into.received,
        "painted": into.painted,
        "first_painted_s": _rounded(first, 1),
        "caption_bits_mean": _rounded(out.caption_bits / out.sent, 1) if out.sent else None,
        "frame_bytes_mean": _rounded(out.frame_bytes / out.sent, 1) if out.sent else None,
        "wire_bps": round(out.wire_bytes * 8 / seconds, 1),
        "ratio": _rounded(out.ratio, 0),
        "wire_ratio": _rounded(out.wire_ratio, 0),
    }


def _speech(sender: CallStats, receiver: CallStats) -> SpeechSummary:
    into = receiver.speech_in
    return {
        "profile": sender.profile,
        "payload_kbps": _rounded(sender.speech_payload_kbps(), 2),
        "wire_kbps": _rounded(sender.speech_wire_kbps(), 2),
        "packets_sent": sender.speech_out.packets,
        "packets_received": into.received,
        "by_broker_sent": sender.meter.broker_speech_sent.packets,
        "by_broker_received": receiver.meter.broker_speech_received.packets,
        "by_broker_dropped": sender.broker_speech_dropped,
        "lost": into.lost,
        "late": into.late,
        "concealed_ms": round(into.concealed_ms, 0),
        "underruns": into.underruns,
        "underruns_after_5s": into.underruns_after_5s,
        "mouth_to_ear_ms_p50": _rounded(percentile(into.mouth_to_ear_ms, 50), 0),
        "mouth_to_ear_ms_p95": _rounded(percentile(into.mouth_to_ear_ms, 95), 0),
        "said_dbfs": _rounded(sender.sent_level.mean_dbfs, 1),
        "heard_dbfs": _rounded(receiver.received_level.mean_dbfs, 1),
        "muted_s": round(sender.sent_level.muted_s, 1),
    }


def percentile(values: Collection[float], percent: int) -> float | None:
    """Return the value that `percent` (1 to 99) of the values do not exceed; None without values."""
    if not values:
        return None
    if len(values) == 1:
        return next(iter(values))
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def for_people(summary: Summary) -> list[str]:
    """Return the summary in plain lines."""
    picture, speech, call = summary["picture"], summary["speech"], summary["call"]
    lines = [f"{summary['seconds']:.1f} s, {call['wire_kbps']:.2f} kbit/s on the wire in all"]
    if speech["packets_sent"] or speech["packets_received"]:
        lines.append(
            f"speech    {_rates(speech)}{speech['packets_sent']} packets sent, {speech['packets_received']} received, "
            f"{speech['lost']} lost, {speech['late']} late"
        )
        lines.append(
            f"          mouth to ear {_shown(speech['mouth_to_ear_ms_p50'])} ms (95 %: "
            f"{_shown(speech['mouth_to_ear_ms_p95'])} ms); {speech['concealed_ms']:.0f} ms concealed, "
            f"{speech['underruns']} underruns"
        )
    if speech["by_broker_sent"] or speech["by_broker_received"]:
        lines.append(
            f"          by the broker {speech['by_broker_sent']} packets sent, "
            f"{speech['by_broker_received']} received, {speech['by_broker_dropped']} messages dropped"
        )
    lines += [*_unspoken(call), *_levels(speech), *_floor_lines(summary.get("floor"))]
    if picture["sent"] or picture["received"]:
        lines.append(
            f"pictures  {picture['captioned']} captioned, {picture['sent']} sent, {picture['received']} received, "
            f"{picture['painted']} painted"
        )
    if picture["sent"]:
        lines.append(
            f"          {_shown(picture['caption_bits_mean'])} bits a caption; "
            f"{picture['wire_bps']:.0f} bit/s on the wire"
        )
        lines += _ratios(picture)
    return lines + _trouble(call)


def _rates(speech: SpeechSummary) -> str:
    if not speech["packets_sent"]:
        return ""
    return f"{_shown(speech['payload_kbps'])} kbit/s of speech, {_shown(speech['wire_kbps'])} on the wire; "


def _unspoken(call: CallSummary) -> list[str]:
    """Return a line for each reason why there was no speech with a peer."""
    reasons, met = Counter(call["never_spoken_with"]), call["spoken_with"] + len(call["never_spoken_with"])
    return [
        f"speech    none with {count} of the {met} peers that were met: {printable(why)}"
        for why, count in reasons.items()
    ]


def failed(summary: Summary) -> bool:
    """Return whether peers were met that speech was for, and none of it went to or came from any of them."""
    call = summary["call"]
    return bool(call["never_spoken_with"]) and not call["spoken_with"]


def _trouble(call: CallSummary) -> list[str]:
    """Return the lines about trouble, for a call that had any."""
    lines = []
    if times := call["loop_lags_over_50_ms"]:
        lines.append(
            f"machine   too busy for a moment {times} times: up to {_shown(call['loop_lag_ms_max'])} ms late, "
            f"{_shown(call['loop_lag_ms_p99'])} ms at the 99th percentile"
        )
    if call["peer_faults"]:
        lines.append(f"peers     {call['peer_faults']} of their messages could not be handled and were left out")
    return lines


def _levels(speech: SpeechSummary) -> list[str]:
    parts = [f"said at {speech['said_dbfs']:.0f} dB"] if speech["said_dbfs"] is not None else []
    parts += [f"heard at {speech['heard_dbfs']:.0f} dB"] if speech["heard_dbfs"] is not None else []
    parts += [f"muted for {speech['muted_s']:.0f} s"] if speech["muted_s"] else []
    return [f"          {', '.join(parts)}"] if parts else []


def _floor_lines(floor: FloorSummary | None) -> list[str]:
    if floor is None:
        return []
    held = ", ".join(f"{printable(name)} {seconds:g} s" for name, seconds in floor["held_s"].items())
    return [f"floor     asked for {floor['asked']} times, granted {floor['granted']}; {held or 'nobody'} had it"]


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"


def _ratios(picture: PictureSummary) -> list[str]:
    words, wire = picture["ratio"], picture["wire_ratio"]
    if not words or not wire:
        return []
    return [f"          {words:,.0f}:1 in words, {wire:,.0f}:1 on the wire, against {RAW_WHAT}"]


def as_json(summary: Any) -> str:
    """Return the summary, or a mapping of directions to summaries, as JSON on one line."""
    import json

    return json.dumps(summary)
