"""Whether a resource is protected, and where: asked by region, without knowing the vault."""

from __future__ import annotations

from typing import Any

from pydantic import Field
from sqlalchemy import select

from ...arm import examples
from ...arm.bodies import Body
from ...arm.calls import Call, endpoint
from ...domain.errors import invalid_input, not_emulated
from ...domain.jobs import ProtectionState
from ...domain.resource_ids import VM_TYPE, parse
from ...store.tables import items, policies, vaults
from ...workloads import azure_vm
from .paths import FABRIC_NAME, LOCATION

TAG = "Protected items"
RESOURCE_TYPES = ("VM", "AzureFileShare", "SQLDataBase", "SAPHanaDatabase")


class BackupStatusBody(Body):
    """The resource asked about."""

    EXAMPLE = {"resourceType": "VM", "resourceId": examples.VM_ID}

    resource_type: str = Field(examples=["VM"])
    resource_id: str = Field(
        max_length=400,
        examples=[
            "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/group-1"
            "/providers/Microsoft.Compute/virtualMachines/vm-1"
        ],
    )
    po_logical_name: str | None = None


@endpoint("POST", f"{LOCATION}/backupStatus", "BackupStatus_Get", tag=TAG, body=BackupStatusBody)
def get(call: Call, body: BackupStatusBody) -> dict[str, Any]:
    """Tell whether a VM is protected, and by which vault and policy."""
    asked = body.resource_type.lower()
    known = next((kind for kind in RESOURCE_TYPES if kind.lower() == asked), "")
    if not known:
        raise invalid_input("resourceType", f"'{body.resource_type}' is not known; allowed: VM")
    if known != "VM":
        raise not_emulated("resourceType", f"backup status of {known}")
    vm_id = parse(body.resource_id)
    if vm_id is None or vm_id.type.lower() != VM_TYPE.lower():
        raise invalid_input("resourceId", f"'{body.resource_id}' is not a virtual machine's id")
    name = azure_vm.name_of(vm_id.group, vm_id.name)
    status: dict[str, Any] = {
        "protectionStatus": "NotProtected",
        "fabricName": FABRIC_NAME,
        "containerName": name.container.lower(),
        "protectedItemName": name.item.lower(),
        "protectedItemsCount": 0,
    }
    row = call.connection.execute(
        select(vaults.c.id, policies.c.name)
        .join(items, items.c.vault_key == vaults.c.key)
        .outerjoin(policies, policies.c.key == items.c.policy_key)
        .where(items.c.source_folded == vm_id.folded, items.c.deleted_at.is_(None))
        # A vault that has stopped keeps its points, but another one may back the VM up.
        .order_by(items.c.state.in_(ProtectionState.RESUMABLE), vaults.c.key)
    ).first()
    if row is not None:
        status |= {"protectionStatus": "Protected", "vaultId": row.id, "protectedItemsCount": 1}
        status |= {"policyName": row.name or ""}
    return status


ENDPOINTS = (get,)
