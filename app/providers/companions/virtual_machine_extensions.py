"""Extensions of VMs: recorded as installed; nothing runs in a guest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import Row

from ...arm.bodies import Body
from ...arm.calls import Call
from ...domain.errors import conflict, invalid
from ...domain.resource_ids import EXTENSION_TYPE
from ...engine.attachments import RUNNING
from ...store import rows
from ...store.metadata import Document
from . import store
from .disks import NAME, NAME_RULE
from .store import CompanionType, Write, Written, missing_parameter
from .virtual_machines import VIRTUAL_MACHINES

Secret = Annotated[dict[str, Any] | None, Field(exclude=True, description="Read and forgotten")]


class ExtensionProperties(Body):
    """Which handler is installed, and what it is told."""

    publisher: str | None = Field(
        default=None, max_length=260, examples=["Microsoft.Azure.Extensions"]
    )
    type: str | None = Field(default=None, max_length=260, examples=["CustomScript"])
    type_handler_version: str | None = Field(default=None, max_length=40, examples=["2.1"])
    auto_upgrade_minor_version: bool | None = None
    enable_automatic_upgrade: bool | None = None
    force_update_tag: str | None = Field(default=None, max_length=260)
    settings: dict[str, Any] | None = None
    protected_settings: Secret = None
    suppress_failures: bool | None = None
    provision_after_extensions: list[str] | None = None


class VirtualMachineExtensionBody(Body):
    """An extension to install, or to change."""

    EXAMPLE = {
        "location": "westeurope",
        "properties": {
            "publisher": "Microsoft.Azure.Extensions",
            "type": "CustomScript",
            "typeHandlerVersion": "2.1",
            "settings": {"commandToExecute": "true"},
        },
    }

    location: str | None = Field(default=None, max_length=90, examples=["westeurope"])
    tags: dict[str, str] | None = None
    properties: ExtensionProperties = Field(default_factory=ExtensionProperties)


class VirtualMachineExtensionPatch(Body):
    """What to change of an extension."""

    EXAMPLE = {"tags": {"env": "test"}}

    tags: dict[str, str] | None = None
    properties: ExtensionProperties = Field(default_factory=ExtensionProperties)


def _write(write: Write) -> Written:
    machine = store.holder(write.call, EXTENSIONS)
    if machine.hidden["power_state"] != RUNNING:
        raise conflict(
            "OperationNotAllowed",
            "Cannot modify extensions in the VM when the VM is not running.",
            target=machine.id,
        )
    properties = write.wanted["properties"]
    for needed in ("publisher", "type", "typeHandlerVersion"):
        if not properties.get(needed):
            raise missing_parameter(f"virtualMachineExtension.properties.{needed}")
    _refuse_second(write, properties, machine)
    born = {"autoUpgradeMinorVersion": False, "provisioningState": "Succeeded"}
    return Written(write.wanted | {"properties": born | properties}, {})


def _refuse_second(write: Write, properties: Document, machine: Row[Any]) -> None:
    handler = _handler(properties)
    connection = write.call.connection
    for other in rows.lying_in(connection, [machine], EXTENSION_TYPE)[machine.folded]:
        if other.folded != write.id.lower() and _handler(other.document["properties"]) == handler:
            raise invalid(
                "BadRequest",
                "Multiple VMExtensions per handler not supported for OS type "
                f"'{machine.document['properties']['storageProfile']['osDisk']['osType']}'. "
                f"VMExtension '{other.name}' with handler '{'.'.join(_handler(properties))}' "
                "already added or specified in input.",
                target=write.id,
            )


def _handler(properties: Document) -> tuple[str, str]:
    return properties["publisher"].lower(), properties["type"].lower()


def _render(_call: Call, found: Sequence[Row[Any]]) -> list[Document]:
    return [
        store.envelope(EXTENSIONS, row) | {"properties": row.document["properties"]}
        for row in found
    ]


EXTENSIONS = CompanionType(
    type_name=EXTENSION_TYPE,
    operations="VirtualMachineExtensions",
    parameter="vmExtensionName",
    tag="Virtual machines",
    name_pattern=NAME,
    name_rule=NAME_RULE,
    body=VirtualMachineExtensionBody,
    patch=VirtualMachineExtensionPatch,
    write=_write,
    render=_render,
    fixed=("properties.publisher", "properties.type"),
    parent=VIRTUAL_MACHINES,
    folder="extensions",
)

ENDPOINTS = store.endpoints(EXTENSIONS)
