"""The evaluation of perception on labelled photos: what it finds in each, against a table of what each shows.

The table is `truth.tsv` beside the photos, its columns separated by tabs: file, action, face, glasses, cloth, hand, and
perhaps more. `None` stands for what was not judged. Each photo is looked at by itself, as one snapshot.
"""

from __future__ import annotations

import csv
import os
import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from node.bench.models.evaluate import peak_mb
from node.common.printable import printable
from node.vision.images import open_small
from node.vision.perception.observation import Observation
from node.vision.scenes.world import Action, Cloth
from protocol.errors import NodeError

TABLE = "truth.tsv"
COLUMNS = ("file", "action", "face", "cloth")

# What stands in a column for "not judged", and for the action of a picture without a person.
UNJUDGED, NOBODY = "None", "nobody"

# The labels of actions. Others, and the drawn world's own words, stand for the action that is called so.
LABELS: dict[str, Action] = {
    "neutral": Action.NOTHING,
    "nothing": Action.NOTHING,
    "smiling": Action.SMILING,
    "talking": Action.TALKING,
    "wave": Action.WAVING,
    "waving": Action.WAVING,
    "thumb": Action.THUMBS_UP,
    "thumbs up": Action.THUMBS_UP,
    "drinking": Action.DRINKING,
    "away": Action.LOOKING_AWAY,
    "eyes closed": Action.SLEEPING,
    "leaning": Action.LEANING,
    "together": Action.HANDS_TOGETHER,
    "hands together": Action.HANDS_TOGETHER,
    "pointing": Action.POINTING,
    "phone": Action.PHONE,
    **{action.value: action for action in Action},
}

# Where the hands are beside a face that does nothing. A table in which no label is one of these has no word for them:
# there "neutral" is the face's alone, and holds with each.
POSES = frozenset({Action.LEANING, Action.HANDS_TOGETHER, Action.POINTING})

# A folder of pictures is decoded at this size: cameras send no larger one.
LONGEST_SIDE = 960

# A second is this many milliseconds.
MS = 1000


class Observer(Protocol):
    """What is measured: a `Perceiver`, or a test's own."""

    def observe(self, image: Any) -> Observation: ...


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """A row of the table: a photo and what it shows. None: not judged; an action or a cloth may be an unknown word."""

    file: str
    action: str | None
    face: bool | None
    cloth: str | None


@dataclass
class PeopleScores:
    """The counts over the photos, and the seconds that each took: by the clock, and of the processor."""

    pictures: int = 0
    right: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    invented: int = 0
    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)

    def count(self, name: str, right: bool) -> None:
        """Count an answer to a question of that name."""
        self.asked[name] += 1
        self.right[name] += right

    def share(self, name: str) -> float | None:
        """Return the share of right answers, None if the question was never asked."""
        return round(self.right[name] / self.asked[name], 4) if self.asked[name] else None


def read_table(folder: Path) -> list[LabelledPhoto]:
    """Return the rows of a folder's table. Raises NodeError of one line if it is missing, broken or empty."""
    path = folder / TABLE
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or "not a table of text"
        raise NodeError(f"cannot read {str(path)!r} ({reason}): give a folder of photos with their {TABLE}") from error
    if not rows or any(column not in rows[0] for column in COLUMNS):
        raise NodeError(f"{str(path)!r} does not begin with the columns {', '.join(COLUMNS)}")
    photos = [_photo(dict(zip(rows[0], row, strict=False)), f"{str(path)!r}, line {at}") for at, row in _numbered(rows)]
    if not photos:
        raise NodeError(f"{str(path)!r} names no photos")
    return photos


def _numbered(rows: Sequence[list[str]]) -> list[tuple[int, list[str]]]:
    return [(at, row) for at, row in enumerate(rows[1:], 2) if any(row)]


def _photo(row: Mapping[str, str], where: str) -> LabelledPhoto:
    lacking = [column for column in COLUMNS if not row.get(column)]
    if lacking:
        raise NodeError(f"{where}: no {lacking[0]}")
    if row["file"] != Path(row["file"]).name:
        raise NodeError(f"{where}: {printable(row['file'])!r} is no file of this folder")
    if row["face"] not in ("True", "False", UNJUDGED):
        raise NodeError(f"{where}: face is {printable(row['face'])!r}, neither True nor False nor None")
    face = None if row["face"] == UNJUDGED else row["face"] == "True"
    return LabelledPhoto(row["file"], _judged(row["action"]), face, _judged(row["cloth"]))


