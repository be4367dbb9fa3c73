"""SDP offers of browsers (RFC 8829, 8843, 9725), reduced to the audio that can be answered, and complete answers.

The WebRTC library refuses an offer with any media line or codec that it does not know. So it gets an offer of the audio
lines with Opus alone, rebuilt from what was parsed. The other lines are added to its answer: inactive where they share
the audio's transport, else rejected by port 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from protocol.errors import SignalError

# m-lines of an offer: eight audio lines and what players add to them.
MAX_MEDIA = 16
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
# RTP over DTLS; the second names are those of RFC 5764's first drafts, which some still send.
PROTOCOLS = ("UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "RTP/SAVPF", "RTP/SAVP", "TCP/TLS/RTP/SAVPF")
# Payload types that may stand for Opus: the dynamic ones (RFC 3551, section 6).
DYNAMIC_TYPES = range(96, 128)
# One-byte header extensions (RFC 8285, section 4.2).
EXTENSION_IDS = range(1, 15)
# Formats that only repair others, which an answer cannot name alone.
REPAIR_FORMATS = ("rtx", "red", "ulpfec", "flexfec-03")
MAX_SSRC = 2**32

_PRINTABLE = re.compile(r"[ -~]*")
_MEDIA = re.compile(r"m=([!-~]+) (\d{1,5})(?:/\d+)? ([!-~]+)((?: [!-~]+)+)")
_TOKEN = re.compile(r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+")
_CREDENTIAL = re.compile(r"[!-9;-~]{4,256}")  # of ICE, without the colon, which joins two of them
_DIGEST = re.compile(r"(sha-256|sha-384|sha-512) [0-9A-F]{2}(:[0-9A-F]{2}){31,63}", re.IGNORECASE)
_OPUS = re.compile(r"(\d{1,3}) opus/48000(?:/\d)?", re.IGNORECASE)
_EXTENSION = re.compile(r"(\d{1,2})(?:/[a-z]+)? ([!-~]+)")
_SOURCE = re.compile(r"(\d{1,10}) cname:[ -~]+")
_TRANSPORT = ("a=ice-ufrag:", "a=ice-pwd:", "a=ice-options:", "a=fingerprint:", "a=setup:")


@dataclass(frozen=True, slots=True)
class MediaSection:
    """An m-line and its attributes. `session` are the attributes that apply to all sections."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    attributes: tuple[str, ...]
    session: tuple[str, ...]

    @classmethod
    def parse(cls, lines: Sequence[str], session: tuple[str, ...]) -> MediaSection:
        """Parse a section. Raises SignalError if its first line is no m-line."""
        media = _MEDIA.fullmatch(lines[0].strip())
        if media is None or not _TOKEN.fullmatch(media[1]):
            raise SignalError(f"the offer cannot be used: {lines[0][:80]!r} is no media line")
        attributes = tuple(line[2:].strip() for line in lines[1:] if line.startswith("a="))
        return cls(media[1], int(media[2]), media[3], tuple(media[4].split()), attributes, session)

    def values(self, name: str) -> list[str]:
        """Return the values of an attribute: those of this section or, if it has none, of the session."""
        for attributes in (self.attributes, self.session):
            if found := [one[len(name) + 1 :] for one in attributes if one.startswith(f"{name}:")]:
                return found
        return []

    @property
    def mid(self) -> str | None:
        """The section's identification tag, if it has one."""
        return next((one[4:] for one in self.attributes if one.startswith("mid:")), None)

    @property
    def direction(self) -> str:
        """The direction of media from the offerer's side."""
        directions = (one for attributes in (self.attributes, self.session) for one in attributes if one in DIRECTIONS)
        return next(directions, "sendrecv")

    @property
    def is_offered(self) -> bool:
        """Whether the line is in use: port 0 disables it, unless it is bundle-only."""
        return self.port != 0 or "bundle-only" in self.attributes

    @property
    def opus(self) -> list[str]:
        """The payload types of Opus."""
        found = [match[1] for value in self.values("rtpmap") if (match := _OPUS.fullmatch(value))]
        offered = set(self.formats)
        return [one for one in dict.fromkeys(found) if one in offered and int(one) in DYNAMIC_TYPES]

    @property
    def is_media(self) -> bool:
        """Whether it is audio or video over RTP and DTLS, of any format."""
        return self.kind in ("audio", "video") and self.is_offered and self.protocol in PROTOCOLS

    @property
    def can_be_answered(self) -> bool:
        """Whether it is audio that this node can send or receive."""
        return self.kind == "audio" and self.is_media and bool(self.opus)

    def rebuilt(self, name: str) -> list[str]:
        """Return its lines for the WebRTC library, of what was parsed. Raises SignalError if anything is missing."""
        lines = [
            f"m=audio 9 {PROTOCOLS[0]} {' '.join(self.opus)}",
            "c=IN IP4 0.0.0.0",
            f"a=mid:{name}",
            f"a={self.direction}",
            "a=rtcp-mux",
            *self._transport(),
            *(f"a=rtpmap:{one} opus/48000/2" for one in self.opus),
        ]
        extensions = [match for value in self.values("extmap") if (match := _EXTENSION.fullmatch(value))]
        supported = {int(one[1]): one[2] for one in extensions if int(one[1]) in EXTENSION_IDS}
        sources = [match for value in self.values("ssrc") if (match := _SOURCE.fullmatch(value))]
        lines += [f"a=extmap:{id} {uri}" for id, uri in supported.items()]
        return lines + [f"a=ssrc:{one[1]} cname:x" for one in sources[:1] if int(one[1]) < MAX_SSRC]

    def inactive(self, transport: Iterable[str]) -> list[str]:
        """Return the answer that shares a transport without using it."""
        format = self._main_format()
        described = [f"a={one}" for one in self.attributes if re.match(rf"(rtpmap|fmtp):{re.escape(format)} ", one)]
        lines = [f"m={self.kind} 9 {self.protocol} {format}", "c=IN IP4 0.0.0.0", f"a=mid:{self.mid}", "a=inactive"]
        return [*lines, "a=rtcp-mux", *described, *transport]

    def rejected(self) -> list[str]:
        """Return the answer that rejects it (RFC 3264, section 6)."""
        lines = [f"m={self.kind} 0 {self.protocol} {' '.join(self.formats)}", "c=IN IP4 0.0.0.0", "a=inactive"]
        return lines if self.mid is None else [*lines, f"a=mid:{self.mid}"]

    def _main_format(self) -> str:
        """Return the format for an inactive answer, which must name one: the first that does not only repair others."""
        names = dict(value.split(" ", 1) for value in self.values("rtpmap") if " " in value)
        media = [one for one in self.formats if one in names and names[one].split("/")[0].lower() not in REPAIR_FORMATS]
        return (media or list(self.formats))[0]

    def _transport(self) -> list[str]:
        if "rtcp-mux" not in self.attributes:
            raise SignalError("the offer cannot be used: no a=rtcp-mux")
        lines = []
        for name in ("ice-ufrag", "ice-pwd"):
            value = next(iter(self.values(name)), "")
            if not _CREDENTIAL.fullmatch(value):
                raise SignalError(f"the offer cannot be used: no a={name}, or one that cannot be")
            lines.append(f"a={name}:{value}")
        prints = [value for value in self.values("fingerprint") if _DIGEST.fullmatch(value)]
        if not prints:
            raise SignalError("an offer without a DTLS fingerprint of SHA-256 or longer: nobody could know who calls")
        setup = next(iter(self.values("setup")), "")
        if setup not in ("actpass", "active", "passive"):
            raise SignalError("the offer cannot be used: no a=setup, or one that cannot be")
        return [*lines, *(f"a=fingerprint:{value}" for value in prints), f"a=setup:{setup}"]


