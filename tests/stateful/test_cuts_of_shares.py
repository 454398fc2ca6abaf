"""However a span of time is cut, shares and VMs side by side come to the same rows.

The property of ``test_cuts``, for the workload whose backups may have one phase: two shares, one
under a policy of snapshots alone and one under a vaulted policy, beside the three VMs.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from app.domain.documents import Document
from app.domain.file_share_documents import file_share_policy
from app.domain.instants import DAY, HOUR, MINUTE
from app.domain.jobs import ProtectionState
from app.domain.policies import Policy, read
from app.domain.resource_ids import SHARE_TYPE, STORAGE_TYPE
from app.engine import backups, clock, protection, sources
from app.engine.share_sources import find
from app.store.database import Database
from app.store.resource_tables import resources
from app.store.schema import ensure_schema
from app.store.tables import items, policies, recovery_points
from app.workloads.azure_file_share import AccountName, ShareName
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

ACCOUNT_ID = f"{GROUP_ID}/providers/{STORAGE_TYPE}/a"
SHARES = ("snapshots", "vaulted")


def share_document(
    minute: int, days: int, *, hours: int = 0, snapshots: int = 0, weekly: bool = False
) -> Document:
    """Return a policy: daily, or every four ``hours`` of a window; of ``snapshots`` days besides
    the vault's ``days``, or of snapshots alone."""
    at = [f"2026-01-01T{minute // 60:02d}:{minute % 60:02d}:00Z"]
    schedule: Document = {"schedulePolicyType": "SimpleSchedulePolicy"}
    schedule |= {"scheduleRunFrequency": "Daily", "scheduleRunTimes": at}
    if hours:
        window = {"interval": 4, "scheduleWindowStartTime": at[0], "scheduleWindowDuration": hours}
        schedule |= {"scheduleRunFrequency": "Hourly", "hourlySchedule": window}
        del schedule["scheduleRunTimes"]
    times: Document = {} if hours else {"retentionTimes": at}

    def kept(count: int, unit: str, **part: Any) -> Document:
        duration = {"count": count, "durationType": unit}
        return times | {"retentionDuration": duration, **part}

    retention: Document = {"retentionPolicyType": "LongTermRetentionPolicy"}
    retention["dailySchedule"] = kept(days, "Days")
    if weekly:
        retention["weeklySchedule"] = kept(2, "Weeks", daysOfTheWeek=["Sunday", "Tuesday"])
    sent: Document = {"schedulePolicy": schedule, "retentionPolicy": retention}
    if snapshots:
        vault = {"snapshotRetentionInDays": snapshots, "vaultRetention": retention}
        sent = {"schedulePolicy": schedule, "vaultRetentionPolicy": vault}
    return file_share_policy(sent, None, START)


half_hours = st.integers(0, 20).map(lambda number: number * 30)
of_snapshots = st.builds(
    share_document,
    half_hours,
    st.integers(1, 9),
    hours=st.sampled_from([0, 4, 12]),
    weekly=st.booleans(),
)
of_vault = st.builds(
    share_document,
    half_hours,
    st.integers(5, 9),
    hours=st.sampled_from([0, 4, 12]),
    snapshots=st.integers(1, 4),
    weekly=st.booleans(),
)
waits = st.one_of(st.integers(0, 2 * MINUTE), st.integers(0, 2 * HOUR), st.integers(0, 9 * DAY))
verbs = ["backup", "backup", "backup", "stop", "suspend", "resume", "edit", "delete", "undelete"]
actions = st.builds(
    Action,
    waits,
    st.none() | st.integers(0, 9),
    st.sampled_from([*verbs, "lose"]),
    st.integers(0, 1),
    st.integers(0, 400),
)


@dataclass(frozen=True)
class ShareScript(Script):
    """A script of shares; ``edits`` are what the two policies come to say."""

    shares: list[Document] = field(default_factory=list)
    edits: list[Document] = field(default_factory=list)


scripts = st.builds(
    lambda shares, edits, jitter, done: ShareScript(
        [policy_document(0, 7, 2)] * 2, [8] * VMS, jitter, 2, done, shares, edits
    ),
    st.tuples(of_snapshots, of_vault).map(list),
    st.tuples(of_snapshots, of_vault).map(list),
    st.sampled_from([0, 2 * HOUR]),
    st.lists(actions, min_size=1, max_size=8),
)


