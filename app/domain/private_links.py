"""Private links of a vault: what an endpoint can reach, who is connected, and what that forbids.

The vault's ``properties`` are the one place where connections are kept, as the wire shows them
(azure-backup-semantics 6.3). Sources of rules and their codes: docs/decisions/0097.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import Refused, conflict, invalid, invalid_input
from .regions import GEO_CODE, SECONDARY_REGION
from .vault_settings import CROSS_REGION, Settings, has_protected

BACKUP, SECONDARY, SITE_RECOVERY = "AzureBackup", "AzureBackup_secondary", "AzureSiteRecovery"
GROUPS = (BACKUP, SECONDARY, SITE_RECOVERY)
RESOURCE_NAMES = {
    BACKUP: "backupResource",
    SECONDARY: "backupResource_secondary",
    SITE_RECOVERY: "siteRecoveryResource",
}
"""The names of private link resources; the first is in Microsoft's examples, the others follow."""
MOST_ENDPOINTS = 12
STATUSES = ("Pending", "Approved", "Rejected", "Disconnected")
CONNECTIONS = "privateEndpointConnections"
_BACKUP_MEMBERS = ("backup-ecs1", "backup-prot1", "backup-prot1b", "backup-prot1c", "backup-id1")
_SITE_RECOVERY_MEMBERS = tuple(f"SiteRecovery-{each}" for each in ("tel1", "prot2", "srs1", "rcm1",
                                                                   "id1"))  # fmt: skip
_NEXT = {
    "Pending": ("Pending", "Approved", "Rejected"),
    "Approved": ("Approved", "Rejected"),
    "Rejected": ("Rejected", "Approved"),
}
Connection = Mapping[str, Any]


def members(group: str) -> tuple[str, ...]:
    """Return what an endpoint of a group needs an address for: one each."""
    return _SITE_RECOVERY_MEMBERS if group == SITE_RECOVERY else _BACKUP_MEMBERS


def zone_names(group: str, location: str) -> list[str]:
    """Return the private DNS zones that a group needs for vaults of a region."""
    if group == SITE_RECOVERY:
        return ["privatelink.siterecovery.windowsazure.com"]
    region = SECONDARY_REGION.get(location, location) if group == SECONDARY else location
    return [
        f"privatelink.{GEO_CODE.get(region, region)}.backup.windowsazure.com",
        "privatelink.queue.core.windows.net",
        "privatelink.blob.core.windows.net",
    ]


# --- who is connected --------------------------------------------------------------------


def connections(settings: Settings) -> list[Connection]:
    """Return a vault's connections."""
    found: list[Connection] = settings.get(CONNECTIONS, [])
    return found


def find(settings: Settings, name: str) -> Connection | None:
    """Return the connection of a name, whatever its casing, or ``None``."""
    named = (each for each in connections(settings) if each["name"].lower() == name.lower())
    return next(named, None)


def endpoint_of(connection: Connection) -> str:
    """Return the id of the private endpoint of a connection."""
    found: str = connection["properties"]["privateEndpoint"]["id"]
    return found


def state_of(connection: Connection) -> dict[str, str]:
    """Return how a connection stands: its status, with a description."""
    found: dict[str, str] = connection["properties"]["privateLinkServiceConnectionState"]
    return found


def group_of(connection: Connection) -> str:
    """Return what a connection reaches."""
    found: str = connection["properties"]["groupIds"][0]
    return found


def with_connection(settings: Settings, wanted: Connection) -> dict[str, Any]:
    """Return settings with a connection in the place of the one of its name, if there is one."""
    name = wanted["name"].lower()
    others = [each for each in connections(settings) if each["name"].lower() != name]
    return _with(settings, sorted([*others, wanted], key=lambda each: str(each["name"]).lower()))


def without_connection(settings: Settings, name: str) -> dict[str, Any]:
    """Return settings without the connection of a name."""
    left = [each for each in connections(settings) if each["name"].lower() != name.lower()]
    return _with(settings, left)


