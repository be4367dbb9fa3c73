from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from stand_in_codec import OTHERS, OURS, STAND_IN, registered

from protocol import captions
from protocol.captions import registry
from protocol.errors import CaptionError


@pytest.fixture
def stand_in() -> Iterator[int]:
    with registered() as codec:
        yield codec


def test_a_codec_is_found_by_its_id() -> None:
    assert captions.encode("a bench", 0) == captions.Coded(codec=0, data=b"a bench", bits=56, ideal_bits=56.0)
    assert captions.decode(0, b"a bench") == "a bench"
    assert captions.decode(1, captions.encode("A bench", 1).data) == "abench"
    assert (captions.name(0), captions.name(1)) == ("UTF-8", "the article's LZW")


@pytest.mark.parametrize("codec", [0, 1])
def test_a_codec_without_a_model_codes_alone(codec: int) -> None:
    coded = captions.encode("abench", codec, earlier="abench")
    assert coded == captions.encode("abench", codec)
    assert coded.ideal_bits == coded.bits
    assert captions.decode(codec, coded.data, earlier="another") == "abench"
    assert registry.codebook(codec) is None


def test_a_codec_with_a_model_codes_against_the_earlier_caption(stand_in: int) -> None:
    assert captions.encode("a bench", stand_in) == captions.Coded(stand_in, b"\x9e\xdf\x9d\x9a\x91\x9c\x97", 53, 52.5)
    assert captions.encode("a bench", stand_in, "a bench") == captions.Coded(stand_in, b"", 0, 0.25)
    assert captions.decode(stand_in, b"", "a bench") == "a bench"
    assert registry.codebook(stand_in) == captions.codebooks()[-1] == OURS


def test_an_unknown_codec_is_the_peers_fault_or_ours() -> None:
    with pytest.raises(CaptionError, match="99"):
        captions.decode(99, b"")
    for ours in (lambda: captions.encode("a bench", 99), lambda: captions.name(99), lambda: registry.codebook(99)):
        with pytest.raises(ValueError, match="99"):
            ours()


def test_the_newest_codec_loses_nothing() -> None:
    assert captions.newest({0, 1, 99}) == 0
    assert captions.newest([]) == 0


def test_the_newest_codec_needs_no_codebook_that_is_not_shared(stand_in: int) -> None:
    assert captions.newest() == stand_in
    assert captions.newest({0, 1, stand_in}) == stand_in
    assert captions.newest({0, 1, stand_in}, {OURS, OTHERS}) == stand_in
    assert captions.newest({0, 1, stand_in}, {OTHERS}) == 0
    assert captions.newest({0, 1}, {OURS}) == 0


def test_a_caption_of_another_codebook_is_refused(stand_in: int) -> None:
    captions.check_codebook(stand_in, [OTHERS, OURS])
    captions.check_codebook(0, [])
    captions.check_codebook(99, [])  # which `decode` refuses
    for theirs in ([], [OTHERS]):
        with pytest.raises(CaptionError, match=f"codec {STAND_IN}"):
            captions.check_codebook(stand_in, theirs)


def test_importing_the_protocol_reads_no_codebook() -> None:
    script = "import sys\nsys.addaudithook(lambda event, args: print(args[0]) if event == 'open' else None)\n"
    script += "import protocol.captions, protocol.signalling, protocol.frames"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    opened = [line for line in done.stdout.splitlines() if "protocol" in line]
    assert opened
    assert [line for line in opened if not line.endswith((".py", ".pyc"))] == []
