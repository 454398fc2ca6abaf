"""Figures 3 to 5: requests a second and their latencies, for reads, writes and resets."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import httpx

from tests.bench.ceilings import ROWS
from tests.bench.databases import KINDS, RAW, place
from tests.bench.figures import Options, Table, ratios, summary
from tests.bench.load import request
from tests.bench.processes import Server, ceiling, rsvault, run_task, serving
from tests.bench.worlds import (
    POLICY,
    VAULT,
    VERSION,
    Request,
    a_job,
    make_small_world,
    policy,
    protected,
    small_world,
)


@dataclass(frozen=True)
class Candidate:
    """A server and what it is asked, over and over."""

    name: str
    server: Server
    requests: list[Request]

    def run(self, count: int, connections: int) -> dict[str, float]:
        """Load the server; return what the client saw, and ``cpu`` in microseconds a request."""
        port = self.server.port
        task = {
            "port": port,
            "requests": [request(method, path, port, body) for method, path, body in self.requests],
            "connections": connections,
            "count": count,
        }
        before = self.server.cpu()
        seen = run_task("tests.bench.load", task)
        statuses = seen.pop("statuses")
        assert all(status.startswith("2") for status in statuses), f"{self.name}: {statuses}"
        return seen | {
            "cpu": (self.server.cpu() - before) / count * 1e6,
            "rate": count / seen["seconds"],
        }


Rounds = dict[str, dict[str, list[float]]]


def _interleave(
    candidates: list[Candidate], options: Options, count: int, connections: int
) -> Rounds:
    """Load each candidate in turn, round after round; return every figure's values by name."""
    found: Rounds = defaultdict(lambda: defaultdict(list))
    for candidate in candidates:
        candidate.run(max(count // 4, len(candidate.requests)), connections)
    for _ in range(options.rounds):
        for candidate in candidates:
            for figure, value in candidate.run(count, connections).items():
                found[candidate.name][figure].append(value)
    return found


def reads(options: Options) -> Table:
    """GET a vault and GET a job on sixteen connections."""
    rows: list[Request] = [("GET", f"/rows/{key}", None) for key in range(0, ROWS, 10)]
    with ExitStack() as stack:
        bare = stack.enter_context(serving(ceiling("bare")))
        candidates = [Candidate("bare uvicorn", bare, [("GET", "/", None)])]
        for kind in ("memory", "postgresql"):
            made = stack.enter_context(place(kind))
            ours = stack.enter_context(serving(rsvault(database=made.database)))
            with httpx.Client(base_url=ours.url, timeout=60) as client:
                make_small_world(client)
                job = a_job(client)
            selecting = stack.enter_context(serving(ceiling("select", made.plain)))
            candidates += [
                Candidate(f"GET vault, {kind}", ours, [("GET", f"{VAULT}?{VERSION}", None)]),
                Candidate(f"GET job, {kind}", ours, [("GET", f"{job}?{VERSION}", None)]),
                Candidate(f"FastAPI + {RAW[kind]} SELECT, {kind}", selecting, rows),
            ]
        found = _interleave(candidates, options, options.scaled(4000, 200), 16)
    table = Table(
        "Reads, 16 keep-alive connections",
        ("request", "req/s", "p50 us", "p99 us", "CPU us", "req/s x SELECT", "CPU x SELECT"),
        (
            "Target: req/s at least 0.4 x the raw SELECT (CPU at most 2.5 x). On PostgreSQL the "
            "SELECT is one journey to the server, without a transaction around it.",
        ),
    )
    for name, seen in found.items():
        kind = name.rpartition(", ")[2]
        kind = kind if kind in RAW else "memory"
        least = found[f"FastAPI + {RAW[kind]} SELECT, {kind}"]
        table.add(
            name,
            *(summary(seen[figure]) for figure in ("rate", "p50", "p99", "cpu")),
            *(summary(ratios(seen[figure], least[figure])) for figure in ("rate", "cpu")),
        )
    return table


def _policies() -> list[Request]:
    """Return edits of a hundred policies, each of them a change."""
    return [
        ("PUT", f"{POLICY}-{name}?{VERSION}", {"properties": policy(days)})
        for days in (30, 31)
        for name in range(100)
    ]


def writes(options: Options) -> Table:
    """PUT a policy: validated, stored and committed before the answer."""
    table = Table(
        "PUT policy (validated, committed)",
        ("server", "connections", "req/s", "p50 us", "p99 us", "p99 / p50", "CPU us", "x upsert"),
        (
            "`x upsert`: req/s over a FastAPI route that validates the same body, upserts one row "
            "by the raw driver and commits. Target: p99 within 10 x p50.",
        ),
    )
    with ExitStack() as stack:
        candidates = []
        for kind in KINDS:
            made = stack.enter_context(place(kind))
            # All in one instant: counted as always, but with no day to be over.
            often = ("--limit", "policy-changes-per-day=1000000000")
            ours = stack.enter_context(serving(rsvault(*often, database=made.database)))
            with httpx.Client(base_url=ours.url, timeout=60) as client:
                make_small_world(client)
            candidates.append(Candidate(f"rsvault, {kind}", ours, _policies()))
            upserting = stack.enter_context(serving(ceiling("upsert", made.plain)))
            rows: list[Request] = [
                ("PUT", f"/rows/{key}", body) for key, (_, _, body) in enumerate(_policies())
            ]
            candidates.append(Candidate(f"FastAPI + raw upsert, {kind}", upserting, rows))
        for connections in (1, 16):
            found = _interleave(candidates, options, options.scaled(1600, 200), connections)
            _add_writes(table, found, connections)
    return table


def _add_writes(table: Table, found: Rounds, connections: int) -> None:
    for name, seen in found.items():
        kind = name.rpartition(", ")[2]
        least = found[f"FastAPI + raw upsert, {kind}"]
        table.add(
            name,
            str(connections),
            *(summary(seen[figure]) for figure in ("rate", "p50", "p99")),
            summary(ratios(seen["p99"], seen["p50"])),
            summary(seen["cpu"]),
            summary(ratios(seen["rate"], least["rate"])),
        )


def resets(options: Options) -> Table:
    """Reset a world of one protected VM, on one connection."""
    return _ending("Reset of a small world", [*small_world(), RESET], options)


def restores(options: Options) -> Table:
    """Restore a saved world of one protected VM, on one connection."""
    saved = "/_emulator/worlds/begun"
    keep, restore = ("PUT", saved, None), ("POST", f"{saved}/restore", None)
    return _ending(
        "Restore of a saved small world", [RESET, *small_world(), keep, restore], options
    )


RESET: Request = ("POST", "/_emulator/reset", None)


def _ending(title: str, cycle: list[Request], options: Options) -> Table:
    """Measure the last of some requests that are sent one after the other, again and again."""
    count = options.scaled(60, 3) * len(cycle)
    seen: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with ExitStack() as stack:
        candidates = []
        for kind in KINDS:
            made = stack.enter_context(place(kind))
            server = stack.enter_context(serving(rsvault(database=made.database)))
            candidates.append(Candidate(kind, server, cycle))
        for _ in range(options.rounds):
            for candidate in candidates:
                for figure, value in candidate.run(count, 1).items():
                    seen[f"rsvault, {candidate.name}"][figure].append(value)
            seen["sqlite3 backup of an empty world into memory"]["last_p50"].append(_copy())
    table = Table(
        f"{title} (one protected VM), over HTTP, one connection",
        ("what", "p50 ms", "p99 ms"),
        ("Target: 2 ms.",),
    )
    for name, values in seen.items():
        milli = {figure: [each / 1000 for each in values[figure]] for figure in values}
        p99 = summary(milli["last_p99"]) if "last_p99" in milli else "-"
        table.add(name, summary(milli["last_p50"]), p99)
    return table


def _copy() -> float:
    """Return the microseconds that it takes to copy an empty world over another in memory."""
    engine = protected("memory", 0, 30)
    with engine.database.reading() as connection:
        template: Any = connection.connection.driver_connection
    world = sqlite3.connect(":memory:")
    taken = []
    for _ in range(21):
        began = perf_counter()
        template.backup(world)
        taken.append(perf_counter() - began)
    world.close()
    engine.database.close()
    return sorted(taken)[10] * 1e6
