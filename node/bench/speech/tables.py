"""A sweep in a terminal: the front, or all of it, and what to do with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from node.bench.speech.article import Claim
from node.bench.speech.results import SettingResult
from node.common import output
from node.speech.rates import HEADERS_TEXT

if TYPE_CHECKING:
    from rich.table import Table

# Of a table that goes to a file: none of its lines is folded.
WIDTH = 100

NOT_MEASURED = "-"

FURTHER = {"visqol": "ViSQOL", "mos": "DistillMOS"}


def show(title: str, results: Iterable[SettingResult], knee: SettingResult | None) -> None:
    """Print a table of these settings."""
    console = output.console()
    if not console.is_terminal:
        console.width = WIDTH
    output.say(title)
    console.print(_table(list(results), knee))


def advice(recommended: SettingResult | None, lines: Sequence[str], limits: str) -> list[str]:
    """Return which setting to take, and the lines of `pictophone.toml` for it."""
    if recommended is None:
        return [f"nothing measured that a call can use (Opus, Lyra) fits {limits}: allow more"]
    return [
        f"recommended within {limits}: {recommended.setting.label}, {recommended.payload_kbps:.1f} kbit/s of speech, "
        f"{recommended.wire_kbps:.1f} on the wire",
        "for pictophone.toml:",
        *(f"  {line}" for line in lines),
    ]


def verdicts(claims: Iterable[Claim]) -> list[str]:
    """Return the article's claims, and whether they hold."""
    return [f"{'holds' if claim.holds else 'does not hold'}: {claim.text}. {claim.figures}." for claim in claims]


def footnote(loss: float) -> str:
    """Return what the figures count."""
    lost = f", {loss:g} % of the packets lost" if loss else ""
    return f"on the wire: payload and {HEADERS_TEXT}{lost}"


def _table(results: Sequence[SettingResult], knee: SettingResult | None) -> Table:
    from rich import box
    from rich.table import Table

    further = measured_too(results)
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("")
    for name in ("kbit/s", "wire", "ESTOI", "PESQ-nb", "PESQ-wb", *further.values()):
        table.add_column(name, justify="right")
    for result in results:
        scores = result.scores
        measured = [figure(scores.estoi, 3), figure(scores.pesq_nb), figure(scores.pesq_wb)]
        measured += [figure(getattr(scores, name)) for name in further]
        name = f"{result.setting.label}{' (knee)' if result is knee else ''}"
        table.add_row(name, f"{result.payload_kbps:.2f}", f"{result.wire_kbps:.1f}", *measured)
    return table


def measured_too(results: Iterable[SettingResult]) -> dict[str, str]:
    """Return the names of the measures that are taken when asked for, and were, with their titles."""
    taken = [result.scores for result in results]
    return {name: title for name, title in FURTHER.items() if any(getattr(each, name) is not None for each in taken)}


def figure(value: float | None, digits: int = 2) -> str:
    """Return a score, or a dash for None."""
    return NOT_MEASURED if value is None else f"{value:.{digits}f}"
