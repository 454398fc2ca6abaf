"""Restores: disks of a recovery point as managed disks in another resource group."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Row

from ...arm import examples
from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...arm.words import Word
from ...domain.errors import conflict, invalid_input, not_emulated
from ...domain.resource_ids import normal_location, parse, parse_group
from ...engine import restores
from ...store.vaults import get_group
from .paths import POINT, item_of
from .protected_items import item_accepted
from .recovery_points import TAG, point_of

RECOVERY_TYPES = ("RestoreDisks", "AlternateLocation", "OriginalLocation", "Offline")


class RestoreRequest(Body):
    """What to restore, and where to."""

    object_type: str = Field("IaasVMRestoreRequest", examples=["IaasVMRestoreRequest"])
    recovery_point_id: str | None = Field(None, max_length=40)
    recovery_type: Annotated[
        Literal["RestoreDisks", "AlternateLocation", "OriginalLocation", "Offline"],
        Word(*RECOVERY_TYPES),
    ] = Field(examples=["RestoreDisks"])
    source_resource_id: str | None = Field(None, max_length=400)
    storage_account_id: str | None = Field(None, max_length=400)
    region: str | None = Field(None, max_length=90)
    target_resource_group_id: str | None = Field(None, max_length=400)
    target_virtual_machine_id: str | None = Field(None, max_length=400)
    virtual_network_id: str | None = None
    subnet_id: str | None = None
    create_new_cloud_service: bool | None = None
    original_storage_account_option: bool | None = None
    restore_disk_lun_list: list[int] | None = None
    restore_with_managed_disks: bool | None = None
    disk_encryption_set_id: str | None = None
    zones: list[str] | None = None
    identity_info: dict[str, Any] | None = None


class RestoreBody(Body):
    """A request for a restore."""

    EXAMPLE = {
        "properties": {
            "objectType": "IaasVMRestoreRequest",
            "recoveryType": "RestoreDisks",
            "region": "westeurope",
            "sourceResourceId": examples.VM_ID,
            "targetResourceGroupId": examples.GROUP_ID,
            "storageAccountId": f"{examples.GROUP_ID}/providers/Microsoft.Storage"
            "/storageAccounts/staging",
        }
    }

    properties: RestoreRequest


@endpoint(
    "POST",
    f"{POINT}/restore",
    "Restores_Trigger",
    tag=TAG,
    body=RestoreBody,
    statuses=(202,),
)
def trigger(call: Call, body: RestoreBody) -> Answer:
    """Restore a recovery point's disks; they are there when the job is done."""
    vault, item, point, detail = prepare(call, body.properties)
    job_id = restores.trigger(
        call.connection,
        call.rules,
        item,
        point,
        call.now,
        detail=detail,
        activity_id=call.client_request_id,
    )
    return item_accepted(
        call, vault, item, "restore", job_id=job_id, ends_at=call.now, operation_id=job_id
    )


def prepare(
    call: Call, asked: RestoreRequest
) -> tuple[Row[Any], Row[Any], Row[Any], dict[str, Any]]:
    """Return the vault, the item and the point in the path, and what the job must know.

    Nothing has begun yet: a validation asks for no more. Raises ``Refused``.
    """
    vault, item = item_of(call)
    _refuse_what_is_not_emulated(asked)
    if item.deleted_at is not None:
        raise conflict(
            "BMSUserErrorItemSoftDeleted",
            f"'{item.friendly_name}' is soft-deleted; undelete it before you restore.",
        )
    point = point_of(call, item)
    return vault, item, point, _detail(call, vault, item, asked)


def _refuse_what_is_not_emulated(asked: RestoreRequest) -> None:
    if asked.object_type.lower() != "iaasvmrestorerequest":
        raise not_emulated("properties.objectType", f"'{asked.object_type}'")
    if asked.recovery_type != "RestoreDisks":
        raise not_emulated("properties.recoveryType", f"{asked.recovery_type}; send RestoreDisks")
    for name, value in (
        ("restoreDiskLunList", asked.restore_disk_lun_list),
        ("diskEncryptionSetId", asked.disk_encryption_set_id),
        ("zones", asked.zones or None),
        ("identityInfo", asked.identity_info),
    ):
        if value is not None:
            raise not_emulated(f"properties.{name}", "this way of restoring disks")


def _detail(call: Call, vault: Row[Any], item: Row[Any], asked: RestoreRequest) -> dict[str, Any]:
    """Check where the disks are to go, and return what the job must know."""
    sent = asked.recovery_point_id
    if sent is not None and sent != call.path["recoveryPointId"]:
        raise invalid_input("properties.recoveryPointId", f"'{sent}' is not the one in the path")
    if asked.source_resource_id and asked.source_resource_id.lower() != item.source_folded:
        raise invalid_input(
            "properties.sourceResourceId", f"must be '{item.source_id}', the VM of this item"
        )
    if asked.region is not None and normal_location(asked.region) != vault.location:
        raise invalid_input(
            "properties.region", f"'{asked.region}' must be the vault's, '{vault.location}'"
        )
    return {
        "target_group": _target_group(call, asked),
        "location": vault.location,
        "vault_name": vault.name,
        "storage_account": _storage_account(asked),
    }


def _target_group(call: Call, asked: RestoreRequest) -> str:
    field = "properties.targetResourceGroupId"
    if not asked.target_resource_group_id:
        raise not_emulated(field, "restore as unmanaged disks; name a resource group")
    found = parse_group(asked.target_resource_group_id)
    if found is None:
        raise invalid_input(
            field, f"'{asked.target_resource_group_id}' is not a resource group's id"
        )
    group_id: str = get_group(call.connection, *found).id
    return group_id


def _storage_account(asked: RestoreRequest) -> str:
    """Return the staging account's name: Azure asks for one even if it then goes unused."""
    field = "properties.storageAccountId"
    sent = asked.storage_account_id or ""
    found = parse(sent)
    if found is None or found.type.lower() != "microsoft.storage/storageaccounts":
        raise invalid_input(field, f"'{sent}' is not a storage account's id; one is required")
    return found.name


ENDPOINTS = (trigger,)
