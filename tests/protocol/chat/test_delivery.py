"""Lines between several nodes in memory: each arrives once, in its author's order, whatever the broker does."""

from __future__ import annotations

import contextlib
import random
from typing import Any

import pytest
from chat_room import READS, ChatRoom, worded
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import frames
from protocol.chat import HISTORY, LineArrived, LineDelivery, MarksChanged, Spoken, Wording
from protocol.chat.authors import AHEAD, BURST, MAX_RELAYED
from protocol.chat.own_lines import MAX_KEPT, WINDOW
from protocol.errors import FrameError, VersionError


def numbered(name: str, count: int) -> list[str]:
    return [f"{name} says {number}" for number in range(count)]


def three(**broker: float) -> ChatRoom:
    room = ChatRoom(**broker)  # type: ignore[arg-type]
    for name in ("a", "b", "c"):
        room.join(name)
    return room


def test_a_line_arrives_and_is_acknowledged_by_one_small_message() -> None:
    room = three()
    room.say("a", "hello")
    assert room.members["a"].delivery.marks(0) == ((), ("b", "c"))
    room.run(1)
    assert room.members["b"].read == room.members["c"].read == [("a", "hello")]
    assert room.members["a"].delivery.marks(0) == (("b", "c"), ())
    assert [len(room.members[name].posted) for name in "abc"] == [1, 1, 1]
    assert frames.decode(room.members["b"].posted[0]) == frames.Have((("a", 1),))
    assert room.members["b"].posted[0] == bytes.fromhex("920492a16101")


def test_nothing_is_sent_while_nothing_is_said() -> None:
    room = three()
    room.run(3600)
    room.join("d")
    room.run(3600)
    assert all(member.delivery.get_timer() is None and not member.posted for member in room.members.values())


def test_a_newcomer_that_is_lost_before_it_was_given_what_was_said_is_given_it_when_it_comes_back() -> None:
    room = three()
    room.run(60)
    room.say("a", "hello")
    room.run(60)
    newcomer = room.join("d")
    for name in ("a", "b", "c"):
        room.part(name, "d")
    room.run(60)
    assert newcomer.read == []
    for name in ("a", "b", "c"):
        room.meet(name, "d")
    room.run(60)
    assert newcomer.read == [("a", "hello")]
    posted = sum(len(member.posted) for member in room.members.values())
    for name in ("a", "b", "c"):
        room.part(name, "d")
        room.meet(name, "d")
    room.run(60)
    assert sum(len(member.posted) for member in room.members.values()) == posted


def test_acknowledgements_of_all_authors_are_gathered() -> None:
    room = three()
    for text in ("one", "two", "three"):
        room.say("a", text)
        room.say("b", text)
    room.run(1)
    assert [frames.decode(frame) for frame in room.members["c"].posted] == [frames.Have((("a", 3), ("b", 3)))]


@pytest.mark.parametrize("seed", range(8))
def test_loss_reordering_and_repeats_change_nothing(seed: int) -> None:
    room = three(seed=seed, loss=0.3, repeats=0.3)
    room.shuffle_s = 0.5
    for number in range(40):
        room.say(random.Random(number).choice("abc"), f"line {number}")
        room.run(0.1)
    room.run(300)
    for author in "abc":
        others = [member.of(author) for member in room.members.values() if member.name != author]
        assert others[0] == others[1] == sorted(others[0], key=lambda text: int(text.split()[1]))
    assert sum(len(member.read) for member in room.members.values()) == 80
    assert all(member.delivery.get_timer() is None for member in room.members.values())


@pytest.mark.parametrize("seed", range(4))
def test_two_hundred_lines_survive_two_outages(seed: int) -> None:
    room = three(seed=seed)
    for number in range(200):
        room.say("abc"[number % 3], f"line {number}")
        room.run(0.05)
        if number in {60, 120}:
            room.broker_dies()
            room.say("a", f"meanwhile {number}")
            room.run(2)
            room.broker_returns()
    room.run(60)
    said = {author: [f"line {number}" for number in range(200) if "abc"[number % 3] == author] for author in "abc"}
    said["a"].insert(21, "meanwhile 60")
    said["a"].insert(42, "meanwhile 120")
    for member in room.members.values():
        for author in {"a", "b", "c"} - {member.name}:
            assert member.of(author) == said[author]


