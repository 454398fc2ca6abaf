"""Data moves from one vault to another: prepared at the source, triggered at the target.

The source answers with a correlation id, which is the target's leave to fetch the data.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Row, update

from ...arm import async_operations, examples
from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...arm.shapes import Shape
from ...arm.words import Word
from ...domain import ids, resource_ids
from ...domain.critical_operations import STOP_AND_RETAIN
from ...domain.errors import Refused, conflict, invalid_input, not_emulated, resource_not_found
from ...domain.resource_ids import VAULT_TYPE, normal_location
from ...engine import data_moves, operations
from ...store.resource_tables import operations as operation_rows
from ...store.vaults import find_vault, keep_properties
from ...workloads.table import of_container
from .. import multi_user_authorization
from .paths import VAULT, vault_of, vault_scope

TAG = "Data moves"
CONFIG = f"{VAULT}/backupstorageconfig/vaultstorageconfig"
PREPARED, TRIGGERED = "prepare-data-move", "trigger-data-move"
Level = Annotated[Literal["Invalid", "Vault", "Container"], Word("Invalid", "Vault", "Container")]


class PrepareDataMoveBody(Body):
    """Where the data of a vault is to go, and what of it."""

    EXAMPLE = {
        "targetResourceId": f"{examples.GROUP_ID}/providers/{VAULT_TYPE}/vault-2",
        "targetRegion": "northeurope",
        "dataMoveLevel": "Vault",
    }

    target_resource_id: str = Field(max_length=600)
    target_region: str = Field(max_length=90)
    data_move_level: Level
    source_container_arm_ids: list[str] | None = Field(None, max_length=1000)
    ignore_moved: bool | None = None


class TriggerDataMoveBody(Body):
    """Where the data comes from, and the leave of the source."""

    EXAMPLE = {
        "sourceResourceId": examples.VAULT_ID,
        "sourceRegion": "westeurope",
        "dataMoveLevel": "Vault",
        "correlationId": "MTs1YmUzYmVmNi04YjJiLTRhOTItOTllYi01NTM0MDllYjk2NjE=",
    }

    source_resource_id: str = Field(max_length=600)
    source_region: str = Field(max_length=90)
    data_move_level: Level
    correlation_id: str = Field(max_length=200)
    source_container_arm_ids: list[str] | None = Field(None, max_length=1000)
    pause_gc: bool | None = Field(None, alias="pauseGC")


@endpoint(
    "POST",
    f"{CONFIG}/prepareDataMove",
    "BMSPrepareDataMove",
    tag=TAG,
    body=PrepareDataMoveBody,
    statuses=(202,),
)
def prepare(call: Call, body: PrepareDataMoveBody) -> Answer:
    """Prepare the data of a vault to be moved to a vault of another region."""
    source = vault_of(call)
    target = _vault(call, body.target_resource_id, "targetResourceId")
    _check_regions(source, target, body)
    names = _containers(source, body.data_move_level, body.source_container_arm_ids)
    again = bool(body.ignore_moved)
    _moved(call, source, target, names, again=again)
    multi_user_authorization.permit(call, source, STOP_AND_RETAIN, None)
    operation_id = operations.new_id(call.connection, call.rules, source.folded, PREPARED, call.now)
    operation = operations.begin(
        call.connection,
        call.rules,
        scope=source.folded,
        kind=PREPARED,
        now=call.now,
        ends_at=call.now + data_moves.PREPARING_TAKES,
        operation_id=operation_id,
        outcome={
            "correlationId": _correlation_id(source, operation_id),
            "target": target.folded,
            "containers": names,
            "ignoreMoved": again,
            "isTriggered": False,
        },
    )
    path = f"{source.id}/backupstorageconfig/vaultstorageconfig"
    return async_operations.accepted(
        call,
        operation,
        status_path=f"{path}/operationStatus",
        result_path=f"{path}/operationResults",
    )


@endpoint(
    "GET",
    f"{CONFIG}/operationResults/{{operationId}}",
    "BMSPrepareDataMoveOperationResult_Get",
    tag=TAG,
    statuses=(200, 202),
    answers=Shape.OBJECT,
)
def result(call: Call) -> Answer:
    """Show the correlation id of a prepared move, once it is prepared."""
    operation = async_operations.find(call, vault_scope(call))
    if operation.kind != PREPARED or operation.outcome is None:
        raise invalid_input(
            "operationId", f"'{call.path['operationId']}' is not the preparation of a data move"
        )
    shown = {
        "objectType": "PrepareDataMoveResponse",
        "correlationId": operation.outcome["correlationId"],
        "sourceVaultProperties": {},
    }
    return async_operations.result(call, operation, lambda: shown)


@endpoint(
    "POST",
    f"{CONFIG}/triggerDataMove",
    "BMSTriggerDataMove",
    tag=TAG,
    body=TriggerDataMoveBody,
    statuses=(202,),
)
def trigger(call: Call, body: TriggerDataMoveBody) -> Answer:
    """Bring the data that a source has prepared into this vault."""
    target = vault_of(call)
    source = _vault(call, body.source_resource_id, "sourceResourceId")
    if normal_location(body.source_region) != source.location:
        raise invalid_input(
            "sourceRegion", f"'{body.source_region}' is not '{source.location}', where it is"
        )
    prepared, outcome = _prepared(call, source, target, body)
    moved = _moved(call, source, target, outcome["containers"], again=outcome["ignoreMoved"])
    data_moves.move(
        call.connection, call.rules, moved, target, call.now, pauses_gc=bool(body.pause_gc)
    )
    if target.properties.get("backupStorageVersion") != "V2":
        told = target.properties | {"backupStorageVersion": "V2"}
        keep_properties(call.connection, target, told, call.now)
    call.connection.execute(
        update(operation_rows)
        .where(operation_rows.c.operation_id == prepared.operation_id)
        .values(outcome=outcome | {"isTriggered": True})
    )
    operation = operations.begin(
        call.connection,
        call.rules,
        scope=target.folded,
        kind=TRIGGERED,
        now=call.now,
        ends_at=call.now + data_moves.MOVING_TAKES,
    )
    return async_operations.accepted(
        call,
        operation,
        status_path=f"{target.id}/backupstorageconfig/vaultstorageconfig/operationStatus",
        result_path=None,
    )


@endpoint(
    "GET",
    f"{CONFIG}/operationStatus/{{operationId}}",
    "DataMove_GetOperationStatus",
    tag=TAG,
    answers=Shape.OPERATION,
)
def status(call: Call) -> Answer:
    """Show how the preparation of a data move stands, or the move."""
    operation = async_operations.find(call, vault_scope(call))
    return async_operations.status(call, replace(operation, outcome=None))


# --- what can be moved -------------------------------------------------------------------


def _vault(call: Call, sent: str, field: str) -> Row[Any]:
    parsed = resource_ids.parse(sent)
    if parsed is None or parsed.type.lower() != VAULT_TYPE.lower():
        raise invalid_input(field, f"'{sent}' is not the id of a Recovery Services vault")
    found = find_vault(call.connection, parsed)
    if found is None:
        raise resource_not_found(VAULT_TYPE, parsed.name, parsed.group)
    return found


def _check_regions(source: Row[Any], target: Row[Any], body: PrepareDataMoveBody) -> None:
    if normal_location(body.target_region) != target.location:
        raise invalid_input(
            "targetRegion", f"'{body.target_region}' is not '{target.location}', where it is"
        )
    if target.location == source.location:
        raise invalid_input(
            "targetRegion", f"'{target.location}' is the region of the source; name another one"
        )


def _containers(source: Row[Any], level: str, sent: Sequence[str] | None) -> list[str] | None:
    """Return the containers to move, by their short names; ``None`` is the whole vault."""
    field = "sourceContainerArmIds"
    if level == "Invalid":
        raise invalid_input("dataMoveLevel", "must be Vault or Container")
    if (level == "Container") != bool(sent):
        raise invalid_input(field, "is required where dataMoveLevel is Container, and only there")
    if not sent:
        return None
    prefix = f"{source.folded}/backupfabrics/azure/protectioncontainers/"
    return sorted({_short_name(each, prefix, field) for each in sent})


def _short_name(sent: str, prefix: str, field: str) -> str:
    name = sent.rpartition("/")[2]
    found = of_container(name) if sent.lower() == f"{prefix}{name.lower()}" else None
    if found is None:
        raise invalid_input(field, f"'{sent}' is not a container of the source vault")
    return found[1].partition(";")[2]


def _moved(
    call: Call, source: Row[Any], target: Row[Any], names: list[str] | None, *, again: bool
) -> list[Row[Any]]:
    """Return the items that a move brings over. Raises ``Refused``."""
    left = data_moves.unmovable(call.connection, source, names)
    if left:
        raise not_emulated("dataMoveLevel", f"moves of {', '.join(left)}: only VMs are moved")
    found = data_moves.movable(call.connection, source, names)
    missing = sorted(set(names or ()) - {str(each.container_name).lower() for each in found})
    if missing or not found:
        what = ", ".join(missing) or source.name
        raise _in_the_way("Empty", f"'{what}' holds nothing in the vault tier to move")
    if again:
        found = data_moves.without(call.connection, found, target)
    elif not data_moves.is_empty(call.connection, target):
        raise _in_the_way(
            "TargetNotEmpty",
            f"'{target.name}' has items or containers; data is moved to an empty vault, unless "
            "ignoreMoved is true",
        )
    busy = data_moves.busy(call.connection, found)
    if busy:
        raise _in_the_way("JobsInProgress", f"jobs of {', '.join(busy)} are in progress")
    return found


def _in_the_way(what: str, message: str) -> Refused:
    return conflict(f"BMSUserErrorDataMove{what}", f"{message}. Nothing was moved.")


# --- the leave of the source -------------------------------------------------------------


def _correlation_id(source: Row[Any], operation_id: str) -> str:
    """Return a number and a GUID, as Microsoft's example has them."""
    return base64.b64encode(f"{source.key};{ids.guid(operation_id)}".encode()).decode()


