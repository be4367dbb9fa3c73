from __future__ import annotations

from PIL import Image, ImageChops

from node.vision.card import HIGHEST_BAND, PAPERS, draw_card, write_beneath

PICTURE = Image.new("RGB", (256, 256), "#208040")


def test_the_same_words_and_seed_give_the_same_card() -> None:
    card = draw_card("Eine Katze sitzt auf dem Sofa", 5, 256)
    assert (card.mode, card.size) == ("RGB", (256, 256))
    assert draw_card("Eine Katze sitzt auf dem Sofa", 5, 256) == card
    assert draw_card("Eine Katze sitzt auf dem Tisch", 5, 256) != card
    assert draw_card("Eine Katze sitzt auf dem Sofa", 6, 256) != card


def test_words_are_within_the_margin_and_large() -> None:
    card = draw_card("a motorcycle", 2**64 - 1, 256)
    paper = Image.new("RGB", card.size, PAPERS[(2**64 - 1) % len(PAPERS)])
    left, top, right, bottom = ImageChops.difference(card, paper).getbbox() or (0, 0, 0, 0)
    assert min(left, top, 256 - right, 256 - bottom) >= 16
    assert right - left > 150


def test_no_words_are_an_empty_card_and_a_tiny_one_is_drawn() -> None:
    assert draw_card("", 0, 256) == Image.new("RGB", (256, 256), PAPERS[0])
    assert draw_card("a cat", 0, 32).size == (32, 32)
    assert draw_card("a cat", 0, 8).size == (8, 8)


def test_all_of_the_picture_is_above_the_words() -> None:
    for words in ("and a motorcycle", "and so on " * 60):
        written = write_beneath(PICTURE, words)
        assert written.size == PICTURE.size
        paper = Image.new("RGB", written.size, PAPERS[0])
        left, top, right, _ = ImageChops.difference(written, paper).getbbox() or (0, 0, 0, 0)
        assert top == 0
        side = min(number for number in range(256) if written.getpixel((128, number)) != (0x20, 0x80, 0x40))
        assert 256 * (1 - HIGHEST_BAND) - 2 <= side < 256
        assert written.crop(((256 - side) // 2, 0, (256 - side) // 2 + side, side)).getcolors() == [
            (side * side, (0x20, 0x80, 0x40))
        ]
        assert right - left >= side


def test_arabic_and_hebrew_begin_at_the_right_margin() -> None:
    for words, rightmost in (("1. א", True), ("1. a", False)):
        card = draw_card(words, 0, 256)
        left, _, right, _ = ImageChops.difference(card, Image.new("RGB", card.size, PAPERS[0])).getbbox() or (0,) * 4
        assert (left > 100, right > 200) == (rightmost, rightmost)
