"""Ten years of one VM, and a year of a thousand on four policies."""

from __future__ import annotations

from collections import defaultdict
from time import perf_counter
from typing import Any

import httpx

from app.domain.instants import wire
from tests.bench.databases import KINDS, place
from tests.bench.figures import Options, Table, ratios, summary
from tests.bench.processes import Server, rsvault, run_task, serving
from tests.bench.worlds import make_small_world, target

_TASK = "tests.bench.crossing"


_LONG = 1
"""How often what takes minutes is measured, unless fewer rounds are asked for."""


def crossing(how: str, kind: str, **task: Any) -> dict[str, float]:
    """Cross time in a fresh process, on a fresh database."""
    with place(kind) as made:
        return run_task(_TASK, {"how": how, "database": made.database, **task})


def decade(options: Options) -> Table:
    """Ten years of daily backups of one VM."""
    days = options.scaled(3653, 20)
    seconds: dict[str, list[float]] = defaultdict(list)
    cpus: dict[str, list[float]] = defaultdict(list)

    def note(name: str, wall: float, cpu: float) -> None:
        seconds[name].append(wall)
        cpus[name].append(cpu)

    for _ in range(options.rounds):
        for kind in KINDS:
            for how in ("engine", "plain"):
                took = crossing(how, kind, vms=1, days=days, gfs=True)
                note(f"{how}, {kind}", took["seconds"], took["cpu"])
            note(f"over HTTP, {kind}", *_over_http(kind, days))
    table = Table(
        f"{days} days of daily backups of one VM (weekly to yearly retention)",
        ("what", "seconds", "CPU s", "x plain"),
        ("Target: 1 s. `plain`: the same row changes, one transaction a day, by the driver.",),
    )
    for name, values in seconds.items():
        kind = name.rpartition(", ")[2]
        least = ratios(values, seconds[f"plain, {kind}"])
        table.add(name, summary(values), summary(cpus[name]), summary(least))
    return table


def _over_http(kind: str, days: int) -> tuple[float, float]:
    with place(kind) as made, serving(rsvault(database=made.database)) as server:
        return _advance(server, days)


def _advance(server: Server, days: int) -> tuple[float, float]:
    with httpx.Client(base_url=server.url, timeout=None) as client:
        make_small_world(client)
        began, used = perf_counter(), server.cpu()
        path = "/_emulator/clock/advance"
        client.post(path, json={"to": wire(target(days))}).raise_for_status()
        return perf_counter() - began, server.cpu() - used


def fleet(options: Options) -> Table:
    """A thousand VMs for a year on four policies; on PostgreSQL for two months."""
    vms, year = options.scaled(1000, 20), options.scaled(365, 5)
    table = Table(
        f"{vms} VMs on four policies: daily to yearly, weekly, hourly (every 4 h), Enhanced daily",
        ("what", "backups", "seconds", "backups/s", "speed x plain", "CPU x plain", "RSS MiB"),
        (
            "Target: at least 0.4 x the speed of the plain driver; memory flat: RSS before and "
            "after. A database in memory grows by its rows.",
        ),
    )
    for kind in KINDS:
        days = year if kind != "postgresql" else min(year, 60)
        seen: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for _ in range(min(options.rounds, _LONG)):
            for how in ("engine", "plain"):
                for figure, value in crossing(how, kind, vms=vms, days=days, four=True).items():
                    seen[how][figure].append(value)
        for how, values in seen.items():
            least, [backups, *_] = seen["plain"], values["jobs"]
            table.add(
                f"{how}, {kind}, {days} days",
                f"{backups}",
                summary(values["seconds"]),
                summary([backups / each for each in values["seconds"]]),
                summary(ratios(least["seconds"], values["seconds"])),
                summary(ratios(values["cpu"], least["cpu"])),
                f"{summary(values['rss_before'])}, {summary(values['rss_after'])}",
            )
        rows = {(values["jobs"][0], values["points"][0]) for values in seen.values()}
        assert len(rows) == 1, f"the engine and the plain driver left other rows: {rows}"
    return table
