"""What happens to some VMs under some policies, drawn by chance and lived by engine and oracle.

The engine lives a history first; how long each snapshot and each transfer took is then told to
the oracle, and nothing else. What both see before and after every act must be the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from app.domain.instants import MINUTE, from_datetime
from app.domain.policies import read
from app.domain.policy_documents import vm_policy
from app.engine import backups, clock, protection, sources
from app.engine.rules import Rules
from app.engine.worker import Engine
from app.store.database import Database
from app.store.tables import (
    items,
    jobs,
    metadata,
    policies,
    recovery_points,
    resource_groups,
    vaults,
)
from app.workloads import azure_vm
from tests.oracle.oracle import ONE_DAY, DaysOfMonth, Facts, Item, Policy
from tests.stateful.test_cuts import GROUP, VAULT_ROW

SEED = 11
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001
MICROSECOND = timedelta(microseconds=1)

Seen = dict[int, list[tuple[Any, ...]]]
"""What is seen of each VM: its recovery points and its backups."""


@dataclass(frozen=True)
class Act:
    """What a user does some time after the act before: to a VM, or to a policy.

    ``aims`` is set where it is done around the next slot of the policy, by ``nudge``.
    """

    wait: timedelta
    verb: str
    vm: int = 0
    policy: int = 0
    edited: Policy | None = None
    days: int = 30
    aims: bool = False
    nudge: timedelta = timedelta(0)


@dataclass(frozen=True)
class History:
    """Policies, which of them each VM begins under, and what is done then."""

    start: datetime
    policies: tuple[Policy, ...]
    vms: tuple[int, ...]
    acts: tuple[Act, ...]
    sweep_every: timedelta = ONE_DAY
    disk_gb: int = 64

    def moments(self) -> list[tuple[datetime, Act]]:
        """Return when each act is done."""
        now, current, found = self.start, list(self.policies), []
        for act in self.acts:
            at = now + act.wait
            if act.aims:
                at = next_slot(current[act.policy], at) + act.nudge
            now = max(now, at)
            found.append((now, act))
            if act.verb == "edit" and act.edited is not None:
                current[act.policy] = act.edited
        return found


def next_slot(policy: Policy, after: datetime) -> datetime:
    """Return the first slot of a policy that is later than an instant."""
    day = after.date() - 2 * ONE_DAY
    while (slot := policy.slot(day)) is None or slot <= after:
        day += ONE_DAY
    return slot


# --- what Azure calls it -----------------------------------------------------------------------


def body(policy: Policy) -> dict[str, Any]:
    """Return a policy as a client sends it."""
    at = f"2026-01-01T{policy.at:%H:%M:%S}Z"
    kept: dict[str, Any] = {"retentionPolicyType": "LongTermRetentionPolicy"}
    if policy.daily is not None:
        kept["dailySchedule"] = _kept(at, policy.daily, "Days")
    if policy.weekly is not None:
        days, count = policy.weekly
        kept["weeklySchedule"] = {"daysOfTheWeek": list(days)} | _kept(at, count, "Weeks")
    if policy.monthly is not None:
        kept["monthlySchedule"] = _format(policy.monthly[0]) | _kept(
            at, policy.monthly[1], "Months"
        )
    if policy.yearly is not None:
        months, chosen, count = policy.yearly
        kept["yearlySchedule"] = _format(chosen) | _kept(at, count, "Years")
        kept["yearlySchedule"]["monthsOfYear"] = list(months)
    schedule: dict[str, Any] = {
        "schedulePolicyType": "SimpleSchedulePolicy",
        "scheduleRunFrequency": "Weekly" if policy.run_days else "Daily",
        "scheduleRunTimes": [at],
    }
    if policy.run_days:
        schedule["scheduleRunDays"] = list(policy.run_days)
    return {
        "backupManagementType": "AzureIaasVM",
        "policyType": "V1",
        "schedulePolicy": schedule,
        "retentionPolicy": kept,
        "timeZone": policy.zone,
        "instantRpRetentionRangeInDays": policy.instant,
    }


def _kept(at: str, count: int, unit: str) -> dict[str, Any]:
    return {
        "retentionTimes": [at],
        "retentionDuration": {"count": count, "durationType": unit},
    }


def _format(days: DaysOfMonth) -> dict[str, Any]:
    if days.weekdays:
        chosen = {"daysOfTheWeek": list(days.weekdays), "weeksOfTheMonth": list(days.weeks)}
        return {"retentionScheduleFormatType": "Weekly", "retentionScheduleWeekly": chosen}
    dates = [{"date": each, "isLast": False} for each in days.dates]
    if days.last_day:
        dates.append({"date": 0, "isLast": True})
    return {
        "retentionScheduleFormatType": "Daily",
        "retentionScheduleDaily": {"daysOfTheMonth": dates},
    }


def micros(moment: datetime) -> int:
    """Return an instant as the engine counts."""
    return from_datetime(moment.replace(tzinfo=UTC))


def moment(instant: int) -> datetime:
    """Return an instant of the engine as the oracle has it."""
    return EPOCH + instant * MICROSECOND


# --- lived by the engine -----------------------------------------------------------------------


class EngineWorld:
    """The VMs of a history in a world of the engine, without the service around it."""

    def __init__(self, database: Database, history: History) -> None:
        self.rules = Rules(seed=SEED, sweep_every=history.sweep_every // MICROSECOND)
        self.database = database
        self.engine = Engine(database, self.rules)
        now = micros(history.start)
        with database.writing() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(delete(table))
            state = clock.ClockState(
                1, "frozen", 1, "finish", now, now, base_real_at=0, settled_at=now
            )
            clock.create(connection, state, self.rules)
            connection.execute(insert(resource_groups).values(**GROUP))
            connection.execute(insert(vaults).values(**VAULT_ROW))
            for key, policy in enumerate(history.policies):
                values = {"key": key, "vault_key": VAULT_ROW["key"], "folded_name": f"p{key}"}
                values |= {"name": f"p{key}", "changed_at": now}
                document = vm_policy(body(policy), None, now)
                connection.execute(insert(policies).values(**values, document=document))
            for number, key in enumerate(history.vms):
                self._protect(connection, number, key, history, now)

    def _protect(
        self, connection: Connection, number: int, key: int, history: History, now: int
    ) -> None:
        policy = read(vm_policy(body(history.policies[key]), None, now))
        assert policy is not None
        disk = {"lun": -1, "name": "os", "sizeGB": history.disk_gb, "sku": "Standard_LRS"}
        disk |= {"origin": f"disk{number}", "content_at": None}
        vm = f"vm{number}"
        protection.enable(
            connection,
            self.rules,
            vault_key=VAULT_ROW["key"],
            name=azure_vm.name_of("g", vm),
            source=sources.Source(f"/g/{vm}", vm, "l", True, "Linux", "size", [disk]),
            policy_key=key,
            policy=policy,
            now=now,
        )

    def live_until(self, end: datetime) -> None:
        """Cross to an instant."""
        asyncio.run(self.engine.advance(micros(end)))

    def do(self, act: Act, now: datetime) -> None:
        """Do what a user may do now; what the service would refuse is left out."""
        with self.database.writing() as connection:
            item = _item(connection, act.vm)
            _ACTS[act.verb](self, connection, item, act, micros(now))

    def see(self) -> Seen:
        """Return the recovery points of each VM, and its backups by start and state."""
        seen: Seen = {}
        with self.database.reading() as connection:
            for item in connection.execute(select(items).order_by(items.c.friendly_name)).all():
                points = connection.execute(
                    select(recovery_points)
                    .where(recovery_points.c.item_key == item.key)
                    .order_by(recovery_points.c.taken_at)
                )
                seen[int(item.friendly_name.removeprefix("vm"))] = [_seen(each) for each in points]
        return seen

    def backups(self) -> dict[int, list[Row[Any]]]:
        """Return the rows of the backups of each VM, in the order of their starts."""
        found: dict[int, list[Row[Any]]] = {}
        with self.database.reading() as connection:
            for row in connection.execute(
                select(jobs)
                .where(jobs.c.operation == "Backup")
                .order_by(jobs.c.started_at, jobs.c.user_triggered)
            ):
                found.setdefault(int(row.entity_name.removeprefix("vm")), []).append(row)
        return found


def _seen(point: Row[Any]) -> tuple[Any, ...]:
    return (
        moment(point.taken_at),
        moment(point.expires_at),
        point.rule,
        bool(point.snapshot_valid),
        point.vaulted_at is not None,
    )


def _item(connection: Connection, vm: int) -> Row[Any]:
    return connection.execute(select(items).where(items.c.friendly_name == f"vm{vm}")).one()


def _stopped(item: Row[Any]) -> bool:
    return item.policy_key is None


def _back_up(
    world: EngineWorld, connection: Connection, item: Row[Any], act: Act, now: int
) -> None:
    if _stopped(item):
        return
    document = connection.execute(
        select(policies.c.document).where(policies.c.key == item.policy_key)
    ).scalar_one()
    policy = read(document)
    assert policy is not None
    backups.trigger(
        connection,
        world.rules,
        item,
        now,
        policy=policy,
        retain_until=now + act.days * 24 * 60 * MINUTE,
        activity_id=None,
    )


def _stop(world: EngineWorld, connection: Connection, item: Row[Any], act: Act, now: int) -> None:
    protection.stop(connection, item, now, keep_per_policy=act.verb == "suspend")


def _use(world: EngineWorld, connection: Connection, item: Row[Any], act: Act, now: int) -> None:
    document = connection.execute(
        select(policies.c.document).where(policies.c.key == act.policy)
    ).scalar_one()
    policy = read(document)
    assert policy is not None
    protection.use_policy(connection, world.rules, item, act.policy, policy, now)


def _edit(world: EngineWorld, connection: Connection, item: Row[Any], act: Act, now: int) -> None:
    assert act.edited is not None
    document = vm_policy(body(act.edited), None, now)
    connection.execute(
        update(policies).where(policies.c.key == act.policy).values(document=document)
    )
    for each in connection.execute(select(items).where(items.c.policy_key == act.policy)).all():
        _use(world, connection, each, act, now)


def _vm(world: EngineWorld, connection: Connection, item: Row[Any], act: Act, now: int) -> None:
    there = act.verb == "vm comes"
    connection.execute(update(items).where(items.c.key == item.key).values(source_exists=there))


def _look(world: EngineWorld, connection: Connection, item: Row[Any], act: Act, now: int) -> None:
    """Nothing is done; what there is is looked at."""


_ACTS: dict[str, Callable[[EngineWorld, Connection, Row[Any], Act, int], None]] = {
    "back up": _back_up,
    "stop": _stop,
    "suspend": _stop,
    "use": _use,
    "edit": _edit,
    "vm goes": _vm,
    "vm comes": _vm,
    "look": _look,
}


# --- lived by the oracle -----------------------------------------------------------------------


class OracleWorld:
    """The VMs of a history as the oracle has them."""

    def __init__(self, history: History, facts: Callable[[int, datetime], Facts]) -> None:
        self.policies = list(history.policies)
        self.under: list[int | None] = list(history.vms)
        self.items = [
            Item(
                facts=lambda started, vm=vm: facts(vm, started),  # type: ignore[misc]
                policy=history.policies[key],
                now=history.start,
                sweep_every=history.sweep_every,
            )
            for vm, key in enumerate(history.vms)
        ]

    def live_until(self, end: datetime) -> None:
        """Let time pass."""
        for item in self.items:
            item.live_until(end)

    def do(self, act: Act, now: datetime) -> None:
        """Do what a user may do now."""
        item = self.items[act.vm]
        if act.verb == "back up" and item.policy is not None:
            item.back_up(now + act.days * ONE_DAY)
        elif act.verb in ("stop", "suspend"):
            self.under[act.vm] = None
            item.stop(suspend=act.verb == "suspend")
        elif act.verb == "use":
            self.under[act.vm] = act.policy
            item.use(self.policies[act.policy])
        elif act.verb == "edit":
            assert act.edited is not None
            self.policies[act.policy] = act.edited
            for each, under in zip(self.items, self.under, strict=True):
                if under == act.policy:
                    each.use(act.edited)
        elif act.verb in ("vm goes", "vm comes"):
            item.vm_exists = act.verb == "vm comes"

    def see(self) -> Seen:
        """Return the recovery points of each VM."""
        return {
            vm: [
                (each.taken, each.expires, each.rule, each.has_snapshot, each.has_vault)
                for each in item.points()
            ]
            for vm, item in enumerate(self.items)
        }


# --- compared ----------------------------------------------------------------------------------


def play(history: History, world: EngineWorld | OracleWorld) -> list[tuple[datetime, Seen]]:
    """Live a history and return what was seen before and after each act, and when."""
    seen = []
    for now, act in history.moments():
        world.live_until(now)
        seen.append((now, world.see()))
        world.do(act, now)
        seen.append((now, world.see()))
    return seen


def check_agreement(database: Database, history: History) -> int:
    """Compare engine and oracle over a history; return how many points were compared."""
    world = EngineWorld(database, history)
    by_engine = play(history, world)
    ran = world.backups()
    told: dict[tuple[int, datetime], Facts] = {
        (vm, moment(row.started_at)): (_or_none(row.snapshot_ended_at), _or_none(row.ended_at))
        for vm, rows in ran.items()
        for row in rows
        if row.status != "Failed"
    }
    oracle = OracleWorld(history, lambda vm, started: told.get((vm, started), (None, None)))
    by_oracle = play(history, oracle)
    for (at, engines), (_, oracles) in zip(by_engine, by_oracle, strict=True):
        for vm, points in oracles.items():
            assert engines[vm] == points, f"vm{vm} at {at}"
    for vm, item in enumerate(oracle.items):
        done = sorted((each.started, each.state) for each in [*item.backups, *item.over])
        assert sorted((moment(row.started_at), _state(row)) for row in ran.get(vm, [])) == done
    return sum(len(points) for _, oracles in by_oracle for points in oracles.values())


def _or_none(instant: int | None) -> datetime | None:
    return None if instant is None else moment(instant)


def _state(row: Row[Any]) -> str:
    if row.status == "Failed":
        return "failed"
    if row.ended_at is None:
        return "snapshot" if row.snapshot_ended_at is None else "transfer"
    return "skipped" if row.transfer_skipped else "completed"
