"""The command line: what each command takes. What it does is in the module it calls, imported when it runs."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from node.commands import codec, session
from node.commands import models as models_cli
from node.commands import room as room_cli
from node.commands import speech as speech_cli
from node.common import output, signals
from protocol.errors import NodeError, PictophoneError, UsageError

# All that can be wrong with what was typed. Newer typers bring a click of their own, and export but one kind of it.
ClickException: Any = typer.BadParameter.__mro__[2]

app = typer.Typer(
    help="Talk and see each other over 16 kbit/s: speech as low-bitrate Opus, pictures as words.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(room_cli.app, name="room")
app.add_typer(models_cli.app, name="models")
app.add_typer(codec.app, name="codec")
app.add_typer(speech_cli.app, name="speech")
app.add_typer(session.app, name="session")

Room = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="ROOM", help="A saved room, a room's link or its twelve words, a passphrase, or - to be asked for it."
    ),
]
RoomFile = Annotated[Path | None, typer.Option(help="File whose first line is the room, as a link or in words.")]
Broker = Annotated[
    str | None, typer.Option(help="Broker address: [mqtts://][USER@]HOST[:PORT]; mqtt:// for one without TLS.")
]
BrokerPasswordFile = Annotated[Path | None, typer.Option(help="File whose first line is your password at the broker.")]
Name = Annotated[str | None, typer.Option(help="What the others see you as.")]
Speech = Annotated[str | None, typer.Option(help="What is said: mic, page, none, or a sound FILE.")]
Loop = Annotated[bool | None, typer.Option("--loop", help="Play the sound file again and again.")]
Camera = Annotated[
    str | None, typer.Option(help="What is seen: scene[:SEED], webcam, page, a FILE, a DIR or a device.")
]
Speaker = Annotated[str | None, typer.Option(help="Where the others are heard: default, none, or FILE.wav.")]
Pictures = Annotated[Path | None, typer.Option(help="Folder that painted pictures are kept in.")]
Models = Annotated[str | None, typer.Option(help="Picture models: embedded, photo-cpu or photo-gpu.")]
Captioner = Annotated[str | None, typer.Option(help="Another model that captions: a folder or a hub id.")]
Generator = Annotated[str | None, typer.Option(help="Another model that paints: a folder or a hub id.")]
Tries = Annotated[
    int | None,
    typer.Option(min=1, max=128, help="Paint so many pictures of a new scene and send the closest one's seed."),
]
Look = Annotated[int | None, typer.Option(min=0, max=16, help="Bytes a picture for what words leave open: 0, 8 or 16.")]
Morph = Annotated[float | None, typer.Option(min=0, max=60, help="Pictures a second between two pictures; 0: none.")]
Lyra = Annotated[
    Path | None, typer.Option(help="Folder with Lyra V2's model files: talk with it to those who have them too.")
]
Clean = Annotated[
    bool | None, typer.Option("--clean/--no-clean", help="Take echo and noise out of what a microphone hears.")
]
Record = Annotated[Path | None, typer.Option(help="Record the call to a new FILE.mcap: see `pictophone session`.")]
KeepSnapshots = Annotated[
    bool | None, typer.Option("--keep-snapshots", help="Keep the camera's own pictures in the recording, to compare.")
]
SealRecording = Annotated[
    bool | None, typer.Option("--seal-recording", help="Encrypt recordings: readable with the room alone.")
]
Page = Annotated[
    str | None, typer.Option(metavar="[HOST:PORT]", help="Serve a page that shows the call: 127.0.0.1:8765, or off.")
]
PageCertificate = Annotated[Path | None, typer.Option(help="Certificate (PEM) to encrypt the page with.")]
PageKey = Annotated[Path | None, typer.Option(help="Its key (PEM).")]
Wait = Annotated[
    bool | None,
    typer.Option("--wait/--no-wait", help="Wait for broker and network at the start; default without a terminal."),
]
Seconds = Annotated[float | None, typer.Option(min=0.1, help="End the call after this long.")]
Json = Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object on standard output.")]


@app.command()
def demo(
    broker: Annotated[str | None, typer.Option(help="Use this broker instead of one of the demo's own.")] = None,
    speech: Annotated[str | None, typer.Option(help="What a says: a sound FILE, mic, page or none.")] = None,
    loop: Loop = None,
    profile: speech_cli.Profile = None,
    max_kbps: speech_cli.MaxKbps = None,
    bitrate: speech_cli.Bitrate = None,
    bandwidth: speech_cli.Bandwidth = None,
    application: speech_cli.Application = None,
    frame: speech_cli.Frame = None,
    bundle: speech_cli.Bundle = None,
    vbr: speech_cli.Vbr = None,
    dtx: speech_cli.Dtx = None,
    redundancy: speech_cli.Redundancy = None,
    camera: Annotated[str | None, typer.Option(help="What a sees: scene[:SEED], webcam, page, a FILE, a DIR.")] = None,
    speaker: Annotated[str | None, typer.Option(help="default, none, or FILE.wav: FILE-a.wav is what a hears.")] = None,
    pictures: Pictures = None,
    models: Models = None,
    captioner: Captioner = None,
    generator: Generator = None,
    tries: Tries = None,
    look: Look = None,
    morph: Morph = None,
    clean: Clean = None,
    lyra: Lyra = None,
    record: Record = None,
    keep_snapshots: KeepSnapshots = None,
    page: Page = None,
    page_certificate: PageCertificate = None,
    page_key: PageKey = None,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long to call.")] = 30.0,
    json: Json = False,
) -> None:
    """Run a whole call between two nodes on this machine, with a broker of its own."""
    from node.commands import demo

    settings = _settings(
        broker=broker, speech=speech, loop=loop, camera=camera, speaker=speaker,
        pictures=pictures, models=models, captioner=captioner, generator=generator,
        tries=tries, look=look, morph=morph, clean=clean, lyra=lyra,
        profile=profile, max_kbps=max_kbps, bitrate=bitrate, bandwidth=bandwidth, application=application,
        frame=frame, bundle=bundle, vbr=vbr, dtx=dtx, redundancy=redundancy,
        record=record, keep_snapshots=keep_snapshots,
        page=page, page_certificate=page_certificate, page_key=page_key,
    )  # fmt: skip
    _run(demo.run(settings, broker is None, seconds, json))


@app.command()
def call(
    room: Room = None,
    room_file: RoomFile = None,
    broker: Broker = None,
    broker_password_file: BrokerPasswordFile = None,
    wait: Wait = None,
    name: Name = None,
    speech: Speech = None,
    loop: Loop = None,
    profile: speech_cli.Profile = None,
    max_kbps: speech_cli.MaxKbps = None,
    bitrate: speech_cli.Bitrate = None,
    bandwidth: speech_cli.Bandwidth = None,
    application: speech_cli.Application = None,
    frame: speech_cli.Frame = None,
    bundle: speech_cli.Bundle = None,
    vbr: speech_cli.Vbr = None,
    dtx: speech_cli.Dtx = None,
    redundancy: speech_cli.Redundancy = None,
    camera: Camera = None,
    speaker: Speaker = None,
    pictures: Pictures = None,
    models: Models = None,
    captioner: Captioner = None,
    generator: Generator = None,
    tries: Tries = None,
    look: Look = None,
    morph: Morph = None,
    clean: Clean = None,
    lyra: Lyra = None,
    record: Record = None,
    keep_snapshots: KeepSnapshots = None,
    seal_recording: SealRecording = None,
    page: Page = None,
    page_certificate: PageCertificate = None,
    page_key: PageKey = None,
    seconds: Seconds = None,
    json: Json = False,
) -> None:
    """Talk with everyone in a room: speech and pictures, both ways."""
    from node.call import build
    from node.commands import call as calling

    settings = _settings(
        room_file=room_file, broker=broker, broker_password_file=broker_password_file, wait=wait, name=name,
        speech=speech, loop=loop, camera=camera, speaker=speaker,
        pictures=pictures, models=models, captioner=captioner, generator=generator,
        tries=tries, look=look, morph=morph, clean=clean, lyra=lyra,
        profile=profile, max_kbps=max_kbps, bitrate=bitrate, bandwidth=bandwidth, application=application,
        frame=frame, bundle=bundle, vbr=vbr, dtx=dtx, redundancy=redundancy,
        record=record, keep_snapshots=keep_snapshots, seal_recording=seal_recording,
        page=page, page_certificate=page_certificate, page_key=page_key,
    )  # fmt: skip
    _run(calling.run(settings, _one(room), build.CALL, seconds, json))


@app.command()
def send(
    room: Room = None,
    room_file: RoomFile = None,
    broker: Broker = None,
    broker_password_file: BrokerPasswordFile = None,
    wait: Wait = None,
    name: Name = None,
    speech: Speech = None,
    loop: Loop = None,
    profile: speech_cli.Profile = None,
    max_kbps: speech_cli.MaxKbps = None,
    bitrate: speech_cli.Bitrate = None,
    bandwidth: speech_cli.Bandwidth = None,
    application: speech_cli.Application = None,
    frame: speech_cli.Frame = None,
    bundle: speech_cli.Bundle = None,
    vbr: speech_cli.Vbr = None,
    dtx: speech_cli.Dtx = None,
    redundancy: speech_cli.Redundancy = None,
    camera: Camera = None,
    models: Models = None,
    captioner: Captioner = None,
    generator: Generator = None,
    tries: Tries = None,
    look: Look = None,
    clean: Clean = None,
    lyra: Lyra = None,
    record: Record = None,
    keep_snapshots: KeepSnapshots = None,
    seal_recording: SealRecording = None,
    page: Page = None,
    page_certificate: PageCertificate = None,
    page_key: PageKey = None,
    seconds: Seconds = None,
    json: Json = False,
) -> None:
    """Send speech and pictures to a room, and receive nothing."""
    from node.call import build
    from node.commands import call as calling

    settings = _settings(
        room_file=room_file, broker=broker, broker_password_file=broker_password_file, wait=wait, name=name,
        speech=speech, loop=loop, camera=camera, models=models, captioner=captioner,
        generator=generator, tries=tries, look=look, clean=clean, lyra=lyra,
        profile=profile, max_kbps=max_kbps, bitrate=bitrate, bandwidth=bandwidth, application=application,
        frame=frame, bundle=bundle, vbr=vbr, dtx=dtx, redundancy=redundancy,
        record=record, keep_snapshots=keep_snapshots, seal_recording=seal_recording,
        page=page, page_certificate=page_certificate, page_key=page_key,
    )  # fmt: skip
    _run(calling.run(settings, _one(room), build.SEND, seconds, json))


@app.command()
def receive(
    room: Room = None,
    room_file: RoomFile = None,
    broker: Broker = None,
    broker_password_file: BrokerPasswordFile = None,
    wait: Wait = None,
    name: Name = None,
    speaker: Speaker = None,
    pictures: Pictures = None,
    models: Models = None,
    generator: Generator = None,
    morph: Morph = None,
    lyra: Lyra = None,
    record: Record = None,
    seal_recording: SealRecording = None,
    page: Page = None,
    page_certificate: PageCertificate = None,
    page_key: PageKey = None,
    seconds: Seconds = None,
    json: Json = False,
) -> None:
    """Hear and see a room, and send nothing."""
    from node.call import build
    from node.commands import call as calling

    settings = _settings(
        room_file=room_file,
        broker=broker,
        broker_password_file=broker_password_file,
        wait=wait,
        name=name,
        speaker=speaker,
        pictures=pictures,
        models=models,
        generator=generator,
        morph=morph,
        lyra=lyra,
        record=record,
        seal_recording=seal_recording,
        page=page,
        page_certificate=page_certificate,
        page_key=page_key,
    )
    _run(calling.run(settings, _one(room), build.RECEIVE, seconds, json))


@app.command()
def replay(
    file: session.File,
    speed: Annotated[float, typer.Option(help="How fast: 2 is twice as fast, at the voices' own pitch.")] = 1.0,
    start: session.From = None,
    to: Annotated[str | None, typer.Option("--to", help="End there.")] = None,
    loop: Annotated[bool, typer.Option("--loop", help="Again and again.")] = False,
    who: session.Who = None,
    speaker: Speaker = None,
    pictures: Pictures = None,
    models: session.Models = None,
    generator: session.Generator = None,
    lyra: session.Lyra = None,
    into: Annotated[
        str | None,
        typer.Option("--as", metavar="ROOM", help="Replay into this room as if live; a room is as for `call`."),
    ] = None,
    broker: Broker = None,
    room: session.Room = None,
    page: Page = None,
    page_certificate: PageCertificate = None,
    page_key: PageKey = None,
) -> None:
    """Play a recorded session: what was said and seen, in its own time.

    In a terminal space pauses, the arrows go 5 s back and on, and q ends.
    """
    from node.commands import replay as replaying
    from node.recording import timecode

    begins, ends = timecode.parse_span(start, to)
    settings = _settings(
        speaker=speaker, pictures=pictures, lyra=lyra, broker=broker,
        page=page, page_certificate=page_certificate, page_key=page_key,
    )  # fmt: skip
    asked = replaying.ReplayOptions(begins, ends, speed, loop, tuple(who or ()), models, generator, into)
    _run(replaying.run(file, session.secret(room), asked, settings))


@app.command()
def broker(
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 for all, which needs a password.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 lets the system choose.")] = 1883,
    username: Annotated[str | None, typer.Option(help="The one user who may come in; by default everybody.")] = None,
    password: Annotated[str | None, typer.Option(help="That user's password; --password-file hides it better.")] = None,
    password_file: Annotated[Path | None, typer.Option(help="File whose first line is that user's password.")] = None,
    certificate: Annotated[Path | None, typer.Option(help="Speak TLS: the certificate, a chain in PEM.")] = None,
    key: Annotated[Path | None, typer.Option(help="The certificate's key, in PEM.")] = None,
) -> None:
    """Run a small MQTT broker, for a call between friends."""
    from node.commands import broker as serving

    asked = serving.BrokerOptions(host, port, username, password, password_file, certificate, key)
    _run(serving.run(_settings(), asked))


@app.command()
def caption(
    image: Annotated[Path, typer.Argument(help="The picture to describe.")],
    models: Models = None,
    captioner: Captioner = None,
    json: Json = False,
) -> None:
    """Say what a picture shows."""
    from node.commands import picture

    _run(picture.caption(_settings(models=models, captioner=captioner), image, json))


@app.command()
def imagine(
    text: Annotated[str, typer.Argument(help="What to paint.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The picture file to write, PNG or JPEG.")],
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Another seed, another picture.")] = 0,
    models: Models = None,
    generator: Generator = None,
) -> None:
    """Paint a picture of a text."""
    from node.commands import picture

    _run(picture.imagine(_settings(models=models, generator=generator), text, output, seed))


@app.command()
def compare(
    images: Annotated[
        list[Path] | None, typer.Argument(metavar="[IMAGE]...", help="Pictures to send every way.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write a page with all pictures to FILE.")
    ] = None,
    article: Annotated[bool, typer.Option("--article", help="Redo the article's own sentence.")] = False,
    models: Models = None,
    captioner: Captioner = None,
    generator: Generator = None,
    json: Json = False,
) -> None:
    """Set a picture's words beside its files: bits and ratio of each."""
    from node.commands import compare as run

    settings = _settings(models=models, captioner=captioner, generator=generator)
    _run(run.run(settings, images or [], output, article, json))


