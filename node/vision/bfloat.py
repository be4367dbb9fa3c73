"""Decoding in bfloat16 on a CPU that computes in it.

Measured on two cores of an AMD EPYC: the tiny autoencoder's decoding takes 15 instead of 36 ms, and a picture differs
from single precision's by .3 levels of 255 in the mean and 4 at most. The same seed still gives the same picture on the
same machine. The rest of a generator gains nothing by it, and its roundings would add up over the steps.
"""

from __future__ import annotations

from typing import Any

CAPABILITIES = ("avx512_bf16", "amx_bf16")
"""As torch names the instructions that multiply bfloat16. Without them it is slower than single precision."""


def multiplies_bfloat16() -> bool:
    """Whether this CPU has such instructions. False, too, where torch is too old to say."""
    import torch

    ask = getattr(torch.cpu, "get_capabilities", dict)
    capabilities: dict[str, Any] = dict(ask())
    return any(capabilities.get(name) for name in CAPABILITIES)


def decode_in_bfloat16(autoencoder: Any) -> None:
    """From now on this autoencoder decodes so. Its weights stay, and so does encoding."""
    import torch

    decode = autoencoder.decode

    def decode_rounded(*latents: Any, **options: Any) -> Any:
        with torch.autocast("cpu", torch.bfloat16):
            return decode(*latents, **options)

    autoencoder.decode = decode_rounded