def _prepared(
    call: Call, source: Row[Any], target: Row[Any], body: TriggerDataMoveBody
) -> tuple[operations.Operation, dict[str, Any]]:
    """Return the preparation that a correlation id names, if it is for this. Raises ``Refused``."""
    operation = _named(call, body.correlation_id)
    outcome = None if operation is None else operation.outcome
    if operation is None or outcome is None or operation.kind != PREPARED:
        raise _not_prepared(body, "names no prepared move")
    names = _containers(source, body.data_move_level, body.source_container_arm_ids)
    if (operation.scope, outcome["target"]) != (source.folded, target.folded):
        raise _not_prepared(body, "was prepared for other vaults")
    if outcome["containers"] != names:
        raise _not_prepared(body, "was prepared for other containers")
    if not operation.is_over(call.now):
        raise _in_the_way("NotPrepared", "the source is still being prepared")
    if outcome["isTriggered"]:
        raise _in_the_way("AlreadyTriggered", "this move has been triggered; prepare another one")
    return operation, outcome


def _named(call: Call, correlation_id: str) -> operations.Operation | None:
    try:
        text = base64.b64decode(correlation_id, validate=True).decode("ascii")
    except ValueError:
        return None
    operation_id = ids.parse_guid(text.partition(";")[2])
    return operations.find(call.connection, operation_id) if operation_id else None


def _not_prepared(body: TriggerDataMoveBody, why: str) -> Refused:
    return invalid_input("correlationId", f"'{body.correlation_id}' {why}")


ENDPOINTS = (prepare, result, trigger, status)
