"""VMs as protection containers, for the databases in them: what may be registered, how it looks.

Shapes are those of azure-cli-wire 7. A VM is registered for one kind of server, with one vault.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from ...arm.calls import Call
from ...domain.errors import conflict, invalid, invalid_input, not_emulated
from ...domain.instants import wire
from ...domain.resource_ids import VM_TYPE, ResourceId, normal_location, parse
from ...engine import database_sources
from ...engine.containers import Registration
from ...store import containers as stored
from ...store.metadata import Document
from ...workloads.database import CONTAINER_TYPE, MANAGEMENT_TYPE, parse_container
from ...workloads.hana_in_vm import HANA_IN_VM
from ...workloads.sql_in_vm import SQL_IN_VM
from .container_bodies import ContainerProperties
from .paths import CONTAINERS_TYPE, container_id, not_registered, protectable_container

KINDS = {each.name: each for each in (SQL_IN_VM, HANA_IN_VM)}
"""What a VM can be registered for."""
SHOWN_AS = {SQL_IN_VM.name: "SQL", HANA_IN_VM.name: "SAPHana"}
"""What lists of databases call their workload."""
PARTS = {
    SQL_IN_VM.name: ("SQLInstance", "SQLDataBase"),
    HANA_IN_VM.name: ("SAPHanaSystem", "SAPHanaDatabase"),
}
"""Azure's words for a server of each kind, and for a database in it."""


def to_register(
    call: Call, vault: Row[Any], container: str, asked: ContainerProperties
) -> Registration:
    """Return the VM to register as a container. Raises ``Refused``."""
    workload = _workload(asked)
    field = "properties.sourceResourceId"
    sent = asked.source_resource_id or ""
    vm_id = parse(sent)
    if vm_id is None or vm_id.type.lower() != VM_TYPE.lower():
        raise invalid_input(field, f"'{sent}' is not the id of a virtual machine")
    if parse_container(name_of(vm_id)) != container:
        raise invalid(
            "BMSUserErrorContainerNameIncorrectFormat",
            f"{field}: '{sent}' is not the virtual machine of container "
            f"'{call.path['containerName']}'.",
            target=field,
        )
    vm = database_sources.vm_of(call.connection, vm_id.text)
    if vm is None:
        raise invalid(
            "UserErrorVmNotFoundV2", f"{field}: the VM '{sent}' does not exist.", target=field
        )
    _check_vm(vault, vm)
    _check_before(call, vault, vm, workload, container, asked)
    spelled = parse(vm.id)
    assert spelled is not None, "stored ids are well formed"
    return Registration(name_of(spelled), workload, vm, sent)


def name_of(vm_id: ResourceId) -> str:
    """Return the name of a VM's container, in the spelling of its id."""
    return f"{CONTAINER_TYPE};Compute;{vm_id.group};{vm_id.name}"


def _workload(asked: ContainerProperties) -> str:
    field = "properties.workloadType"
    allowed = " or ".join(KINDS)
    sent = asked.workload_type
    if not sent:
        raise invalid_input(field, f"is required of such a container: {allowed}")
    found = next((name for name in KINDS if name.lower() == sent.lower()), None)
    if found is None:
        raise not_emulated(field, f"'{sent}'; send {allowed}")
    return found


def _check_vm(vault: Row[Any], vm: Row[Any]) -> None:
    if normal_location(vm.location) != vault.location:
        raise invalid(
            "BMSUserErrorInvalidRegistrationRequest",
            f"properties.sourceResourceId: the VM is in '{vm.location}', the vault in "
            f"'{vault.location}'; both must be in one region.",
            target="properties.sourceResourceId",
        )
    check_running(vm)


def check_running(vm: Row[Any] | None) -> None:
    """Refuse to look into a VM that is gone, or that does not run: its extension is not reached."""
    if vm is None:
        raise invalid(
            "UserErrorVmNotFoundV2",
            "containerName: the virtual machine of this container does not exist or was moved.",
            target="containerName",
        )
    if not database_sources.is_running(vm):
        raise invalid(
            "VMNotInRunningStateUserError",
            f"The virtual machine '{vm.name}' is not running; start it, then try again.",
            target="containerName",
        )


def _check_before(
    call: Call,
    vault: Row[Any],
    vm: Row[Any],
    workload: str,
    container: str,
    asked: ContainerProperties,
) -> None:
    """Refuse what does not fit with what a VM is registered for, here or elsewhere."""
    other = stored.vault_of_source(call.connection, vm.folded)
    if other is not None and other.key != vault.key:
        raise conflict(
            "BMSUserErrorContainerIsAlreadyRegisteredWithAnotherVault",
            f"The virtual machine '{vm.name}' is registered with the vault '{other.id}'; "
            "unregister it there first.",
        )
    existing = stored.find_any(call.connection, vault.key, container)
    if existing is None:
        if asked.operation_type in ("Reregister", "Rehydrate"):
            raise not_registered(call)
        return
    if asked.operation_type == "Rehydrate" and existing.deleted_at is None:
        raise conflict(
            "BMSUserErrorContainerNotSoftDeleted",
            f"properties.operationType: '{vm.name}' is registered and not soft-deleted.",
            target="properties.operationType",
        )
    if existing.workload != workload:
        raise conflict(
            "BMSUserErrorContainerRegisteredForAnotherWorkload",
            f"properties.workloadType: '{vm.name}' is registered for {existing.workload}; "
            "unregister it first.",
            target="properties.workloadType",
        )


# --- how it looks ------------------------------------------------------------------------


def render(vault: Row[Any], container: Row[Any]) -> Document:
    """Return a registered VM as the wire shows it; its source as it was sent."""
    return {
        "id": container_id(vault, container.name),
        "name": container.name,
        "type": CONTAINERS_TYPE,
        "properties": {
            "sourceResourceId": container.source_id,
            "lastUpdatedTime": wire(container.changed_at),
            "extendedInfo": {
                "hostServerName": container.friendly_name,
                "inquiryInfo": {
                    "status": "Success",
                    "errorDetail": None,
                    "inquiryDetails": [_inquired(container)],
                },
            },
            "friendlyName": container.friendly_name,
            "backupManagementType": MANAGEMENT_TYPE,
            "registrationStatus": "Registered" if container.deleted_at is None else "SoftDeleted",
            "healthStatus": "Healthy",
            "containerType": CONTAINER_TYPE,
            "protectableObjectType": CONTAINER_TYPE,
        },
    }


def _inquired(container: Row[Any]) -> Document:
    servers = stored.known_servers(container)
    databases = sum(len(found) for _, found in servers)
    server, database = PARTS[container.workload]
    return {
        "type": SHOWN_AS[container.workload],
        "itemCount": databases,
        "inquiryValidation": {
            "status": "Success",
            "errorDetail": None,
            "additionalDetail": "",
            "protectableItemCount": {server: len(servers), database: databases},
        },
    }


def render_protectable(vault: Row[Any], vm: Row[Any]) -> Document:
    """Return a VM that could be registered as the wire shows it."""
    vm_id = parse(vm.id)
    assert vm_id is not None, "stored ids are well formed"
    return protectable_container(vault, name_of(vm_id), vm, MANAGEMENT_TYPE)
