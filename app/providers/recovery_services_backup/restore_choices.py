"""What a restore may choose beside its targets: zone, encryption, network, identity.

Each rule is the service's own (azure-backup-semantics 5.1) or what both Microsoft's clients demand
before they ask it; codes that no source tells are in docs/decisions/0067.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from ...arm.calls import Call
from ...domain import disk_selection
from ...domain.errors import conflict, invalid_input
from ...domain.errors import resource_not_found as not_there
from ...domain.jobs import ENCRYPTION_SET_NOT_FOUND
from ...domain.regions import REGIONS
from ...domain.resource_ids import DISK_ACCESS_TYPE, DISK_ENCRYPTION_SET_TYPE, ResourceId, parse
from ...domain.vault_settings import REDUNDANCY
from ...engine.restores import DISKS, SAME_VM
from ...store import rows
from .restore_bodies import RestoreRequest

NO_ZONE = "NoZone"
ZONES = ("1", "2", "3", NO_ZONE)
_SAME = "SameAsOnSourceDisks"
_PRIVATE = "EnablePrivateAccessForAllDisks"
_PUBLIC = "EnablePublicAccessForAllDisks"


def makes_managed_disks(asked: RestoreRequest) -> bool:
    """Tell whether a restore makes managed disks; one of disks into no group writes VHDs."""
    return asked.recovery_type != DISKS or bool(asked.target_resource_group_id)


def named(sent: str | None, field: str, type_name: str, what: str) -> ResourceId:
    """Return the id of a resource of a type that a request must name. Raises ``Refused``."""
    found = parse(sent or "")
    if found is None or found.type.lower() != type_name.lower():
        raise invalid_input(field, f"'{sent or ''}' is not a {what}'s id; one is required")
    return found


def get(call: Call, wanted: ResourceId, type_name: str) -> Row[Any]:
    """Return a resource that a request names. Raises ``Refused``."""
    row = rows.find(call.connection, wanted.folded)
    if row is None:
        raise not_there(type_name, wanted.name, wanted.group)
    return row


# --- the zone ----------------------------------------------------------------------------


def zone(vault: Row[Any], point: Row[Any], asked: RestoreRequest, region: str) -> str | None:
    """Return the zone to restore to: that of the VM unless another one is asked for.

    Another one needs a zone-redundant vault and a point that is in it. In the secondary region it
    is none unless one is asked for, which may be done for a VM that was in one. Raises ``Refused``.
    """
    own: str | None = point.disks.get("zone") if region == vault.location else None
    if not asked.zones:
        return own
    field = "properties.zones"
    wanted = asked.zones[0]
    if len(asked.zones) > 1 or wanted not in ZONES:
        raise invalid_input(field, f"{asked.zones} must be one of {', '.join(ZONES)}")
    _check_zone(vault, point, asked, wanted, region)
    return None if wanted == NO_ZONE else wanted


def _check_zone(
    vault: Row[Any], point: Row[Any], asked: RestoreRequest, wanted: str, region: str
) -> None:
    field = "properties.zones"
    if asked.recovery_type == SAME_VM:
        raise invalid_input(field, f"a virtual machine stays where it is with {SAME_VM}")
    if not makes_managed_disks(asked):
        raise invalid_input(
            field, "VHDs are in no zone: name properties.targetResourceGroupId to get managed disks"
        )
    if region != vault.location:
        if "zone" not in point.disks:
            raise invalid_input(
                field, "a zone of the secondary region needs a virtual machine that was in a zone"
            )
    else:
        _check_zone_redundant(vault, field)
    if point.vaulted_at is None:
        raise invalid_input(field, _not_vaulted("a restore to a zone"))
    if wanted != NO_ZONE and not REGIONS[region].zones:
        raise invalid_input(field, f"'{region}' has no availability zones; send {NO_ZONE}")


def _check_zone_redundant(vault: Row[Any], field: str) -> None:
    redundancy = vault.properties["redundancySettings"][REDUNDANCY]
    if redundancy != "ZoneRedundant":
        raise invalid_input(
            field,
            f"a restore to a zone needs a vault with {REDUNDANCY} ZoneRedundant; "
            f"that of '{vault.name}' is {redundancy}",
        )


def _not_vaulted(what: str) -> str:
    return f"{what} needs a recovery point in the vault; this one is only a snapshot as yet"


# --- the subscription --------------------------------------------------------------------


def check_other_subscription(vault: Row[Any], point: Row[Any], field: str) -> None:
    """Refuse another subscription where the vault or the point forbids it."""
    check_vault_allows_other_subscription(vault, field)
    if point.vaulted_at is None:
        raise invalid_input(field, _not_vaulted("a restore to another subscription"))


def check_vault_allows_other_subscription(vault: Row[Any], field: str) -> None:
    """Refuse another subscription where the vault forbids it."""
    settings = vault.properties["restoreSettings"]["crossSubscriptionRestoreSettings"]
    state = settings["crossSubscriptionRestoreState"]
    if state != "Enabled":
        raise conflict(
            "UserErrorCrossSubscriptionRestoreNotAllowed",
            f"{field}: Cross Subscription Restore is not allowed on this vault, whose "
            f"crossSubscriptionRestoreState is {state}. Enable it, or restore to the same "
            "subscription.",
            target=field,
        )


# --- what keeps others from the disks ----------------------------------------------------


def encryption(
    call: Call, vault: Row[Any], asked: RestoreRequest, region: str
) -> dict[str, Any] | None:
    """Return what disks are to be encrypted with, ``None`` for what they were.

    Raises ``Refused``. The vault must have a customer-managed key itself, as clients check; a
    vault with a secondary region never has one, so that cannot be asked there.
    """
    sent = asked.disk_encryption_set_id
    if not sent:
        return None
    field = "properties.diskEncryptionSetId"
    if not makes_managed_disks(asked):
        raise invalid_input(field, "is only for managed disks; name targetResourceGroupId")
    if region == vault.location and "encryption" not in vault.properties:
        raise invalid_input(
            field, f"vault '{vault.name}' is not encrypted with a customer-managed key itself"
        )
    wanted = named(sent, field, DISK_ENCRYPTION_SET_TYPE, "disk encryption set")
    found = get(call, wanted, DISK_ENCRYPTION_SET_TYPE)
    if found.location != region:
        raise invalid_input(
            field, f"'{found.name}' is in '{found.location}', the restore goes to '{region}'"
        )
    kind = found.document["properties"]["encryptionType"]
    if kind.startswith("Confidential"):
        raise invalid_input(field, f"'{found.name}' is for confidential virtual machines ({kind})")
    return {"type": kind, "diskEncryptionSetId": found.id}


def check_sets_of(call: Call, disks: list[dict[str, Any]]) -> None:
    """Refuse to restore disks to disk encryption sets that are gone, if no other one is named."""
    for disk in disks:
        set_id = disk.get("encryption", {}).get("diskEncryptionSetId")
        if set_id and rows.find(call.connection, set_id) is None:
            raise conflict(
                ENCRYPTION_SET_NOT_FOUND,
                f"properties.diskEncryptionSetId: disk '{disk['name']}' was encrypted with "
                f"'{set_id}', which does not exist; create it again, or name another one.",
                target="properties.diskEncryptionSetId",
            )


def network(point: Row[Any], asked: RestoreRequest, *, crossed: bool) -> dict[str, Any] | None:
    """Return the network access that disks are to have, ``None`` for what they had.

    Raises ``Refused``. Only a point with a private disk lets one choose, as az checks; where it
    crosses over to another region one must, as the disk access of the source is not there.
    """
    settings = asked.target_disk_network_access_settings
    option = settings.target_disk_network_access_option if settings else None
    access = settings.target_disk_access_id if settings else None
    field = "properties.targetDiskNetworkAccessSettings"
    if access and option != _PRIVATE:
        raise invalid_input(f"{field}.targetDiskAccessId", f"is only allowed with {_PRIVATE}")
    private = disk_selection.is_any_private(point.disks["disks"])
    if crossed and option in (None, _SAME) and private:
        raise invalid_input(
            f"{field}.targetDiskNetworkAccessOption",
            f"{_PRIVATE} or {_PUBLIC} must be chosen: a disk of the recovery point has private "
            "access, by a disk access that is in another region",
        )
    if option in (None, _SAME):
        return None
    if not private:
        raise invalid_input(
            f"{field}.targetDiskNetworkAccessOption",
            f"{option} cannot be chosen, as no disk of the recovery point has private access",
        )
    if not makes_managed_disks(asked):
        raise invalid_input(field, "is only for managed disks; name targetResourceGroupId")
    if option != _PRIVATE:
        return {}
    found = named(access, f"{field}.targetDiskAccessId", DISK_ACCESS_TYPE, "disk access")
    return {
        "networkAccessPolicy": "AllowPrivate",
        "publicNetworkAccess": "Disabled",
        "diskAccessId": found.text,
    }


# --- the identity that stages ------------------------------------------------------------


def staging(vault: Row[Any], asked: RestoreRequest) -> tuple[str | None, str]:
    """Return the id of the staging account as sent, and the field that has it.

    With an identity the account stands among its details (SDK). That the identity may write there
    is believed (docs/decisions/0025). Raises ``Refused``.
    """
    plain, details = asked.storage_account_id, asked.identity_based_restore_details
    field = "properties.identityBasedRestoreDetails.targetStorageAccountId"
    through = details.target_storage_account_id if details else None
    identity = asked.identity_info
    user = identity.managed_identity_resource_id if identity else None
    if not user and not (identity and identity.is_system_assigned_identity):
        if through:
            raise invalid_input(field, "needs properties.identityInfo")
        return plain, "properties.storageAccountId"
    _check_identity(vault, user)
    if not makes_managed_disks(asked):
        raise invalid_input(
            "properties.identityInfo",
            "managed identities restore no unmanaged disks; name targetResourceGroupId",
        )
    if plain and through and plain.lower() != through.lower():
        raise invalid_input(field, f"'{through}' is not properties.storageAccountId, '{plain}'")
    return through or plain, field


def _check_identity(vault: Row[Any], user: str | None) -> None:
    """Refuse an identity that the vault does not have.

    The user-assigned one counts where both are said: az says both when it means that one.
    """
    held = vault.identity or {"type": "None"}
    if not user:
        if "SystemAssigned" not in held["type"]:
            raise invalid_input(
                "properties.identityInfo.isSystemAssignedIdentity",
                f"vault '{vault.name}' has no system-assigned identity",
            )
        return
    if user.lower() not in {each.lower() for each in held.get("userAssignedIdentities", {})}:
        raise invalid_input(
            "properties.identityInfo.managedIdentityResourceId",
            f"'{user}' is not among the userAssignedIdentities of vault '{vault.name}'",
        )
