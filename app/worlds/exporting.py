"""The present world as a document: what seeding it into an empty world makes again.

Documents are written from the rows. What a resource computes from its own ids and instants is
left out: it would be another one in another world. ``left_out`` is what the format cannot carry.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from ..domain.documents import Document
from ..domain.instants import wire
from ..domain.resource_ids import DISK_TYPE, LOCK_TYPE, SNAPSHOT_TYPE, VM_TYPE
from ..engine.containers import LOCK
from ..store.resource_tables import (
    resource_groups,
    resources,
    role_assignments,
    subscription_resources,
)
from ..store.subscription_rows import owned, values
from ..store.tables import (
    policies,
    resource_guard_proxies,
    restore_point_collections,
    vaults,
)
from ..store.vaults import REDUNDANCY_SET_ON_VAULT
from .exported_items import items_of
from .exported_vms import vm_of

_COMPUTED = frozenset(
    {
        "clientId",
        "diskState",
        "keyUri",
        "keyUriWithVersion",
        "principalId",
        "provisioningState",
        "resourceGuid",
        "timeCreated",
        "uniqueId",
        "vmId",
    }
)
"""What follows from a resource's id and the instant it was made at."""
_TOLD_OF_VAULTS = (
    "publicNetworkAccess",
    "securitySettings",
    "monitoringSettings",
    "restoreSettings",
    "costManagementSettings",
    "encryption",
)
_NOT_SENT = ("multiUserAuthorization",)


