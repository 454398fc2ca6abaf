"""Which protected items and containers a ``$filter`` asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, false, func

from ...arm import filters
from ...arm.calls import Call
from ...store.container_tables import containers
from ...store.tables import items
from ...store.vaults import find_policy
from ...workloads.azure_vm import AZURE_VM
from ...workloads.table import WORKLOADS, of_container
from . import vocabulary
from .item_documents import HEALTH

KEYS = (
    "backupManagementType",
    "itemType",
    "policyName",
    "containerName",
    "friendlyName",
    "healthState",
    "fabricName",
    "backupEngineName",
    "backupSetName",
)
CONTAINER_KEYS = (
    "backupManagementType",
    "containerType",
    "friendlyName",
    "status",
    "fabricName",
    "backupEngineName",
)
Conditions = list[ColumnElement[bool]]


def matching(call: Call, vault: Row[Any]) -> list[ColumnElement[bool]]:
    """Return the conditions that a ``$filter`` puts on a vault's items. Raises ``Refused``."""
    terms = filters.read(call.query.get("$filter"), KEYS)
    where = [*_names(terms), *_health(terms)]
    if "policyName" in terms:
        policy = find_policy(call.connection, vault.key, terms["policyName"])
        where.append(false() if policy is None else items.c.policy_key == policy.key)
    if "containerName" in terms:
        where.append(_in_container(terms["containerName"]))
    # Backup engines and backup sets are for servers that back up others; nothing here has one.
    elsewhere = "backupEngineName" in terms or "backupSetName" in terms
    names = [each.name for each in vocabulary.wanted(terms, "itemType")]
    if elsewhere or not names:
        where.append(false())
    elif len(names) < len(WORKLOADS):
        where.append(items.c.workload.in_(names))
    return where


def _in_container(sent: str) -> ColumnElement[bool]:
    found = of_container(sent)
    if found is None:
        return false()
    _, name = found
    return func.lower(items.c.container_name) == name.partition(";")[2]


def matching_containers(call: Call) -> tuple[Conditions, Conditions]:
    """Return the conditions that a ``$filter`` puts on containers.

    Those on the items of VMs stand first, those on registered containers second. Raises
    ``Refused``.
    """
    terms = filters.read(call.query.get("$filter"), CONTAINER_KEYS)
    status = filters.one_of(terms, "status", vocabulary.REGISTRATION_STATUSES)
    kind = filters.one_of(terms, "containerType", vocabulary.CONTAINER_TYPES)
    nothing = "backupEngineName" in terms or status not in (None, "Registered")
    asked = [
        each
        for each in ([] if nothing else vocabulary.wanted(terms))
        if kind is None or kind in each.container_types
    ]
    friendly = containers.c.friendly_name
    named = [func.lower(friendly) == terms["friendlyName"].lower()] if _is_named(terms) else []
    registered = [each.name for each in asked if each.registered]
    return (
        _names(terms) if AZURE_VM in asked else [false()],
        [containers.c.workload.in_(registered), *named],
    )


def _is_named(terms: Mapping[str, str]) -> bool:
    return "friendlyName" in terms


def _names(terms: Mapping[str, str]) -> list[ColumnElement[bool]]:
    if not _is_named(terms):
        return []
    return [func.lower(items.c.friendly_name) == terms["friendlyName"].lower()]


def _health(terms: Mapping[str, str]) -> list[ColumnElement[bool]]:
    """An item's health follows from how its last backup went."""
    asked = filters.one_of(terms, "healthState", vocabulary.HEALTH_STATUSES)
    if asked is None:
        return []
    unwell = {health: items.c.last_backup_status == status for status, health in HEALTH.items()}
    healthy = and_(*(~each for each in unwell.values()))
    return [healthy if asked == "Passed" else unwell.get(asked, false())]
