"""Figure 8: a page of 200 recovery points, out of ten thousand rows and out of a million."""

from __future__ import annotations

import sqlite3
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

import httpx

from app.domain.instants import DAY, parse
from tests.bench.figures import Options, Table, ratios, summary
from tests.bench.processes import rsvault, serving
from tests.bench.serving import Candidate
from tests.bench.worlds import ITEM, START, VERSION, make_small_world

POINTS_OF_AN_ITEM = 1000

_FILL = """
WITH RECURSIVE
  others (number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM others WHERE number < :items - 1),
  days (day) AS (SELECT 1 UNION ALL SELECT day + 1 FROM days WHERE day < :points)
INSERT INTO recovery_points (item_key, taken_at, visible_at, vaulted_at, snapshot_valid,
  instant_until, expires_at, sweep_at, rule, consistency, disk_set_key, vm_size)
SELECT CASE number WHEN :middle THEN items.key ELSE (number + 1) * 1000003 END,
  :start - day * :day, :start - day * :day, :start - day * :day, 0, :start,
  :later + day, :later + day,
  'Daily', 'FileSystemConsistent', items.disk_set_key, items.source_size
FROM others, days, items
"""


def fill(path: Path, rows: int) -> None:
    """Insert recovery points: a thousand of the one item there is, the rest of others."""
    start = parse(START)
    items = rows // POINTS_OF_AN_ITEM
    values = {
        "items": items,
        "middle": items // 2,
        "points": POINTS_OF_AN_ITEM,
        "start": start,
        "day": DAY,
        "later": start + 9999 * DAY,
    }
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA cache_size = -262144")
    connection.execute(_FILL, values)
    connection.commit()
    found = connection.execute("SELECT count(*) FROM recovery_points").fetchone()[0]
    assert found == rows
    connection.close()


def page(options: Options) -> Table:
    """One page of 200, the first and the third, beside the number of rows in the table."""
    few, many = 10_000, options.scaled(1_000_000, 20_000)
    seen: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        candidates = []
        for rows in (few, many):
            path = folder / f"{rows}.db"
            command = rsvault(database=f"sqlite:///{path}")
            with serving(command) as empty, httpx.Client(base_url=empty.url, timeout=60) as client:
                make_small_world(client)
            fill(path, rows)
            server = stack.enter_context(serving(command))
            candidates += [
                Candidate(f"page {number} of {rows}", server, [("GET", link, None)])
                for number, link in _pages(server.url)
            ]
        for _ in range(options.rounds):
            for candidate in candidates:
                for figure, value in candidate.run(options.scaled(40, 4), 1).items():
                    seen[candidate.name][figure].append(value)
    table = Table(
        f"A page of 200 recovery points, file database, one item's {POINTS_OF_AN_ITEM} among all",
        ("page of rows", "p50 ms", "CPU ms", f"p50 x {few} rows", f"CPU x {few} rows"),
        (f"Target: at most 1.5 x the time with {few} rows.",),
    )
    for name, values in seen.items():
        base = seen[f"{' '.join(name.split()[:2])} of {few}"]
        table.add(
            name,
            summary([each / 1000 for each in values["p50"]]),
            summary([each / 1000 for each in values["cpu"]]),
            *(summary(ratios(values[figure], base[figure])) for figure in ("p50", "cpu")),
        )
    return table


def _pages(url: str) -> list[tuple[int, str]]:
    """Return the paths of the first and the third page."""
    with httpx.Client(timeout=60) as client:
        link = first = f"{url}{ITEM}/recoveryPoints?{VERSION}"
        for _ in range(2):
            answer = client.get(link).raise_for_status().json()
            assert len(answer["value"]) == 200
            link = answer["nextLink"]
    return [(1, first.removeprefix(url)), (3, link.removeprefix(url))]