def test_an_outage_after_which_everybody_was_taken_for_gone_loses_nothing() -> None:
    room = three()
    room.say("a", "before")
    room.run(1)
    room.broker_dies()
    room.part("a", "b")
    room.say("a", "meanwhile", "and more")
    room.run(60)
    room.broker_returns()
    room.run(1)
    room.meet("a", "b")
    room.run(30)
    assert room.members["b"].read == [("a", "before"), ("a", "meanwhile"), ("a", "and more")]
    assert [sorted(names) for names in room.members["a"].delivery.marks(2)] == [["b", "c"], []]


def test_many_lines_at_once_take_few_places_of_the_outbox() -> None:
    room = three()
    room.say("a", *numbered("a", 200))
    assert len(room.members["a"].posted) == WINDOW
    assert room.members["a"].delivery.unsent == 200 - WINDOW
    room.run(30)
    assert room.members["b"].of("a") == numbered("a", 200)


def test_a_peer_that_never_answers_holds_up_nobody_and_is_asked_less_and_less() -> None:
    room = ChatRoom()
    a, _ = room.join("a"), room.join("b")
    a.delivery.joined("mute", 1, READS, room.now)
    room.say("a", *numbered("a", 100))
    room.run(600)
    assert room.members["b"].of("a") == numbered("a", 100)
    before = len(a.posted)
    room.run(600)
    assert len(a.posted) - before <= 41  # one line in 15 s
    assert a.delivery.marks(0) == (("b",), ("mute",))


@pytest.mark.parametrize("apart_s", [0, 10])
def test_a_newcomer_is_given_the_newest_lines_once_in_order(apart_s: float) -> None:
    room = ChatRoom()
    for name in ("a", "b", "c"):
        room.join(name)
        room.run(apart_s)
    room.run(10)
    for number in range(15):
        room.say("a", f"a says {number}")
        room.say("b", f"b says {number}")
        room.run(1)
    newcomer = room.join("d")
    room.run(30)
    assert newcomer.of("a") == numbered("a", 15)[-10:]
    assert newcomer.of("b") == numbered("b", 15)[-10:]
    assert len(newcomer.read) == HISTORY
    givers = [
        member.name
        for member in room.members.values()
        if any(isinstance(frames.decode(frame), frames.Relayed) for frame in member.posted)
    ]
    assert givers == ["a"]
    room.say("a", "now")
    room.run(5)
    assert newcomer.of("a")[-1] == "now"
    assert len(newcomer.read) == HISTORY + 1


def test_who_left_is_quoted_by_name_and_without_the_oldest_the_next_gives() -> None:
    room = ChatRoom()
    room.join("a")
    room.run(10)
    room.join("b")
    room.run(10)
    room.say("a", "from a")
    room.run(1)
    room.say("b", "from b")
    room.run(5)
    room.leave("a")
    room.run(5)
    newcomer = room.join("c")
    room.run(10)
    assert newcomer.read == [("a", "from a"), ("b", "from b")]
    relayed = [frames.decode(frame) for frame in room.members["b"].posted]
    assert [frame.name for frame in relayed if isinstance(frame, frames.Relayed)] == ["A", "B"]
    assert room.members["b"].delivery.marks(0)[0] == ("a", "c")


def test_an_author_sees_who_was_given_its_lines_by_others() -> None:
    room = ChatRoom()
    for name in ("a", "b"):
        room.join(name)
        room.run(10)
    room.say("b", "from b")
    room.run(5)
    room.join("c")
    room.run(10)
    assert room.members["b"].delivery.marks(0) == (("a", "c"), ())


def test_what_is_said_while_a_newcomer_enters_comes_once() -> None:
    room = ChatRoom()
    for name in ("a", "b"):
        room.join(name)
        room.run(10)
    room.say("b", "before")
    room.run(5)
    newcomer = LineDelivery("c", "C", room.now)
    room.members["a"].delivery.joined("c", 1, READS, room.now)
    room.say("b", "b has not met c")
    member = room.join("c")
    assert member.delivery is not newcomer
    room.say("b", "b has met c")
    room.run(10)
    assert sorted(member.of("b")) == ["b has met c", "b has not met c", "before"]


