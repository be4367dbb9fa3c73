"""A sweep as one HTML page that needs nothing else: plot and sound inline, no script, no network."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from importlib import resources

from node.bench.speech import plot
from node.bench.speech.results import SettingResult
from node.bench.speech.settings import TITLES
from node.bench.speech.streams import EXCERPT_S
from node.bench.speech.sweep import Sweep
from node.bench.speech.tables import figure, measured_too
from node.common import html_page
from node.speech.rates import HEADERS_TEXT
from node.speech.sound_files import OGG_BITRATE

POLICY = "default-src 'none'; media-src data:; style-src 'unsafe-inline'"
COLUMNS = ("speech", "wire", "ESTOI", "PESQ nb", "PESQ wb")
BODY = """<p class="pale">{summary}</p>
{advice}
{claims}
{plot}
<h2>Listen</h2>
<p class="pale">The first {seconds:g} seconds of each, cheapest first. Green: nothing cheaper is as good.</p>
<input type="checkbox" id="front"><label for="front">only the Pareto front</label>
<table>
<thead><tr><th scope="col">setting</th>{heads}<th scope="col" class="listen">listen</th></tr></thead>
<tbody>
{rows}</tbody>
</table>
<footer>
<p>Speech and wire are kbit/s: the payload alone, and with {headers}. ESTOI tells how much can be understood (0 to 1),
PESQ how it sounds (1 to 4.64), against the recording in 16 kHz. The front weighs wire against the mean of ESTOI and
PESQ wide, both from 0 to 1; the knee is where more bits begin to buy little. What is played went through Opus at
{bitrate:g} kbit/s once more to fit the page, which is far above all that is compared. {left_out}</p>
</footer>
"""


def page(sweep: Sweep) -> str:
    """Return the page, some 35 kB for each setting."""
    further = measured_too(sweep.results)
    front = sweep.front
    rows = [_original(sweep, further), *(_row(result, sweep, front, further) for result in sweep.results)]
    marked = sweep.knee if sweep.options.article else sweep.recommended
    style = resources.files("node.bench.speech").joinpath("report.css").read_text(encoding="utf-8")
    body = BODY.format(
        summary=html.escape(_summary(sweep)),
        advice=_advice(sweep) if sweep.judged and not sweep.options.article else "",
        claims=_claims(sweep),
        plot=_plot(sweep, front, marked),
        seconds=EXCERPT_S,
        heads="".join(f'<th scope="col">{name}</th>' for name in _columns(further)),
        rows="".join(rows),
        headers=html.escape(HEADERS_TEXT),
        bitrate=OGG_BITRATE / 1000,
        left_out=html.escape(_sentence(sweep.left_out)),
    )
    return html_page.page("Speech settings", POLICY, style, body)


def _summary(sweep: Sweep) -> str:
    codecs = ", ".join(dict.fromkeys(TITLES[result.setting.codec] for result in sweep.results))
    names = ", ".join(path.name for path in sweep.options.recordings)
    lost = f" {sweep.options.loss:g} % of the packets were lost." if sweep.options.loss else ""
    return f"{len(sweep.results)} settings of {codecs} on {names}.{lost}"


def _advice(sweep: Sweep) -> str:
    best, limits = sweep.recommended, html.escape(sweep.options.limits)
    if best is None:
        return f'<section class="advice"><p>Nothing that a call can use fits {limits}.</p></section>'
    scores = f"ESTOI {figure(best.scores.estoi, 3)}, PESQ wide {figure(best.scores.pesq_wb)}"
    return (
        f'<section class="advice"><h2>Recommended: {html.escape(best.setting.label)}</h2>\n'
        f"<p>{best.payload_kbps:.1f} kbit/s of speech, {best.wire_kbps:.1f} on the wire, {scores}: the knee of what a "
        f"call can use, or the best of it within {limits}.</p>\n<p>For <code>pictophone.toml</code>:</p>\n"
        f"<pre>{html.escape(chr(10).join(sweep.lines))}</pre></section>"
    )


def _claims(sweep: Sweep) -> str:
    if not sweep.claims:
        return ""
    items = "".join(
        f'<li class="{"holds" if claim.holds else "fails"}"><b>{"Holds" if claim.holds else "Does not hold"}:</b> '
        f"{html.escape(claim.text)}.<small>{html.escape(claim.figures)}.</small></li>\n"
        for claim in sweep.claims
    )
    return f"<h2>What the article's settings take for granted</h2>\n<ul>\n{items}</ul>"


def _plot(sweep: Sweep, front: list[SettingResult], marked: SettingResult | None) -> str:
    drawn = plot.svg(sweep.results, front, marked) if sweep.judged else ""
    title = "Quality over rate: what is circled is the setting above" if sweep.lines else "Quality over rate"
    return f'<figure role="img" aria-label="{title}">{drawn}</figure>' if drawn else ""


def _columns(further: Mapping[str, str]) -> tuple[str, ...]:
    return (*COLUMNS, *further.values())


def _original(sweep: Sweep, further: Mapping[str, str]) -> str:
    cells = "<td></td>" * len(_columns(further))
    return (
        f'<tr class="front"><th scope="row">the recording</th>{cells}{_player(sweep.original, "the recording")}</tr>\n'
    )


def _row(result: SettingResult, sweep: Sweep, front: list[SettingResult], further: Mapping[str, str]) -> str:
    scores = result.scores
    figures = [f"{result.payload_kbps:.2f}", f"{result.wire_kbps:.1f}", figure(scores.estoi, 3)]
    figures += [figure(scores.pesq_nb), figure(scores.pesq_wb)]
    figures += [figure(getattr(scores, name)) for name in further]
    columns = zip(_columns(further), figures, strict=True)
    cells = "".join(f'<td data-name="{name}">{value}</td>' for name, value in columns)
    label = html.escape(result.setting.label)
    kind = ' class="front best"' if result in front else ""
    return f'<tr{kind}><th scope="row">{label}{_note(result, sweep)}</th>{cells}{_player(result.sound, label)}</tr>\n'


def _note(result: SettingResult, sweep: Sweep) -> str:
    notes = ["recommended"] if result is sweep.recommended and not sweep.options.article else []
    notes += ["knee"] if result is sweep.knee else []
    return f"<small>{', '.join(notes)}</small>" if notes else ""


def _player(sound: bytes, label: str) -> str:
    source = html_page.data_uri("audio/ogg", sound)
    return f'<td class="listen"><audio controls preload="none" aria-label="{label}" src="{source}"></audio></td>'


def _sentence(lines: Iterable[str]) -> str:
    return " ".join(f"{line[0].upper()}{line[1:]}." for line in lines)
