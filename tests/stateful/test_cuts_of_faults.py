"""However a span of time is cut, the same jobs fail: a fault that counts is used up alike.

The property of ``test_cuts``, with faults armed and disarmed in between: their rows, with what is
left of their counts, are among those that must be equal.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select

from app.domain.fault_requests import read
from app.domain.instants import HOUR, MINUTE
from app.domain.resource_ids import ACTION_GROUP_TYPE, PROCESSING_RULE_TYPE
from app.engine import armed_faults, clock
from app.store.database import Database
from app.store.fault_tables import faults
from app.store.resource_tables import resources
from app.store.schema import ensure_schema
from app.store.tables import jobs
from tests.conftest import FreshDatabase
from tests.stateful.test_cuts import (
    GROUP,
    NETWORK_ROW,
    START,
    THEN,
    Action,
    Script,
    World,
    bursts,
    documents,
    policy_document,
    rushes,
    waits,
)

KINDS = ("transfer-fails", "agent-not-ready", "snapshot-fails", "transfer-times-out")
COUNTS = (1, 2, 5, None, None)
CHANCES = (None, 0.5, 0.9)
SUBJECTS = (None, "vm0", "vm*")
WINDOWS: tuple[dict[str, str], ...] = (
    {},
    {"after": "PT30M"},
    {"until": "PT26H"},
    {"after": "P1D", "until": "P4D"},
)

verbs = ["fault", "fault", "fault", "disarm", "backup", "backup", "power", "outage", "stop"]
actions = st.builds(
    Action,
    waits,
    st.none() | st.integers(0, 9),
    st.sampled_from([*verbs, "resume", "rebuild"]),
    st.integers(0, 2),
    st.integers(0, 1000),
)
scripts = st.builds(
    lambda policies, sizes, jitter, parts: Script(
        policies, sizes, jitter, 1, [action for part in parts for action in part]
    ),
    st.lists(documents, min_size=2, max_size=2),
    st.lists(st.sampled_from([8, 500, 8_000]), min_size=3, max_size=3),
    st.sampled_from([0, 0, 2 * HOUR]),
    st.lists(actions.map(lambda action: [action]) | bursts | rushes, min_size=2, max_size=8),
)
FIRST = [Action(0, None, "fault", 0, number) for number in (0, 33, 6)]


class FaultyWorld(World):
    """The world of ``test_cuts``, in which faults are armed and disarmed, and alerts are told."""

    def __init__(self, database: Database, script: Script) -> None:
        super().__init__(database, script)
        with self.database.writing() as connection:
            connection.execute(insert(resources), TELLING)

    def act(self, action: Action) -> None:
        if action.verb not in ("fault", "disarm"):
            super().act(action)
            return
        with self.database.writing() as connection:
            now = clock.read(connection).now(0)
            if action.verb == "fault":
                arming = read(_wanted(action.number), now)
                armed_faults.arm(connection, self.rules, arming, now)
            else:
                rows = list(armed_faults.listed(connection))
                armed_faults.disarm(connection, self.rules, rows[:1], now)


def _resource(type_name: str, name: str, properties: dict[str, Any]) -> dict[str, Any]:
    """Return the row of a resource that lies in no region."""
    return NETWORK_ROW | {
        "folded": f"{GROUP['folded']}/providers/{type_name}/{name}".lower(),
        "id": f"{GROUP['id']}/providers/{type_name}/{name}",
        "type_folded": type_name.lower(),
        "name": name,
        "location": "global",
        "document": {"properties": properties},
    }


ONCALL = _resource(
    ACTION_GROUP_TYPE,
    "oncall",
    {
        "webhookReceivers": [{"name": "hook", "serviceUri": "http://127.0.0.1:9/"}],
        "emailReceivers": [{"name": "mail", "emailAddress": "ops@example.org"}],
    },
)
AT_NIGHT = {"recurrenceType": "Daily", "startTime": "23:00:00", "endTime": "05:00:00"}
ON_TWO_DAYS = {"recurrenceType": "Weekly", "daysOfWeek": ["Friday", "Tuesday"]}
TELLING = [
    ONCALL,
    _resource(
        PROCESSING_RULE_TYPE,
        "tells",
        {
            "scopes": [GROUP["id"]],
            "schedule": {"timeZone": "UTC", "recurrences": [ON_TWO_DAYS]},
            "actions": [{"actionType": "AddActionGroups", "actionGroupIds": [ONCALL["id"]]}],
        },
    ),
    _resource(
        PROCESSING_RULE_TYPE,
        "keeps-silent",
        {
            "scopes": [GROUP["id"]],
            "conditions": [{"field": "Severity", "operator": "Equals", "values": ["Sev1"]}],
            "schedule": {"timeZone": "UTC", "recurrences": [AT_NIGHT]},
            "actions": [{"actionType": "RemoveAllActionGroups"}],
        },
    ),
]
"""What lets alerts of two days of the week be told, but for those of jobs at night; nobody sends
it."""


def _wanted(number: int) -> dict[str, Any]:
    """Return one of the many ways to arm a fault."""
    number, kind = divmod(number, len(KINDS))
    number, count = divmod(number, len(COUNTS))
    number, chance = divmod(number, len(CHANCES))
    number, subject = divmod(number, len(SUBJECTS))
    return {
        "fault": KINDS[kind],
        "count": COUNTS[count],
        "probability": CHANCES[chance],
        "subject": SUBJECTS[subject],
        **WINDOWS[number % len(WINDOWS)],
    }


def play(
    database: Database, script: Script, cuts: Any = None
) -> tuple[list[Any], dict[str, int], int]:
    """Play a script, stopping where ``cuts`` says; count how jobs ended and what faults struck."""
    world = FaultyWorld(database, script)
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
        ended = connection.execute(
            select(jobs.c.status, func.count()).group_by(jobs.c.status)
        ).all()
        counted = faults.c.count.is_not(None)
        struck = connection.execute(select(func.sum(faults.c.struck)).where(counted)).scalar()
        return seen, {status: number for status, number in ended}, struck or 0  # noqa: C416


EXAMPLES = {"sqlite": 40, "postgresql": 6}


def test_the_same_jobs_fail_however_a_span_is_cut(fresh_world: FreshDatabase, dialect: str) -> None:
    ended: list[dict[str, int]] = []
    counted: list[int] = []
    told: list[int] = []

    @settings(
        max_examples=EXAMPLES[dialect],
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(script=scripts, cuts=st.data())
    def check_equality(script: Script, cuts: Any) -> None:
        whole, _, _ = play(database, script)
        cut, statuses, struck = play(database, script, cuts)
        ended.append(statuses)
        counted.append(struck)
        told.append(len(cut[-1]["deliveries"]))
        assert cut == whole

    with closing(Database(fresh_world())) as database:
        with database.writing() as connection:
            ensure_schema(connection)
        check_equality()
    for status in ("Failed", "CompletedWithWarnings", "Completed"):
        assert sum(each.get(status, 0) for each in ended) > 0, f"no job was {status}"
    assert sum(counted) > 0, "no fault that counts ever struck"
    assert sum(told) > 0, "nobody was told of anything"


def test_the_transfer_that_is_due_first_fails_though_it_began_last(
    fresh_world: FreshDatabase,
) -> None:
    script = Script([policy_document(720, 9, 2)] * 2, [110, 8, 8], 0, 1, [])
    fault = read({"fault": "transfer-fails", "count": 1}, START)
    seen = []
    with closing(Database(fresh_world())) as database:
        with database.writing() as connection:
            ensure_schema(connection)
        for step in (HOUR, MINUTE):
            world = FaultyWorld(database, script)
            with database.writing() as connection:
                armed_faults.arm(connection, world.rules, fault, START)
            world.act(Action(0, None, "backup", 0, 600))
            world.cross(START + 8 * MINUTE)
            world.act(Action(0, None, "backup", 1, 600))
            for at in range(START + 8 * MINUTE + step, START + 3 * HOUR, step):
                world.cross(at)
            world.cross(START + 3 * HOUR)
            with database.reading() as connection:
                ended = connection.execute(
                    select(jobs.c.entity_name, jobs.c.status)
                    .where(jobs.c.operation == "Backup")
                    .order_by(jobs.c.ended_at)
                ).all()
            seen.append([tuple(row) for row in ended])
    assert seen[0] == seen[1] == [("vm1", "CompletedWithWarnings"), ("vm0", "Completed")]
