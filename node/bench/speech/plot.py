"""The plot of quality over rate: SVG by matplotlib, in the colours of the page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from node.bench.speech.results import SettingResult
from node.bench.speech.settings import TITLES, SpeechCodec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NO_MATPLOTLIB = "the plot is left out: pip install 'pictophone[sweep]'"
INCHES = (6.4, 7.2)
MARKERS = {
    SpeechCodec.OPUS: "o",
    SpeechCodec.FFMPEG: "o",
    SpeechCodec.LYRA: "D",
    SpeechCodec.SPEEX: "s",
    SpeechCodec.AMR: "^",
    SpeechCodec.CODEC2: "v",
}

# matplotlib knows no variables: it draws in these, which are then replaced.
COLOURS = {
    "#010101": "var(--ink)",
    "#010102": "var(--line)",
    "#010103": "var(--ours)",
    "#010104": "var(--opus)",
    "#010105": "var(--lyra)",
    "#010106": "var(--speex)",
    "#010107": "var(--amr)",
    "#010108": "var(--codec2)",
}

INK, LINE, OURS = list(COLOURS)[:3]
BY_CODEC = {
    SpeechCodec.OPUS: "#010104",
    SpeechCodec.FFMPEG: "#010104",
    SpeechCodec.LYRA: "#010105",
    SpeechCodec.SPEEX: "#010106",
    SpeechCodec.AMR: "#010107",
    SpeechCodec.CODEC2: "#010108",
}
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "pictophone",
    "font.size": 11,
    "font.family": "sans-serif",
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": LINE,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": LINE,
    "legend.edgecolor": LINE,
}
METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))


def missing() -> str:
    """Return why there can be no plot, or an empty line."""
    return "" if find_spec("matplotlib") else NO_MATPLOTLIB


def svg(results: Sequence[SettingResult], front: Sequence[SettingResult], marked: SettingResult | None) -> str:
    """Return an `<svg>` with a panel for ESTOI and one for PESQ wide; empty without matplotlib or figures."""
    if missing():
        return ""
    import matplotlib

    with matplotlib.rc_context(STYLE):
        return _coloured(_drawn(results, front, marked))


def _drawn(results: Sequence[SettingResult], front: Sequence[SettingResult], marked: SettingResult | None) -> str:
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=INCHES, layout="constrained")
    FigureCanvasSVG(figure)
    upper, lower = figure.subplots(2, 1, sharex=True)
    _panel(upper, results, front, marked, "estoi", "ESTOI")
    _panel(lower, results, front, marked, "pesq_wb", "PESQ wide")
    lower.set_xlabel("kbit/s on the wire")
    upper.legend(loc="lower right", framealpha=0)
    file = io.StringIO()
    figure.savefig(file, format="svg", transparent=True, metadata=METADATA)
    return file.getvalue()


def _panel(
    axes: Axes,
    results: Sequence[SettingResult],
    front: Sequence[SettingResult],
    marked: SettingResult | None,
    name: str,
    title: str,
) -> None:
    axes.set_ylabel(title)
    axes.grid(visible=True, linewidth=0.6)
    for codec in TITLES:
        points = _points([result for result in results if result.setting.codec is codec], name)
        if points[0]:
            axes.scatter(*points, s=22, marker=MARKERS[codec], color=BY_CODEC[codec], label=TITLES[codec])
    axes.plot(*_points(front, name), color=OURS, linewidth=1.5, label="Pareto front")
    if marked is not None:
        axes.scatter(*_points([marked], name), s=150, facecolors="none", edgecolors=OURS, linewidths=2)


def _points(results: Sequence[SettingResult], name: str) -> tuple[list[float], list[Any]]:
    known = [result for result in results if getattr(result.scores, name) is not None]
    return [result.wire_kbps for result in known], [getattr(result.scores, name) for result in known]


def _coloured(text: str) -> str:
    for colour, variable in COLOURS.items():
        text = text.replace(colour, variable)
    return text[text.index("<svg") :]
