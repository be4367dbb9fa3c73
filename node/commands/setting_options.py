"""The options that are settings, too, each declared once: what `--help` says of them, and of what type they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from protocol.errors import UsageError

if TYPE_CHECKING:
    from node.common.config import Settings

# An option for each setting that a command may take, by the setting's name.
SETTINGS: Mapping[str, Any] = {
    "room_file": Annotated[Path | None, typer.Option(help="File whose first line is the room, as a link or in words.")],
    "broker": Annotated[
        str | None,
        typer.Option(
            help="Broker address: [mqtts://][USER@]HOST[:PORT], mqtt:// without TLS, wss://HOST/PATH by WebSocket; "
            "several of a cluster with commas."
        ),
    ],
    "broker_password_file": Annotated[
        Path | None, typer.Option(help="File whose first line is your password at the broker.")
    ],
    "route": Annotated[
        str | None,
        typer.Option(help="The way of speech: direct, broker, or auto (default): what works and costs less."),
    ],
    "wait": Annotated[
        bool | None,
        typer.Option("--wait/--no-wait", help="Wait for broker and network at the start; default without a terminal."),
    ],
    "name": Annotated[str | None, typer.Option(help="What the others see you as; default your login here.")],
    "speech": Annotated[str | None, typer.Option(help="What is said: mic, page, none, or a sound FILE.")],
    "loop": Annotated[bool | None, typer.Option("--loop", help="Play the sound file again and again.")],
    "profile": Annotated[
        str | None,
        typer.Option(help="How speech is sent: lean (default), others by `speech profiles`; auto follows the link."),
    ],
    "max_kbps": Annotated[
        float | None, typer.Option(help="With --profile auto: kbit/s that speech may take on the wire; default 16.")
    ],
    "bitrate": Annotated[int | None, typer.Option(help="Of Opus, in bit/s.")],
    "bandwidth": Annotated[str | None, typer.Option(help="Of Opus: nb, mb or wb; swb and fb carry no more here.")],
    "application": Annotated[str | None, typer.Option(help="What Opus is tuned for: voip, audio or lowdelay.")],
    "frame": Annotated[int | None, typer.Option(help="Ms an Opus frame lasts: 10, 20, 40 or 60.")],
    "bundle": Annotated[int | None, typer.Option(help="Frames a packet, 120 ms in all at most.")],
    "vbr": Annotated[bool | None, typer.Option("--vbr/--cbr", help="Variable or constant bitrate.")],
    "dtx": Annotated[bool | None, typer.Option("--dtx/--no-dtx", help="Send nothing in silence.")],
    "redundancy": Annotated[
        int | None, typer.Option(help="Packets later that each packet's copy comes: 1, 2; 0: none.")
    ],
    "high_band": Annotated[
        bool | None, typer.Option("--high-band/--no-high-band", help="Send what fills narrowband up to 8 kHz.")
    ],
    "camera": Annotated[
        str | None, typer.Option(help="What is seen: scene[:SEED], webcam, page, a FILE, a DIR or a device.")
    ],
    "me": Annotated[
        str | None, typer.Option(help='Who the camera sees, as in "a woman with long black hair and glasses".')
    ],
    "place": Annotated[
        str | None, typer.Option(help="Where you are, if no thing tells: office, kitchen, plain room, park ...")
    ],
    "speaker": Annotated[str | None, typer.Option(help="Where the others are heard: default, none, or FILE.wav.")],
    "pictures": Annotated[Path | None, typer.Option(help="Folder that painted pictures are kept in.")],
    "models": Annotated[
        str | None, typer.Option(help="Picture models: embedded (default), people, photo-cpu or photo-gpu.")
    ],
    "captioner": Annotated[str | None, typer.Option(help="Another model that captions: a folder or a hub id.")],
    "generator": Annotated[str | None, typer.Option(help="Another model that paints: a folder or a hub id.")],
    "tries": Annotated[
        int | None,
        typer.Option(
            min=1, max=128, help="Paint so many pictures of a new scene, send the closest one's seed; default 1."
        ),
    ],
    "look": Annotated[
        int | None, typer.Option(min=0, max=16, help="Bytes a picture for what words leave open: 0 (default), 8 or 16.")
    ],
    "morph": Annotated[
        float | None, typer.Option(min=0, max=60, help="Pictures a second between two pictures; 0: none; default 4.")
    ],
    "clean": Annotated[
        bool | None, typer.Option("--clean/--no-clean", help="Take echo and noise out of what a microphone hears.")
    ],
    "push_to_talk": Annotated[
        bool | None,
        typer.Option("--push-to-talk/--no-push-to-talk", help="Speak by the space key, one in the room at a time."),
    ],
    "floor_limit": Annotated[
        float | None,
        typer.Option(min=10, max=3600, help="With --push-to-talk: seconds that you may speak at a time; default 60."),
    ],
    "transcribe": Annotated[
        bool | None,
        typer.Option("--transcribe/--no-transcribe", help="Write what you say: the others read it as subtitles."),
    ],
    "transcribe_model": Annotated[
        str | None, typer.Option(help="Another Whisper model that writes: a folder or a hub id.")
    ],
    "speak": Annotated[
        bool | None, typer.Option("--speak/--no-speak", help="Have lines spoken whose authors are not heard.")
    ],
    "libopus": Annotated[
        str | None,
        typer.Option(
            metavar="auto|bundled|FILE",
            help="Which libopus decodes: auto takes the system's if it restores wideband speech; or a FILE.",
        ),
    ],
    "lyra": Annotated[
        Path | None, typer.Option(help="Folder with Lyra V2's model files: talk with it to those who have them too.")
    ],
    "record": Annotated[
        Path | None, typer.Option(help="Record the call to a new FILE.mcap: see `pictophone session`.")
    ],
    "keep_snapshots": Annotated[
        bool | None,
        typer.Option("--keep-snapshots", help="Keep the camera's own pictures in the recording, to compare."),
    ],
    "seal_recording": Annotated[
        bool | None, typer.Option("--seal-recording", help="Encrypt recordings: readable with the room alone.")
    ],
    "on_join": Annotated[
        str | None, typer.Option(metavar="CMD", help="Run this command, without a shell, when a peer joins.")
    ],
    "on_message": Annotated[
        str | None, typer.Option(metavar="CMD", help="Run this command when a peer types a line: see docs/calling.md.")
    ],
    "on_floor": Annotated[
        str | None, typer.Option(metavar="CMD", help="With --push-to-talk: run this command when the floor passes on.")
    ],
    "page": Annotated[
        str | None,
        typer.Option(metavar="[HOST:PORT]", help="Serve a page that shows the call: 127.0.0.1:8765, or off."),
    ],
    "page_certificate": Annotated[
        Path | None, typer.Option(help="Encrypt the page: auto for a certificate of the node's own, or one (PEM).")
    ],
    "page_key": Annotated[Path | None, typer.Option(help="Its key (PEM).")],
}

# Options that do nothing without another one: which that is, and whether the settings have it.
_NEEDS: Mapping[str, tuple[str, Callable[[Settings], bool]]] = {
    "floor_limit": ("--push-to-talk", lambda settings: settings.push_to_talk),
    "on_floor": ("--push-to-talk", lambda settings: settings.push_to_talk),
    "transcribe_model": ("--transcribe", lambda settings: settings.transcribe or settings.profile == "text"),
}


def check_needs(settings: Settings) -> None:
    """Raise UsageError if an option was given that does nothing; a settings file may have it for other calls."""
    for key, (needed, is_there) in _NEEDS.items():
        if settings.by_flag(key) and not is_there(settings):
            raise UsageError(f"--{key.replace('_', '-')} is for calls with {needed}: give that, too, or leave it out")
