"""Prints each figure beside its ceiling: ``python -m tests.bench [FIGURE ...] [--rounds N]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from tests.bench import editing, growing, listing, peers, plans, serving, starting, travelling
from tests.bench.figures import Options, Table
from tests.environments import CannotMake

FIGURES: dict[str, Callable[[Options], Table]] = {
    "cold": starting.cold_start,
    "peers": peers.peers,
    "memory": starting.memory,
    "reads": serving.reads,
    "writes": serving.writes,
    "edits": editing.edits,
    "reset": serving.resets,
    "restore": serving.restores,
    "decade": travelling.decade,
    "fleet": travelling.fleet,
    "growth": growing.growth,
    "years": growing.years,
    "page": listing.page,
    "plans": plans.query_plans,
    "million": plans.million_on_sqlite,
    "million-postgresql": plans.million_on_postgresql,
}
LONG = ("peers", "fleet", "growth", "years", "million", "million-postgresql")
"""What takes minutes each is only done when it is asked for."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the figures asked for and print each as soon as it is there."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "figures",
        nargs="*",
        metavar="FIGURE",
        help=f"any of {', '.join(FIGURES)}; if none, all but those that take minutes: "
        f"{', '.join(LONG)}",
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often (%(default)s)")
    parser.add_argument(
        "--small", action="store_true", help="next to no work: only shows that everything runs"
    )
    asked = parser.parse_args(arguments)
    unknown = set(asked.figures) - set(FIGURES)
    if unknown:
        parser.error(f"no such figure: {', '.join(sorted(unknown))}")
    options = Options(asked.rounds, asked.small)
    for name in asked.figures or [each for each in FIGURES if each not in LONG]:
        try:
            table = FIGURES[name](options)
        except CannotMake as problem:
            sys.stderr.write(f"{name}: {problem}\n")
            return 1
        sys.stdout.write(f"{table.markdown()}\n\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
