"""Caption codec 1: the article's LZW, a baseline. Lossy: only the 26 letters survive, in lower case.

The dictionary starts with the letters a to z as codes 0 to 25 and grows by one string with every code but the
first, as LZW's always does. All codes of a caption have the same width: that of the dictionary's size at the
end, `w(n) = bit length of (26 + n - 2)` bits for n codes. "a cat sitting on top of a wooden bench" makes 29
codes, so the dictionary ends with 54 strings, a code has 6 bits and the caption 174: the article's figure.

The codes are packed from the highest bit on and the last byte is filled with ones. The number of codes
follows from the number of bytes; where a fill of ones could pass for one more code, that code is one the
dictionary does not have yet, so the decoder sees that it is none.
"""

from __future__ import annotations

from protocol.errors import CaptionError

__all__ = ["MAX_BYTES", "decode", "encode"]

_ALPHABET = "abcdefghijklmnopqrstuvwxyz"

# More than a frame carries.
MAX_BYTES = 4096
# A code may stand for as many letters as there were codes before it, so bytes could grow a thousandfold.
MAX_LETTERS = 16_384


def encode(text: str) -> tuple[bytes, int]:
    """Return the code of the text's letters and its length in bits."""
    codes = _codes([letter for letter in text.lower() if letter in _ALPHABET])
    width = _width(len(codes))
    bits = width * len(codes)
    fill = -bits % 8
    number = 0
    for code in codes:
        number = number << width | code
    number = (number + 1 << fill) - 1
    return number.to_bytes((bits + fill) // 8, "big") if codes else b"", bits


def decode(data: bytes) -> str:
    """Return the letters; raise `CaptionError` if the bytes are no such code or too long."""
    if len(data) > MAX_BYTES:
        raise CaptionError(f"a caption of {len(data)} bytes, more than {MAX_BYTES}")
    strings = list(_ALPHABET)
    letters = ""
    known = ""
    for code in _unpack(data):
        if code > len(strings) or (code == len(strings) and not known):
            raise CaptionError("an LZW code that its dictionary does not have")
        # A code one beyond the dictionary is the string being added: it begins and ends with the same letter.
        string = strings[code] if code < len(strings) else known + known[0]
        if known:
            strings.append(known + string[0])
        letters += string
        known = string
        if len(letters) > MAX_LETTERS:
            raise CaptionError(f"a caption of more than {MAX_LETTERS} letters")
    return letters


def _unpack(data: bytes) -> list[int]:
    """Return the codes in `data`, having checked the fill."""
    bits = 8 * len(data)
    count = 0
    while (count + 1) * _width(count + 1) <= bits:
        count += 1
    width = _width(count)
    fill = bits - count * width
    number = int.from_bytes(data, "big")
    if fill > 7 or ~number & (1 << fill) - 1:
        raise CaptionError("an LZW caption that is cut off or damaged")
    codes = [number >> bits - (index + 1) * width & (1 << width) - 1 for index in range(count)]
    if fill + width <= 7 and codes and codes[-1] == (1 << width) - 1:
        # A last code of nothing but ones, with a byte's worth of room: it is fill (see above).
        codes.pop()
    return codes


def _width(count: int) -> int:
    return (len(_ALPHABET) + count - 2).bit_length()


def _codes(letters: list[str]) -> list[int]:
    strings = {letter: code for code, letter in enumerate(_ALPHABET)}
    codes = []
    known = ""
    for letter in letters:
        if known + letter in strings:
            known += letter
            continue
        codes.append(strings[known])
        strings[known + letter] = len(strings)
        known = letter
    return [*codes, strings[known]] if known else codes
