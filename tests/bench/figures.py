"""What a figure is made of: values of many rounds, and a table that shows their medians.

A ratio is taken inside each round and only then summed up, so that a slow minute of the machine
slows both sides of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

_WIDEST = 60


@dataclass(frozen=True)
class Options:
    """How a run measures; ``small`` only shows that a figure can be taken at all."""

    rounds: int = 5
    small: bool = False

    def scaled(self, whole: int, small: int) -> int:
        """Return how much of something to do."""
        return small if self.small else whole


@dataclass
class Table:
    """One figure: a title, columns and rows, and what a reader should know."""

    title: str
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        """Add a row."""
        self.rows.append(cells)

    def markdown(self) -> str:
        """Return the table as Markdown that is also readable as it is."""
        everything = [self.columns, *self.rows]
        widths = [
            min(max(len(row[at]) for row in everything), _WIDEST) for at in range(len(self.columns))
        ]
        lines = [_line(row, widths) for row in everything]
        lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
        return "\n".join([f"### {self.title}", "", *lines, "", *self.notes])


def _line(row: tuple[str, ...], widths: Sequence[int]) -> str:
    cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
    return f"| {' | '.join(cells)} |"


def summary(values: Sequence[float]) -> str:
    """Return ``median [lowest..highest]``."""
    if not values:
        return "-"
    shown = [_short(value) for value in (median(values), min(values), max(values))]
    return f"{shown[0]} [{shown[1]}..{shown[2]}]"


def _short(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def ratios(mine: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Return one side over the other, round by round."""
    return [own / other for own, other in zip(mine, theirs, strict=True)]


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which a share of the sorted values lies."""
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
