"""Discovery: what databases a vault knows of a registered VM, and which come under protection then.

A database is protectable from the inquiry on that saw it. Where an instance is protected
automatically, its VM is looked at every eight hours (azure-backup-semantics 7.2), and every
database that nobody protects yet comes under the policy of the instance.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, bindparam, exists, func, select, update

from ..domain import guest_databases
from ..domain.errors import Refused
from ..domain.instants import HOUR
from ..domain.jobs import Operation
from ..domain.policies import Policy, read
from ..store import room
from ..store.container_tables import containers, protection_intents
from ..store.containers import is_database_of, is_taken, known_servers
from ..store.statements import Statement
from ..store.tables import items, policies, vaults
from ..workloads.database import DatabaseName, source_id
from ..workloads.table import WORKLOADS
from . import database_sources, jobs, protection
from .rules import Rules

EVERY = 8 * HOUR

_DUE = Statement(
    select(containers.c.key)
    .where(containers.c.discover_at <= bindparam("until"))
    .order_by(containers.c.discover_at, containers.c.key)
)


def run(connection: Connection, rules: Rules, until: int) -> None:
    """Look into every VM that it is time for."""
    for (key,) in _DUE.run(connection, until=until).fetchall():
        container = connection.execute(select(containers).where(containers.c.key == key)).one()
        look(connection, rules, container, until)


def look(connection: Connection, rules: Rules, container: Row[Any], now: int) -> None:
    """Find out what is in a VM, and protect what is to be protected by itself.

    Of a VM that is gone, or does not run, nothing new is known.
    """
    vm = database_sources.vm_of(connection, container.source_folded)
    values: dict[str, Any] = {}
    if vm is not None and database_sources.is_running(vm):
        found = _servers(vm, container.workload)
        values = {"discovered": found, "inquired_at": now, "changed_at": now}
    values["discover_at"] = now + EVERY if _is_watched(connection, container.key) else None
    connection.execute(update(containers).where(containers.c.key == container.key).values(**values))
    protect_found(connection, rules, container.key, now)


def _servers(vm: Row[Any], workload: str) -> list[Any]:
    """Return the servers of a kind in a VM, those of restored databases too, as they are kept."""
    found: dict[str, tuple[str, list[list[str]]]] = {
        server.instance.lower(): (server.instance, [])
        for server in guest_databases.servers(vm.document, vm.hidden)
        if server.workload == workload
    }
    for each in database_sources.of_vm(vm):
        if each.workload == workload:
            _, databases = found.setdefault(each.instance.lower(), (each.instance, []))
            databases.append([each.name, each.recovery_model])
    return [
        [instance, sorted(databases, key=lambda one: one[0].lower())]
        for _, (instance, databases) in sorted(found.items())
    ]


def watch(connection: Connection, container_key: int, now: int) -> None:
    """Let a VM be looked at while an instance in it is protected automatically, and not else."""
    again = func.coalesce(containers.c.discover_at, now + EVERY)
    wanted = again if _is_watched(connection, container_key) else None
    connection.execute(
        update(containers).where(containers.c.key == container_key).values(discover_at=wanted)
    )


def _is_watched(connection: Connection, container_key: int) -> bool:
    intents = exists().where(protection_intents.c.container_key == container_key)
    return bool(connection.execute(select(intents)).scalar())


# --- automatic protection ----------------------------------------------------------------


def protect_found(connection: Connection, rules: Rules, container_key: int, now: int) -> None:
    """Protect the known databases of instances that are protected automatically.

    Those that any vault protects, or holds data of here, are left as they are; so are all that a
    vault has no room for.
    """
    intents = connection.execute(
        select(protection_intents, policies.c.document, policies.c.name.label("policy_name"))
        .join(policies, policies.c.key == protection_intents.c.policy_key)
        .where(protection_intents.c.container_key == container_key)
        .order_by(protection_intents.c.folded_name)
    ).all()
    if not intents:
        return
    container = connection.execute(
        select(containers).where(containers.c.key == container_key)
    ).one()
    vault = connection.execute(select(vaults).where(vaults.c.key == container.vault_key)).one()
    for intent in intents:
        policy = read(intent.document)
        assert policy is not None, "an intent is only ever for a policy that runs"
        for name in _unprotected(connection, container, intent.instance):
            if not _has_room(connection, rules, vault, intent):
                return
            _protect(connection, rules, container, intent, policy, name, now)


def _has_room(connection: Connection, rules: Rules, vault: Row[Any], intent: Row[Any]) -> bool:
    try:
        room.for_item(connection, rules.limits, vault, intent.workload)
        room.for_item_under(connection, rules.limits, intent.policy_key, intent.workload)
    except Refused:
        return False
    return True


def _unprotected(
    connection: Connection, container: Row[Any], wanted: str
) -> Iterator[tuple[str, str]]:
    held = select(items.c.source_folded).where(is_database_of(container), is_taken(container))
    taken = set(connection.execute(held).scalars())
    for instance, databases in known_servers(container):
        for database, _ in databases if instance.lower() == wanted.lower() else ():
            if source_id(container.source_folded, instance, database).lower() not in taken:
                yield instance, database


def _protect(
    connection: Connection,
    rules: Rules,
    container: Row[Any],
    intent: Row[Any],
    policy: Policy,
    database: tuple[str, str],
    now: int,
) -> None:
    named = source_id(container.source_folded, *database)
    source = database_sources.READERS[container.workload].find(connection, named)
    if source is None:
        return  # it was dropped since it was seen
    streaming = WORKLOADS[container.workload].streaming
    assert streaming is not None, "databases are streamed"
    _, _, group, vm = container.name.split(";")
    item = protection.enable(
        connection,
        rules,
        vault_key=container.vault_key,
        name=DatabaseName(streaming.item_kind, group, vm, *database),
        source=source,
        policy_key=intent.policy_key,
        policy=policy,
        now=now,
    )
    detail = {"policy_name": intent.policy_name}
    begun = Operation.CONFIGURE_BACKUP
    jobs.start(connection, rules, item, begun, now, activity_id=None, detail=detail)