class ShareWorld(World):
    """The world of ``test_cuts`` with two shares more."""

    def __init__(self, database: Database, script: ShareScript) -> None:
        super().__init__(database, script)
        self.edits = script.edits
        with database.writing() as connection:
            for number, document in enumerate(script.shares):
                key = 2 + number
                values = {"key": key, "vault_key": VAULT, "folded_name": f"p{key}"}
                values |= {"name": f"p{key}", "document": document, "changed_at": START}
                connection.execute(insert(policies).values(values))
                self._put_share(connection, SHARES[number])
                self._protect(connection, number, key, document)

    def _put_share(self, connection: Any, name: str) -> None:
        path = f"{ACCOUNT_ID}/fileServices/default/shares/{name}"
        row: Document = {"folded": path.lower(), "id": path, "group_folded": GROUP_ID.lower()}
        row |= {"type_folded": SHARE_TYPE.lower(), "name": name, "location": "l", "hidden": {}}
        row |= {"created_at": START, "changed_at": START}
        document = {"properties": {"shareQuota": 1024, "enabledProtocols": "SMB"}}
        connection.execute(insert(resources).values(document=document, **row))

    def _protect(self, connection: Any, number: int, key: int, document: Document) -> None:
        path = f"{ACCOUNT_ID}/fileServices/default/shares/{SHARES[number]}"
        source = find(connection, path)
        assert source is not None
        protection.enable(
            connection,
            self.rules,
            vault_key=VAULT,
            name=ShareName(AccountName("g", "a"), path),
            source=source,
            source_id=ACCOUNT_ID,
            policy_key=key,
            policy=_read(document),
            now=START,
        )

    def act(self, action: Action) -> None:
        with self.database.writing() as connection:
            now = clock.read(connection).now(0)
            wanted = items.c.friendly_name == SHARES[action.vm]
            item = connection.execute(select(items).where(wanted)).first()
            if item is None:
                return
            if item.deleted_at is not None:
                if action.verb == "undelete":
                    protection.undelete(connection, self.rules, item, now)
                return
            self._change(connection, action, item, now)

    def _change(self, connection: Any, action: Action, item: Any, now: int) -> None:
        stopped = item.state in (ProtectionState.STOPPED, ProtectionState.SUSPENDED)
        key = 2 + action.vm
        here = policies.c.key == key
        if action.verb == "edit":
            document = self.edits[action.vm]
            connection.execute(policies.update().where(here).values(document=document))
            policy = _read(document)
            protection.edit_policy(connection, self.rules, key, policy, now, soft_delete_days=DAYS)
            return
        policy = _read(connection.execute(select(policies.c.document).where(here)).scalar_one())
        if action.verb == "backup" and not stopped:
            until = now + action.number * HOUR + MINUTE
            backups.trigger(
                connection,
                self.rules,
                item,
                now,
                policy=policy,
                retain_until=until,
                activity_id=None,
            )
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
        elif action.verb == "lose":
            connection.execute(resources.delete().where(resources.c.folded == item.source_folded))
            sources.refresh(connection, self.rules, item.source_folded, now)


def _read(document: Document) -> Policy:
    policy = read(document)
    assert policy is not None
    return policy


def play(database: Database, script: ShareScript, cuts: Any = None) -> tuple[list[Any], int]:
    """Play a script, stopping where ``cuts`` says, and count the points of shares that came."""
    world = ShareWorld(database, script)
    seen = []
    for action in [*script.actions, *THEN]:
        target = world.aim(action)
        while cuts is not None and cuts.draw(st.booleans(), label="cut"):
            near = [at for at in world.due_instants() if at <= target] or [target]
            at = cuts.draw(st.sampled_from(near[:6]) | st.integers(world.now(), target))
            world.cross(min(target, at + cuts.draw(st.sampled_from([-1, 0, 1, MINUTE]))))
        world.cross(target)
        seen.append(world.rows())
        world.act(action)
    with database.reading() as connection:
        of_shares = select(items.c.key).where(items.c.workload == "AzureFileShare")
        points = connection.execute(
            select(recovery_points.c.taken_at).where(recovery_points.c.item_key.in_(of_shares))
        ).all()
    return seen, len(points)


EXAMPLES = {"sqlite": 15, "postgresql": 4}


def test_shares_come_to_the_same_rows_however_a_span_is_cut(
    fresh_world: FreshDatabase, dialect: str
) -> None:
    points: list[int] = []

    @settings(
        max_examples=EXAMPLES[dialect],
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(script=scripts, cuts=st.data())
    def check_equality(script: ShareScript, cuts: Any) -> None:
        whole, _ = play(database, script)
        cut, left = play(database, script, cuts)
        points.append(left)
        assert cut == whole

    with closing(Database(fresh_world())) as database:
        with database.writing() as connection:
            ensure_schema(connection)
        check_equality()
    assert sum(points) > 0, "no share ever had a recovery point: the property was not tried"
