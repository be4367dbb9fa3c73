"""Sessions that other tools have rewritten: whatever the package mcap reads, we read the same."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from mcap.reader import NonSeekingReader, make_reader
from mcap.records import Message
from mcap.writer import CompressionType, IndexType, Writer
from mcap_files import chunk, message, messages, metadata, opened, our_channels, packed_chunk, whole
from session_files import HEADER, SECRET, STARTED_NS, made_up, write

from node.recording.reader import SessionReader
from protocol import log
from protocol.errors import LogError

CASES = Path(__file__).parents[4] / "shared" / "data" / "cases"
OTHERS = ("go_filter", "lz4", "nocrc", "unchunked")


def taken_apart(data: bytes) -> list[tuple[int, Message]]:
    """The messages of a file, each with our number of its channel."""
    topics = {channel.topic: number for number, channel in enumerate(log.CHANNELS, 1)}
    return [(topics[channel.topic], one) for _, channel, one in make_reader(io.BytesIO(data)).iter_messages()]


def rewritten(
    found: list[tuple[int, Message]],
    *,
    profile: str = "",
    with_metadata: bool = False,
    beside: bool = False,
    schemas: bool = True,
    **how: Any,
) -> io.BytesIO:
    """The same by the package's writer, as `how` says; `beside` adds other channels first, attachments and metadata."""
    stream = io.BytesIO()
    writer = Writer(stream, **how)
    writer.start(profile, "some other tool")
    if beside:
        for number in range(5):
            writer.register_channel(f"/camera/{number}", "json", 0)
        writer.add_attachment(1, 1, "notes.txt", "text/plain", b"\x06" * 5000)
        writer.add_metadata("weather", {"sky": "blue"})
    ids = {}
    for number, ours in enumerate(log.CHANNELS, 1):
        schema = writer.register_schema(ours.schema_name, ours.schema_encoding, ours.schema) if schemas else 0
        ids[number] = writer.register_channel(ours.topic, ours.encoding, schema)
    for number, one in found:
        writer.add_message(ids[number], one.log_time, one.data, one.publish_time, one.sequence)
        if beside:
            writer.add_message(1, one.log_time, b'{"a": 1}', one.log_time)
    if with_metadata:
        writer.add_metadata(log.METADATA, {"format": "1", "program": "x", "started_ns": str(STARTED_NS)})
    writer.finish()
    stream.seek(0)
    return stream


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[int, Message]]:
    return taken_apart(write(tmp_path_factory.mktemp("ours") / "call.mcap", made_up()).read_bytes())


HOW: dict[str, dict[str, Any]] = {
    "as it is": {},
    "lz4": {"compression": CompressionType.LZ4},
    "not compressed": {"compression": CompressionType.NONE},
    "small chunks": {"chunk_size": 500},
    "one chunk": {"chunk_size": 1 << 26},
    "no chunks": {"use_chunking": False},
    "no index at all": {"index_types": IndexType.NONE},
    "no index of messages": {"index_types": IndexType.CHUNK},
    "no channels in the summary": {"repeat_channels": False, "repeat_schemas": False},
    "nothing in the summary": {
        "index_types": IndexType.NONE, "repeat_channels": False, "repeat_schemas": False, "use_statistics": False,
        "use_summary_offsets": False,
    },
    "no statistics": {"use_statistics": False, "use_summary_offsets": False},
    "no CRCs": {"enable_crcs": False},
    "CRCs of everything": {"enable_data_crcs": True},
    "no schemas": {"schemas": False},
    "beside other channels": {"beside": True},
    "beside other channels, without chunks": {"beside": True, "use_chunking": False},
    "beside other channels, no index": {"beside": True, "index_types": IndexType.NONE, "repeat_channels": False},
    "beside other channels, in small chunks": {"beside": True, "chunk_size": 400, "repeat_channels": False},
    "with another profile": {"profile": "ros2"},
    "with metadata at the end": {"with_metadata": True},
}  # fmt: skip


@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
def test_what_another_writer_wrote(ours: list[tuple[int, Message]], how: dict[str, Any]) -> None:
    file = rewritten(ours, **how)
    assert len(list(NonSeekingReader(file).iter_messages())) >= len(ours)
    with SessionReader(file) as session:
        assert list(session.records()) == made_up()
        assert (session.header, session.complete, session.damage, session.remarks) == (HEADER, True, 0, [])
        assert session.duration_s == 20.0


@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
@pytest.mark.parametrize("at", [0.0, 7.3, 12.0, 19.9])
def test_any_moment_of_it(ours: list[tuple[int, Message]], how: dict[str, Any], at: float, tmp_path: Path) -> None:
    with (
        SessionReader(rewritten(ours, **how)) as other,
        SessionReader.open(write(tmp_path / "a.mcap", made_up())) as session,
    ):
        assert list(other.records(at)) == list(session.records(at))
        assert list(other.records(at, at + 0.5, kinds=(log.Speech,))) == list(
            session.records(at, at + 0.5, kinds=(log.Speech,))
        )
        assert other.state(at) == session.state(at)


