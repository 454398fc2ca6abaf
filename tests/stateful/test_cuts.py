"""However a span of time is cut, the same rows come out: the property everything stands on.

A script of user actions is played twice on equal worlds, once crossing from action to action in
one advance, once with cuts in between: drawn anywhere, inside both phases of jobs, at due
instants and a microsecond around them. Every row of every table must be equal.
"""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import Row, delete, insert, select

from app.domain import ids
from app.domain.documents import Document
from app.domain.instants import DAY, HOUR, LATEST, MINUTE, parse
from app.domain.jobs import CANCELLABLE, Phase, ProtectionState
from app.domain.outages import read as read_outages
from app.domain.policies import VmPolicy, read_vm
from app.domain.policy_documents import vm_policy
from app.domain.resource_ids import VAULT_TYPE, VM_TYPE, VNET_TYPE, ResourceId
from app.domain.snapshot_groups import MOST_COLLECTIONS
from app.engine import (
    backups,
    clock,
    deleted_vaults,
    file_recoveries,
    jobs,
    outages,
    protection,
    restores,
    snapshots,
    vault_lifecycle,
    vm_sources,
)
from app.engine.rules import Rules
from app.engine.worker import Engine
from app.store.database import Database
from app.store.metadata import metadata
from app.store.resource_tables import resource_groups, resources, subscription_resources
from app.store.schema import ensure_schema
from app.store.tables import (
    disk_sets,
    items,
    policies,
    recovery_points,
    restore_point_collections,
    vaults,
)
from app.store.tables import jobs as job_rows
from app.workloads import azure_vm
from tests.conftest import FreshDatabase

START = parse("2026-01-30T21:00:00Z")
SEED = 7
VAULT = 1
VMS = 3
DAYS = 3
"""For how long points that a shorter retention loses are soft-deleted."""
SUBSCRIPTION = str(UUID(int=0))
GROUP_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g"

Rows = dict[str, list[Any]]


RULES = (
    "weekly schedule",
    "weekly",
    "monthly",
    "monthly by day",
    "yearly",
    "hourly",
    "often",
    "own group",
)
"""What a policy may have beside daily backups that are kept for days."""


def policy_document(
    minute: int, days: int, instant: int, more: frozenset[str] = frozenset()
) -> Document:
    """Return a policy; its lengths are short, so that points end while a script runs."""
    at = [f"2026-01-01T{minute // 60:02d}:{minute % 60:02d}:00Z"]
    schedule: dict[str, Any] = {
        "schedulePolicyType": "SimpleSchedulePolicy",
        "scheduleRunFrequency": "Daily",
        "scheduleRunTimes": at,
    }
    hourly = not more.isdisjoint({"hourly", "often"}) and "weekly schedule" not in more
    if hourly:
        window = {"scheduleWindowStartTime": at[0], "scheduleWindowDuration": 8 + days}
        schedule = {
            "schedulePolicyType": "SimpleSchedulePolicyV2",
            "scheduleRunFrequency": "Hourly",
            "hourlySchedule": window | {"interval": 4 if "often" in more else 8},
        }

    def kept(count: int, unit: str, **part: Any) -> dict[str, Any]:
        duration = {"count": count, "durationType": unit}
        return {"retentionTimes": at, "retentionDuration": duration, **part}

    weekdays = ["Saturday", "Sunday", "Tuesday"]
    weeks = {"daysOfTheWeek": weekdays[:2], "weeksOfTheMonth": ["First", "Last"]}
    by_week = {"retentionScheduleFormatType": "Weekly", "retentionScheduleWeekly": weeks}
    ends = {"daysOfTheMonth": [{"date": 1}, {"isLast": True}]}
    by_day = {"retentionScheduleFormatType": "Daily", "retentionScheduleDaily": ends}
    retention: dict[str, Any] = {"retentionPolicyType": "LongTermRetentionPolicy"}
    if "weekly schedule" in more:
        schedule |= {"scheduleRunFrequency": "Weekly", "scheduleRunDays": weekdays}
    else:
        retention["dailySchedule"] = kept(days, "Days")
    if not more.isdisjoint({"weekly", "weekly schedule"}):
        retention["weeklySchedule"] = kept(1 + days % 2, "Weeks", daysOfTheWeek=weekdays)
    if "monthly" in more:
        retention["monthlySchedule"] = kept(1, "Months", **by_week)
    elif "monthly by day" in more and "weekly schedule" not in more:
        retention["monthlySchedule"] = kept(1, "Months", **by_day)
    if "yearly" in more:
        months = ["January", "February"]
        retention["yearlySchedule"] = kept(1, "Years", monthsOfYear=months, **by_week)
    sent: dict[str, Any] = {"schedulePolicy": schedule, "retentionPolicy": retention}
    if hourly:
        sent["policyType"] = "V2"
    if "weekly schedule" not in more:
        sent["instantRpRetentionRangeInDays"] = instant
    sent["instantRPDetails"] = {"azureBackupRGNamePrefix": "own" * ("own group" in more)}
    return vm_policy(sent, None, START)


