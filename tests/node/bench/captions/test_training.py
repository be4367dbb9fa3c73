"""What the baselines learn from."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.bench.captions.training import SCENES, scene_captions, training
from node.vision.scenes import grammar
from protocol.errors import NodeError


def test_by_default_it_is_what_the_package_itself_writes() -> None:
    learned = training(None)
    assert len(learned.lines) == SCENES
    assert "drawn scenes" in learned.about
    assert sum(bool(grammar.attributes_of(line)) for line in learned.lines) > SCENES / 4


def test_the_same_seed_gives_the_same_lines() -> None:
    assert scene_captions(5, 1) == scene_captions(5, 1) == scene_captions(9, 1)[:5]
    assert scene_captions(5, 1) != scene_captions(5, 2)


def test_a_file_is_taken_and_named(tmp_path: Path) -> None:
    path = tmp_path / "captions.txt"
    path.write_text("a cat\na dog\n")
    learned = training(path)
    assert (learned.lines, learned.about) == (["a cat", "a dog"], "the 2 lines of captions.txt")
    with pytest.raises(NodeError, match="no file"):
        training(tmp_path / "none.txt")