@dataclass(frozen=True, slots=True)
class SdpOffer:
    """All sections of an offer, the tags in the audio's BUNDLE group, and the sections that are answered."""

    sections: tuple[MediaSection, ...]
    bundle: tuple[str, ...]
    answered: tuple[MediaSection, ...] = field(default=())

    @classmethod
    def parse(cls, text: str) -> SdpOffer:
        """Parse an offer. Raises SignalError if none of it can be answered."""
        session, media = _parse_sections(text)
        if not 0 < len(media) <= MAX_MEDIA:
            raise SignalError(f"an offer of {len(media)} media lines; 1 to {MAX_MEDIA} can be answered")
        sections = tuple(MediaSection.parse(lines, session) for lines in media)
        bundles = _bundles(session, sections)
        audio = [one for one in sections if one.kind == "audio" and one.is_offered]
        usable = [one for one in audio if one.can_be_answered]
        if not audio:
            raise SignalError("an offer without audio")
        if not usable:
            raise SignalError("the offer cannot be used: its audio is not Opus over DTLS-SRTP")
        bundle = next((one for one in bundles if usable[0].mid in one), ())
        answered = [one for one in usable if one is usable[0] or one.mid in bundle]
        return cls(sections, bundle, tuple(answered))

    def reduced(self) -> str:
        """Return the offer for the WebRTC library. Raises SignalError if anything is missing."""
        session = ["v=0", "o=- 0 0 IN IP4 0.0.0.0", "s=-", "t=0 0"]
        names = {section.mid for section in self.answered}
        if self.bundle:
            session.append(" ".join(["a=group:BUNDLE", *(one for one in self.bundle if one in names)]))
        if "ice-lite" in self.sections[0].session:
            session.append("a=ice-lite")
        lines = [line for section in self.answered for line in section.rebuilt(self._name(section))]
        return _joined(session + lines)

    def complete_answer(self, answer: str) -> str:
        """Return the answer to every section, given the WebRTC library's answer to the reduced offer."""
        _, media = _split_sections(answer)
        answered = {id(section): lines for section, lines in zip(self.answered, media, strict=True)}
        transport = [line for line in media[0] if line.startswith(_TRANSPORT)]
        lines, bundled = [], []
        for section in self.sections:
            if id(section) in answered:
                lines += self._answer(section, answered[id(section)])
            elif section.mid in self.bundle and section.is_media:
                lines += section.inactive(transport)
            else:
                lines += section.rejected()
                continue
            bundled.append(section.mid)
        session = [line for line in _split_sections(answer)[0] if not line.startswith("a=group:")]
        if self.bundle:
            session.append(" ".join(["a=group:BUNDLE", *(one for one in self.bundle if one in bundled)]))
        return _joined(session + lines)

    def _name(self, section: MediaSection) -> str:
        """Return the tag of a section for the library, which needs one: without one it is the only answered section."""
        return "0" if section.mid is None else section.mid

    def _answer(self, section: MediaSection, lines: Sequence[str]) -> list[str]:
        kind, port, _, *formats = lines[0].split()
        named = [line for line in lines[1:] if section.mid is not None or not line.startswith("a=mid:")]
        return [" ".join([kind, port, section.protocol, *formats]), *named]


