"""The query plans of the lists and of the due work, as SQLite makes them for what was really run.

A world is driven in process while the connection's trace collects every statement; each is then
explained on the same connection.
"""

from __future__ import annotations

import asyncio
import re
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from app.main import create_app
from app.settings import Settings
from tests.bench.figures import Options, Table
from tests.bench.worlds import (
    ITEM,
    POLICY,
    VAULT,
    VERSION,
    a_job,
    make_small_world,
    policy,
    small_world,
)

BIG = ("jobs", "recovery_points", "items", "operations", "resources")
"""Tables that grow with use: no list and no due-work statement may read one as a whole."""

# An index with a condition of its own holds due rows only: reading all of it is reading those.
_DUE_ONLY = re.compile(r"USING (?:COVERING )?INDEX ix_(?:jobs_due_at|items_\w+_at|\w+_sweep_at)\b")
_SCAN = re.compile(rf"^SCAN (?:{'|'.join(BIG)})\b")
_READ_OR_WRITE = re.compile(r"\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)


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


def collect() -> list[Plan]:
    """Drive a small world and return the plan of every different statement."""
    return asyncio.run(_collect())


async def _collect() -> list[Plan]:
    start = datetime(2026, 1, 1, 12, tzinfo=UTC)
    app = create_app(
        Settings(clock_mode="frozen", start_time=start, https_port=None, run_engine=False)
    )
    engine = app.state.engine
    with engine.database.reading() as connection:
        raw: Any = connection.connection.driver_connection
    transport = httpx.ASGITransport(app)
    found: dict[tuple[str, str], Plan] = {}
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        job = await _make(client)
        for doing, act in _doings(client, job).items():
            for statement in await _traced(raw, act):
                shape = re.sub(r"'[^']*'|\b\d+\b", "?", " ".join(statement.split()))
                if (doing, shape) not in found:
                    found[doing, shape] = Plan(doing, shape, _explain(raw, statement))
    engine.database.close()
    return list(found.values())


async def _make(client: httpx.AsyncClient) -> str:
    """Make the small world with a job in it, though the setting-up code speaks synchronously."""
    steps = _Synchronous(client, asyncio.get_running_loop())
    return await asyncio.to_thread(lambda: (make_small_world(steps), a_job(steps))[1])  # type: ignore[arg-type, func-returns-value]


class _Synchronous:
    """The few verbs of ``httpx.Client`` that ``worlds`` uses, on a loop in another thread."""

    def __init__(self, client: httpx.AsyncClient, loop: asyncio.AbstractEventLoop) -> None:
        self._client = client
        self._loop = loop

    def request(self, method: str, path: str, json: Any = None) -> httpx.Response:
        """Send a request and wait for the answer."""
        sending = self._client.request(method, path, json=json)
        return asyncio.run_coroutine_threadsafe(sending, self._loop).result()

    def get(self, path: str) -> httpx.Response:
        """Send a GET."""
        return self.request("GET", path)

    def post(self, path: str, json: Any = None) -> httpx.Response:
        """Send a POST."""
        return self.request("POST", path, json)


def _doings(client: httpx.AsyncClient, job: str) -> dict[str, Callable[[], Awaitable[Any]]]:
    def get(path: str) -> Callable[[], Awaitable[Any]]:
        async def act() -> None:
            (await client.get(path)).raise_for_status()

        return act

    def jobs(text: str) -> Callable[[], Awaitable[Any]]:
        return get(f"{VAULT}/backupJobs?{VERSION}&$filter={text}")

    def items(text: str) -> Callable[[], Awaitable[Any]]:
        return get(f"{VAULT}/backupProtectedItems?{VERSION}&$filter={text}")

    async def three_days() -> None:
        path = "/_emulator/clock/advance"
        (await client.post(path, json={"by": "P3D"})).raise_for_status()

    async def edit() -> None:
        body = {"properties": policy(31, gfs=True)}
        (await client.put(f"{POLICY}?{VERSION}", json=body)).raise_for_status()

    async def back_up() -> None:
        body = {"properties": {"objectType": "IaasVMBackupRequest"}}
        (await client.post(f"{ITEM}/backup?{VERSION}", json=body)).raise_for_status()

    async def protect_again() -> None:
        _, path, body = small_world()[-1]
        (await client.put(path, json=body)).raise_for_status()

    return {
        "GET vault": get(f"{VAULT}?{VERSION}"),
        "GET job": get(f"{job}?{VERSION}"),
        "list jobs": get(f"{VAULT}/backupJobs?{VERSION}"),
        "list running jobs": jobs("status eq 'InProgress' and operation eq 'Backup'"),
        "list failed jobs": jobs("status eq 'Failed' and endTime eq '2030-01-01'"),
        "list restores": jobs("operation eq 'Restore' and startTime eq '2020-01-01'"),
        "list completed backups": jobs("operation eq 'Backup' and status eq 'Completed'"),
        "next page of jobs": get(
            f"{VAULT}/backupJobs?{VERSION}&$skipToken="
            + urlsafe_b64encode(b'[1767225600000000, 0, "f"]').decode()
        ),
        "list items of a policy": items("policyName eq 'DefaultPolicy'"),
        "list items by health": items("healthState eq 'ActionRequired'"),
        "list recovery points": get(f"{ITEM}/recoveryPoints?{VERSION}"),
        "list protected items": get(f"{VAULT}/backupProtectedItems?{VERSION}"),
        "list what could be protected": get(f"{VAULT}/backupProtectableItems?{VERSION}"),
        "list policies": get(f"{VAULT}/backupPolicies?{VERSION}"),
        "three days of due work": three_days,
        "edit a policy with items": edit,
        "back up on demand": back_up,
        "protect what is protected": protect_again,
    }


async def _traced(raw: Any, act: Callable[[], Awaitable[Any]]) -> list[str]:
    seen: list[str] = []
    raw.set_trace_callback(seen.append)
    try:
        await act()
    finally:
        raw.set_trace_callback(None)
    return [statement for statement in seen if _READ_OR_WRITE.match(statement)]


def _explain(raw: Any, statement: str) -> tuple[str, ...]:
    return tuple(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}"))


def query_plans(_options: Options) -> Table:
    """The plans of the statements on tables that grow."""
    table = Table(
        "Query plans of lists and due work (tables that grow)",
        ("doing", "statement", "plan"),
        ("Target: no SCAN of a table that grows, but for an index that holds due rows only.",),
    )
    for plan in collect():
        if any(re.search(rf"\b{name}\b", plan.statement) for name in BIG):
            table.add(plan.doing, _head(plan.statement), "; ".join(plan.lines))
    return table


def _head(statement: str) -> str:
    """Return what tells a statement from the others: its table and its condition."""
    text = re.sub(r"^SELECT .*? FROM ", "SELECT .. FROM ", statement)
    text = re.sub(r" SET .*? (?=FROM|WHERE)", " SET .. ", text)
    text = re.sub(r"\(\w+(?:, \w+){3,}\) SELECT .*? FROM", "(..) SELECT .. FROM", text)
    return f"`{text if len(text) <= 150 else text[:147] + '...'}`"
