"""When consent is asked for, on a clock turned by hand."""

from __future__ import annotations

import random

import pytest

from protocol.rtp.consent import ANSWERS_FOR_TRUST, EXPIRES_S, PATIENCE_S, RFC_PERIOD_S, TRUSTED_PERIOD_S, Consent


def test_the_next_question_waits_for_the_rest_of_a_period() -> None:
    consent = Consent(0.0, random.Random(1))
    waits = [consent.wait_s(100.0, asked=99.0) for _ in range(200)]
    assert 0.8 * TRUSTED_PERIOD_S - 1 <= min(waits) < max(waits) <= 1.2 * TRUSTED_PERIOD_S - 1
    assert max(waits) - min(waits) > 0.2 * TRUSTED_PERIOD_S
    assert consent.wait_s(100.0, asked=0.0) == 0.0


def test_after_a_miss_periods_are_the_rfcs_until_four_were_answered() -> None:
    consent = Consent(0.0, random.Random(1))
    consent.missed()
    for number in range(ANSWERS_FOR_TRUST):
        assert 4.0 <= consent.wait_s(0.0, asked=0.0) <= 1.2 * RFC_PERIOD_S
        consent.answered(float(number))
    assert consent.wait_s(0.0, asked=0.0) > 1.2 * RFC_PERIOD_S


def test_it_expires_thirty_seconds_after_the_last_answer() -> None:
    consent = Consent(0.0)
    consent.answered(10.0)
    consent.missed()
    assert not consent.expired(10.0 + EXPIRES_S - 0.001)
    assert consent.expired(10.0 + EXPIRES_S)


@pytest.mark.parametrize(("loss", "least_s"), [(0.1, 7200), (0.2, 900)])
def test_a_link_that_loses_questions_and_answers_is_not_given_up(loss: float, least_s: float) -> None:
    rng, now, asked, lived = random.Random(1), 0.0, 0.0, []
    one = Consent(0.0, rng)
    while len(lived) < 20 and now < 1e6:
        now += one.wait_s(now, asked)
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
