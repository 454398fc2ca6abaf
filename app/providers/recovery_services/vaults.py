"""Vaults: create, get, update, delete and list (azure-cli-wire 4.1, terraform-wire 2.2)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, func, insert, select, update

from ...arm import async_operations
from ...arm.calls import Answer, Call, Waiting, endpoint
from ...arm.paging import after, page, row_limit
from ...domain import ids, tags, vault_settings
from ...domain.errors import conflict
from ...domain.instants import SECOND
from ...domain.policy_documents import default_policies
from ...domain.resource_ids import DELETED_VAULT_TYPE, VAULT_TYPE, normal_location
from ...domain.waiting import Span
from ...engine import critical_alerts, operations, vault_lifecycle
from ...store import room
from ...store.resource_tables import subscription_resources
from ...store.tables import items, policies, vaults
from ...store.vaults import (
    REDUNDANCY_SET_ON_VAULT,
    find_vault,
    get_group,
    get_vault,
    vault_id,
    with_opt_in,
)
from .. import multi_user_authorization
from . import vault_identity
from .vault_bodies import Sku, VaultBody, VaultPatch, VaultProperties
from .vault_documents import born, changed, render
from .vault_rules import (
    check_change,
    check_first_key,
    checked_location,
    checked_name,
    keep_always_on,
    keep_enhanced_security,
    not_empty,
    not_purged,
)

SUBSCRIPTION_VAULTS = "/subscriptions/{subscriptionId}/providers/Microsoft.RecoveryServices/vaults"
VAULTS = (
    "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"
    "/providers/Microsoft.RecoveryServices/vaults"
)
VAULT = f"{VAULTS}/{{vaultName}}"
TAG = "Vaults"

PROVISIONING_TAKES = 5 * SECOND
UPDATE_TAKES = 2 * SECOND
ENCRYPTION_TAKES = 90 * SECOND
"""The recordings waited one to two minutes for a new key."""
DELETE_TAKES = SECOND

_LAST_VERSION_WITH_200_ON_DELETE = "2024-01-01"
"""Older azurerm releases accept nothing but 200 (terraform-wire 2.1)."""


@endpoint("PUT", VAULT, "Vaults_CreateOrUpdate", tag=TAG, body=VaultBody, statuses=(200, 201))
def create_or_update(call: Call, body: VaultBody) -> Answer:
    """Create a vault, or replace what the request names of one that exists."""
    name = checked_name(call.path["vaultName"])
    group = get_group(call.connection, call.subscription, call.group)
    tags.check(body.tags)
    existing = find_vault(call.connection, vault_id(call.subscription, call.group, name))
    if existing is not None:
        return _replace(call, existing, body)
    location = checked_location(body.location)
    key = _new_key(call, name)
    properties = _first_properties(call, body.properties, location)
    new_id = f"{group.id}/providers/{VAULT_TYPE}/{name}"
    identity = vault_identity.created(call, new_id, key, body.identity)
    check_first_key(properties, identity)
    room.for_vault(call.connection, call.rules.limits, call.subscription, location)
    call.connection.execute(
        insert(vaults).values(
            key=key,
            folded=new_id.lower(),
            id=new_id,
            subscription=call.subscription.lower(),
            group_folded=group.folded,
            name=name,
            location=location,
            tags=body.tags,
            sku=body.sku.wire() if body.sku else {"name": "Standard"},
            identity=identity,
            properties=properties,
            created_at=call.now,
            changed_at=call.now,
            provisioned_at=call.now + PROVISIONING_TAKES,
            hidden=with_opt_in(_owns_redundancy(body.properties), properties, call.now),
        )
    )
    _add_default_policies(call, key)
    vault = get_vault(call.connection, call.subscription, call.group, name)
    operation = _begin(call, vault, "vault-create", PROVISIONING_TAKES)
    return async_operations.accepted(
        call,
        operation,
        status_path=f"{vault.id}/operationStatus",
        result_path=None,
        status=201,
        body=render(call, vault),
    )


def _first_properties(call: Call, asked: VaultProperties, location: str) -> dict[str, Any]:
    first = born(call)
    properties = changed(first, asked)
    if call.rules.soft_delete_state == "AlwaysON":
        keep_always_on(properties["securitySettings"]["softDeleteSettings"])
    check_change(properties, first, location)
    return properties


def _replace(call: Call, vault: Row[Any], body: VaultBody) -> Answer:
    if normal_location(body.location) != vault.location:
        raise conflict(
            "InvalidResourceLocation",
            f"The resource '{vault.name}' already exists in location '{vault.location}' in "
            f"resource group '{call.group}'. A resource with the same name cannot be created in "
            f"location '{body.location}'. Please select a new resource name.",
            target="location",
        )
    changes: dict[str, Any] = {"identity": vault_identity.replaced(call, vault, body.identity)}
    if "tags" in body.model_fields_set:
        changes["tags"] = body.tags
    _store(call, vault, body.properties, body.sku, changes)
    return Answer(200, render(call, get_vault(call.connection, *_names(call))))


@endpoint("GET", VAULT, "Vaults_Get", tag=TAG)
def get(call: Call) -> Answer:
    """Show a vault. One that is being made is polled by this: Ansible looks at nothing else."""
    vault = get_vault(call.connection, *_names(call))
    ready_at = vault.provisioned_at
    making = Waiting(Span(ready_at - PROVISIONING_TAKES, ready_at))
    return Answer(body=render(call, vault), waiting=making if ready_at > call.now else None)


@endpoint("PATCH", VAULT, "Vaults_Update", tag=TAG, body=VaultPatch, statuses=(202,))
def patch(call: Call, body: VaultPatch) -> Answer:
    """Change what the request names of a vault; the rest stays."""
    vault = get_vault(call.connection, *_names(call))
    tags.check(body.tags or {})
    changes: dict[str, Any] = {"identity": vault_identity.patched(call, vault, body.identity)}
    if body.tags is not None:
        changes["tags"] = body.tags
    _store(call, vault, body.properties, body.sku, changes)
    takes = UPDATE_TAKES if body.properties.encryption is None else ENCRYPTION_TAKES
    return async_operations.accepted(
        call,
        _begin(call, vault, "vault-update", takes),
        status_path=f"{vault.id}/operationStatus",
        result_path=f"{vault.id}/operationResults",
    )


@endpoint("DELETE", VAULT, "Vaults_Delete", tag=TAG, statuses=(200, 202, 204))
def delete(call: Call) -> Answer:
    """Delete a vault that protects nothing: it can be undeleted until its items are purged."""
    get_group(call.connection, call.subscription, call.group)
    vault = find_vault(call.connection, vault_id(*_names(call)))
    if vault is None:
        return Answer(204)
    blocking = vault_lifecycle.blockers(call.connection, vault)
    if blocking:
        raise not_empty(blocking)
    left = vault_lifecycle.soft_deleted_items(call.connection, vault.key)
    if left and not call.rules.vault_soft_delete:
        raise not_purged(left)
    operation = _begin(call, vault, "vault-delete", DELETE_TAKES, outlives_vault=True)
    vault_lifecycle.remove(call.connection, vault, call.now)
    if call.api_version[:10] <= _LAST_VERSION_WITH_200_ON_DELETE:
        return Answer(200)
    path = _deleted_path(vault)
    return async_operations.accepted(
        call,
        operation,
        status_path=f"{path}/operationStatus",
        result_path=f"{path}/operationResults",
    )


@endpoint("GET", VAULTS, "Vaults_ListByResourceGroup", tag=TAG)
def list_by_resource_group(call: Call) -> Answer:
    """List the vaults of a resource group."""
    group = get_group(call.connection, call.subscription, call.group)
    return _list(call, vaults.c.group_folded == group.folded)


@endpoint("GET", SUBSCRIPTION_VAULTS, "Vaults_ListBySubscriptionId", tag=TAG)
def list_by_subscription(call: Call) -> Answer:
    """List the vaults of a subscription."""
    return _list(call, vaults.c.subscription == call.subscription.lower())


def _list(call: Call, where: ColumnElement[bool]) -> Answer:
    found = select(vaults).where(where, vaults.c.deleted_at.is_(None)).order_by(vaults.c.folded)
    start = after(call, str)
    if start is not None:
        found = found.where(vaults.c.folded > start[0])
    rows = call.connection.execute(found.limit(row_limit(call))).all()
    return page(call, rows, lambda row: render(call, row), lambda row: [row.folded])


# --- storing -----------------------------------------------------------------------------


def _store(
    call: Call,
    vault: Row[Any],
    properties: VaultProperties,
    sku: Sku | None,
    changes: dict[str, Any],
) -> None:
    merged = changed(vault.properties, properties)
    check_change(merged, vault.properties, vault.location)
    vault_settings.check_key_identity(merged, changes["identity"])
    keep_enhanced_security(merged, vault.properties)
    requests = properties.resource_guard_operation_requests
    multi_user_authorization.permit_settings(call, vault, merged, requests)
    _switch_scans(call, vault, merged)
    critical_alerts.settings_changed(call.connection, call.rules, vault, merged, call.now)
    if sku is not None:
        changes = changes | {"sku": sku.wire()}
    call.connection.execute(
        update(vaults)
        .where(vaults.c.key == vault.key)
        .values(
            properties=merged,
            changed_at=call.now,
            hidden=with_opt_in(vault.hidden | _owns_redundancy(properties), merged, call.now),
            **changes,
        )
    )


def _switch_scans(call: Call, vault: Row[Any], merged: dict[str, Any]) -> None:
    """Let a vault that switches source scans on or off do so for all its items."""
    name = "sourceScanConfiguration"
    if merged["securitySettings"][name] != vault.properties["securitySettings"][name]:
        call.connection.execute(
            update(items).where(items.c.vault_key == vault.key).values(source_scan=None)
        )


def _owns_redundancy(asked: VaultProperties) -> dict[str, bool]:
    """Once set on the vault, redundancy is no longer changed through the storage config."""
    return {} if asked.redundancy_settings is None else {REDUNDANCY_SET_ON_VAULT: True}


def _names(call: Call) -> tuple[str, str, str]:
    return call.subscription, call.group, call.path["vaultName"]


def _new_key(call: Call, name: str) -> int:
    """Return a key that no earlier vault of this name has, deleted ones included."""
    folded = vault_id(call.subscription, call.group, name).folded
    deleted = subscription_resources.c
    earlier = [
        call.connection.execute(count).scalar_one()
        for count in (
            select(func.count()).select_from(vaults).where(vaults.c.folded == folded),
            select(func.count()).where(
                deleted.subscription == call.subscription.lower(),
                deleted.type_folded == DELETED_VAULT_TYPE.lower(),
                deleted.scope_folded == folded,
            ),
        )
    ]
    return ids.key(call.rules.seed, "vault", folded, call.now, sum(earlier))


def _add_default_policies(call: Call, vault_key: int) -> None:
    for name, document in default_policies(call.rules.seed, vault_key, call.now).items():
        call.connection.execute(
            insert(policies).values(
                key=ids.key(call.rules.seed, "policy", vault_key, name.lower()),
                vault_key=vault_key,
                folded_name=name.lower(),
                name=name,
                document=document,
                changed_at=call.now,
            )
        )


def _begin(
    call: Call, vault: Row[Any], kind: str, takes: int, *, outlives_vault: bool = False
) -> operations.Operation:
    return operations.begin(
        call.connection,
        call.rules,
        scope=_deleted_path(vault).lower() if outlives_vault else vault.folded,
        kind=kind,
        now=call.now,
        ends_at=call.now + takes,
    )


def _deleted_path(vault: Row[Any]) -> str:
    """A delete is polled at the location: the vault it was on is gone."""
    return (
        f"/subscriptions/{vault.subscription}/providers/Microsoft.RecoveryServices"
        f"/locations/{vault.location}"
    )


ENDPOINTS = (
    create_or_update,
    get,
    patch,
    delete,
    list_by_resource_group,
    list_by_subscription,
)
