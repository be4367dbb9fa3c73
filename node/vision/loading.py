"""Loading of models, from folders without any network, from the hub by way of its cache; and what they compute in.

On a CPU that multiplies bfloat16, an autoencoder decodes in it. Measured on two cores of an AMD EPYC: the tiny
autoencoder's decoding takes 15 instead of 36 ms, and a picture differs from single precision's by .3 levels of 255 in
the mean and 4 at most. The same seed still gives the same picture on the same machine. The rest of a generator gains
nothing by it, and its roundings would add up over the steps.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from typing import Any, TypeVar

from node.vision.presets import PRESETS, check_name, is_folder
from protocol.errors import NodeError

Model = TypeVar("Model")

# How long the hub may take to answer.
HUB_ANSWER_SECONDS = 10.0

# Environment of the model libraries: no telemetry, no progress bars, no warnings that could quote a caption.
QUIET = {
    "DIFFUSERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
}

# Torch's names of the instructions that multiply bfloat16. Without them it is slower than single precision.
BFLOAT16_CAPABILITIES = ("avx512_bf16", "amx_bf16")


# A model loads in two to ten seconds: after this many two thirds of its share are shown.
MOSTLY_LOADED_S = 3.0


class LoadingProgress:
    """How much of some models is loaded. Within one model it goes by the time, since no library says more."""

    def __init__(self, models: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.loaded: list[str] = []
        self._models, self._clock = models, clock
        self._began = self._since = clock()

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return self._clock() - self._began

    @property
    def share(self) -> float:
        """Which share is done, from 0 to 1."""
        if len(self.loaded) == self._models:
            return 1.0
        within = 1 - math.exp((self._since - self._clock()) / MOSTLY_LOADED_S)
        return (len(self.loaded) + 0.95 * within) / self._models

    def begin(self) -> list[str]:
        """Begin anew; return the list of the roles that are loaded, which `add` adds to."""
        self.loaded = []
        self._began = self._since = self._clock()
        return self.loaded

    def add(self, role: str) -> None:
        """Count a model as loaded."""
        self.loaded.append(role)
        self._since = self._clock()


def quieten() -> None:
    """Set the variables of QUIET that the user has not set. To be called before the libraries are first imported."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)


def pick_device(device: str | None) -> str:
    """Return the torch device to use: the one given, else a GPU if there is one, else the CPU."""
    import torch

    if device is not None:
        return device
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def number_type(device: str, on_gpu: str = "float16") -> Any:
    """Return the torch type that models compute in: half precision on a GPU, single on a CPU."""
    import torch

    return torch.float32 if device == "cpu" else getattr(torch, on_gpu)


def multiplies_bfloat16() -> bool:
    """Return whether this CPU has instructions for bfloat16; False if torch is too old to report them."""
    import torch

    capabilities: dict[str, Any] = dict(getattr(torch.cpu, "get_capabilities", dict)())
    return any(capabilities.get(name) for name in BFLOAT16_CAPABILITIES)


def decode_in_bfloat16(autoencoder: Any) -> None:
    """Make this autoencoder decode in bfloat16 from now on. Its weights and its encoding do not change."""
    import torch

    decode = autoencoder.decode

    def decode_rounded(*latents: Any, **options: Any) -> Any:
        with torch.autocast("cpu", torch.bfloat16):
            return decode(*latents, **options)

    autoencoder.decode = decode_rounded


def load(model: str, role: str, build: Callable[[bool], Model]) -> Model:
    """Return `build(local_only)`: of a folder or, from the cache and then from the hub, of a hub id.

    `role` is what the model is for, and is named in errors. Raises NodeError if anything goes wrong: the libraries
    raise almost any exception on a folder that is not theirs.
    """
    check_name(model)
    try:
        return build(True)
    except Exception as error:
        if is_folder(model):
            raise NodeError(
                f"cannot load the {role} {model!r} ({_line(error)}): is it a whole model folder?"
            ) from error
    ask_hub(model, role)
    try:
        return build(False)
    except Exception as error:
        raise NodeError(f"cannot load the {role} {model!r} ({_line(error)}): try another model") from error


def ask_hub(model: str, role: str, **wish: Any) -> Any:
    """Return the hub's ModelInfo of a model; `wish` is passed on to `huggingface_hub.model_info`.

    Raises NodeError if the hub does not have the model or does not answer within HUB_ANSWER_SECONDS (the libraries
    alone retry for minutes), and if there is no home folder to download to.
    """
    import huggingface_hub
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    if huggingface_hub.constants.HF_HUB_CACHE.startswith("~"):  # else a folder of that name would be made here
        raise NodeError("you have no home folder to keep models in: set HOME or HF_HOME")
    try:
        return huggingface_hub.model_info(model, timeout=HUB_ANSWER_SECONDS, **wish)
    except (GatedRepoError, RepositoryNotFoundError) as error:
        raise NodeError(
            f"no {role} {model!r} on the model hub that is open to you: check the name, "
            f"or name a folder or a preset ({', '.join(PRESETS)})"
        ) from error
    except Exception as error:
        raise NodeError(
            f"the {role} {model!r} is not on this machine and the model hub cannot be reached ({_reason(error)}): "
            'go online once and try again; "embedded" or a model folder works offline'
        ) from error


def _reason(error: Exception) -> str:
    """Return why the hub cannot be reached. The library's own line about offline mode is long and quotes an address."""
    from huggingface_hub.errors import OfflineModeIsEnabled

    return "HF_HUB_OFFLINE is set" if isinstance(error, OfflineModeIsEnabled) else _line(error)


def _line(error: Exception, longest: int = 160) -> str:
    """Return the first line of the exception's text, or its type."""
    lines = str(error).strip().splitlines()
    return lines[0][:longest].rstrip(" .:") if lines else type(error).__name__
