"""However a span of time is cut, databases come to the same rows.

The property of ``test_cuts``, for what is streamed: a SQL Server and a SAP HANA database in one
VM, under policies whose full, differential and incremental backups and logs go on side by side.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from app.domain.documents import Document
from app.domain.guest_databases import GuestDatabase
from app.domain.instants import DAY, HOUR, MINUTE
from app.domain.jobs import ProtectionState
from app.domain.outages import read as read_outages
from app.domain.policies import HANA_DATABASE, LOG, SQL_DATABASE, DatabasePolicy, read
from app.domain.resource_ids import VM_TYPE
from app.domain.workload_documents import workload_policy
from app.engine import (
    clock,
    database_restores,
    database_sources,
    jobs,
    log_chains,
    log_copies,
    outages,
    protection,
    replication,
    sources,
    streamed_backups,
)
from app.engine.log_chains import Range
from app.store.database import Database
from app.store.resource_tables import resources
from app.store.schema import ensure_schema
from app.store.tables import items, policies, recovery_points, vaults
from app.store.tables import jobs as job_rows
from app.workloads.database import DatabaseName, source_id
from app.workloads.table import WORKLOADS
from tests.conftest import FreshDatabase
from tests.stateful.test_cuts import (
    DAYS,
    GROUP_ID,
    START,
    THEN,
    VAULT,
    VMS,
    Action,
    Script,
    World,
    policy_document,
)

REGION, PAIR = "westeurope", "northeurope"
OPTED_IN = {"redundancySettings": {"crossRegionRestore": "Enabled"}}
VM_ID = f"{GROUP_ID}/providers/{VM_TYPE}/db"
GUESTS = (
    GuestDatabase(SQL_DATABASE, "MSSQLSERVER", "sales"),
    GuestDatabase(HANA_DATABASE, "HDB", "ERP", ""),
)
VM_ROW: Document = {
    "folded": VM_ID.lower(),
    "id": VM_ID,
    "group_folded": GROUP_ID.lower(),
    "type_folded": VM_TYPE.lower(),
    "name": "db",
    "location": "l",
    "document": {
        "tags": {"rsvault-sql": "MSSQLSERVER/sales", "rsvault-hana": "HDB/ERP"},
        "properties": {"storageProfile": {}},
    },
    "hidden": {"power_state": "running"},
    "created_at": START,
    "changed_at": START,
}


def database_document(
    number: int,
    minute: int,
    *,
    weekly: bool = True,
    weeks: int = 1,
    differential: int = 0,
    incremental: int = 0,
    log: int = 0,
    every: int = 60,
) -> Document:
    """Return a policy of one of the two databases; lengths are days, but for ``weeks``."""
    at = [f"2026-01-01T{minute // 60:02d}:{minute % 60:02d}:00Z"]

    def schedule(*days: str) -> Document:
        kind = {"schedulePolicyType": "SimpleSchedulePolicy", "scheduleRunTimes": at}
        if not days:
            return kind | {"scheduleRunFrequency": "Daily"}
        return kind | {"scheduleRunFrequency": "Weekly", "scheduleRunDays": list(days)}

    def kept(count: int, unit: str, **part: Any) -> Document:
        duration = {"count": count, "durationType": unit}
        return {"retentionTimes": at, "retentionDuration": duration, **part}

    def simple(days: int) -> Document:
        duration = {"count": days, "durationType": "Days"}
        return {"retentionPolicyType": "SimpleRetentionPolicy", "retentionDuration": duration}

    long = {"retentionPolicyType": "LongTermRetentionPolicy"}
    if weekly:
        rule = kept(weeks, "Weeks", daysOfTheWeek=["Sunday"])
        full = {"schedulePolicy": schedule("Sunday"), "retentionPolicy": long}
        full["retentionPolicy"] = long | {"weeklySchedule": rule}
    else:
        full = {"schedulePolicy": schedule()}
        full["retentionPolicy"] = long | {"dailySchedule": kept(7 * weeks, "Days")}
    parts: list[Document] = [{"policyType": "Full", **full}]
    days = {"Differential": ("Monday", "Wednesday"), "Incremental": ("Tuesday", "Thursday")}
    for kind, length in (("Differential", differential), ("Incremental", incremental)):
        if length and weekly and not (kind == "Incremental" and number == 0):
            part = {"schedulePolicy": schedule(*days[kind]), "retentionPolicy": simple(length)}
            parts.append({"policyType": kind, **part})
    if log or number == 1:
        logs = {"schedulePolicyType": "LogSchedulePolicy", "scheduleFrequencyInMins": every}
        kept_log = simple(max(log, 7))
        parts.append({"policyType": "Log", "schedulePolicy": logs, "retentionPolicy": kept_log})
    name = GUESTS[number].workload
    sent = {"workLoadType": name, "subProtectionPolicy": parts, "settings": {"timeZone": "UTC"}}
    return workload_policy(sent, None, START)


half_hours = st.integers(0, 47).map(lambda number: number * 30)


def documents(number: int) -> st.SearchStrategy[Document]:
    return st.builds(
        lambda minute, weekly, weeks, differential, incremental, log, every: database_document(
            number,
            minute,
            weekly=weekly,
            weeks=max(weeks, 2) if differential or incremental else weeks,
            differential=differential,
            incremental=incremental,
            log=min(log, differential - 1) if differential and log else log,
            every=every,
        ),
        half_hours,
        st.sampled_from([True, True, False]),
        st.integers(1, 3),
        st.sampled_from([0, 8, 10, 14]),
        st.sampled_from([0, 7, 12]),
        st.sampled_from([0, 7, 12]),
        st.sampled_from([15, 60, 480, 1440]),
    )


waits = st.one_of(
    st.integers(0, 2 * MINUTE),
    st.integers(0, 2 * HOUR),
    st.integers(0, 9 * DAY),
    st.integers(0, 20 * DAY),
)
verbs = ["backup", "backup", "backup", "stop", "suspend", "resume", "edit", "delete", "undelete"]
actions = st.builds(
    Action,
    waits,
    st.none() | st.integers(0, 9),
    st.sampled_from([*verbs, "power", "drop", "restore", "cancel", "outage"]),
    st.integers(0, 1),
    st.integers(0, 400),
)


@dataclass(frozen=True)
class DatabaseScript(Script):
    """A script of databases; ``edits`` are what the two policies come to say."""

    databases: list[Document] = field(default_factory=list)
    edits: list[Document] = field(default_factory=list)


scripts = st.builds(
    lambda first, edits, jitter, done: DatabaseScript(
        [policy_document(0, 7, 2)] * 2, [8] * VMS, jitter, 2, done, list(first), list(edits)
    ),
    st.tuples(documents(0), documents(1)),
    st.tuples(documents(0), documents(1)),
    st.sampled_from([0, 2 * HOUR]),
    st.lists(actions, min_size=1, max_size=8),
)


class DatabaseWorld(World):
    """The world of ``test_cuts`` with two databases more, in a vault with a secondary region."""

    def __init__(self, database: Database, script: DatabaseScript) -> None:
        super().__init__(database, script)
        self.edits = script.edits
        self.told: dict[tuple[int, int], list[Range]] = {}
        """What could be restored of an item's log at an instant, as it was told then."""
        with database.writing() as connection:
            connection.execute(update(vaults).values(location=REGION, properties=OPTED_IN))
            connection.execute(insert(resources).values(**VM_ROW))
            for number, document in enumerate(script.databases):
                key = 2 + number
                values = {"key": key, "vault_key": VAULT, "folded_name": f"p{key}"}
                values |= {"name": f"p{key}", "document": document, "changed_at": START}
                connection.execute(insert(policies).values(values))
                self._protect(connection, number, key, document)

    def _protect(self, connection: Any, number: int, key: int, document: Document) -> None:
        guest = GUESTS[number]
        reader = database_sources.READERS[guest.workload]
        source = reader.find(connection, source_id(VM_ID, guest.instance, guest.name))
        assert source is not None
        streaming = WORKLOADS[guest.workload].streaming
        assert streaming is not None
        protection.enable(
            connection,
            self.rules,
            vault_key=VAULT,
            name=DatabaseName(streaming.item_kind, "g", "db", guest.instance, guest.name),
            source=source,
            policy_key=key,
            policy=_read(document),
            now=START,
        )

    def act(self, action: Action) -> None:
        with self.database.writing() as connection:
            now = clock.read(connection).now(0)
            _switch_region(connection, self.rules, action, now)
            self._change_vm(connection, action, now)
            wanted = items.c.friendly_name == GUESTS[action.vm].name
            item = connection.execute(select(items).where(wanted)).first()
            if item is None:
                return
            if item.deleted_at is not None:
                if action.verb == "undelete":
                    protection.undelete(connection, self.rules, item, now)
                return
            self._change(connection, action, item, now)

    def _change_vm(self, connection: Any, action: Action, now: int) -> None:
        """Start or stop the VM, or take all databases from it and give them back."""
        here = resources.c.folded == VM_ID.lower()
        vm = connection.execute(select(resources).where(here)).one()
        if action.verb == "power":
            power = ("running", "deallocated")[action.number % 2]
            values = {"hidden": vm.hidden | {"power_state": power}}
        elif action.verb == "drop":
            tags = VM_ROW["document"]["tags"] if action.number % 2 else {}
            values = {"document": vm.document | {"tags": tags}}
        else:
            return
        connection.execute(resources.update().where(here).values(**values))
        sources.refresh(connection, self.rules, VM_ID, now)

    def _change(self, connection: Any, action: Action, item: Any, now: int) -> None:
        stopped = item.state in (ProtectionState.STOPPED, ProtectionState.SUSPENDED)
        key = 2 + action.vm
        here = policies.c.key == key
        if action.verb == "edit":
            document = self.edits[action.vm]
            connection.execute(policies.update().where(here).values(document=document))
            protection.edit_policy(
                connection, self.rules, key, _read(document), now, soft_delete_days=DAYS
            )
            return
        policy = _read(connection.execute(select(policies.c.document).where(here)).scalar_one())
        if action.verb == "backup" and not stopped:
            self._back_up(connection, action, item, policy, now)
        elif action.verb in ("stop", "suspend"):
            protection.stop(connection, item, now, keep_per_policy=action.verb == "suspend")
        elif action.verb == "resume":
            protection.use_policy(
                connection, self.rules, item, key, policy, now, soft_delete_days=DAYS
            )
        elif action.verb == "delete":
            protection.delete(
                connection, self.rules, item, now, soft_delete_days=action.number % 15
            )
        elif action.verb == "restore":
            self._restore(connection, action, item, now)
        elif action.verb == "cancel":
            self._cancel(connection, item, now)

    def _back_up(
        self, connection: Any, action: Action, item: Any, policy: DatabasePolicy, now: int
    ) -> None:
        kinds = [each.kind for each in policy.deltas] + ([LOG] if policy.logs else [])
        kind = ["Full", "CopyOnlyFull", *kinds][action.number % (2 + len(kinds))]
        until = now + action.number * HOUR + DAY if "Full" in kind else None
        streamed_backups.trigger(
            connection,
            self.rules,
            item,
            now,
            kind=kind,
            policy=policy,
            retain_until=until,
            activity_id=None,
        )

    def _restore(self, connection: Any, action: Action, item: Any, now: int) -> None:
        """Restore over the database itself, or beside it."""
        guest = GUESTS[action.vm]
        beside = "" if action.number % 2 else "-copy"
        detail: Document = {
            "kind": database_restores.DATABASE,
            "target_vm": VM_ID,
            "guest": [guest.workload, guest.instance, f"{guest.name}{beside}", "FULL"],
            "overwrite": action.number % 3 > 0,
            "content": {"fingerprint": f"{now}", "usedBytes": 40 << 30},
        }
        database_restores.trigger(
            connection, self.rules, item, now, detail=detail, activity_id=None
        )

    def _cancel(self, connection: Any, item: Any, now: int) -> None:
        running = job_rows.c.phase.in_(("streaming", "copying"))
        job = connection.execute(
            select(job_rows).where(job_rows.c.item_key == item.key, running)
        ).first()
        if job is not None and job.due_at < 1 << 59:
            jobs.cancel(connection, job, now)

    def ranges(self) -> list[Any]:
        """What can be restored of the logs, as it is told now; what was told before holds on."""
        with self.database.reading() as connection:
            found = connection.execute(select(items).order_by(items.c.key)).all()
            now = clock.read(connection).now(0)
            told = [log_chains.ranges(connection, item, now) for item in found]
            for item, known in zip(found, told, strict=True):
                self._check_past(connection, item, now, known)
                self.told[item.key, now] = known
            return told

    def _check_past(self, connection: Any, item: Any, now: int, known: list[Range]) -> None:
        """Whatever happened since: a copy that lags behind tells what was told at its instant."""
        for (key, at), then in self.told.items():
            if key == item.key:
                copied = log_copies.ranges(connection, item, now, at)
                assert copied == _left_of(then, known), (at, now)

    def copied(self) -> list[Any]:
        """What is in the secondary region now: points, and what can be restored of the logs."""
        with self.database.reading() as connection:
            state = clock.read(connection)
            now = state.now(0)
            vault = connection.execute(select(vaults)).one()
            known = read_outages(state.outages)
            until = replication.replicated_until(known, self.rules, vault, now)
            there = replication.is_replicated(until, now)
            point = recovery_points.c
            points = select(point.item_key, point.taken_at, point.backup_type).where(there)
            found = connection.execute(select(items).order_by(items.c.key)).all()
            copies = [log_copies.ranges(connection, item, now, until) for item in found]
            return [sorted(map(tuple, connection.execute(points).all()), key=repr), copies]


