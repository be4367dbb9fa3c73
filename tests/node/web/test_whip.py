"""WHEP and WHIP with a WebRTC client that is no browser: aiortc itself."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from happenings import Happenings, until
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from web_client import LOOPBACK, Visitor, a_page, visiting

from node.links import aiortc_hooks, ice_hooks
from node.links.speech_track import Payload, SpeechTrack, media_track
from node.web import whip
from node.web.page import MAX_LISTENERS
from node.web.whip import FRAGMENT_TYPE, MAX_SDP

SDP = {"Content-Type": "application/sdp"}
WORD = b"\x18" + bytes(40)
HELD = [WORD + bytes([number]) for number in range(4)]


class Client:
    """A player or publisher: ``heard`` has (line, packet)."""

    def __init__(self) -> None:
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.heard = Happenings()
        self.microphone = SpeechTrack()
        self.session: Mapping[str, str] = {}

    def listen(self, lines: int = 1, video: bool = False) -> None:
        for _ in range(lines):
            self.connection.addTransceiver("audio", direction="recvonly")
        if video:
            self.connection.addTransceiver("video", direction="recvonly")

    def speak(self, video: bool = False) -> None:
        self.connection.addTransceiver(media_track(self.microphone), direction="sendonly")
        if video:
            self.connection.addTransceiver("video", direction="sendonly")

    async def offer(self) -> str:
        for transceiver in self.connection.getTransceivers():
            if transceiver.kind == "audio":
                codecs = RTCRtpSender.getCapabilities("audio").codecs
                transceiver.setCodecPreferences([one for one in codecs if one.mimeType == "audio/opus"])
        ice_hooks.choose_addresses(self.connection, LOOPBACK)
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    async def join(self, visitor: Visitor, kind: str, **headers: str) -> str:
        """Posts the offer and takes the answer, which is returned."""
        async with visitor.ask("POST", f"/{kind}", data=await self.offer(), headers=SDP | headers) as answer:
            assert answer.status == 201, await answer.text()
            assert answer.content_type == "application/sdp"
            self.session = answer.headers
            text = await answer.text()
        for line, transceiver in enumerate(self.connection.getTransceivers()):
            if transceiver.kind == "audio":
                aiortc_hooks.tap_packets(transceiver.receiver, self._hear(line))
        await self.connection.setRemoteDescription(RTCSessionDescription(text, "answer"))
        ours = getattr(visitor.page, {"whep": "listeners", "whip": "speakers"}[kind])
        session = ours.find(self.session["Location"].rpartition("/")[2])
        await until(lambda: {self.connection.connectionState, session.link.state} == {"connected"})
        return text

    def _hear(self, line: int) -> Callable[[int, int, int, bytes], None]:
        return lambda _type, _sequence, _timestamp, payload: self.heard.add((line, payload))


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    client = Client()
    yield client
    await client.connection.close()


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    async with visiting(a_page(microphone=True)) as visitor:
        yield visitor


def say(visitor: Visitor, person: str, packets: list[bytes]) -> None:
    for number, packet in enumerate(packets):
        visitor.page.broadcast.forward(person, number, number * 2880, packet, ())


async def test_a_listener_hears_each_on_a_line_of_their_own_untouched(visitor: Visitor, client: Client) -> None:
    client.listen(lines=3, video=True)
    answer = await client.join(visitor, "whep")
    assert client.session["Location"].startswith("/whep/")
    assert "m=video" in answer
    assert answer.count("a=sendonly") == 3
    assert answer.count("a=inactive") == 1
    say(visitor, "ann", HELD[:2])
    say(visitor, "bob", HELD[2:])
    await client.heard.count(4)
    assert sorted(client.heard.all) == [(0, HELD[0]), (0, HELD[1]), (1, HELD[2]), (1, HELD[3])]


async def test_delete_ends_a_session(visitor: Visitor, client: Client) -> None:
    client.listen()
    await client.join(visitor, "whep")
    assert (len(visitor.page.listeners), len(visitor.page.broadcast)) == (1, 1)
    assert await visitor.status("DELETE", client.session["Location"]) == 200
    assert (len(visitor.page.listeners), len(visitor.page.broadcast)) == (0, 0)
    assert await visitor.status("DELETE", client.session["Location"]) == 404


async def test_a_client_that_goes_takes_its_session_along(visitor: Visitor, client: Client) -> None:
    client.listen()
    await client.join(visitor, "whep")
    await client.connection.close()
    await until(lambda: not len(visitor.page.listeners))
    assert len(visitor.page.broadcast) == 0


async def test_a_client_that_never_comes_is_given_up(visitor: Visitor, client: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(whip, "CONNECT_WITHIN_S", 0.05)
    client.listen()
    assert await visitor.status("POST", "/whep", data=await client.offer(), headers=SDP) == 201
    await until(lambda: not len(visitor.page.listeners))


async def test_a_publisher_is_heard_and_asked_for_what_the_node_would_send(visitor: Visitor, client: Client) -> None:
    client.speak(video=True)
    answer = await client.join(visitor, "whip")
    [parameters] = re.findall(r"(?m)^a=fmtp:\d+ (\S+)", answer.partition("m=video")[0])
    assert {"maxaveragebitrate=8000", "usedtx=1", "stereo=0"} <= set(parameters.split(";"))
    assert "a=ptime:60\r\n" in answer
    assert "a=maxptime:120\r\n" in answer
    assert answer.count("a=recvonly") == 1
    microphone = visitor.page.microphone
    assert microphone is not None
    microphone.end()
    client.microphone.push(Payload(0, WORD))
    await until(lambda: microphone.is_active)


async def test_one_speaks_at_a_time(visitor: Visitor, client: Client) -> None:
    client.speak()
    await client.join(visitor, "whip")
    second = Client()
    second.speak()
    async with visitor.ask("POST", "/whip", data=await second.offer(), headers=SDP) as refused:
        assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
    await visitor.status("DELETE", client.session["Location"])
    await second.join(visitor, "whip")
    await second.connection.close()


async def test_there_are_only_so_many_listeners(visitor: Visitor) -> None:
    clients = [Client() for _ in range(MAX_LISTENERS + 1)]
    for client in clients:
        client.listen()
    statuses = [await visitor.status("POST", "/whep", data=await client.offer(), headers=SDP) for client in clients]
    assert statuses == [201] * MAX_LISTENERS + [503]
    for client in clients:
        await client.connection.close()


async def test_candidates_may_come_later(visitor: Visitor, client: Client) -> None:
    client.listen()
    await client.join(visitor, "whep")
    where, etag = client.session["Location"], client.session["ETag"]
    ufrag = re.findall(r"a=ice-ufrag:(\S+)", client.connection.localDescription.sdp)[0]
    candidate = "a=candidate:1 1 udp 1 10.0.0.1 9 typ host"
    fragment = f"a=ice-ufrag:{ufrag}\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n{candidate}\r\n"

    async def patch(body: str, **headers: str) -> int:
        sent = {"Content-Type": FRAGMENT_TYPE} | {name.replace("_", "-"): value for name, value in headers.items()}
        return await visitor.status("PATCH", where, data=body, headers=sent)

    assert await patch(fragment, If_Match=etag) == 204
    assert await patch(fragment, If_Match="*") == 204
    assert await patch("a=end-of-candidates\r\n", If_Match=etag) == 204
    assert await patch(fragment) == 428
    assert await patch(fragment, If_Match='"other"') == 412
    assert await patch(fragment.replace(ufrag, "other"), If_Match=etag) == 422
    assert await patch("nothing", If_Match=etag) == 400
    assert await patch(fragment, If_Match=etag, Content_Type="text/plain") == 415
    assert await visitor.status("PATCH", "/whep/00", data=fragment, headers={"Content-Type": FRAGMENT_TYPE}) == 404


async def test_options_say_what_to_post(visitor: Visitor) -> None:
    async with visitor.ask("OPTIONS", "/whip") as answer:
        assert (answer.status, answer.headers["Accept-Post"]) == (204, "application/sdp")
        assert "Access-Control-Allow-Origin" not in answer.headers


# -- hostile


@pytest.mark.parametrize("kind", ["whep", "whip"])
@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", SDP, 400),
        (b"hello", SDP, 400),
        (b"v=0", SDP, 422),
        (b"v=0\r\nm=audio", SDP, 422),
        (b"v=0\r\n" + b"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" * 40, SDP, 422),
        (b"v=0", {"Content-Type": "text/plain"}, 415),
        (b"v=0" + bytes(MAX_SDP), SDP, 413),
        (bytes(1 << 20), SDP, 413),
        (b"v=0\r\n\xff\xfe", SDP, 422),
    ],
)
async def test_what_is_no_offer_gets_the_right_status(
    visitor: Visitor, kind: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert await visitor.status("POST", f"/{kind}", data=body, headers=headers) == status
    assert len(visitor.page.listeners) == len(visitor.page.speakers) == 0


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda offer: offer.replace("opus/48000/2", "speex/8000"), "cannot be used"),
        (lambda offer: offer.replace("m=audio", "m=application"), "cannot be used|without"),
        (lambda offer: offer.replace("a=recvonly", "a=sendonly"), "does not want to receive"),
        (lambda offer: re.sub("a=fingerprint.*\r\n", "", offer), "without a DTLS fingerprint"),
        (lambda offer: re.sub("a=ice-ufrag.*\r\n", "", offer), "cannot be used"),
    ],
)
async def test_offers_that_cannot_be_answered_say_why(
    visitor: Visitor, client: Client, change: Callable[[str], str], why: str
) -> None:
    client.listen()
    async with visitor.ask("POST", "/whep", data=change(await client.offer()), headers=SDP) as answer:
        assert answer.status == 422
        assert re.search(why, await answer.text())


async def test_an_offers_candidates_are_not_called(visitor: Visitor, client: Client, monkeypatch: Any) -> None:
    """Nobody makes the node send to an address by naming it."""
    import aioice

    named: list[Any] = []
    monkeypatch.setattr(aioice.Connection, "add_remote_candidate", lambda self, one: named.append(one))
    client.listen()
    assert "a=candidate" in (offer := await client.offer())
    assert await visitor.status("POST", "/whep", data=offer, headers=SDP) == 201
    assert named == []


async def test_any_damage_to_an_offer_is_refused_or_answered(visitor: Visitor, client: Client) -> None:
    client.listen()
    offer = (await client.offer()).encode()

    async def try_out(damaged: bytes) -> None:
        async with visitor.ask("POST", "/whep", data=damaged, headers=SDP) as answer:
            assert answer.status in (201, 400, 422)
            if answer.status == 201:
                await visitor.status("DELETE", answer.headers["Location"])

    loop = asyncio.get_running_loop()

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, len(offer)), st.integers(0, 20), st.binary(max_size=10))
    def run(at: int, cut: int, put: bytes) -> None:
        asyncio.run_coroutine_threadsafe(try_out(offer[:at] + put + offer[at + cut :]), loop).result(20)

    await asyncio.to_thread(run)
    assert await visitor.status("GET", "/healthz") == 200
