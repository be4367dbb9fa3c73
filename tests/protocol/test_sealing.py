"""Sealing: what opens, and what an attacker with the broker in hand can do."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from hypothesis import given
from hypothesis import strategies as st

from protocol import frames, sealing
from protocol.errors import SealError
from protocol.frames import MAX_FRAME_BYTES, Picture
from protocol.room_secret import RoomSecret
from protocol.sealing import FRAME_OVERHEAD, MAX_NUMBER, REPLAY_WINDOW, Opener, Sealer, derive
from protocol.signalling.messages import MAX_MESSAGE_BYTES
from protocol.topics import Letter, Topic

SECRET, OTHER_SECRET = RoomSecret(b"the room's keys!"), RoomSecret(b"another room's!!")
ROOM = SECRET.room_id()
FRAMES = (Letter.PICTURE, Letter.TEXT)


def topic(node: str, letter: Letter, room: str = ROOM) -> Topic:
    return Topic(room, node, letter)


@dataclass
class Ends:
    """ann, who sends in session 1, and bob, who has admitted her and is in session 2."""

    ann: Sealer
    bob: Opener

    def seal(self, letter: Letter, payload: bytes) -> bytes:
        match letter:
            case Letter.PRESENCE:
                return self.ann.hello(payload)
            case Letter.SIGNAL:
                return self.ann.signal("bobb", 2, payload)
            case _:
                return self.ann.frame(letter, payload, retained=False)

    def open(self, letter: Letter, sealed: bytes) -> bytes | None:
        return opened(self.bob, topic("anna", letter), sealed)


def opened(opener: Opener, where: Topic, sealed: bytes) -> bytes | None:
    match where.letter:
        case Letter.PRESENCE:
            return opener.hello(where, sealed).payload
        case Letter.SIGNAL:
            return opener.signal(where, sealed)
        case _:
            return opener.frame(where, sealed)


def meet(secret: RoomSecret = SECRET, session: int = 1, to: int = 2, node: str = "anna") -> Ends:
    bob = Opener(SECRET, "bobb", to)
    bob.admit("anna", 1, (0, 0, 0))
    return Ends(Sealer(secret, node, session), bob)


@pytest.fixture
def ends() -> Ends:
    return meet()


LETTERS = [letter for letter in Letter if letter is not Letter.SPEECH]  # which has a file of its own
every_letter = pytest.mark.parametrize("letter", LETTERS)


@every_letter
@given(st.binary(max_size=300))
def test_what_is_sealed_opens_once(letter: Letter, payload: bytes) -> None:
    ends = meet()
    sealed = ends.seal(letter, payload)
    assert payload not in sealed or len(payload) < 4
    assert ends.open(letter, sealed) == payload
    assert ends.seal(letter, payload) != sealed


def test_a_hello_names_its_session(ends: Ends) -> None:
    assert ends.bob.hello(topic("anna", Letter.PRESENCE), ends.ann.hello(b"hi")) == (1, b"hi")


def test_a_frame_grows_by_ten_bytes_less_the_one_that_shortening_saves(ends: Ends) -> None:
    frame = frames.encode(Picture(1, 0, 2, b"abc", 1))
    assert FRAME_OVERHEAD == 10
    assert len(ends.seal(Letter.PICTURE, frame)) == len(frame) - 1 + FRAME_OVERHEAD


def test_a_picture_of_a_typical_caption_takes_twenty_bytes(ends: Ends) -> None:
    """Three bytes of words, the hundredth picture, after an hour and a half: see `pictophone codec bench`."""
    assert len(ends.seal(Letter.PICTURE, frames.encode(Picture(100, 5_400_000, 2, b"abc", 127)))) == 20


# -- attacks


@every_letter
@pytest.mark.parametrize("size", [0, 1, 40])
def test_every_flipped_bit_is_noticed(letter: Letter, size: int) -> None:
    ends = meet()
    sealed = ends.seal(letter, bytes(size))
    for bit in range(len(sealed) * 8):
        broken = bytearray(sealed)
        broken[bit // 8] ^= 1 << bit % 8
        if letter is Letter.SIGNAL and bit < 32:  # it is for somebody else then
            assert ends.open(letter, bytes(broken)) is None
            continue
        with pytest.raises(SealError):
            ends.open(letter, bytes(broken))
    assert ends.open(letter, sealed) == bytes(size)


@every_letter
def test_every_truncation_and_every_addition_is_noticed(letter: Letter) -> None:
    ends = meet()
    sealed = ends.seal(letter, b"words")
    for broken in [sealed[:end] for end in range(len(sealed))] + [sealed + b"\0", b"\0" + sealed, sealed[1:]]:
        with pytest.raises(SealError):
            assert ends.open(letter, broken) is None
            raise SealError  # cut within the name of whom it is for
    assert ends.open(letter, sealed) == b"words"


@every_letter
def test_a_wrong_secret_opens_nothing(letter: Letter) -> None:
    ends = meet(OTHER_SECRET)
    with pytest.raises(SealError):
        ends.open(letter, ends.seal(letter, b"words"))


@pytest.mark.parametrize("letter", [Letter.SIGNAL, *FRAMES])
def test_a_replay_is_refused(letter: Letter) -> None:
    ends = meet()
    sealed = [ends.seal(letter, b"%d" % number) for number in range(200)]
    for one in sealed:
        ends.open(letter, one)
    for one in sealed:
        with pytest.raises(SealError):
            ends.open(letter, one)


@pytest.mark.parametrize("letter", [Letter.SIGNAL, *FRAMES])
def test_reordered_within_the_window_opens_and_past_it_does_not(letter: Letter) -> None:
    ends = meet()
    sealed = [ends.seal(letter, b"%d" % number) for number in range(REPLAY_WINDOW + 1)]
    assert ends.open(letter, sealed[-1]) == b"%d" % REPLAY_WINDOW
    with pytest.raises(SealError):
        ends.open(letter, sealed[0])
    for number in random.Random(1).sample(range(1, REPLAY_WINDOW), REPLAY_WINDOW - 1):
        assert ends.open(letter, sealed[number]) == b"%d" % number


@pytest.mark.parametrize("letter", FRAMES)
@given(st.lists(st.integers(0, 300), max_size=80))
def test_the_window_takes_each_number_at_most_once(letter: Letter, order: list[int]) -> None:
    ends, taken = meet(), []
    sealed = [ends.seal(letter, b"%d" % number) for number in range(301)]
    for number in order:
        try:
            assert ends.open(letter, sealed[number]) == b"%d" % number
        except SealError:
            assert number in taken or number <= max(taken) - REPLAY_WINDOW
        else:
            taken.append(number)
    assert len(taken) == len(set(taken))


def test_nothing_opens_on_another_topic_room_sender_or_session(ends: Ends) -> None:
    """Each message at every place but its own, at one who has admitted everybody."""
    all_secrets = {secret.room_id(): secret for secret in (SECRET, OTHER_SECRET)}
    for letter in LETTERS:
        sealed = ends.seal(letter, b"words")
        for room, secret in all_secrets.items():
            for node in ("anna", "carl", "bobb"):
                for session in (1, 3):
                    for where in LETTERS:
                        reader = Opener(secret, "bobb", 2)
                        reader.admit(node, session, (0, 0, 0))
                        if (room, node, where) == (ROOM, "anna", letter) and (
                            session == 1 or letter is Letter.PRESENCE
                        ):
                            assert opened(reader, topic(node, where, room), sealed) == b"words"
                            continue
                        with pytest.raises(SealError):
                            assert opened(reader, topic(node, where, room), sealed) is None
                            raise SealError  # the first bytes name another target


def test_a_signal_is_for_its_target_in_its_session_alone(ends: Ends) -> None:
    sealed = ends.seal(Letter.SIGNAL, b"offer")
    for node, session, error in (("carl", 2, False), ("bobb", 3, True), ("bob", 2, False)):
        reader = Opener(SECRET, node, session)
        reader.admit("anna", 1, (0, 0, 0))
        if error:
            with pytest.raises(SealError):
                reader.signal(topic("anna", Letter.SIGNAL), sealed)
        else:
            assert reader.signal(topic("anna", Letter.SIGNAL), sealed) is None
    turned = b"carl" + sealed[4:]
    carl = Opener(SECRET, "carl", 2)
    carl.admit("anna", 1, (0, 0, 0))
    with pytest.raises(SealError):
        carl.signal(topic("anna", Letter.SIGNAL), turned)


def test_an_addressed_signal_opens_on_its_own_topic_alone(ends: Ends) -> None:
    sealed = ends.ann.signal("bobb", 2, b"offer", addressed=True)
    room = SECRET.room_id()
    elsewhere = [
        Topic(room, "anna", Letter.SIGNAL),
        Topic(room, "anna", Letter.SIGNAL, "anna"),
        Topic(room, "anna", Letter.SIGNAL, "carl"),
        Topic(room, "bobb", Letter.SIGNAL, "anna"),
        Topic("abcdefgh", "anna", Letter.SIGNAL, "bobb"),
    ]
    for other in elsewhere:
        with pytest.raises(SealError):
            ends.bob.signal(other, sealed)
    assert ends.bob.signal(Topic(room, "anna", Letter.SIGNAL, "bobb"), sealed) == b"offer"
    with pytest.raises(SealError):  # once
        ends.bob.signal(Topic(room, "anna", Letter.SIGNAL, "bobb"), sealed)


def test_an_addressed_hello_opens_on_its_own_topic_alone(ends: Ends) -> None:
    sealed = ends.ann.hello(b"hello", "bobb")
    room = SECRET.room_id()
    others = [Topic(room, "anna", Letter.PRESENCE), Topic(room, "anna", Letter.SIGNAL)]
    for other in [*others, Topic(room, "anna", Letter.SIGNAL, "carl"), Topic(room, "bobb", Letter.SIGNAL, "anna")]:
        with pytest.raises(SealError):
            ends.bob.hello(other, sealed)
    assert ends.bob.hello(Topic(room, "anna", Letter.SIGNAL, "bobb"), sealed).payload == b"hello"


def test_hellos_to_one_and_to_all_share_their_numbers(ends: Ends) -> None:
    """They are sealed under one key: no number may come twice."""
    both = [ends.ann.hello(b"hello", target) for target in ("bobb", None)]
    assert [sealed[8:12] for sealed in both] == [bytes(4), bytes(3) + b"\1"]


def test_signals_to_one_and_to_all_share_their_numbers(ends: Ends) -> None:
    """They are sealed under one key: no number may come twice."""
    both = [ends.ann.signal("bobb", 2, b"offer", addressed) for addressed in (True, False)]
    assert [sealed[4:8] for sealed in both] == [bytes(4), bytes(3) + b"\1"]


def test_a_picture_that_is_retained_is_shown(ends: Ends) -> None:
    assert not ends.ann.shows
    ends.ann.frame(Letter.PICTURE, b"hold", retained=False)
    assert not ends.ann.shows
    ends.ann.frame(Letter.PICTURE, b"picture", retained=True)
    assert ends.ann.shows


@every_letter
def test_a_message_reflected_to_its_sender_does_not_open(letter: Letter) -> None:
    """On the peer's topic: what comes on its own, a node does not read."""
    ends = meet()
    sealed = ends.seal(letter, b"words")
    ann = Opener(SECRET, "anna", 1)
    ann.admit("bobb", 1, (0, 0, 0))
    if letter is Letter.SIGNAL:
        sealed = b"anna" + sealed[4:]
    with pytest.raises(SealError):
        opened(ann, topic("bobb", letter), sealed)


