"""Caption codecs 2 and 3: a codebook's language model and an arithmetic coder. Any text, captions in a few bytes.

They differ by the codebook: that of codec 3 builds on codec 2's, and knows captions of drawn scenes besides.

A caption is coded as its style, then token by token to the end; a word that the codebook lacks is spelled; where
capitals are no matter of style, each word's follow. Against an earlier caption the code begins with whether it is the
same, or which token was replaced, else it has for each token whether the guess is right (`protocol.captions.delta`).

What the model makes longer than its UTF-8 is sent as that, behind a byte of 255, with which no modelled caption
begins. So no text takes more than one byte more than its UTF-8.

Encoding and decoding are one path, `_CaptionCoder`: every step asks `Coder.code` for the next symbol, with the symbol
itself where it is known (the encoder's side) and None where it is not (the decoder's), and goes on with the symbol that
it returns. Both ends so ask the same model the same questions in the same order, and cannot come apart.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from protocol.captions.arithmetic import Coder, Decoder, Encoder, evenly, shares
from protocol.captions.capitals import code_capitals
from protocol.captions.delta import CHANGES, Change, CopyModel, change_of, differing, places, style_near
from protocol.captions.tokens import (
    END,
    FAR,
    NEAR,
    UNKNOWN,
    Style,
    Tokenised,
    from_utf8,
    parse,
    render,
    scalars,
)
from protocol.errors import CaptionError

if TYPE_CHECKING:
    from protocol.captions.codebook import Codebook
    from protocol.captions.codebook_id import CodebookId
    from protocol.captions.mixture import Mixture

__all__ = ["MAX_SIGNS", "MAX_SPELLED", "MAX_TOKENS", "MODELLED", "ModelCodec"]

# Beyond these a text is no caption: it goes as UTF-8, and no decoder reads it modelled. They bound a decoder's time: a
# token takes it a third of a millisecond at worst, and one bit may hold several. The longest of 208,000 captions that
# people wrote has 95 tokens; captioners here stop at 48 of their own.
MAX_TOKENS = 128
# Signs of one spelled word, and of all of a caption. In another language every word is spelled: some 200 signs, where a
# captioner stops. Of those 208,000 captions none has more than 59.
MAX_SIGNS = 64
MAX_SPELLED = 256

# The first symbol: what is modelled leaves numbers that begin with a byte of 255 free.
MODELLED = shares(255, 1)

_PLAIN = b"\xff"
_CODE_POINTS = 0x110000
_SURROGATES = range(0xD800, 0xE000)
_NEAR_FIRST, _NEAR_COUNT = 0x80, 0x800 - 0x80

Known = TypeVar("Known")


class ModelCodec:
    """The codec with one codebook, given as its file's bytes. Threads may code at the same time.

    A codebook that builds on another's is given with `upon`, the codec of that one, whose network the two then share.

    What costs time waits until it is needed, and is done once: to find out which codebook it is (30 ms), and to read
    the language model in it (0.4 s, 155 MB), which a node may leave to another process.
    """

    def __init__(self, codebook: bytes, upon: ModelCodec | None = None) -> None:
        self._file = codebook
        self._upon = upon
        self._model: Codebook | None = None
        self._identity: CodebookId | None = None
        self._lock = Lock()

    def model(self) -> Codebook:
        """Return the codebook, read. Raises `ValueError` if the file is none."""
        # Imported here, as below: numpy, which takes longer to import than all of the protocol.
        from protocol.captions.codebook import Codebook

        with self._lock:
            if self._model is None:
                upon = self._upon
                self._model = Codebook.read(self._file) if upon is None else upon.model().extended(self._file)
                self._file, self._identity = b"", self._model.identity
            return self._model

    def identity(self) -> CodebookId:
        """Return which codebook it is, without reading its model. Raises `ValueError` if the file is none."""
        from protocol.captions.codebook import identity_of

        with self._lock:
            if self._identity is None:
                self._identity = identity_of(self._file)
            return self._identity

    @property
    def has_model(self) -> bool:
        """Whether the model was needed, and so read, before."""
        return self._model is not None

    def encode(self, text: str, earlier: str | None = None) -> tuple[bytes, int, float]:
        """Code a caption, against an earlier one if given: the bytes, the bits that would do, -log2 of its chance.

        Lone surrogates, which are no characters, become "?".
        """
        text = scalars(text)
        plain = _PLAIN + text.encode()
        caption, book = parse(text), self.model()
        if _is_modelled(caption, book):
            encoder = Encoder()
            _CaptionCoder(encoder, book, _tokenised(earlier)).code(caption)
            value, length = encoder.shortest(unit=8)
            if length // 8 <= len(plain):
                return value.to_bytes(length // 8, "big"), encoder.shortest()[1], encoder.ideal_bits
        return plain, 8 * len(plain), 8.0 * len(plain)

    def decode(self, data: bytes, earlier: str | None = None) -> str:
        """Return the caption of these bytes, coded against `earlier`; raise `CaptionError` if they are none."""
        if data[:1] == _PLAIN:
            return from_utf8(data[1:])
        return render(_CaptionCoder(Decoder(data), self.model(), _tokenised(earlier)).code(None))


def _tokenised(earlier: str | None) -> Tokenised | None:
    return None if earlier is None else parse(scalars(earlier))


def _is_modelled(caption: Tokenised, book: Codebook) -> bool:
    """Tell whether a decoder accepts the caption modelled."""
    spelled = [len(token) for token in caption.tokens if book.symbol_of(token) == UNKNOWN]
    return len(caption.tokens) <= MAX_TOKENS and max(spelled, default=0) <= MAX_SIGNS and sum(spelled) <= MAX_SPELLED


def _part(known: Known | None, of: Callable[[Known], int]) -> int | None:
    """Return a symbol of what an encoder knows; None for a decoder, which knows nothing yet."""
    return None if known is None else of(known)


class _CaptionCoder:
    """Encodes a caption or decodes it, by whether its coder is an `Encoder` or a `Decoder`."""

    def __init__(self, coder: Coder, book: Codebook, earlier: Tokenised | None) -> None:
        self._coder, self._book, self._earlier = coder, book, earlier

    def code(self, known: Tokenised | None) -> Tokenised:
        """Encode the `known` caption, or decode one if it is None, and return it.

        Raises `CaptionError` for a number that no caption has.
        """
        earlier = self._earlier
        if self._coder.code(MODELLED, 2, 0):
            raise CaptionError("a caption beyond those that are modelled")
        if earlier is None:
            return self._code_all(known)
        change = Change(self._coder.code(CHANGES, len(Change), _part(known, lambda now: change_of(now, earlier))))
        if change is Change.NONE:
            return earlier
        if change is Change.ONE_TOKEN and _is_replaceable(earlier):
            return self._code_replaced(known, earlier)
        return self._code_all(known)

    def _code_replaced(self, known: Tokenised | None, earlier: Tokenised) -> Tokenised:
        """Code which token of the earlier caption was replaced, and the new one."""
        symbols = [self._book.symbol_of(token) for token in earlier.tokens]
        at = self._coder.code(places(symbols), len(symbols), _part(known, lambda now: differing(now, earlier)[0]))
        mixture = self._book.beginning.after_style(earlier.style)
        for symbol in symbols[:at]:
            mixture = mixture.after(symbol)
        token = _TokenCoder(self._coder, self._book, mixture).code_one(None if known is None else known.tokens[at])
        return Tokenised(earlier.style, (*earlier.tokens[:at], token, *earlier.tokens[at + 1 :]), earlier.capitals)

    def _code_all(self, known: Tokenised | None) -> Tokenised:
        """Code a caption's style, tokens and capitals, with guesses from the earlier one if there is one."""
        mixture, earlier = self._book.beginning, self._earlier
        below = mixture.style_below if earlier is None else style_near(mixture.style_below, earlier.style)
        style = Style(self._coder.code(below, len(Style), _part(known, lambda now: now.style)))
        copies = None if earlier is None else CopyModel(earlier.tokens)
        coder = _TokenCoder(self._coder, self._book, mixture.after_style(style), copies)
        tokens = coder.decode_tokens() if known is None else coder.encode_tokens(known.tokens)
        if style not in {Style.MIXED, Style.MIXED_STOP}:
            return Tokenised(style, tokens)
        return Tokenised(style, tokens, code_capitals(self._coder, tokens, None if known is None else known.capitals))


