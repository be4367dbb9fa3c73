"""Messages between the node and its model process: one request, one reply, over the process's pipes.

A message is a msgpack array (its type, then its fields) after four bytes of its length, little end first. Both ends are
of the same version and trust each other; no message ever leaves the machine. Texts may contain lone surrogates (a
path's bytes): the models refuse those.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, fields
from typing import IO, Any

import msgpack
from PIL import Image

from node.vision.perception.observation import from_plain
from node.vision.presets import LARGEST_SIDE
from node.vision.types import Prompt, SeenPicture

LENGTH = struct.Struct("<I")

# Of a message: the largest picture of any recipe, and room for words beside it. A greater length is invalid.
MOST_BYTES = 3 * LARGEST_SIDE**2 + 65_536


@dataclass(frozen=True, slots=True)
class LoadModel:
    """Load a model and warm it up. `role` is "captioner" or "generator". Reply: Ready.

    After the `last` one the process lowers its priority further.
    """

    role: str
    model: str
    last: bool = False


@dataclass(frozen=True, slots=True)
class CaptionImage:
    """Caption a picture: raw RGB, row by row; `painted` if the generator made it. Reply: CaptionReply."""

    width: int
    height: int
    rgb: bytes
    painted: bool = False


@dataclass(frozen=True, slots=True)
class PaintImage:
    """Paint a text, starting from a look if there is one. Reply: ImageReply."""

    text: str
    seed: int
    look: bytes = b""


@dataclass(frozen=True, slots=True)
class PaintBetween:
    """Paint an intermediate of two pictures. Reply: ImageReply."""

    before: Prompt
    after: Prompt
    share: float


@dataclass(frozen=True, slots=True)
class Ready:
    """The model is loaded and warm."""


@dataclass(frozen=True, slots=True)
class CaptionReply:
    """A caption: its text, empty if nothing can be said, and what it was made of.

    `observation` is what perception found (see `node.vision.perception.observation.to_plain`), None of a drawing.
    `likeness` is what the captioner read of a drawing beside its words: five numbers from 0 to 1 (see
    `node.vision.scenes.Variation`), None if it read none. `remark` is a line for the user, shown once.
    """

    text: str
    observation: dict[str, Any] | None = None
    likeness: tuple[float, ...] | None = None
    remark: str = ""


@dataclass(frozen=True, slots=True)
class ImageReply:
    """A painted picture: raw RGB, row by row."""

    width: int
    height: int
    rgb: bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """The request failed, for a reason of one line."""

    reason: str


Request = LoadModel | CaptionImage | PaintImage | PaintBetween
Reply = Ready | CaptionReply | ImageReply | Failed
Message = Request | Reply

# A message starts with its type's index here.
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


def encode_message(message: Message) -> bytes:
    """Encode a message with its length in front. Raises ValueError if it is too long."""
    values: list[Any] = [MESSAGE_TYPES.index(type(message))]
    values += (getattr(message, field.name) for field in fields(message))
    body: bytes = msgpack.packb(values, unicode_errors="surrogatepass")
    if len(body) > MOST_BYTES:
        raise ValueError(f"a message of {len(body)} bytes")
    return LENGTH.pack(len(body)) + body


def read_message(stream: IO[bytes]) -> Message:
    """Read the next message of a blocking stream.

    Raises EOFError at its end, ValueError or TypeError if the bytes are no message.
    """
    (length,) = LENGTH.unpack(_exactly(stream, LENGTH.size))
    if length > MOST_BYTES:
        raise ValueError(f"a message of {length} bytes")
    return _decode(_exactly(stream, length))


def caption_request(image: Image.Image, painted: bool = False) -> CaptionImage:
    """Return the request for the caption of an RGB picture, which may be `painted`."""
    return CaptionImage(image.width, image.height, image.tobytes(), painted)


def seen_picture(reply: CaptionReply) -> SeenPicture:
    """Return what a reply says of a picture. Raises ValueError, TypeError or KeyError if its observation is none."""
    observation = None if reply.observation is None else from_plain(reply.observation)
    return SeenPicture(reply.text, observation, reply.likeness, reply.remark)


def image_reply(image: Image.Image) -> ImageReply:
    """Return the reply with an RGB picture."""
    return ImageReply(image.width, image.height, image.tobytes())


def image_of(message: CaptionImage | ImageReply) -> Image.Image:
    """Return the picture of a message. Raises ValueError if it has fewer pixels than its size says."""
    return Image.frombytes("RGB", (message.width, message.height), message.rgb)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def _decode(body: bytes) -> Message:
    index, *values = msgpack.unpackb(body, use_list=False, unicode_errors="surrogatepass")
    message: Message = MESSAGE_TYPES[index](*values)
    return message
