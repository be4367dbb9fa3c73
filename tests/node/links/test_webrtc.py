"""One WebRTC link to one peer."""

from __future__ import annotations

import asyncio
import socket

import pytest
from linked import BOTH_WAYS, End, connected, negotiate

from node.links import speech_track, webrtc
from node.links.webrtc import MediaDirection, ice_server
from protocol.errors import NodeError, SignalError
from protocol.rtp.red import Copy


@pytest.mark.parametrize(
    ("way", "direction"),
    [(BOTH_WAYS, "sendrecv"), (MediaDirection(True, False), "sendonly"), (MediaDirection(False, True), "recvonly")],
)
async def test_the_description_says_which_way_speech_goes(way: MediaDirection, direction: str) -> None:
    end = End(way)
    try:
        assert f"a={direction}\r\n" in await end.link.offer()
    finally:
        await end.link.close()


async def test_the_description_offers_opus_and_its_copies_and_no_extensions() -> None:
    end = End()
    try:
        offer = await end.link.offer()
        assert [line for line in offer.splitlines() if line.startswith("a=rtpmap")] == [
            "a=rtpmap:96 opus/48000/2",
            "a=rtpmap:63 red/48000/2",
        ]
        assert "a=fmtp:63 96/96\r\n" in offer
        assert "extmap" not in offer
        assert "127.0.0.1" in offer
        assert len(offer) < 700
    finally:
        await end.link.close()


async def test_speech_goes_both_ways() -> None:
    async with connected() as (a, b):
        await b.hears(a, b"to b")
        await a.hears(b, b"to a")
        assert (a.link.state, b.link.state) == ("connected", "connected")


@pytest.mark.parametrize("offering", ["sender", "listener"])
async def test_speech_goes_one_way_whoever_offers(offering: str) -> None:
    sender, listener = End(MediaDirection(sends=True, receives=False)), End(MediaDirection(sends=False, receives=True))
    first, second = (sender, listener) if offering == "sender" else (listener, sender)
    async with connected(first, second):
        await listener.hears(sender, b"words")
        listener.link.send(0, b"silenced")
        await listener.hears(sender, b"more words", 5760)
        assert sender.packets.all == []


def without_red(sdp: str) -> str:
    """The same description from a program that does not know RED."""
    kept = [line for line in sdp.splitlines() if not line.startswith(("a=rtpmap:63", "a=fmtp:63"))]
    return "\r\n".join(kept).replace(" 96 63", " 96") + "\r\n"


def renumbered(sdp: str, opus: int) -> str:
    """The same description with another payload type for Opus, and RED named first."""
    return sdp.replace(" 96 63", f" 63 {opus}").replace(":96 opus", f":{opus} opus").replace("96/96", f"{opus}/{opus}")


COPY = Copy(5760, b"earlier words")


async def test_copies_of_earlier_packets_go_along() -> None:
    async with connected() as (a, b):
        assert a.link.speaks_red and b.link.speaks_red
        await b.hears(a, b"plain")
        before = b.meter.received["rtp"].bytes
        await b.hears(a, b"words", 5760, [COPY])
        await b.hears(a, b"plain again", 11_520)
        assert b.copies == [(), (COPY,), ()]
        spent = b.meter.received["rtp"].bytes - before
        assert spent == 2 * 44 + len(b"words" + COPY.payload + b"plain again") + 5


async def test_who_does_not_know_red_gets_plain_opus() -> None:
    a, b = End(), End()
    async with connected(a, b, offer=without_red):
        assert not (a.link.speaks_red or b.link.speaks_red)
        await b.hears(a, b"words", 0, [COPY])
        await a.hears(b, b"answer", 0, [COPY])
        assert a.copies == b.copies == [()]


async def test_an_answer_without_red_is_respected() -> None:
    a, b = End(), End()
    async with connected(a, b, answer=without_red):
        assert not a.link.speaks_red
        await b.hears(a, b"words", 0, [COPY])
        assert b.copies == [()]


async def test_the_peers_payload_types_are_taken_and_opus_stays_the_default() -> None:
    """Chromium's Opus is 111, and an offer may name RED first."""
    a, b = End(), End()
    answers: list[str] = []

    def noted(answer: str) -> str:
        answers.append(answer)
        return answer.replace("111", "96").replace(" 63 96", " 96 63")

    async with connected(a, b, offer=lambda sdp: renumbered(sdp, 111), answer=noted):
        assert " 111 63" in answers[0]
        assert "a=fmtp:63 111/111\r\n" in answers[0]


async def test_before_anything_is_agreed_there_are_no_copies() -> None:
    end = End()
    await end.link.offer()
    end.link.send(0, b"too early", [COPY])
    await end.link.close()


async def test_what_is_no_red_is_dropped_and_the_call_goes_on() -> None:
    async with connected() as (a, b):
        b.link._received(63, 1, 1, b"\xff")
        b.link._received(63, 1, 1, b"")
        b.link._received(63, 1, 1, b"\x0d")
        await b.hears(a, b"words")
        assert len(b.packets) == 1


async def test_what_is_sent_before_the_link_is_up_is_dropped() -> None:
    a, b = End(), End()
    a.link.send(0, b"too early")
    async with connected(a, b):
        await b.hears(a, b"in time")
        assert [payload for _, _, payload in b.packets.all] == [b"in time"]


async def test_a_link_that_takes_no_packets_keeps_the_newest() -> None:
    async with connected() as (a, b):
        await b.hears(a, b"begin")
        for number in range(100):
            a.link.send(number, b"%d" % number)  # without giving the sender a turn
        newest = [b"%d" % number for number in range(100 - speech_track.MAX_QUEUED_PACKETS, 100)]
        await b.packets.until(lambda packets: packets[-1][2] == newest[-1])
        assert [payload for _, _, payload in b.packets.all][1:] == newest


