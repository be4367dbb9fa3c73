"""Hello, offer, answer and bye, and their bytes.

    kind  message  fields                                             topic
    1     hello    session, name, carries, caption codecs, codebooks, and the proof:
                   number, challenge, echoes, asks, oldest numbers,
                   whether it is leaving; news                        presence, retained
    2     offer    target node, call id, packed description           signal
    3     answer   target node, call id, packed description, hash of
                   the offer's description                            signal
    4     bye      target node, call id, reason                       signal

The sender is named by the topic. A codebook is an array of its id and hash. A description is SDP
packed by `protocol.signalling.sdp_compression`. Kind 5 is a word of the floor (`protocol.signalling.floor_words`).
"""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass
from enum import IntEnum, IntFlag
from typing import Any, TypeAlias

from protocol import envelope
from protocol.captions.codebook_id import CodebookId
from protocol.errors import SignalError
from protocol.signalling import news
from protocol.signalling.news import MAX_NAME_BYTES, MAX_NODE_BYTES, NO_NEWS, News
from protocol.signalling.sdp_compression import MAX_PACKED_BYTES

__all__ = [
    "MAX_MESSAGE_BYTES",
    "MAX_NAME_BYTES",
    "Answer",
    "Bye",
    "Carries",
    "Hello",
    "Message",
    "Offer",
    "Proof",
    "Reason",
]
__all__ += ["decode", "encode", "offer_hash"]

# More caption codecs than there will ever be alive at once.
MAX_CODECS = 15
# No codec codes with more than one.
MAX_CODEBOOKS = MAX_CODECS
# A packed description, and the few bytes around it.
MAX_MESSAGE_BYTES = MAX_PACKED_BYTES + 32

# The peers that are here, and as many strangers.
MAX_ECHOES = 15
# Picture, text, signal, and speech, which older programs lack.
OLDEST = 4
# Of SHA-256 over the offer's packed description: two that fit cannot be found.
OFFER_HASH_BYTES = 16

_ID_BITS = 32
# Keys are for one session of one node. Among a million sessions of a room two are the same with a chance of 2^-25, and
# they are hardly of nodes of the same name.
_SESSION_BITS = 64


class Carries(IntFlag):
    """What a node sends (out) and takes (in)."""

    NOTHING = 0
    SPEECH_OUT = 1
    SPEECH_IN = 2
    PICTURES_OUT = 4
    PICTURES_IN = 8
    EVERYTHING = 15
    LYRA_IN = 16  # takes Lyra besides Opus
    TEXT = 32  # reads lines of text, and acknowledges them
    BROKER_SPEECH_IN = 64  # knows speech through the broker, on `Letter.SPEECH`, and takes it if it takes any
    ADDRESSED_SIGNALS = 128  # takes signals on topics of its own
    HIGH_BAND_IN = 256  # fills narrowband speech up from the gains in its padding
    ENHANCED_IN = 512  # restores in wideband speech what a low bitrate took from it
    PUSH_TO_TALK = 1024  # speaks only while it has the floor, and takes the words about it
    ADDRESSED_HELLOS = 2048  # takes hellos on the topics of its own, too


class Reason(IntEnum):
    """Why a call ended or a peer is gone; the number is what a bye carries."""

    LEFT = 0  # the node's goodbye came, or its last will
    LOST = 1  # the media died, or never came up: a new call follows
    RESTARTED = 2  # the peer came back as a new session
    REPLACED = 3  # a newer call of the same two nodes took its place
    GLARE = 4  # both offered at once, and the other's offer won
    FULL = 5  # there is no place for the receiver of this
    BY_BROKER = 6  # speech goes through the broker instead


@dataclass(frozen=True, slots=True)
class Proof:
    """What shows that a hello is of now: see `protocol.signalling.liveness`.

    `number` counts the sender's hellos, `challenge` is to be echoed, `echoes` are the challenges of others, `asks` the
    sessions that shall answer, and `oldest` the numbers of the first picture, text, signal and speech that are to be
    opened (of older programs, without the last).
    """

    number: int = 0
    challenge: int = 0
    echoes: tuple[int, ...] = ()
    asks: tuple[int, ...] = ()
    oldest: tuple[int, ...] = (0, 0, 0)
    leaving: bool = False

    def __post_init__(self) -> None:
        envelope.bounded_int("number", self.number, _ID_BITS)
        for name, values in (("echoes", self.echoes), ("asks", self.asks)):
            if len(values) > MAX_ECHOES:
                raise ValueError(f"{len(values)} {name}, more than {MAX_ECHOES}")
        for value in (self.challenge, *self.echoes, *self.asks):
            envelope.bounded_int("challenge", value, _SESSION_BITS)
        for value in self.oldest:
            # 2^32 once a session has sealed all it can.
            envelope.bounded_int("oldest", value, _ID_BITS + 1)


