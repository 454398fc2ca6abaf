"""The paths of Azure Backup inside a vault, and the ids they name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from ...arm.calls import Call
from ...domain.errors import invalid
from ...domain.resource_ids import VAULT_TYPE
from ...store.vaults import find_item, get_vault, item_not_found
from ...workloads import azure_vm

VAULT = (
    "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"
    "/providers/Microsoft.RecoveryServices/vaults/{vaultName}"
)
FABRIC = f"{VAULT}/backupFabrics/{{fabricName}}"
CONTAINER = f"{FABRIC}/protectionContainers/{{containerName}}"
ITEM = f"{CONTAINER}/protectedItems/{{protectedItemName}}"
POINT = f"{ITEM}/recoveryPoints/{{recoveryPointId}}"
LOCATION = (
    "/subscriptions/{subscriptionId}/providers/Microsoft.RecoveryServices/locations/{azureRegion}"
)
FABRIC_NAME = "Azure"


def vault_of(call: Call) -> Row[Any]:
    """Return the vault in the path. Raises ``Refused``."""
    return get_vault(call.connection, call.subscription, call.group, call.path["vaultName"])


def vault_scope(call: Call) -> str:
    """Return the id of the vault in the path, without looking it up."""
    return (
        f"/subscriptions/{call.subscription}/resourceGroups/{call.group}"
        f"/providers/{VAULT_TYPE}/{call.path['vaultName']}"
    )


def check_fabric(call: Call) -> None:
    """Refuse a fabric other than Azure: there is no other."""
    if call.path["fabricName"].lower() != FABRIC_NAME.lower():
        raise invalid(
            "BMSUserErrorInvalidInput",
            f"fabricName: '{call.path['fabricName']}' is not known; allowed: {FABRIC_NAME}.",
            target="fabricName",
        )


def vm_name_of(call: Call) -> azure_vm.VmName:
    """Return the VM that the path's container and item name. Raises ``Refused``."""
    check_fabric(call)
    container = container_name_of(call)
    sent = call.path["protectedItemName"]
    item = azure_vm.parse_item(sent)
    if item is None or item != container:
        raise invalid(
            "BMSUserErrorProtectedItemNameIncorrectFormat",
            f"protectedItemName: '{sent}' must be '{container.item}' in this container.",
            target="protectedItemName",
        )
    return item


def container_name_of(call: Call) -> azure_vm.VmName:
    """Return the VM that the path's container names. Raises ``Refused``."""
    check_fabric(call)
    sent = call.path["containerName"]
    name = azure_vm.parse_container(sent)
    if name is None:
        raise invalid(
            "BMSUserErrorContainerNameIncorrectFormat",
            f"containerName: '{sent}' must be "
            "IaasVMContainer;iaasvmcontainerv2;<resource group>;<vm>.",
            target="containerName",
        )
    return name


def item_of(call: Call) -> tuple[Row[Any], Row[Any]]:
    """Return the vault and the protected item in the path. Raises ``Refused``."""
    vault = vault_of(call)
    name = vm_name_of(call)
    item = find_item(call.connection, vault.key, name.item.lower())
    if item is None:
        raise item_not_found(name.item)
    return vault, item


def container_id(vault: Row[Any], item: Row[Any]) -> str:
    """Return the id of an item's container."""
    short = item.name.split(";", 1)[1]
    return f"{vault.id}/backupFabrics/{FABRIC_NAME}/protectionContainers/IaasVMContainer;{short}"


def item_id(vault: Row[Any], item: Row[Any]) -> str:
    """Return a protected item's id."""
    return f"{container_id(vault, item)}/protectedItems/{item.name}"
