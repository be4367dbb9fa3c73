"""Loading models: folders without a look at the network, hub ids from the cache first, one line when it fails."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

from node.vision.presets import PRESETS, check_name, is_folder
from protocol.errors import NodeError

Model = TypeVar("Model")

HUB_ANSWER_SECONDS = 10.0
"""How long the hub may take to say that it is there."""

QUIET = {
    "DIFFUSERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
}
"""Environment of the model libraries: no telemetry, no progress bars, no warnings that could quote a caption."""


def quieten() -> None:
    """Set QUIET where the user has not said otherwise. Before the libraries are first imported."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)


def pick_device(device: str | None) -> str:
    """The torch device to use: the one asked for, else a GPU where there is one, else the CPU."""
    import torch

    if device is not None:
        return device
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def number_type(device: str, on_gpu: str = "float16") -> Any:
    """The torch type that models compute in: half precision on a GPU, single on a CPU."""
    import torch

    return torch.float32 if device == "cpu" else getattr(torch, on_gpu)


def load(model: str, role: str, build: Callable[[bool], Model]) -> Model:
    """`build(local_only)` for a folder or, from the cache and then from the hub, for a hub id.

    `role` is what the model is for, in the words of the error. Raises NodeError, whatever goes wrong: the libraries
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
    """What the hub says of the model (huggingface_hub's ModelInfo; `wish` goes to its model_info).

    Raises NodeError unless it answers soon that it has the model: the libraries alone retry for minutes. So it does
    where there is no place for it.
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
    """Why the hub cannot be reached. The library's own line about its offline mode is long and quotes an address."""
    from huggingface_hub.errors import OfflineModeIsEnabled

    return "HF_HUB_OFFLINE is set" if isinstance(error, OfflineModeIsEnabled) else _line(error)


def _line(error: Exception, longest: int = 160) -> str:
    """The first line of the exception's text."""
    lines = str(error).strip().splitlines()
    return lines[0][:longest].rstrip(" .:") if lines else type(error).__name__
