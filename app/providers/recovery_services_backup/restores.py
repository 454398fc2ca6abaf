"""Restores: of disks, to a new VM, or in place of the disks of the one there is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from ...arm.calls import Answer, Call, endpoint
from ...domain.errors import invalid_input, not_emulated
from ...domain.resource_ids import normal_location
from ...engine import database_restores as engine_database_restores
from ...engine import restores
from ...store import room
from ...workloads.table import WORKLOADS
from . import archived_points, database_restores
from .paths import POINT, item_of
from .protected_items import item_accepted
from .recovery_points import TAG, restorable
from .restore_bodies import RestoreBody, RestoreRequest
from .restore_targets import check


@endpoint(
    "POST",
    f"{POINT}/restore",
    "Restores_Trigger",
    tag=TAG,
    body=RestoreBody,
    statuses=(202,),
)
def trigger(call: Call, body: RestoreBody) -> Answer:
    """Restore a recovery point: disks, a VM or a database; its job makes it true."""
    vault, item = item_of(call)
    if WORKLOADS[item.workload].streaming is not None:
        detail = database_restores.check(
            call, item, body.properties, database_restores.here(call, vault, item)
        )
        return _begin_of_database(call, vault, item, detail)
    vault, item, point, detail = prepare(call, body.properties)
    room.for_restore(call.connection, call.rules.limits, item, call.now)
    job_id = restores.trigger(
        call.connection,
        call.rules,
        item,
        point,
        call.now,
        detail=detail,
        activity_id=call.client_request_id,
        rehydration=archived_points.rehydration(body.properties),
    )
    return item_accepted(
        call, vault, item, "restore", job_id=job_id, ends_at=call.now, operation_id=job_id
    )


def _begin_of_database(
    call: Call, vault: Row[Any], item: Row[Any], detail: dict[str, Any]
) -> Answer:
    job_id = engine_database_restores.trigger(
        call.connection,
        call.rules,
        item,
        call.now,
        detail=detail,
        activity_id=call.client_request_id,
    )
    return item_accepted(
        call, vault, item, "restore", job_id=job_id, ends_at=call.now, operation_id=job_id
    )


def validate(call: Call, asked: RestoreRequest) -> None:
    """Check that a restore could begin as things stand. Raises ``Refused``."""
    vault, item = item_of(call)
    if WORKLOADS[item.workload].streaming is not None:
        database_restores.check(call, item, asked, database_restores.here(call, vault, item))
    else:
        prepare(call, asked)


def prepare(
    call: Call, asked: RestoreRequest
) -> tuple[Row[Any], Row[Any], Row[Any], dict[str, Any]]:
    """Return the vault, the item and the point in the path, and what the job must know.

    Nothing has begun yet: a validation asks for no more. Raises ``Refused``.
    """
    refuse_what_is_not_emulated(asked)
    vault, item, point = restorable(call)
    check_what_is_repeated(call, item, asked, vault.location)
    detail = check(call, vault, item, point, asked, vault.location)
    archived_points.check(call, item, point, asked, detail)
    return vault, item, point, detail


def refuse_what_is_not_emulated(asked: RestoreRequest) -> None:
    """Refuse by name; the defaults that clients always send say nothing."""
    if asked.object_type.lower() not in {each.lower() for each in archived_points.OBJECT_TYPES}:
        raise not_emulated("properties.objectType", f"'{asked.object_type}'")
    if asked.recovery_type == "Offline":
        raise not_emulated("properties.recoveryType", "Offline")
    encryption = asked.encryption_details
    for name, value, what in (
        ("encryptionDetails", encryption and encryption.encryption_enabled, "encrypted VMs"),
        ("extendedLocation", asked.extended_location, "edge zones"),
        ("securedVMDetails", asked.secured_vm_details, "confidential VMs"),
    ):
        if value:
            raise not_emulated(f"properties.{name}", what)


def check_what_is_repeated(call: Call, item: Row[Any], asked: RestoreRequest, region: str) -> None:
    """Refuse a request that says something else than its path, or another region."""
    sent = asked.recovery_point_id
    if sent is not None and sent != call.path["recoveryPointId"]:
        raise invalid_input("properties.recoveryPointId", f"'{sent}' is not the one in the path")
    if asked.source_resource_id and asked.source_resource_id.lower() != item.source_folded:
        raise invalid_input(
            "properties.sourceResourceId", f"must be '{item.source_id}', the VM of this item"
        )
    if asked.region is not None and normal_location(asked.region) != region:
        raise invalid_input(
            "properties.region", f"'{asked.region}' must be the region restored to, '{region}'"
        )


ENDPOINTS = (trigger,)
