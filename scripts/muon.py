"""Muon: momentum whose update is made orthogonal, for the weights of convolutions and linear layers.

After Jordan et al. 2024 (https://kellerjordan.github.io/posts/muon/), with the step scaled to the root mean square of
an AdamW step (Liu et al. 2025, "Muon is scalable for LLM training"), so that one learning rate serves both: vectors and
embeddings, for which orthogonality means nothing, are stepped by AdamW. On a CPU it reaches the same loss in about
half the time, which is why it is here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch

from node.vision.loading import multiplies_bfloat16

MOMENTUM = 0.95
BETAS = (0.9, 0.99)
EPSILON = 1e-8
STEP_RMS = 0.2  # of an AdamW step, per unit of learning rate
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # quintic coefficients: steep at zero, within 0.7-1.2 of one after five turns
NEWTON_SCHULZ_TURNS = 5


def orthogonal(matrix: torch.Tensor) -> torch.Tensor:
    """The nearest semi-orthogonal matrix, roughly, by a Newton-Schulz iteration, in bfloat16 where that is quick."""
    a, b, c = NEWTON_SCHULZ
    x = matrix.bfloat16() if matrix.is_cuda or multiplies_bfloat16() else matrix
    tall = x.size(0) > x.size(1)
    if tall:
        x = x.T
    x = x / (x.norm() + 1e-7)
    for _ in range(NEWTON_SCHULZ_TURNS):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.T if tall else x).to(matrix.dtype)


def _matrices(module: torch.nn.Module) -> list[torch.nn.Parameter]:
    embeddings = {id(part.weight) for part in module.modules() if isinstance(part, torch.nn.Embedding)}
    return [matrix for matrix in module.parameters() if matrix.ndim > 1 and id(matrix) not in embeddings]


class Muon(torch.optim.Optimizer):
    """Muon for what is a matrix (a convolution is one: outputs x everything else), AdamW for the rest."""

    def __init__(
        self,
        module: torch.nn.Module,
        rate: float,
        decay: float = 0.0,
        matrices: Iterable[torch.nn.Parameter] | None = None,
    ) -> None:
        """`matrices` names those to orthogonalise; by default, all that are matrices and no embeddings."""
        named = {id(matrix) for matrix in (_matrices(module) if matrices is None else matrices)}
        trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
        groups: Iterable[dict[str, Any]] = (
            {"params": [parameter for parameter in trained if id(parameter) in named], "muon": True},
            {"params": [parameter for parameter in trained if id(parameter) not in named], "muon": False},
        )
        super().__init__(groups, {"lr": rate, "decay": decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                parameter.mul_(1 - group["lr"] * group["decay"])
                move = self._muon(parameter) if group["muon"] else self._adam(parameter)
                parameter.add_(move, alpha=-group["lr"])

    def _muon(self, parameter: torch.Tensor) -> torch.Tensor:
        state = self.state[parameter]
        gradient = parameter.grad
        assert gradient is not None
        momentum = state.setdefault("momentum", torch.zeros_like(parameter))
        momentum.lerp_(gradient, 1 - MOMENTUM)
        ahead = gradient.lerp(momentum, MOMENTUM).reshape(parameter.size(0), -1)
        scale = STEP_RMS * max(ahead.shape) ** 0.5
        return (orthogonal(ahead) * scale).reshape(parameter.shape)

    def _adam(self, parameter: torch.Tensor) -> torch.Tensor:
        state = self.state[parameter]
        gradient = parameter.grad
        assert gradient is not None
        if not state:
            state.update(step=0, first=torch.zeros_like(parameter), second=torch.zeros_like(parameter))
        state["step"] += 1
        state["first"].lerp_(gradient, 1 - BETAS[0])
        state["second"].lerp_(gradient.square(), 1 - BETAS[1])
        first = state["first"] / (1 - BETAS[0] ** state["step"])
        second = state["second"] / (1 - BETAS[1] ** state["step"])
        return first / (second.sqrt() + EPSILON)
