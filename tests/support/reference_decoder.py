"""Caption codecs 2 and 3 decoded a second time, from docs/caption-codec.md alone: Python's integers, nothing of theirs.

Slow and simple. numpy unpacks the arrays and, unless `pure`, adds up products of integers; no float is ever made.
"""

from __future__ import annotations

import hashlib
import lzma
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from functools import cache
from itertools import accumulate
from operator import mul
from typing import Any

import msgpack
import numpy as np

from protocol.captions.tokens import Style, Tokenised, parse, render

Below = Callable[[int], int]
LINE = 1 << 32
MIXED = (4, 5)
MOST_TOKENS, MOST_SIGNS, MOST_SPELLED = 128, 64, 256
SMALL, TITLE, CAPITALS, ODD = range(4)
CASES = {None: (20, 70, 8, 2), SMALL: (80, 15, 4, 1), TITLE: (45, 50, 4, 1), CAPITALS: (40, 20, 38, 2)}
CASES[ODD] = (50, 30, 10, 10)


def parts(*sizes: int) -> Below:
    ends = list(accumulate(sizes, initial=0))
    return lambda symbol: ends[symbol] * LINE // ends[-1]


class Number:
    """The message, as what is left of it and the width of the interval that it lies in."""

    def __init__(self, data: bytes) -> None:
        self.left = int.from_bytes(data, "big")
        self.width = 1 << 8 * len(data)
        self.spelled = 0

    def find(self, below: Below, symbols: int) -> int:
        def begin(symbol: int) -> int:
            return below(symbol) * (LINE - symbols) // LINE + symbol

        target = self.left * LINE // self.width
        most = 1
        while most < symbols and begin(most) <= target:  # the first symbols are the likely ones
            most *= 4
        symbol = bisect_right(range(min(most, symbols)), target, key=begin) - 1
        self.left = self.left * LINE - self.width * begin(symbol)
        self.width *= begin(symbol + 1) - begin(symbol)
        return symbol


class Matrix:
    """8-bit weights with a multiplier for each row."""

    def __init__(self, weights: Any, multipliers: Any, pure: bool) -> None:
        self.rows = weights.tolist() if pure else weights.astype(np.int32)
        self.multipliers = multipliers.tolist()
        self.pure = pure

    def times(self, vector: Sequence[int]) -> list[int]:
        sums = [sum(map(mul, row, vector)) for row in self.rows] if self.pure else self._sums(vector)
        return list(map(mul, sums, self.multipliers))

    def _sums(self, vector: Sequence[int]) -> list[int]:
        sums: list[int] = (self.rows @ np.array(vector, np.int32)).tolist()
        return sums


class Counted:
    """An n-gram model."""

    def __init__(self, file: Any) -> None:
        sizes, levels = file
        self.alone: list[int] = list(accumulate(array(sizes).tolist(), initial=0))
        self.levels: list[tuple[list[int], list[int], list[int]]] = []
        for level in levels:
            differences, steps, counts = (array(part).tolist() for part in level)
            symbols = [total % 65536 for total in accumulate(differences)]
            self.levels.append((symbols, [weight(step) for step in steps], list(accumulate(counts, initial=0))))

    def after(self, history: Sequence[int]) -> Below:
        contexts = []
        for length in range(1, min(len(history), len(self.levels)) + 1):
            span = self._entries(history[-length:])
            if span is None:
                break
            symbols, weights, _ = self.levels[length - 1]
            contexts.append((symbols[slice(*span)], list(accumulate(weights[slice(*span)], initial=0))))

        def below(symbol: int) -> int:
            at = self.alone[symbol]
            for symbols, sums in contexts:
                at = sums[bisect_left(symbols, symbol)] * 65536 + (65536 - sums[-1]) * at // 65536
            return at

        return below

    def _entries(self, context: Sequence[int]) -> tuple[int, int] | None:
        """Where the entries of this context are, None if there are none."""
        index = context[0]
        for depth, symbol in enumerate(context[1:]):
            symbols, _, first = self.levels[depth]
            entries = symbols[first[index] : first[index + 1]]
            if symbol not in entries:
                return None
            index = first[index] + entries.index(symbol)
        first = self.levels[len(context) - 1][2]
        return (first[index], first[index + 1]) if first[index] < first[index + 1] else None


