from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from stand_in_codec import OTHERS, OURS, STAND_IN, stand_in_codecs
from tiny_codebook import extension, file, model, parts

from protocol.captions import CaptionCodecs, CodebookId, Coded
from protocol.errors import CaptionError

CODECS = stand_in_codecs()


def test_a_codec_is_found_by_its_id() -> None:
    assert CODECS.encode("a bench", 0) == Coded(codec=0, data=b"a bench", bits=56, ideal_bits=56.0)
    assert CODECS.decode(0, b"a bench") == "a bench"
    assert CODECS.decode(1, CODECS.encode("A bench", 1).data) == "abench"
    assert (CODECS.name(0), CODECS.name(1)) == ("UTF-8", "the article's LZW")
    assert CODECS.ids == (0, 1, 2, STAND_IN)


@pytest.mark.parametrize("codec", [0, 1])
def test_a_codec_without_a_model_codes_alone(codec: int) -> None:
    coded = CODECS.encode("abench", codec, earlier="abench")
    assert coded == CODECS.encode("abench", codec)
    assert coded.ideal_bits == coded.bits
    assert CODECS.decode(codec, coded.data, earlier="another") == "abench"
    assert CODECS.codebook(codec) is None


def test_a_codec_with_a_model_codes_against_the_earlier_caption() -> None:
    assert CODECS.encode("a bench", STAND_IN) == Coded(STAND_IN, b"\x9e\xdf\x9d\x9a\x91\x9c\x97", 53, 52.5)
    assert CODECS.encode("a bench", STAND_IN, "a bench") == Coded(STAND_IN, b"", 0, 0.25)
    assert CODECS.decode(STAND_IN, b"", "a bench") == "a bench"
    assert CODECS.codebook(STAND_IN) == CODECS.codebooks()[-1] == OURS


def test_an_unknown_codec_is_the_peers_fault_or_ours() -> None:
    with pytest.raises(CaptionError, match="99"):
        CODECS.decode(99, b"")
    for ours in (lambda: CODECS.encode("a bench", 99), lambda: CODECS.name(99), lambda: CODECS.codebook(99)):
        with pytest.raises(ValueError, match="99"):
            ours()


def test_the_newest_codec_loses_nothing() -> None:
    assert CODECS.newest({0, 1, 99}) == 0
    assert CODECS.newest([]) == 0


def test_the_newest_codec_needs_no_codebook_that_is_not_shared() -> None:
    assert CODECS.newest() == STAND_IN
    assert CODECS.newest({0, 1, STAND_IN}) == STAND_IN
    assert CODECS.newest({0, 1, STAND_IN}, {OURS, OTHERS}) == STAND_IN
    assert CODECS.newest({0, 1, STAND_IN}, {OTHERS}) == 0
    assert CODECS.newest({0, 1}, {OURS}) == 0


def test_a_caption_of_another_codebook_is_refused() -> None:
    CODECS.check_codebook(STAND_IN, [OTHERS, OURS])
    CODECS.check_codebook(0, [])
    CODECS.check_codebook(99, [])  # which `decode` refuses
    for theirs in ([], [OTHERS]):
        with pytest.raises(CaptionError, match=f"codec {STAND_IN}"):
            CODECS.check_codebook(STAND_IN, theirs)


def test_the_codebook_is_read_when_it_is_first_needed() -> None:
    codecs = CaptionCodecs(file(parts()))
    codecs.encode("a cat", 0)
    assert codecs.newest() == 2
    assert not codecs.models[2].has_model
    assert codecs.codebooks() == (model().identity,) == (CodebookId(9, codecs.codebooks()[0].hash),)
    assert not codecs.models[2].has_model  # which codebook it is takes no model
    assert codecs.decode(2, codecs.encode("a cat", 2).data) == "a cat"
    assert codecs.models[2].has_model
    assert codecs.codebooks() == (model().identity,)


def test_a_codec_whose_codebook_builds_on_another_shares_its_network() -> None:
    codecs = CaptionCodecs(file(parts()), file(extension()))
    assert codecs.ids == (0, 1, 2, 3)
    assert codecs.newest() == 3
    assert [book.id for book in codecs.codebooks()] == [9, 10]
    assert not any(model.has_model for model in codecs.models.values())
    assert codecs.decode(3, codecs.encode("a sofa", 3).data) == "a sofa"
    assert codecs.models[3].model().network is codecs.models[2].model().network
    assert codecs.encode("a sofa", 2).data != codecs.encode("a sofa", 3).data


def test_what_is_plain_needs_no_codebook() -> None:
    codecs = CaptionCodecs(b"no codebook")
    assert codecs.decode(2, b"\xffa cat") == "a cat"
    assert codecs.decode(0, b"a cat") == "a cat"
    for needs in (lambda: codecs.encode("a cat", 2), lambda: codecs.decode(2, b"a cat"), codecs.codebooks):
        with pytest.raises(ValueError, match="codebook"):
            needs()


def test_threads_that_need_it_at_once_read_it_once() -> None:
    codecs = CaptionCodecs(file(parts()))
    with ThreadPoolExecutor(8) as pool:
        models = set(map(id, pool.map(lambda _: codecs.models[2].model(), range(16))))
    assert len(models) == 1


def test_importing_the_protocol_reads_no_codebook() -> None:
    script = "import sys\nsys.addaudithook(lambda event, args: print(args[0]) if event == 'open' else None)\n"
    script += "import protocol.captions, protocol.signalling, protocol.frames"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    opened = [line for line in done.stdout.splitlines() if "protocol" in line]
    assert opened
    assert [line for line in opened if not line.endswith((".py", ".pyc"))] == []
