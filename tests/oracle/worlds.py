"""VMs under policies, lived by the engine and lived by the oracle: the same may be done to both.

What both tell of a VM has the same shape, so that it can be compared.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from app.domain.instants import from_datetime
from app.domain.jobs import (
    BACKUP_IN_PROGRESS,
    NO_GUEST_AGENT,
    UNSUPPORTED_DISKS,
    VM_NOT_FOUND,
    Phase,
)
from app.domain.policies import VmPolicy, read_vm
from app.domain.policy_documents import vm_policy
from app.engine import backups, clock, protection, vm_sources
from app.engine import jobs as job_rows
from app.engine.rules import Rules
from app.engine.worker import Engine
from app.store.database import Database
from app.store.metadata import metadata
from app.store.resource_tables import resource_groups
from app.store.tables import items, jobs, policies, recovery_points, vaults
from app.workloads import azure_vm
from tests.oracle.documents import body
from tests.oracle.oracle import Backup, Facts, Item, at_once
from tests.oracle.policy import ONE_DAY, Policy
from tests.stateful.test_cuts import GROUP, VAULT_ROW

SEED = 11
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001
MICROSECOND = timedelta(microseconds=1)
NOTHING = timedelta(0)
WHY = {
    VM_NOT_FOUND: "the VM is gone",
    NO_GUEST_AGENT: "its agent does not answer",
    UNSUPPORTED_DISKS: "its disks are too large",
    BACKUP_IN_PROGRESS: "another takes its snapshot",
}

Point = tuple[datetime, datetime, str | None, str, bool, bool]
"""Its time, its end, its rule, the initials of its tags, and whether each tier has it."""
Seen = dict[int, tuple[str, list[Point]]]
"""What there is of each VM: the state of its protection, and its recovery points."""
Ran = list[tuple[datetime, str, str | None]]
"""When each backup of a VM started, how it stands, and why it failed."""


@dataclass(frozen=True)
class Setting:
    """What a world begins with: its policies, and under which of them each VM is."""

    start: datetime
    policies: Sequence[Policy]
    vms: Sequence[int]
    sweep_every: timedelta = ONE_DAY
    start_jitter: timedelta = NOTHING
    disk_gb: int = 64
    aged: int = 0
    """How many old points the first VM has, which users asked for and which live for long."""

    def aged_points(self) -> list[tuple[datetime, datetime]]:
        """Return when each old point was taken, and when it ends."""
        first = self.start - (self.aged + 40 * 24) * timedelta(hours=1)
        taken = [first + number * timedelta(hours=1) for number in range(self.aged)]
        return [(each, self.start + 9999 * ONE_DAY) for each in taken]


def micros(moment: datetime) -> int:
    """Return an instant as the engine counts."""
    return from_datetime(moment.replace(tzinfo=UTC))


def moment(instant: int) -> datetime:
    """Return an instant of the engine as the oracle has it."""
    return EPOCH + instant * MICROSECOND


# --- lived by the engine -----------------------------------------------------------------------


def _run(policy: Policy, now: int) -> VmPolicy:
    found = read_vm(vm_policy(body(policy), None, now))
    assert found is not None
    return found


class EngineWorld:
    """The VMs in a world of the engine, without the service around it."""

    def __init__(self, database: Database, setting: Setting) -> None:
        self.rules = Rules(
            seed=SEED,
            sweep_every=setting.sweep_every // MICROSECOND,
            start_jitter=setting.start_jitter // MICROSECOND,
        )
        self.database = database
        self.engine = Engine(database, self.rules)
        self.policies = list(setting.policies)
        self.keys: list[int] = []
        now = micros(setting.start)
        with database.writing() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(delete(table))
            state = clock.ClockState(
                1, "frozen", 1, "finish", now, now, base_real_at=0, settled_at=now
            )
            clock.create(connection, state, self.rules)
            connection.execute(insert(resource_groups).values(**GROUP))
            connection.execute(insert(vaults).values(**VAULT_ROW))
            for key, policy in enumerate(setting.policies):
                values = {"key": key, "vault_key": VAULT_ROW["key"], "folded_name": f"p{key}"}
                values |= {"name": f"p{key}", "changed_at": now}
                document = vm_policy(body(policy), None, now)
                connection.execute(insert(policies).values(**values, document=document))
            for number, key in enumerate(setting.vms):
                self._protect(connection, number, key, setting, now)
            if setting.aged:
                self._age(connection, setting, now)

    def _protect(
        self, connection: Connection, number: int, key: int, setting: Setting, now: int
    ) -> None:
        disk = {"lun": -1, "name": "os", "sizeGB": setting.disk_gb, "sku": "Standard_LRS"}
        disk |= {"origin": f"disk{number}", "content_at": None}
        vm = f"vm{number}"
        item = protection.enable(
            connection,
            self.rules,
            vault_key=VAULT_ROW["key"],
            name=azure_vm.name_of("g", vm),
            source=vm_sources.Source(f"/g/{vm}", vm, "l", True, "Linux", "size", [disk]),
            policy_key=key,
            policy=_run(self.policies[key], now),
            now=now,
        )
        self.keys.append(item.key)

    def _age(self, connection: Connection, setting: Setting, now: int) -> None:
        """Give the first VM its old points, as on-demand backups would have left them."""
        rows = [
            {
                "item_key": self.keys[0],
                "taken_at": micros(taken),
                "visible_at": micros(taken),
                "vaulted_at": micros(taken),
                "snapshot_valid": False,
                "instant_until": micros(taken + ONE_DAY),
                "expires_at": micros(ends),
                "sweep_at": micros(ends),
                "consistency": "FileSystemConsistent",
                "disk_set_key": 0,
                "vm_size": "size",
            }
            for taken, ends in setting.aged_points()
        ]
        connection.execute(insert(recovery_points), rows)
        latest = rows[-1]["taken_at"]
        known = {"latest_snapshot_at": latest, "latest_vaulted_at": latest, "crowded_at": now}
        of: ColumnElement[bool] = items.c.key == self.keys[0]
        connection.execute(update(items).where(of).values(state="Protected", **known))

    # --- what is there ---

    def live_until(self, end: datetime) -> None:
        """Cross to an instant."""
        asyncio.run(self.engine.advance(micros(end)))

    def see(self) -> Seen:
        """Return what there is of each VM."""
        points: dict[int, list[Point]] = {}
        with self.database.reading() as connection:
            for row in connection.execute(
                select(recovery_points).order_by(recovery_points.c.taken_at)
            ):
                points.setdefault(row.item_key, []).append(_seen(row))
            return {
                self.keys.index(item.key): (item.state, points.pop(item.key, []))
                for item in connection.execute(select(items).order_by(items.c.friendly_name))
            }

    def ran(self) -> list[Ran]:
        """Return the backups of each VM."""
        found: list[Ran] = [[] for _ in self.keys]
        for row in self._backups():
            why = WHY.get(row.error_code or "")
            found[self.keys.index(row.item_key)].append((moment(row.started_at), _state(row), why))
        return [sorted(each, key=str) for each in found]

    def due(self, vm: int) -> list[datetime]:
        """Return when something about a running backup of a VM, or its purge, is due."""
        with self.database.reading() as connection:
            due = select(jobs.c.due_at).where(
                jobs.c.item_key == self.keys[vm],
                jobs.c.operation == "Backup",
                jobs.c.due_at.is_not(None),
            )
            found = [at for (at,) in connection.execute(due) if at is not None]
            purge = select(items.c.purge_at).where(items.c.key == self.keys[vm])
            found += [at for (at,) in connection.execute(purge) if at is not None]
        return sorted(moment(at) for at in found)

    def facts(self) -> dict[tuple[int, datetime], Facts]:
        """Return what the oracle is told of each VM's backups, by their starts."""
        found: dict[tuple[int, datetime], Facts] = {}
        for row in self._backups():
            if row.status == "Failed":
                continue
            ended = row.ended_at if row.status == "Completed" else None
            key = (self.keys.index(row.item_key), moment(row.started_at))
            found[key] = (_or_none(row.snapshot_ended_at), _or_none(ended))
        return found

    def delay(self, vm: int, slot: datetime) -> timedelta:
        """Return how long after its slot a VM's backup starts."""
        start = backups.scheduled_start(self.rules, self.keys[vm], micros(slot))
        return moment(start) - slot

    def _backups(self) -> Sequence[Row[Any]]:
        with self.database.reading() as connection:
            return connection.execute(
                select(jobs).where(jobs.c.operation == "Backup").order_by(jobs.c.started_at)
            ).all()

    # --- what users do ---

    def back_up(self, vm: int, now: datetime, until: datetime) -> None:
        """Back up now, and keep it until a date of its own."""
        with self.database.writing() as connection:
            item = protection.get(connection, self.keys[vm])
            backups.trigger(
                connection,
                self.rules,
                item,
                micros(now),
                policy=_run(self.policies[item.policy_key], micros(now)),
                retain_until=micros(until),
                activity_id=None,
            )

    def stop(self, vm: int, now: datetime, *, suspend: bool) -> None:
        """Back up no more."""
        with self.database.writing() as connection:
            item = protection.get(connection, self.keys[vm])
            protection.stop(connection, item, micros(now), keep_per_policy=suspend)

    def use(self, vm: int, now: datetime, policy: int) -> None:
        """Put a VM under a policy."""
        with self.database.writing() as connection:
            item = protection.get(connection, self.keys[vm])
            said = _run(self.policies[policy], micros(now))
            protection.use_policy(
                connection, self.rules, item, policy, said, micros(now), soft_delete_days=0
            )

    def edit(self, policy: int, now: datetime, edited: Policy) -> None:
        """Let a policy say something else."""
        self.policies[policy] = edited
        document = vm_policy(body(edited), None, micros(now))
        said = _run(edited, micros(now))
        with self.database.writing() as connection:
            connection.execute(
                update(policies).where(policies.c.key == policy).values(document=document)
            )
            protection.edit_policy(
                connection, self.rules, policy, said, micros(now), soft_delete_days=0
            )

    def cancel(self, vm: int, now: datetime) -> None:
        """Cancel the backup whose snapshot is being taken, if there is one."""
        with self.database.writing() as connection:
            running = connection.execute(
                select(jobs).where(
                    jobs.c.item_key == self.keys[vm],
                    jobs.c.operation == "Backup",
                    jobs.c.phase == Phase.SNAPSHOT,
                )
            ).first()
            if running is not None:
                job_rows.cancel(connection, running, micros(now))

    def delete(self, vm: int, now: datetime, soft_delete_days: int) -> None:
        """Delete what there is of a VM."""
        with self.database.writing() as connection:
            item = protection.get(connection, self.keys[vm])
            protection.delete(
                connection, self.rules, item, micros(now), soft_delete_days=soft_delete_days
            )

    def undelete(self, vm: int, now: datetime) -> None:
        """Bring back what was deleted."""
        with self.database.writing() as connection:
            item = protection.get(connection, self.keys[vm])
            protection.undelete(connection, self.rules, item, micros(now))

    def set_vm(self, vm: int, *, exists: bool) -> None:
        """Let a VM go or come back."""
        self._set_source(vm, source_exists=exists)

    def set_agent(self, vm: int, *, answers: bool) -> None:
        """Let the agent in a VM fall silent or answer again."""
        self._set_source(vm, source_agent=answers)

    def set_disks(self, vm: int, *, fit: bool) -> None:
        """Let the disks of a VM be more than can be backed up, or not."""
        self._set_source(vm, source_fits=fit)

    def _set_source(self, vm: int, **values: Any) -> None:
        of: ColumnElement[bool] = items.c.key == self.keys[vm]
        with self.database.writing() as connection:
            connection.execute(update(items).where(of).values(**values))


