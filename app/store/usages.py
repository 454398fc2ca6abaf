"""How much of a vault is in use: counted from rows, a statement for each table."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from ..domain.instants import SECOND
from ..domain.jobs import Status
from ..workloads.azure_vm import AZURE_VM
from .container_tables import containers
from .tables import items, jobs, recovery_points


@dataclass(frozen=True, slots=True)
class ItemCounts:
    """Protected items, soft-deleted ones left out: all, and those whose last backup went wrong."""

    total: int
    critical: int
    warning: int


@dataclass(frozen=True, slots=True)
class ItemsInUse:
    """A vault's protected items, its VMs among them, and in how many things all these are.

    A VM is one of ``instances``, and so is an account or a server, however many of its shares or
    databases are protected.
    """

    every: ItemCounts
    vms: ItemCounts
    instances: int


@dataclass(frozen=True, slots=True)
class JobCounts:
    """Jobs that run, and those that failed of late."""

    in_progress: int
    failed: int


def count_items(connection: Connection, vault_key: int) -> ItemsInUse:
    """Count a vault's protected items."""
    status = items.c.last_backup_status
    wrong = (status == Status.FAILED, status == Status.COMPLETED_WITH_WARNINGS)
    vm = items.c.workload == AZURE_VM.name
    row = connection.execute(
        select(
            func.count((items.c.workload + "/" + items.c.container_name).distinct()),
            func.count(),
            *(func.count(case((each, 1))) for each in wrong),
            func.count(case((vm, 1))),
            *(func.count(case((and_(vm, each), 1))) for each in wrong),
        ).where(_in_vault(vault_key))
    ).one()
    return ItemsInUse(ItemCounts(*row[1:4]), ItemCounts(*row[4:7]), row[0])


def count_by_workload(
    connection: Connection, vault_key: int, *also: ColumnElement[bool]
) -> dict[str, int]:
    """Count a vault's protected items by what they are; ``also`` are conditions on them."""
    found = connection.execute(
        select(items.c.workload, func.count())
        .where(_in_vault(vault_key), *also)
        .group_by(items.c.workload)
    )
    return {name: count for name, count in found}  # noqa: C416 - a dict of rows is not typed


def count_containers(connection: Connection, vault_key: int) -> dict[str, int]:
    """Count a vault's registered containers by what they are registered for."""
    found = connection.execute(
        select(containers.c.workload, func.count())
        .where(containers.c.vault_key == vault_key, containers.c.deleted_at.is_(None))
        .group_by(containers.c.workload)
    )
    return {name: count for name, count in found}  # noqa: C416 - a dict of rows is not typed


def count_jobs(connection: Connection, vault_key: int, *, failed_since: int) -> JobCounts:
    """Count a vault's jobs that run now, and those that failed and started since an instant."""
    running = jobs.c.status.in_((Status.IN_PROGRESS, Status.CANCELLING))
    failed = and_(jobs.c.status == Status.FAILED, jobs.c.started_at >= failed_since)
    row = connection.execute(
        select(func.count(case((running, 1))), func.count(case((failed, 1)))).where(
            jobs.c.vault_key == vault_key, jobs.c.status != Status.COMPLETED
        )
    ).one()
    return JobCounts(*row)


_LONGEST = 1 << 31
"""In seconds, 68 years."""
_MOST = 1 << 10
"""In copies: it takes 20 days at least to change all of a VM."""
_MEBIBYTE = 1 << 20


def stored_bytes(connection: Connection, vault_key: int) -> int:
    """Return how many bytes a vault's standard tier holds for its items.

    Soft-deleted ones are left out, and so is what is in the archive.

    An item's oldest vaulted point is a full copy; each later one adds what has changed since,
    at most as much again. So the sum follows from the oldest, the newest and their number.
    Spans and numbers have a limit, and mebibytes are added up apart: no product or sum leaves
    63 bits.
    """
    taken, used = recovery_points.c.taken_at, items.c.used_bytes
    span = (func.max(taken) - func.min(taken)) // SECOND
    more = func.count() - 1
    changed = items.c.churn_bytes_per_second * case((span < _LONGEST, span), else_=_LONGEST)
    most = used * case((more < _MOST, more), else_=_MOST)
    each = (
        select((used + case((changed < most, changed), else_=most)).label("bytes"))
        .join(recovery_points, recovery_points.c.item_key == items.c.key)
        .where(
            _in_vault(vault_key),
            recovery_points.c.vaulted_at.is_not(None),
            recovery_points.c.archived_at.is_(None),
        )
        .group_by(items.c.key, used, items.c.churn_bytes_per_second)
        .subquery()
    )
    mebibytes, rest = connection.execute(
        select(func.sum(each.c.bytes // _MEBIBYTE), func.sum(each.c.bytes % _MEBIBYTE))
    ).one()
    return int(mebibytes or 0) * _MEBIBYTE + int(rest or 0)


def _in_vault(vault_key: int) -> ColumnElement[bool]:
    return and_(items.c.vault_key == vault_key, items.c.deleted_at.is_(None))
