"""Backups that are over, taken out of the scratch world as time passes: its memory stays flat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, func, select

from ..domain.jobs import Operation, Phase, Status
from ..engine.backups import SNAPSHOT_ONLY
from ..store.statements import Statement
from ..store.tables import jobs
from .scratch import ScratchWorld, planned

_OVER = (jobs.c.phase == Phase.DONE, jobs.c.operation == Operation.BACKUP)
_READ = Statement(
    select(
        jobs.c.item_key,
        planned.c.part,
        jobs.c.started_at,
        jobs.c.snapshot_ended_at,
        jobs.c.ended_at,
        jobs.c.status,
        jobs.c.transfer_skipped,
        jobs.c.backup_bytes,
        jobs.c.tags,
    )
    .join(planned, planned.c.item_key == jobs.c.item_key)
    .where(*_OVER)
    .order_by(jobs.c.started_at, jobs.c.item_key)
)
_DELETE = Statement(delete(jobs).where(*_OVER))
_RUNNING_SINCE = Statement(
    select(func.min(jobs.c.started_at)).where(
        jobs.c.operation == Operation.BACKUP, jobs.c.phase != bindparam("done")
    )
)


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that is over; of one that failed there is no snapshot, and it took no time."""

    item: int
    part: int
    started_at: int
    snapshot_ended_at: int | None
    ended_at: int
    completed: bool
    skipped: bool
    bytes: int
    snapshot_only: bool
    """Whether the policy wants it out of the vault: of an hourly one all but the day's last."""

    @property
    def transfers(self) -> bool:
        """Whether it has brought its point to the vault."""
        return self.completed and not self.skipped


def harvest(world: ScratchWorld) -> Sequence[Backup]:
    """Return the backups that are over, in the order of their starts, and forget them.

    The engine never looks at a backup again that is over.
    """
    with world.database.writing() as connection:
        rows = _READ.run(connection).fetchall()
        _DELETE.run(connection)
    return [
        Backup(
            item,
            part,
            started,
            snapshot,
            ended,
            status in (Status.COMPLETED, Status.COMPLETED_WITH_WARNINGS),
            bool(skipped),
            size or 0,
            tags == SNAPSHOT_ONLY,
        )
        for item, part, started, snapshot, ended, status, skipped, size, tags in rows
    ]


def running_since(world: ScratchWorld, now: int) -> int:
    """Return the first start of the backups that still run, or now."""
    with world.database.reading() as connection:
        found: int | None = _RUNNING_SINCE.run(connection, done=Phase.DONE).fetchone()[0]
    return now if found is None else min(found, now)
