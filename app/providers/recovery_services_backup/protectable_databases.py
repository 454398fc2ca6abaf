"""Database servers and databases as what could be protected, and as what a container holds.

Both lists show what the last inquiry of a registered VM saw (azure-cli-wire 7): the first leaves
out the databases that are protected already, the second has the files of servers too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from ...arm.calls import Call
from ...domain.resource_ids import VAULT_TYPE
from ...engine import database_sources
from ...store.container_tables import containers, protection_intents
from ...store.containers import is_database_of, is_taken, known_servers
from ...store.metadata import Document
from ...store.tables import items
from ...workloads.database import MANAGEMENT_TYPE, parse_container, source_id
from ...workloads.sql_in_vm import SQL_IN_VM
from .paths import container_id
from .vm_containers import PARTS, SHOWN_AS

PROTECTABLE_TYPE = f"{VAULT_TYPE}/backupFabrics/protectionContainers/protectableItems"
HELD_TYPE = f"{VAULT_TYPE}/backupFabrics/protectionContainers/items"
INSTANCE = PARTS[SQL_IN_VM.name][0]


@dataclass(frozen=True, slots=True)
class Part:
    """A server in a registered VM, or a database of one; ``folded`` orders them in lists.

    ``name`` is what it is called in ids, ``databases`` how many a server has, and ``free`` how
    many of these nobody protects; of a database these are none.
    """

    container: Row[Any]
    kind: str
    instance: str
    friendly_name: str
    name: str
    folded: str
    databases: int = 0
    free: int = 0
    is_protected: bool = False
    is_auto_protected: bool = False

    @property
    def is_server(self) -> bool:
        """Whether it is a server."""
        return self.kind == PARTS[self.container.workload][0]

    @property
    def is_auto_protectable(self) -> bool:
        """Whether what comes to be in it can be protected by itself: instances of SQL Server."""
        return self.kind == INSTANCE


def parts(call: Call, vault: Row[Any], terms: Mapping[str, str]) -> list[Part]:
    """Return the servers and databases in a vault's VMs, in order.

    ``terms`` are those of a filter; ``containerName`` and ``friendlyName`` count here.
    """
    where = [containers.c.vault_key == vault.key, containers.c.deleted_at.is_(None)]
    if "containerName" in terms:
        where.append(containers.c.folded_name == (parse_container(terms["containerName"]) or ""))
    found = call.connection.execute(
        select(containers)
        .where(*where, containers.c.workload.in_(PARTS))
        .order_by(containers.c.source_folded)
    ).all()
    taken, watched = _taken(call, vault), _watched(call, vault)
    wanted = terms.get("friendlyName", "").lower()
    return [
        part
        for container in found
        for part in _parts_of(container, taken, watched)
        if wanted in ("", part.friendly_name.lower())
    ]


def parts_in(call: Call, vault: Row[Any], container: Row[Any]) -> list[Part]:
    """Return the servers and databases in one VM, in order."""
    return list(_parts_of(container, _taken(call, vault), _watched(call, vault)))


def _parts_of(
    container: Row[Any], taken: set[str], watched: set[tuple[int, str]]
) -> Iterator[Part]:
    server, database = PARTS[container.workload]
    for instance, databases in known_servers(container):
        holder = container.source_folded
        named = [(name, source_id(holder, instance, name)) for name, _ in databases]
        protected = {name for name, source in named if source.lower() in taken}
        folded = source_id(holder, instance, "").lower()
        yield Part(
            container,
            server,
            instance,
            instance,
            f"{server};{instance}".lower(),
            folded,
            databases=len(named),
            free=len(named) - len(protected),
            is_auto_protected=(container.key, instance.lower()) in watched,
        )
        for name, source in named:
            yield Part(
                container,
                database,
                instance,
                name,
                f"{database};{instance};{name}".lower(),
                source.lower(),
                is_protected=name in protected,
            )


def _taken(call: Call, vault: Row[Any]) -> set[str]:
    """Return the databases in a vault's VMs that are protected, or whose data it holds."""
    of = containers.c
    found = select(items.c.source_folded).select_from(containers).join(items, is_database_of(of))
    mine = found.where(of.vault_key == vault.key, is_taken(of))
    return set(call.connection.execute(mine).scalars())


def _watched(call: Call, vault: Row[Any]) -> set[tuple[int, str]]:
    found = call.connection.execute(
        select(protection_intents.c.container_key, protection_intents.c.instance).where(
            protection_intents.c.vault_key == vault.key
        )
    )
    return {(key, instance.lower()) for key, instance in found}


# --- how they look -----------------------------------------------------------------------


def render_protectable(vault: Row[Any], part: Part) -> Document:
    """Return what could be protected as the wire shows it."""
    properties = _shared(part) | {
        "protectableItemType": part.kind,
        "isAutoProtected": part.is_auto_protected,
        "subprotectableitemcount": part.free,
        "isProtectable": True,
        "protectionState": "NotProtected",
    }
    if part.is_server:
        properties["prebackupvalidation"] = {"status": "Success", "code": "Success", "message": ""}
    else:
        server = PARTS[part.container.workload][0]
        properties["parentUniqueName"] = f"{server};{part.instance}".lower()
    return _in_container(vault, part, "protectableItems", PROTECTABLE_TYPE, properties)


def render_held(vault: Row[Any], part: Part) -> Document:
    """Return what a container holds as the wire shows it."""
    properties = _shared(part) | {
        "workloadItemType": part.kind,
        "subWorkloadItemCount": part.databases,
        "protectionState": "Protected" if part.is_protected else "NotProtected",
    }
    if part.kind == INSTANCE:
        folder = database_sources.data_folder(part.instance)
        properties["dataDirectoryPaths"] = [
            {"type": kind, "path": folder, "logicalName": None} for kind in ("Data", "Log")
        ]
    return _in_container(vault, part, "items", HELD_TYPE, properties)


def _shared(part: Part) -> Document:
    return {
        "parentName": part.instance,
        "serverName": part.container.friendly_name.lower(),
        "isAutoProtectable": part.is_auto_protectable,
        "subinquireditemcount": part.databases,
        "backupManagementType": MANAGEMENT_TYPE,
        "workloadType": SHOWN_AS[part.container.workload],
        "friendlyName": part.friendly_name,
    }


def _in_container(
    vault: Row[Any], part: Part, folder: str, type_name: str, properties: Document
) -> Document:
    # The CLI looks for the container's name in lower case here.
    container = container_id(vault, part.container.folded_name)
    return {
        "id": f"{container}/{folder}/{part.name}",
        "name": part.name,
        "type": type_name,
        "properties": properties,
    }
