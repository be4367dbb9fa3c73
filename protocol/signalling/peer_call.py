"""The call between this node and one peer: which side offers, when again, and what ends it.

The smaller of the two node ids offers first, and its offer wins when both cross. A call id names one attempt:
what comes with another id is of another attempt and changes nothing. Every attempt that fails is followed by
a new one.
"""

from __future__ import annotations

import math
import random
from collections import deque

from protocol.errors import SignalError
from protocol.ration import Ration
from protocol.signalling.call_times import (
    CONNECT_TIMEOUT_S,
    DESCRIBE_TIMEOUT_S,
    DIRECT_EVERY_S,
    OFFER_BURST,
    OFFER_EVERY_S,
    OFFER_GRACE_S,
    OFFER_RESEND_S,
    OFFER_TRIES,
    OPEN_FROM_TRY,
    RETRY_S,
    STABLE_S,
)
from protocol.signalling.events import ApplyAnswer, EndCall, MakeAnswer, MakeOffer, Output
from protocol.signalling.messages import Answer, Bye, Carries, Hello, Offer, Reason, offer_hash
from protocol.signalling.route import speech_in_common
from protocol.signalling.sdp_compression import pack_description, unpack_description
from protocol.signalling.states import TRANSITIONS, State, Trigger

__all__ = ["Output", "PeerCall"]

# Stale offers of this many calls back are recognised; older ones have long run out of tries.
REMEMBERED_CALLS = 8

_ID_BITS = 32
_OUR_OFFER = (State.PREPARING_OFFER, State.OFFERED)


