"""The call between this node and one peer: which side offers, when again, and what ends it.

The smaller of the two node ids offers first, and its offer wins when both cross. A call id names one attempt:
what comes with another id is of another attempt and changes nothing. Every attempt that fails is followed by
a new one.
"""

from __future__ import annotations

import math
import random
from collections import deque
from dataclasses import dataclass, field

from protocol.errors import SignalError
from protocol.signalling.events import ApplyAnswer, EndCall, Event, MakeAnswer, MakeOffer
from protocol.signalling.messages import Answer, Bye, Carries, Hello, Offer, Reason, offer_hash
from protocol.signalling.sdp_compression import pack_description, unpack_description
from protocol.signalling.states import TRANSITIONS, State, Trigger

__all__ = ["Output", "PeerCall"]

# How long the node with the larger id leaves the first offer to the other: gathering candidates takes 0.2 s,
# and the rest is two trips through a slow broker.
OFFER_GRACE_S = 1.0
# An offer that is not answered was lost, or its answer was: again after this, then after twice as long...
OFFER_RESEND_S = 2.0
# ...so that an attempt lasts 30 s before a new one, with newly gathered candidates, takes its place.
OFFER_TRIES = 4
# Making a description takes 0.2 s; an unreachable STUN server costs 5 s.
DESCRIBE_TIMEOUT_S = 10.0
# ICE and DTLS take 0.3 s on a good link, and several seconds at 20 kbit/s with losses.
CONNECT_TIMEOUT_S = 15.0
# The pauses before the second attempt, the third, and so on; each is jittered down to a half.
RETRY_S = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
# A signal on the topic that the peer alone reads is lost where a broker's access list is older than such topics: from
# this try on an offer goes on our own topic, that all read. Sooner, and a slow link would carry it for everybody.
OPEN_FROM_TRY = 2
# A connection that lived this long was a good one: the next pause is short again.
STABLE_S = 10.0
# A peer that offers again and again has us make and end connections, or repeat an answer, each time: so many at once,
# then one in so many seconds, which is as often as an offer is sent again.
OFFER_BURST = 5
OFFER_EVERY_S = OFFER_RESEND_S
# Stale offers of this many calls back are recognised; older ones have long run out of tries.
REMEMBERED_CALLS = 8

_ID_BITS = 32
_OUR_OFFER = (State.PREPARING_OFFER, State.OFFERED)


@dataclass(slots=True)
class Output:
    """What calls hand to their room: events for the node, messages for the peers."""

    events: list[Event] = field(default_factory=list)
    # Each with its target's session, and whether it goes on a topic that the target alone reads.
    messages: list[tuple[Offer | Answer | Bye, int, bool]] = field(default_factory=list)


class PeerCall:
    """The call with `peer`, whose hello is `hello`. `deadline` is when `timeout` is due, if ever.

    `call_id` names the present attempt; `media_at` is when something came last over its connection. `addressed` says
    that our signals go on the topic that the peer alone reads.
    """

    def __init__(self, node: str, peer: str, ours: Hello, hello: Hello, *, rng: random.Random, output: Output) -> None:
        self.peer = peer
        self.hello = hello
        self.state = State.IDLE
        self.deadline: float | None = None
        self._first = node < peer
        self.media_at = -math.inf
        self.has_speech = _speech_in_common(ours.carries, hello.carries)
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
        self._offers_paid_until = -math.inf
        self._ended: deque[int] = deque(maxlen=REMEMBERED_CALLS)

    @property
    def is_up(self) -> bool:
        """Whether media flows, as far as was reported."""
        return self.state in (State.CONNECTED, State.UNSEEN)

    def begin(self, now: float) -> None:
        """Make the first offer, or leave it to the peer, if there is speech to carry at all."""
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
        if not self._may_offer(now):
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
        self.call_id, self._offer = call_id, offer_hash(description)
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
            self._end_call(reason)

    def connected(self, call_id: int, now: float) -> None:
        """Note that media flows."""
        if call_id == self.call_id and self._move(Trigger.CONNECTED):
            self._connected_at = now
            self.deadline = None

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
        if self.state in (State.OFFERED, State.PAUSED):
            self._tries = self._failures = 0
            self.deadline = now + (self._pause() if self.state is State.PAUSED else 0)

    def start_over(self, now: float) -> None:
        """Call again at once, whichever side's turn it is: no attempt so far had our present addresses."""
        if self.call_id is not None:
            self._give_up(now)
        if self.state in (State.PAUSED, State.WAITING):
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

    def _may_offer(self, now: float) -> bool:
        """Tell whether to accept another offer of the peer: a flood of them must not hold up the calls with others."""
        if now < self._offers_paid_until - (OFFER_BURST - 1) * OFFER_EVERY_S:
            return False
        self._offers_paid_until = max(self._offers_paid_until, now) + OFFER_EVERY_S
        return True

    def _move(self, trigger: Trigger) -> bool:
        after = TRANSITIONS[self.state].get(trigger)
        if after is None:
            return False
        self.state = after
        return True

    def _send(self, message: Offer | Answer | Bye) -> None:
        self._output.messages.append((message, self.hello.session, self.addressed))

    def _request_offer(self, now: float) -> None:
        self.call_id, self.addressed = self._rng.getrandbits(_ID_BITS), self._may_address
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
            self.deadline = now + self._pause()
            self._failures += 1

    def _pause(self) -> float:
        longest = RETRY_S[min(self._failures, len(RETRY_S) - 1)]
        return longest * self._rng.uniform(0.5, 1) + (0 if self._first else OFFER_GRACE_S)

    def _end_call(self, reason: Reason) -> None:
        if self.call_id is not None:
            self._output.events.append(EndCall(self.peer, self.call_id, reason))
            self._ended.append(self.call_id)
        self.call_id = self._sent = self._connected_at = self.deadline = None


def _speech_in_common(ours: Carries, theirs: Carries) -> bool:
    there = Carries.SPEECH_OUT in ours and Carries.SPEECH_IN in theirs
    back = Carries.SPEECH_OUT in theirs and Carries.SPEECH_IN in ours
    return there or back