@dataclass(frozen=True)
class Action:
    """What a user does to one VM's protection: after some time, or around something due."""

    wait: int
    aim: int | None
    verb: str
    vm: int
    number: int


@dataclass(frozen=True)
class Script:
    """A world's policies and what is done in it; disks are sized so that transfers take long.

    ``room`` is how many collections the first group of snapshots still takes.
    """

    policies: list[Document]
    disk_gb: list[int]
    jitter: int
    room: int
    actions: list[Action]


half_hours = st.integers(0, 47).map(lambda number: number * 30)
rules = st.frozensets(st.sampled_from(RULES), max_size=3)
documents = st.builds(policy_document, half_hours, st.integers(7, 12), st.integers(1, 5), rules)
waits = st.one_of(
    st.integers(0, 2 * MINUTE),
    st.integers(4 * MINUTE, 20 * MINUTE),  # while an earlier job transfers
    st.integers(0, 2 * HOUR),
    st.integers(0, 3 * DAY),
    st.integers(0, 12 * DAY),
)
verbs = [
    "backup",
    "backup",
    "backup",
    "backup",
    "stop",
    "suspend",
    "resume",
    "edit",
    "delete",
    "undelete",
    "drop",
    "recover",
    "rebuild",
    "replace",
    "lose",
    "mount",
]
actions = st.builds(
    Action,
    waits,
    st.none() | st.integers(0, 9),
    st.sampled_from([*verbs, "cancel", "power", "outage", "outage"]),
    st.integers(0, VMS - 1),
    st.integers(0, 1000),
)
# One VM backed up again and again while the first transfer runs: the jobs that interact most.
bursts = st.builds(
    lambda vm, gaps: [Action(gap, None, "backup", vm, 600) for gap in gaps],
    st.integers(0, VMS - 1),
    st.lists(st.integers(4 * MINUTE, 20 * MINUTE), min_size=2, max_size=4),
)
# All VMs backed up at almost the same time: their snapshots end in whatever order.
rushes = st.builds(
    lambda vms, gap: [
        *(Action(gap, None, "backup", vm, 600) for vm in vms),
        Action(10 * MINUTE, None, "nothing", 0, 0),
    ],
    st.permutations(range(VMS)),
    st.integers(0, MINUTE),
)
scripts = st.builds(
    Script,
    st.lists(documents, min_size=2, max_size=2),
    st.lists(st.sampled_from([8, 500, 8_000, 32_000]), min_size=VMS, max_size=VMS),
    st.sampled_from([0, 0, 2 * HOUR]),
    st.sampled_from([MOST_COLLECTIONS, 1, 2]),
    st.lists(actions.map(lambda action: [action]) | bursts | rushes, min_size=1, max_size=8).map(
        lambda parts: [action for part in parts for action in part]
    ),
)


THEN = [Action(wait, None, "nothing", 0, 0) for wait in (15 * MINUTE, HOUR, 9 * DAY, 30 * DAY)]