def _is_replaceable(earlier: Tokenised) -> bool:
    """Tell whether a token of it may be replaced: not in mixed style, where capitals are those of the words before.

    No encoder codes a replacement in another, so a decoder goes on as if `MORE` was coded. Raises `CaptionError` if it
    has more tokens than are modelled.
    """
    if len(earlier.tokens) > MAX_TOKENS:
        raise CaptionError(f"a word replaced in a caption of more than {MAX_TOKENS} words")
    return len(earlier.tokens) > 0 and not earlier.capitals


class _TokenCoder:
    """Codes the tokens of one caption, one after the other, each in the model as the ones before it leave it."""

    def __init__(self, coder: Coder, book: Codebook, mixture: Mixture, copies: CopyModel | None = None) -> None:
        self._coder = coder
        self._book = book
        self._mixture = mixture
        self._copies = copies
        self._spelled_signs = 0

    def code_one(self, token: str | None) -> str:
        """Encode this token, or decode one if it is None. Raises `CaptionError` for the end in its place."""
        coded = self._code(token, known=token is not None)
        if coded is None:
            raise CaptionError("a caption with nothing in the place of a word")
        return coded

    def encode_tokens(self, tokens: tuple[str, ...]) -> tuple[str, ...]:
        """Encode these tokens and the end."""
        for token in (*tokens, None):
            self._code(token, known=True)
        return tokens

    def decode_tokens(self) -> tuple[str, ...]:
        """Decode tokens to the end. Raises `CaptionError` if there are more than a caption has."""
        tokens: list[str] = []
        while (token := self._code(None, known=False)) is not None:
            tokens.append(token)
            if len(tokens) > MAX_TOKENS:
                raise CaptionError(f"a caption of more than {MAX_TOKENS} words")
        return tuple(tokens)

    def _code(self, token: str | None, *, known: bool) -> str | None:
        """Code one token, None being the end."""
        copies = self._copies
        if copies is not None:
            right = self._coder.code(copies.confidence, 2, int(token != copies.guess) if known else None) == 0
            if right:
                token = copies.guess
                copies.confirm()
                if token is not None:
                    self._mixture = self._mixture.after(self._book.symbol_of(token))
                return token
        symbol = END if token is None else self._book.symbol_of(token)
        symbol = self._coder.code(self._mixture.below, self._book.tokens, symbol, self._mixture.near)
        if symbol == END:
            return None
        token = self._code_spelled(token) if symbol == UNKNOWN else self._book.word(symbol)
        self._mixture = self._mixture.after(symbol)
        if copies is not None:
            copies.correct(token)
        return token

    def _code_spelled(self, token: str | None) -> str:
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
            signs += self._code_sign(symbol, sign)
            entries = book.spelling.follow(entries, symbol)
            self._spelled_signs += 1
            if len(signs) > MAX_SIGNS or self._spelled_signs > MAX_SPELLED:
                raise CaptionError(f"a word of more than {MAX_SIGNS} signs, or more than {MAX_SPELLED} spelled")

    def _code_sign(self, symbol: int, sign: str) -> str:
        wanted = ord(sign) if sign else 0
        if symbol == NEAR:
            return chr(_NEAR_FIRST + self._coder.code(evenly(_NEAR_COUNT), _NEAR_COUNT, max(0, wanted - _NEAR_FIRST)))
        if symbol == FAR:
            code_point = self._coder.code(evenly(_CODE_POINTS), _CODE_POINTS, wanted)
            if code_point in _SURROGATES:
                raise CaptionError("a sign that is half of one: a lone surrogate")
            return chr(code_point)
        return self._book.sign(symbol)
