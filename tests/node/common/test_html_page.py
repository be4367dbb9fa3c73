"""The frame of a page."""

from __future__ import annotations

from node.common.html_page import data_uri, page, source_hash


def test_a_page_has_its_policy_title_style_and_body() -> None:
    text = page("Tom &amp; Eve", "default-src 'none'", "p { color: red }", "<p>{so}</p>\n")
    assert text.startswith("<!doctype html>\n")
    assert "content=\"default-src 'none'\"" in text
    assert "<title>Tom &amp; Eve</title>" in text
    assert "<style>p { color: red }</style>" in text  # as its hash has it
    assert text.endswith("<h1>Tom &amp; Eve</h1>\n<p>{so}</p>\n</body>\n</html>\n")


def test_a_file_fits_into_a_page() -> None:
    assert data_uri("audio/ogg", b"OggS") == "data:audio/ogg;base64,T2dnUw=="


def test_the_hash_of_an_inline_style() -> None:
    """As the standard's own example has it: CSP 3, section 6.6.3.3 of a script."""
    assert source_hash("alert('Hello, world.');") == "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng="
