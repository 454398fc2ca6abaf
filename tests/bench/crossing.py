"""Crossing time in process: by the engine, or by the same rows moved by the plain driver.

Run as ``python -m tests.bench.crossing`` with a task on standard input: ``how`` (engine or plain),
``database``, ``vms``, ``days``, ``keep`` and ``gfs``, or ``four`` for four policies. A process of
its own, so that its memory is its own.
"""

from __future__ import annotations

import asyncio
import json
import sys
from time import perf_counter, process_time
from typing import Any

from sqlalchemy import func, select

from app.engine.worker import Engine
from app.store.tables import jobs, recovery_points
from tests.bench import plain
from tests.bench.processes import memory_mib
from tests.bench.worlds import fleet, four_policies, policy, target


def cross(engine: Engine, days: int) -> None:
    """Let the engine cross so many days in one advance."""
    asyncio.run(engine.advance(target(days)))


def run(task: dict[str, Any]) -> dict[str, Any]:
    """Make the world, cross it, and return what that cost."""
    one = policy(task.get("keep", 30), gfs=task.get("gfs", False))
    engine = fleet(task["database"], task["vms"], four_policies() if task.get("four") else [one])
    days = task["days"]
    slots = plain.slots(engine, days) if task["how"] == "plain" else []
    before = memory_mib()[0]
    line = engine.database.engine.connect()
    raw: Any = line.connection.driver_connection
    on_sqlite = engine.database.engine.dialect.name == "sqlite"
    began, used = perf_counter(), process_time()
    if task["how"] == "plain":
        plain.cross(raw, slots, on_sqlite=on_sqlite)
    else:
        cross(engine, days)
    seconds, cpu = perf_counter() - began, process_time() - used
    line.close()
    result = {
        "seconds": seconds,
        "cpu": cpu,
        "rss_before": before,
        "rss_after": memory_mib()[0],
        **_counts(engine),
    }
    engine.database.close()
    return result


def _counts(engine: Engine) -> dict[str, int]:
    with engine.database.reading() as connection:
        return {
            "jobs": connection.execute(select(func.count()).select_from(jobs)).scalar_one(),
            "points": connection.execute(
                select(func.count()).select_from(recovery_points)
            ).scalar_one(),
        }


def main() -> None:
    """Run the task on standard input."""
    sys.stdout.write(json.dumps(run(json.load(sys.stdin))))


if __name__ == "__main__":
    main()
