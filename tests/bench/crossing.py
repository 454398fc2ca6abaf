"""Crossing time in process: by the engine, or by the same rows moved by the plain driver.

Run as ``python -m tests.bench.crossing`` with a task on standard input: ``how`` (engine, plain or
idle), ``database``, ``vms``, ``days``, ``keep`` and ``gfs``. A process of its own, so that its
memory is its own.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from time import perf_counter, process_time
from typing import Any

from sqlalchemy import func, select

from app.domain.instants import DAY, MINUTE, SECOND, parse
from app.engine.worker import Engine
from app.store.tables import jobs, recovery_points
from tests.bench.processes import memory_mib
from tests.bench.worlds import START, protected, target

_FIRST_SLOT = parse("2026-01-01T22:00:00Z")

# The least that a day of backups has to do. A job's id is as random as the engine's.
_DAY = (
    """INSERT INTO jobs (job_id, vault_key, item_key, operation, phase, status, started_at, due_at,
         user_triggered, ordinal, entity_name, container_name, jitter, keep_micros, rule,
         instant_micros,
         transfer_skipped)
       SELECT lower(hex(randomblob(16))), vault_key, key, 'Backup', 'snapshot', 'InProgress',
         next_backup_at, next_backup_at + :snapshot, false, 0, friendly_name, substr(name, 4), 0,
         :keep, 'Daily', :instant, false
       FROM items WHERE next_backup_at <= :until""",
    """UPDATE items SET snapshot_until = next_backup_at + :snapshot,
         slot_at = slot_at + :day, next_backup_at = next_backup_at + :day
       WHERE next_backup_at <= :until""",
    """INSERT INTO recovery_points (item_key, taken_at, visible_at, snapshot_valid, instant_until,
         expires_at, rule, consistency, disk_set_key, vm_size)
       SELECT jobs.item_key, jobs.started_at + :taken, jobs.due_at, true,
         jobs.started_at + :taken + jobs.instant_micros,
         jobs.started_at + :taken + jobs.keep_micros, jobs.rule,
         'FileSystemConsistent', items.disk_set_key, items.source_size
       FROM jobs JOIN items ON items.key = jobs.item_key
       WHERE jobs.phase = 'snapshot' AND jobs.due_at <= :until
       ORDER BY jobs.item_key""",
    """UPDATE jobs SET phase = 'transfer', snapshot_ended_at = due_at, backup_bytes = 1,
         due_at = due_at + :transfer
       WHERE phase = 'snapshot' AND due_at <= :until""",
    """UPDATE items SET latest_snapshot_at = jobs.started_at + :taken, transfer_until = jobs.due_at
       FROM jobs WHERE jobs.due_at <= :until AND jobs.item_key = items.key
         AND jobs.phase = 'transfer'""",
    """UPDATE recovery_points SET vaulted_at = jobs.due_at, sweep_at = instant_until
       FROM jobs WHERE jobs.due_at <= :until AND jobs.phase = 'transfer'
         AND recovery_points.item_key = jobs.item_key
         AND recovery_points.taken_at = jobs.started_at + :taken""",
    """UPDATE items SET state = 'Protected', last_backup_status = 'Completed',
         last_backup_at = jobs.started_at, latest_vaulted_at = jobs.started_at + :taken
       FROM jobs WHERE jobs.due_at <= :until AND jobs.item_key = items.key
         AND jobs.phase = 'transfer'""",
    """UPDATE jobs SET phase = 'done', status = 'Completed', ended_at = due_at, due_at = NULL
       WHERE phase = 'transfer' AND due_at <= :until""",
    "DELETE FROM recovery_points WHERE sweep_at <= :sweep AND expires_at <= :sweep",
    """UPDATE recovery_points SET snapshot_valid = false, sweep_at = expires_at
       WHERE sweep_at <= :sweep AND snapshot_valid""",
)


def cross(engine: Engine, days: int) -> None:
    """Let the engine cross so many days in one advance."""
    asyncio.run(engine.advance(target(days)))


def _spelled(statement: str) -> str:
    """Return a statement as psycopg takes it."""
    statement = statement.replace("lower(hex(randomblob(16)))", "md5(random()::text)")
    return re.sub(r"(?<!:):(\w+)", r"%(\1)s", statement)


def cross_plainly(connection: Any, days: int, keep: int, *, on_sqlite: bool) -> None:
    """Move the same rows as the engine does: one transaction a virtual day."""
    fixed = {
        "snapshot": 20 * MINUTE,
        "transfer": 60 * MINUTE,
        "taken": 30 * SECOND,
        "day": DAY,
        "keep": keep * DAY,
        "instant": 2 * DAY,
    }
    day = _DAY if on_sqlite else [_spelled(statement) for statement in _DAY]
    for number in range(days):
        slot = _FIRST_SLOT + number * DAY
        values = fixed | {"until": slot + 2 * 60 * MINUTE, "sweep": slot + 2 * 60 * MINUTE}
        connection.execute("BEGIN IMMEDIATE" if on_sqlite else "BEGIN")
        for statement in day:
            connection.execute(statement, values)
        connection.execute("COMMIT")


def run(task: dict[str, Any]) -> dict[str, Any]:
    """Make the world, cross it, and return what that cost."""
    keep = task.get("keep", 30)
    engine = protected(task["database"], task["vms"], keep, gfs=task.get("gfs", False))
    days = task["days"]
    before = memory_mib()[0]
    line = engine.database.engine.connect()
    raw: Any = line.connection.driver_connection
    on_sqlite = engine.database.engine.dialect.name == "sqlite"
    began, used = perf_counter(), process_time()
    if task["how"] == "plain":
        cross_plainly(raw, days, keep, on_sqlite=on_sqlite)
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
    assert parse(START) < _FIRST_SLOT
    main()
