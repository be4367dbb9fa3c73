"""DistillMOS, by a stand-in for its package: the network itself is measured with, not tested."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from node.bench.speech import no_reference

PACKAGE = """
import torch, torchaudio
print("weights loaded from: somewhere")

class ConvTransformerSQAModel(torch.nn.Module):
    def forward(self, sound):
        assert sound.dtype == torch.float32
        return 1 + 4 * sound.abs().amax(dim=1, keepdim=True)
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "distillmos.py").write_text(PACKAGE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "distillmos", raising=False)
    no_reference._model.cache_clear()
    yield
    sys.modules.pop("distillmos", None)
    no_reference._model.cache_clear()


@pytest.mark.usefixtures("package")
def test_sound_is_judged_at_its_own_scale(capsys: pytest.CaptureFixture[str]) -> None:
    assert no_reference.distillmos(np.array([0, -16_384, 8_192], np.int16)) == pytest.approx(3.0)
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("package")
def test_a_torchaudio_that_does_not_load_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "torchaudio.py").write_text("raise OSError('libc10_cuda.so: cannot open shared object file')")
    sys.modules.pop("torchaudio", None)
    assert no_reference.distillmos(np.zeros(4, np.int16)) == 1.0
    assert "torchaudio" not in sys.modules


def test_without_the_package_it_is_an_import_error() -> None:
    if find_spec("distillmos") is not None:
        pytest.skip("distillmos is installed")
    with pytest.raises(ImportError):
        no_reference.distillmos(np.zeros(4, np.int16))
