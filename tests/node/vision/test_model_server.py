"""What the model process does with each request; and that it is gone when its parent is."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from node.vision import model_server
from node.vision.card import draw_card
from node.vision.ipc import (
    MOST_BYTES,
    CaptionReply,
    Failed,
    ImageReply,
    LoadModel,
    PaintBetween,
    PaintImage,
    Ready,
    caption_request,
    image_reply,
    read_message,
)
from node.vision.model_server import ModelServer
from node.vision.types import Prompt

PICTURE = Image.new("RGB", (32, 32), "red")


def test_loads_captions_and_paints(blip_folder: Path, painter_folder: Path) -> None:
    server = ModelServer()
    assert server.serve(LoadModel("captioner", str(blip_folder))) == Ready()
    assert server.serve(LoadModel("generator", str(painter_folder))) == Ready()
    assert isinstance(server.serve(caption_request(PICTURE)), CaptionReply)
    painting = server.serve(PaintImage("a cat", 1))
    assert isinstance(painting, ImageReply)
    assert (painting.width, painting.height, len(painting.rgb)) == (32, 32, 32 * 32 * 3)
    between = server.serve(PaintBetween(Prompt("a cat", 1), Prompt("a dog", 1), 1.0))
    assert between == server.serve(PaintImage("a dog", 1))


def test_a_painter_of_scenes_writes_what_it_does_not_know(painter_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "painter"
    shutil.copytree(painter_folder, folder)
    settings = json.loads((folder / "pictophone.json").read_text())
    (folder / "pictophone.json").write_text(json.dumps({**settings, "grammar": "scenes"}))
    plain, scenes = ModelServer(), ModelServer()
    plain.serve(LoadModel("generator", str(painter_folder)))
    scenes.serve(LoadModel("generator", str(folder)))
    known, unknown = PaintImage("a cat sitting on top of a sofa", 1), PaintImage("ein Hund", 1)
    assert scenes.serve(known) == plain.serve(known)
    assert scenes.serve(unknown) == image_reply(draw_card("ein Hund", 1, 32)) != plain.serve(unknown)
    fading = scenes.serve(PaintBetween(Prompt("ein Hund", 1), Prompt("a cat sitting on top of a sofa", 1), 1.0))
    assert fading == scenes.serve(known)


def test_what_was_never_loaded_fails() -> None:
    server = ModelServer()
    for request in (caption_request(PICTURE), PaintImage("a cat", 1), LoadModel("sculptor", "marble")):
        assert isinstance(server.serve(request), Failed)


def test_a_folder_without_a_model_fails_in_one_line(tmp_path: Path) -> None:
    for role in ("captioner", "generator"):
        reply = ModelServer().serve(LoadModel(role, str(tmp_path)))
        assert isinstance(reply, Failed)
        assert str(tmp_path) in reply.reason
        assert len(reply.reason.splitlines()) == 1


def test_whatever_a_model_raises_is_one_line(painter_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = ModelServer()
    server.serve(LoadModel("generator", str(painter_folder)))
    reply = server.serve(PaintImage("a cat", 2**80))
    assert isinstance(reply, Failed)
    assert len(reply.reason.splitlines()) == 1


def test_it_reports_the_last_model(blip_folder: Path, painter_folder: Path) -> None:
    loaded: list[str] = []
    server = ModelServer(lambda: loaded.append("now"))
    server.serve(LoadModel("captioner", str(blip_folder)))
    assert loaded == []
    assert server.serve(LoadModel("generator", str(painter_folder), last=True)) == Ready()
    assert loaded == ["now"]


def test_it_grows_nicer_where_a_system_counts_by_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nicer: list[int] = []
    monkeypatch.setattr(os, "nice", nicer.append)
    monkeypatch.setattr(model_server, "THREADS", tmp_path / "none")
    monkeypatch.setattr(model_server, "AUTOGROUP", tmp_path / "autogroup")
    model_server.lower_priority()
    model_server.lower_priority_further()
    assert nicer == [model_server.LOADING_NICENESS, model_server.PAINTING_NICENESS - model_server.LOADING_NICENESS]
    assert (tmp_path / "autogroup").read_text() == str(model_server.PAINTING_NICENESS)


def test_a_reply_that_cannot_be_sent_is_one_that_says_so() -> None:
    reply = read_message(io.BytesIO(model_server.encode_reply(ImageReply(1, 1, bytes(MOST_BYTES)))))
    assert reply == Failed("ValueError: its ImageReply cannot be sent")


def test_a_request_that_is_none_ends_the_process() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "node.vision.model_server"],
        input=b"\xff" * 8,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.splitlines()[-1] == b"a request that is none (ValueError)"


def test_the_process_ends_with_its_standard_input() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "node.vision.model_server"], input=b"", capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, b"")
