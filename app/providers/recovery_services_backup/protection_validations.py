"""Whether a VM could be protected: asked by region, before anything is done."""

from __future__ import annotations

from typing import Any

from pydantic import Field
from sqlalchemy import Row, select

from ...arm import examples
from ...arm.bodies import Body
from ...arm.calls import Call, endpoint
from ...domain.errors import invalid_input, not_emulated
from ...domain.jobs import ProtectionState
from ...domain.resource_ids import VAULT_TYPE, VM_TYPE, ResourceId, normal_location, parse
from ...engine import vm_sources
from ...store.tables import items, vaults
from ...store.vaults import get_vault
from ...workloads import azure_vm
from .backup_status import RESOURCE_TYPES
from .paths import LOCATION

TAG = "Protected items"
VM_FEATURE = "AzureVMResourceBackup"


class PreValidateBody(Body):
    """The VM and the vault asked about; ``properties`` is a text that is not looked at."""

    EXAMPLE = {
        "resourceType": "VM",
        "resourceId": examples.VM_ID,
        "vaultId": examples.VAULT_ID,
        "properties": "",
    }

    resource_type: str = Field(max_length=60)
    resource_id: str = Field(max_length=400)
    vault_id: str = Field(max_length=400)
    properties: str | None = Field(None, max_length=4000)


class FeatureSupportBody(Body):
    """The feature asked about, and the VM's size."""

    EXAMPLE = {"featureType": VM_FEATURE, "vmSize": "Standard_D2s_v5"}

    feature_type: str = Field(max_length=60)
    vm_size: str | None = Field(None, max_length=60)
    vm_sku: str | None = Field(None, max_length=60)


@endpoint(
    "POST",
    f"{LOCATION}/backupPreValidateProtection",
    "ProtectionIntent_Validate",
    tag=TAG,
    body=PreValidateBody,
    statuses=(200, 404),
)
def validate_protection(call: Call, body: PreValidateBody) -> dict[str, Any]:
    """Tell whether a VM could be protected by a vault, and if not, why."""
    _check_kind(body.resource_type)
    vm_id = _named(body.resource_id, "resourceId", VM_TYPE)
    wanted = _named(body.vault_id, "vaultId", VAULT_TYPE)
    vault = get_vault(call.connection, wanted.subscription, wanted.group, wanted.name)
    name = azure_vm.name_of(vm_id.group, vm_id.name)
    problem = _problem(call, vault, vm_id)
    answer = {
        "status": "Succeeded" if problem is None else "Failed",
        "containerName": name.container.lower(),
        "protectedItemName": name.item.lower(),
    }
    if problem is not None:
        answer |= dict(zip(("errorCode", "errorMessage", "recommendation"), problem, strict=True))
    return answer


@endpoint(
    "POST",
    f"{LOCATION}/backupValidateFeatures",
    "FeatureSupport_Validate",
    tag=TAG,
    body=FeatureSupportBody,
)
def validate_feature(_call: Call, body: FeatureSupportBody) -> dict[str, Any]:
    """Tell whether VMs of a size are backed up; of Basic sizes only when asked for."""
    if body.feature_type.lower() != VM_FEATURE.lower():
        raise not_emulated("featureType", f"'{body.feature_type}'; send {VM_FEATURE}")
    basic = (body.vm_size or "").lower().startswith("basic_")
    return {"supportStatus": "DefaultOFF" if basic else "Supported"}


def _check_kind(sent: str) -> None:
    known = next((kind for kind in RESOURCE_TYPES if kind.lower() == sent.lower()), "")
    if not known:
        raise invalid_input("resourceType", f"'{sent}' is not known; allowed: VM")
    if known != "VM":
        raise not_emulated("resourceType", f"protection of {known}")


def _named(sent: str, field: str, type_name: str) -> ResourceId:
    found = parse(sent)
    if found is None or found.type.lower() != type_name.lower():
        raise invalid_input(field, f"'{sent}' is not the id of a {type_name}")
    return found


def _problem(call: Call, vault: Row[Any], vm_id: ResourceId) -> tuple[str, str, str] | None:
    """Return what keeps a vault from protecting a VM: code, message and advice."""
    source = vm_sources.find(call.connection, vm_id.text)
    if source is None:
        return (
            "UserErrorVmNotFoundV2",
            f"The virtual machine '{vm_id.name}' does not exist.",
            "Create it, or name another one.",
        )
    if normal_location(source.location) != vault.location:
        return (
            "BMSUserErrorInvalidConfigureProtectionRequest",
            f"The virtual machine is in '{source.location}', the vault in '{vault.location}'.",
            "Choose a vault in the region of the virtual machine.",
        )
    return _protected_already(call, vault, vm_id)


def _protected_already(
    call: Call, vault: Row[Any], vm_id: ResourceId
) -> tuple[str, str, str] | None:
    found = call.connection.execute(
        select(vaults.c.key, vaults.c.name, items.c.deleted_at, items.c.state)
        .join(items, items.c.vault_key == vaults.c.key)
        .where(items.c.source_folded == vm_id.folded)
        .order_by(items.c.deleted_at.is_not(None), vaults.c.key)
    ).all()
    for holder, name, deleted_at, state in found:
        if holder == vault.key and deleted_at is not None:
            return (
                "BMSUserErrorItemSoftDeleted",
                "The backup data of this virtual machine is soft-deleted in the vault.",
                "Undelete it and resume its protection.",
            )
        if holder == vault.key:
            return (
                "VirtualMachineAlreadyProtected",
                "Virtual machine with same name and same resource group is already protected.",
                "Please do not enable protection again.",
            )
        if state not in ProtectionState.RESUMABLE:
            return (
                "BMSUserErrorContainerIsAlreadyRegisteredWithAnotherVault",
                f"The virtual machine is protected by the vault '{name}'.",
                "Stop that protection first.",
            )
    return None


ENDPOINTS = (validate_protection, validate_feature)
