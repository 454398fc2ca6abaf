"""A region that is down: nothing that is due there happens until it is back.

What is due is put off beyond the end of the calendar, where no window ever comes, and taken back
in when the region returns. So the work of all other regions is crossed as ever, and nobody has to
ask a row whether its region works (docs/decisions/0100).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    literal,
    or_,
    select,
    update,
)

from ..domain import outages
from ..domain.instants import DAY
from ..domain.jobs import Operation
from ..domain.policies import Policy, read
from ..domain.regions import secondary_to
from ..store.container_tables import containers
from ..store.tables import items, jobs, policies, recovery_points, vaults
from . import clock, log_chains, restores
from .rules import Rules

_PUT_OFF = 1 << 60
"""More microseconds than the calendar has; a sum with any instant of it fits 64 bits."""
_LONGEST_GAP = 8 * DAY
"""Between two slots of a schedule lies a week at most."""

_IS_THERE = jobs.c.operation == Operation.CROSS_REGION_RESTORE
"""It runs in the secondary region of its vault; all other jobs do where the vault is."""
_FROM = select(vaults.c.key).where(vaults.c.location.in_(bindparam("copied", expanding=True)))
_VAULTS = select(vaults.c.key).where(vaults.c.location == bindparam("region"))
_ITEMS = items.c.vault_key.in_(_VAULTS)
_POINT_DUE = (recovery_points.c.sweep_at, recovery_points.c.tier_at)
_JOBS = and_(
    or_(
        and_(~_IS_THERE, jobs.c.vault_key.in_(_VAULTS)),
        and_(_IS_THERE, jobs.c.vault_key.in_(_FROM)),
    ),
    jobs.c.due_at.is_not(None),
)
_POINTS = and_(
    recovery_points.c.item_key.in_(select(items.c.key).where(_ITEMS)),
    or_(*(column.is_not(None) for column in _POINT_DUE)),
)

_VMS = and_(containers.c.vault_key.in_(_VAULTS), containers.c.discover_at.is_not(None))

_WAITING = (items.c.next_backup_at, items.c.purge_at, items.c.purge_notice_at)


def _jobs_of(region: str) -> dict[str, Any]:
    """Return what ``_JOBS`` has to know of a region."""
    return {"region": region, "copied": secondary_to(region)}


def take_down(connection: Connection, rules: Rules, region: str, now: int) -> None:
    """Let a region go down now; one that is down already stays so."""
    state = clock.read(connection)
    known = outages.read(state.outages)
    if known.of(region) is not None:
        return
    log_chains.settle(connection, _in(region), now)
    clock.note_outages(connection, known.begun(region, now).text())
    here = {"region": region}
    connection.execute(
        update(jobs).where(_JOBS).values(due_at=jobs.c.due_at + _PUT_OFF), _jobs_of(region)
    )
    running = {
        column.name: case((column > now, column + _PUT_OFF), else_=column)
        for column in (items.c.snapshot_until, items.c.transfer_until)
    }
    waiting = {column.name: column + _PUT_OFF for column in _WAITING}
    connection.execute(update(items).where(_ITEMS).values(**running, **waiting), here)
    later = {column.name: column + _PUT_OFF for column in _POINT_DUE}
    connection.execute(update(recovery_points).where(_POINTS).values(**later), here)
    unseen = {"discover_at": containers.c.discover_at + _PUT_OFF}
    connection.execute(update(containers).where(_VMS).values(**unseen), here)


def bring_back(connection: Connection, rules: Rules, region: str, now: int) -> None:
    """Let a region work again from now on; one that works already does so.

    What ran goes on where it stood. Of the backups that an item has missed the latest is made at
    once; what has expired meanwhile goes with the next sweep,
    and what was to go to the archive goes there with it.
    """
    state = clock.read(connection)
    known = outages.read(state.outages)
    outage = known.of(region)
    if outage is None:
        return
    log_chains.settle(connection, _in(region), now)
    clock.note_outages(connection, known.ended(region, now).text())
    _go_on(connection, region, outage.since, now)
    _take_in(connection, region, now)
    _catch_up(connection, region, now)


def _in(region: str) -> ColumnElement[bool]:
    return items.c.vault_key.in_(select(vaults.c.key).where(vaults.c.location == region))


def _go_on(connection: Connection, region: str, since: int, now: int) -> None:
    """Let the jobs that ran when the region went down end later by the length of the outage."""
    length = now - since
    back = length - _PUT_OFF
    here, working = {"region": region}, _jobs_of(region)
    restoring = select(jobs.c.job_id, jobs.c.detail).where(_JOBS, jobs.c.phase.in_(restores.PHASES))
    for job_id, detail in connection.execute(restoring, working).all():
        assert detail is not None, "every restore says what it restores"
        instants = {name: detail[name] for name in restores.INSTANTS if name in detail}
        later = {name: at + length for name, at in instants.items() if at > since}
        connection.execute(
            update(jobs).where(jobs.c.job_id == job_id).values(detail=detail | later)
        )
    connection.execute(update(jobs).where(_JOBS).values(due_at=jobs.c.due_at + back), working)
    running = {
        column.name: case((column >= _PUT_OFF, column + back), else_=column)
        for column in (items.c.snapshot_until, items.c.transfer_until)
    }
    connection.execute(update(items).where(_ITEMS).values(**running), here)


def _take_in(connection: Connection, region: str, now: int) -> None:
    """Let what was put off be due again; what was due meanwhile is due at once."""
    here = {"region": region}
    waiting = {column.name: _not_before(column - _PUT_OFF, now + 1) for column in _WAITING}
    connection.execute(update(items).where(_ITEMS).values(**waiting), here)
    points = {column.name: column - _PUT_OFF for column in _POINT_DUE}
    connection.execute(update(recovery_points).where(_POINTS).values(**points), here)
    seen = {"discover_at": _not_before(containers.c.discover_at - _PUT_OFF, now + 1)}
    connection.execute(update(containers).where(_VMS).values(**seen), here)


def _not_before(column: ColumnElement[Any] | Column[Any], earliest: int) -> ColumnElement[Any]:
    first = literal(earliest, BigInteger)
    return case((column < first, first), else_=column)


def _catch_up(connection: Connection, region: str, now: int) -> None:
    """Let every item that missed backups make the latest, one cohort after the other."""
    late = and_(_ITEMS, items.c.next_backup_at == now + 1, items.c.slot_at <= now)
    cohorts = select(items.c.policy_key, items.c.slot_at).where(late).distinct()
    here = {"region": region}
    for policy_key, slot in connection.execute(cohorts, here).all():
        assert slot is not None, "who waits for a backup waits for a slot"
        document = connection.execute(
            select(policies.c.document).where(policies.c.key == policy_key)
        ).scalar_one()
        policy = read(document)
        assert policy is not None, "an item is only ever put under a policy that runs"
        connection.execute(
            update(items)
            .where(late, items.c.policy_key == policy_key, items.c.slot_at == slot)
            .values(_latest_missed(policy, slot, now)),
            here,
        )


def _latest_missed(policy: Policy, slot: int, now: int) -> dict[str, int]:
    """Return what an item is to make up for: its latest slot, and a day owed to the vault."""
    missed = [slot]
    following = policy.next_slot(max(slot, now - _LONGEST_GAP))
    while following <= now:
        missed.append(following)
        following = policy.next_slot(following)
    values = {"slot_at": missed[-1]}
    vaulted = [keep.day for keep in map(policy.keep, missed) if keep.vaulted]
    if vaulted and not policy.keep(missed[-1]).vaulted:
        values["owed_day"] = vaulted[-1]
    return values
