"""The least that crossing time has to do: the engine's row changes by the driver alone.

What is decided (which policies start when, what they keep) is decided before the clock is
started; only the statements are timed. A job's id is as random as the engine's.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.domain.instants import HOUR, MINUTE, SECOND, parse
from app.domain.policies import VmPolicy, read_vm
from app.engine.worker import Engine
from app.store.tables import policies
from tests.bench.worlds import START, target

_TAKES = {"snapshot": 20 * MINUTE, "transfer": 60 * MINUTE, "taken": 30 * SECOND}
_OVER_AFTER = 2 * HOUR
"""From a slot to where all that began in it is over, and what has expired is swept."""

_START = (
    """INSERT INTO jobs (job_id, vault_key, item_key, operation, phase, status, started_at, due_at,
         user_triggered, ordinal, entity_name, container_name, jitter, keep_micros, rule,
         instant_micros, transfer_skipped, tags, slot_day, policy_type, crash_consistent)
       SELECT lower(hex(randomblob(16))), vault_key, key, 'Backup', 'snapshot', 'InProgress',
         next_backup_at, next_backup_at + :snapshot, false, 0, friendly_name, substr(name, 4), 0,
         :keep, :rule, :instant, false, :tags, :day, :kind, false
       FROM items WHERE policy_key = :policy AND slot_at = :slot""",
    """UPDATE items SET snapshot_until = next_backup_at + :snapshot, owed_day = NULL,
         slot_at = :next, next_backup_at = :next
       WHERE policy_key = :policy AND slot_at = :slot""",
)
_END = (
    """INSERT INTO recovery_points (item_key, taken_at, visible_at, snapshot_valid, instant_until,
         expires_at, sweep_at, rule, consistency, disk_set_key, vm_size, tags, slot_day,
         policy_type)
       SELECT jobs.item_key, jobs.started_at + :taken, jobs.due_at, true,
         jobs.started_at + :taken + jobs.instant_micros,
         jobs.started_at + :taken + jobs.keep_micros,
         CASE WHEN jobs.tags = '' THEN jobs.started_at + :taken + jobs.instant_micros END,
         jobs.rule, 'FileSystemConsistent', items.disk_set_key, items.source_size, jobs.tags,
         jobs.slot_day, jobs.policy_type
       FROM jobs JOIN items ON items.key = jobs.item_key
       WHERE jobs.phase = 'snapshot' AND jobs.due_at <= :until
       ORDER BY jobs.item_key""",
    """UPDATE jobs SET phase = CASE WHEN tags = '' THEN 'skipped' ELSE 'transfer' END,
         transfer_skipped = (tags = ''), snapshot_ended_at = due_at, backup_bytes = 1,
         due_at = due_at + CASE WHEN tags = '' THEN 0 ELSE :transfer END
       WHERE phase = 'snapshot' AND due_at <= :until""",
    """UPDATE items SET latest_snapshot_at = jobs.started_at + :taken, transfer_until = jobs.due_at
       FROM jobs WHERE jobs.due_at <= :until AND jobs.item_key = items.key
         AND jobs.phase IN ('transfer', 'skipped')""",
    """UPDATE recovery_points SET vaulted_at = jobs.due_at, sweep_at = instant_until
       FROM jobs WHERE jobs.due_at <= :until AND jobs.phase = 'transfer'
         AND recovery_points.item_key = jobs.item_key
         AND recovery_points.taken_at = jobs.started_at + :taken""",
    """UPDATE items SET state = 'Protected', last_backup_status = 'Completed',
         last_backup_at = jobs.started_at, latest_vaulted_at = jobs.started_at + :taken
       FROM jobs WHERE jobs.due_at <= :until AND jobs.item_key = items.key
         AND jobs.phase IN ('transfer', 'skipped')""",
    """UPDATE jobs SET phase = 'done', status = 'Completed', ended_at = due_at, due_at = NULL
       WHERE phase IN ('transfer', 'skipped') AND due_at <= :until""",
    "DELETE FROM recovery_points WHERE sweep_at <= :until AND expires_at <= :until",
    """UPDATE recovery_points SET snapshot_valid = false, sweep_at = expires_at
       WHERE sweep_at <= :until AND snapshot_valid""",
)


@dataclass(frozen=True)
class Slot:
    """One instant at which backups start: the values of each policy that starts then."""

    at: int
    starts: list[dict[str, Any]]


def slots(engine: Engine, days: int) -> list[Slot]:
    """Return every slot of a world's policies in so many days."""
    with engine.database.reading() as connection:
        found = connection.execute(select(policies.c.key, policies.c.document)).all()
    starts: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for key, document in found:
        policy = read_vm(document if isinstance(document, dict) else json.loads(document))
        assert policy is not None
        for values in _of_policy(key, policy, target(days)):
            starts[values["slot"]].append(values)
    return [Slot(at, starts[at]) for at in sorted(starts)]


def _of_policy(key: int, policy: VmPolicy, end: int) -> Iterable[dict[str, Any]]:
    slot = policy.next_slot(parse(START))
    while slot < end:
        keep, following = policy.keep(slot), policy.next_slot(slot)
        yield {
            **_TAKES,
            "policy": key,
            "slot": slot,
            "next": following,
            "keep": keep.length.micros if keep.vaulted else policy.instant,
            "rule": keep.length.rule if keep.vaulted else None,
            "tags": keep.tags if keep.vaulted else "",
            "day": keep.day,
            "kind": policy.kind,
            "instant": policy.instant,
        }
        slot = following


def cross(connection: Any, found: Iterable[Slot], *, on_sqlite: bool) -> None:
    """Move the same rows as the engine does: one transaction a slot."""
    start, end = (_START, _END) if on_sqlite else (_spelled(_START), _spelled(_END))
    for slot in found:
        connection.execute("BEGIN IMMEDIATE" if on_sqlite else "BEGIN")
        for values in slot.starts:
            for statement in start:
                connection.execute(statement, values)
        values = _TAKES | {"until": slot.at + _OVER_AFTER}
        for statement in end:
            connection.execute(statement, values)
        connection.execute("COMMIT")


def _spelled(statements: Iterable[str]) -> tuple[str, ...]:
    """Return statements as psycopg takes them."""
    return tuple(
        re.sub(
            r"(?<!:):(\w+)",
            r"%(\1)s",
            statement.replace("lower(hex(randomblob(16)))", "md5(random()::text)"),
        )
        for statement in statements
    )
