"""Settings: a TOML file, then the environment (`PICTOPHONE_*`), then flags; the later wins.

The file is the one named by `PICTOPHONE_SETTINGS`, else `pictophone.toml` in this folder, else
`pictophone/settings.toml` in the user's configuration folder. Every field below is a key of it.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, PrivateAttr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from node.common.files import atomic_write, unwritable, user_folder
from protocol.errors import NodeError, UsageError

ENVIRONMENT_PREFIX = "PICTOPHONE_"

# Of the settings file: UTF-8, without the mark that editors of Windows begin it with.
ENCODING = "utf-8-sig"

# Characters of a display name: the hello has room for this many of any script.
MAX_NAME = 16


def _user_name() -> str:
    try:
        return getpass.getuser()[:MAX_NAME] or "someone"
    except (OSError, KeyError, ImportError):  # a user without an entry, as in containers; ImportError: on Windows
        return "someone"


class Settings(BaseSettings):
    """All settings, with their defaults."""

    model_config = SettingsConfigDict(env_prefix=ENVIRONMENT_PREFIX, extra="forbid")

    name: str = Field(default_factory=_user_name, min_length=1, max_length=MAX_NAME)
    broker: str = "mqtt://127.0.0.1:1883"
    broker_username: str | None = None
    broker_password: str | None = Field(default=None, repr=False)
    broker_password_file: Path | None = None
    broker_ca_file: str | None = None
    broker_headers: dict[str, str] = Field(default={}, repr=False)
    broker_proxy: str | None = Field(default=None, repr=False)
    mqtt_version: Literal["auto", "3.1.1", "5"] = "auto"
    room: str | None = Field(default=None, repr=False)
    room_file: Path | None = None
    ice_servers: list[str] = []
    media_address: str | None = None
    route: Literal["auto", "direct", "broker"] = "auto"
    wait: bool | None = None
    profile: str = "lean"
    libopus: str = "auto"
    lyra: Path | None = None
    lyra_bitrate: Literal[3200, 6000, 9200] = 3200
    max_kbps: float = Field(default=16.0, gt=0)
    bitrate: int | None = None
    bandwidth: str | None = None
    application: str | None = None
    frame: int | None = None
    bundle: int | None = None
    vbr: bool | None = None
    dtx: bool | None = None
    redundancy: int | None = None
    high_band: bool | None = None
    speech: str | None = None
    loop: bool = False
    clean: bool = True
    push_to_talk: bool = False
    floor_limit: float = Field(default=60.0, ge=10, le=3600)
    transcribe: bool = False
    transcribe_model: str | None = None
    speak: bool = False
    camera: str | None = None
    me: str | None = None
    place: str | None = None
    speaker: str | None = None
    pictures: Path | None = None
    models: str = "embedded"
    captioner: str | None = None
    generator: str | None = None
    page: str | None = None
    page_certificate: Path | None = None
    page_key: Path | None = None
    tries: int = Field(default=1, ge=1, le=128)
    look: int = Field(default=0, ge=0, le=16, multiple_of=8)
    morph: float = Field(default=4.0, ge=0, le=60)
    record: Path | None = None
    keep_snapshots: bool = False
    seal_recording: bool = False
    on_join: str | None = None
    on_message: str | None = None
    on_floor: str | None = None

    @field_validator("broker", mode="before")
    @classmethod
    def _joined(cls, value: object) -> object:
        """Take a list of addresses for what it is on a command line, where commas are between them."""
        is_list = isinstance(value, list) and value and all(isinstance(item, str) for item in value)
        return ",".join(value) if is_list else value  # type: ignore[arg-type]

    _flags: frozenset[str] = PrivateAttr(default=frozenset())
    _environment: frozenset[str] = PrivateAttr(default=frozenset())

    def by_flag(self, key: str) -> bool:
        """Return whether a flag gave the key."""
        return key in self._flags

    def for_this_run(self, key: str) -> bool:
        """Return whether a flag or the environment gave the key, and not the file, which is for every call."""
        return key in self._flags | self._environment

    def prefers(self, file: str, value: str) -> bool:
        """Return whether a secret is read from the file that one key names, and not from the value of the other.

        A flag precedes the environment, and that the settings file; of two from the settings file, it is the file.
        """
        if getattr(self, file) is None:
            return False
        return getattr(self, value) is None or self.by_flag(file) or not self.for_this_run(value)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = settings_file()
        given = {} if file is None else tomllib.loads(file.read_text(encoding=ENCODING))
        return init_settings, env_settings, InitSettingsSource(settings_cls, given)


def folder() -> Path:
    """Return the user's folder of settings, which may not exist yet. Raises NodeError for a user without a home."""
    return user_folder("XDG_CONFIG_HOME", ".config", "settings and rooms")