def _left_of(then: list[Range], known: list[Range]) -> list[Range]:
    """Return what is left of ranges that were told before, given those that are known now."""
    return [
        Range(max(old.start, new.start), old.end)
        for old in then
        for new in known
        if max(old.start, new.start) < old.end <= new.end
    ]


def _switch_region(connection: Any, rules: Any, action: Action, now: int) -> None:
    """Take the vault's region down or bring it back; every third time the other one."""
    if action.verb == "outage":
        region = PAIR if action.number % 3 == 0 else REGION
        down = region in read_outages(clock.read(connection).outages).down
        switch = outages.bring_back if down else outages.take_down
        switch(connection, rules, region, now)


def _read(document: Document) -> DatabasePolicy:
    policy = read(document)
    assert isinstance(policy, DatabasePolicy)
    return policy


def play(database: Database, script: DatabaseScript, cuts: Any = None) -> tuple[list[Any], int]:
    """Play a script, stopping where ``cuts`` says; count the points that are based on others."""
    world = DatabaseWorld(database, script)
    seen: list[Any] = []
    for action in [*script.actions, *THEN]:
        target = world.aim(action)
        while cuts is not None and cuts.draw(st.booleans(), label="cut"):
            near = [at for at in world.due_instants() if at <= target] or [target]
            at = cuts.draw(st.sampled_from(near[:6]) | st.integers(world.now(), target))
            world.cross(min(target, at + cuts.draw(st.sampled_from([-1, 0, 1, MINUTE]))))
        world.cross(target)
        seen += [world.rows(), world.ranges(), world.copied()]
        world.act(action)
    with database.reading() as connection:
        based = select(recovery_points.c.taken_at).where(recovery_points.c.base_at.is_not(None))
        return seen, len(connection.execute(based).all())


EXAMPLES = {"sqlite": 25, "postgresql": 6}


def test_databases_come_to_the_same_rows_however_a_span_is_cut(
    fresh_world: FreshDatabase, dialect: str
) -> None:
    points: list[int] = []

    @settings(
        max_examples=EXAMPLES[dialect],
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(script=scripts, cuts=st.data())
    def check_equality(script: DatabaseScript, cuts: Any) -> None:
        whole, _ = play(database, script)
        cut, left = play(database, script, cuts)
        points.append(left)
        assert cut == whole

    with closing(Database(fresh_world())) as database:
        with database.writing() as connection:
            ensure_schema(connection)
        check_equality()
    if dialect == "sqlite":  # the few examples of PostgreSQL need not come to it
        assert sum(points) > 0, "nothing was ever based on another: the property was not tried"