def test_the_next_gives_if_the_oldest_is_silent() -> None:
    room = three()
    room.run(10)
    room.say("a", "hello")
    room.run(5)
    room.members["a"].delivery.broker_lost()
    newcomer = room.join("d")
    room.run(30)
    assert newcomer.of("a") == ["hello"]


@pytest.mark.parametrize("seed", range(8))
def test_a_newcomer_gets_everything_over_a_broker_that_loses_and_repeats(seed: int) -> None:
    room = three(seed=seed)
    room.run(10)
    room.say("b", *numbered("b", 10))
    room.run(60)
    room.loss, room.repeats = 0.3, 0.3
    newcomer = room.join("d")
    room.run(0.2)
    room.say("b", "now")
    room.run(120)
    assert [text for text in newcomer.of("b") if text != "now"] == numbered("b", 10)
    assert newcomer.of("b").count("now") == 1


def test_a_line_goes_in_the_shortest_form_that_everybody_reads() -> None:
    forms = Wording({0: b"a long line", 2: b"ab", 3: b"abc"})
    assert forms.shortest({0, 2, 3}) == (2, b"ab")
    assert forms.shortest({0, 3}) == (3, b"abc")
    assert forms.shortest(()) == (0, b"a long line")
    a = LineDelivery("a", "A", 0.0)
    a.joined("b", 1, frozenset((0, 2)), 10.0)
    a.say(forms, 10.0)
    a.joined("c", 1, READS, 10.0)
    a.say(forms, 10.0)
    assert [frames.decode(frame) for frame in a.outgoing()] == [
        frames.Line(0, b"ab"),
        frames.Line(1, b"a long line", 0, behind=1),
    ]


def test_a_peer_without_chat_is_no_reason_to_send_anything() -> None:
    a = LineDelivery("a", "A", 0.0)
    a.joined("old", 1, frozenset(), 10.0)
    a.say(worded("hello"), 10.0)
    assert (a.outgoing(), a.get_timer(), a.marks(0)) == ([], None, ((), ()))


def test_an_old_line_says_how_old_it_is() -> None:
    a = LineDelivery("a", "A", 0.0)
    a.joined("b", 1, READS, 0.0)
    a.broker_lost()
    a.say(worded("hello"), 10.0)
    a.broker_returned(75.5)
    assert [frames.decode(frame) for frame in a.outgoing()] == [frames.Line(0, b"hello", 0, age=65)]


def test_lines_far_ahead_and_a_flood_are_not_taken_until_later() -> None:
    b = LineDelivery("b", "B", 0.0)
    b.joined("a", 1, READS, 0.0)
    b.receive("a", frames.encode(frames.Line(0, b"0", 0)), 1.0)
    b.receive("a", frames.encode(frames.Line(1 + AHEAD, b"far", 0, behind=AHEAD)), 1.0)
    b.receive("a", frames.encode(frames.Line(2, b"2", 0, behind=1)), 1.0)
    assert [event.line.coded for event in b.events() if isinstance(event, LineArrived)] == [b"0"]
    b.handle_timer(2.0)
    assert [frames.decode(frame) for frame in b.outgoing()] == [frames.Have((("a", 1),))]
    b.receive("a", frames.encode(frames.Line(1, b"1", 0)), 2.0)
    assert [event.line.coded for event in b.events() if isinstance(event, LineArrived)] == [b"1", b"2"]
    for number in range(3, 500):
        b.receive("a", frames.encode(frames.Line(number, b"x", 0, behind=number - 3)), 3.0)
    taken = len([event for event in b.events() if isinstance(event, LineArrived)])
    assert taken == BURST
    taken += 3
    b.receive("a", frames.encode(frames.Line(taken, b"x", 0, behind=0)), 60.0)
    assert len(b.events()) == 1


def test_an_author_that_gave_up_lines_is_followed_to_those_it_still_sends() -> None:
    b = LineDelivery("b", "B", 0.0)
    b.joined("a", 1, READS, 0.0)
    for number, behind in ((0, 0), (4, 1), (3, 0)):
        b.receive("a", frames.encode(frames.Line(number, b"%d" % number, 0, behind=behind)), 1.0)
    assert [event.line.number for event in b.events() if isinstance(event, LineArrived)] == [0, 3, 4]