@cache
def weight(step: int) -> int:
    """2**(16 - step/5), rounded down; 0 for step 80."""
    if step == 80:
        return 0
    return bisect_right(range((1 << 16) + 1), (1 << 80) >> step, key=lambda root: root**5) - 1


def array(packed: Any) -> Any:
    kind, shape, is_packed, data = packed
    return np.frombuffer(lzma.decompress(data) if is_packed else data, kind).reshape(shape)


class Network:
    def __init__(self, file: Any, tables: Any, pure: bool) -> None:
        arrays = {name: array(part) for name, part in file.items()}
        self.embeddings = arrays["embeddings"]
        self.matrices = {
            name: Matrix(arrays[name], arrays[f"{name}_multipliers"], pure)
            for name in arrays
            if f"{name}_multipliers" in arrays
        }
        self.biases = arrays["input_bias"].tolist(), arrays["recurrent_bias"].tolist()
        self.sigmoid, self.tanh, self.powers = (array(table).tolist() for table in tables)
        self.size = arrays["recurrent"].shape[1]
        self.memories: dict[tuple[int, ...], list[int]] = {}

    def memory(self, told: tuple[int, ...]) -> list[int]:
        """The state after these rows of the embeddings, the first being the way to begin."""
        if not told:
            return [0] * self.size
        if told not in self.memories:
            self.memories[told] = self._step(self.memory(told[:-1]), told[-1])
        return self.memories[told]

    def _step(self, memory: list[int], row: int) -> list[int]:
        n = self.size
        told = self._biased("inputs", self.embeddings[row].tolist(), self.biases[0])
        kept = self._biased("recurrent", seen(memory), self.biases[1])
        after = []
        for i in range(n):
            reset = self.sigmoid[place(told[i] + kept[i])]
            keep = self.sigmoid[place(told[n + i] + kept[n + i])]
            recalled = reset * (kept[2 * n + i] >> 8) >> 8
            fresh = self.tanh[place(told[2 * n + i] + recalled)]
            after.append((65536 - keep) * fresh + keep * memory[i] >> 16)
        return after

    def _biased(self, name: str, vector: list[int], bias: list[int]) -> list[int]:
        return [product + more for product, more in zip(self.matrices[name].times(vector), bias, strict=True)]

    def after(self, told: tuple[int, ...], sharpness: int) -> Below:
        vector = seen(self.memory(told))
        head = self._sums(self._scores("head", vector), sharpness)
        sizes = [len(self.matrices[name].multipliers) for name in ("outer0", "outer1") if name in self.matrices]
        likely = len(head) - 1 - len(sizes)

        @cache
        def group(index: int) -> list[int]:
            inner = self._scores(f"inner{index}", vector)
            hidden = [min(max(value, -511), 511) for value in inner]
            return self._sums(self._scores(f"outer{index}", hidden), sharpness)

        def below(symbol: int) -> int:
            output, inside, index = symbol, 0, -1
            if symbol > likely:
                output, inside = likely, symbol - likely
                for index, size in enumerate(sizes):  # noqa: B007
                    if inside <= size:
                        break
                    output, inside = output + 1, inside - size
            begin, end = (head[place] * LINE // head[-1] for place in (output, output + bool(inside)))
            if not inside or inside == sizes[index]:
                return end
            return begin + (end - begin) * group(index)[inside] // group(index)[-1]

        return below

    def _scores(self, name: str, vector: list[int]) -> list[int]:
        return [product >> 24 for product in self.matrices[name].times(vector)]

    def _sums(self, scores: list[int], sharpness: int) -> list[int]:
        best, last = max(scores), len(self.powers) - 1
        return list(accumulate((self.powers[min((best - s) * sharpness // 8, last)] for s in scores), initial=0))


def seen(memory: list[int]) -> list[int]:
    return [value + 64 >> 7 for value in memory]


def place(gate: int) -> int:
    return min(max(gate >> 24, -2048), 2047) + 2048


class Model:
    """The mixture at one point of a caption."""

    def __init__(self, book: Reference) -> None:
        self.book = book
        self.trusts = [source[0] for source in book.sources]
        self.asked = list(range(len(book.sources)))
        self.history = [len(book.tokens)]  # as a context, the start is a symbol beyond the last

    def style(self, symbol: int) -> int:
        return sum(self.trusts[i] * self.book.sources[i][5][symbol] for i in self.asked) >> 24

    def advance_style(self, style: int) -> None:
        self._believe([self.book.sources[i][5][style + 1] - self.book.sources[i][5][style] for i in self.asked])

    def advance(self, token: int) -> None:
        sizes = [self._scaled(i, lambda below: below(token + 1) - below(token)) >> 12 for i in self.asked]
        self.history.append(token)
        self._believe(sizes)

    def token(self, symbol: int) -> int:
        known: dict[Below, int] = {}

        def at(below: Below) -> int:
            if below not in known:
                known[below] = below(symbol)
            return known[below]

        return sum(self.trusts[i] * self._scaled(i, at) for i in self.asked) >> 36

    def _scaled(self, index: int, of: Callable[[Below], int]) -> int:
        return sum(share * of(below) for share, below in self.parts[index])

    def _believe(self, sizes: list[int]) -> None:
        evidence = [self.trusts[i] * max(1, size) for i, size in zip(self.asked, sizes, strict=True)]
        trusts = [(1 << 24) * part // sum(evidence) for part in evidence]
        for index, trust in zip(self.asked, trusts, strict=True):
            self.trusts[index] = trust if trust >= 1 << 14 else 0
        self.asked = [i for i in self.asked if self.trusts[i]]
        best = max(self.asked, key=lambda i: self.trusts[i])
        self.trusts[best] += (1 << 24) - sum(self.trusts)
        self._look()

    def _look(self) -> None:
        book, history = self.book, tuple(self.history)
        network = cache(lambda way, sharpness: book.network.after((way, *history[1:]), sharpness))
        counted = cache(lambda index: book.counted[index].after(history))
        self.parts = {}
        for index in self.asked:
            _, way, sharpness, share, models, _ = book.sources[index]
            more = [(part, counted(model)) for model, part in models]
            self.parts[index] = [(share, network(way, sharpness)), *more]


class Reference:
    """A codebook's file, and what it makes of bytes."""

    def __init__(self, file: bytes, *, pure: bool = False) -> None:
        if file[:4] != b"PCBK":
            raise ValueError("no codebook")
        book = msgpack.unpackb(file[4:])
        self.tokens = ["", "", *lzma.decompress(book["words"]).decode().split("\n")]
        self.symbols = {token: symbol for symbol, token in enumerate(self.tokens) if symbol > 1}
        self.signs = ["", "", "", *book["signs"]]
        self.network = Network(book["network"], book["tables"], pure)
        self.counted = [Counted(model) for model in book["counted"]]
        self.spelling = Counted(book["spelling"])
        self.sources: list[tuple[int, int, int, int, list[list[int]], list[int]]] = book["sources"]
        self.identity = [book["id"], hashlib.sha256(file).digest()[:4]]

    def build(self, file: bytes) -> None:
        """Take in the file of a codebook that builds on this one."""
        book = msgpack.unpackb(file[4:])
        if file[:4] != b"PCBK" or book["upon"] != self.identity:
            raise ValueError("it builds on another codebook")
        for symbol, token in book["words"]:
            del self.symbols[self.tokens[symbol]]
            self.tokens[symbol] = token
            self.symbols[token] = symbol
        self.counted += [Counted(model) for model in book["counted"]]
        self.sources = book["sources"]

    def decode(self, data: bytes, earlier: str | None = None) -> str:
        if data[:1] == b"\xff":
            return data[1:].decode()
        number = Number(data)
        if number.find(parts(255, 1), 2) == 1:
            raise ValueError("beyond what is modelled")
        before = None if earlier is None else parse(earlier)
        change = 2 if before is None else number.find(parts(72, 18, 10), 3)
        if before is not None and change == 0:
            return render(before)
        if before is not None and change == 1 and before.tokens and not before.capitals:
            if len(before.tokens) > MOST_TOKENS:
                raise ValueError("a token of too long a caption")
            return render(self._replaced(number, before))
        return render(self._alone(number, before))

    def _replaced(self, number: Number, before: Tokenised) -> Tokenised:
        symbols = [self.symbols.get(token, 1) for token in before.tokens]
        at = number.find(parts(*(1 if 2 <= symbol <= 11 else 8 for symbol in symbols)), len(symbols))
        model = Model(self)
        model.advance_style(before.style)
        for symbol in symbols[:at]:
            model.advance(symbol)
        token = self._token(number, model)
        if token is None:
            raise ValueError("the end in the place of a token")
        return Tokenised(before.style, (*before.tokens[:at], token, *before.tokens[at + 1 :]))

    def _alone(self, number: Number, before: Tokenised | None) -> Tokenised:
        model = Model(self)

        def near(style: int) -> int:
            assert before is not None
            return 3 * model.style(style) // 100 + (LINE - 3 * LINE // 100 if style > before.style else 0)

        style = Style(number.find(model.style if before is None else near, 6))
        model.advance_style(style)
        tokens = tuple(self._plainly(number, model) if before is None else self._guessed(number, model, before))
        return Tokenised(style, tokens, self._capitals(number, tokens) if style in MIXED else ())

    def _plainly(self, number: Number, model: Model) -> list[str]:
        tokens: list[str] = []
        while (token := self._token(number, model)) is not None:
            tokens.append(token)
            if len(tokens) > MOST_TOKENS:
                raise ValueError("too many tokens")
            model.advance(self.symbols.get(token, 1))
        return tokens

    def _guessed(self, number: Number, model: Model, before: Tokenised) -> list[str]:
        guesses: list[str | None] = [*before.tokens, None]
        tokens: list[str] = []
        at = right = 0
        changed = False
        while True:
            chance = (75, 90, 94, 96)[min(right, 3)] if changed else 88
            wrong = number.find(parts(chance, 100 - chance), 2) == 1
            token = self._token(number, model) if wrong else guesses[at]
            if token is None:
                return tokens
            tokens.append(token)
            if len(tokens) > MOST_TOKENS:
                raise ValueError("too many tokens")
            model.advance(self.symbols.get(token, 1))
            if wrong:
                right, changed = 0, True
                nearby = range(max(0, at - 1), min(at + 4, len(guesses)))
                at = next((place for place in nearby if guesses[place] == token), at)
            else:
                right += 1
            at = min(at + 1, len(guesses) - 1)

    def _token(self, number: Number, model: Model) -> str | None:
        symbol = number.find(model.token, len(self.tokens))
        if symbol == 0:
            return None
        return self._spelled(number) if symbol == 1 else self.tokens[symbol]

    def _spelled(self, number: Number) -> str:
        told, history = "", [len(self.signs)]
        while symbol := number.find(self.spelling.after(history), len(self.signs)):
            history.append(symbol)
            if symbol == 1:
                told += chr(0x80 + number.find(lambda code: code * LINE // 0x780, 0x780))
            elif symbol == 2:
                code_point = number.find(lambda code: code * LINE // 0x110000, 0x110000)
                if 0xD800 <= code_point <= 0xDFFF:
                    raise ValueError("a lone surrogate")
                told += chr(code_point)
            else:
                told += self.signs[symbol]
            number.spelled += 1
            if len(told) > MOST_SIGNS or number.spelled > MOST_SPELLED:
                raise ValueError("too many signs")
        return told

    def _capitals(self, number: Number, tokens: Sequence[str]) -> tuple[tuple[bool, ...], ...]:
        told = []
        before = None
        for token in tokens:
            letters = sum("a" <= sign <= "z" for sign in token)
            flags = [False] * letters
            if letters:
                before = number.find(parts(*CASES[before]), 4)
                if before == ODD:
                    flags = [number.find(parts(1, 1), 2) == 1 for _ in flags]
                else:
                    flags = [before == CAPITALS or (before == TITLE and index == 0) for index in range(letters)]
            told.append(tuple(flags))
        return tuple(told)