@dataclass(frozen=True, slots=True)
class Hello:
    """A node introduces itself. `session` is random and new at every start.

    `codecs` are the caption codecs that it decodes; one that codes with a codebook is of use only among nodes whose
    `codebooks` hold the same.
    """

    session: int
    name: str = ""
    carries: Carries = Carries.EVERYTHING
    codecs: tuple[int, ...] = (0,)
    codebooks: tuple[CodebookId, ...] = ()
    proof: Proof = Proof()
    news: News = NO_NEWS

    def __post_init__(self) -> None:
        envelope.bounded_int("session", self.session, _SESSION_BITS)
        envelope.bounded_text("name", self.name, MAX_NAME_BYTES)
        if len(self.codecs) > MAX_CODECS:
            raise ValueError(f"{len(self.codecs)} caption codecs, more than {MAX_CODECS}")
        for codec in self.codecs:
            envelope.bounded_int("codec", codec, bits=8)
        if len(self.codebooks) > MAX_CODEBOOKS:
            raise ValueError(f"{len(self.codebooks)} codebooks, more than {MAX_CODEBOOKS}")


@dataclass(frozen=True, slots=True)
class Offer:
    """A call is proposed to `target`; `description` is packed SDP."""

    target: str
    call_id: int
    description: bytes

    def __post_init__(self) -> None:
        _check_address(self.target, self.call_id)
        envelope.bounded_bytes("description", self.description, MAX_PACKED_BYTES)


@dataclass(frozen=True, slots=True)
class Answer:
    """`target`'s offer of this call id is accepted; `description` is packed SDP, `offer` the hash of the offer's."""

    target: str
    call_id: int
    description: bytes
    offer: bytes

    def __post_init__(self) -> None:
        _check_address(self.target, self.call_id)
        envelope.bounded_bytes("description", self.description, MAX_PACKED_BYTES)
        if len(envelope.bounded_bytes("offer", self.offer, OFFER_HASH_BYTES)) != OFFER_HASH_BYTES:
            raise ValueError(f"an answer names its offer by {OFFER_HASH_BYTES} bytes")


@dataclass(frozen=True, slots=True)
class Bye:
    """The call of this id with `target` is over."""

    target: str
    call_id: int
    reason: Reason

    def __post_init__(self) -> None:
        _check_address(self.target, self.call_id)


Message: TypeAlias = Hello | Offer | Answer | Bye


def encode(message: Message) -> bytes:
    """Return the bytes of one message."""
    match message:
        case Hello(session, name, carries, codecs, codebooks, proof, news):
            books = [[book.id, book.hash] for book in codebooks]
            shown = [] if (proof, news) == (Proof(), NO_NEWS) else list(astuple(proof))
            shown += [] if news == NO_NEWS else [news.elements()]
            last = [books, *shown] if books or shown else []
            return envelope.pack(1, [session, name, int(carries), list(codecs), *last])
        case Offer(target, call_id, description):
            return envelope.pack(2, [target, call_id, description])
        case Answer(target, call_id, description, offer):
            return envelope.pack(3, [target, call_id, description, offer])
        case Bye(target, call_id, reason):
            return envelope.pack(4, [target, call_id, int(reason)])


def offer_hash(description: bytes) -> bytes:
    """Return what an answer names an offer of this packed description by."""
    return hashlib.sha256(description).digest()[:OFFER_HASH_BYTES]


def decode(data: bytes) -> Message:
    """Read one message; raise `SignalError`, or `VersionError` if a newer version wrote it."""
    try:
        kind, fields = envelope.unpack(data, MAX_MESSAGE_BYTES)
        return _build(kind, fields)
    except (TypeError, ValueError) as error:
        raise SignalError(f"not a signalling message: {error}") from None


def _build(kind: int, fields: list[Any]) -> Message:
    match kind:
        case 1:
            return _hello(*fields[:12])
        case 2:
            return Offer(*fields[:3])
        case 3:
            return Answer(*fields[:4])
        case 4:
            return _bye(*fields[:3])
    raise ValueError(f"unknown kind {kind}")


def _hello(
    session: int, name: str = "", carries: int = 0, codecs: object = (), codebooks: object = (), *proof: Any
) -> Hello:
    # Bits that a later program gave a meaning are no concern of ours.
    known = Carries(envelope.bounded_int("carries", carries, bits=32) & sum(Carries))
    books = tuple(CodebookId(*_list("codebook", book)[:2]) for book in _list("codebooks", codebooks))
    return Hello(session, name, known, tuple(_list("codecs", codecs)), books, _proof(*proof[:6]), _news(*proof[6:]))


def _news(field: object = ()) -> News:
    return news.parse(field)


def _proof(
    number: int = 0,
    challenge: int = 0,
    echoes: object = (),
    asks: object = (),
    oldest: object = (0, 0, 0),
    leaving: object = False,
) -> Proof:
    numbers = tuple(_list("oldest", oldest)[:OLDEST])
    if len(numbers) < OLDEST - 1:
        raise ValueError(f"{len(numbers)} oldest numbers are too few")
    if type(leaving) is not bool:
        raise ValueError("leaving is neither true nor false")
    echoed, asked = tuple(_list("echoes", echoes)), tuple(_list("asks", asks))
    return Proof(number, challenge, echoed, asked, numbers, leaving)


def _list(name: str, value: object) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"{name} is no list")
    return list(value)


def _bye(target: str, call_id: int, reason: int) -> Bye:
    code = envelope.bounded_int("reason", reason, bits=8)
    # A reason that only a later program knows ends the call for good, as a goodbye does.
    return Bye(target, call_id, Reason(code) if code < len(Reason) else Reason.LEFT)


def _check_address(target: str, call_id: int) -> None:
    envelope.bounded_text("target", target, MAX_NODE_BYTES)
    envelope.bounded_int("call_id", call_id, _ID_BITS)
