"""A world of a thousand items with a thousand recovery points and as many jobs each."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert, select, update

from app.domain.instants import DAY, MINUTE
from app.engine.worker import Engine
from app.store.tables import items
from tests.bench.worlds import target

_EACH = 1000
_POINTS = """
WITH RECURSIVE days (day) AS (SELECT 1 UNION ALL SELECT day + 1 FROM days WHERE day < {each})
INSERT INTO recovery_points (item_key, taken_at, visible_at, vaulted_at, snapshot_valid,
  instant_until, expires_at, sweep_at, rule, consistency, disk_set_key, vm_size, tags, slot_day,
  policy_type)
SELECT key, {now} - day * {length}, {now} - day * {length}, {now} - day * {length}, false,
  {now} - (day - 2) * {length}, {now} + (2000 - day) * {length},
  {now} + (2000 - day) * {length},
  'Daily', 'FileSystemConsistent', disk_set_key, source_size, 'D', {today} - day, 'V1'
FROM days, items
"""
_JOBS = """
WITH RECURSIVE days (day) AS (SELECT 1 UNION ALL SELECT day + 1 FROM days WHERE day < {each})
INSERT INTO jobs (job_id, vault_key, item_key, operation, phase, status, started_at,
  snapshot_ended_at, ended_at, user_triggered, ordinal, entity_name, container_name, jitter,
  keep_micros, rule, instant_micros, backup_bytes, transfer_skipped, tags, slot_day, policy_type)
SELECT md5(CAST(key AS text) || '/' || CAST(day AS text)), vault_key, key, 'Backup', 'done',
  'Completed', {now} - day * {length}, {now} - day * {length} + {minute},
  {now} - day * {length} + 9 * {minute}, false, 0, friendly_name, substr(name, 4), 0, 1, 'Daily',
  1, 1, false, 'D', {today} - day, 'V1'
FROM days, items
"""


def enlarge(engine: Engine, many: int = 1000) -> None:
    """Give the one item of the small world its likes, and all of them points and jobs."""
    now = target(0)
    with engine.database.writing() as connection:
        _multiply_items(connection, many)
        each = min(many, _EACH)
        values = {"now": now, "length": DAY, "minute": MINUTE, "today": now // DAY, "each": each}
        for statement in (_POINTS, _JOBS):
            connection.exec_driver_sql(statement.format(**values))
    if engine.database.engine.dialect.name == "postgresql":
        with engine.database.engine.connect() as other:
            other.exec_driver_sql("VACUUM ANALYZE")


def _multiply_items(connection: Connection, many: int) -> None:
    one: dict[str, Any] = dict(connection.execute(select(items)).one()._mapping)
    likes = [
        one
        | {
            "key": one["key"] + number,
            "name": f"{one['name']}-{number}",
            "folded_name": f"{one['folded_name']}-{number}",
            "source_folded": f"{one['source_folded']}-{number}",
            "source_id": f"{one['source_id']}-{number}",
        }
        for number in range(1, many)
    ]
    connection.execute(insert(items), likes)
    # Few have so many points that they are counted.
    few = select(items.c.key).order_by(items.c.key).limit(3)
    connection.execute(
        update(items).where(items.c.key.in_(few)).values(crowded_at=one["created_at"])
    )
