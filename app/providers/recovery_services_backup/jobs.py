"""Jobs: list, show, cancel (azure-cli-wire 6, azure-backup-semantics 2)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, bindparam, select, tuple_

from ...arm import async_operations
from ...arm.calls import Answer, Call, Waiting, endpoint
from ...arm.paging import after, page, row_limit
from ...domain import ids
from ...domain.errors import invalid, not_found
from ...domain.jobs import CANCELLABLE, Operation, Phase
from ...engine import jobs as engine_jobs
from ...engine import operations
from ...store.statements import Query
from ...store.tables import jobs
from ...workloads.table import WORKLOADS
from .job_documents import render
from .job_filters import NEWEST_FIRST, matching
from .paths import VAULT, vault_of

TAG = "Jobs"
JOBS = f"{VAULT}/backupJobs"
JOB = f"{JOBS}/{{jobName}}"
_FIND = Query(
    select(jobs).where(jobs.c.job_id == bindparam("job"), jobs.c.vault_key == bindparam("vault"))
)


@endpoint("GET", JOBS, "BackupJobs_List", tag=TAG, query=("$filter", "$skipToken", "$top"))
def list_(call: Call) -> Answer:
    """List a vault's jobs, newest first."""
    vault = vault_of(call)
    where = matching(call, vault)
    start = after(call, int, int, str)
    if start is not None:
        where.append(tuple_(*NEWEST_FIRST) < start)
    rows = call.connection.execute(
        select(jobs)
        .where(*where)
        .order_by(*(column.desc() for column in NEWEST_FIRST))
        .limit(row_limit(call))
    ).all()
    return page(
        call,
        rows,
        lambda row: render(call, vault, row, extended=False),
        lambda row: [row.started_at, row.ordinal, row.job_id],
    )


@endpoint("GET", JOB, "JobDetails_Get", tag=TAG, statuses=(200, 409, 507))
def get(call: Call) -> Answer:
    """Show a job with its tasks; with skip-on-wait the clock moves on while it runs."""
    vault = vault_of(call)
    return show(call, vault, find(call, vault, call.path["jobName"]))


def show(call: Call, vault: Row[Any], job: Row[Any]) -> Answer:
    """Answer a poll of a job."""
    waiting = None if job.phase == Phase.DONE else Waiting(job_id=job.job_id)
    return Answer(body=render(call, vault, job, extended=True), waiting=waiting)


@endpoint("POST", f"{JOB}/cancel", "JobCancellations_Trigger", tag=TAG, statuses=(202,))
def cancel(call: Call) -> Answer:
    """Cancel a backup that takes its snapshot, or a restore that still copies."""
    vault = vault_of(call)
    job = find(call, vault, call.path["jobName"])
    _check_cancellable(job)
    ends_at = engine_jobs.cancel(call.connection, job, call.now)
    begun = operations.begin(
        call.connection,
        call.rules,
        scope=vault.folded,
        kind="job-cancel",
        now=call.now,
        ends_at=ends_at,
        job_id=job.job_id,
    )
    path = f"{vault.id}/backupJobs/{ids.guid(job.job_id)}"
    return async_operations.accepted(
        call,
        begun,
        status_path=f"{path}/operationsStatus",
        result_path=f"{path}/operationResults",
    )


def _check_cancellable(job: Row[Any]) -> None:
    """Refuse to cancel what cannot be, for one of the service's three reasons.

    Their codes are ours (docs/decisions/0012).
    """
    shown = f"jobName: the {job.operation} job"
    workload = WORKLOADS[job.workload]
    if job.operation not in workload.cancellable:
        code = "UserErrorCancellationNotSupportedForJobType"
        words = workload.cancellable & {Operation.BACKUP, Operation.RESTORE}
        kinds = " and ".join(sorted(f"{word.lower()}s" for word in words))
        why = f"{shown} cannot be cancelled; only {kinds} can. Wait until it is over."
    elif job.phase == Phase.DONE:
        code = "UserErrorJobNotInProgress"
        why = f"{shown} is {job.status}; only a job in progress can be cancelled."
    elif job.phase not in CANCELLABLE:
        code = "UserErrorJobNotInCancellableState"
        why = f"{shown} {_PAST.get(job.phase, 'has its data')}; wait until it is over."
    else:
        return
    raise invalid(code, why, target="jobName")


_PAST = {
    Phase.TRANSFER: "has its snapshot and transfers data",
    Phase.CANCELLING: "is being cancelled already",
}


def find(call: Call, vault: Row[Any], sent: str, *, cross_region: bool = False) -> Row[Any]:
    """Return a vault's job by name, in its own region or in the other. Raises ``Refused``."""
    job_id = ids.parse_guid(sent)
    job = None
    if job_id is not None:
        job = _FIND.first(call.connection, job=job_id, vault=vault.key)
    if job is None or (job.operation == Operation.CROSS_REGION_RESTORE) != cross_region:
        raise not_found(
            "BMSUserErrorJobNotFound",
            f"jobName: the vault '{vault.name}' has no job '{sent}'"
            f"{' in its secondary region' if cross_region else ''}.",
            target="jobName",
        )
    return job


ENDPOINTS = (list_, get, cancel)
