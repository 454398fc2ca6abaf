"""Restores of databases: the data comes back, and then the database comes online.

What a restore needs is checked again at its end, before anything is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Row

from ..domain.documents import Document
from ..domain.guest_databases import GuestDatabase
from ..domain.jobs import DATABASE_EXISTS, TARGET_SERVER_NOT_FOUND, Operation, Phase
from ..workloads import database
from . import database_sources, sources
from . import jobs as job_rows
from .rules import Rules

DATABASE = "Database"
FILES = "DatabaseFiles"


def trigger(
    connection: Connection,
    rules: Rules,
    item: Row[Any],
    now: int,
    *,
    detail: Document,
    activity_id: str | None,
    operation: str = Operation.RESTORE,
) -> str:
    """Start a restore, here or in the secondary region, and return its job's id.

    ``detail`` holds its ``kind``, the ``target_vm`` (an id), the ``guest`` that is to hold the
    data (the fields of one), whether to ``overwrite`` it, and the ``content``: its
    ``fingerprint`` and ``usedBytes``.
    """
    job_id = job_rows.new_job_id(connection, rules, item, operation, now)
    copied_at = now + database.restore_micros(detail["content"]["usedBytes"])
    instants = {"copied_at": copied_at, "ends_at": copied_at + database.RECOVERING}
    job_rows.insert_row(
        connection,
        item,
        job_id,
        operation,
        now,
        phase=Phase.COPYING,
        due_at=copied_at,
        activity_id=activity_id,
        detail=detail | instants,
    )
    return job_id


def _put_database(connection: Connection, rules: Rules, job: Row[Any]) -> str | None:
    """Let the target hold the database; the code of an error, and nothing done, if it cannot."""
    vm = database_sources.vm_of(connection, job.detail["target_vm"])
    if vm is None or not database_sources.is_running(vm):
        return TARGET_SERVER_NOT_FOUND
    guest = GuestDatabase(*job.detail["guest"])
    exists = any(each.key == guest.key for each in database_sources.of_vm(vm))
    if exists and not job.detail["overwrite"]:
        return DATABASE_EXISTS
    database_sources.put(connection, vm, guest, job.detail["content"], job.due_at)
    source = database.source_id(vm.id, guest.instance, guest.name)
    sources.refresh(connection, rules, source, job.due_at)
    return None


def _write_files(connection: Connection, _rules: Rules, job: Row[Any]) -> str | None:
    """Let the target have the files: nothing looks into the disks of a VM, so it must be there."""
    vm = database_sources.vm_of(connection, job.detail["target_vm"])
    there = vm is not None and database_sources.is_running(vm)
    return None if there else TARGET_SERVER_NOT_FOUND


END: Mapping[str, Callable[[Connection, Rules, Row[Any]], str | None]] = {
    DATABASE: _put_database,
    FILES: _write_files,
}
"""What makes each kind of restore true."""
