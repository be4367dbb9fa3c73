"""Tone mapping of HDR video, as newer telephones record it: without, it appears grey and pale on most screens."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

# Pixels. Each is computed in floating point: 0.1 s for a frame of this size on a slow core.
LONGEST_SIDE = 1024

# Transfer characteristics (ITU-T H.273, table 3).
PQ, HLG = 16, 18

# The brightness of white on the display that HLG is meant for (ITU-R BT.2100, table 5).
HLG_NITS = 1_000.0

# The brightness of white paper in HDR video (ITU-R BT.2408): what SDR shows as white.
PAPER_NITS = 203.0

# Up to this share of white paper's light, brightness is unchanged; brighter light is compressed into the rest.
KNEE = 0.75

# Of linear RGB, the inverse of ITU-R BT.2087's.
BT2020_TO_BT709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], dtype=np.float32
)

BT2020_LUMA = np.array([0.2627, 0.6780, 0.0593], dtype=np.float32)

# Linear RGB (height, width, 3), 1 being white paper.
Light = npt.NDArray[np.float32]


def is_hdr(transfer: int) -> bool:
    """Return whether a frame of this transfer characteristic is HDR."""
    return transfer in (PQ, HLG)


def to_sdr(signal: npt.NDArray[Any], transfer: int) -> npt.NDArray[np.uint8]:
    """Return HDR pixels (uint16, (height, width, RGB), BT.2020) as sRGB of 8 bits."""
    light = _pq_table()[signal] if transfer == PQ else _hlg_light(_hlg_table()[signal])
    narrow = np.maximum(light @ BT2020_TO_BT709.T, 0)
    compressed = _compressed(narrow)
    curved = np.where(compressed <= 0.0031308, 12.92 * compressed, 1.055 * compressed ** (1 / 2.4) - 0.055)
    shown: npt.NDArray[np.uint8] = np.rint(255 * np.clip(curved, 0, 1)).astype(np.uint8)
    return shown


def _compressed(light: Light) -> Light:
    """Return the light with its highlights brought below white, its hues unchanged."""
    brightest = light.max(axis=-1, keepdims=True)
    above = np.maximum(brightest - KNEE, 0) / (1 - KNEE)
    wanted = np.minimum(brightest, KNEE) + (1 - KNEE) * (1 - np.exp(-above))
    return np.asarray(light * (wanted / np.maximum(brightest, 1e-6)), dtype=np.float32)


@lru_cache(maxsize=1)
def _pq_table() -> Light:
    """Return the light of every 16-bit value of PQ (SMPTE ST 2084)."""
    powered = np.linspace(0, 1, 1 << 16) ** (1 / 78.84375)
    nits = 10_000 * (np.maximum(powered - 0.8359375, 0) / (18.8515625 - 18.6875 * powered)) ** (1 / 0.1593017578125)
    return (nits / PAPER_NITS).astype(np.float32)


@lru_cache(maxsize=1)
def _hlg_table() -> Light:
    """Return the scene's light, 0 to 1, of every 16-bit value of HLG (ITU-R BT.2100)."""
    value = np.linspace(0, 1, 1 << 16)
    light = np.where(value <= 0.5, value**2 / 3, (np.exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12)
    return light.astype(np.float32)


def _hlg_light(scene: Light) -> Light:
    """Return the light that HLG's display shows of a scene."""
    luminance = (scene @ BT2020_LUMA)[..., None]
    return np.asarray(scene * np.maximum(luminance, 1e-6) ** 0.2 * (HLG_NITS / PAPER_NITS), dtype=np.float32)
