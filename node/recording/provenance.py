"""The header of a recording: the node's program, profile, models and their versions."""

from __future__ import annotations

import hashlib
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from node.vision.hub import local_folder
from node.vision.presets import PERCEPTION, PRESETS, check_name, chosen_models, is_folder
from protocol.captions.codebook_id import CodebookId
from protocol.errors import NodeError
from protocol.log import Header

if TYPE_CHECKING:
    from node.call.build import Role
    from node.common.config import Settings

PACKAGE = "pictophone"

# Libraries that paint with the model: another version of these may paint another picture.
LIBRARIES = ("diffusers", "torch", "transformers")

_DIGITS = 12


def program() -> str:
    """Return the name and the version of this program."""
    return f"{PACKAGE} {_version(PACKAGE)}".strip()


def recording_header(settings: Settings, role: Role, codebooks: tuple[CodebookId, ...]) -> Header:
    """Return the header of recordings by a node with these settings and codebooks; its id and the times are set later.

    Reads the models' files, or the hub's cache: don't call it in the event loop.
    """
    chosen = chosen_models(settings)
    models = {"generator": chosen.generator}
    if role.sends:
        models["captioner"] = chosen.captioner
    embedded = {PRESETS["embedded"].captioner, PRESETS["embedded"].generator}
    versions = {what: version for what, model in models.items() if (version := version_of(model))}
    return Header(
        name=settings.name,
        program=program(),
        profile=settings.profile,
        codebooks=codebooks,
        models={what: "embedded" if model in embedded else model for what, model in models.items()},
        versions=versions | {library: _version(library) for library in LIBRARIES},
    )


def version_of(model: str) -> str:
    """Return a hub model's revision, or a digest of a folder's files; empty if it is not on this machine."""
    try:
        check_name(model)
    except NodeError:
        return ""
    folder = local_folder(model)
    if folder is None:
        return ""
    return _digest(folder) if model == PERCEPTION or is_folder(model) else folder.name[:_DIGITS]


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:_DIGITS]


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