def _with(settings: Settings, kept: list[Connection]) -> dict[str, Any]:
    told = {key: value for key, value in settings.items() if key != CONNECTIONS}
    if kept:
        told[CONNECTIONS] = kept
    approved = {group_of(each) for each in kept if state_of(each)["status"] == "Approved"}
    backs_up = not approved.isdisjoint((BACKUP, SECONDARY))
    told["privateEndpointStateForBackup"] = "Enabled" if backs_up else "None"
    recovers = SITE_RECOVERY in approved
    told["privateEndpointStateForSiteRecovery"] = "Enabled" if recovers else "None"
    return told


# --- what is refused ---------------------------------------------------------------------


def bars_cross_region(settings: Settings) -> str | None:
    """Return why a vault cannot have Cross Region Restore, as it is closed to the public.

    ``None`` if it can. Source: azure-backup-semantics 5.3.
    """
    if settings["publicNetworkAccess"] == "Disabled":
        return "properties.publicNetworkAccess is Disabled"
    names = [each["name"] for each in connections(settings) if group_of(each) == BACKUP]
    return f"it has private endpoint connections: {', '.join(names)}" if names else None


def check_public_access(before: Settings, after: Settings) -> None:
    """Refuse to deny public access to a vault with Cross Region Restore. Raises ``Refused``.

    Source: "Denial of public access is currently not supported for vaults that have Cross Region
    Restore enabled" (create and use private endpoints, v2).
    """
    closes = after["publicNetworkAccess"] == "Disabled" != before["publicNetworkAccess"]
    if closes and _crosses_regions(after):
        raise invalid_input(
            "properties.publicNetworkAccess",
            "cannot be Disabled for a vault with Cross Region Restore",
        )


def check_new_endpoint(vault_id: str, settings: Settings, group: str) -> None:
    """Refuse an endpoint that a vault cannot have. Raises ``Refused``."""
    if len(connections(settings)) >= MOST_ENDPOINTS:
        raise conflict(
            "UserErrorPrivateEndpointLimitReached",
            f"The vault '{vault_id}' has {MOST_ENDPOINTS} private endpoints, which is the most.",
            target=vault_id,
        )
    if group == SITE_RECOVERY:
        return
    _check_backup_endpoint(vault_id, settings, group)


def _check_backup_endpoint(vault_id: str, settings: Settings, group: str) -> None:
    first = all(group_of(each) == SITE_RECOVERY for each in connections(settings))
    if first and has_protected(settings):
        raise conflict(
            "UserErrorPrivateEndpointOfVaultWithItems",
            f"The vault '{vault_id}' has or had protected items; private endpoints for backup can "
            "only be created for vaults without. Create a new vault.",
            target=vault_id,
        )
    if (group == SECONDARY) != _crosses_regions(settings):
        what = "is only for vaults with" if group == SECONDARY else "cannot be combined with"
        raise conflict(
            "UserErrorPrivateEndpointAndCrossRegionRestore",
            f"A private endpoint of group '{group}' {what} Cross Region Restore ('{vault_id}').",
            target=vault_id,
        )


def _crosses_regions(settings: Settings) -> bool:
    return bool(settings["redundancySettings"][CROSS_REGION] == "Enabled")


def check_step(was: str, now: str) -> None:
    """Refuse a step of a connection that nobody can take. Raises ``Refused``."""
    allowed = _NEXT.get(was, ())
    if now not in allowed:
        raise _wrong_step(was, now, allowed)


def _wrong_step(was: str, now: str, allowed: tuple[str, ...]) -> Refused:
    field = "properties.privateLinkServiceConnectionState.status"
    return invalid(
        "BMSUserErrorInvalidInput",
        f"{field}: '{was}' cannot become '{now}'; allowed: {', '.join(allowed) or 'nothing'}.",
        target=field,
    )