class World:
    """A world of three VMs and two policies, without the service around it."""

    def __init__(self, database: Database, script: Script) -> None:
        self.rules = Rules(seed=SEED, start_jitter=script.jitter)
        self.database = database
        with self.database.writing() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(delete(table))
            state = clock.ClockState(
                1, "frozen", 1, "finish", START, START, base_real_at=0, settled_at=START
            )
            clock.create(connection, state, self.rules)
            connection.execute(insert(resource_groups).values(**GROUP))
            connection.execute(insert(vaults).values(**VAULT_ROW))
            connection.execute(insert(resources).values(**NETWORK_ROW))
            for key, document in enumerate(script.policies):
                values = {"key": key, "vault_key": VAULT, "folded_name": f"p{key}"}
                values |= {"name": f"p{key}", "document": document, "changed_at": START}
                connection.execute(insert(policies).values(values))
            for number in range(VMS):
                policy = read_vm(script.policies[number % 2])
                assert policy is not None
                protection.enable(
                    connection,
                    self.rules,
                    vault_key=VAULT,
                    name=azure_vm.name_of("g", f"vm{number}"),
                    source=_source(number, script.disk_gb[number]),
                    policy_key=number % 2,
                    policy=policy,
                    now=START,
                )
            _fill_group(connection, self.rules, MOST_COLLECTIONS - script.room)
        self.engine = Engine(self.database, self.rules)

    def now(self) -> int:
        with self.database.reading() as connection:
            return clock.read(connection).now(0)

    def cross(self, target: int) -> None:
        if target > self.now():
            asyncio.run(self.engine.advance(target))

    def aim(self, action: Action) -> int:
        """When an action happens: up to ten minutes around a due instant, if it aims at one."""
        due = [] if action.aim is None else self.due_instants()
        if action.aim is None or not due:
            return self.now() + action.wait
        around = action.number % 20 * MINUTE - 10 * MINUTE
        return max(self.now(), due[action.aim % len(due)] + around)

    def act(self, action: Action) -> None:
        with self.database.writing() as connection:
            now = clock.read(connection).now(0)
            found = connection.execute(select(items).order_by(items.c.folded_name)).all()
            named = [item for item in found if item.friendly_name == f"vm{action.vm}"]
            if action.verb == "outage" or is_down(connection):
                # Whoever asks for something else there is told that nobody is there.
                switch_region(connection, self.rules, action, now)
                return
            vault = connection.execute(select(vaults)).first()
            if vault is not None and (vault.deleted_at is not None or action.verb == "drop"):
                _drop_or_recover(connection, self.rules, action, vault, now)
            elif named:
                _act(connection, self.rules, action, named[0], now)

    def rows(self) -> Rows:
        with self.database.reading() as connection:
            return {
                table.name: sorted(
                    (tuple(row) for row in connection.execute(select(table)).all()), key=repr
                )
                for table in metadata.sorted_tables
                if table.name != "world"
            }

    def due_instants(self) -> list[int]:
        """The due instants of the jobs that run, and of the next starts."""
        with self.database.reading() as connection:
            due = [job_rows.c.due_at, items.c.next_backup_at, items.c.purge_at]
            due.append(items.c.purge_notice_at)
            found = [at for column in due for (at,) in connection.execute(select(column))]
            # What waits for a region to come back is due beyond the calendar.
            return sorted(at for at in found if at is not None and at <= LATEST)

    def has_running_job(self) -> bool:
        with self.database.reading() as connection:
            phases = (Phase.SNAPSHOT, Phase.TRANSFER)
            running = select(job_rows.c.job_id).where(job_rows.c.phase.in_(phases))
            return connection.execute(running).first() is not None


GROUP: dict[str, Any] = {
    "folded": GROUP_ID.lower(),
    "id": GROUP_ID,
    "subscription": SUBSCRIPTION,
    "name": "g",
    "location": "l",
    "tags": {},
}
VAULT_ROW: dict[str, Any] = {
    "key": VAULT,
    "folded": f"{GROUP_ID}/v".lower(),
    "id": f"{GROUP_ID}/v",
    "subscription": SUBSCRIPTION,
    "group_folded": GROUP_ID.lower(),
    "name": "v",
    "location": "l",
    "tags": {},
    "sku": {},
    "properties": {},
    "created_at": START,
    "changed_at": START,
    "provisioned_at": START,
}


NETWORK = f"{GROUP_ID}/providers/{VNET_TYPE}/n"
NETWORK_ROW: dict[str, Any] = {
    "folded": NETWORK.lower(),
    "id": NETWORK,
    "group_folded": GROUP_ID.lower(),
    "type_folded": VNET_TYPE.lower(),
    "name": "n",
    "location": "l",
    "document": {
        "properties": {"subnets": [{"name": "d", "properties": {"addressPrefix": "10.0.0.0/16"}}]}
    },
    "hidden": {},
    "created_at": START,
    "changed_at": START,
}
MACHINES = f"{GROUP_ID}/providers/{VM_TYPE}/vm"


