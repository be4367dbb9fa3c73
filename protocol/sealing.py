"""Everything that goes through the broker is sealed here, and opened here; a broker can drop and delay, nothing else.

    message             on the wire, with bytes                                    bound to it besides its key
    hello               session (8), number (4), sealed hello, tag (16)            topic
    offer, answer, bye  target (4), number (4), sealed message, tag (16)           topic, target, the target's session
    frame               low half of number (2), sealed shortened frame, tag (8)    topic
    speech              see `protocol.speech_sealing`

Every key is HKDF-SHA256 of the room's secret for one (sender, session, purpose), so that a message opens nowhere but in
its own room, as its own sender's, in its own session and on its own topic. The cipher is AES-128-CCM. Its nonce is the
message's number, which counts from 0 in each key and never comes twice: a session is random and new at every start.

`docs/protocol.md` has all of it, and which peers count as being there (`protocol.signalling.liveness`).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from protocol import envelope
from protocol.errors import SealError
from protocol.frames import MAX_FRAME_BYTES
from protocol.room_secret import RoomSecret
from protocol.signalling.messages import MAX_MESSAGE_BYTES
from protocol.topics import NODE_LENGTH, Letter, Topic

__all__ = ["FRAME_OVERHEAD", "MAX_NUMBER", "REPLAY_WINDOW", "Greeting", "Opener", "Sealer", "derive"]

# Forging a frame takes 2^63 tries on average, each of which has to pass a broker: at 10,000 a second, 29 million years.
FRAME_TAG: Final = 8
# Few and precious: they decide which peers are admitted and which certificate is trusted.
MESSAGE_TAG: Final = 16
_HINT = struct.Struct(">H")
# What sealing adds to a frame.
FRAME_OVERHEAD: Final = _HINT.size + FRAME_TAG
# A broker keeps the order of a topic; one that does not may mix this many frames.
REPLAY_WINDOW: Final = 64
# A number is four bytes in a hello's head, so one key seals 2^32 messages. At a frame a second that is 136 years.
MAX_NUMBER: Final = 2**32 - 1

_KEY_BYTES = 16
# Of keys that are not the protocol's own: as long as any cipher asks for.
_DERIVED_BYTES = 32
# CCM's longest nonce leaves two bytes for the length: messages of up to 65,535 bytes.
_NONCE_BYTES = 13
_HELLO_HEAD = struct.Struct(">QI")
_SIGNAL_HEAD = struct.Struct(f">{NODE_LENGTH}sI")
_SESSION = struct.Struct(">Q")
_SALT = b"pictophone room 1"
_HINTS = 1 << 8 * _HINT.size


class Greeting(NamedTuple):
    """A hello that opened: `session` is the sender's, and `payload` has the proof that it is alive."""

    session: int
    payload: bytes


def derive(secret: RoomSecret, purpose: bytes) -> bytes:
    """Return 32 bytes that only the room knows, for a purpose outside of the call such as a recording.

    Other purposes give other bytes, and none gives a key of the call's.
    """
    return _expand(secret, b"apart\0" + purpose, _DERIVED_BYTES)


def _expand(secret: RoomSecret, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, _SALT, info).derive(secret.reveal())


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """The keys of one sender's session."""

    secret: RoomSecret
    sender: str
    session: int

    def cipher(self, purpose: str, tag_length: int) -> AESCCM:
        info = b"\0".join((b"call", purpose.encode(), self.sender.encode(), _SESSION.pack(self.session)))
        return AESCCM(_expand(self.secret, info, _KEY_BYTES), tag_length)

    def greeting(self) -> AESCCM:
        return self.cipher("hello", MESSAGE_TAG)

    def signals(self) -> AESCCM:
        return self.cipher("signal", MESSAGE_TAG)

    def frames(self, letter: Letter) -> AESCCM:
        return self.cipher(f"frames {letter}", FRAME_TAG)


def _nonce(number: int) -> bytes:
    return number.to_bytes(_NONCE_BYTES)


def _signal_bound(topic: str, target: str, session: int) -> bytes:
    return b"\0".join((topic.encode(), target.encode(), _SESSION.pack(session)))