@pytest.mark.parametrize("how", [HOW["no chunks"], HOW["small chunks"], HOW["no index at all"], HOW["one chunk"]])
def test_messages_in_any_order(ours: list[tuple[int, Message]], how: dict[str, Any]) -> None:
    shuffled = list(ours)
    random.Random(4).shuffle(shuffled)
    with SessionReader(rewritten(shuffled, **how)) as session:
        assert list(session.records()) == made_up()
        assert [one for one in session.records(12.0) if isinstance(one, log.Frame)] == [
            one for one in made_up() if isinstance(one, log.Frame) and one.at_us >= 12_000_000
        ]


@pytest.mark.parametrize("how", [HOW["no chunks"], HOW["one chunk"], HOW["beside other channels"], HOW["lz4"]])
def test_a_sealed_one(tmp_path: Path, how: dict[str, Any]) -> None:
    blocks = taken_apart(write(tmp_path / "call.mcap", made_up(), secret=SECRET).read_bytes())
    with SessionReader(rewritten(blocks, **how), SECRET) as session:
        assert list(session.records()) == made_up()
        assert (session.sealed, session.complete, session.damage) == (True, True, 0)


def test_two_recordings_merged_are_read_side_by_side(ours: list[tuple[int, Message]]) -> None:
    """As `mcap merge` does, which numbers the second one's channels after the first one's."""
    both = our_channels() + our_channels(first=100)
    for number, one in ours:
        both += message(number, one.log_time, one.data) + message(number + 99, one.log_time, one.data)
    with SessionReader(opened(whole(both, profile=""))) as session:
        found = list(session.records())
    assert found[::2] == found[1::2] == made_up()


def streamed(data: bytes, **parameters: Any) -> bytes:
    """zstd as a writer makes it that does not know the size: in two frames if they are long, none of which has it."""
    packer = zstandard.ZstdCompressor(compression_params=zstandard.ZstdCompressionParameters(**parameters))
    stream = packer.compressobj()
    return stream.compress(data) + stream.flush()


PACKED: dict[str, Callable[[bytes], tuple[bytes, str]]] = {
    "a stream": lambda data: (streamed(data), "zstd"),
    "a stream with a large window": lambda data: (streamed(data, window_log=27), "zstd"),
    "two frames": lambda data: (streamed(data[:700]) + zstandard.compress(data[700:]), "zstd"),
    "with a checksum": lambda data: (streamed(data, write_checksum=True), "zstd"),
    "none, by name": lambda data: (data, "none"),
}


@pytest.mark.parametrize("pack", PACKED.values(), ids=PACKED)
def test_other_ways_to_compress(pack: Callable[[bytes], tuple[bytes, str]]) -> None:
    records = our_channels() + messages(made_up())
    packed, compression = pack(records)
    data = whole(packed_chunk(packed, len(records), STARTED_NS, STARTED_NS + 20 * 10**9, compression))
    with SessionReader(opened(data)) as session:
        assert list(session.records()) == made_up()


def test_chunks_with_nothing_in_them_and_records_that_only_others_know() -> None:
    records = our_channels() + messages(made_up())
    empty, unknown = chunk(our_channels([1])), struct.pack("<BQ", 0x90, 5) + b"other"
    data = whole(empty, unknown, metadata("x", {}), chunk(records, STARTED_NS, STARTED_NS + 20 * 10**9), empty, unknown)
    with SessionReader(opened(data)) as session:
        assert list(session.records()) == made_up()
        assert session.remarks == []


def test_a_channel_described_twice_is_what_it_was_first() -> None:
    records = our_channels() + our_channels([5], first=2) + messages(made_up())
    with SessionReader(opened(whole(records))) as session:
        assert list(session.records()) == made_up()


def test_channels_of_our_names_that_are_something_else() -> None:
    with SessionReader(opened(whole(our_channels() + _lidar(30) + messages(made_up())))) as session:
        assert list(session.records()) == made_up()
    with pytest.raises(LogError, match="an MCAP file of something else"):
        SessionReader(opened(whole(_lidar(2), profile="ros2")))


def _lidar(number: int) -> bytes:
    from mcap_files import channel, schema

    return schema(number, "robot/Lidar") + channel(number, "/speech", "msgpack", number) + message(number, 5, b"\xff")


@pytest.mark.shared
@pytest.mark.parametrize("name", OTHERS)
def test_a_file_of_another_tool(name: str) -> None:
    if not (path := CASES / f"{name}.mcap").exists():
        pytest.skip(f"needs {path}")
    with SessionReader.open(path) as session:
        assert len(list(session.records())) > 60
        assert session.remarks == []
