"""However a span of time is cut, points go to the archive and come back as the same rows.

The property of ``test_cuts`` over years: weekly backups, of which a month's first is kept for
about a year, under policies that may tier; users move points and rehydrate them in between,
and the region may go down.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Row, func, select

from app.domain.documents import Document
from app.domain.instants import DAY, HOUR, MINUTE
from app.domain.jobs import CANCELLABLE, Phase
from app.domain.policies import read_vm
from app.domain.policy_documents import vm_policy
from app.engine import archiving, clock, jobs, protection, restores, tiering
from app.engine.rehydrations import Rehydration, is_rehydrated
from app.store.database import Database
from app.store.schema import ensure_schema
from app.store.tables import disk_sets, items, policies, recovery_points
from app.store.tables import jobs as job_rows
from tests.conftest import FreshDatabase
from tests.stateful.test_cuts import (
    DAYS,
    GROUP_ID,
    NETWORK,
    START,
    VMS,
    Action,
    Script,
    World,
    is_down,
    switch_region,
)

MODES = (
    {"tieringMode": "DoNotTier"},
    {"tieringMode": "TierRecommended"},
    {"tieringMode": "TierAfter", "duration": 120, "durationType": "Days"},
)
AT = ["2026-01-01T20:30:00Z"]


def document(mode: Document, months: int, weeks: int) -> Document:
    """Return an Enhanced policy of weekly backups that keeps some for months and may tier them."""

    def kept(count: int, unit: str, **part: Any) -> Document:
        duration = {"count": count, "durationType": unit}
        return {"retentionTimes": AT, "retentionDuration": duration, **part}

    first = {"daysOfTheWeek": ["Sunday"], "weeksOfTheMonth": ["First"]}
    by_week = {"retentionScheduleFormatType": "Weekly", "retentionScheduleWeekly": first}
    return vm_policy(
        {
            "policyType": "V2",
            "schedulePolicy": {
                "schedulePolicyType": "SimpleSchedulePolicyV2",
                "scheduleRunFrequency": "Weekly",
                "weeklySchedule": {"scheduleRunDays": ["Sunday"], "scheduleRunTimes": AT},
            },
            "retentionPolicy": {
                "retentionPolicyType": "LongTermRetentionPolicy",
                "weeklySchedule": kept(weeks, "Weeks", daysOfTheWeek=["Sunday"]),
                "monthlySchedule": kept(months, "Months", **by_week),
            },
            "tieringPolicy": {"ArchivedRP": mode},
        },
        None,
        START,
    )


documents = st.builds(
    document, st.sampled_from(MODES), st.integers(10, 14), st.sampled_from([2, 15, 20])
)
verbs = ["move", "move", "move", "rehydrate", "rehydrate", "stop", "suspend", "resume", "edit"]
actions = st.builds(
    Action,
    st.one_of(st.integers(0, 2 * HOUR), st.integers(0, 3 * DAY), st.integers(60 * DAY, 150 * DAY)),
    st.none() | st.integers(0, 9),
    st.sampled_from([*verbs, "shorten", "delete", "undelete", "cancel", "outage", "outage"]),
    st.integers(0, VMS - 1),
    st.integers(0, 1000),
)


@dataclass(frozen=True)
class ArchiveScript(Script):
    """A script of archives; ``edits`` are what the two policies come to say."""

    edits: list[Document] = field(default_factory=list)


scripts = st.builds(
    lambda months, edits, gigabytes, done: ArchiveScript(
        [document(MODES[1], months, 2), document(MODES[0], months, 2)], gigabytes, 0, 2, done, edits
    ),
    st.integers(10, 14),
    st.lists(documents, min_size=2, max_size=2),
    st.lists(st.sampled_from([8, 500, 32_000]), min_size=VMS, max_size=VMS),
    st.lists(actions, min_size=3, max_size=9),
)
# By then the first policy has moved points, and the second has some that could be moved.
FIRST = [
    Action(135 * DAY, None, "nothing", 0, 0),
    Action(0, None, "rehydrate", 0, 1),
    Action(0, None, "move", 1, 0),
]
THEN = [Action(wait, None, "nothing", 0, 0) for wait in (30 * MINUTE, 16 * HOUR, 100 * DAY)]


class ArchiveWorld(World):
    """The world of ``test_cuts``, whose users move points between tiers."""

    def __init__(self, database: Database, script: ArchiveScript) -> None:
        super().__init__(database, script)
        self.edits = script.edits

    def act(self, action: Action) -> None:
        with self.database.writing() as connection:
            now = clock.read(connection).now(0)
            if action.verb == "outage" or is_down(connection):
                switch_region(connection, self.rules, action, now)
                return
            wanted = items.c.friendly_name == f"vm{action.vm}"
            item = connection.execute(select(items).where(wanted)).first()
            if item is None:
                return
            if item.deleted_at is None:
                self._change(connection, action, item, now)
            elif action.verb == "undelete":
                protection.undelete(connection, self.rules, item, now)

    def _change(self, connection: Any, action: Action, item: Row[Any], now: int) -> None:
        key = action.vm % 2
        if action.verb == "move":
            self._move(connection, action, item, now)
        elif action.verb == "rehydrate":
            self._rehydrate(connection, action, item, now)
        elif action.verb in ("stop", "suspend"):
            protection.stop(connection, item, now, keep_per_policy=action.verb == "suspend")
        elif action.verb == "resume":
            found = connection.execute(select(policies.c.document).where(policies.c.key == key))
            policy = read_vm(found.scalar_one())
            assert policy is not None
            protection.use_policy(
                connection, self.rules, item, key, policy, now, soft_delete_days=DAYS
            )
        elif action.verb in ("edit", "shorten"):
            shorter = document(MODES[0], 1, 1)
            self._edit(connection, key, self.edits[key] if action.verb == "edit" else shorter, now)
        elif action.verb == "delete":
            protection.delete(
                connection, self.rules, item, now, soft_delete_days=action.number % 15
            )
        elif action.verb == "cancel":
            _cancel(connection, item, now)

    def _edit(self, connection: Any, key: int, sent: Document, now: int) -> None:
        connection.execute(policies.update().where(policies.c.key == key).values(document=sent))
        policy = read_vm(sent)
        assert policy is not None
        protection.edit_policy(connection, self.rules, key, policy, now, soft_delete_days=DAYS)

    def _move(self, connection: Any, action: Action, item: Row[Any], now: int) -> None:
        ready = [each for each in _points(connection, item, now) if each.obstacle is None]
        if ready:
            point = ready[action.number % len(ready)]
            tiering.begin_move(connection, self.rules, item, point, now, activity_id=None)

    def _rehydrate(self, connection: Any, action: Action, item: Row[Any], now: int) -> None:
        running = archiving.points_in_phase(connection, item.key, Phase.REHYDRATING)
        found = [
            each
            for each in _points(connection, item, now)
            if each.archived_at is not None
            and not is_rehydrated(each, now)
            and each.taken_at not in running
        ]
        if not found:
            return
        detail = {
            "kind": restores.NEW_VM,
            "luns": None,
            "target_group": GROUP_ID,
            "target_vm": f"{item.source_id}-{now}",
            "subnet": f"{NETWORK}/subnets/d",
            "location": "l",
            "vault_name": "v",
            "from_vault": False,
        }
        priority = ("Standard", "High")[action.number % 2]
        restores.trigger(
            connection,
            self.rules,
            item,
            found[action.number % len(found)],
            now,
            detail=detail,
            activity_id=None,
            rehydration=Rehydration(priority, 10 + action.number % 21),
        )


def _points(connection: Any, item: Row[Any], now: int) -> list[Row[Any]]:
    obstacle = archiving.obstacle(connection, item, now).label("obstacle")
    found: list[Row[Any]] = connection.execute(
        select(recovery_points, disk_sets.c.document.label("disks"), obstacle)
        .join(disk_sets, disk_sets.c.key == recovery_points.c.disk_set_key)
        .where(recovery_points.c.item_key == item.key)
        .order_by(recovery_points.c.taken_at)
    ).all()
    return found


def _cancel(connection: Any, item: Row[Any], now: int) -> None:
    running = connection.execute(
        select(job_rows)
        .where(job_rows.c.item_key == item.key, job_rows.c.phase.in_(tuple(CANCELLABLE)))
        .order_by(job_rows.c.job_id)
    ).first()
    if running is not None:
        jobs.cancel(connection, running, now)


def play(
    database: Database, script: ArchiveScript, cuts: Any = None
) -> tuple[list[Any], dict[str, int]]:
    """Play a script, stopping where ``cuts`` says, and count what jobs came to."""
    world = ArchiveWorld(database, script)
    seen = []
    for action in [*FIRST, *script.actions, *THEN]:
        target = world.aim(action)
        while cuts is not None and cuts.draw(st.booleans(), label="cut"):
            near = [at for at in world.due_instants() if at <= target] or [target]
            at = cuts.draw(st.sampled_from(near[:6]) | st.integers(world.now(), target))
            world.cross(min(target, at + cuts.draw(st.sampled_from([-1, 0, 1, MINUTE]))))
        world.cross(target)
        seen.append(world.rows())
        world.act(action)
    with database.reading() as connection:
        found = connection.execute(
            select(job_rows.c.operation, func.count().label("jobs")).group_by(job_rows.c.operation)
        ).all()
        counts = {row.operation: row.jobs for row in found}
        tiered = recovery_points.c.archived_at.is_not(None)
        counts["archived"] = connection.execute(
            select(func.count()).select_from(recovery_points).where(tiered)
        ).scalar_one()
    return seen, counts


EXAMPLES = {"sqlite": 15, "postgresql": 4}


def test_points_change_their_tiers_alike_however_a_span_is_cut(
    fresh_world: FreshDatabase, dialect: str
) -> None:
    came_to: list[dict[str, int]] = []

    @settings(
        max_examples=EXAMPLES[dialect],
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(script=scripts, cuts=st.data())
    def check_equality(script: ArchiveScript, cuts: Any) -> None:
        whole, _ = play(database, script)
        cut, counts = play(database, script, cuts)
        came_to.append(counts)
        assert cut == whole

    with closing(Database(fresh_world())) as database:
        with database.writing() as connection:
            ensure_schema(connection)
        check_equality()
    for what in ("MoveRecoveryPoint", "RestoreWithRehydrate", "archived"):
        assert sum(counts.get(what, 0) for counts in came_to) > 0, f"never tried: {what}"
