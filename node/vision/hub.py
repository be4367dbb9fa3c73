"""The models of a preset on this machine: which are present, their sizes, and downloads from the hub.

The perception models are on no hub: `node/vision/wheels.py` fetches them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from node.common.files import from_home
from node.vision.loading import ask_hub
from node.vision.perception import files
from node.vision.presets import PERCEPTION, Preset, check_name, is_folder, recipe
from protocol.errors import NodeError

# It makes a folder a pipeline of diffusers, whose parts are in folders of their own.
PIPELINE_FILE = "model_index.json"

# One of them is in every model folder.
INDEX_FILES = (PIPELINE_FILE, "config.json")

WEIGHTS = (".safetensors", ".bin")

# Other libraries' weights, and pictures for the model's page: half of a model's files on the hub.
NEVER_LOADED = (".ckpt", ".pt", ".pth", ".h5", ".msgpack", ".onnx", ".ot", ".tflite", ".md", ".png", ".jpg", ".gif")


@dataclass(frozen=True, slots=True)
class ModelRef:
    """One model of a preset: its role, and its folder, its hub id or PERCEPTION."""

    role: str
    model: str


def preset_models(preset: Preset) -> list[ModelRef]:
    """Return the models of a preset, with the tiny autoencoder if its generator uses one."""
    models = [ModelRef("captioner", preset.captioner), ModelRef("generator", preset.generator)]
    autoencoder = recipe(preset.generator).tiny_autoencoder
    return models if autoencoder is None else [*models, ModelRef("autoencoder", autoencoder)]


def local_folder(model: str) -> Path | None:
    """Return the folder of a complete copy of the model on this machine, in the hub's cache for a hub id, or None.

    That of PERCEPTION is complete if every file's SHA-256 is right.
    """
    if model == PERCEPTION:
        return None if files.lacking(files.folder()) else files.folder()
    folder = from_home(model) if is_folder(model) else _cached(model)
    return folder if folder is not None and _is_complete(folder) else None


def _cached(model: str) -> Path | None:
    import huggingface_hub

    found = (huggingface_hub.try_to_load_from_cache(model, name) for name in INDEX_FILES)
    return next((Path(path).parent for path in found if isinstance(path, str)), None)


def _is_complete(folder: Path) -> bool:
    """Return whether the model has all its parts, as it has not after a download that broke off."""
    try:
        index = dict(json.loads((folder / PIPELINE_FILE).read_bytes()))
    except FileNotFoundError:
        return (folder / "config.json").is_file() and any(path.suffix in WEIGHTS for path in folder.iterdir())
    except (OSError, TypeError, ValueError):
        return False
    parts = [name for name, kind in index.items() if isinstance(kind, list) and any(kind)]
    return bool(parts) and all(any((folder / name).glob("*")) for name in parts)


def folder_size(folder: Path) -> int:
    """Return the bytes of all files in the folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def needed_files(names: Iterable[str]) -> list[str]:
    """Return the files of a model on the hub that loading needs: one format of weights, in full precision.

    A single-file copy of a pipeline beside its parts is omitted. The index comes last: a copy with an index is
    complete.
    """
    files = [name for name in names if not name.startswith(".") and not name.endswith(NEVER_LOADED)]
    safe = {PurePosixPath(name).parent for name in files if name.endswith(".safetensors") and not _is_variant(name)}
    pipeline = PIPELINE_FILE in files

    def is_needed(name: str) -> bool:
        path = PurePosixPath(name)
        if path.suffix not in WEIGHTS:
            return True
        stray = pipeline and path.parent == PurePosixPath()
        return not (stray or _is_variant(name) or (path.suffix == ".bin" and path.parent in safe))

    return sorted(filter(is_needed, files), key=lambda name: (name in INDEX_FILES, name))


def _is_variant(name: str) -> bool:
    """Return whether a file has weights of another precision, such as model.fp16.safetensors."""
    return len(PurePosixPath(name).suffixes) > 1


def download(model_ref: ModelRef, progress: Callable[[int, int], None]) -> None:
    """Download a model of the hub into its cache; `progress` gets the bytes that are present and the total.

    Files that are present are not downloaded again. Raises NodeError if the hub cannot be reached, does not have the
    model, or fails during the download.
    """
    import huggingface_hub

    check_name(model_ref.model)
    info = ask_hub(model_ref.model, model_ref.role, files_metadata=True)
    sizes = {file.rfilename: file.size or 0 for file in info.siblings or ()}
    done, total = 0, sum(sizes[name] for name in needed_files(sizes))
    for name in needed_files(sizes):
        bar = _bar_class(lambda more, before=done: progress(before + more, total))  # type: ignore[misc]
        try:
            huggingface_hub.hf_hub_download(model_ref.model, name, tqdm_class=bar)
        except Exception as error:  # the library lets through whatever its transports raise
            failed = f"cannot fetch the {model_ref.role} {model_ref.model!r}"
            raise NodeError(f"{failed} ({type(error).__name__}): try again, what is here is kept") from error
        done += sizes[name]
        progress(done, total)


def _bar_class(report: Callable[[int], None]) -> Any:
    """Return a class of progress bars for the hub's library (it makes two a file) that only report the bytes so far."""
    from tqdm import tqdm  # type: ignore[import-untyped]

    class Bar(tqdm):  # type: ignore[misc]
        def __init__(self, *_: Any, initial: int = 0, **__: Any) -> None:
            super().__init__(disable=True)
            self.n = initial

        def update(self, n: float | None = 1) -> None:
            self.n += int(n or 0)
            report(self.n)

    return Bar
