"""Queries for vaults and what hangs off them by name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from ..domain import ids
from ..domain.errors import (
    invalid,
    not_found,
    resource_group_not_found,
    resource_not_found,
)
from ..domain.resource_ids import VAULT_TYPE, ResourceId, group_id
from ..domain.vault_settings import is_cross_region
from .resource_tables import resource_groups
from .statements import Query
from .tables import items, policies, vaults

REDUNDANCY_SET_ON_VAULT = "redundancySetOnVault"
"""In ``hidden``: the storage config may no longer change the redundancy."""
CROSS_REGION_SINCE = "crossRegionSince"
"""In ``hidden``: when the vault opted in to Cross Region Restore."""

_FIND = Query(
    select(vaults).where(vaults.c.folded == bindparam("folded"), vaults.c.deleted_at.is_(None))
)
_FIND_GROUP = Query(select(resource_groups).where(resource_groups.c.folded == bindparam("folded")))
_FIND_POLICY = Query(
    select(policies).where(
        policies.c.vault_key == bindparam("vault"), policies.c.folded_name == bindparam("name")
    )
)
_FIND_ITEM = Query(
    select(items).where(
        items.c.vault_key == bindparam("vault"), items.c.folded_name == bindparam("name")
    )
)


def vault_id(subscription: str, group: str, name: str) -> ResourceId:
    """Return a vault's id in the spelling given."""
    return ResourceId(subscription, group, VAULT_TYPE, name)


def find_vault(connection: Connection, vault: ResourceId) -> Row[Any] | None:
    """Return a live vault, or ``None``."""
    return _FIND.first(connection, folded=vault.folded)


def get_vault(connection: Connection, subscription: str, group: str, name: str) -> Row[Any]:
    """Return a live vault. Raises ``Refused``: the group or the vault is not there."""
    found = find_vault(connection, vault_id(subscription, group, name))
    if found is None:
        get_group(connection, subscription, group)
        raise resource_not_found(VAULT_TYPE, name, group)
    return found


def deleted_vault_id(vault: Row[Any]) -> str:
    """Return the id that a vault has once it is deleted."""
    subscription, group = vault.id.split("/")[2], vault.id.split("/")[4]
    name = f"{group}_{ids.guid(ids.md5_hex(f'deleted-vault/{vault.key}'))}"
    place = f"/subscriptions/{subscription}/providers/Microsoft.RecoveryServices"
    return f"{place}/locations/{vault.location}/deletedVaults/{name}"


def keep_properties(
    connection: Connection, vault: Row[Any], properties: dict[str, Any], now: int
) -> None:
    """Keep what a vault was told, changed at an instant."""
    connection.execute(
        update(vaults)
        .where(vaults.c.key == vault.key)
        .values(
            properties=properties,
            changed_at=now,
            hidden=with_opt_in(vault.hidden, properties, now),
        )
    )


def with_opt_in(hidden: dict[str, Any], properties: dict[str, Any], now: int) -> dict[str, Any]:
    """Return what is kept beside a vault's properties, with when they opted in to another region.

    An opt-in that was taken back is forgotten, and begins anew with the next one.
    """
    if is_cross_region(properties):
        return {CROSS_REGION_SINCE: now} | hidden
    return {name: value for name, value in hidden.items() if name != CROSS_REGION_SINCE}


def note_protection(connection: Connection, vault: Row[Any]) -> None:
    """Note that a vault is in use: an item is protected, or a container registered.

    From then on its redundancy is locked.
    """
    if vault.properties.get("backupStorageVersion") == "V2":
        return
    connection.execute(
        update(vaults)
        .where(vaults.c.key == vault.key)
        .values(properties=vault.properties | {"backupStorageVersion": "V2"})
    )


def get_group(connection: Connection, subscription: str, name: str) -> Row[Any]:
    """Return a resource group. Raises ``Refused``."""
    folded = group_id(subscription, name).lower()
    found = _FIND_GROUP.first(connection, folded=folded)
    if found is None:
        raise resource_group_not_found(name)
    return found


def find_policy(connection: Connection, vault_key: int, name: str) -> Row[Any] | None:
    """Return a vault's policy by name, whatever its casing, or ``None``."""
    return _FIND_POLICY.first(connection, vault=vault_key, name=name.lower())


def get_policy(connection: Connection, vault: Row[Any], name: str) -> Row[Any]:
    """Return a vault's policy. Raises ``Refused``."""
    found = find_policy(connection, vault.key, name)
    if found is None:
        group = vault.id.split("/")[4]
        raise resource_not_found(f"{VAULT_TYPE}/backupPolicies", f"{vault.name}/{name}", group)
    return found


def policy_of_id(connection: Connection, vault: Row[Any], policy_id: str) -> Row[Any]:
    """Return the policy that a request's ``policyId`` names. Raises ``Refused``."""
    prefix, _, name = policy_id.rpartition("/")
    if prefix.lower() != f"{vault.folded}/backuppolicies":
        raise invalid(
            "BMSUserErrorInvalidInput",
            f"properties.policyId: '{policy_id}' is no policy of this vault; "
            f"it must be {vault.id}/backupPolicies/<name>.",
            target="properties.policyId",
        )
    found = find_policy(connection, vault.key, name)
    if found is None:
        raise invalid(
            "BMSUserErrorInvalidInput",
            f"properties.policyId: the vault has no policy '{name}'.",
            target="properties.policyId",
        )
    return found


def find_item(connection: Connection, vault_key: int, folded_name: str) -> Row[Any] | None:
    """Return a vault's protected item by its lower-case name, or ``None``."""
    return _FIND_ITEM.first(connection, vault=vault_key, name=folded_name)


def item_not_found(name: str) -> Exception:
    """Azure Backup's answer for an item that is not protected here."""
    return not_found(
        "BMSUserErrorDataSourceObjectNotFound",
        f"The protected item '{name}' does not exist in this vault. "
        "Protect it first, or check the container and item names.",
    )