def _parse_sections(text: str) -> tuple[tuple[str, ...], list[list[str]]]:
    """Return the session's attributes, and the lines of each section; unprintable lines are left out."""
    session, media = _split_sections(text)
    return tuple(line[2:].strip() for line in session if line.startswith("a=")), media


def _split_sections(text: str) -> tuple[list[str], list[list[str]]]:
    session: list[str] = []
    media: list[list[str]] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        if line.startswith("m="):
            media.append([line])
        elif line and _PRINTABLE.fullmatch(line):
            (media[-1] if media else session).append(line)
    return session, media


def _joined(lines: Iterable[str]) -> str:
    return "\r\n".join(lines) + "\r\n"


def _bundles(session: tuple[str, ...], sections: Sequence[MediaSection]) -> list[tuple[str, ...]]:
    """Return the BUNDLE groups (RFC 8843). Raises SignalError if a tag in them is unknown, or occurs twice."""
    mids = [one.mid for one in sections if one.mid is not None]
    bundles = [tuple(one.split()[1:]) for one in session if one.split()[:1] == ["group:BUNDLE"]]
    grouped = [mid for bundle in bundles for mid in bundle]
    if len(grouped) > len(sections):
        raise SignalError("the offer cannot be used: its BUNDLE names more than there are media lines")
    for mid in mids:
        if not _TOKEN.fullmatch(mid):
            raise SignalError(f"the offer cannot be used: a=mid:{mid[:20]} is no name")
    for what, names in (("media lines", mids), ("BUNDLE", grouped)):
        if twice := [mid for mid in names if names.count(mid) > 1]:
            raise SignalError(f"the offer cannot be used: two {what} with the name {twice[0][:20]!r}")
    if missing := [mid for mid in grouped if mid not in mids]:
        raise SignalError(
            f"the offer cannot be used: its BUNDLE names {missing[0][:20]!r}, which no media line is called"
        )
    return bundles