class PeerCall:
    """The call with `peer`, whose hello is `hello`. `deadline` is when `timeout` is due, if ever.

    `call_id` names the present attempt; `media_at` is when something came last over its connection. A link is made as
    long as it is `wanted`, which it is not at first; `declined` says that the peer wants none. `addressed` says that
    our signals go on the topic that the peer alone reads.
    """

    def __init__(self, node: str, peer: str, ours: Hello, hello: Hello, *, rng: random.Random, output: Output) -> None:
        self.peer = peer
        self.hello = hello
        self.state = State.IDLE
        self.deadline: float | None = None
        self._first = node < peer
        self.media_at = -math.inf
        self.has_speech = speech_in_common(ours.carries, hello.carries)
        self._may_address = Carries.ADDRESSED_SIGNALS in ours.carries & hello.carries
        self.addressed = self._may_address
        self._rng = rng
        self._output = output
        self.call_id: int | None = None
        self._sent: Offer | Answer | None = None
        self._offer = b""
        self._tries = 0
        self._failures = 0
        self._connected_at: float | None = None
        self._began = -math.inf
        self.wanted = self.declined = self._by_broker = self._declines = False
        self._ration = Ration(OFFER_BURST, OFFER_EVERY_S)
        self._ended: deque[int] = deque(maxlen=REMEMBERED_CALLS)

    @property
    def is_up(self) -> bool:
        """Whether media flows, as far as was reported."""
        return self.state in (State.CONNECTED, State.UNSEEN)

    @property
    def has_failed(self) -> bool:
        """Whether the last attempt at a link failed, or the link was lost, or the peer wants none."""
        return self._failures > 0 or self.declined

    def want(self, wanted: bool, by_broker: bool, declines: bool, now: float) -> None:
        """Make a link, or end it, as is `wanted`: links are tried seldom while speech goes `by_broker`.

        With `declines` an offer of the peer is answered by a bye.
        """
        self._by_broker, self._declines = by_broker, declines
        before, self.wanted = self.wanted, wanted
        if not wanted and (before or self.state is State.CONNECTED):
            self._rest()
        elif wanted and not before and self.state is State.IDLE:
            self.declined = False
            self.begin(now)
        elif wanted and not before and self.state in (State.PAUSED, State.WAITING):
            self.deadline = now

    def _rest(self) -> None:
        if self.state in (State.PAUSED, State.WAITING):
            self.deadline = None
        elif self.call_id is not None and self.state is not State.UNSEEN and self._move(Trigger.BYE):
            self._send(Bye(self.peer, self.call_id, Reason.BY_BROKER))
            self._end_call(Reason.BY_BROKER)

    def begin(self, now: float) -> None:
        """Make the first offer, or leave it to the peer, if there is speech to carry at all."""
        self.wanted = True
        if not self.has_speech:
            return
        if self._first:
            self._move(Trigger.OUR_TURN)
            self._request_offer(now)
        else:
            self._move(Trigger.THEIR_TURN)
            self.deadline = now + OFFER_GRACE_S

    def described(self, call_id: int, sdp: str, now: float) -> None:
        """Send our description: as the offer or as the answer, whichever it was made for."""
        description = pack_description(sdp)
        if call_id != self.call_id or not self._move(Trigger.DESCRIBED):
            return
        if self.state is State.OFFERED:
            self._tries = 0
            self._sent = Offer(self.peer, call_id, description)
            self._send_offer(now)
        else:
            self._sent = Answer(self.peer, call_id, description, self._offer)
            self._send(self._sent)
            self.deadline = now + CONNECT_TIMEOUT_S

    def receive(self, message: Offer | Answer | Bye, now: float, addressed: bool) -> None:
        """Take a signal of the peer; ours go from now on by the kind of topic on which it came, `addressed` or not."""
        self.addressed = addressed and self._may_address
        match message:
            case Offer(_, call_id, description):
                self.receive_offer(call_id, description, now)
            case Answer(_, call_id, description, offer):
                self.receive_answer(call_id, description, offer, now)
            case Bye(_, call_id, reason):
                self.receive_bye(call_id, reason, now)

    def receive_offer(self, call_id: int, description: bytes, now: float) -> None:
        """Answer the peer's offer, unless it is stale, a repetition, one too many, or crossed ours and lost."""
        sdp = unpack_description(description)
        if not self._ration.take(now):
            return
        if self._declines:
            self._send(Bye(self.peer, call_id, Reason.BY_BROKER))
            return
        if call_id == self.call_id:
            if isinstance(self._sent, Answer) and self._sent.offer == offer_hash(description):
                self._send(self._sent)
            return
        if call_id in self._ended:
            self._send(Bye(self.peer, call_id, Reason.LOST))
            return
        crossed = self.state in _OUR_OFFER
        if not self.has_speech or (crossed and self._first) or not self._move(Trigger.OFFER):
            return
        self._end_call(Reason.GLARE if crossed else Reason.REPLACED)
        self.call_id, self._offer, self._began = call_id, offer_hash(description), now
        self._output.events.append(MakeAnswer(self.peer, call_id, sdp))
        self.deadline = now + DESCRIBE_TIMEOUT_S

    def receive_answer(self, call_id: int, description: bytes, offer: bytes, now: float) -> None:
        """Take the peer's answer to our offer. Raises `SignalError` if it answers another than we sent."""
        sdp = unpack_description(description)
        if call_id != self.call_id:
            return
        if isinstance(self._sent, Offer) and offer != offer_hash(self._sent.description):
            raise SignalError("an answer to an offer that was not ours")
        if self._move(Trigger.ANSWER):
            self._output.events.append(ApplyAnswer(self.peer, call_id, sdp))
            self.deadline = now + CONNECT_TIMEOUT_S

    def receive_bye(self, call_id: int, reason: Reason, now: float) -> None:
        """End this attempt, or the whole call if the peer hung up."""
        if call_id != self.call_id:
            return
        if reason is Reason.LOST:
            self._fail(now)
        elif self._move(Trigger.BYE):
            self.declined = reason is Reason.BY_BROKER
            self._end_call(reason)

    def connected(self, call_id: int, now: float) -> bool:
        """Note that media flows; return whether it does now."""
        if call_id == self.call_id and self._move(Trigger.CONNECTED):
            self._connected_at, self.deadline = now, None
        return self.is_up

    def media_received(self, call_id: int, at: float) -> None:
        """Note that something came over the connection."""
        if call_id == self.call_id:
            self.media_at = at

    def lost(self, call_id: int, now: float) -> None:
        """End an attempt whose media died: inform the peer and, after a pause, try again."""
        if call_id == self.call_id:
            self._give_up(now)

    def resume(self, now: float) -> None:
        """Send at once what is not answered, with all its tries: the broker was away, and may have been all along."""
        if self.wanted and self.state in (State.OFFERED, State.PAUSED):
            self._tries = self._failures = 0
            self.deadline = now + (self._pause() if self.state is State.PAUSED else 0)

    def start_over(self, now: float) -> None:
        """Call again at once, whichever side's turn it is: no attempt so far had our present addresses."""
        if self.call_id is not None:
            self._give_up(now)
        if self.wanted and self.state in (State.PAUSED, State.WAITING):
            self._failures = 0
            self.deadline = now

    def gone(self) -> None:
        """Note that the peer's hello was cleared. A call that is up outlives that: it ends when its media does."""
        if self._move(Trigger.GONE) and self.state is State.LEFT:
            self._end_call(Reason.LEFT)

    def seen(self) -> None:
        """Note that the peer's hello of the same session came again."""
        self._move(Trigger.SEEN)

    def hang_up(self) -> None:
        """Leave the call, if there is one, and inform the peer."""
        if self.call_id is not None:
            self._send(Bye(self.peer, self.call_id, Reason.LEFT))
        self.discard(Reason.LEFT)

    def discard(self, reason: Reason) -> None:
        """End the call, if there is one, without informing the peer."""
        self.state = State.LEFT
        self._end_call(reason)

    def timeout(self, now: float) -> None:
        """Do what is due at `deadline`: offer, offer again, or give this attempt up."""
        exhausted = self.state is State.OFFERED and self._tries >= OFFER_TRIES
        if exhausted or not self._move(Trigger.TIMEOUT):
            self._give_up(now)
        elif self.state is State.OFFERED:
            self._send_offer(now)
        else:
            self._request_offer(now)

    def _move(self, trigger: Trigger) -> bool:
        after = TRANSITIONS[self.state].get(trigger)
        if after is None:
            return False
        self.state = after
        return True

    def _send(self, message: Offer | Answer | Bye) -> None:
        self._output.messages.append((message, self.hello.session, self.addressed))

    def _request_offer(self, now: float) -> None:
        self.call_id, self._began, self.addressed = self._rng.getrandbits(_ID_BITS), now, self._may_address
        self._output.events.append(MakeOffer(self.peer, self.call_id))
        self.deadline = now + DESCRIBE_TIMEOUT_S

    def _send_offer(self, now: float) -> None:
        assert self._sent is not None
        if self._tries >= OPEN_FROM_TRY:
            self.addressed = False
        self._send(self._sent)
        self.deadline = now + OFFER_RESEND_S * 2**self._tries * self._rng.uniform(0.75, 1.25)
        self._tries += 1

    def _give_up(self, now: float) -> None:
        if self.call_id is not None:
            self._send(Bye(self.peer, self.call_id, Reason.LOST))
        self._fail(now)

    def _fail(self, now: float) -> None:
        connected_at = self._connected_at
        if not self._move(Trigger.LOST):
            return
        self._end_call(Reason.LOST if self.state is State.PAUSED else Reason.LEFT)
        if self.state is State.PAUSED:
            if connected_at is not None and now - connected_at >= STABLE_S:
                self._failures = 0
            seldom = self._by_broker and connected_at is None
            again = max(now, self._began + DIRECT_EVERY_S) if seldom else now
            self.deadline = again + self._pause() if self.wanted else None
            self._failures += 1

    def _pause(self) -> float:
        longest = RETRY_S[min(self._failures, len(RETRY_S) - 1)]
        return longest * self._rng.uniform(0.5, 1) + (0 if self._first else OFFER_GRACE_S)

    def _end_call(self, reason: Reason) -> None:
        if self.call_id is not None:
            self._output.events.append(EndCall(self.peer, self.call_id, reason))
            self._ended.append(self.call_id)
        self.call_id = self._sent = self._connected_at = self.deadline = None
