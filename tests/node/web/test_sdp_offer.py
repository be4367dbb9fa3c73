"""Offers as publishers and players make them, damaged ones, and whole answers to them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiortc.sdp import SessionDescription
from hypothesis import given, settings
from hypothesis import strategies as st

from node.speech.profiles import LEAN
from node.web.browser_link import BrowserLink
from node.web.sdp_offer import MAX_MEDIA, SdpOffer
from protocol.errors import SignalError

CASES = Path(__file__).parents[4] / "shared" / "data" / "cases"

DIGEST = "a=fingerprint:sha-256 " + ":".join(32 * ["AA"])
SECURE = ["a=setup:actpass", "a=ice-ufrag:abcd", "a=ice-pwd:abcdabcdabcdabcdabcdabcd", DIGEST]
OPUS = ["a=rtpmap:111 opus/48000/2", "a=fmtp:111 minptime=10;useinbandfec=1"]


def section(kind: str, types: str, mid: str | None, *lines: str, port: int = 9, way: str = "sendonly") -> list[str]:
    named = [] if mid is None else [f"a=mid:{mid}"]
    return [f"m={kind} {port} UDP/TLS/RTP/SAVPF {types}", "c=IN IP4 0.0.0.0", *named, f"a={way}", "a=rtcp-mux", *lines]


def an_offer(*sections: list[str], bundle: str | None = "0 1", session: list[str] | None = None) -> str:
    group = [] if bundle is None else [f"a=group:BUNDLE {bundle}"]
    lines = ["v=0", "o=x 1 0 IN IP4 127.0.0.1", "s=-", "t=0 0", *group, *(SECURE if session is None else session)]
    return "\r\n".join(lines + [line for one in sections for line in one]) + "\r\n"


AUDIO = section("audio", "111", "0", *OPUS)
VIDEOS = {
    "H265": ["a=rtpmap:96 H265/90000", "a=fmtp:96 profile-id=1;tier-flag=0;level-id=93;tx-mode=SRST"],
    "AV1": ["a=rtpmap:96 AV1/90000", "a=rtcp-fb:96 nack pli", "a=fmtp:96 profile=0;level-idx=5;tier=0"],
    "H264 High": ["a=rtpmap:96 H264/90000", "a=fmtp:96 profile-level-id=640c1f;packetization-mode=0"],
    "H264 of no level": ["a=rtpmap:96 H264/90000", "a=fmtp:96 profile-level-id=zz"],
    "VP9 and its mending": [
        "a=rtpmap:96 VP9/90000",
        "a=fmtp:96 profile-id=2",
        "a=rtpmap:97 rtx/90000",
        "a=fmtp:97 apt=96",
    ],
    "simulcast": [
        "a=rtpmap:96 VP8/90000",
        "a=rid:hi send",
        "a=rid:lo send",
        "a=simulcast:send hi;lo",
        "a=extmap:1/x y",
    ],
    "strange lines": ["a=rtpmap:96 X/1", "a=ssrc:x", "a=ssrc-group:FID a b", "a=extmap:x", "a=rtcp:x", "a=candidate:1"],
    "no map": [],
}


def parts(answer: str) -> dict[str, list[str]]:
    """The lines of each section by its kind; of the session as ""."""
    found: dict[str, list[str]] = {}
    kind = ""
    for line in answer.splitlines():
        if match := re.match(r"m=(\S+)", line):
            kind = match[1]
        found.setdefault(kind, []).append(line)
    return found


@pytest.fixture
async def link() -> Iterator[BrowserLink]:
    link = BrowserLink("127.0.0.1", lambda: None, lambda: None)
    yield link
    await link.close()


async def answered(link: BrowserLink, offer: str) -> str:
    await link.take(offer)
    return await link.receive_audio(LEAN, lambda *packet: None)


@pytest.mark.parametrize("video", VIDEOS.values(), ids=VIDEOS)
async def test_audio_is_answered_whatever_the_video_is(link: BrowserLink, video: list[str]) -> None:
    text = await answered(link, an_offer(AUDIO, section("video", "96 97", "1", *video)))
    SessionDescription.parse(text)  # as a client that is aiortc reads it
    answer = parts(text)
    assert "a=group:BUNDLE 0 1" in answer[""]
    assert "a=recvonly" in answer["audio"]
    assert answer["video"][0] == "m=video 9 UDP/TLS/RTP/SAVPF 96"
    assert {"a=mid:1", "a=inactive", *(line for line in video if re.match("a=(rtpmap|fmtp):96 ", line))} <= set(
        answer["video"]
    )
    shared = [line for line in answer["audio"] if line.startswith("a=ice-")]
    assert len(shared) >= 2
    assert set(shared) <= set(answer["video"])


@pytest.mark.parametrize("case", ["h264_high_pm0", "h265"])
async def test_offers_that_were_refused_whole(link: BrowserLink, case: str) -> None:
    path = CASES / f"{case}.sdp"
    if not path.exists():
        pytest.skip(f"needs {path}")
    answer = parts(await answered(link, path.read_text()))
    assert "a=recvonly" in answer["audio"]
    assert "a=inactive" in answer["video"]


async def test_video_before_audio_keeps_its_place(link: BrowserLink) -> None:
    video = section("video", "96", "v", *VIDEOS["AV1"])
    answer = await answered(link, an_offer(video, section("audio", "111", "a", *OPUS), bundle="v a"))
    assert [line.split()[0] for line in answer.splitlines() if line.startswith("m=")] == ["m=video", "m=audio"]
    assert "a=group:BUNDLE v a" in answer


@pytest.mark.parametrize(
    ("other", "bundle"),
    [
        (["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "a=mid:1", "a=sctp-port:5000"], "0 1"),
        (["m=application 9 DTLS/SCTP 5000", "a=mid:1", "a=sctpmap:x"], "0"),
        (section("video", "96", "1", *VIDEOS["H265"]), "0"),
        (section("video", "96", "1", *VIDEOS["H265"], port=0), "0"),
        (["m=image 9 udptl t38", "a=mid:1"], "0 1"),
        (["m=text 9 RTP/AVP 98", "a=mid:1"], "0 1"),
    ],
)
async def test_what_does_not_share_the_audios_transport_is_rejected(
    link: BrowserLink, other: list[str], bundle: str
) -> None:
    answer = await answered(link, an_offer(AUDIO, other, bundle=bundle))
    rejected = parts(answer)[other[0].split()[0][2:]]
    assert rejected[0].split()[1] == "0"
    assert "a=mid:1" in rejected
    assert "a=group:BUNDLE 0\r\n" in answer


async def test_a_line_that_is_only_bundled_is_inactive(link: BrowserLink) -> None:
    video = section("video", "96", "1", "a=bundle-only", *VIDEOS["H265"], port=0)
    assert "m=video 9 UDP/TLS/RTP/SAVPF 96" in await answered(link, an_offer(AUDIO, video))


async def test_lines_without_names_need_none(link: BrowserLink) -> None:
    audio, video = section("audio", "111", None, *OPUS), section("video", "96", None, *VIDEOS["AV1"])
    answer = await answered(link, an_offer(audio, video, bundle=None))
    assert "a=mid" not in answer
    assert "BUNDLE" not in answer
    assert "m=video 0 " in answer


async def test_of_several_audio_lines_those_with_opus_are_used(link: BrowserLink) -> None:
    telephone = section("audio", "0 8", "0", "a=rtpmap:0 PCMU/8000")
    surround = section("audio", "112", "1", "a=rtpmap:112 multiopus/48000/6")
    answer = await answered(link, an_offer(telephone, surround, section("audio", "111", "2", *OPUS), bundle="0 1 2"))
    ways = re.findall(r"(?m)^a=(inactive|recvonly)", answer)
    assert ways == ["inactive", "inactive", "recvonly"]


@pytest.mark.parametrize("protocol", ["UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "RTP/SAVPF", "TCP/TLS/RTP/SAVPF"])
async def test_the_answer_names_the_offers_protocol(link: BrowserLink, protocol: str) -> None:
    audio = [AUDIO[0].replace("UDP/TLS/RTP/SAVPF", protocol), *AUDIO[1:]]
    assert f"m=audio 9 {protocol} 111" in re.sub(
        r"audio \d+", "audio 9", await answered(link, an_offer(audio, bundle="0"))
    )


async def test_a_chromium_like_offer_agrees_on_opus_alone(link: BrowserLink) -> None:
    types = "63 111 9 0 8 13 110 126"
    lines = [
        "a=rtpmap:63 red/48000/2",
        "a=fmtp:63 111/111",
        *OPUS,
        "a=rtcp-fb:111 transport-cc",
        "a=rtpmap:9 G722/8000",
    ]
    lines += ["a=rtpmap:126 telephone-event/8000", "a=ssrc:5 cname:x", "a=ssrc:5 msid:- t", "a=msid:- t"]
    audio = section("audio", types, "0", *lines, *SECURE, "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid")
    answer = await answered(link, an_offer(audio, bundle="0", session=["a=extmap-allow-mixed"]))
    assert "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid" in answer
    assert re.search(r"m=audio \d+ UDP/TLS/RTP/SAVPF 111\r\n", answer)


async def test_lines_may_end_in_lf_and_hold_what_is_no_ascii(link: BrowserLink) -> None:
    offer = an_offer(AUDIO, bundle="0", session=[*SECURE, "i=grün", "a=tool:\x1b]0;x\x07"]).replace("\r\n", "\n")
    assert "a=recvonly" in await answered(link, offer)


@pytest.mark.parametrize(
    ("offer", "why"),
    [
        (an_offer(section("video", "96", "1", *VIDEOS["AV1"]), bundle="1"), "without audio"),
        (an_offer(section("audio", "0 8", "0"), bundle="0"), "no.* Opus|not Opus"),
        (an_offer(section("audio", "112", "0", "a=rtpmap:112 multiopus/48000/6"), bundle="0"), "not Opus"),
        (an_offer(section("audio", "0", "0", "a=rtpmap:0 opus/48000/2"), bundle="0"), "not Opus"),
        (an_offer([AUDIO[0].replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"), *AUDIO[1:]], bundle="0"), "DTLS"),
        (an_offer(section("audio", "111", "0", *OPUS, port=0), bundle="0"), "without audio"),
        (an_offer(AUDIO, bundle="0 7"), "BUNDLE"),
        (an_offer(AUDIO, bundle="7"), "BUNDLE names '7'"),
        (an_offer(AUDIO, bundle="0 " * 20000), "BUNDLE names more"),
        (an_offer(AUDIO, AUDIO, bundle="0"), "two media lines with the name '0'"),
        (an_offer(AUDIO, section("video", "96", "1"), bundle="0 0"), "two BUNDLE"),
        (an_offer(section("audio", "111", "a b", *OPUS), bundle=None), "no name"),
        (an_offer(AUDIO, bundle="0", session=SECURE[1:]), "a=setup"),
        (an_offer(AUDIO, bundle="0", session=["a=setup:holdconn", *SECURE[1:]]), "a=setup"),
        (an_offer(AUDIO, bundle="0", session=[SECURE[0], *SECURE[2:]]), "a=ice-ufrag"),
        (an_offer(AUDIO, bundle="0", session=[*SECURE[:2], SECURE[3]]), "a=ice-pwd"),
        (an_offer(AUDIO, bundle="0", session=SECURE[:3]), "without a DTLS fingerprint"),
        (an_offer(AUDIO, bundle="0", session=[*SECURE[:3], "a=fingerprint:md5 AA"]), "without a DTLS fingerprint"),
        (an_offer([line for line in AUDIO if line != "a=rtcp-mux"], bundle="0"), "a=rtcp-mux"),
        (an_offer(["m=audio"], bundle=None), "no media line"),
        (an_offer(["m=\x1baudio 9 UDP/TLS/RTP/SAVPF 111"], bundle=None), "no media line"),
        (an_offer(*[AUDIO] * (MAX_MEDIA + 1), bundle=None), "17 media lines"),
        ("v=0", "0 media lines"),
    ],
)
def test_what_cannot_be_answered_says_why_in_a_line(offer: str, why: str) -> None:
    with pytest.raises(SignalError, match=why) as refused:
        SdpOffer.parse(offer).reduced()
    assert len(str(refused.value).splitlines()) == 1


VIDEO = section("video", "96 97", "1", *VIDEOS["VP9 and its mending"])
DATA = ["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "a=mid:2", "a=sctp-port:5000"]
LINES = an_offer(AUDIO, VIDEO, DATA, bundle="0 1 2").splitlines()


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """Lines left out, doubled, moved, and with other bytes in them."""
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(1, len(lines) - 1))
        match draw(st.sampled_from(["drop", "double", "move", "change"])):
            case "drop" if len(lines) > 2:
                del lines[at]
            case "double":
                lines.insert(at, lines[at])
            case "move":
                lines.insert(draw(st.integers(1, len(lines) - 1)), lines.pop(at))
            case _:
                line = lines[at]
                place = draw(st.integers(0, len(line)))
                put = draw(st.text(max_size=6) | st.sampled_from([" ", ":", "-1", "99999", "\n", "\r", "/", "x" * 300]))
                lines[at] = line[:place] + put + line[place + draw(st.integers(0, 3)) :]
    return "\r\n".join(lines) + "\r\n"


@settings(max_examples=300)
@given(damaged())
async def test_any_damage_is_answered_or_refused(offer: str) -> None:
    """The library trips over none of it, neither at once nor in a task of its own."""
    link = BrowserLink("127.0.0.1", lambda: None, lambda: None)
    try:
        answer = await answered(link, offer)
        media = [line for line in answer.splitlines() if line.startswith("m=")]
        assert len(media) == len(re.findall(r"(?:^|\n)m=", offer))
    except SignalError as error:
        assert len(str(error).splitlines()) == 1
    finally:
        await link.close()


@given(st.text(max_size=400))
def test_any_text_is_an_offer_or_none(text: str) -> None:
    try:
        SdpOffer.parse("v=0\r\n" + text).reduced()
    except SignalError:
        return
    raise AssertionError("this is an offer")
