"""The committed session of format 1: every later version replays and exports it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest

from node.captions.coder import shipped_codecs
from node.export.export import export_session
from node.export.export_options import ExportOptions
from node.export.timeline import ExportTimeline
from node.recording.reader import SessionReader
from node.replay.decoder import SessionDecoder
from node.speech.pcm import SAMPLE_RATE, Pcm, level_dbfs, silence
from node.speech.send_stream import VOICED_DBFS

FIXTURE = Path(__file__).parents[2] / "data" / "session-v1.mcap"
WORDS = [
    "a grey dog sleeping on top of a table with a book on a beach on a rainy day",
    "a man with curly grey hair and a beard wearing a red jacket is drinking from a cup in a park at night",
    "a black bird sitting on top of a sofa with a laptop in the mountains on a rainy day",
    "a horse sitting on top of a bed with a cup in a kitchen",
]


def heard() -> dict[str, Pcm]:
    pieces: dict[str, list[Pcm]] = {}
    with SessionReader.open(FIXTURE) as session:
        decoder, steps = SessionDecoder(session), 0
        while not decoder.ended:
            for sender, pcm in decoder.step().items():
                pieces.setdefault(sender, [silence(320 * steps)]).append(pcm)
            steps += 1
    return {sender: np.concatenate(parts) for sender, parts in pieces.items()}


def test_both_voices_are_heard_and_the_same_each_time() -> None:
    voices = heard()
    assert len(voices) == 2
    for pcm in voices.values():
        seconds = [pcm[at : at + SAMPLE_RATE] for at in range(0, len(pcm), SAMPLE_RATE)]
        assert sum(level_dbfs(second) > VOICED_DBFS for second in seconds) >= 2
    for sender, pcm in heard().items():
        assert np.array_equal(pcm, voices[sender])


async def test_all_its_pictures_are_seen() -> None:
    with SessionReader.open(FIXTURE) as session:
        timeline = ExportTimeline(session, shipped_codecs())
        seen = dict.fromkeys([tile.words async for step in timeline.steps() for tile in step.tiles])
        assert [member.name for member in timeline.attendance.participants] == ["Ann", "Bob"]
    assert [words for words in seen if words] == WORDS


@pytest.mark.parametrize("name", ["out.mp4", "out.webm", "out.opus", "out.srt", "out.html", "out.jsonl"])
def test_it_is_exported_to_all_formats(tmp_path: Path, name: str) -> None:
    notes: list[str] = []
    asyncio.run(
        export_session(FIXTURE, shipped_codecs(), ExportOptions(tmp_path / name, pictures=False), None, notes.append)
    )
    assert not notes
    text = (tmp_path / name).read_bytes()
    if name not in ("out.opus", "out.webm", "out.mp4"):
        assert all(words.encode() in text for words in WORDS)
    if name == "out.jsonl":
        kinds = {json.loads(line)["kind"] for line in text.splitlines()}
        assert kinds == {"session", "speech", "picture", "joined", "left", "meters", "note", "snapshot"}
