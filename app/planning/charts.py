"""The report as a picture: one SVG of three panels, made of the report's document alone.

Colours are those of the page that shows it, light or dark. What a panel shows is also told in
words, for those who do not see it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from ..domain.instants import DAY, parse, wire
from .plans import days_in_words
from .wording import gigabytes, number, several

Report = Mapping[str, Any]

WIDTH, LEFT, RIGHT = 940, 96, 24
PLOT = WIDTH - LEFT - RIGHT
PANEL, GAP, TOP = 190, 76, 84
HEIGHT = TOP + 3 * (PANEL + GAP)

STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2733; }
.page { fill: #ffffff; }
.title { font-size: 19px; font-weight: 600; }
.panel { font-size: 14px; font-weight: 600; }
.quiet { fill: #5b6675; }
.grid { stroke: #dde2e8; stroke-width: 1; }
.peak { fill: #f4dfb5; }
.starts { fill: #2f6fb5; }
.most { stroke: #b0452c; fill: none; stroke-width: 2; }
.vault { fill: #2f6fb5; }
.snapshot { fill: #e0912f; }
.edge { fill: none; stroke: #2f6fb5; stroke-width: 2; }
.edit { stroke: #b0452c; stroke-width: 1.5; stroke-dasharray: 5 4; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6e9ee; }
  .page { fill: #14181f; }
  .quiet { fill: #9aa5b4; }
  .grid { stroke: #2c3440; }
  .peak { fill: #4a3c1c; }
  .starts, .vault { fill: #5b9be0; }
  .snapshot { fill: #e3a350; }
  .most, .edit { stroke: #f08a6c; }
  .edge { stroke: #5b9be0; }
}
"""


def svg(report: Report) -> str:
    """Return the picture as the text of an SVG file."""
    vms = several(report["vms"]["protected"], "VM")
    title = f"Backup plan of {vms}, {report['start'][:10]} to {report['end'][:10]}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img" aria-labelledby="title about">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="about">{escape(_in_words(report))}</desc>',
        f"<style>{STYLE}</style>",
        f'<rect class="page" width="{WIDTH}" height="{HEIGHT}"/>',
        _text(LEFT, 36, title, "title"),
        _text(LEFT, 58, f"Times are {report['timeZone']}", "quiet"),
    ]
    for index, panel in enumerate((_day, _points, _stored)):
        lines.append(f'<g transform="translate({LEFT} {TOP + 30 + index * (PANEL + GAP)})">')
        lines += panel(report)
        lines.append("</g>")
    return "\n".join([*lines, "</svg>"]) + "\n"


def _in_words(report: Report) -> str:
    day, last, peak = report["day"], report["series"][-1], report["peak"]
    busiest = max(day["hours"], key=lambda hour: hour["startsADay"])
    return (
        f"Most backups start in hour {busiest['hour']:02d}: {number(busiest['startsADay'])} a day. "
        f"{number(peak['starts'])} of {number(peak['backups'])} start in the peak hours "
        f"{peak['hours']} {days_in_words(peak['days'])}. At the end there are "
        f"{several(last['points'], 'recovery point')}, {gigabytes(last['snapshotGB'])} of "
        f"snapshots and {gigabytes(last['vaultGB'])} in the vault."
    )


# --- panels ------------------------------------------------------------------------------------


def _day(report: Report) -> Iterator[str]:
    hours = report["day"]["hours"]
    top = _nice(max(max(hour["startsADay"], hour["transfersAtOnce"]) for hour in hours))
    width = PLOT / 24
    for first, last in _runs([hour["peak"] for hour in hours]):
        yield _rect(first * width, 0, (last - first) * width, PANEL, "peak")
    yield from _frame("Backups by hour of the day", top, number)
    shown = (("starts", "starts a day"), ("most", "most transfers at once"), ("peak", "peak"))
    yield from _legend(shown)
    for hour in hours:
        x, height = hour["hour"] * width, PANEL * hour["startsADay"] / top
        if height:
            yield _rect(x + 4, PANEL - height, width - 8, height, "starts")
        if hour["transfersAtOnce"]:
            y = PANEL - PANEL * hour["transfersAtOnce"] / top
            yield f'<path class="most" d="M{x:.1f} {y:.1f}h{width:.1f}"/>'
        if hour["hour"] % 2 == 0:
            yield _text(x + width / 2, PANEL + 18, f"{hour['hour']:02d}", "quiet", "middle")


