"""The query plans of the lists and of the due work, as SQLite makes them for what was really run.

A world is driven in process while the connection's trace collects every statement; each is then
explained on the same connection.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

import httpx

from app.domain.instants import parse, to_datetime
from app.engine.worker import Engine
from app.main import create_app
from app.settings import Settings
from tests.bench import millions
from tests.bench.databases import place
from tests.bench.doings import doings, make
from tests.bench.explaining import explaining
from tests.bench.figures import Options, Table
from tests.bench.worlds import START

BIG = ("jobs", "recovery_points", "items", "operations", "resources", "alerts")
"""Tables that grow with use: no list and no due-work statement may read one as a whole."""

# An index with a condition of its own holds due rows only: reading all of it is reading those.
_DUE_ONLY = re.compile(
    r"USING (?:COVERING )?INDEX ix_(?:jobs_due_at|items_\w+_at|\w+_sweep_at|alerts_open_item)\b"
)
_SCAN = re.compile(
    rf"^SCAN (?:{'|'.join(BIG)})\b|^(?:Parallel )?Seq Scan on (?:jobs|recovery_points)\b"
)


@dataclass(frozen=True)
class Plan:
    """A statement of one doing, and how it is carried out."""

    doing: str
    statement: str
    lines: tuple[str, ...]

    @property
    def scans(self) -> list[str]:
        """The lines that read a big table from one end to the other."""
        return [line for line in self.lines if _SCAN.match(line) and not _DUE_ONLY.search(line)]


def collect(database: str = "memory", enlarged: int = 0) -> list[Plan]:
    """Drive a small world, or an enlarged one; return the plan of every different statement."""
    return asyncio.run(_collect(database, enlarged))


async def _collect(database: str, enlarged: int) -> list[Plan]:
    app = create_app(
        Settings(
            database=database,
            clock_mode="frozen",
            start_time=to_datetime(parse(START)),
            https_port=None,
            run_engine=False,
        )
    )
    engine: Engine = app.state.engine
    transport = httpx.ASGITransport(app)
    found: dict[tuple[str, str], Plan] = {}
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        job, point = await make(client)
        if enlarged:
            millions.enlarge(engine, enlarged)
        with explaining(engine) as take:
            for doing, act in doings(client, job, point).items():
                await act()
                for statement, lines in take():
                    shape = re.sub(r"'[^']*'|\b\d+\b", "?", " ".join(statement.split()))
                    found.setdefault((doing, shape), Plan(doing, shape, lines))
    engine.database.close()
    return list(found.values())


def query_plans(_options: Options) -> Table:
    """The plans of the statements on tables that grow, in a small world."""
    return _table("Query plans of lists and due work (tables that grow)", collect())


def million_on_sqlite(options: Options) -> Table:
    """The plans with a thousand items, a million recovery points and as many jobs."""
    return _million(options, "file")


def million_on_postgresql(options: Options) -> Table:
    """The same on PostgreSQL, analysed, with what each statement really did."""
    return _million(options, "postgresql")


def _million(options: Options, kind: str) -> Table:
    many = options.scaled(1000, 20)
    with place(kind) as made:
        plans = collect(made.database, many)
    title = f"Query plans, {kind}: {many} items, {many**2} recovery points, {many**2} jobs"
    return _table(title, plans)


def _table(title: str, plans: list[Plan]) -> Table:
    scans = sum(len(plan.scans) for plan in plans)
    table = Table(
        title,
        ("doing", "statement", "plan"),
        (
            "Target: no scan of a table that grows, but for an index that holds due rows only; "
            f"found: {scans}.",
        ),
    )
    for plan in plans:
        if any(re.search(rf"\b{name}\b", plan.statement) for name in BIG):
            table.add(plan.doing, _head(plan.statement), "; ".join(plan.lines))
    return table


def _head(statement: str) -> str:
    """Return what tells a statement from the others: its table and its condition."""
    text = re.sub(r"^SELECT .*? FROM ", "SELECT .. FROM ", statement)
    text = re.sub(r" SET .*? (?=FROM|WHERE)", " SET .. ", text)
    text = re.sub(r"\(\w+(?:, \w+){3,}\) SELECT .*? FROM", "(..) SELECT .. FROM", text)
    return f"`{text if len(text) <= 150 else text[:147] + '...'}`"
