"""Which protected items and containers a ``$filter`` asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Row, false

from ...arm import filters
from ...arm.calls import Call
from ...domain.jobs import Status
from ...store.tables import items
from ...store.vaults import find_policy
from ...workloads import azure_vm
from . import vocabulary

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
_VM_CONTAINERS = ("IaasVMContainer", azure_vm.PROTECTED_ITEM_TYPE)
_HEALTHY = items.c.last_backup_status != Status.FAILED


def matching(call: Call, vault: Row[Any]) -> list[ColumnElement[bool]]:
    """Return the conditions that a ``$filter`` puts on a vault's items. Raises ``Refused``."""
    terms = filters.read(call.query.get("$filter"), KEYS)
    where = [*_names(terms), *_health(terms)]
    if "policyName" in terms:
        policy = find_policy(call.connection, vault.key, terms["policyName"])
        where.append(false() if policy is None else items.c.policy_key == policy.key)
    if "containerName" in terms:
        name = azure_vm.parse_container(terms["containerName"])
        where.append(false() if name is None else items.c.folded_name == name.item.lower())
    # Backup engines and backup sets are for servers that back up others; no VM has one.
    elsewhere = "backupEngineName" in terms or "backupSetName" in terms
    if elsewhere or not vocabulary.asks_for_vms(terms, "itemType"):
        where.append(false())
    return where


def matching_containers(call: Call) -> list[ColumnElement[bool]]:
    """Return the conditions that a ``$filter`` puts on registered containers.

    Raises ``Refused``.
    """
    terms = filters.read(call.query.get("$filter"), CONTAINER_KEYS)
    status = filters.one_of(terms, "status", vocabulary.REGISTRATION_STATUSES)
    kind = filters.one_of(terms, "containerType", vocabulary.CONTAINER_TYPES)
    elsewhere = "backupEngineName" in terms or (kind is not None and kind not in _VM_CONTAINERS)
    if elsewhere or status not in (None, "Registered") or not vocabulary.asks_for_vms(terms):
        return [false()]
    return _names(terms)


def _names(terms: Mapping[str, str]) -> list[ColumnElement[bool]]:
    if "friendlyName" not in terms:
        return []
    suffix = f";{terms['friendlyName'].lower()}"
    return [items.c.folded_name.endswith(suffix, autoescape=True)]


def _health(terms: Mapping[str, str]) -> list[ColumnElement[bool]]:
    """An item is Passed or ActionRequired; nothing here makes the service only suggest."""
    asked = filters.one_of(terms, "healthState", vocabulary.HEALTH_STATUSES)
    if asked is None:
        return []
    return [{"Passed": _HEALTHY, "ActionRequired": ~_HEALTHY}.get(asked, false())]
