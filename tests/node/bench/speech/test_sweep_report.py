"""The page: complete in itself, every setting to be heard."""

from __future__ import annotations

import dataclasses
from html.parser import HTMLParser
from pathlib import Path

from sweep_results import WIDE, result

from node.bench.speech.article import Claim
from node.bench.speech.sweep import Sweep, SweepOptions
from node.bench.speech.sweep_report import page

VOID = {"meta", "input"}
OPTIONS = SweepOptions([Path("<one>&.wav")])
RESULTS = [result(8, 0.5, sound=b"OggS1"), result(9, 0.8, WIDE, sound=b"OggS2"), result(10, 0.1, sound=b"OggS3")]
SWEEP = Sweep(OPTIONS, RESULTS, left_out=["left out AMR"], original=b"OggS0")


class Tree(HTMLParser):
    """Checks that every tag is closed, and collects the sounds."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attributes if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_it_is_complete_and_needs_no_network() -> None:
    text = page(SWEEP)
    tree = Tree(text)
    assert "script" not in tree.tags
    assert "link" not in tree.tags
    sounds = [source for source in tree.sources if not source.startswith("#")]
    assert all(sound.startswith("data:audio/ogg;base64,T2dnU") for sound in sounds)
    assert len(sounds) == len(set(sounds)) == 1 + len(RESULTS)
    assert "default-src 'none'" in text
    assert "url(" not in text.replace("url(#", "")
    assert "prefers-color-scheme: dark" in text
    assert "width=device-width" in text


def test_figures_advice_and_what_is_left_out_are_there() -> None:
    text = page(SWEEP)
    for part in ("&lt;one&gt;&amp;.wav", "Opus 14k WB 2x60 audio", "0.800", "44 bytes a packet", "Left out AMR."):
        assert part in text
    assert "<one>" not in text
    assert text.count('class="front best"') == 2
    assert "profile = &quot;custom&quot;" in text
    assert "ViSQOL" not in text


def test_claims_take_the_place_of_advice() -> None:
    options = dataclasses.replace(OPTIONS, article=True)
    text = page(
        dataclasses.replace(SWEEP, options=options, claims=[Claim(text="It is <so>", holds=False, figures="1")])
    )
    Tree(text)
    assert "Does not hold" in text
    assert "It is &lt;so&gt;" in text
    assert "Recommended" not in text


def test_nothing_that_fits_is_said() -> None:
    text = page(dataclasses.replace(SWEEP, options=dataclasses.replace(OPTIONS, max_kbps=1)))
    assert "Nothing that a call can use fits" in text
