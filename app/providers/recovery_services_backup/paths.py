"""The paths of Azure Backup inside a vault, and the ids they name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from ...arm.calls import Call
from ...domain.errors import invalid, invalid_input, not_found
from ...domain.resource_ids import VAULT_TYPE
from ...store.vaults import find_item, get_vault, item_not_found
from ...workloads.table import WORKLOADS, of_container, of_item
from ...workloads.workload import Workload

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
CONTAINERS_TYPE = f"{VAULT_TYPE}/backupFabrics/protectionContainers"
PROTECTABLE_CONTAINERS_TYPE = f"{VAULT_TYPE}/backupFabrics/protectableContainers"
_POINT_ID = re.compile(
    r"(?P<vault>/.+)/backupFabrics/(?P<fabricName>[^/]+)"
    r"/protectionContainers/(?P<containerName>[^/]+)/protectedItems/(?P<protectedItemName>[^/]+)"
    r"/recoveryPoints/(?P<recoveryPointId>[^/]+)",
    re.IGNORECASE,
)


def location_id(subscription: str, region: str) -> str:
    """Return the id of Recovery Services in a region."""
    return f"/subscriptions/{subscription}/providers/Microsoft.RecoveryServices/locations/{region}"


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


@dataclass(frozen=True, slots=True)
class Named:
    """What a path names: canonical names in lower case, whether or not there is such a thing."""

    workload: Workload
    container: str
    item: str


def container_of(call: Call) -> tuple[Workload, str]:
    """Return whose container the path names, and its canonical name. Raises ``Refused``."""
    check_fabric(call)
    sent = call.path["containerName"]
    found = of_container(sent)
    if found is None:
        forms = " or ".join(each.container_form for each in WORKLOADS.values())
        raise invalid(
            "BMSUserErrorContainerNameIncorrectFormat",
            f"containerName: '{sent}' must be {forms}.",
            target="containerName",
        )
    return found


def named_by(call: Call) -> Named:
    """Return the item that the path names. Raises ``Refused``."""
    _, container = container_of(call)
    sent = call.path["protectedItemName"]
    found = of_item(container, sent)
    if found is None:
        forms = " or ".join(
            each.item_form for each in WORKLOADS.values() if each.parse_container(container)
        )
        raise invalid(
            "BMSUserErrorProtectedItemNameIncorrectFormat",
            f"protectedItemName: '{sent}' must be {forms} in this container.",
            target="protectedItemName",
        )
    return Named(*found)


def find_named(call: Call, vault: Row[Any], named: Named) -> Row[Any] | None:
    """Return the item of a name in its container, or ``None``."""
    item = find_item(call.connection, vault.key, named.item)
    if item is None or container_name(item).lower() != named.container:
        return None
    return item


def item_of(call: Call) -> tuple[Row[Any], Row[Any]]:
    """Return the vault and the protected item in the path. Raises ``Refused``."""
    vault = vault_of(call)
    named = named_by(call)
    item = find_named(call, vault, named)
    if item is None:
        raise item_not_found(call.path["protectedItemName"])
    return vault, item


def names_in_point_id(call: Call, point_id: str, field: str) -> dict[str, str] | None:
    """Return the names in a recovery point's id, as a path has them; ``None`` if it is no such id.

    Raises ``Refused`` for one of another vault; ``field`` is where it was sent.
    """
    match = _POINT_ID.fullmatch(point_id)
    if match is None:
        return None
    if match["vault"].lower() != vault_scope(call).lower():
        raise invalid_input(field, f"'{point_id}' is no recovery point of this vault")
    return {name: value for name, value in match.groupdict().items() if name != "vault"}


def container_name(item: Row[Any]) -> str:
    """Return the name of an item's container."""
    return f"{WORKLOADS[item.workload].container_types[0]};{item.container_name}"


def container_id(vault: Row[Any], name: str) -> str:
    """Return the id of a container."""
    return f"{vault.id}/backupFabrics/{FABRIC_NAME}/protectionContainers/{name}"


def not_registered(call: Call) -> Exception:
    """Azure Backup's answer for a container that is not there."""
    return not_found(
        "BMSUserErrorContainerNotFound",
        f"containerName: '{call.path['containerName']}' is not registered with this vault.",
        target="containerName",
    )


def protectable_container(
    vault: Row[Any], name: str, source: Row[Any], management_type: str
) -> dict[str, Any]:
    """Return what could be registered under a name as the wire shows it."""
    return {
        "id": f"{vault.id}/backupFabrics/{FABRIC_NAME}/protectableContainers/{name}",
        "name": name,
        "type": PROTECTABLE_CONTAINERS_TYPE,
        "properties": {
            "friendlyName": source.name,
            "backupManagementType": management_type,
            "protectableContainerType": name.partition(";")[0],
            "healthStatus": "Healthy",
            "containerId": source.id,
        },
    }


def item_id(vault: Row[Any], item: Row[Any]) -> str:
    """Return a protected item's id."""
    return f"{container_id(vault, container_name(item))}/protectedItems/{item.name}"
