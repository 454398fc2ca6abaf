"""Which points of a database stay, worked out from the rules alone, backup by backup.

A point is there for as long as its own rule says, and longer while something that is still kept
cannot be restored without it: a differential backup needs its full one, an incremental one also
all since the last differential one, and a backup of the log the full one before it. Nothing of
the product's reckoning is used: only which backups were made, and when they ended.
"""

from __future__ import annotations

import copy
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.domain.documents import Document
from app.domain.instants import DAY, HOUR, MINUTE
from app.engine import clock, protection
from app.store.database import Database
from app.store.schema import ensure_schema
from app.store.tables import items, policies, recovery_points
from app.store.tables import jobs as job_rows
from tests.conftest import FreshDatabase
from tests.stateful.test_cuts import VMS, policy_document
from tests.stateful.test_cuts_of_databases import (
    GUESTS,
    DatabaseScript,
    DatabaseWorld,
    _read,
    documents,
)

BASED = ("Differential", "Incremental")


@dataclass(frozen=True)
class Made:
    """A backup that was made: its type, and when it ended."""

    kind: str
    at: int


@dataclass(frozen=True)
class Lengths:
    """For how long a policy keeps each type, in microseconds; none for what it has not."""

    kinds: dict[str, int]
    every: int | None


def lengths(document: Document) -> Lengths:
    """Read what a policy's document says, part by part."""
    kinds: dict[str, int] = {}
    every = None
    for part in document["subProtectionPolicy"]:
        retention = part["retentionPolicy"]
        if part["policyType"] == "Full":
            daily, weekly = retention.get("dailySchedule"), retention.get("weeklySchedule")
            count = (daily or weekly)["retentionDuration"]["count"]
            kinds["Full"] = count * (DAY if daily else 7 * DAY)
        else:
            kinds[part["policyType"]] = retention["retentionDuration"]["count"] * DAY
        if part["policyType"] == "Log":
            every = part["schedulePolicy"]["scheduleFrequencyInMins"] * MINUTE
    return Lengths(kinds, every)


def stays(made: list[Made], kept: Lengths, now: int, gone: set[int]) -> set[int]:
    """Return the instants of the points that have to be there; some were deleted long ago."""
    left = {each.at for each in made if each.at + kept.kinds[each.kind] > now} - gone
    for each in made:
        if each.kind in BASED and each.at in left:
            left |= chain(made, each)
    fulls = [each.at for each in made if each.kind == "Full"]
    if kept.every is not None and fulls:
        oldest = max(now - kept.kinds["Log"], fulls[0])
        first = oldest // kept.every * kept.every + kept.every
        for log in range(first, now + 1, kept.every):
            left.add(max(at for at in fulls if at < log))
    return (left | set(fulls[-1:])) - gone


def chain(made: list[Made], of: Made) -> set[int]:
    """Return the points that a differential or an incremental backup cannot be restored without."""
    before = [each for each in made if each.at < of.at]
    base = max(each.at for each in before if each.kind == "Full")
    if of.kind == "Differential":
        return {base}
    since = [each for each in before if each.at > base]
    last = max((each.at for each in since if each.kind == "Differential"), default=base)
    return {base} | {each.at for each in since if each.at >= last}


class Watched(DatabaseWorld):
    """A world of databases that tells what was made and what is there."""

    def made(self, number: int) -> list[Made]:
        with self.database.reading() as connection:
            found = connection.execute(
                select(job_rows.c.backup_type, job_rows.c.ended_at)
                .join(items, items.c.key == job_rows.c.item_key)
                .where(
                    items.c.friendly_name == GUESTS[number].name,
                    job_rows.c.operation == "Backup",
                    job_rows.c.status == "Completed",
                )
                .order_by(job_rows.c.ended_at)
            ).all()
            return [Made(str(kind), int(at or 0)) for kind, at in found]

    def there(self, number: int) -> set[int]:
        with self.database.reading() as connection:
            found = connection.execute(
                select(recovery_points.c.taken_at)
                .join(items, items.c.key == recovery_points.c.item_key)
                .where(items.c.friendly_name == GUESTS[number].name)
            )
            return set(found.scalars())

    def edit(self, number: int, document: Document) -> None:
        key = 2 + number
        with self.database.writing() as connection:
            here = policies.c.key == key
            connection.execute(policies.update().where(here).values(document=document))
            now = clock.read(connection).now(0)
            protection.edit_policy(
                connection, self.rules, key, _read(document), now, soft_delete_days=14
            )


def edited(document: Document, data: Any) -> Document:
    """Return a policy with other lengths: what is made stays, how long it is kept does not."""
    after = copy.deepcopy(document)
    for part in after["subProtectionPolicy"]:
        retention = part["retentionPolicy"]
        rule = retention.get("dailySchedule") or retention.get("weeklySchedule") or retention
        least = 1 if "weeklySchedule" in retention else 7
        count = data.draw(st.integers(least, least + 9), label=part["policyType"])
        rule["retentionDuration"]["count"] = count
    return after


EXAMPLES = 20
spans = st.lists(st.integers(1, 9 * 24).map(lambda hours: hours * HOUR), min_size=1, max_size=5)


def test_what_is_needed_stays_and_nothing_else(fresh_world: FreshDatabase) -> None:
    longer: list[Made] = []

    def compare(
        world: Watched, number: int, kept: Lengths, span: list[int], gone: set[int]
    ) -> None:
        for length in span:
            world.cross(world.now() + length)
            made, there = world.made(number), world.there(number)
            assert there == stays(made, kept, world.now(), gone)
            over = (each.at + kept.kinds[each.kind] <= world.now() for each in made)
            longer.extend(
                each
                for each, is_over in zip(made, over, strict=True)
                if is_over and each.at in there and each != made[-1]
            )

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        number=st.integers(0, 1),
        documented=st.tuples(documents(0), documents(1)).map(list),
        before=spans,
        after=spans,
        jitter=st.sampled_from([0, 2 * HOUR]),
        data=st.data(),
    )
    def check(
        number: int,
        documented: list[Document],
        before: list[int],
        after: list[int],
        jitter: int,
        data: Any,
    ) -> None:
        of_vms = [policy_document(0, 7, 2)] * 2
        script = DatabaseScript(of_vms, [8] * VMS, jitter, 2, [], documented, [])
        world = Watched(database, script)
        compare(world, number, lengths(documented[number]), before, set())
        gone = {each.at for each in world.made(number)} - world.there(number)
        document = edited(documented[number], data)
        world.edit(number, document)
        compare(world, number, lengths(document), after, gone)

    with closing(Database(fresh_world())) as database:
        with database.writing() as connection:
            ensure_schema(connection)
        check()
    assert longer, "nothing ever stayed for another's sake: the rule was not tried"