def test_what_a_member_relays_takes_nothing_from_the_author() -> None:
    c = LineDelivery("c", "C", 0.0)
    c.joined("a", 1, READS, 0.0)
    c.joined("liar", 1, READS, 0.0)
    c.receive("liar", frames.encode(frames.Relayed("c", 0, 9, "a", 0, b"never said", "A", 9, 0)), 1.0)
    arrive(c)
    c.receive("a", frames.encode(frames.Line(0, b"first", 0)), 1.0)
    c.receive("liar", frames.encode(frames.Relayed("c", 1, 9, "a", 1, b"never said either", "A", 9, 0)), 1.0)
    c.receive("a", frames.encode(frames.Line(1, b"second", 0)), 1.0)
    assert arrive(c) == [b"first", b"second"]
    for place in range(2, 200):
        c.receive("liar", frames.encode(frames.Relayed("c", place, 250, f"{place:04}", 0, b"x", "X", 9, 0)), 1.0)
    assert len(c.events()) < MAX_RELAYED


def arrive(delivery: LineDelivery) -> list[bytes]:
    """Read what arrived, and return what of it is new."""
    lines = [event.line for event in delivery.events() if isinstance(event, LineArrived)]
    return [line.coded for line in lines if delivery.remember(line, "", worded(line.coded.decode()))]


def test_a_bold_acknowledgement_changes_nothing() -> None:
    a = LineDelivery("a", "A", 0.0)
    a.joined("b", 1, READS, 0.0)
    a.say(worded("hello"), 1.0)
    a.events()
    a.receive("b", frames.encode(frames.Have((("a", 2),))), 1.0)
    a.receive("stranger", frames.encode(frames.Have((("a", 1),))), 1.0)
    assert (a.events(), a.marks(0)) == ([], ((), ("b",)))
    a.receive("b", frames.encode(frames.Have((("a", 1),))), 1.0)
    assert a.events() == [MarksChanged(range(1))]


def test_lines_that_nobody_has_are_kept_in_bounds() -> None:
    a = LineDelivery("a", "A", 0.0)
    a.joined("b", 1, READS, 0.0)
    for number in range(3 * MAX_KEPT):
        a.say(worded(str(number)), 1.0)
    a.outgoing()
    a.receive("b", frames.encode(frames.Have((("a", 10),))), 2.0)
    a.handle_timer(10.0)
    assert frames.decode(a.outgoing()[0]).number >= 2 * MAX_KEPT  # type: ignore[union-attr]
    assert a.marks(0) == ((), ())


def test_a_node_id_that_is_another_session_begins_anew() -> None:
    b = LineDelivery("b", "B", 0.0)
    for session in (1, 2):
        b.joined("a", session, READS, 0.0)
        b.receive("a", frames.encode(frames.Line(0, b"hello", 0)), 1.0)
        b.left("a")
    assert len(b.events()) == 2


def test_pictures_do_not_belong_among_lines() -> None:
    with pytest.raises(FrameError, match="does not belong"):
        LineDelivery("a", "A", 0.0).receive("b", frames.encode(frames.Hold(1)), 1.0)


u32 = st.sampled_from([0, 1, 2, 3, 64, 65, 2**31, 2**32 - 1])
ids = st.sampled_from(["a", "b", "c", "d"])
some_frames = st.one_of(
    st.tuples(u32, u32).map(lambda pair: frames.Line(max(pair), b"x", 0, behind=min(pair))),
    st.builds(frames.Have, *2 * [st.lists(st.tuples(ids, u32), max_size=8).map(tuple)]),
    st.builds(
        lambda target, author, place, number: frames.Relayed(target, place, place + 1, author, number, b"x", "n", 0, 0),
        *(ids, ids, st.integers(0, 40), u32),
    ),
)
steps = st.one_of(
    st.tuples(st.just("receive"), ids, some_frames.map(frames.encode) | st.binary(max_size=30)),
    st.tuples(st.just("join"), ids, u32),
    st.tuples(st.just("leave"), ids, st.none()),
    st.tuples(st.just("say"), ids, st.none()),
    st.tuples(st.just("wait"), ids, u32),
    st.tuples(st.just("broker"), ids, st.booleans()),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(steps, max_size=60))
