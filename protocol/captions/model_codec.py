"""Caption codec 2: a codebook's language model and an arithmetic coder. Any text, typical captions in a few bytes.

A caption is coded as its style, then token by token to the end; a word that the codebook lacks is spelled; where
capitals are no matter of style, each word's follow. Against an earlier caption it first says whether it is the same,
or which token was replaced, else for each token whether the guess is right (`protocol.captions.delta`).

What the model makes longer than its UTF-8 is sent as that, behind a byte of 255, with which no modelled caption
begins. So no text takes more than one byte more than its UTF-8.

Threads may code at the same time: the codebook is read once and never changes, and what is kept of captions
(`protocol.captions.mixture`) is kept behind locks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from protocol.captions import utf8
from protocol.captions.arithmetic import Coder, Decoder, Encoder, evenly, shares
from protocol.captions.delta import CHANGES, Change, Copier, change_of, differing, places, style_near
from protocol.captions.symbols import END, FAR, NEAR, UNKNOWN
from protocol.captions.tokens import Case, Parsed, Style, case_of, parse, render, scalars
from protocol.errors import CaptionError

if TYPE_CHECKING:
    from protocol.captions.codebook import Model
    from protocol.captions.identity import Codebook
    from protocol.captions.mixture import Mixture

__all__ = ["MAX_SIGNS", "MAX_SPELLED", "MAX_TOKENS", "decode", "encode", "identity", "model", "supply"]

# Beyond these a text is no caption: it goes as UTF-8, and no decoder reads it modelled. They bound a decoder's time: a
# token takes it a third of a millisecond at worst, and one bit may hold several. The longest of 208,000 captions that
# people wrote has 95 tokens; captioners here stop at 48 of their own.
MAX_TOKENS = 128
# Signs of one spelled word, and of all of a caption. In another language every word is spelled: some 200 signs, where a
# captioner stops. Of those 208,000 captions none has more than 59.
MAX_SIGNS = 64
MAX_SPELLED = 256

_PLAIN = b"\xff"
_CODE_POINTS = 0x110000
_SURROGATES = range(0xD800, 0xE000)
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
    lock: Lock = field(default_factory=Lock)


_supply = _Supply()


def supply(read: Callable[[], bytes]) -> None:
    """Tell where the codebook's bytes come from; they are asked for when first needed."""
    with _supply.lock:
        _supply.read, _supply.model, _supply.identity = read, None, None


def model() -> Model:
    """The codebook, read: once, even if threads ask at the same time. Raises `CaptionError` if none was supplied."""
    with _supply.lock:
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
    """Code a caption, against an earlier one if given: the bytes, the bits that would do, -log2 of its chance.

    Lone surrogates, which are no characters, become "?".
    """
    text = scalars(text)
    plain = _PLAIN + text.encode()
    parsed, book = parse(text), model()
    if _fits(parsed, book):
        encoder = Encoder()
        _code(encoder, book, parsed, _parsed(earlier))
        value, length = encoder.shortest(unit=8)
        if length // 8 <= len(plain):
            return value.to_bytes(length // 8, "big"), encoder.shortest()[1], encoder.ideal_bits
    return plain, 8 * len(plain), 8.0 * len(plain)


def decode(data: bytes, earlier: str | None = None) -> str:
    """Return the caption of these bytes, coded against `earlier`; raise `CaptionError` if they are none."""
    if data[:1] == _PLAIN:
        return utf8.decode(data[1:])
    return render(_code(Decoder(data), model(), None, _parsed(earlier)))


def _parsed(earlier: str | None) -> Parsed | None:
    return None if earlier is None else parse(scalars(earlier))


def _fits(parsed: Parsed, book: Model) -> bool:
    """Whether a decoder would take the caption modelled."""
    spelled = [len(token) for token in parsed.tokens if book.symbol_of(token) == UNKNOWN]
    return len(parsed.tokens) <= MAX_TOKENS and max(spelled, default=0) <= MAX_SIGNS and sum(spelled) <= MAX_SPELLED


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
    Raises `CaptionError` if it has more tokens than are modelled.
    """
    if len(earlier.tokens) > MAX_TOKENS:
        raise CaptionError(f"a word replaced in a caption of more than {MAX_TOKENS} words")
    return len(earlier.tokens) > 0 and not earlier.capitals


def _code_replaced(coder: Coder, book: Model, known: Parsed | None, earlier: Parsed) -> Parsed:
    """Code which token of the earlier caption was replaced, and the new one."""
    symbols = [book.symbol_of(token) for token in earlier.tokens]
    at = coder.code(places(symbols), len(symbols), None if known is None else differing(known, earlier)[0])
    mixture = book.beginning.after_style(earlier.style)
    for symbol in symbols[:at]:
        mixture = mixture.after(symbol)
    token = _Walk(coder, book, mixture, None).one(None if known is None else known.tokens[at])
    return Parsed(earlier.style, (*earlier.tokens[:at], token, *earlier.tokens[at + 1 :]), earlier.capitals)


def _code_alone(coder: Coder, book: Model, known: Parsed | None, earlier: Parsed | None) -> Parsed:
    """Code a caption's style, tokens and capitals, with guesses from an earlier one if there is one."""
    mixture = book.beginning
    below = mixture.style_below if earlier is None else style_near(mixture.style_below, earlier.style)
    style = Style(coder.code(below, len(Style), None if known is None else known.style))
    walk = _Walk(coder, book, mixture.after_style(style), None if earlier is None else Copier(earlier.tokens))
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
        self._spelled_signs = 0

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
                    self._mixture = self._mixture.after(self._book.symbol_of(token))
                return token
        symbol = END if token is None else self._book.symbol_of(token)
        symbol = self._coder.code(self._mixture.below, self._book.tokens, symbol, self._mixture.near)
        if symbol == END:
            return None
        token = self._spelled(token) if symbol == UNKNOWN else self._book.word(symbol)
        self._mixture = self._mixture.after(symbol)
        if copier is not None:
            copier.correct(token)
        return token

    def _spelled(self, token: str | None) -> str:
        """Code a token that is no word of the codebook, sign by sign.

        Raises `CaptionError` if it is too long, or all that were spelled are.
        """
        book, signs = self._book, ""
        entries = book.spelling.begun
        while True:
            sign = token[len(signs) : len(signs) + 1] if token is not None else ""
            symbol = self._coder.code(
                book.spelling.after(entries),
                book.sign_symbols,
                book.sign_symbol(sign) if sign else END,
            )
            if symbol == END:
                return signs
            signs += self._sign(symbol, sign)
            entries = book.spelling.follow(entries, symbol)
            self._spelled_signs += 1
            if len(signs) > MAX_SIGNS or self._spelled_signs > MAX_SPELLED:
                raise CaptionError(f"a word of more than {MAX_SIGNS} signs, or more than {MAX_SPELLED} spelled")

    def _sign(self, symbol: int, sign: str) -> str:
        wanted = ord(sign) if sign else 0
        if symbol == NEAR:
            return chr(_NEAR_FIRST + self._coder.code(evenly(_NEAR_COUNT), _NEAR_COUNT, max(0, wanted - _NEAR_FIRST)))
        if symbol == FAR:
            code_point = self._coder.code(evenly(_CODE_POINTS), _CODE_POINTS, wanted)
            if code_point in _SURROGATES:
                raise CaptionError("a sign that is half of one: a lone surrogate")
            return chr(code_point)
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
