"""A video's subtitles stand where they belong, however long the call was silent or a caption stayed."""

from __future__ import annotations

import itertools
from pathlib import Path

import av
import pytest
from PIL import Image

from node.export.subtitles import Cue
from node.export.video_writer import MP4, WEBM, VideoFormat, VideoWriter
from node.speech.pcm import silence

HOUR = 3600.0


@pytest.mark.parametrize("kind", [MP4, WEBM], ids=["mp4", "webm"])
@pytest.mark.parametrize(
    "cues",
    [
        [Cue(0.0, 2.0, "a"), Cue(HOUR, HOUR + 2, "b"), Cue(5 * HOUR, 5 * HOUR + 1, "c")],
        [Cue(2 * HOUR, 2 * HOUR + 2, "late")],
        [Cue(1.0, 2 * HOUR, "a cat that stays"), Cue(2 * HOUR, 2 * HOUR + 3, "a dog")],
    ],
)
def test_subtitles_hours_apart_or_of_hours_are_in_their_place(
    tmp_path: Path, kind: VideoFormat, cues: list[Cue]
) -> None:
    path, picture = tmp_path / f"out.{kind.container}", Image.new("RGB", (64, 64))
    video = VideoWriter(path, kind, (64, 64))
    video.sound(silence(320))
    for cue in cues:
        video.picture(cue.start, picture)
        video.caption(cue)
    video.picture(cues[-1].end + 1, picture)
    video.close()
    shown = _shown(path)
    for cue in cues:
        pieces = [(begin, end) for begin, end, text in shown if text.endswith(cue.text.encode())]
        assert (pieces[0][0], pieces[-1][1]) == pytest.approx((cue.start, cue.end), abs=0.01)
        assert all(before[1] == pytest.approx(after[0]) for before, after in itertools.pairwise(pieces))


def _shown(path: Path) -> list[tuple[float, float, bytes]]:
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(subtitles=0) if packet.size and packet.pts is not None]
        return [
            (
                float(packet.pts * packet.time_base),
                float((packet.pts + packet.duration) * packet.time_base),
                bytes(packet),
            )
            for packet in packets
            if packet.pts is not None and packet.duration is not None and packet.time_base is not None
        ]