def test_whatever_peers_send_is_borne_and_costs_little(taken: list[tuple[str, str, object]]) -> None:
    delivery, now = LineDelivery("a", "A", 0.0), 0.0
    for step, peer, more in taken:
        now += 0.1
        match step, more:
            case "receive", bytes():
                with contextlib.suppress(FrameError, VersionError):
                    delivery.receive(peer, more, now)
            case "join", int():
                delivery.joined(peer, more, READS, now)
            case "leave", _:
                delivery.left(peer)
            case "say", _:
                delivery.say(worded("hello"), now)
            case "wait", int():
                now += min(more, 100)
                delivery.handle_timer(now)
            case "broker", bool():
                delivery.broker_returned(now) if more else delivery.broker_lost()
        assert len(delivery.outgoing()) <= 4 * WINDOW + 4 * HISTORY
        for event in delivery.events():
            if isinstance(event, LineArrived):
                delivery.remember(event.line, "x", worded("x"))
        timer = delivery.get_timer()
        assert timer is None or timer >= 0


# -- lines that are spoken


def spoken_room(**options: Any) -> ChatRoom:
    room = ChatRoom(**options)
    for name in ("ann", "bob"):
        room.join(name)
    return room


def say_spoken(room: ChatRoom, name: str, *texts: str) -> None:
    for text in texts:
        room.members[name].delivery.say(worded(text), room.now, Spoken(37, 12))
        room.drain(room.members[name])


def test_a_spoken_line_says_when_and_its_acknowledgement_waits_for_more() -> None:
    room = spoken_room()
    say_spoken(room, "ann", "one")
    room.run(4)
    say_spoken(room, "ann", "two")
    room.run(3)
    ann, bob = room.members["ann"], room.members["bob"]
    assert bob.of("ann") == ["one", "two"]
    assert bob.posted == []
    room.run(30)
    assert len(ann.posted) == 2  # nothing was sent again
    assert [frames.decode(frame) for frame in bob.posted] == [frames.Have((("ann", 2),))]
    line = frames.decode(ann.posted[0])
    assert (line.spoken, line.after) == (37, 12)  # type: ignore[union-attr]


def test_a_typed_line_after_a_spoken_one_is_acknowledged_at_once_and_both_are() -> None:
    room = spoken_room()
    say_spoken(room, "ann", "spoken")
    room.say("ann", "typed")
    room.run(1)
    assert [frames.decode(frame) for frame in room.members["bob"].posted] == [frames.Have((("ann", 2),))]
    assert room.members["ann"].delivery.marks(1) == (("bob",), ())


def test_a_dialogue_needs_no_acknowledgements_of_their_own() -> None:
    room = spoken_room()
    for number in range(10):
        for name in ("ann", "bob"):
            say_spoken(room, name, str(number))
            room.run(4)
    room.run(30)
    ann, bob = room.members["ann"], room.members["bob"]
    assert (len(ann.of("bob")), len(bob.of("ann"))) == (10, 10)
    kinds = [type(frames.decode(frame)).__name__ for member in (ann, bob) for frame in member.posted]
    assert (kinds.count("Line"), kinds.count("Have")) == (20, 1)
    assert all(member.delivery.marks(9)[1] == () for member in (ann, bob))


def test_spoken_lines_arrive_once_and_in_order_however_bad_the_broker() -> None:
    room = spoken_room(seed=4, loss=0.4, repeats=0.2)
    texts = [str(number) for number in range(30)]
    for text in texts:
        say_spoken(room, "ann", text)
        room.run(2)
    room.run(300)
    assert room.members["bob"].of("ann") == texts


def test_newcomers_are_given_what_was_typed_and_not_what_was_spoken() -> None:
    room = spoken_room()
    room.run(10)
    room.say("ann", "typed")
    say_spoken(room, "ann", "spoken")
    room.run(10)
    eve = room.join("eve")
    room.run(30)
    assert eve.read == [("ann", "typed")]