@pytest.mark.parametrize("letter", [Letter.SIGNAL, *FRAMES])
def test_who_was_not_admitted_is_not_read(letter: Letter) -> None:
    ends = meet()
    ends.bob.dismiss("anna")
    with pytest.raises(SealError, match="no peer"):
        ends.open(letter, ends.seal(letter, b"words"))
    ends.bob.dismiss("anna")


@every_letter
@pytest.mark.parametrize("payload", [b"\x95\x01\x01\x00\xa2hi\x05", b"\x92\x02\x01", b"\x95\x01" + bytes(40)])
def test_plaintext_is_refused(letter: Letter, payload: bytes) -> None:
    with pytest.raises(SealError):
        assert meet().open(letter, payload) is None
        raise SealError


@pytest.mark.parametrize("letter", FRAMES)
def test_frames_from_before_the_hello_are_refused(letter: Letter) -> None:
    """So that a session that comes back, or is met late, is not followed by what it sent before."""
    ends = meet()
    past = [ends.seal(letter, b"past") for _ in range(70)]
    kept = ends.ann.frame(letter, b"kept", retained=True)
    later = ends.seal(letter, b"later")
    ends.bob.admit("anna", 1, ends.ann.oldest())
    for sealed in past:
        with pytest.raises(SealError):
            ends.open(letter, sealed)
    assert (ends.open(letter, kept), ends.open(letter, later)) == (b"kept", b"later")


