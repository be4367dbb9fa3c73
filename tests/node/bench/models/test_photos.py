"""The bench of perception, with an observer whose answers are known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from node.bench.models import photos
from node.bench.models.photos import LabelledPhoto, evaluate_people, people_lines, read_table
from node.vision.perception.observation import Observation, SeenFace
from node.vision.scenes.world import Action, Cloth
from protocol.errors import NodeError

FACE = SeenFace(0.5, 0.4, 0.3, 0.0, 0.0)
HEADER = "file\taction\tface\tglasses\tcloth\thand\n"
NOBODY = Observation()


def person(action: Action | None, cloth: Cloth | None = None, face: SeenFace | None = FACE) -> Observation:
    return Observation(people=1, action=action, cloth=cloth, face=face)


class Scripted:
    """Gives these observations, one after the other."""

    def __init__(self, *answers: Observation) -> None:
        self._answers: Iterator[Observation] = iter(answers)

    def observe(self, image: Any) -> Observation:
        assert isinstance(image, Image.Image)
        return next(self._answers)


def folder_of(tmp_path: Path, *rows: str) -> Path:
    """A folder with a table of these rows and a photo for each."""
    (tmp_path / "truth.tsv").write_text(HEADER + "".join(row.replace(" | ", "\t") + "\n" for row in rows))
    for row in rows:
        Image.new("RGB", (8, 8)).save(tmp_path / row.split(" | ")[0])
    return tmp_path


def figures_of(folder: Path, *answers: Observation) -> dict[str, Any]:
    people = evaluate_people(folder, lambda: Scripted(*answers), lambda: None)["people"]
    assert isinstance(people, dict)
    return people


def test_each_figure_counts_what_was_asked(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path,
        "a.png | smiling | True | 0 | blue | None",
        "b.png | wave | True | 0 | red | None",
        "c.png | nobody | False | None | None | None",
        "d.png | None | False | None | None | None",
    )
    people = figures_of(
        folder,
        person(Action.SMILING, Cloth.BLUE),
        person(Action.NOTHING, Cloth.BLACK, face=None),
        NOBODY,
        person(Action.NOTHING),
    )
    assert people | {"load_s": 0, "rss_mb": 0, "ms_p50": 0, "cpu_ms_p50": 0} == {
        "pictures": 4, "face": 0.5, "invented": 1, "action": 0.6667, "cloth": 0.5, "nobody": 1.0,
        "action_by": {"nobody": 1.0, "smiling": 1.0, "wave": 0.0},
        "load_s": 0, "rss_mb": 0, "ms_p50": 0, "cpu_ms_p50": 0,
    }  # fmt: skip


def test_nobody_is_not_what_a_black_picture_shows(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "a.png | nobody | False | None | None | None")
    assert figures_of(folder, Observation(blind=True))["nobody"] == 0
    assert figures_of(folder, person(Action.NOTHING))["nobody"] == 0


def test_a_neutral_face_goes_with_any_pose_of_the_hands_unless_the_table_has_words_for_them(tmp_path: Path) -> None:
    neutral = "a.png | neutral | True | 0 | None | None"
    folder = folder_of(tmp_path, neutral)
    assert figures_of(folder, person(Action.HANDS_TOGETHER))["action"] == 1
    assert figures_of(folder, person(Action.PHONE))["action"] == 0
    folder = folder_of(tmp_path, neutral, "b.png | pointing | True | 0 | None | None")
    assert figures_of(folder, person(Action.HANDS_TOGETHER), person(Action.POINTING))["action"] == 0.5


def test_words_that_the_world_lacks_are_never_right(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "a.png | juggling | True | 0 | beige | None")
    people = figures_of(folder, person(None))
    assert (people["action"], people["cloth"], people["action_by"]) == (0, 0, {"juggling": 0})


@pytest.mark.parametrize("label", [*photos.LABELS])
def test_every_label_stands_for_its_action(tmp_path: Path, label: str) -> None:
    folder = folder_of(tmp_path, f"a.png | {label} | True | 0 | None | None")
    assert figures_of(folder, person(photos.LABELS[label]))["action"] == 1


def test_figures_are_named_for_people_as_in_json(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "a.png | thumb | True | 0 | None | None")
    lines = people_lines(evaluate_people(folder, lambda: Scripted(person(Action.THUMBS_UP)), lambda: None))
    names = [line.split("  ")[0] for line in lines]
    assert {"people.pictures", "people.action", "people.action_by.thumb", "people.rss_mb", "people.load_s"} <= set(
        names
    )
    assert any(line.split() == ["people.action_by.thumb", "100.0", "%"] for line in lines)
    assert any(line.split() == ["people.cloth", "-"] for line in lines)


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        (None, "No such file"),
        ("", "does not begin with the columns file, action, face, cloth"),
        ("file\taction\n", "does not begin with the columns"),
        (HEADER, "names no photos"),
        (HEADER + "a.png\tsmiling\n", "line 2: no face"),
        (HEADER + "\n\na.png\tsmiling\tperhaps\t0\tblue\tNone\n", "line 4: face is 'perhaps'"),
        (HEADER + "../a.png\tsmiling\tTrue\t0\tblue\tNone\n", "'../a.png' is no file of this folder"),
    ],
)
def test_a_bad_table_is_one_line(tmp_path: Path, table: str | None, complaint: str) -> None:
    if table is not None:
        (tmp_path / "truth.tsv").write_text(table)
    with pytest.raises(NodeError) as caught:
        read_table(tmp_path)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_photo_is_one_line(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "a.png | smiling | True | 0 | None | None")
    (folder / "a.png").unlink()
    with pytest.raises(NodeError, match="no picture file"):
        figures_of(folder)


def test_none_was_not_judged(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "a.png | None | None | None | None | None")
    assert read_table(folder) == [LabelledPhoto("a.png", None, None, None)]


@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_one_line(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("table")
    (folder / "truth.tsv").write_bytes(HEADER.encode() + content)
    try:
        assert read_table(folder)
    except NodeError as error:
        assert "\n" not in str(error)
