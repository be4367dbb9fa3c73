"""Descriptions as browsers get them and give them; whole sessions are in test_rtc_routes."""

from __future__ import annotations

from dataclasses import replace

from node.speech.profiles import CLEAR, LEAN
from node.web.browser_link import asking_for, without_candidates

ANSWER = "\r\n".join(
    [
        "v=0",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 0",
        "a=rtpmap:111 opus/48000/2",
        "a=fmtp:111 minptime=10;useinbandfec=1",
        "a=rtpmap:0 PCMU/8000",
        "a=fmtp:0 x=1",
        "",
    ]
)


def test_an_answer_asks_for_the_profile() -> None:
    lines = asking_for(ANSWER, LEAN).splitlines()
    assert lines[3] == ("a=fmtp:111 minptime=60;maxaveragebitrate=8000;stereo=0;sprop-stereo=0;useinbandfec=0;usedtx=1")
    assert lines[4:6] == ["a=ptime:60", "a=maxptime:120"]
    assert lines[6:] == ["a=rtpmap:0 PCMU/8000", "a=fmtp:0 x=1"]


def test_another_profile_asks_for_other_speech() -> None:
    asked = asking_for(ANSWER, replace(CLEAR, dtx=False, frame_ms=20))
    assert "maxaveragebitrate=12000" in asked
    assert "usedtx=0" in asked
    assert "a=ptime:20\r\n" in asked


def test_addresses_are_left_out_whatever_ends_the_lines() -> None:
    offer = "v=0\nm=audio 9 x 0\na=candidate:1 1 udp 1 10.0.0.1 9 typ host\n\na=end-of-candidates\na=mid:0\n"
    assert without_candidates(offer) == "v=0\r\nm=audio 9 x 0\r\na=mid:0\r\n"