def settings_file() -> Path | None:
    """Return the settings file in force, or None. Raises NodeError if the one named by the environment is missing."""
    named = os.environ.get(f"{ENVIRONMENT_PREFIX}SETTINGS")
    if named:
        path = Path(named)
        if not _is_file(path):
            raise NodeError(f"no settings file {named!r}; correct {ENVIRONMENT_PREFIX}SETTINGS or unset it")
        return path
    candidates = [Path("pictophone.toml")]
    with contextlib.suppress(NodeError):
        candidates.append(folder() / "settings.toml")
    return next(filter(_is_file, candidates), None)


def keep(key: str, value: str) -> Path:
    """Set a key in the settings file in force, else in the user's, and return the file; all else in it stays.

    Raises NodeError if it cannot be written, or its form lets no line be changed.
    """
    path = (settings_file() or folder() / "settings.toml").resolve()
    try:
        before = path.read_text(encoding=ENCODING) if path.exists() else ""
        after = _with_key(before, key, value)
        if tomllib.loads(after) != tomllib.loads(before) | {key: value}:
            raise NodeError(f"cannot change {str(path)!r}: write {key} = {json.dumps(value)} into it yourself")
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path, force=True) as beside:
            beside.write_text(after, encoding="utf-8")
            if path.exists():
                shutil.copymode(path, beside)  # a password may be in it
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NodeError(f"cannot read the settings file {str(path)!r}: {error}") from None
    except OSError as error:
        raise unwritable(path, error, "settings file") from None
    return path


def _with_key(text: str, key: str, value: str) -> str:
    """Return the file's text with the key's line replaced, or with one more before its first table."""
    line = f"{key} = {json.dumps(value, ensure_ascii=False)}"
    lines = text.splitlines()
    for number, existing in enumerate(lines):
        if re.match(rf"\s*{key}\s*=", existing):
            return "\n".join([*lines[:number], line, *lines[number + 1 :]]) + "\n"
        if existing.lstrip().startswith("["):
            return "\n".join([*lines[:number], line, *lines[number:]]) + "\n"
    return "\n".join([*lines, line]) + "\n"


def _is_file(path: Path) -> bool:
    """Return whether the file exists and may be read: a home of another user, as after `su`, has no settings for us."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def load(**flags: Any) -> Settings:
    """Return the settings in force; a flag that is None was not given.

    Raises UsageError naming the first key that is unknown or has a value that does not fit, NodeError if the file
    cannot be read.
    """
    given = {key: value for key, value in flags.items() if value is not None}
    try:
        settings = Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        # pydantic's "input" may be the password: never shown.
        fault = "input should be a path" if first["type"] == "path_type" else first["msg"].lower()
        raise UsageError(f"the setting {key!r} is wrong: {fault}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError, RecursionError) as error:
        raise NodeError(f"cannot read the settings file {str(settings_file())!r}: {error}") from None
    except ValueError as error:  # an environment variable that is not JSON where a list is wanted
        raise UsageError(f"a setting in the environment is wrong: {error}; write lists as JSON") from None
    settings._flags, settings._environment = frozenset(given), _in_environment()
    return settings


def _in_environment() -> frozenset[str]:
    names = (name.upper() for name in os.environ)
    return frozenset(
        name.removeprefix(ENVIRONMENT_PREFIX).lower() for name in names if name.startswith(ENVIRONMENT_PREFIX)
    )
