"""From when to when a job runs, as far as it can be told while it runs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from ..domain.jobs import Phase
from ..domain.waiting import Span
from ..store.statements import Query
from ..store.tables import jobs
from .backups import transfer_of
from .jobs import CANCELLING_TAKES

_FIND = Query(select(jobs).where(jobs.c.job_id == bindparam("job"), jobs.c.due_at.is_not(None)))


def of_job(connection: Connection, job_id: str) -> Span | None:
    """Return the span of a job that runs; ``None`` once it is over.

    How long a backup's transfer takes is only certain once its snapshot is there: what is told
    before is what the engine would find if nothing changed until then.
    """
    job: Row[Any] | None = _FIND.first(connection, job=job_id)
    if job is None:
        return None
    if job.phase == Phase.CANCELLING:
        return Span(job.due_at - CANCELLING_TAKES, job.due_at)
    if job.phase == Phase.COPYING:
        return Span(job.started_at, job.detail["ends_at"])
    if job.phase == Phase.SNAPSHOT:
        return Span(job.started_at, job.due_at + transfer_of(connection, job_id))
    return Span(job.started_at, job.due_at)
