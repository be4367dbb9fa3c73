"""The codebook's recurrent network, as it is trained: a GRU with an adaptive softmax (Grave et al. 2017)."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from muon import Muon
from torch import nn
from train_common import Average, Run, half_precision, set_rate

EMBEDDING, STATE = 128, 512
LIKELY, LESS_LIKELY = 1024, 4096  # where the two groups of rarer tokens begin
INNER = (128, 64)
DROPOUT = 0.3
BATCH = 256
PEAK_RATE = 2.5e-3
# Lines of a kind in each pass over all, as a share: the web texts are few, and soon learnt by heart.
SHARES = {"coco": 1.0, "web": 0.5, "scene": 1.0}
KINDS = tuple(SHARES)  # a kind's place is its way to begin


class Recurrent(nn.Module):
    """Next-token scores; `emb` has a row for each token, then one for each kind's beginning."""

    def __init__(self, tokens: int) -> None:
        super().__init__()
        self.tokens = tokens
        self.emb = nn.Embedding(tokens + len(KINDS), EMBEDDING)
        nn.init.normal_(self.emb.weight, std=0.1)
        self.gru = nn.GRU(EMBEDDING, STATE, batch_first=True)
        self.drop = nn.Dropout(DROPOUT)
        self.head = nn.Linear(STATE, LIKELY + 2, bias=False)
        self.inner0 = nn.Linear(STATE, INNER[0], bias=False)
        self.outer0 = nn.Linear(INNER[0], LESS_LIKELY - LIKELY, bias=False)
        self.inner1 = nn.Linear(STATE, INNER[1], bias=False)
        self.outer1 = nn.Linear(INNER[1], tokens - LESS_LIKELY, bias=False)

    def forward(self, lines: torch.Tensor, kinds: torch.Tensor) -> torch.Tensor:
        """What each token costs, in nats: one number for each that is not padding (-1)."""
        told = torch.cat([(self.tokens + kinds)[:, None], lines[:, :-1].clamp(min=0)], 1)
        with half_precision():
            states, _ = self.gru(self.drop(self.emb(told)))
        there = lines >= 0
        wanted, state = lines[there], self.drop(states[there])
        group = (wanted >= LIKELY).long() + (wanted >= LESS_LIKELY).long()
        with half_precision():
            cost = _cost(self.head(state), torch.where(group == 0, wanted, LIKELY + group - 1))
            for index, (inner, outer, first) in enumerate(
                ((self.inner0, self.outer0, LIKELY), (self.inner1, self.outer1, LESS_LIKELY))
            ):
                members = (group == index + 1).nonzero()[:, 0]
                if len(members):
                    more = _cost(outer(inner(state[members])), wanted[members] - first)
                    cost = cost.index_add(0, members, more)
        return cost


def _cost(scores: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(scores.float(), wanted, reduction="none")


def padded(lines: list[list[int]]) -> torch.Tensor:
    block = np.full((len(lines), max(map(len, lines))), -1, np.int64)
    for row, line in zip(block, lines, strict=True):
        row[: len(line)] = line
    return torch.from_numpy(block)


def batches(lines: dict[str, list[list[int]]], rng: random.Random) -> list[tuple[list[list[int]], torch.Tensor]]:
    """One pass over the lines, or that share of a kind's, in batches of like lengths."""
    chosen = [
        (line, place)
        for place, kind in enumerate(KINDS)
        for line in rng.sample(lines[kind], round(SHARES[kind] * len(lines[kind])))
    ]
    chosen.sort(key=lambda pair: len(pair[0]) + rng.random())
    groups = [chosen[start : start + BATCH] for start in range(0, len(chosen), BATCH)]
    rng.shuffle(groups)
    return [([line for line, _ in group], torch.tensor([place for _, place in group])) for group in groups]


def optimise(run: Run, model: Recurrent, lines: dict[str, list[list[int]]], seed: int) -> None:
    """Train until the budget is spent."""
    optimizer, average = run.parts["optimizer"], run.parts["average"]
    waiting: list[tuple[list[list[int]], torch.Tensor]] = []
    rng = random.Random(f"{seed}-{run.budget.done}")
    model.train()
    for figures in run.steps("network", every=200):
        waiting = waiting or batches(lines, rng)
        block, kinds = waiting.pop()
        set_rate(optimizer, run.budget.rate(PEAK_RATE))
        loss = model(padded(block), kinds).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        average.update()
        figures.update(bits=loss.item() / math.log(2))


def parts(model: Recurrent) -> dict[str, Any]:
    """What a run saves. Outputs are rows of a table, like embeddings: orthogonal steps are for the rest."""
    matrices = (model.gru.weight_ih_l0, model.gru.weight_hh_l0)
    return {"model": model, "average": Average(model, 0.998), "optimizer": Muon(model, PEAK_RATE, matrices=matrices)}


@torch.no_grad()
def bits_a_line(model: Recurrent, lines: list[list[int]], kind: str) -> float:
    """The mean cost of lines of a kind, spelled words not counted."""
    model.eval()
    total = 0.0
    for start in range(0, len(lines), BATCH):
        block = padded(lines[start : start + BATCH])
        total += model(block, torch.full((len(block),), KINDS.index(kind))).sum().item()
    return total / math.log(2) / len(lines)