class SealingStream:
    """Seals under one key, and never twice with the same number."""

    def __init__(self, cipher: AESCCM) -> None:
        self._cipher = cipher
        self.next = 0

    def seal(self, payload: bytes, bound: bytes) -> tuple[int, bytes]:
        """Return the message's number and what it is sealed into. Raises `ValueError` after the last number."""
        if self.next > MAX_NUMBER:
            raise ValueError(
                "this session has sealed 2^32 messages of a kind, which is all it can: leave and join again"
            )
        number, self.next = self.next, self.next + 1
        return number, self._cipher.encrypt(_nonce(number), payload, bound)


class Sealer:
    """Seals what one session of one node sends. `session` must be 64 random bits that were never used before."""

    def __init__(self, secret: RoomSecret, node: str, session: int) -> None:
        keys = SessionKeys(secret, node, session)
        self._room, self._node, self._session = secret.room_id(), node, session
        self._hellos, self._signals = SealingStream(keys.greeting()), SealingStream(keys.signals())
        self._frames = {letter: SealingStream(keys.frames(letter)) for letter in (Letter.PICTURE, Letter.TEXT)}
        self._retained: dict[Letter, int] = {}

    def hello(self, payload: bytes, target: str | None = None) -> bytes:
        """Return a hello to publish on our topic, or, with a `target`, on the one that this alone reads."""
        letter = Letter.PRESENCE if target is None else Letter.SIGNAL
        number, sealed = self._hellos.seal(payload, str(Topic(self._room, self._node, letter, target)).encode())
        return _HELLO_HEAD.pack(self._session, number) + sealed

    def signal(self, target: str, session: int, payload: bytes, addressed: bool = False) -> bytes:
        """Return an offer, answer or bye to publish, which opens for this session of `target` alone.

        It opens on our topic, or, if it is `addressed`, on the one that `target` alone reads.
        """
        topic = Topic(self._room, self._node, Letter.SIGNAL, target if addressed else None)
        bound = _signal_bound(str(topic), target, session)
        number, sealed = self._signals.seal(payload, bound)
        return _SIGNAL_HEAD.pack(target.encode(), number) + sealed

    def frame(self, letter: Letter, payload: bytes, retained: bool) -> bytes:
        """Return a frame to publish on our topic `letter`; `retained` if the broker keeps it for newcomers."""
        number, sealed = self._frames[letter].seal(envelope.shorten(payload), self._name(letter).encode())
        if retained:
            self._retained[letter] = number
        return _HINT.pack(number % _HINTS) + sealed

    @property
    def shows(self) -> bool:
        """Whether the broker is to keep a picture of ours for newcomers."""
        return Letter.PICTURE in self._retained

    def oldest(self) -> tuple[int, int, int]:
        """Return the numbers from which on a newcomer opens our pictures, texts and signals: retained, or to come."""
        picture, text = (self._retained.get(letter, stream.next) for letter, stream in self._frames.items())
        return picture, text, self._signals.next

    def _name(self, letter: Letter) -> str:
        return str(Topic(self._room, self._node, letter))


class ReplayWindow:
    """The numbers of a stream that came: any of the last 64 and all to come are accepted, each once."""

    def __init__(self, oldest: int) -> None:
        self._highest = oldest - 1
        self._seen = 2**REPLAY_WINDOW - 1  # bit n: whether the highest number less n came

    def number(self, hint: int) -> int:
        """Return the number nearest to the next one that ends in the two bytes `hint`."""
        least = self._highest + 1 - _HINTS // 2
        return least + (hint - least) % _HINTS

    def check(self, number: int) -> None:
        """Raise `SealError` unless the number is new."""
        behind = self._highest - number
        if not 0 <= number <= MAX_NUMBER or behind >= REPLAY_WINDOW or (behind >= 0 and self._seen >> behind & 1):
            raise SealError("came before, or is far from what is to come")

    def add(self, number: int) -> None:
        """Note that the message of this number was genuine."""
        ahead = max(0, number - self._highest)
        self._seen = (self._seen << min(ahead, REPLAY_WINDOW)) & (2**REPLAY_WINDOW - 1)
        self._highest += ahead
        self._seen |= 1 << self._highest - number


