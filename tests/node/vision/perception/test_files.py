"""The table of the perception models, and the check before each load."""

from __future__ import annotations

from pathlib import Path

import pytest
from model_wheels import CONTENTS, use_stand_ins

from node.vision.perception import files
from protocol.errors import NodeError

NAME = "hand_detector.tflite"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the models, with a stand-in for each."""
    use_stand_ins(monkeypatch)
    for name, content in CONTENTS.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_the_table_names_nine_models_of_17_mb() -> None:
    assert len({file.name for file in files.FILES}) == len({file.sha256 for file in files.FILES}) == 9
    assert sum(file.size for file in files.FILES) == 16_963_580
    assert all(len(bytes.fromhex(file.sha256)) == 32 for file in files.FILES)
    assert {file.wheel for file in files.FILES} == set(files.WHEELS)


def test_the_folder_is_that_of_the_users_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert files.folder() == tmp_path / "pictophone" / "people"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert files.folder() == tmp_path / ".local" / "share" / "pictophone" / "people"


def test_files_as_released_have_paths(folder: Path) -> None:
    assert files.verified(folder) == {name: folder / name for name in CONTENTS}
    assert files.lacking(folder) == []


def test_a_missing_file_is_one_line_with_the_command(folder: Path) -> None:
    (folder / NAME).unlink()
    with pytest.raises(NodeError, match=f"{NAME} is missing.*: pictophone models fetch people$") as caught:
        files.verified(folder)
    assert "\n" not in str(caught.value)
    with pytest.raises(NodeError, match="not on this machine"):
        files.verified(folder / "nowhere")
    assert [file.name for file in files.lacking(folder)] == [NAME]


@pytest.mark.parametrize("content", [b"", b"another", CONTENTS[NAME][:-1] + b"?", CONTENTS[NAME] + b"?"])
def test_an_altered_file_is_never_given_out(folder: Path, content: bytes) -> None:
    (folder / NAME).write_bytes(content)
    with pytest.raises(NodeError, match=f"{NAME}' was altered.*: pictophone models fetch people$"):
        files.verified(folder)
    assert [file.name for file in files.lacking(folder)] == [NAME]


def test_a_folder_in_a_files_place_is_no_file(folder: Path) -> None:
    (folder / NAME).unlink()
    (folder / NAME).mkdir()
    with pytest.raises(NodeError, match="was altered"):
        files.verified(folder)


def test_the_models_on_this_machine_are_those_that_were_released() -> None:
    if not files.folder().is_dir():
        pytest.skip(f"needs the perception models: {files.FETCH}")
    assert files.verified(files.folder())[NAME].name == NAME
