"""The session of format 1 that is committed: every later version reads it, with exactly these contents."""

from __future__ import annotations

import json
from pathlib import Path

from make_session_fixture import told

from node.session.info import gather
from node.session.reader import Session
from protocol import frames, log
from protocol.captions import registry
from protocol.speech import opus

DATA = Path(__file__).parents[2] / "data"
FIXTURE = DATA / "session-v1.mcap"


def test_it_is_read_as_it_was_written() -> None:
    with Session.open(FIXTURE) as session:
        assert told(session.header, list(session.records())) == json.loads((DATA / "session-v1.json").read_text())
        assert (session.complete, session.damage) == (True, 0)


def test_it_is_small() -> None:
    assert FIXTURE.stat().st_size < 60_000


def test_its_speech_is_opus_and_its_captions_are_what_their_codec_says() -> None:
    with Session.open(FIXTURE) as session:
        for record in session.records():
            if isinstance(record, log.Speech):
                assert opus.duration_ms(record.payload) in {60, 120}
            if isinstance(record, log.Frame):
                picture = frames.decode(record.frame)
                assert isinstance(picture, frames.Picture)
                if registry.codebook(picture.codec) in (None, *session.header.codebooks):
                    assert registry.decode(picture.codec, picture.caption) == record.caption


def test_info_tells_of_it() -> None:
    info = gather(FIXTURE)
    assert [sender.name for sender in info.people] == ["Ann", "Bob"]
    assert len(info.captions) == 4
    assert info.remarks == []