class _Peer:
    """The streams of one admitted session."""

    def __init__(self, keys: SessionKeys, oldest: tuple[int, ...]) -> None:
        picture, text, signal = oldest[:3]
        self._signals, self._signals_seen = keys.signals(), ReplayWindow(signal)
        self._frames = {
            letter: (keys.frames(letter), ReplayWindow(first))
            for letter, first in ((Letter.PICTURE, picture), (Letter.TEXT, text))
        }

    def signal(self, number: int, sealed: bytes, bound: bytes) -> bytes:
        return open_numbered(self._signals, self._signals_seen, number, sealed, bound)

    def frame(self, topic: Topic, sealed: bytes) -> bytes:
        cipher, window = self._frames[topic.letter]
        number = window.number(_HINT.unpack_from(sealed)[0])
        return open_numbered(cipher, window, number, sealed[_HINT.size :], str(topic).encode())


def open_numbered(cipher: AESCCM, window: ReplayWindow, number: int, sealed: bytes, bound: bytes) -> bytes:
    """Open the message of this number, once. Raises `SealError`, and the window has not changed."""
    window.check(number)
    payload = _decrypt(cipher, number, sealed, bound)
    window.add(number)
    return payload


def _decrypt(cipher: AESCCM, number: int, sealed: bytes, bound: bytes) -> bytes:
    try:
        return cipher.decrypt(_nonce(number), sealed, bound)
    except InvalidTag:
        raise SealError("does not open: forged, damaged, or of another room, sender, session or topic") from None


class Opener:
    """Opens what the others send to one session of one node. Forged messages make it remember nothing.

    Every method raises `SealError`, and nothing has changed, for what does not open.
    """

    def __init__(self, secret: RoomSecret, node: str, session: int) -> None:
        self._secret, self._node, self._session = secret, node, session
        self._peers: dict[str, _Peer] = {}

    def admit(self, peer: str, session: int, oldest: tuple[int, ...]) -> None:
        """Open the messages of this session of a peer from now on, once its hello has shown that it is alive.

        `oldest` are the numbers of the first picture, text and signal that are accepted from it, as in its hello: when
        a session comes back after it was dismissed, what it sent before stays shut.
        """
        self._peers[peer] = _Peer(SessionKeys(self._secret, peer, session), oldest)

    @property
    def peers(self) -> set[str]:
        """The peers that were admitted."""
        return set(self._peers)

    def dismiss(self, peer: str) -> None:
        """Open nothing more of a peer but hellos."""
        self._peers.pop(peer, None)

    def hello(self, topic: Topic, sealed: bytes) -> Greeting:
        """Open a hello of any node with the room's secret; it may be an old one."""
        _check_length(sealed, _HELLO_HEAD.size + MESSAGE_TAG, MAX_MESSAGE_BYTES)
        session, number = _HELLO_HEAD.unpack_from(sealed)
        cipher = SessionKeys(self._secret, topic.node, session).greeting()
        return Greeting(session, _decrypt(cipher, number, sealed[_HELLO_HEAD.size :], str(topic).encode()))

    def signal(self, topic: Topic, sealed: bytes) -> bytes | None:
        """Open an offer, answer or bye of a peer that was admitted; None if it is for another node."""
        _check_length(sealed, _SIGNAL_HEAD.size + MESSAGE_TAG, MAX_MESSAGE_BYTES)
        target, number = _SIGNAL_HEAD.unpack_from(sealed)
        if target.rstrip(b"\0") != self._node.encode():
            return None
        bound = _signal_bound(str(topic), self._node, self._session)
        return self._peer(topic).signal(number, sealed[_SIGNAL_HEAD.size :], bound)

    def frame(self, topic: Topic, sealed: bytes) -> bytes:
        """Open a picture or text frame of a peer that was admitted."""
        _check_length(sealed, FRAME_OVERHEAD, MAX_FRAME_BYTES)
        return envelope.lengthen(self._peer(topic).frame(topic, sealed))

    def _peer(self, topic: Topic) -> _Peer:
        if (peer := self._peers.get(topic.node)) is None:
            raise SealError("comes from no peer that is known to be here")
        return peer


def _check_length(sealed: bytes, overhead: int, longest: int) -> None:
    if not overhead <= len(sealed) <= longest + overhead:
        raise SealError(f"has {len(sealed)} bytes, which nothing sealed has here")