def _source(number: int, gigabytes: int) -> vm_sources.Source:
    disk = {"lun": -1, "name": "os", "sizeGB": gigabytes, "sku": "Standard_LRS"}
    disk |= {"origin": f"disk{number}", "content_at": None}
    os = "Windows" if number else "Linux"
    return vm_sources.Source(f"{MACHINES}{number}", f"vm{number}", "l", True, os, "size", [disk])


def is_down(connection: Any) -> bool:
    return bool(read_outages(clock.read(connection).outages).down)


def switch_region(connection: Any, rules: Rules, action: Action, now: int) -> None:
    if action.verb == "outage":
        switch = outages.bring_back if is_down(connection) else outages.take_down
        switch(connection, rules, "l", now)


def _fill_group(connection: Any, rules: Rules, number: int) -> None:
    """Let the first group of the service's own name hold so many collections of another VM."""
    if not number:
        return
    policy = _policy(connection, 0)
    other = protection.enable(
        connection,
        rules,
        vault_key=VAULT,
        name=azure_vm.name_of("g", "other"),
        source=replace(_source(VMS, 8), name="other"),
        policy_key=0,
        policy=policy,
        now=START,
    )
    protection.stop(connection, other, START, keep_per_policy=False)
    full = GROUP_ID.replace("/g", "/AzureBackupRG_l_1")
    row = GROUP | {"folded": full.lower(), "id": full, "name": "AzureBackupRG_l_1"}
    connection.execute(insert(resource_groups).values(row))
    place = {"item_key": other.key, "group_folded": full.lower(), "location": "l"}
    connection.execute(
        insert(restore_point_collections),
        [
            place | {"since_at": each, "folded": f"/{each}", "id": "", "name": "", "created_at": 0}
            for each in range(number)
        ],
    )


def _act(connection: Any, rules: Rules, action: Action, item: Row[Any], now: int) -> None:
    deleted = item.deleted_at is not None
    stopped = item.state in (ProtectionState.STOPPED, ProtectionState.SUSPENDED)
    if action.verb == "undelete" and deleted:
        protection.undelete(connection, rules, item, now)
    if deleted:
        return
    if action.verb == "backup" and not stopped:
        until = now + action.number * HOUR + MINUTE
        policy = _policy(connection, item.policy_key)
        backups.trigger(
            connection, rules, item, now, policy=policy, retain_until=until, activity_id=None
        )
    elif action.verb in ("stop", "suspend"):
        protection.stop(connection, item, now, keep_per_policy=action.verb == "suspend")
    elif action.verb in ("resume", "edit"):
        _use_policy(connection, rules, action, item, now)
    elif action.verb == "delete":
        protection.delete(connection, rules, item, now, soft_delete_days=action.number % 15)
    elif action.verb in ("rebuild", "replace", "mount"):
        _restore(connection, rules, action.verb, item, now)
    elif action.verb in ("cancel", "lose"):
        (_cancel if action.verb == "cancel" else _lose)(connection, item, now)
    elif action.verb == "power":
        running = bool(action.number % 2)
        connection.execute(
            items.update().where(items.c.key == item.key).values(source_running=running)
        )


def _drop_or_recover(
    connection: Any, rules: Rules, action: Action, vault: Row[Any], now: int
) -> None:
    """Delete all items and then their vault, or bring the vault back with what is left of them."""
    if vault.deleted_at is not None:
        (gone,) = connection.execute(select(subscription_resources)).all()
        assert not deleted_vaults.is_purged(gone, now), "its row is there until the last purge"
        if action.verb == "recover":
            there = ResourceId(SUBSCRIPTION, "g", VAULT_TYPE, "v")
            group = connection.execute(
                select(resource_groups).where(resource_groups.c.folded == GROUP_ID.lower())
            ).one()
            deleted_vaults.undelete(connection, gone, group, there, now)
        return
    live = connection.execute(
        select(items).where(items.c.deleted_at.is_(None)).order_by(items.c.key)
    )
    for each in live.all():
        days = (action.number + each.key % 3) % 15
        protection.delete(connection, rules, each, now, soft_delete_days=days)
    vault_lifecycle.remove(connection, vault, now)


def _lose(connection: Any, item: Row[Any], now: int) -> None:
    of_item = restore_point_collections.c.item_key == item.key
    if not snapshots.transfers(connection, of_item):
        snapshots.remove(connection, of_item, now)


