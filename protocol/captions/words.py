"""Caption codec 2: a codebook's language model and an arithmetic coder. Any text, typical captions in a few bytes.

A caption is coded as its style, then token by token to the end; a word that the codebook lacks is spelled; where
capitals are no matter of style, each word's follow. Against an earlier caption it first says whether it is the same,
or which token was replaced, else for each token whether the guess is right (`protocol.captions.copying`).

What the model makes longer than its UTF-8 is sent as that, behind a byte of 255, with which no modelled caption
begins. So no text takes more than one byte more than its UTF-8.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from protocol.captions.arithmetic import Coder, Decoder, Encoder, evenly, shares
from protocol.captions.copying import CHANGES, Change, Copier, change_of, differing, places, style_near
from protocol.captions.symbols import END, FAR, NEAR, UNKNOWN
from protocol.captions.text import Case, Parsed, Style, case_of, parse, render
from protocol.errors import CaptionError

if TYPE_CHECKING:
    from protocol.captions.codebook import Model
    from protocol.captions.identity import Codebook
    from protocol.captions.mixture import Mixture

__all__ = ["MAX_SIGNS", "MAX_TOKENS", "decode", "encode", "identity", "model", "supply"]

# Beyond these a text is no caption, and goes as UTF-8: the bounds of a decoder's time and memory.
MAX_TOKENS = 300
MAX_SIGNS = 64

_PLAIN = b"\xff"
_CODE_POINTS = 0x110000
_NEAR_FIRST, _NEAR_COUNT = 0x80, 0x800 - 0x80

_MODELLED = shares(255, 1)
"""What is modelled leaves numbers that begin with a byte of 255 free."""

# How a word's case follows from that of the word before it: small, title, capitals, odd.
_CASES = {
    None: shares(20, 70, 8, 2),
    Case.SMALL: shares(80, 15, 4, 1),
    Case.TITLE: shares(45, 50, 4, 1),
    Case.CAPITALS: shares(40, 20, 38, 2),
    Case.ODD: shares(50, 30, 10, 10),
}


@dataclass
class _Supply:
    """The one codebook of a program: where its bytes come from, and what they were read into."""

    read: Callable[[], bytes] | None = None
    model: Model | None = None
    identity: Codebook | None = None


_supply = _Supply()


def supply(read: Callable[[], bytes]) -> None:
    """Tell where the codebook's bytes come from; they are asked for when first needed."""
    _supply.read, _supply.model, _supply.identity = read, None, None


def model() -> Model:
    """The codebook, read. Raises `CaptionError` if none was supplied."""
    if _supply.model is None:
        if _supply.read is None:
            raise CaptionError("caption codec 2 needs a codebook, and none was supplied")
        from protocol.captions.codebook import Model

        _supply.model = Model.read(_supply.read())
    return _supply.model


def identity() -> Codebook:
    """Which codebook that is. Its model is read by whoever codes: a node may leave that to another process."""
    if _supply.model is not None or _supply.read is None:
        return model().identity
    if _supply.identity is None:
        from protocol.captions.codebook import identity_of

        _supply.identity = identity_of(_supply.read())
    return _supply.identity