@dataclass
class Export:
    """The document of a world, or of one subscription of it."""

    connection: Connection
    subscription: str | None
    now: int
    left_out: list[str] = field(default_factory=list)

    def document(self) -> Document:
        """Return the document."""
        groups = [self._group(row) for row in self._rows(select(resource_groups), resource_groups)]
        found = [each for each in groups if each is not None]
        used = {subscription for subscription, _ in found}
        if self.subscription is not None:
            used.add(self.subscription)
        document: Document = {"now": wire(self.now), "resourceGroups": []}
        if len(used) == 1:
            document = {"subscription": min(used), **document}
        for subscription, group in found:
            told = group if len(used) == 1 else {"subscription": subscription, **group}
            document["resourceGroups"].append(told)
        others = [*self._locks(), *self._roles()]
        return document | ({"resources": others} if others else {})

    def _rows(self, query: Select[Any], table: Any) -> list[Row[Any]]:
        """Return rows in the order of their lower-case ids."""
        given = {}
        if self.subscription is not None:
            query, given = query.where(owned(table)), values(self.subscription)
        return list(self.connection.execute(query.order_by(table.c.folded), given))

    # --- groups --------------------------------------------------------------------------

    def _group(self, row: Row[Any]) -> tuple[str, Document] | None:
        """Return what a group holds, but for one that Azure Backup has made for its snapshots."""
        inside = self._inside(row.folded)
        if not any(inside.values()) and self._holds_snapshots(row.folded):
            return None
        group: Document = {"name": row.name, "location": row.location}
        return row.subscription, group | _filled({"tags": row.tags, **inside})

    def _holds_snapshots(self, folded: str) -> bool:
        there = select(restore_point_collections.c.folded)
        there = there.where(restore_point_collections.c.group_folded == folded).limit(1)
        return self.connection.execute(there).first() is not None

    def _inside(self, folded: str) -> dict[str, list[Document]]:
        query = select(resources).where(resources.c.group_folded == folded)
        rows = self.connection.execute(query.order_by(resources.c.folded)).all()
        by_id = {row.folded: row for row in rows}
        vms = [row for row in rows if row.type_folded == VM_TYPE.lower()]
        made_by_vms: set[str] = set()
        shown = [vm_of(row, by_id, made_by_vms, _without_computed) for row in vms]
        others = [
            self._resource(row)
            for row in rows
            if row.type_folded != VM_TYPE.lower() and row.folded not in made_by_vms
        ]
        return {
            "virtualMachines": shown,
            "resources": [each for each in others if each is not None],
            "vaults": [self._vault(row) for row in self._vaults(folded)],
        }

    def _vaults(self, folded: str) -> list[Row[Any]]:
        query = select(vaults).where(vaults.c.group_folded == folded, vaults.c.deleted_at.is_(None))
        return list(self.connection.execute(query.order_by(vaults.c.folded)))

    def _resource(self, row: Row[Any]) -> Document | None:
        document = _without_computed(row.document)
        document.pop("managedBy", None)
        if row.type_folded in (DISK_TYPE.lower(), SNAPSHOT_TYPE.lower()):
            source = document["properties"].get("creationData", {}).get("sourceResourceId")
            if source is not None and row.type_folded == SNAPSHOT_TYPE.lower():
                if not self._is_there(source):
                    self.left_out.append(f"{row.id}: what it was taken of is gone")
                    return None
            elif row.type_folded == DISK_TYPE.lower():
                document["properties"]["creationData"] = {"createOption": "Empty"}
        _, _, below = row.id.rpartition("/providers/")
        namespace, *parts = below.split("/")
        told: Document = {"type": "/".join((namespace, *parts[::2])), "name": "/".join(parts[1::2])}
        if len(parts) == 2:
            told["location"] = row.location
        return told | _filled(document)

    def _is_there(self, resource_id: str) -> bool:
        query = select(resources.c.folded).where(resources.c.folded == resource_id.lower())
        return self.connection.execute(query).first() is not None

    # --- vaults --------------------------------------------------------------------------

    def _vault(self, row: Row[Any]) -> Document:
        properties = {
            each: row.properties[each] for each in _TOLD_OF_VAULTS if each in row.properties
        }
        security = properties["securitySettings"]
        properties["securitySettings"] = {k: v for k, v in security.items() if k not in _NOT_SENT}
        redundancy = row.properties["redundancySettings"]
        told: Document = {"name": row.name, "location": row.location}
        if row.hidden.get(REDUNDANCY_SET_ON_VAULT):
            properties["redundancySettings"] = redundancy
        else:
            told["redundancy"] = redundancy["standardTierStorageRedundancy"]
            told["crossRegionRestore"] = redundancy["crossRegionRestore"] == "Enabled"
        guard = self.connection.execute(
            select(resources.c.id)
            .join(
                resource_guard_proxies, resource_guard_proxies.c.guard_folded == resources.c.folded
            )
            .where(resource_guard_proxies.c.vault_key == row.key)
        ).scalar()
        if guard is not None:
            told["resourceGuard"] = guard
        identity = None if row.identity is None else _without_computed(row.identity)
        more = {"tags": row.tags, "identity": identity}
        rest = {"policies": self._policies(row), "protectedItems": self._items(row)}
        return told | _filled(more) | {"properties": properties} | _filled(rest)

    def _policies(self, vault: Row[Any]) -> list[Document]:
        query = select(policies).where(policies.c.vault_key == vault.key)
        rows = self.connection.execute(query.order_by(policies.c.folded_name))
        return [{"name": row.name, "properties": row.document} for row in rows]

    def _items(self, vault: Row[Any]) -> list[Document]:
        found, left_out = items_of(self.connection, vault)
        self.left_out += left_out
        return found

    # --- what lies on others ---------------------------------------------------------------

    def _locks(self) -> Iterator[Document]:
        query = select(subscription_resources)
        query = query.where(
            subscription_resources.c.type_folded == LOCK_TYPE.lower(),
            subscription_resources.c.name != LOCK,
        )
        for row in self._rows(query, subscription_resources):
            yield {"id": row.id, "properties": row.document}

    def _roles(self) -> Iterator[Document]:
        for row in self._rows(select(role_assignments), role_assignments):
            yield {"id": row.id, "properties": row.document}


def _without_computed(value: Any) -> Any:
    """Return a document without what is another one in another world."""
    if isinstance(value, dict):
        return {
            name: _without_computed(inner) for name, inner in value.items() if name not in _COMPUTED
        }
    if isinstance(value, list):
        return [_without_computed(each) for each in value]
    return value


def _filled(document: Document) -> Document:
    """Return a document without what is empty in it."""
    return {name: value for name, value in document.items() if value not in (None, [], {})}
