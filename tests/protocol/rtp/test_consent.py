"""How often consent is asked for, on a clock turned by hand."""

from __future__ import annotations

import random

import pytest

from protocol.rtp import consent
from protocol.rtp.consent import EXPIRES_S, OFTEN_S, PATIENCE_S, SELDOM_S, Consent


class Peer:
    """Answers as the script says: `+` at once, `-` never; then for ever as its last letter."""

    def __init__(self, answers: str) -> None:
        self.answers, self.time, self.asked = answers, 0.0, []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds

    async def ask(self) -> bool:
        self.asked.append(self.time)
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        self.time += 0.05 if answer == "+" else PATIENCE_S
        if len(self.asked) > 1000:
            raise EOFError
        return answer == "+"

    @property
    def periods(self) -> list[float]:
        return [after - before for before, after in zip([0.0, *self.asked], self.asked, strict=False)]


async def kept(answers: str) -> Peer:
    peer = Peer(answers)
    try:
        await consent.keep(peer.ask, peer.now, peer.sleep)
    except EOFError:
        peer.answers = "for ever"
    return peer


async def test_a_link_that_answers_is_asked_seldom_and_never_given_up() -> None:
    peer = await kept("+")
    assert peer.answers == "for ever"
    assert all(0.8 * SELDOM_S <= period <= 1.2 * SELDOM_S for period in peer.periods)
    assert max(peer.periods) - min(peer.periods) > 0.2 * SELDOM_S


async def test_a_dead_link_is_given_up_after_thirty_seconds() -> None:
    peer = await kept("-")
    assert EXPIRES_S <= peer.time <= EXPIRES_S + OFTEN_S * 1.2 + PATIENCE_S
    assert len(peer.asked) >= 4


async def test_no_question_comes_sooner_than_the_rfc_allows() -> None:
    for seed in range(20):
        answers = "".join(random.Random(seed).choice("++-") for _ in range(300))
        assert min((await kept(answers)).periods) >= 4.0


async def test_after_a_miss_questions_come_often_until_four_were_answered() -> None:
    peer = await kept("+-++++++++")
    seldom = [period > 1.2 * OFTEN_S for period in peer.periods]
    assert seldom[:9] == [True, True, False, False, False, False, True, True, True]


@pytest.mark.parametrize(("loss", "least_s"), [(0.1, 7200), (0.2, 900)])
def test_a_link_that_loses_questions_and_answers_is_not_given_up(loss: float, least_s: float) -> None:
    rng, now, asked, lived = random.Random(1), 0.0, 0.0, []
    one = Consent(0.0, rng)
    while len(lived) < 20 and now < 1e6:
        now += one.pause(now, asked)
        asked = now
        if rng.random() < (1 - loss) ** 2:
            one.answered(now)
        else:
            now += PATIENCE_S
            one.missed()
        if one.expired(now):
            lived.append(now - sum(lived))
            one, asked = Consent(now, rng), now
    assert now / max(1, len(lived)) > least_s
