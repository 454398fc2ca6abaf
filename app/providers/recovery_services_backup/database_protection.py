"""What is asked before a database comes under protection, or under another policy."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from ...arm.calls import Call
from ...domain.errors import conflict, invalid, invalid_input
from ...domain.policies import Policy
from ...engine import database_sources
from ...store import containers
from ...workloads import database
from ...workloads.database import DatabaseName
from .candidates import Candidate
from .paths import Named
from .protected_item_bodies import ProtectedItemProperties


def candidate(
    call: Call,
    vault: Row[Any],
    named: Named,
    asked: ProtectedItemProperties,
    _policy: Policy,
) -> Candidate:
    """Return the database to protect. Raises ``Refused`` if it cannot be."""
    container = _registered(call, vault, named.container)
    _check(asked, container.source_id)
    source = _source(call, container, named)
    group, vm = container.name.split(";")[-2:]
    streaming = named.workload.streaming
    assert streaming is not None, "it is a database"
    name = DatabaseName(streaming.item_kind, group, vm, source.guest.instance, source.name)
    return Candidate(name, source)


def prepare_change(
    call: Call, vault: Row[Any], item: Row[Any], asked: ProtectedItemProperties, _policy: Policy
) -> None:
    """Check a change of an item's policy. Raises ``Refused``."""
    _registered(call, vault, _container_of(item))
    _check(asked, item.source_id)


def check_return(call: Call, vault: Row[Any], item: Row[Any]) -> None:
    """Refuse to undelete an item whose VM is not registered any more."""
    _registered(call, vault, _container_of(item))


def _container_of(item: Row[Any]) -> str:
    return f"{database.CONTAINER_TYPE};{item.container_name}".lower()


def _registered(call: Call, vault: Row[Any], name: str) -> Row[Any]:
    container = containers.find(call.connection, vault.key, name)
    if container is None:
        raise conflict(
            "BMSUserErrorContainerNotRegistered",
            f"containerName: '{name}' is not registered with this vault; register the virtual "
            "machine first.",
            target="containerName",
        )
    return container


def _check(asked: ProtectedItemProperties, vm_id: str) -> None:
    if asked.extended_properties is not None:
        raise invalid_input("properties.extendedProperties", "is only allowed of virtual machines")
    sent = asked.source_resource_id
    if sent and sent.lower() != vm_id.lower():
        raise invalid_input(
            "properties.sourceResourceId",
            f"'{sent}' must be '{vm_id}', the virtual machine of this container",
        )


def _source(call: Call, container: Row[Any], named: Named) -> database_sources.Source:
    """Return the database that the path names, if the last inquiry saw it and it is still there."""
    _, instance, name, *_ = named.item.split(";")
    reader = database_sources.READERS[named.workload.name]
    wanted = database.source_id(container.source_folded, instance, name)
    source = reader.find(call.connection, wanted)
    if source is None or not _is_known(container, instance, name):
        raise invalid(
            named.workload.gone,
            f"protectedItemName: the vault knows no {named.workload.title} "
            f"'{call.path['protectedItemName']}' in '{container.friendly_name}'; inquire the "
            "container and take the name of a protectable item.",
            target="protectedItemName",
        )
    return source


def _is_known(container: Row[Any], instance: str, name: str) -> bool:
    known = {
        (server.lower(), each[0].lower())
        for server, databases in container.discovered
        for each in databases
    }
    return (instance, name) in known