def test_signals_from_before_the_hello_are_refused(ends: Ends) -> None:
    """An old offer would end the call that is up."""
    past = ends.seal(Letter.SIGNAL, b"offer")
    assert ends.open(Letter.SIGNAL, past) == b"offer"
    ends.bob.dismiss("anna")
    ends.bob.admit("anna", 1, ends.ann.oldest())
    with pytest.raises(SealError):
        ends.open(Letter.SIGNAL, past)
    assert ends.open(Letter.SIGNAL, ends.seal(Letter.SIGNAL, b"offer again")) == b"offer again"


def test_the_oldest_frame_of_use_is_the_kept_one_or_the_next(ends: Ends) -> None:
    assert ends.ann.oldest() == (0, 0, 0)
    ends.seal(Letter.TEXT, b"line")
    ends.seal(Letter.PICTURE, b"hold")
    ends.ann.frame(Letter.PICTURE, b"picture", retained=True)
    ends.seal(Letter.PICTURE, b"hold")
    ends.seal(Letter.SIGNAL, b"offer")
    assert ends.ann.oldest() == (1, 1, 1)


# -- numbers


@pytest.mark.parametrize("letter", FRAMES)
def test_the_two_bytes_of_the_number_wrap(letter: Letter) -> None:
    ends = meet()
    for number in range(3 * 2**16 + 10):
        sealed = ends.seal(letter, b"%d" % number)
        if number % 1000 == 0 or number % 2**16 in (0, 1, 2**16 - 1):
            assert ends.open(letter, sealed) == b"%d" % number


