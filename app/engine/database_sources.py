"""What a database in a VM is at present, as its backups see it, and what it holds.

A database that a restore brought is remembered with its VM, beside those that the guest had:
nobody drops one through Azure. It holds what was restored from then on, as nothing here writes to
it; any other one changes with time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, select, update

from ..domain import guest_databases, ids
from ..domain.documents import Document
from ..domain.guest_databases import GuestDatabase
from ..domain.policies import SQL_DATABASE
from ..domain.resource_ids import VM_TYPE
from ..store import disk_sets
from ..store.resource_tables import resources
from ..workloads import database
from ..workloads.hana_in_vm import HANA_IN_VM
from ..workloads.sql_in_vm import SQL_IN_VM
from .rules import Rules

_RESTORED = "databases"
_GIBIBYTES = (4, 96)
"""Between which sizes those of databases are drawn."""


@dataclass(frozen=True, slots=True)
class Source:
    """A database as a backup sees it; ``name`` is how its item is shown.

    ``content`` is what a restore brought to it, if one did.
    """

    workload: str
    id: str
    name: str
    vm_id: str
    identity: str
    running: bool
    guest: GuestDatabase
    content: Document | None


def vm_of(connection: Connection, vm_id: str) -> Row[Any] | None:
    """Return the VM with an id, whatever its casing, or ``None``."""
    return connection.execute(
        select(resources).where(
            resources.c.folded == vm_id.lower(), resources.c.type_folded == VM_TYPE.lower()
        )
    ).first()


def is_running(vm: Row[Any]) -> bool:
    """Tell whether a VM runs, and the servers in it."""
    return bool(vm.hidden["power_state"] == "running")


def of_vm(vm: Row[Any]) -> list[GuestDatabase]:
    """Return the databases in a VM: those its guest had, and those that were restored."""
    found = {each.key: each for each in guest_databases.read(vm.document, vm.hidden)}
    for key, content in vm.hidden.get(_RESTORED, {}).items():
        found.setdefault(key, GuestDatabase(*content["name"]))
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the databases of one kind of server; the name of its row in the table of workloads."""

    workload: str

    def find(self, connection: Connection, source_id: str) -> Source | None:
        """Return a database by the id that it has as a source; ``None`` if there is none."""
        vm_id, _, path = source_id.partition("/databases/")
        vm = vm_of(connection, vm_id)
        if vm is None:
            return None
        key = f"{self.workload}/{path}".lower()
        guest = next((each for each in of_vm(vm) if each.key == key), None)
        return None if guest is None else _source(vm, guest)

    def columns(
        self, connection: Connection, rules: Rules, source: Source, entropy: int, _exclusion: Any
    ) -> dict[str, Any]:
        """Return the ``source_*`` columns of an item, and store what its points show of it."""
        guest = source.guest
        used = used_bytes(rules, source)
        document = _content(rules, source) | {"usedBytes": used}
        if self.workload == SQL_IN_VM.name:
            document["files"] = (source.content or {}).get("files") or files(guest)
        master = guest.name.lower() == "master" and guest.workload == SQL_DATABASE
        return {
            "source_id": source.vm_id,
            "source_exists": True,
            "source_running": source.running,
            "source_os": "",
            "source_size": guest.recovery_model if self.workload == SQL_IN_VM.name else "",
            "source_vm_id": source.identity,
            "disk_set_key": disk_sets.keep(connection, rules.seed, document),
            "used_bytes": used,
            "churn_bytes_per_second": database.churn_bytes_per_second(used, entropy),
            "full_only": master,
        }


READERS: Mapping[str, Reader] = {each.name: Reader(each.name) for each in (SQL_IN_VM, HANA_IN_VM)}


def _source(vm: Row[Any], guest: GuestDatabase) -> Source:
    content = vm.hidden.get(_RESTORED, {}).get(guest.key)
    came = content["came"] if content else vm.created_at
    return Source(
        workload=guest.workload,
        id=database.source_id(vm.id, guest.instance, guest.name),
        name=guest.name,
        vm_id=vm.id,
        # One that is built anew, or overwritten by a restore, is another one.
        identity=ids.guid(ids.md5_hex(f"{vm.folded}/{vm.created_at}/{guest.key}/{came}")),
        running=is_running(vm),
        guest=guest,
        content=content,
    )


def used_bytes(rules: Rules, source: Source) -> int:
    """Return how large a database is: drawn, or as large as what was restored to it."""
    if source.content is not None:
        used: int = source.content["usedBytes"]
        return used
    low, high = _GIBIBYTES
    drawn = ids.key(rules.seed, "database", source.id.lower())
    return (low + drawn % (high - low)) * database.GIBIBYTE


def _content(rules: Rules, source: Source) -> Document:
    """Return where a database's content comes from, and since when it stands still, if it does."""
    if source.content is not None:
        return {"fingerprint": source.content["fingerprint"]}
    return {"origin": ids.guid_hex(rules.seed, "database", source.identity)}


def content_of(rules: Rules, vm: Row[Any], guest: GuestDatabase, at: int) -> str:
    """Return the fingerprint of what a database holds at an instant."""
    return database.fingerprint(_content(rules, _source(vm, guest)), at)


def put(
    connection: Connection, vm: Row[Any], guest: GuestDatabase, content: Document, now: int
) -> None:
    """Let a VM hold a restored database: a new one, or another content of one that was there."""
    there = next((each for each in of_vm(vm) if each.key == guest.key), guest)
    named = replace(guest, instance=there.instance, name=there.name)
    told = {
        "name": [named.workload, named.instance, named.name, named.recovery_model],
        "came": now,
        **content,
    }
    restored = vm.hidden.get(_RESTORED, {}) | {guest.key: told}
    connection.execute(
        update(resources)
        .where(resources.c.folded == vm.folded)
        .values(hidden=vm.hidden | {_RESTORED: restored})
    )


def files(guest: GuestDatabase) -> list[Document]:
    """Return the files of a SQL Server database, where the server puts them by itself."""
    folder = data_folder(guest.instance)
    log = f"{guest.name}_log"
    return [
        {"type": "Data", "path": f"{folder}\\{guest.name}.mdf", "logicalName": guest.name},
        {"type": "Log", "path": f"{folder}\\{log}.ldf", "logicalName": log},
    ]


def data_folder(instance: str) -> str:
    """Return where a SQL Server instance puts the files of new databases."""
    return f"C:\\Program Files\\Microsoft SQL Server\\MSSQL16.{instance.upper()}\\MSSQL\\DATA"