def _judged(label: str) -> str | None:
    return None if label == UNJUDGED else label


def evaluate_people(folder: Path, load: Callable[[], Observer], tick: Callable[[], None]) -> dict[str, Any]:
    """Measure what `load` loads on the photos of a folder and return the figures; call `tick` after each photo.

    `rss_mb` is what the process's most memory grew by, in 10**6 bytes, None where the system does not say. Raises NodeError if the
    table or a photo cannot be read, or the models cannot be loaded.
    """
    photos = read_table(folder)
    before = peak_mb(os.getpid())
    began = time.perf_counter()
    perceiver = load()
    load_s = time.perf_counter() - began
    scores = measure_people(perceiver, folder, photos, tick)
    peak = peak_mb(os.getpid())
    grown = None if before is None or peak is None else round(peak - before, 1)
    return {"people": people_figures(scores) | {"load_s": round(load_s, 2), "rss_mb": grown}}


def measure_people(
    perceiver: Observer, folder: Path, photos: Sequence[LabelledPhoto], tick: Callable[[], None]
) -> PeopleScores:
    """Look at photo by photo, and count what was right."""
    scores = PeopleScores()
    admitted = frozenset() if any(LABELS.get(photo.action or "") in POSES for photo in photos) else POSES
    for photo in photos:
        image = open_small(folder / photo.file, LONGEST_SIDE)
        began, cpu_began = time.perf_counter(), time.process_time()
        observed = perceiver.observe(image)
        scores.cpu_seconds.append(time.process_time() - cpu_began)
        scores.seconds.append(time.perf_counter() - began)
        judge_photo(scores, photo, observed, admitted)
        tick()
    return scores


def judge_photo(
    scores: PeopleScores, photo: LabelledPhoto, observed: Observation, admitted: frozenset[Action]
) -> None:
    """Count what was seen in a photo. `admitted` are the actions that a face labelled neutral may go with."""
    scores.pictures += 1
    nobody = observed.people == 0 and not observed.blind
    if photo.face:
        scores.count("face", observed.face is not None)
    elif photo.face is not None:
        scores.invented += observed.face is not None
    if photo.action is not None:
        wanted = LABELS.get(photo.action)
        right = nobody if photo.action == NOBODY else wanted is not None and not nobody and observed.action is wanted
        if wanted is Action.NOTHING and not nobody:
            right = right or observed.action in admitted
        scores.count("action", right)
        scores.count(f"action:{photo.action}", right)
        if photo.action == NOBODY:
            scores.count(NOBODY, right)
    if photo.cloth is not None:
        scores.count("cloth", photo.cloth in set(Cloth) and observed.cloth == photo.cloth)


def people_figures(scores: PeopleScores) -> dict[str, Any]:
    """Return the figures by name: shares of 1, counts, milliseconds."""
    labels = sorted(name for name in scores.asked if name.startswith("action:"))
    return {
        "pictures": scores.pictures,
        "face": scores.share("face"),
        "invented": scores.invented,
        "action": scores.share("action"),
        "action_by": {name.removeprefix("action:"): scores.share(name) for name in labels},
        "cloth": scores.share("cloth"),
        "nobody": scores.share(NOBODY),
        "ms_p50": _median_ms(scores.seconds),
        "cpu_ms_p50": _median_ms(scores.cpu_seconds),
    }


def people_lines(figures: Mapping[str, Any]) -> list[str]:
    """Return the figures in lines for people, with how they are called in JSON."""
    people = figures["people"]
    named = {f"people.{name}": value for name, value in people.items() if name != "action_by"}
    named |= {f"people.action_by.{printable(label)}": share for label, share in people["action_by"].items()}
    shares = {"face", "action", "cloth", "nobody"}
    return [
        f"{name:32} {_said(value, name.split('.')[1] in shares or '.action_by.' in name)}"
        for name, value in sorted(named.items())
    ]


def _said(value: float | None, share: bool) -> str:
    if value is None:
        return "-"
    return f"{value * 100:.1f} %" if share else f"{value:g}"


def _median_ms(seconds: Sequence[float]) -> float:
    return round(statistics.median(seconds) * MS, 1) if seconds else 0.0
