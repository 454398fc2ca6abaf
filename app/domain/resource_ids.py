"""Names and ids of Azure resources: what is well formed, and the one canonical spelling."""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import ids

VAULT_TYPE = "Microsoft.RecoveryServices/vaults"
DELETED_VAULT_TYPE = "Microsoft.RecoveryServices/locations/deletedVaults"
VM_TYPE = "Microsoft.Compute/virtualMachines"
DISK_TYPE = "Microsoft.Compute/disks"
STORAGE_TYPE = "Microsoft.Storage/storageAccounts"
SHARE_TYPE = f"{STORAGE_TYPE}/fileServices/shares"
VNET_TYPE = "Microsoft.Network/virtualNetworks"
NIC_TYPE = "Microsoft.Network/networkInterfaces"
COLLECTION_TYPE = "Microsoft.Compute/restorePointCollections"
NSG_TYPE = "Microsoft.Network/networkSecurityGroups"
PUBLIC_IP_TYPE = "Microsoft.Network/publicIPAddresses"
PRIVATE_ENDPOINT_TYPE = "Microsoft.Network/privateEndpoints"
SNAPSHOT_TYPE = "Microsoft.Compute/snapshots"
AVAILABILITY_SET_TYPE = "Microsoft.Compute/availabilitySets"
DISK_ACCESS_TYPE = "Microsoft.Compute/diskAccesses"
DISK_ENCRYPTION_SET_TYPE = "Microsoft.Compute/diskEncryptionSets"
SQL_VM_TYPE = "Microsoft.SqlVirtualMachine/sqlVirtualMachines"
EXTENSION_TYPE = f"{VM_TYPE}/extensions"
USER_IDENTITY_TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities"
RESOURCE_GUARD_TYPE = "Microsoft.DataProtection/resourceGuards"
KEY_VAULT_TYPE = "Microsoft.KeyVault/vaults"
KEY_TYPE = f"{KEY_VAULT_TYPE}/keys"
LOCK_TYPE = "Microsoft.Authorization/locks"
ACTION_GROUP_TYPE = "Microsoft.Insights/actionGroups"
PROCESSING_RULE_TYPE = "Microsoft.AlertsManagement/actionRules"

_GROUP = re.compile(r"[-\w.()]{1,90}")
_RESOURCE = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"/providers/(?P<namespace>[^/]+)/(?P<kind>[^/]+)/(?P<name>[^/]+)",
    re.IGNORECASE,
)
_GROUP_ID = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)/?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class ResourceId:
    """A top-level resource in a resource group, in the spelling it was given."""

    subscription: str
    group: str
    type: str
    name: str

    @property
    def text(self) -> str:
        """The id as a path, keywords in canonical casing."""
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"
            f"/providers/{self.type}/{self.name}"
        )

    @property
    def folded(self) -> str:
        """The id to compare and to look up by: ARM ids ignore case."""
        return self.text.lower()


def parse(text: str) -> ResourceId | None:
    """Read the id of a top-level resource; ``None`` if the text is none."""
    match = _RESOURCE.fullmatch(re.sub("/{2,}", "/", text).rstrip("/"))
    if match is None or ids.parse_guid(match["subscription"]) is None:
        return None
    return ResourceId(
        match["subscription"],
        match["group"],
        f"{match['namespace']}/{match['kind']}",
        match["name"],
    )


def parse_nested(text: str) -> ResourceId | None:
    """Read the id of a resource at whatever depth: type and name hold every level of it.

    ``.../virtualMachines/vm-1/extensions/e`` has the type ``.../virtualMachines/extensions`` and
    the name ``vm-1/e``. ``None`` if the text is none.
    """
    parts = text.split("/")
    top = parse("/".join(parts[:9]))
    if top is None or len(parts) % 2 == 0:
        return None
    return ResourceId(
        top.subscription,
        top.group,
        "/".join([top.type, *parts[9::2]]),
        "/".join([top.name, *parts[10::2]]),
    )


def parse_subnet(text: str) -> tuple[ResourceId, str] | None:
    """Read a subnet's id into its virtual network and its name; ``None`` if the text is none."""
    parts = re.split("/subnets/", text, flags=re.IGNORECASE)
    network = parse(parts[0]) if len(parts) == 2 else None
    if network is None or network.type.lower() != VNET_TYPE.lower():
        return None
    name = parts[1].rstrip("/")
    return (network, name) if name and "/" not in name else None


def parse_group(text: str) -> tuple[str, str] | None:
    """Read a resource group's id into subscription and name; ``None`` if the text is none."""
    match = _GROUP_ID.fullmatch(text)
    if match is None or ids.parse_guid(match["subscription"]) is None:
        return None
    return match["subscription"], match["group"]


def group_id(subscription: str, name: str) -> str:
    """Return a resource group's id."""
    return f"/subscriptions/{subscription}/resourceGroups/{name}"


def is_group_name(name: str) -> bool:
    """Tell whether a resource group may have this name: 1-90 characters, no dot at the end."""
    return _GROUP.fullmatch(name) is not None and not name.endswith(".")


def normal_location(location: str) -> str:
    """Return a region's short name: ``East US 2`` is ``eastus2``."""
    return location.replace(" ", "").lower()
