"""The page that plays by itself."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from node.export.html import PageEvents, render_page

NASTY = "</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>&amp;\u2028'\""


class Elements(HTMLParser):
    """The elements of a page, and what is in its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        if data.strip() and self.found and self.found[-1][0] in ("script", "style"):
            self.scripts.append(data)


def made(words: str = "a cat", name: str = "Ann") -> str:
    events = PageEvents([name], [[(0.0, 5.0)]])
    events.add(0.5, 0, words, Image.new("RGB", (8, 8), "red"))
    events.add(1.5, 0, words, Image.new("RGB", (8, 8), "red"))
    events.add(2.5, 0, words, None)
    return render_page(f"{name} and others", "below the title", 5.0, events, b"OggS")


def test_it_needs_nothing_else_and_runs_only_its_own_script() -> None:
    text = made()
    elements = Elements(text)
    policy = next(
        one["content"] for tag, one in elements.found if tag == "meta" and "content" in one and "http-equiv" in one
    )
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    for source in ("style", "script"):
        code = re.search(rf"<{source}>(.*?)</{source}>", text, re.DOTALL)
        assert code is not None
        assert base64.b64encode(hashlib.sha256(code[1].encode()).digest()).decode() in policy
    assert not re.search(r"https?:|//[a-z]+\.|@import|url\(", text.replace("http-equiv", ""))
    assert not re.search(r"\son[a-z]+=|style=", text)


def test_equal_pictures_are_kept_once() -> None:
    session = json.loads(Elements(made()).scripts[1])
    assert [event["image"] for event in session["events"]] == [0, 0, None]
    assert len(session["images"]) == 1
    assert session["images"][0].startswith("data:image/jpeg;base64,")


def test_words_full_of_html_stay_words() -> None:
    plain, nasty = Elements(made()), Elements(made(NASTY, NASTY))
    assert nasty.found == plain.found
    session = json.loads(nasty.scripts[1])
    assert session["events"][0]["words"] == NASTY
    assert session["people"][0]["name"] == NASTY
    assert "innerHTML" not in nasty.scripts[2]


@given(st.text(), st.text())
def test_no_words_change_what_the_page_is_made_of(words: str, name: str) -> None:
    assert Elements(made(words, name)).found == Elements(made()).found
