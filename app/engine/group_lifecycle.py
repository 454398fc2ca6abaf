"""The end of a resource group: what keeps it from being deleted, and its removal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from ..domain import ids
from ..domain.resource_ids import DISK_TYPE, RESOURCE_GUARD_TYPE, VM_TYPE
from ..store import resource_guard_proxies, role_assignments
from ..store.resource_tables import deployments, resource_groups, resources
from ..store.tables import vaults
from . import (
    attachments,
    key_vaults,
    private_endpoints,
    snapshots,
    sources,
    vault_lifecycle,
)
from .rules import Rules


def blockers(connection: Connection, rules: Rules, group_folded: str) -> list[tuple[str, str]]:
    """Return the resources that cannot be deleted: their ids, and why."""
    found = [
        (vault.id, _holds(connection, rules, vault)) for vault in _vaults(connection, group_folded)
    ]
    found += [
        (disk.id, f"it is attached to '{disk.document['managedBy']}'")
        for disk in _of_type(connection, group_folded, DISK_TYPE)
        if not disk.document.get("managedBy", disk.id).lower().startswith(f"{group_folded}/")
    ]
    found += [
        (collection, f"job '{ids.guid(job_id)}' still transfers a snapshot in it to the vault")
        for collection, job_id in snapshots.transfers(connection, snapshots.in_group(group_folded))
    ]
    found += [
        (guard.id, f"it protects '{vault}'")
        for guard in _of_type(connection, group_folded, RESOURCE_GUARD_TYPE)
        for vault in resource_guard_proxies.vaults_of(connection, guard.folded)
        if not vault.lower().startswith(f"{group_folded}/")
    ]
    return [(each, reason) for each, reason in found if reason]


def _holds(connection: Connection, rules: Rules, vault: Row[Any]) -> str:
    names = vault_lifecycle.blockers(connection, vault, leaving=vault.group_folded)
    if names:
        return (
            "there are existing resources within the vault. Stop protection of these items with "
            "deletion of their data, unregister its storage accounts and delete its private "
            f"endpoints: {', '.join(names)}"
        )
    left = vault_lifecycle.soft_deleted_items(connection, vault.key)
    if left and not rules.vault_soft_delete:
        return f"there are backup items still present in soft delete state: {', '.join(left)}"
    return ""


def remove(connection: Connection, rules: Rules, group: Row[Any], now: int) -> None:
    """Remove a group that nothing blocks, with all it holds."""
    for vm in _of_type(connection, group.folded, VM_TYPE):
        attachments.remove_vm(connection, rules, vm, now)
    private_endpoints.disconnect_group(connection, group.folded, now)
    for vault in _vaults(connection, group.folded):
        vault_lifecycle.remove(connection, vault, now)
    snapshots.remove(connection, snapshots.in_group(group.folded), now)
    for key_vault in key_vaults.in_group(connection, group.folded):
        key_vaults.remove(connection, key_vault, now)
    connection.execute(delete(resources).where(resources.c.group_folded == group.folded))
    connection.execute(delete(deployments).where(deployments.c.scope_folded == group.folded))
    sources.refresh(connection, rules, group.folded, now)
    role_assignments.forget(connection, group.id)
    connection.execute(delete(resource_groups).where(resource_groups.c.folded == group.folded))


def _vaults(connection: Connection, group_folded: str) -> Sequence[Row[Any]]:
    return connection.execute(
        select(vaults)
        .where(vaults.c.group_folded == group_folded, vaults.c.deleted_at.is_(None))
        .order_by(vaults.c.folded)
    ).all()


def _of_type(connection: Connection, group_folded: str, type_name: str) -> Sequence[Row[Any]]:
    return connection.execute(
        select(resources)
        .where(
            resources.c.group_folded == group_folded,
            resources.c.type_folded == type_name.lower(),
        )
        .order_by(resources.c.folded)
    ).all()