def _use_policy(connection: Any, rules: Rules, action: Action, item: Row[Any], now: int) -> None:
    key = action.number % 2
    if action.verb == "edit":
        more = frozenset(rule for bit, rule in enumerate(RULES) if action.number >> bit & 1)
        minute = action.number % 48 * 30
        document = policy_document(minute, 7 + action.number % 6, 1 + key, more)
        connection.execute(policies.update().where(policies.c.key == key).values(document=document))
        policy = _policy(connection, key)
        protection.edit_policy(connection, rules, key, policy, now, soft_delete_days=DAYS)
        return
    policy = _policy(connection, key)
    protection.use_policy(connection, rules, item, key, policy, now, soft_delete_days=DAYS)


def _policy(connection: Any, key: int) -> VmPolicy:
    policy = read_vm(
        connection.execute(select(policies.c.document).where(policies.c.key == key)).scalar_one()
    )
    assert policy is not None
    return policy


def _restore(connection: Any, rules: Rules, verb: str, item: Row[Any], now: int) -> None:
    """Build a VM from its newest point, give the built one its disks, or mount the point."""
    point = connection.execute(
        select(recovery_points, disk_sets.c.document.label("disks"))
        .join(disk_sets, disk_sets.c.key == recovery_points.c.disk_set_key)
        .where(recovery_points.c.item_key == item.key)
        .order_by(recovery_points.c.taken_at.desc())
    ).first()
    if point is None:
        return
    if verb == "mount":
        operation_id = ids.guid_hex(SEED, "mount", item.key, now)
        file_recoveries.begin(connection, rules, point, operation_id, now, renew=bool(now % 2))
        return
    vm = resources.c.folded == item.source_folded
    if verb == "replace":
        stopped = {"power_state": "stopped", "revision": 1}
        connection.execute(resources.update().where(vm).values(hidden=stopped))
    detail = {
        "kind": restores.SAME_VM if verb == "replace" else restores.NEW_VM,
        "luns": None,
        "target_group": GROUP_ID,
        "target_vm": item.source_id,
        "subnet": f"{NETWORK}/subnets/d",
        "location": "l",
        "vault_name": "v",
        "from_vault": False,
    }
    restores.trigger(connection, rules, item, point, now, detail=detail, activity_id=None)


def _cancel(connection: Any, item: Row[Any], now: int) -> None:
    running = connection.execute(
        select(job_rows).where(
            job_rows.c.item_key == item.key, job_rows.c.phase.in_(tuple(CANCELLABLE))
        )
    ).first()
    if running is not None:
        jobs.cancel(connection, running, now)


def play(
    database: Database, script: Script, cuts: Any = None
) -> tuple[list[dict[str, list[Any]]], int]:
    """Play a script; ``cuts`` draws where to stop on the way.

    Return all rows as they were before each action (what comes later may cover a difference up)
    and how many cuts hit a running job.
    """
    world = World(database, script)
    hits = 0
    seen = []
    for action in [*script.actions, *THEN]:
        target = world.aim(action)
        while cuts is not None and cuts.draw(st.booleans(), label="cut"):
            world.cross(min(target, _cut(world, target, cuts)))
            hits += world.has_running_job()
        world.cross(target)
        seen.append(world.rows())
        world.act(action)
    return seen, hits


def _cut(world: World, target: int, cuts: Any) -> int:
    near = [at for at in world.due_instants() if at <= target]
    if near and cuts.draw(st.booleans(), label="near a due instant"):
        at = cuts.draw(st.sampled_from(near[:6]), label="due")
        return int(at) + int(cuts.draw(st.sampled_from([-1, 0, 1, MINUTE]), label="off by"))
    return int(cuts.draw(st.integers(world.now(), target), label="anywhere"))


EXAMPLES = {"sqlite": 50, "postgresql": 12}
"""PostgreSQL takes several times as long for each."""


def test_a_span_gives_the_same_rows_however_it_is_cut(
    fresh_world: FreshDatabase, dialect: str
) -> None:
    hits: list[int] = []

    @settings(
        max_examples=EXAMPLES[dialect],
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(script=scripts, cuts=st.data())
    def check_equality(script: Script, cuts: Any) -> None:
        whole, _ = play(database, script)
        cut, hit = play(database, script, cuts)
        hits.append(hit)
        event(f"cuts inside a running job: {min(hit, 3)}")
        assert cut == whole

    with closing(Database(fresh_world())) as database:
        with database.writing() as connection:
            ensure_schema(connection)
        check_equality()
    assert sum(hits) > 0, "no cut ever hit a running job: the property was not tried"