def encode(text: str, earlier: str | None = None) -> tuple[bytes, int, float]:
    """Code a caption, against an earlier one if given: the bytes, the bits that would do, -log2 of its chance."""
    plain = _PLAIN + text.encode(errors="surrogatepass")
    parsed = parse(text)
    if _fits(parsed):
        encoder = Encoder()
        _code(encoder, model(), parsed, None if earlier is None else parse(earlier))
        value, length = encoder.shortest(unit=8)
        if length // 8 <= len(plain):
            return value.to_bytes(length // 8, "big"), encoder.shortest()[1], encoder.ideal_bits
    return plain, 8 * len(plain), 8.0 * len(plain)


def decode(data: bytes, earlier: str | None = None) -> str:
    """Return the caption of these bytes, coded against `earlier`; raise `CaptionError` if they are none."""
    if data[:1] == _PLAIN:
        try:
            return data[1:].decode(errors="surrogatepass")
        except UnicodeDecodeError:
            raise CaptionError("a caption that is no UTF-8") from None
    return render(_code(Decoder(data), model(), None, None if earlier is None else parse(earlier)))


def _fits(parsed: Parsed) -> bool:
    return len(parsed.tokens) <= MAX_TOKENS and all(len(token) <= MAX_SIGNS for token in parsed.tokens)


def _code(coder: Coder, book: Model, known: Parsed | None, earlier: Parsed | None) -> Parsed:
    """Code a caption, or with nothing `known` find it. Raises `CaptionError` for a number that no caption has."""
    if coder.code(_MODELLED, 2, 0):
        raise CaptionError("a caption beyond those that are modelled")
    if earlier is None:
        return _code_alone(coder, book, known, None)
    change = Change(coder.code(CHANGES, len(Change), None if known is None else change_of(known, earlier)))
    if change is Change.NONE:
        return earlier
    if change is Change.ONE_TOKEN and _is_replaceable(earlier):
        return _code_replaced(coder, book, known, earlier)
    return _code_alone(coder, book, known, earlier)


def _is_replaceable(earlier: Parsed) -> bool:
    """Whether a token of it may be replaced: not in mixed style, where capitals are those of the words that were.

    No encoder says it of another, so a decoder may take what it likes for it: it goes on as if `MORE` was said.
    """
    return 0 < len(earlier.tokens) <= MAX_TOKENS and not earlier.capitals


def _code_replaced(coder: Coder, book: Model, known: Parsed | None, earlier: Parsed) -> Parsed:
    """Code which token of the earlier caption was replaced, and the new one."""
    symbols = [book.symbol_of(token) for token in earlier.tokens]
    at = coder.code(places(symbols), len(symbols), None if known is None else differing(known, earlier)[0])
    mixture = book.mixture()
    mixture.advance_style(earlier.style)
    for symbol in symbols[:at]:
        mixture.advance(symbol)
    token = _Walk(coder, book, mixture, None).one(None if known is None else known.tokens[at])
    return Parsed(earlier.style, (*earlier.tokens[:at], token, *earlier.tokens[at + 1 :]), earlier.capitals)


def _code_alone(coder: Coder, book: Model, known: Parsed | None, earlier: Parsed | None) -> Parsed:
    """Code a caption's style, tokens and capitals, with guesses from an earlier one if there is one."""
    mixture = book.mixture()
    below = mixture.style_below if earlier is None else style_near(mixture.style_below, earlier.style)
    style = Style(coder.code(below, len(Style), None if known is None else known.style))
    mixture.advance_style(style)
    walk = _Walk(coder, book, mixture, None if earlier is None else Copier(earlier.tokens))
    tokens = walk.find() if known is None else walk.tell(known.tokens)
    if style not in {Style.MIXED, Style.MIXED_STOP}:
        return Parsed(style, tokens)
    return Parsed(style, tokens, _code_capitals(coder, tokens, known))


class _Walk:
    """Through the tokens of one caption."""

    def __init__(self, coder: Coder, book: Model, mixture: Mixture, copier: Copier | None) -> None:
        self._coder = coder
        self._book = book
        self._mixture = mixture
        self._copier = copier

    def one(self, token: str | None) -> str:
        """Code this token, or find it. Raises `CaptionError` if it is the end."""
        told = self._token(token, known=token is not None)
        if told is None:
            raise CaptionError("a caption with nothing in the place of a word")
        return told

    def tell(self, tokens: tuple[str, ...]) -> tuple[str, ...]:
        """Code these tokens and the end."""
        for token in (*tokens, None):
            self._token(token, known=True)
        return tokens

    def find(self) -> tuple[str, ...]:
        """Find tokens to the end. Raises `CaptionError` if there are more than a caption has."""
        tokens: list[str] = []
        while (token := self._token(None, known=False)) is not None:
            tokens.append(token)
            if len(tokens) > MAX_TOKENS:
                raise CaptionError(f"a caption of more than {MAX_TOKENS} words")
        return tuple(tokens)

    def _token(self, token: str | None, *, known: bool) -> str | None:
        """Code one token, None being the end."""
        copier = self._copier
        if copier is not None:
            right = self._coder.code(copier.confidence, 2, int(token != copier.guess) if known else None) == 0
            if right:
                token = copier.guess
                copier.confirm()
                if token is not None:
                    self._mixture.advance(self._book.symbol_of(token))
                return token
        symbol = END if token is None else self._book.symbol_of(token)
        symbol = self._coder.code(self._mixture.below, self._book.tokens, symbol)
        if symbol == END:
            return None
        token = self._spelled(token) if symbol == UNKNOWN else self._book.word(symbol)
        self._mixture.advance(symbol)
        if copier is not None:
            copier.correct(token)
        return token

    def _spelled(self, token: str | None) -> str:
        """Code a token that is no word of the codebook, sign by sign. Raises `CaptionError` if it is too long."""
        book, signs = self._book, ""
        history = [book.spelling.start]
        while True:
            context = book.spelling.context(history[-book.spelling.reach :])
            sign = token[len(signs) : len(signs) + 1] if token is not None else ""
            symbol = self._coder.code(
                book.spelling.after(context),
                book.sign_symbols,
                book.sign_symbol(sign) if sign else END,
            )
            if symbol == END:
                return signs
            signs += self._sign(symbol, sign)
            history.append(symbol)
            if len(signs) > MAX_SIGNS:
                raise CaptionError(f"a word of more than {MAX_SIGNS} signs")

    def _sign(self, symbol: int, sign: str) -> str:
        wanted = ord(sign) if sign else 0
        if symbol == NEAR:
            return chr(_NEAR_FIRST + self._coder.code(evenly(_NEAR_COUNT), _NEAR_COUNT, max(0, wanted - _NEAR_FIRST)))
        if symbol == FAR:
            return chr(self._coder.code(evenly(_CODE_POINTS), _CODE_POINTS, wanted))
        return self._book.sign(symbol)


def _code_capitals(coder: Coder, tokens: tuple[str, ...], known: Parsed | None) -> tuple[tuple[bool, ...], ...]:
    """Code the case of every word, and letter by letter of those whose case has no name."""
    told: list[tuple[bool, ...]] = []
    before: Case | None = None
    for index, token in enumerate(tokens):
        letters = sum("a" <= sign <= "z" for sign in token)
        if not letters:
            told.append(())
            continue
        flags = known.capitals[index] if known else ()
        before = Case(coder.code(_CASES[before], len(Case), case_of(flags)))
        told.append(_letters(coder, before, letters, flags))
    return tuple(told)


def _letters(coder: Coder, case: Case, letters: int, flags: tuple[bool, ...]) -> tuple[bool, ...]:
    """Which letters of a word of this case are capitals."""
    if case is Case.ODD:
        coin = evenly(2)
        return tuple(coder.code(coin, 2, int(flags[index]) if flags else 0) == 1 for index in range(letters))
    return case is Case.TITLE or case is Case.CAPITALS, *((case is Case.CAPITALS,) * (letters - 1))
