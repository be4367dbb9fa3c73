from __future__ import annotations

import numpy as np
import pytest

from node.vision.cameras.hdr import HLG, PQ, is_hdr, to_sdr

# Signals of white paper (203 cd/m2), and of its tenth: ITU-R BT.2408, and worked out by its formulas.
PAPER = {PQ: 0.58, HLG: 0.75}
TENTH = {PQ: 0.37, HLG: 0.325}


def shown(signal: float, transfer: int) -> list[int]:
    pixels = np.full((1, 1, 3), round(signal * 65_535), np.uint16)
    return [int(value) for value in to_sdr(pixels, transfer)[0, 0]]


def test_only_pq_and_hlg_are_hdr() -> None:
    assert [transfer for transfer in range(20) if is_hdr(transfer)] == [PQ, HLG]


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_paper_is_nearly_white_and_what_shines_is_not_cut_off(transfer: int) -> None:
    assert shown(0.0, transfer) == [0, 0, 0]
    assert shown(PAPER[transfer], transfer) == pytest.approx([243] * 3, abs=6)
    assert shown(1.0, transfer) == pytest.approx([255] * 3, abs=1)
    steps = [shown(step / 20, transfer)[0] for step in range(21)]
    assert steps == sorted(steps)
    assert shown(PAPER[transfer] + 0.05, transfer)[0] > shown(PAPER[transfer], transfer)[0]


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_a_tenth_of_papers_light_is_as_bright_as_in_srgb(transfer: int) -> None:
    assert shown(TENTH[transfer], transfer) == pytest.approx([89] * 3, abs=12)


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_colours_of_the_wide_gamut_stay_what_they_are(transfer: int) -> None:
    red = np.array([[[round(0.55 * 65_535), 8_000, 8_000]]], np.uint16)
    bright, green, blue = to_sdr(red, transfer)[0, 0].tolist()
    assert bright > 150
    assert max(green, blue) < bright / 2