@app.command()
def devices() -> None:
    """List microphones, loudspeakers and webcams."""
    from node.commands import doctor as check

    for line in check.devices():
        output.say(line)


@app.command()
def doctor(
    room: Annotated[
        list[str] | None, typer.Argument(metavar="ROOM", help="A room to check, too: as call takes it.")
    ] = None,
    room_file: RoomFile = None,
    broker: Broker = None,
    broker_password_file: BrokerPasswordFile = None,
    models: Models = None,
    captioner: Captioner = None,
    generator: Generator = None,
) -> None:
    """Check that everything a call needs is here, and say what to do about what is not."""
    from node.commands import doctor as check

    settings = _settings(
        room_file=room_file, broker=broker, broker_password_file=broker_password_file, models=models,
        captioner=captioner, generator=generator,
    )  # fmt: skip
    _run(check.run(settings, _one(room)))


def _one(words: list[str] | None) -> str | None:
    """What was given as the room; words and passphrases need no quotes, and no error of typer's repeats their parts."""
    return " ".join(words) if words else None


def _settings(**flags: Any) -> Any:
    from node.common import config

    return config.load(**flags)


def _run(work: Any) -> None:
    if not signals.run(work):
        raise typer.Exit(1)


def main() -> None:
    """The command's entry point. Errors are one line.

    Exit code 0, 1 for a failure, 2 for wrong usage; 128 and the signal's number for work that a signal broke off: 130
    for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP. What runs until somebody ends it has not failed when a signal does.
    """
    with signals.breaking_off(), output.prepared():
        code = _code()
        sys.exit(1 if output.failed() and not code else code)


def _code() -> int:
    """Runs what was asked for, and returns the exit code."""
    try:
        return int(app(_arguments(), standalone_mode=False) or 0)
    except ClickException as error:
        output.complain(_shown(error))
        return int(error.exit_code)
    except UsageError as error:
        output.remark(error)
        return 2
    except (NodeError, PictophoneError, OSError) as error:
        output.remark(error)
    except typer.Abort:
        output.remark("the input ended where something was asked")
    return 1


def _shown(error: Any) -> list[str]:
    """What typer says of wrong usage; it repeats what was typed, and would print that as it is."""
    text = io.StringIO()
    error.show(file=text)
    return text.getvalue().splitlines()


def _arguments() -> list[str]:
    """What was typed, with the address that `--page` alone stands for: typer knows no option that may have a value."""
    if "--page" not in sys.argv:
        return sys.argv[1:]
    from node.web.page_address import with_default

    return with_default(sys.argv[1:])
