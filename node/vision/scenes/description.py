"""Reading of a person's description, as in "a woman with long black hair and glasses", to the drawn world's attributes.

Words are nouns, adjectives or joints. An adjective belongs to the noun it stands before; behind an "is", or where it
cannot be said of that noun, to the noun before it: "her hair is long and black". What belongs to nothing is unknown.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from node.vision.scenes.vocabulary import (
    AFFIRMATIONS,
    BALD,
    BREAKS,
    CLOTHS,
    EMPTY_WORDS,
    HAIR_ALONE,
    HAIR_COLOURS,
    HAIRCUTS,
    LINKS,
    MARKS,
    NEAREST,
    NEGATIONS,
    NOUNS,
    OTHER_NOUNS,
    STOPS,
    WORN,
    Value,
)
from node.vision.scenes.world import Cloth, Garment, Hair, HairColour, Hat, Place, Who

# Words read of a description: nobody says more of a face, and a book that was pasted costs no time.
MOST_WORDS = 60

# Letters of a word that are shown and compared: the longest English words have some thirty.
LONGEST_WORD = 32

# Words in the longest phrase of the vocabulary.
LONGEST_PHRASE = 5

# How alike, from 0 to 1, an unknown word must be to the one that is offered instead.
LEAST_LIKENESS = 0.7


class Unknown(NamedTuple):
    """A word or phrase that was not understood, and the nearest that would be; "" if none is near."""

    word: str
    nearest: str


@dataclass(frozen=True, slots=True)
class Description:
    """What a description says of a person; None where it says nothing."""

    who: Who | None = None
    hair: Hair | None = None
    hair_colour: HairColour | None = None
    glasses: bool | None = None
    beard: bool | None = None
    hat: Hat | None = None
    garment: Garment | None = None
    cloth: Cloth | None = None
    place: Place | None = None
    unknown: tuple[Unknown, ...] = ()


def read_description(text: str) -> Description:
    """Read a description of any length and script; what is not understood, or is said otherwise before, is unknown."""
    reader = _Reader()
    words = _words(text)
    position = 0
    while position < min(len(words), MOST_WORDS):
        phrase = _phrase_at(words, position)
        reader.read(phrase)
        position += phrase.count(" ") + 1
    reader.end_phrase()
    if len(words) > position:
        reader.unknown.append(Unknown(f"{words[position][:LONGEST_WORD]} ...", ""))
    return Description(**reader.said, unknown=tuple(dict.fromkeys(reader.unknown)))


def _words(text: str) -> list[str]:
    """Return the words in small letters, and the marks between them; "red-haired" is two words."""
    plain = unicodedata.normalize("NFKC", text[: MOST_WORDS * LONGEST_WORD]).lower().replace("\u2019", "'")
    words = re.findall(rf"[^\s\"{MARKS}]+|[{MARKS}]", plain)
    parts = ([word] if word in _known_words() or word in MARKS else word.split("-") for word in words)
    return [part[:LONGEST_WORD] for word in parts for part in word if part]


def _phrase_at(words: list[str], position: int) -> str:
    """Return the longest phrase of the vocabulary that begins here, else the one word."""
    for count in range(LONGEST_PHRASE, 1, -1):
        phrase = " ".join(words[position : position + count])
        if phrase in _known_words():
            return phrase
    return words[position]


@cache
def _known_words() -> dict[str, None]:
    """Return all words and phrases of the vocabulary, in its order."""
    tables = (NOUNS, HAIRCUTS, dict.fromkeys(sorted(BALD)), HAIR_COLOURS, CLOTHS)
    return dict.fromkeys(word for table in tables for word in table)


def _nearest(word: str) -> str:
    close = difflib.get_close_matches(word, _known_words(), 1, LEAST_LIKENESS)
    return NEAREST.get(word) or (close[0] if close else "")


def _adjective(word: str, noun: str) -> tuple[str, Value] | None:
    """Return the attribute and value that an adjective says of a noun of this attribute; None if it says none."""
    if noun == "hair" and word in HAIRCUTS:
        return "hair", HAIRCUTS[word]
    if noun == "hair" and word in HAIR_COLOURS:
        return "hair_colour", HAIR_COLOURS[word]
    if noun in ("who", "") and word in HAIR_ALONE:
        return "hair_colour", HAIR_COLOURS[word]
    if noun == "garment" and word in CLOTHS:
        return "cloth", CLOTHS[word]
    return None


def _is_adjective(word: str) -> bool:
    return word in HAIRCUTS or word in HAIR_COLOURS or word in CLOTHS


@dataclass
class _Reader:
    """What was said so far, the adjectives that wait for their noun, and the attribute of the last noun."""

    said: dict[str, Any] = field(default_factory=dict)
    unknown: list[Unknown] = field(default_factory=list)
    _waiting: list[list[str]] = field(default_factory=lambda: [[]])  # a list for each part of "long and black"
    _noun: str = ""
    _negation: str = ""
    _negated_one: bool = False  # the negation had its noun: only "or" takes it to another
    _worn: bool = False  # after "in" and "wearing" a colour alone is that of the clothes

    def read(self, phrase: str) -> None:
        """Take the next word or phrase."""
        if phrase in MARKS or phrase in LINKS:
            self._link(phrase)
            return
        if self._negated_one or phrase in AFFIRMATIONS:
            self._negation, self._negated_one = "", False
        if phrase in NEGATIONS:
            self.end_phrase()
            self._negation = phrase
        elif phrase in BREAKS:
            self.end_phrase()
            self._worn = phrase in WORN
        elif phrase in NOUNS:
            self._read_noun(phrase)
        elif phrase in OTHER_NOUNS:
            self._read_other_noun(phrase)
        elif phrase in BALD:
            self._say("hair", None if self._negation else Hair.BALD, phrase)
        elif phrase not in EMPTY_WORDS:
            self._waiting[-1].append(phrase)

    def end_phrase(self) -> None:
        """Give the adjectives that found no noun to the noun before."""
        for group in self._waiting:
            self._give_back(group)
        self._waiting, self._worn = [[]], False

    def _link(self, phrase: str) -> None:
        if phrase in STOPS:
            self.end_phrase()
            self._noun = ""
        elif self._worn and len(self._waiting[-1]) == 1 and self._waiting[-1][0] in CLOTHS:
            self._say("cloth", CLOTHS[self._waiting[-1].pop()], phrase)
        elif self._waiting[-1]:
            self._waiting.append([])
        self._worn = False
        if self._negated_one:
            carries = phrase in ("or", "nor") or (phrase == "and" and self._negation == "without")
            self._negation, self._negated_one = self._negation if carries else "", False

    def _read_noun(self, phrase: str) -> None:
        attribute, value = NOUNS[phrase]
        *earlier, adjacent = self._waiting
        self._waiting, self._worn = [[]], False
        if self._negation:
            for group in earlier:
                self._give_back(group)
            self._negate(attribute, value, " ".join([*adjacent, phrase]))
            return
        if value is not None:
            self._say(attribute, value, phrase)
        for word in reversed(adjacent):
            self._describe(word, attribute, phrase)
        for group in earlier:
            self._share(group, attribute)
        self._noun = attribute

    def _read_other_noun(self, phrase: str) -> None:
        *earlier, adjacent = self._waiting
        for group in earlier:
            self._give_back(group)
        self._waiting, self._worn, self._noun = [[]], False, "other"
        if not self._negation:
            self.unknown.append(Unknown(" ".join([*adjacent, phrase]), _nearest(phrase)))
        elif phrase == "hat":
            self._say("hat", Hat.NONE, phrase)
        self._negated_one = bool(self._negation)

    def _negate(self, attribute: str, value: Value | None, phrase: str) -> None:
        opposites: dict[str, Value] = {"glasses": False, "beard": False, "hat": Hat.NONE, "hair": Hair.BALD}
        says_one = value is True or attribute == "hat" or phrase == "hair"
        self._say(attribute, opposites[attribute] if says_one else None, phrase)
        self._negated_one = True

    def _describe(self, word: str, attribute: str, noun: str) -> None:
        """Say an adjective of the noun that it stands before."""
        if found := _adjective(word, attribute):
            self._say(*found, word)
        elif _is_adjective(word):
            self.unknown.append(Unknown(f"{word} {noun}", noun))
        else:
            self.unknown.append(Unknown(word, _nearest(word)))

    def _share(self, group: list[str], attribute: str) -> None:
        """Say the first of linked adjectives, as in "long, black hair", of this noun, or else of the one before."""
        found = [_adjective(word, attribute) for word in group]
        if all(each is not None and each[0] not in self.said for each in found):
            for each, word in zip(found, group, strict=True):
                self._say(*each, word) if each else None
        else:
            self._give_back(group)

    def _give_back(self, group: list[str]) -> None:
        """Say adjectives of the noun before. With another word among them ("green eyelids") none is understood."""
        if any(map(_is_adjective, group)) and not all(map(_is_adjective, group)):
            self.unknown.append(Unknown(" ".join(group), _nearest(group[-1])))
            return
        for word in group:
            if not _is_adjective(word):
                self.unknown.append(Unknown(word, _nearest(word)))
                continue
            attribute, value = _adjective(word, self._noun) or _adjective(word, "") or ("", None)
            self._say(attribute, value, word)

    def _say(self, attribute: str, value: Value | None, phrase: str) -> None:
        """Say a value, once; what is said otherwise already, or cannot be said, is unknown."""
        if value is None or self.said.setdefault(attribute, value) != value:
            words = f"{self._negation} {phrase}" if self._negation else phrase
            self.unknown.append(Unknown(words, ""))
