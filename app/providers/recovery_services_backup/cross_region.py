"""The secondary region of a vault, as requests name it (azure-cli-wire 9).

Lists whose path ends in a slash, and all paths below a region, mean the copies there. Codes that no
source tells are in docs/decisions/0085.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from ...arm.calls import Call
from ...domain.errors import Refused, invalid, invalid_input, not_emulated, not_found
from ...domain.instants import wire
from ...domain.locations import known_location
from ...domain.regions import GEO_CODE
from ...domain.resource_ids import VAULT_TYPE, parse
from ...engine import replication
from ...store.vaults import get_vault
from ...workloads.table import WORKLOADS
from ...workloads.workload import CrossRegion
from . import database_points
from .paths import item_of
from .recovery_points import find_point, refuse_soft_deleted

TAG = "Cross Region Restore"


def secondary_of(vault: Row[Any]) -> str:
    """Return a vault's secondary region. Raises ``Refused`` where it has not opted in."""
    region = replication.secondary_of(vault)
    if region is None:
        raise invalid(
            "BMSUserErrorCrossRegionRestoreNotEnabled",
            f"Cross Region Restore is not enabled for the vault '{vault.name}'; set "
            "properties.redundancySettings.crossRegionRestore of the vault to Enabled.",
        )
    return region


def replicated_until(call: Call, vault: Row[Any]) -> int:
    """Return up to when what came to a vault is in its secondary region now.

    Raises ``Refused`` where it has none.
    """
    secondary_of(vault)
    return replication.replicated_until(call.outages, call.rules, vault, call.now)


def region_of(call: Call) -> str:
    """Return the region in the path. Raises ``Refused`` for what is none."""
    return known_location(call.path["azureRegion"], "ResourceType", f"'{VAULT_TYPE}'")


def check_region(vault: Row[Any], region: str) -> None:
    """Refuse a region that is not the secondary one of a vault."""
    secondary = secondary_of(vault)
    if region != secondary:
        raise invalid_input(
            "azureRegion",
            f"'{region}' is not the secondary region of the vault '{vault.name}' in "
            f"'{vault.location}'; that is '{secondary}'",
        )


def vault_of_id(call: Call, sent: str) -> Row[Any]:
    """Return the vault that a request to its secondary region names. Raises ``Refused``."""
    region = region_of(call)
    found = parse(sent)
    if found is None or found.type.lower() != VAULT_TYPE.lower():
        raise invalid_input("resourceId", f"'{sent}' is not the id of a vault; one is required")
    check_subscription(call, found.subscription, "resourceId")
    vault = get_vault(call.connection, found.subscription, found.group, found.name)
    check_region(vault, region)
    return vault


def check_subscription(call: Call, subscription: str, field: str) -> None:
    """Refuse a vault of another subscription than the path's: who asks has rights there."""
    if subscription.lower() != call.subscription.lower():
        raise invalid_input(
            field, f"the vault is in subscription '{subscription}', not '{call.subscription}'"
        )


def traits_of(item: Row[Any]) -> CrossRegion:
    """Return what is said of an item's points there. Raises ``Refused``: nothing is there."""
    workload = WORKLOADS[item.workload]
    if workload.cross_region is None:
        raise not_emulated("protectedItemName", f"the Cross Region Restore of a {workload.title}")
    return workload.cross_region


def restorable_item(call: Call) -> tuple[Row[Any], Row[Any]]:
    """Return the vault and the item in the path, if it is restored there. Raises ``Refused``."""
    vault, item = item_of(call)
    traits_of(item)
    refuse_soft_deleted(item)
    return vault, item


def get_point_or_log(call: Call, vault: Row[Any], item: Row[Any]) -> Row[Any] | None:
    """Return the recovery point in the path as ``get_point`` does, ``None`` if it is a log's."""
    return None if database_points.is_range(call, item) else get_point(call, vault, item)


def get_point(call: Call, vault: Row[Any], item: Row[Any]) -> Row[Any]:
    """Return the recovery point in the path, if it is in the secondary region.

    Raises ``Refused``, and tells how far the copies have come.
    """
    until = replicated_until(call, vault)
    found = find_point(call, item, replication.is_replicated(until, call.now))
    if found is None:
        raise _not_replicated(call, vault, item, until)
    return found


def _not_replicated(call: Call, vault: Row[Any], item: Row[Any], until: int) -> Refused:
    name, region = call.path["recoveryPointId"], secondary_of(vault)
    come = "nothing of this vault" if until < 0 else f"what came to the vault up to {wire(until)}"
    return not_found(
        "BMSUserErrorRecoveryPointNotFound",
        f"recoveryPointId: '{item.friendly_name}' has no recovery point '{name}' in '{region}'; "
        f"{come} is there now.",
        target="recoveryPointId",
    )


def service(region: str, what: str) -> str:
    """Return the address of one of Azure Backup's services in a region."""
    return f"https://pod01-{what}.{GEO_CODE.get(region, region)}.backup.windowsazure.com"
