"""Moves of resources to another resource group, and the question whether they could be moved."""

from __future__ import annotations

from typing import Any

from pydantic import Field
from sqlalchemy import Row, select

from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...arm.examples import GROUP_ID, SUBSCRIPTION
from ...domain import resource_ids, resource_types
from ...domain.errors import (
    Kind,
    Refused,
    conflict,
    invalid,
    not_emulated,
    resource_not_found,
)
from ...domain.instants import SECOND
from ...domain.resource_ids import VAULT_TYPE, ResourceId
from ...engine import moves, operations
from ...store import resource_tables as tables
from ...store.vaults import get_group
from .resource_groups import TAG, poll

SOURCE = "/subscriptions/{subscriptionId}/resourceGroups/{sourceResourceGroupName}"
MOVE = "move"
MOVE_TAKES = 60 * SECOND
VALIDATION_TAKES = 10 * SECOND
MOST_AT_ONCE = 800
"""ARM moves at most so many resources in one request."""


class MoveBody(Body):
    """Which resources of the group move, and to which."""

    EXAMPLE = {
        "resources": [f"{GROUP_ID}/providers/Microsoft.Compute/disks/disk-1"],
        "targetResourceGroup": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/group-2",
    }

    resources: list[str] = Field(default_factory=list, max_length=MOST_AT_ONCE)
    target_resource_group: str | None = Field(default=None, max_length=400)


@endpoint(
    "POST",
    f"{SOURCE}/moveResources",
    "Resources_MoveResources",
    tag=TAG,
    body=MoveBody,
    statuses=(202,),
)
def move(call: Call, body: MoveBody) -> Answer:
    """Move VMs, disks and what else a group holds to another group; their ids change."""
    source, target, rows = _checked(call, body)
    operation = _begin(call, source, MOVE, MOVE_TAKES)
    moves.move(call.connection, call.rules, rows, target, call.now)
    return Answer(202, headers=poll(call, operation))


@endpoint(
    "POST",
    f"{SOURCE}/validateMoveResources",
    "Resources_ValidateMoveResources",
    tag=TAG,
    body=MoveBody,
    statuses=(202,),
)
def validate(call: Call, body: MoveBody) -> Answer:
    """Tell whether resources could be moved: what is in the way is refused as a move would be."""
    source, _, _ = _checked(call, body)
    return Answer(202, headers=poll(call, _begin(call, source, MOVE, VALIDATION_TAKES)))


def _begin(call: Call, source: Row[Any], kind: str, takes: int) -> operations.Operation:
    return operations.begin(
        call.connection,
        call.rules,
        scope=source.folded,
        kind=kind,
        now=call.now,
        ends_at=call.now + takes,
    )


def _checked(call: Call, body: MoveBody) -> tuple[Row[Any], Row[Any], list[Row[Any]]]:
    """Return the source, the target and what moves. Raises ``Refused``."""
    source = get_group(call.connection, call.subscription, call.path["sourceResourceGroupName"])
    target = _target(call, body.target_resource_group)
    if target.folded == source.folded:
        raise invalid(
            "MoveTargetIsSource",
            f"targetResourceGroup: '{target.name}' is the group that the resources are in.",
            target="targetResourceGroup",
        )
    if not body.resources:
        raise invalid(
            "InvalidRequestContent",
            "resources: at least one resource to move must be named.",
            target="resources",
        )
    named = _resources(call, [_resource_id(source, sent) for sent in body.resources])
    rows = moves.with_their_own(call.connection, named)
    _refuse_names_that_are_taken(call, rows, target)
    if target.subscription != source.subscription:
        _refuse_to_part(call, rows)
    return source, target, rows


def _target(call: Call, sent: str | None) -> Row[Any]:
    parsed = resource_ids.parse_group(sent or "")
    if parsed is None:
        raise invalid(
            "InvalidRequestContent",
            f"targetResourceGroup: '{sent or ''}' is not the id of a resource group, such as "
            "/subscriptions/<id>/resourceGroups/<name>.",
            target="targetResourceGroup",
        )
    return get_group(call.connection, *parsed)


def _resource_id(source: Row[Any], sent: str) -> ResourceId:
    parsed = resource_ids.parse(sent)
    if parsed is None or not parsed.folded.startswith(f"{source.folded}/"):
        raise invalid(
            "InvalidRequestContent",
            f"resources: '{sent}' is not the id of a resource in group '{source.name}'; all that "
            "move together must be in it.",
            target="resources",
        )
    if parsed.type.lower() == VAULT_TYPE.lower():
        raise not_emulated("resources", f"the move of '{parsed.name}': vaults stay in their group")
    if parsed.type.lower() in resource_types.UNMOVABLE:
        raise _validation_failed(
            [
                conflict(
                    "ResourceMoveNotSupported",
                    f"Resource move is not supported for resource types '{parsed.type}'.",
                    target=parsed.text,
                )
            ]
        )
    return parsed


def _resources(call: Call, wanted: list[ResourceId]) -> list[Row[Any]]:
    """Return the resources with some ids, each once. Raises ``Refused`` for one that is missing."""
    by_folded = {each.folded: each for each in wanted}
    rows = call.connection.execute(
        select(tables.resources)
        .where(tables.resources.c.folded.in_(by_folded))
        .order_by(tables.resources.c.folded)
    ).all()
    found = {row.folded for row in rows}
    for folded, each in by_folded.items():
        if folded not in found:
            raise resource_not_found(each.type, each.name, each.group)
    return list(rows)


def _refuse_names_that_are_taken(call: Call, rows: list[Row[Any]], target: Row[Any]) -> None:
    wanted = [moves.new_id(row, target).lower() for row in rows]
    taken = call.connection.execute(
        select(tables.resources.c.id)
        .where(tables.resources.c.folded.in_(wanted))
        .order_by(tables.resources.c.folded)
    ).scalars()
    problems = [
        conflict(
            "ResourceExistsInTargetGroup",
            f"'{each}' exists; a group holds one resource of a type and name.",
            target=each,
        )
        for each in taken
    ]
    if problems:
        raise _validation_failed(problems)


def _refuse_to_part(call: Call, rows: list[Row[Any]]) -> None:
    """A subscription is only left together with all that one is tied to."""
    missing = moves.strangers(call.connection, rows)
    if missing:
        names = ", ".join(missing)
        raise _validation_failed(
            [
                conflict(
                    "MissingMoveDependentResources",
                    "The move resources request does not contain all the dependent resources: "
                    f"{names}. Move them too, or part them first.",
                    target=each,
                )
                for each in missing
            ]
        )


def _validation_failed(problems: list[Refused]) -> Refused:
    return Refused(
        Kind.CONFLICT,
        "ResourceMoveProviderValidationFailed",
        f"Resource move validation failed: {problems[0].message} Nothing was moved.",
        target="resources",
        details=problems,
    )


ENDPOINTS = (move, validate)