def _seen(point: Row[Any]) -> Point:
    return (
        moment(point.taken_at),
        moment(point.expires_at),
        point.rule,
        "".join(sorted(point.tags or "")),
        bool(point.snapshot_valid),
        point.vaulted_at is not None,
    )


def _or_none(instant: int | None) -> datetime | None:
    return None if instant is None else moment(instant)


def _state(row: Row[Any]) -> str:
    if row.status in ("Failed", "Cancelling", "Cancelled"):
        return str(row.status).lower()
    if row.ended_at is None:
        return "snapshot" if row.snapshot_ended_at is None else "transfer"
    return "skipped" if row.transfer_skipped else "completed"


# --- lived by the oracle -----------------------------------------------------------------------


class OracleWorld:
    """The VMs as the oracle has them."""

    def __init__(
        self,
        setting: Setting,
        facts: Callable[[int, datetime], Facts],
        delay: Callable[[int, datetime], timedelta] | None = None,
    ) -> None:
        self.start = setting.start
        self.policies = list(setting.policies)
        self.under: list[int | None] = list(setting.vms)
        self.items = [
            Item(
                facts=lambda started, vm=vm: facts(vm, started),  # type: ignore[misc]
                delay=at_once if delay is None else lambda slot, vm=vm: delay(vm, slot),  # type: ignore[misc]
                policy=setting.policies[key],
                now=setting.start,
                sweep_every=setting.sweep_every,
            )
            for vm, key in enumerate(setting.vms)
        ]
        for taken, ends in setting.aged_points():
            started = taken - timedelta(seconds=5)
            old = Backup(started, ends, taken + ONE_DAY, state="completed", has_vault=True)
            self.items[0].backups.append(old)
            self.items[0].state = "Protected"

    def live_until(self, end: datetime) -> None:
        """Let time pass."""
        for item in self.items:
            item.live_until(end)

    def see(self) -> Seen:
        """Return what there is of each VM."""
        return {
            vm: (item.state, [_point(each) for each in item.points()])
            for vm, item in enumerate(self.items)
            if item.state != "gone"
        }

    def ran(self) -> list[Ran]:
        """Return the backups of each VM, but for those that it came with."""
        found = [[*item.backups, *item.over] for item in self.items]
        return [
            sorted(
                (
                    (each.started, each.state, each.why)
                    for each in backups
                    if each.started >= self.start
                ),
                key=str,
            )
            for backups in found
        ]

    def back_up(self, vm: int, now: datetime, until: datetime) -> None:
        """Back up now, and keep it until a date of its own."""
        self.items[vm].back_up(until)

    def stop(self, vm: int, now: datetime, *, suspend: bool) -> None:
        """Back up no more."""
        self.under[vm] = None
        self.items[vm].stop(suspend=suspend)

    def use(self, vm: int, now: datetime, policy: int) -> None:
        """Put a VM under a policy."""
        self.under[vm] = policy
        self.items[vm].use(self.policies[policy])

    def edit(self, policy: int, now: datetime, edited: Policy) -> None:
        """Let a policy say something else."""
        self.policies[policy] = edited
        for item, under in zip(self.items, self.under, strict=True):
            if under == policy:
                item.use(edited)

    def cancel(self, vm: int, now: datetime) -> None:
        """Cancel the backup whose snapshot is being taken, if there is one."""
        self.items[vm].cancel()

    def delete(self, vm: int, now: datetime, soft_delete_days: int) -> None:
        """Delete what there is of a VM."""
        self.under[vm] = None
        self.items[vm].delete(soft_delete_days)

    def undelete(self, vm: int, now: datetime) -> None:
        """Bring back what was deleted."""
        self.items[vm].undelete()

    def set_vm(self, vm: int, *, exists: bool) -> None:
        """Let a VM go or come back."""
        self.items[vm].vm_exists = exists

    def set_agent(self, vm: int, *, answers: bool) -> None:
        """Let the agent in a VM fall silent or answer again."""
        self.items[vm].agent_answers = answers

    def set_disks(self, vm: int, *, fit: bool) -> None:
        """Let the disks of a VM be more than can be backed up, or not."""
        self.items[vm].disks_fit = fit


def _point(backup: Backup) -> Point:
    return (
        backup.taken,
        backup.expires,
        backup.rule,
        "".join(sorted(rule[0] for rule in backup.tags)),
        backup.has_snapshot,
        backup.has_vault,
    )
