"""How natural speech sounds to a network that knows no recording: DistillMOS, whose weights are inside its package."""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from node.speech.pcm import FULL_SCALE, Pcm

# Only the package's own command line uses it, and the wheels for processors of NVIDIA do not load beside another torch.
UNUSED = "torchaudio"


def distillmos(pcm: Pcm) -> float:
    """Return the score of 16 kHz speech, 1 (bad) to 5 (excellent). Raises ImportError without the extra `mos`."""
    import torch

    sound = torch.from_numpy((pcm / FULL_SCALE).astype(np.float32))
    with torch.inference_mode():
        return float(_model()(sound[None]))


@cache
def _model() -> Any:
    with _stands_in(), contextlib.redirect_stdout(io.StringIO()):  # it prints where its weights are
        from distillmos import ConvTransformerSQAModel

        return ConvTransformerSQAModel().eval()


@contextlib.contextmanager
def _stands_in() -> Iterator[None]:
    """Have an empty module imported in place of the unused one, if that does not load."""
    try:
        importlib.import_module(UNUSED)
    except (ImportError, OSError):
        sys.modules[UNUSED] = ModuleType(UNUSED)
    try:
        yield
    finally:
        if sys.modules[UNUSED].__spec__ is None:
            del sys.modules[UNUSED]
