"""Which jobs a ``$filter`` asks for: of the list and of the export alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, false, literal_column

from ...arm import filters
from ...arm.calls import Call
from ...domain import ids
from ...domain.jobs import Operation, Status
from ...domain.policies import VM
from ...store.tables import jobs
from ...workloads.table import WORKLOADS
from . import vocabulary

KEYS = ("backupManagementType", "operation", "status", "startTime", "endTime", "jobId")
NEWEST_FIRST = (jobs.c.started_at, jobs.c.ordinal, jobs.c.job_id)
"""The order of every list of jobs, each part descending."""

# Most jobs are completed backups. The others have indexes of their own, which a database only
# uses where the query repeats their condition word by word.
_NOT_COMPLETED = jobs.c.status != literal_column(f"'{Status.COMPLETED}'")
_NO_BACKUP = jobs.c.operation != literal_column(f"'{Operation.BACKUP}'")
_NOT_OF_VMS = jobs.c.workload != literal_column(f"'{VM}'")
IS_RESTORE = jobs.c.operation.in_(
    [literal_column(f"'{operation}'") for operation in Operation.RESTORES_HERE]
)
IS_CROSS_REGION = jobs.c.operation == literal_column(f"'{Operation.CROSS_REGION_RESTORE}'")
"""These jobs are in the secondary region, and in no list of the vault's own."""


def matching(
    call: Call, vault: Row[Any], *, cross_region: bool = False
) -> list[ColumnElement[bool]]:
    """Return the conditions that a request's ``$filter`` puts on a vault's jobs.

    They are those of its own region, or those of the other. startTime and endTime are the span
    that a job started in. Raises ``Refused``.
    """
    terms = filters.read(call.query.get("$filter"), KEYS)
    where = [_of(vault, cross_region=cross_region), *_kinds(terms), *_span(terms)]
    if "jobId" in terms:
        where.append(jobs.c.job_id == (ids.parse_guid(terms["jobId"]) or ""))
    return [*where, *_workloads(terms)]


def _of(vault: Row[Any], *, cross_region: bool) -> ColumnElement[bool]:
    where = IS_CROSS_REGION if cross_region else ~IS_CROSS_REGION
    more = [_NO_BACKUP] if cross_region else []
    return and_(jobs.c.vault_key == vault.key, where, *more)


def _workloads(terms: Mapping[str, str]) -> list[ColumnElement[bool]]:
    names = [each.name for each in vocabulary.wanted(terms)]
    if len(names) == len(WORKLOADS):
        return []
    if not names:
        return [false()]
    wanted = jobs.c.workload.in_(names) if len(names) > 1 else jobs.c.workload == names[0]
    return [wanted] if VM in names else [wanted, _NOT_OF_VMS]


def _kinds(terms: Mapping[str, str]) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    operation = filters.one_of(terms, "operation", vocabulary.JOB_OPERATIONS)
    status = filters.one_of(terms, "status", vocabulary.JOB_STATUSES)
    if operation is not None:
        where.append(jobs.c.operation == operation)
        if operation != Operation.BACKUP:
            where.append(_NO_BACKUP)
    if status is not None:
        where.append(jobs.c.status == status)
        if status != Status.COMPLETED:
            where.append(_NOT_COMPLETED)
    return where


def _span(terms: Mapping[str, str]) -> list[ColumnElement[bool]]:
    first = filters.instant(terms, "startTime")
    last = filters.instant(terms, "endTime")
    where: list[ColumnElement[bool]] = []
    if first is not None:
        where.append(jobs.c.started_at >= first)
    if last is not None:
        where.append(jobs.c.started_at <= last)
    return where
