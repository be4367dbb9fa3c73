"""What strangers try at the page, who have no secret and no token: connections, requests, offers, uploads."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import io
import socket

import aiohttp
from PIL import Image

from attacks.broker import LOOPBACK
from attacks.stage import Stage

SECONDS = 4.0
HALF_OPEN = 1600
SOURCES = 8  # addresses of loopback from which they come
MOST_DESCRIPTORS = 600  # of the program: the usual limit is 1,024
PATIENT_S = 10.0  # how long a connection may take that waits in the system's queue
REQUESTS = 16  # connections that ask as fast as they can
SIDE = 4096
MOST_GROWTH_MB = 250.0  # of memory, at its peak, while the largest pictures are decoded
UPLOAD_EVERY_S = 0.3
SECURE = ["a=setup:actpass", "a=ice-ufrag:abcd", "a=ice-pwd:abcdabcdabcdabcdabcdabcd"]
SECURE += ["a=fingerprint:sha-256 " + ":".join(32 * ["AA"])]
AUDIO = ["m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:0", "a=recvonly", "a=rtcp-mux", "a=rtpmap:111 opus/48000/2"]
VIDEOS = (
    ["a=rtpmap:96 H265/90000", "a=fmtp:96 profile-id=1;tier-flag=0;level-id=93;tx-mode=SRST"],
    ["a=rtpmap:96 AV1/90000", "a=fmtp:96 profile=0;level-idx=5;tier=0"],
    ["a=rtpmap:96 H264/90000", "a=fmtp:96 profile-level-id=640c1f;packetization-mode=0"],
    ["a=rtpmap:96 VP9/90000", "a=rid:hi send", "a=simulcast:send hi;lo", "a=ssrc-group:FID x y"],
)


async def half_open(stage: Stage) -> tuple[bool, str]:
    """1,600 connections from eight addresses that never ask for anything, or never end asking"""
    held: list[socket.socket] = []
    few = False

    async def hold() -> str:
        nonlocal few
        most, answers = 0, 0
        for number in range(HALF_OPEN):
            held.append(_connection(stage.program.port, f"127.0.0.{2 + number % SOURCES}"))
            if number % 50 == 0:
                _say(held, b"GET /healthz HTTP/1.1\r\n")
                answers += (await stage.program.ask("GET", "healthz"))[0] == 200
                most = max(most, stage.program.descriptors)
        few = most < MOST_DESCRIPTORS
        return f"{HALF_OPEN} connections, of which the program held {most} at most; {answers} visits in between"

    try:
        ok, told = await stage.through(hold(), SECONDS)
    finally:
        for one in held:
            one.close()
    return ok and few, told


async def requests(stage: Stage) -> tuple[bool, str]:
    """Sixteen connections ask as fast as they can for what needs no token, and for what there is not"""

    async def ask(path: str) -> int:
        number = 0
        until = asyncio.get_running_loop().time() + SECONDS
        with contextlib.suppress(aiohttp.ClientError):
            async with aiohttp.ClientSession() as http:
                while asyncio.get_running_loop().time() < until:
                    async with http.get(stage.program.address + path) as answer:
                        await answer.read()
                    number += 1
        return number

    async def flood() -> str:
        paths = [("healthz", "metrics", "nothing", "static/../x")[number % 4] for number in range(REQUESTS)]
        return f"{sum(await asyncio.gather(*map(ask, paths))) / SECONDS:.0f} requests a second were answered"

    return await stage.through(flood(), SECONDS)


async def offers(stage: Stage) -> tuple[bool, str]:
    """WHIP and WHEP offers with video of any codec, and damaged ones"""
    statuses: collections.Counter[int] = collections.Counter()
    taken = 0

    async def offer() -> str:
        nonlocal taken
        for video in VIDEOS:
            lines = ["m=video 9 UDP/TLS/RTP/SAVPF 96", "a=mid:1", "a=sendonly", "a=rtcp-mux", *video]
            status, _ = await _post(stage, _offer("0 1", AUDIO, lines))
            taken += status == 201
        for bad in _bad_offers():
            for kind in ("whip", "whep"):
                statuses[(await _post(stage, bad, kind))[0]] += 1
        return f"{taken} of {len(VIDEOS)} with other video were answered, damaged ones by {dict(statuses)}"

    ok, told = await stage.through(offer(), SECONDS)
    return ok and taken == len(VIDEOS) and all(400 <= status < 500 for status in statuses), told


async def uploads(stage: Stage) -> tuple[bool, str]:
    """Pictures of sixteen megapixels in half a megabyte, one after the other, and one that takes long"""
    stage.program.forget_peak()
    before, few = stage.program.memory_mb(), False
    pictures = await asyncio.to_thread(_pictures)

    async def upload() -> str:
        statuses: collections.Counter[int] = collections.Counter()
        for _ in range(2):
            for kind, data in pictures:
                statuses[(await stage.program.ask("POST", "snapshots", data, kind))[0]] += 1
                await asyncio.sleep(UPLOAD_EVERY_S)
        return f"{sum(statuses.values())} pictures: {dict(statuses)}"

    ok, told = await stage.through(upload(), SECONDS)
    growth = stage.program.memory_mb("VmHWM") - before
    few = growth < MOST_GROWTH_MB
    return ok and few, f"{told}; memory grew by {growth:.0f} MB at its peak"


def _connection(port: int, source: str) -> socket.socket:
    """Begin a connection and wait for nothing."""
    one = socket.socket()
    one.setblocking(False)
    one.bind((source, 0))
    with contextlib.suppress(BlockingIOError):
        one.connect((LOOPBACK, port))
    return one


def _say(held: list[socket.socket], data: bytes) -> None:
    for one in held[::2]:
        with contextlib.suppress(OSError):
            one.send(data[:7])


async def _post(stage: Stage, offer: str, kind: str = "whep") -> tuple[int, bytes]:
    return await stage.program.ask("POST", kind, offer.encode(), "application/sdp")


def _offer(bundle: str, *sections: list[str], session: list[str] | None = None) -> str:
    head = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", f"a=group:BUNDLE {bundle}", *(session or SECURE)]
    return "\r\n".join(head + [line for one in sections for line in one]) + "\r\n"


def _bad_offers() -> list[str]:
    """Each a 4xx: none can be answered."""
    video = ["m=video 9 UDP/TLS/RTP/SAVPF 96", "a=mid:0", "a=sendonly", "a=rtcp-mux", *VIDEOS[0]]
    return [
        _offer("0 7", AUDIO),
        _offer("0 " * 9000, AUDIO),
        _offer("0", AUDIO, AUDIO),
        _offer("0", video),
        _offer("0", ["m=audio 9 RTP/AVP 0", "a=mid:0"]),
        _offer("0", AUDIO, session=SECURE[1:]),
        _offer("0", AUDIO, session=SECURE[:3]),
        _offer("0", *[[f"m=audio 9 UDP/TLS/RTP/SAVPF {'96 ' * 900}"]] * 20),
        "v=0\r\n" + "a=\x1b]0;x\x07\r\n" * 5000,
    ]


def _pictures() -> list[tuple[str, bytes]]:
    """Small files of large pictures."""
    grey = Image.linear_gradient("L").resize((SIDE, SIDE))
    made = [
        ("image/jpeg", _saved(grey.convert("CMYK"), "JPEG", quality=1, progressive=True)),
        ("image/jpeg", _saved(grey.convert("RGB"), "JPEG", quality=1)),
        ("image/png", _saved(Image.new("RGBA", (SIDE, SIDE), (255, 0, 0, 9)), "PNG")),
        ("image/png", _saved(Image.new("P", (SIDE, SIDE)), "PNG", transparency=0)),
        ("image/webp", _saved(Image.new("RGB", (3840, 2160)), "WEBP")),
    ]
    scans = _saved(Image.new("L", (SIDE, SIDE)), "JPEG", quality=1, progressive=True)
    last, end = scans.rfind(b"\xff\xda"), scans.rfind(b"\xff\xd9")
    again = (480_000 - len(scans)) // (end - last)
    return [*made, ("image/jpeg", scans[:end] + scans[last:end] * again + scans[end:])]


def _saved(image: Image.Image, format: str, **how: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **how)
    return file.getvalue()


ATTACKS = (
    ("half-open connections to the page", half_open),
    ("requests to the page without end", requests),
    ("offers to the page that nobody can answer whole", offers),
    ("pictures of sixteen megapixels for the page's camera", uploads),
)