def test_a_gap_of_half_the_numbers_is_bridged(ends: Ends) -> None:
    sealed = [ends.seal(Letter.TEXT, b"x") for _ in range(2**15 + 1)]
    with pytest.raises(SealError):
        ends.open(Letter.TEXT, sealed[2**15])
    assert ends.open(Letter.TEXT, sealed[2**15 - 1]) == b"x"
    assert ends.open(Letter.TEXT, sealed[2**15]) == b"x"


def _stream(ends: Ends, letter: Letter) -> sealing.SealingStream:
    return {Letter.PRESENCE: ends.ann._hellos, Letter.SIGNAL: ends.ann._signals, **ends.ann._frames}[letter]


@every_letter
def test_after_the_last_number_nothing_more_is_sealed(letter: Letter) -> None:
    ends = meet()
    _stream(ends, letter).next = MAX_NUMBER
    ends.bob.admit("anna", 1, (MAX_NUMBER, MAX_NUMBER, MAX_NUMBER))
    assert ends.open(letter, ends.seal(letter, b"the last")) == b"the last"
    for _ in range(2):
        with pytest.raises(ValueError, match=r"2\^32"):
            ends.seal(letter, b"one more")


@pytest.fixture
def nonces(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, bytes]]:
    """Every (key, nonce) that something was sealed with."""
    used = []

    class Recording:
        def __init__(self, key: bytes, tag_length: int) -> None:
            self._key, self._cipher = key, AESCCM(key, tag_length)

        def encrypt(self, nonce: bytes, data: bytes, bound: bytes) -> bytes:
            used.append((self._key, nonce))
            return self._cipher.encrypt(nonce, data, bound)

    monkeypatch.setattr(sealing, "AESCCM", Recording)
    return used


