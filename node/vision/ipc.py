"""What the node and its worker process say to each other: one request, one reply, over the process's pipes.

A message is a msgpack array (its kind, then its fields) after four bytes of its length, little end first. Both
ends are of the same version and trust each other; nothing of this ever leaves the machine. Texts may hold what is no
Unicode (a path's bytes in lone surrogates): it is for the models to refuse it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, fields
from typing import IO, Any

import msgpack
from PIL import Image

from node.vision.presets import LARGEST_SIDE
from node.vision.types import Prompt

LENGTH = struct.Struct("<I")

MOST_BYTES = 3 * LARGEST_SIDE**2 + 65_536
"""The largest picture of any recipe, and room for words beside it. A length beyond is no length."""


@dataclass(frozen=True, slots=True)
class LoadModel:
    """Load a model and warm it up. `role` is "captioner" or "generator". Answer: Ready.

    After the `last` one the process gives way to all others.
    """

    role: str
    model: str
    last: bool = False


@dataclass(frozen=True, slots=True)
class CaptionImage:
    """Caption a picture: raw RGB, row by row. Answer: Words."""

    width: int
    height: int
    rgb: bytes


@dataclass(frozen=True, slots=True)
class PaintImage:
    """Paint a text, starting from a look if there is one. Answer: Painting."""

    text: str
    seed: int
    look: bytes = b""


@dataclass(frozen=True, slots=True)
class PaintBetween:
    """Paint what lies between two pictures. Answer: Painting."""

    before: Prompt
    after: Prompt
    share: float


@dataclass(frozen=True, slots=True)
class Ready:
    """The model is loaded and warm."""


@dataclass(frozen=True, slots=True)
class CaptionReply:
    """A caption."""

    text: str


@dataclass(frozen=True, slots=True)
class ImageReply:
    """A painted picture: raw RGB, row by row."""

    width: int
    height: int
    rgb: bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """The request could not be done: one line that says why."""

    reason: str


Request = LoadModel | CaptionImage | PaintImage | PaintBetween
Reply = Ready | CaptionReply | ImageReply | Failed
Message = Request | Reply

MESSAGE_TYPES: tuple[type[Message], ...] = (
    LoadModel,
    CaptionImage,
    PaintImage,
    PaintBetween,
    Ready,
    CaptionReply,
    ImageReply,
    Failed,
)
"""A message's kind is its place here."""


def encode_message(message: Message) -> bytes:
    """The message with its length in front. Raises ValueError for one that is too long."""
    values: list[Any] = [MESSAGE_TYPES.index(type(message))]
    values += (getattr(message, field.name) for field in fields(message))
    body: bytes = msgpack.packb(values, unicode_errors="surrogatepass")
    if len(body) > MOST_BYTES:
        raise ValueError(f"a message of {len(body)} bytes")
    return LENGTH.pack(len(body)) + body


def read_message(stream: IO[bytes]) -> Message:
    """The next message of a blocking stream; EOFError at its end, ValueError or TypeError if it is none."""
    (length,) = LENGTH.unpack(_exactly(stream, LENGTH.size))
    if length > MOST_BYTES:
        raise ValueError(f"a message of {length} bytes")
    return _decode(_exactly(stream, length))


def caption_request(image: Image.Image) -> CaptionImage:
    """The request for an RGB picture's caption."""
    return CaptionImage(image.width, image.height, image.tobytes())


def image_reply(image: Image.Image) -> ImageReply:
    """The reply that carries an RGB picture."""
    return ImageReply(image.width, image.height, image.tobytes())


def image_of(message: CaptionImage | ImageReply) -> Image.Image:
    """The picture that a message carries. Raises ValueError when its pixels are not as many as it says."""
    return Image.frombytes("RGB", (message.width, message.height), message.rgb)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def _decode(body: bytes) -> Message:
    kind, *values = msgpack.unpackb(body, use_list=False, unicode_errors="surrogatepass")
    message: Message = MESSAGE_TYPES[kind](*values)
    return message
