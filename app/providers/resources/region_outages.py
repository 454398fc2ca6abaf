"""What cannot be asked for while a region is down: all that lies there.

Resource Manager is there in every region, and so is what it knows itself: groups, locks, roles,
deployments, lists of resources, and that there is a vault, which every client that turns to the
secondary region asks for first (docs/decisions/0100). What is asked of the secondary region of a
vault is answered there (docs/decisions/0087).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, exists, select

from ...arm.calls import Call, Endpoint
from ...domain.errors import Kind, Refused
from ...domain.resource_ids import group_id, normal_location, parse
from ...engine import replication
from ...store import rows
from ...store.resource_tables import resources
from ...store.tables import vaults
from ...store.vaults import find_vault

_EVERYWHERE = re.compile(
    r"/providers/microsoft\.(alertsmanagement|authorization|resources)/", re.IGNORECASE
)
_REGION = re.compile(r"/providers/[^/]+/locations/([^/]+)", re.IGNORECASE)
_RESOURCE = re.compile(
    r"(/subscriptions/[^/]+/resourcegroups/[^/]+/providers/[^/]+/[^/]+/[^/]+)(.*)", re.IGNORECASE
)
_OF_VAULT = ("BackupResourceEncryptionConfigs_Get", "BackupResourceStorageConfigsNonCRR_Get")
"""Settings of a vault beside it, which az asks for before a restore in the secondary region."""
_OF_SECONDARY = (
    "BackupProtectedItemsCrr_List",
    "RecoveryPointsCrr_List",
    "RecoveryPoints_GetAccessToken",
)
_OF_EITHER = ("RecoveryPoints_Get", "BackupUsageSummaries_List")


def reach(served: Endpoint, call: Call, arguments: Sequence[Any]) -> None:
    """Refuse what lies in a region that is down, or is to be made there. Raises ``Refused``."""
    if _EVERYWHERE.search(call.url_path):
        return
    region = _region_of(served, call) or _region_wanted(arguments)
    if region is not None and normal_location(region) in call.outages.down:
        raise unavailable(normal_location(region))


def unavailable(region: str) -> Refused:
    """Resource Manager's answer for a service that does not answer in a region (HTTP 503)."""
    return Refused(
        Kind.UNAVAILABLE,
        "ServiceUnavailable",
        f"The service is unavailable in the region '{region}' at present: retry later. It is back "
        f"after 'rsvault region up {region}'.",
    )


def _region_of(served: Endpoint, call: Call) -> str | None:
    """Return the region that would have to answer, if it takes a certain one."""
    named = _REGION.search(call.url_path)
    if named is not None:
        return named[1]
    within = _RESOURCE.match(call.url_path)
    if within is None:
        return _region_of_group(call) if served.method == "DELETE" else None
    resource = parse(within[1])
    if resource is None:
        return None
    vault = find_vault(call.connection, resource)
    if vault is not None:
        is_shown = served.method == "GET" and not within[2]
        return None if is_shown else _region_of_vault(served, call, vault)
    found = rows.find(call.connection, resource.text)
    return None if found is None else found.location


def _region_of_vault(served: Endpoint, call: Call, vault: Row[Any]) -> str | None:
    """Return the region that answers what is asked below a vault."""
    asked = served.operation_id
    if asked in _OF_VAULT:
        return None
    is_of_secondary = asked in _OF_SECONDARY or (
        asked in _OF_EITHER and replication.is_asked_of_secondary(vault, call.api_version)
    )
    secondary = replication.secondary_of(vault) if is_of_secondary else None
    return secondary or str(vault.location)


def _region_of_group(call: Call) -> str | None:
    """Return a region that is down and has a part in the deletion of a group."""
    if "resourceGroupName" not in call.path:
        return None
    folded = group_id(call.subscription, call.group).lower()
    for region in sorted(call.outages.down):
        held = [
            exists().where(table.c.group_folded == folded, table.c.location == region)
            for table in (resources, vaults)
        ]
        if call.connection.execute(select(held[0] | held[1])).scalar():
            return region
    return None


def _region_wanted(arguments: Sequence[Any]) -> str | None:
    """Return the location that a body asks for."""
    return next((found for body in arguments if (found := getattr(body, "location", None))), None)
