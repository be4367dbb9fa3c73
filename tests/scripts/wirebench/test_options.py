"""What scripts/measure_wire can be asked for."""

from __future__ import annotations

import pytest

from wirebench.options import parse


def test_without_options_the_network_is_a_good_one() -> None:
    options = parse(None, [])
    assert (options.rate, options.loss, options.burst, options.delay, options.reorder) == (0, 0, 1, 0, 0)
    assert (options.profile, options.speech, options.lyra, options.pictures) == ("lean", None, None, True)


@pytest.mark.parametrize("name", ["auto", "custom", "rich"])
def test_a_profile_is_any_that_a_call_takes(name: str) -> None:
    assert parse(None, ["--profile", name]).profile == name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--profile", "loud"], "there is no speech profile 'loud'"),
        (["--speech", "/no/such.wav"], "cannot read sound from /no/such.wav"),
        (["--lyra", "/no/such"], "no soundstream_encoder.tflite"),
        (["--loss", "100"], "100 is not possible; give 0 to 90"),
        (["--loss", "much"], "invalid percent value"),
        (["--rate", "-1"], "-1 is not possible; give 0 or more"),
        (["--burst", "0"], "0 is not possible; give 1 or more"),
        (["--seconds", "nan"], "nan is not possible"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(None, arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]
