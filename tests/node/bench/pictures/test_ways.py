"""What a way costs beside the raw pixels."""

from __future__ import annotations

from node.bench.pictures.ways import Way, as_ratio, raw_bits


def test_ratios_are_against_raw_pixels_at_both_sides() -> None:
    assert (raw_bits(256), raw_bits(1024)) == (1_572_864, 25_165_824)
    assert Way("two bytes", "", (16, 16)).ratios == (98_304, 1_572_864)
    assert Way("raw", "", (1_572_864, 25_165_824)).ratios == (1, 1)
    assert Way("nothing", "", (0, 0)).ratios == (1_572_864, 25_165_824)


def test_a_ratio_is_written_as_in_the_article() -> None:
    assert [as_ratio(ratio) for ratio in (1.0, 1.34, 9039.4, 1_572_864.0)] == [
        "1.0:1",
        "1.3:1",
        "9,039:1",
        "1,572,864:1",
    ]
