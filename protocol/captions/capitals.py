"""Coding of capitals in a caption of mixed style: the case of each word, and each letter of words whose case is odd.

The same function encodes and decodes (see `protocol.captions.model_codec`).
"""

from __future__ import annotations

from protocol.captions.arithmetic import Coder, evenly, shares
from protocol.captions.tokens import Case, case_of

__all__ = ["code_capitals"]

# How a word's case follows from that of the word before it: small, title, capitals, odd.
_CASES = {
    None: shares(20, 70, 8, 2),
    Case.SMALL: shares(80, 15, 4, 1),
    Case.TITLE: shares(45, 50, 4, 1),
    Case.CAPITALS: shares(40, 20, 38, 2),
    Case.ODD: shares(50, 30, 10, 10),
}


def code_capitals(
    coder: Coder, tokens: tuple[str, ...], known: tuple[tuple[bool, ...], ...] | None
) -> tuple[tuple[bool, ...], ...]:
    """Code which letters of each token are capitals, and return it. A decoder has None for `known`."""
    capitals: list[tuple[bool, ...]] = []
    before: Case | None = None
    for index, token in enumerate(tokens):
        letters = sum("a" <= sign <= "z" for sign in token)
        if not letters:
            capitals.append(())
            continue
        flags = known[index] if known is not None else ()
        before = Case(coder.code(_CASES[before], len(Case), case_of(flags)))
        capitals.append(_code_letters(coder, before, letters, flags))
    return tuple(capitals)


def _code_letters(coder: Coder, case: Case, letters: int, flags: tuple[bool, ...]) -> tuple[bool, ...]:
    if case is Case.ODD:
        coin = evenly(2)
        return tuple(coder.code(coin, 2, int(flags[index]) if flags else 0) == 1 for index in range(letters))
    return case is Case.TITLE or case is Case.CAPITALS, *((case is Case.CAPITALS,) * (letters - 1))