def _runs(flags: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Return where flags are set: the first of each run, and the one after its last."""
    for first, flag in enumerate(flags):
        if flag and not (first and flags[first - 1]):
            over = (each for each in range(first, len(flags)) if not flags[each])
            yield first, next(over, len(flags))


def _points(report: Report) -> Iterator[str]:
    series = report["series"]
    top = _nice(max(sample["points"] for sample in series))
    yield from _frame("Live recovery points", top, number)
    yield from _legend((("vault", "in the vault"), ("snapshot", "in the snapshot tier")))
    yield _area(report, [0.0] * len(series), _values(series, "vaultPoints"), top, "vault", 0.25)
    yield _line(report, _values(series, "vaultPoints"), top)
    snapshots = _values(series, "snapshotPoints")
    yield _area(report, [0.0] * len(series), snapshots, top, "snapshot", 0.7)
    yield from _dates(report)


def _stored(report: Report) -> Iterator[str]:
    series = report["series"]
    vault = _values(series, "vaultGB")
    both = [low + more for low, more in zip(vault, _values(series, "snapshotGB"), strict=True)]
    top = _nice(max(both))
    yield from _frame("Stored GB", top, number)
    yield from _legend((("vault", "vault"), ("snapshot", "snapshots, on top")))
    yield _area(report, [0.0] * len(series), vault, top, "vault", 0.85)
    yield _area(report, vault, both, top, "snapshot", 0.85)
    yield from _dates(report)


def _values(series: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    return [float(sample[name]) for sample in series]


# --- parts of a panel --------------------------------------------------------------------------


def _frame(title: str, top: float, shown: Callable[[float], str]) -> Iterator[str]:
    yield _text(0, -14, title, "panel")
    for quarter in range(5):
        y = PANEL - PANEL * quarter / 4
        yield f'<path class="grid" d="M0 {y:.1f}h{PLOT}"/>'
        yield _text(-10, y + 4, shown(top * quarter / 4), "quiet", "end")


def _legend(entries: Sequence[tuple[str, str]]) -> Iterator[str]:
    x = PLOT
    for style, words in reversed(entries):
        x -= 7 * len(words)
        yield _text(x, -14, words, "quiet")
        x -= 18
        mark = f'<path class="most" d="M{x} -18h12"/>'
        yield mark if style == "most" else _rect(x, -24, 12, 12, style)
        x -= 16


def _dates(report: Report) -> Iterator[str]:
    start, end = parse(report["start"]), parse(report["end"])
    years = (end - start) / DAY > 900
    for sixth in range(7):
        at = start + (end - start) * sixth // 6
        sample = wire(at)[:7] if years else wire(at)[:10]
        anchor = "start" if sixth == 0 else "end" if sixth == 6 else "middle"
        yield _text(PLOT * sixth / 6, PANEL + 18, sample, "quiet", anchor)
    for edit in report["edits"]:
        x = PLOT * (parse(edit["at"]) - start) / (end - start)
        told = escape(_edit(edit))
        yield f'<path class="edit" d="M{x:.1f} 0v{PANEL}"><title>{told}</title></path>'


def _edit(edit: Mapping[str, Any]) -> str:
    deleted = several(edit["points"], "point")
    return f"{edit['at'][:10]}: {edit['policy']} is edited, {deleted} deleted"


def _area(
    report: Report,
    low: Sequence[float],
    high: Sequence[float],
    top: float,
    style: str,
    opacity: float,
) -> str:
    there = _corners(report, high, top)
    back = reversed(_corners(report, low, top))
    points = " ".join([*there, *back])
    return f'<polygon class="{style}" fill-opacity="{opacity}" points="{points}"/>'


def _line(report: Report, values: Sequence[float], top: float) -> str:
    return f'<polyline class="edge" points="{" ".join(_corners(report, values, top))}"/>'


def _corners(report: Report, values: Sequence[float], top: float) -> list[str]:
    start, end = parse(report["start"]), parse(report["end"])
    across = [PLOT * (parse(sample["at"]) - start) / (end - start) for sample in report["series"]]
    down = [PANEL - PANEL * value / top for value in values]
    return [f"{x:.1f},{y:.1f}" for x, y in zip(across, down, strict=True)]


def _nice(value: float) -> float:
    """Return a round number that is not below a value, and easy to quarter."""
    if value <= 4:
        return 4.0
    size = 10.0 ** math.floor(math.log10(value))
    steps = (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10)
    return next(size * step for step in steps if size * step >= value)


def _rect(x: float, y: float, width: float, height: float, style: str) -> str:
    return (
        f'<rect class="{style}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'
    )


def _text(x: float, y: float, words: str, style: str, anchor: str = "start") -> str:
    end = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}"{end}>{escape(words)}</text>'
