"""Availability sets: which VMs must not fail together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Connection, Row, select

from ...arm.bodies import Body
from ...arm.calls import Call
from ...arm.words import Word
from ...domain.errors import conflict
from ...domain.resource_ids import AVAILABILITY_SET_TYPE, VM_TYPE
from ...store.metadata import Document
from ...store.resource_tables import resources
from . import store
from .disks import NAME, NAME_RULE, WholeNumber
from .store import CompanionType, Write, Written


class AvailabilitySetSku(Body):
    """Whether the VMs have managed disks (Aligned) or not (Classic)."""

    name: Annotated[Literal["Aligned", "Classic"] | None, Word("Aligned", "Classic")] = Field(
        default=None, examples=["Aligned"]
    )


class AvailabilitySetProperties(Body):
    """Over how many racks and maintenance turns the VMs are spread."""

    platform_fault_domain_count: WholeNumber | None = Field(default=None, ge=1, le=3, examples=[2])
    platform_update_domain_count: WholeNumber | None = Field(
        default=None, ge=1, le=20, examples=[5]
    )
    proximity_placement_group: dict[str, Any] | None = None


class AvailabilitySetBody(Body):
    """An availability set to create or to change."""

    EXAMPLE = {
        "location": "westeurope",
        "sku": {"name": "Aligned"},
        "properties": {"platformFaultDomainCount": 2, "platformUpdateDomainCount": 5},
    }

    location: str | None = Field(default=None, max_length=90, examples=["westeurope"])
    tags: dict[str, str] | None = None
    sku: AvailabilitySetSku | None = None
    properties: AvailabilitySetProperties = Field(default_factory=AvailabilitySetProperties)


class AvailabilitySetPatch(Body):
    """What to change of an availability set."""

    EXAMPLE = {"tags": {"env": "test"}}

    tags: dict[str, str] | None = None
    sku: AvailabilitySetSku | None = None
    properties: AvailabilitySetProperties = Field(default_factory=AvailabilitySetProperties)


def _write(write: Write) -> Written:
    born = {"platformFaultDomainCount": 2, "platformUpdateDomainCount": 5}
    document = write.wanted | {
        "sku": {"name": "Classic"} | write.wanted.get("sku", {}),
        "properties": born | write.wanted["properties"],
    }
    return Written(document, {})


def _members(connection: Connection) -> defaultdict[str, list[str]]:
    """Return the VMs of availability sets, by the sets' lower-case ids."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    machines = select(resources).where(resources.c.type_folded == VM_TYPE.lower())
    for row in connection.execute(machines.order_by(resources.c.folded)):
        named = store.at(row.document, "properties.availabilitySet.id")
        if named:
            found[named.lower()].append(row.id)
    return found


def _render(call: Call, found: Sequence[Row[Any]]) -> list[Document]:
    members = _members(call.connection)
    return [
        store.envelope(AVAILABILITY_SETS, row)
        | {
            "properties": row.document["properties"]
            | {"virtualMachines": [{"id": each} for each in members[row.folded]]}
        }
        for row in found
    ]


def _remove(call: Call, row: Row[Any]) -> None:
    members = _members(call.connection)[row.folded]
    if members:
        raise conflict(
            "OperationNotAllowed",
            f"Availability Set '{row.name}' cannot be deleted. Before deleting an Availability Set "
            f"please ensure that it does not contain any VM: {', '.join(members)}.",
            target=row.id,
        )


AVAILABILITY_SETS = CompanionType(
    type_name=AVAILABILITY_SET_TYPE,
    operations="AvailabilitySets",
    parameter="availabilitySetName",
    tag="Availability sets",
    name_pattern=NAME,
    name_rule=NAME_RULE,
    body=AvailabilitySetBody,
    patch=AvailabilitySetPatch,
    write=_write,
    render=_render,
    remove=_remove,
    fixed=("properties.platformFaultDomainCount", "properties.platformUpdateDomainCount"),
    created_status=200,
    list_all="ListBySubscription",
)

ENDPOINTS = store.endpoints(AVAILABILITY_SETS)
