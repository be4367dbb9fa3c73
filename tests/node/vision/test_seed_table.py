"""Seeds by what they mean: the numbers are those of the pipeline's own noise, and the nearest is near and cheap."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest

from node.vision.scenes import Variation
from node.vision.seed_table import COUNT, GRID, ONE_BYTE, SEEDS, nearest_seeds, seed_numbers


def test_numbers_are_those_of_the_noise_that_the_pipeline_draws() -> None:
    torch = pytest.importorskip("torch")
    seeds = [0, 1, 127, 128, 1023, 65_535, 2**31 + 7]
    for seed, numbers in zip(seeds, seed_numbers(seeds), strict=True):
        noise = torch.randn((1, 16, GRID, GRID), generator=torch.Generator("cpu").manual_seed(seed))
        scores = noise[0, :COUNT].mean((1, 2)) * GRID
        assert torch.special.ndtr(scores).numpy() == pytest.approx(numbers, abs=2e-6)


def test_the_prefix_of_the_noise_is_the_same_however_much_is_drawn() -> None:
    torch = pytest.importorskip("torch")
    whole = torch.randn((1, 16, GRID, GRID), generator=torch.Generator("cpu").manual_seed(5)).flatten()
    prefix = torch.randn(COUNT * GRID * GRID, generator=torch.Generator("cpu").manual_seed(5))
    half = torch.randn((1, 16, GRID, GRID), generator=torch.Generator("cpu").manual_seed(5), dtype=torch.float16)
    assert torch.equal(whole[: len(prefix)], prefix)
    assert half.flatten().float().numpy() == pytest.approx(whole.numpy(), abs=4e-3)  # on a GPU: the same, in half


def test_numbers_are_spread_evenly() -> None:
    numbers = seed_numbers(range(SEEDS))
    assert np.abs(numbers.mean(axis=0) - 0.5).max() < 0.03
    assert np.abs(numbers.std(axis=0) - 12**-0.5).max() < 0.02


def test_the_nearest_seed_is_near_in_the_skin_above_all_and_mostly_cheap() -> None:
    wanted = np.random.default_rng(0).random((200, COUNT))
    seeds = [nearest_seeds(Variation(*row))[0] for row in wanted]
    away = np.abs(seed_numbers(seeds) - wanted).mean(axis=0)
    assert list(away < [0.03, 0.1, 0.2, 0.17, 0.25]) == [True] * COUNT
    assert np.mean([seed < ONE_BYTE for seed in seeds]) > 0.7


def test_a_seeds_own_numbers_find_it() -> None:
    for seed, numbers in enumerate(seed_numbers(range(20))):
        assert nearest_seeds(Variation(*map(float, numbers)))[0] == seed


def test_several_are_all_different_and_the_best_comes_first() -> None:
    wanted = Variation(0.9, 0.2, 0.5, 0.5, 0.5)
    seeds = nearest_seeds(wanted, 16)
    assert len(set(seeds)) == 16
    assert seeds[0] == nearest_seeds(wanted)[0]
    assert all(abs(numbers[0] - astuple(wanted)[0]) < 0.15 for numbers in seed_numbers(seeds))