async def test_closing_one_end_ends_the_other() -> None:
    async with connected() as (a, b):
        await a.link.close()
        assert a.link.state == "closed"
        await b.states.until(lambda states: "closed" in states)
        a.link.send(0, b"after the end")


async def test_closing_twice_or_before_anything_began_is_harmless() -> None:
    end = End()
    await end.link.close()
    await end.link.close()
    assert end.link.state == "closed"


def _ports(sdp: str) -> list[int]:
    return [int(line.split()[5]) for line in sdp.splitlines() if line.startswith("a=candidate:")]


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


async def test_closing_lets_go_of_the_port_even_while_an_offer_is_made() -> None:
    end = End()
    offering = asyncio.create_task(end.link.offer())
    await asyncio.sleep(0)
    await end.link.close()
    ports = _ports(await offering)
    await asyncio.sleep(0)  # sockets are closed a turn of the loop later
    assert [_is_free(port) for port in ports] == [True]


async def test_an_offer_that_outlasts_the_patience_of_closing_closes_what_it_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    end = End()
    offering = asyncio.create_task(end.link.offer())
    await asyncio.sleep(0)
    with monkeypatch.context() as hurried:
        hurried.setattr(webrtc, "CLOSE_TIMEOUT_S", 0.0)
        await end.link.close()
    ports = _ports(await offering)
    assert end.link.state == "closed"
    await asyncio.sleep(0)
    assert [_is_free(port) for port in ports] == [True]


async def test_closing_never_takes_longer_than_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    end = End()
    close, hung = end.link.connection.close, asyncio.Event()

    async def hang() -> None:
        await hung.wait()

    monkeypatch.setattr(end.link.connection, "close", hang)
    monkeypatch.setattr(webrtc, "CLOSE_TIMEOUT_S", 0.0)
    await end.link.close()
    await close()


@pytest.mark.parametrize(
    "sdp",
    [
        "",
        "hello",
        "v=0\r\n",
        "m=audio\r\n",
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF x\r\n",
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n",
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\na=candidate:1\r\n",
    ],
)
@pytest.mark.parametrize("kind", ["offer", "answer"])
async def test_a_description_that_is_none_is_the_peers_fault(sdp: str, kind: str) -> None:
    end = End()
    try:
        if kind == "offer":
            with pytest.raises(SignalError, match="offer"):
                await end.link.answer(sdp)
        else:
            await end.link.offer()
            with pytest.raises(SignalError, match="answer"):
                await end.link.accept(sdp)
    finally:
        await end.link.close()


async def test_damaged_descriptions_raise_only_signal_errors() -> None:
    offering = End()
    offer = await offering.link.offer()
    await offering.link.close()
    lines = offer.splitlines()
    for index, line in enumerate(lines):
        for damaged in ("", line[: len(line) // 2], line.replace(" ", ""), line + "\x00é", line.replace("1", "x")):
            end = End()
            changed = "\r\n".join([*lines[:index], damaged, *lines[index + 1 :], ""])
            try:
                async with asyncio.timeout(10):
                    assert "a=candidate" in await end.link.answer(changed)
            except SignalError as error:
                assert "offer cannot be used" in str(error)
            finally:
                await end.link.close()


async def test_an_answer_that_nobody_asked_for_is_refused() -> None:
    a, b = End(), End()
    try:
        await negotiate(a, b)
        with pytest.raises(SignalError):
            await b.link.accept(await a.link.offer())
    finally:
        await asyncio.gather(a.link.close(), b.link.close())


@pytest.mark.parametrize(
    ("url", "urls", "username", "credential"),
    [
        ("stun:stun.example.org", "stun:stun.example.org", None, None),
        ("stun:10.0.0.1:3478", "stun:10.0.0.1:3478", None, None),
        ("turn:ann:s%3Acret@turn.example.org:3478", "turn:turn.example.org:3478", "ann", "s:cret"),
        ("turn:ann:x@turn.example.org?transport=tcp", "turn:turn.example.org?transport=tcp", "ann", "x"),
    ],
)
def test_ice_servers_are_read(url: str, urls: str, username: str | None, credential: str | None) -> None:
    server = ice_server(url)
    assert (server.urls, server.username, server.credential) == (urls, username, credential)


@pytest.mark.parametrize(
    "url", ["", "http://x", "stun.example.org", "stun:", "stun:host:port", "turn:a:secret@", "stun:[::1"]
)
def test_what_is_no_ice_server_is_one_line(url: str) -> None:
    with pytest.raises(NodeError) as caught:
        ice_server(url)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


async def test_packets_may_bring_their_own_numbers_and_come_with_them() -> None:
    async with connected() as (a, b):
        for number, sequence in enumerate((65_534, 65_535, 1, 0, 2)):
            a.link.send(number * 5760, bytes([8, number]), (), sequence)
            await b.packets.count(number + 1)
        packets = await b.packets.count(5)
        assert [sequence for sequence, _, _ in packets] == [65_534, 65_535, 1, 0, 2]
        assert [payload[1] for _, _, payload in packets] == [0, 1, 2, 3, 4]


async def test_packets_have_the_time_of_their_stream_on_every_link() -> None:
    """Speech that goes through the broker has it, too: so one stream can go on where the other was."""
    for begin in (0, 2**32 - 5760):
        async with connected() as (a, b):
            for number in range(3):
                a.link.send(begin + number * 5760, bytes([8, number]))
            packets = await b.packets.count(3)
            assert [timestamp for _, timestamp, _ in packets] == [(begin + n * 5760) % 2**32 for n in range(3)]
