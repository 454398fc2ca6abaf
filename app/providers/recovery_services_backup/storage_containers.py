"""Storage accounts as protection containers: what may be registered, how it looks."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, func, select

from ...arm.calls import Call
from ...domain.errors import conflict, invalid, invalid_input, not_emulated
from ...domain.resource_ids import STORAGE_TYPE, normal_location, parse
from ...engine.containers import Registration
from ...store import containers as stored
from ...store import rows
from ...store.metadata import Document
from ...store.tables import items
from ...workloads.azure_file_share import AZURE_FILE_SHARE, CONTAINER_TYPE, AccountName
from .container_bodies import ContainerProperties
from .paths import CONTAINERS_TYPE, container_id, protectable_container

KINDS = ("StorageV2", "Storage", "FileStorage")
"""The kinds of accounts whose shares are backed up; the others have none."""


def to_register(
    call: Call, vault: Row[Any], container: str, asked: ContainerProperties
) -> Registration:
    """Return the account to register as a container. Raises ``Refused``."""
    if asked.access_type == "IdentityBased":
        raise not_emulated("properties.accessType", "access to storage accounts by identity")
    field = "properties.sourceResourceId"
    sent = asked.source_resource_id or ""
    account_id = parse(sent)
    if account_id is None or account_id.type.lower() != STORAGE_TYPE.lower():
        raise invalid_input(field, f"'{sent}' is not the id of a storage account")
    if AccountName(account_id.group, account_id.name).container.lower() != container:
        raise invalid(
            "BMSUserErrorContainerNameIncorrectFormat",
            f"{field}: '{sent}' is not the storage account of container "
            f"'{call.path['containerName']}'.",
            target=field,
        )
    account = rows.find(call.connection, account_id.text)
    if account is None:
        raise invalid(
            "UserErrorStorageAccountNotFound",
            f"{field}: Operation failed as the specified storage account '{sent}' does not exist.",
            target=field,
        )
    _check_account(call, vault, account)
    spelled = parse(account.id)
    assert spelled is not None, "stored ids are well formed"
    return Registration(
        name=AccountName(spelled.group, spelled.name).container,
        workload=AZURE_FILE_SHARE.name,
        source=account,
        source_id=sent,
        lock=asked.acquire_storage_account_lock != "NotAcquire",
    )


def _check_account(call: Call, vault: Row[Any], account: Row[Any]) -> None:
    field = "properties.sourceResourceId"
    if not _fits(vault, account):
        raise invalid(
            "UserErrorFileShareEndpointUnreachable",
            f"{field}: Storage account not found or not supported: '{account.name}' must be of "
            f"kind {', '.join(KINDS)}, in the vault's region '{vault.location}' and its "
            "subscription.",
            target=field,
        )
    other = stored.vault_of_source(call.connection, account.folded)
    if other is not None and other.key != vault.key:
        raise conflict(
            "BMSUserErrorContainerIsAlreadyRegisteredWithAnotherVault",
            f"The storage account '{account.name}' is registered with the vault '{other.id}'; "
            "unregister it there first.",
        )


def _fits(vault: Row[Any], account: Row[Any]) -> bool:
    return bool(
        account.document.get("kind", KINDS[0]) in KINDS
        and normal_location(account.location) == vault.location
        and account.folded.split("/")[2] == vault.subscription.lower()
    )


def counts(call: Call, vault: Row[Any]) -> dict[str, int]:
    """Return how many items the accounts of a vault hold, by their short names."""
    found = call.connection.execute(
        select(items.c.container_name, func.count())
        .where(items.c.vault_key == vault.key, items.c.workload == AZURE_FILE_SHARE.name)
        .group_by(items.c.container_name)
    )
    return {name: count for name, count in found}  # noqa: C416 - a dict of rows is not typed


def render(vault: Row[Any], container: Row[Any], held: dict[str, int]) -> Document:
    """Return a registered account as the wire shows it; its source as it was sent."""
    group = container.source_id.split("/")[4]
    return {
        "id": container_id(vault, container.name),
        "name": container.name,
        "type": CONTAINERS_TYPE,
        "properties": {
            "sourceResourceId": container.source_id,
            "storageAccountVersion": "Storage",
            "resourceGroup": group,
            "protectedItemCount": held.get(container.name.partition(";")[2], 0),
            "acquireStorageAccountLock": "Acquire" if container.locks else "NotAcquire",
            "friendlyName": container.friendly_name,
            "backupManagementType": AZURE_FILE_SHARE.management_type,
            "registrationStatus": "Registered" if container.deleted_at is None else "SoftDeleted",
            "healthStatus": "Healthy",
            "containerType": CONTAINER_TYPE,
            "protectableObjectType": CONTAINER_TYPE,
        },
    }


def render_protectable(vault: Row[Any], account: Row[Any]) -> Document:
    """Return an account that could be registered as the wire shows it."""
    own_id = parse(account.id)
    assert own_id is not None, "stored ids are well formed"
    name = AccountName(own_id.group, own_id.name).container
    return protectable_container(vault, name, account, AZURE_FILE_SHARE.management_type)
