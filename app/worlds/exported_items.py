"""What a vault protects as a document tells it: since when, and what has become of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from ..domain.documents import Document
from ..domain.instants import DAY, wire
from ..domain.jobs import Operation, ProtectionState, Status
from ..domain.policies import HANA_DATABASE, SQL_DATABASE
from ..domain.resource_ids import SHARE_TYPE, VM_TYPE, parse
from ..store.resource_tables import resources
from ..store.tables import items, jobs, policies
from ..workloads.azure_file_share import AZURE_FILE_SHARE

_ENGINES = {SQL_DATABASE: "SQL", HANA_DATABASE: "SAPHana"}
BORN_RETENTION = 30 * DAY
"""How long an on-demand backup is kept that does not say so."""
_ENDS = (Operation.DISABLE_BACKUP, Operation.DELETE_BACKUP_DATA)


@dataclass(frozen=True, slots=True)
class _Past:
    """What the jobs of an item tell: its last policy, when it ended, what users triggered."""

    policy: str | None
    ended_at: int | None
    triggered: Sequence[Row[Any]]


def items_of(connection: Connection, vault: Row[Any]) -> tuple[list[Document], list[str]]:
    """Return the items of a vault, and why some are left out."""
    named = select(policies.c.key, policies.c.name).where(policies.c.vault_key == vault.key)
    names = {row.key: row.name for row in connection.execute(named)}
    pasts = _pasts(connection, vault)
    query = select(items).where(items.c.vault_key == vault.key).order_by(items.c.folded_name)
    found: list[Document] = []
    left_out: list[str] = []
    for row in connection.execute(query).all():
        source = _source(connection, vault, row)
        if source is None:
            left_out.append(f"{vault.id}: {row.name}: what it protects is gone")
            continue
        found.append(source | _life(row, pasts[row.key], names))
    return found, left_out


def _pasts(connection: Connection, vault: Row[Any]) -> Mapping[int, _Past]:
    """Return the pasts of all items by their keys."""
    query = (
        select(jobs)
        .where(
            jobs.c.vault_key == vault.key,
            jobs.c.operation.in_((Operation.CONFIGURE_BACKUP, *_ENDS))
            | ((jobs.c.operation == Operation.BACKUP) & jobs.c.user_triggered),
        )
        .order_by(jobs.c.started_at, jobs.c.ordinal)
    )
    by_item: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(query):
        by_item[row.item_key].append(row)
    found: dict[int, _Past] = defaultdict(lambda: _Past(None, None, ()))
    for key, rows in by_item.items():
        told = [row for row in rows if row.operation == Operation.CONFIGURE_BACKUP]
        ended = [row.started_at for row in rows if row.operation in _ENDS]
        triggered = [
            row
            for row in rows
            if row.operation == Operation.BACKUP and row.status == Status.COMPLETED
        ]
        policy = told[-1].detail["policy_name"] if told else None
        found[key] = _Past(policy, ended[-1] if ended else None, triggered)
    return found


def _source(connection: Connection, vault: Row[Any], row: Row[Any]) -> Document | None:
    """Return what an item protects; ``None`` if that is not there."""
    if not row.source_exists:
        return None
    if row.workload == AZURE_FILE_SHARE.name:
        account, _, share = row.source_folded.partition(
            f"/{SHARE_TYPE.split('/', 2)[2].replace('/', '/default/').lower()}/"
        )
        found = _spelled(connection, account)
        return found and {"fileShare": {"storageAccount": _named(vault, found), "name": share}}
    if row.workload in _ENGINES:
        vm, _, rest = row.source_folded.partition("/databases/")
        instance, _, name = rest.partition("/")
        found = _spelled(connection, vm)
        about = {"engine": _ENGINES[row.workload], "instance": instance, "name": name}
        return found and {"database": {"virtualMachine": _named(vault, found), **about}}
    found = _spelled(connection, row.source_folded)
    return found and {"virtualMachine": _named(vault, found)}


def _spelled(connection: Connection, folded: str) -> Any:
    query = select(resources.c.id).where(resources.c.folded == folded)
    return connection.execute(query).scalar()


def _named(vault: Row[Any], resource_id: str) -> str:
    """Return the name of a resource as an item of a vault tells it."""
    found = parse(resource_id)
    assert found is not None, f"{VM_TYPE}s and accounts lie in groups"
    if found.subscription.lower() != vault.subscription:
        return resource_id
    own = vault.id.split("/")[4].lower()
    return found.name if found.group.lower() == own else f"{found.group}/{found.name}"


def _life(row: Row[Any], past: _Past, names: Mapping[int, str]) -> Document:
    life: Document = {}
    policy = names.get(row.policy_key) if row.policy_key is not None else past.policy
    if policy in names.values():
        life["policy"] = policy
    life["since"] = wire(row.created_at)
    if row.exclusion is not None:
        life["diskLuns"] = row.exclusion["diskLunList"]
        life["disksAre"] = "included" if row.exclusion["isInclusionList"] else "excluded"
    triggered = [_triggered(each) for each in past.triggered]
    if triggered:
        life["onDemandBackups"] = triggered
    if row.deleted_at is not None:
        return life | {"state": "SoftDeleted", "stateSince": wire(row.deleted_at)}
    if row.state in ProtectionState.RESUMABLE:
        since = row.created_at if past.ended_at is None else past.ended_at
        return life | {"state": row.state, "stateSince": wire(since)}
    return life


def _triggered(job: Row[Any]) -> Any:
    if job.retain_until is None or job.retain_until == job.started_at + BORN_RETENTION:
        return wire(job.started_at)
    return {"at": wire(job.started_at), "retainUntil": wire(job.retain_until)}