def test_no_nonce_comes_twice_in_the_life_of_a_room(nonces: list[tuple[bytes, bytes]]) -> None:
    """Eight nodes, the same id twice among them, each of which starts anew again and again."""
    rng = random.Random(1)
    for node in ("anna", "bobb", "carl", "anna"):
        for _ in range(20):
            ann = Sealer(SECRET, node, rng.getrandbits(64))
            for _ in range(25):
                ann.hello(b"hello")
                ann.signal("dora", 7, b"offer")
                ann.signal("emil", 8, b"offer")
                ann.frame(Letter.PICTURE, b"picture", retained=True)
                ann.frame(Letter.PICTURE, b"hold", retained=False)
                ann.frame(Letter.TEXT, b"text", retained=False)
    assert len(nonces) == 4 * 20 * 25 * 6
    assert len(set(nonces)) == len(nonces)
    assert len({key for key, _ in nonces}) == 4 * 20 * 4


# -- whatever comes


def _topics() -> Iterator[Topic]:
    return (topic(node, letter) for node in ("anna", "carl", "aa") for letter in LETTERS)


@given(st.sampled_from(list(_topics())), st.binary(max_size=80), st.sampled_from([b"", b"bobb", b"bobb\0\0\0\0"]))
def test_any_bytes_open_or_raise_the_documented_error(where: Topic, noise: bytes, head: bytes) -> None:
    ends = meet()
    with pytest.raises(SealError):
        assert opened(ends.bob, where, head + noise) is None
        raise SealError
    assert ends.open(Letter.TEXT, ends.seal(Letter.TEXT, b"next")) == b"next"


@every_letter
def test_what_is_too_long_is_not_even_tried(letter: Letter, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = meet()
    monkeypatch.setattr(sealing, "_decrypt", _never)
    for size in (MAX_MESSAGE_BYTES if letter in (Letter.PRESENCE, Letter.SIGNAL) else MAX_FRAME_BYTES, 10**6):
        with pytest.raises(SealError, match="bytes"):
            ends.open(letter, b"bobb" + bytes(size + 30))


def _never(*_: object) -> bytes:
    raise AssertionError("this should not be reached")


def test_forged_senders_are_not_remembered(ends: Ends) -> None:
    for number in range(2000):
        node = f"{'abcdefghij'[number % 10]}{'klmnopqrst'[number // 10 % 10]}{'uvwxyz2345'[number // 100 % 10]}a"
        for letter in LETTERS:
            with pytest.raises(SealError):
                opened(ends.bob, topic(node, letter), b"bobb" + bytes(40))
    assert ends.bob.peers == {"anna"}


# -- keys for other purposes


def test_derived_keys_differ_by_room_and_purpose() -> None:
    derived = [derive(secret, purpose) for secret in (SECRET, OTHER_SECRET) for purpose in (b"", b"recording", b"x")]
    assert len(set(derived)) == 6
    assert all(len(key) == 32 for key in derived)


@pytest.mark.parametrize(
    ("make", "hexadecimal"),
    [
        (lambda: derive(SECRET, b"recording"), "2abd0de9bcb2b2990301bf478c917de5259dba2946263c01cc545431636c3b7b"),
        (
            lambda: Sealer(SECRET, "anna", 1).hello(b"hello"),
            "0000000000000001000000006a6618b838c9751c8c5621e6f37a6ceb05db2cc079",
        ),
        (
            lambda: Sealer(SECRET, "anna", 1).signal("bobb", 2, b"offer"),
            "626f626200000000e3342431cfbbad94d0b6bde0456f1edc9770c48ef7",
        ),
        (
            lambda: Sealer(SECRET, "anna", 1).frame(Letter.PICTURE, b"\x92\x02\x07", retained=False),
            "000023cedbf5233a65cb2830",
        ),
    ],
)
def test_the_bytes_are_pinned(make: Callable[[], bytes], hexadecimal: str) -> None:
    assert make().hex() == hexadecimal
