"""What moves between tiers cost or save: fetched by an operation (docs/decisions/0080)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import Field
from sqlalchemy import ColumnElement, Row, and_

from ...arm import async_operations
from ...arm.bodies import Body, demands
from ...arm.calls import Answer, Call, endpoint
from ...arm.shapes import Shape
from ...domain import archive_tier
from ...domain.archive_tier import ARCHIVED, HARDENED
from ...domain.documents import Document
from ...domain.errors import invalid_input, not_emulated
from ...domain.instants import SECOND
from ...domain.vault_settings import CROSS_REGION, REDUNDANCY
from ...engine import operations, tiering_costs
from ...store.tables import items
from ...store.vaults import get_policy
from ...workloads.table import WORKLOADS
from .archived_points import check_rehydratable
from .paths import FABRIC_NAME, VAULT, item_of, vault_of, vault_scope
from .recovery_points import point_of

TAG = "Recovery points"
KIND = "tiering-cost"
FETCHING_TAKES = 10 * SECOND
COST = f"{VAULT}/backupTieringCost/default"

FOR_VAULT = "FetchTieringCostSavingsInfoForVaultRequest"
FOR_POLICY = "FetchTieringCostSavingsInfoForPolicyRequest"
FOR_ITEM = "FetchTieringCostSavingsInfoForProtectedItemRequest"
FOR_REHYDRATION = "FetchTieringCostInfoForRehydrationRequest"
OBJECT_TYPES = (FOR_VAULT, FOR_POLICY, FOR_ITEM, FOR_REHYDRATION)


class TieringCostBody(Body):
    """Whose costs or savings are asked for; the tiers say which way."""

    EXAMPLE = {
        "objectType": FOR_VAULT,
        "sourceTierType": HARDENED,
        "targetTierType": ARCHIVED,
    }
    model_config = demands("objectType", "sourceTierType", "targetTierType")

    object_type: str | None = Field(None, max_length=80, description=", ".join(OBJECT_TYPES))
    source_tier_type: str | None = Field(None, max_length=40)
    target_tier_type: str | None = Field(None, max_length=40)
    policy_name: str | None = Field(None, max_length=150)
    container_name: str | None = Field(None, max_length=260)
    protected_item_name: str | None = Field(None, max_length=260)
    recovery_point_id: str | None = Field(None, max_length=1000, description="Its name, or its id")
    rehydration_priority: str | None = Field(None, max_length=40, description="Standard, High")


@endpoint(
    "POST",
    f"{COST}/fetchTieringCost",
    "FetchTieringCost_Post",
    tag=TAG,
    body=TieringCostBody,
    statuses=(202,),
)
def fetch(call: Call, body: TieringCostBody) -> Answer:
    """Fetch what moving all recommended points would save, or what a rehydration would cost."""
    vault = vault_of(call)
    kind = _one_of("objectType", body.object_type, OBJECT_TYPES)
    ways = (ARCHIVED, HARDENED) if kind == FOR_REHYDRATION else (HARDENED, ARCHIVED)
    _one_of("sourceTierType", body.source_tier_type, ways[:1])
    _one_of("targetTierType", body.target_tier_type, ways[1:])
    if kind == FOR_REHYDRATION:
        found = _rehydration(call, body)
    else:
        found = _savings(call, vault, _items(call, vault, kind, body))
    begun = operations.begin(
        call.connection,
        call.rules,
        scope=vault.folded,
        kind=KIND,
        now=call.now,
        ends_at=call.now + FETCHING_TAKES,
        outcome=found,
    )
    path = f"{vault.id}/backupTieringCost/default"
    return async_operations.accepted(
        call,
        begun,
        status_path=f"{path}/operationsStatus",
        result_path=f"{path}/operationResults",
    )


def _one_of(field: str, sent: str | None, allowed: tuple[str, ...]) -> str:
    """Return the word that was sent, in Azure's casing. Raises ``Refused``."""
    for word in allowed:
        if sent is not None and sent.lower() == word.lower():
            return word
    raise invalid_input(field, f"'{sent or ''}' is not allowed; allowed: {', '.join(allowed)}")


def _required(field: str, sent: str | None) -> str:
    if not sent:
        raise invalid_input(field, "is required")
    return sent


def _items(call: Call, vault: Row[Any], kind: str, body: TieringCostBody) -> ColumnElement[bool]:
    """Return the condition for the items whose savings are asked for. Raises ``Refused``."""
    if kind == FOR_ITEM:
        return and_(items.c.key == _named(call, body)[1].key)
    if kind == FOR_POLICY:
        name = _required("policyName", body.policy_name)
        return and_(items.c.policy_key == get_policy(call.connection, vault, name).key)
    return and_(items.c.vault_key == vault.key)


def _named(call: Call, body: TieringCostBody) -> tuple[Call, Row[Any]]:
    """Return the protected item in the body, and a call whose path names it. Raises ``Refused``."""
    path = {
        "fabricName": FABRIC_NAME,
        "containerName": _required("containerName", body.container_name),
        "protectedItemName": _required("protectedItemName", body.protected_item_name),
    }
    there = replace(call, path={**call.path, **path})
    item = item_of(there)[1]
    workload = WORKLOADS[item.workload]
    if workload.streaming is not None:
        raise not_emulated("protectedItemName", f"the archive of a {workload.title}")
    if not workload.archived:
        raise invalid_input(
            "protectedItemName", f"'{item.name}' has no archive; only virtual machines have one"
        )
    return there, item


def _savings(call: Call, vault: Row[Any], of: ColumnElement[bool]) -> Document:
    saved = tiering_costs.savings(call.connection, of, call.now)
    settings = vault.properties["redundancySettings"]
    standard = archive_tier.STANDARD_PRICES[settings[REDUNDANCY]]
    if settings[CROSS_REGION] == "Enabled":
        standard = archive_tier.CROSS_REGION_PRICE
    return {
        "objectType": "TieringCostSavingInfo",
        "sourceTierSizeReductionInBytes": saved.reduction,
        "targetTierSizeIncreaseInBytes": saved.increase,
        "retailSourceTierCostPerGBPerMonth": standard,
        "retailTargetTierCostPerGBPerMonth": archive_tier.ARCHIVE_PRICES[settings[REDUNDANCY]],
    }


def _rehydration(call: Call, body: TieringCostBody) -> Document:
    priorities = tuple(archive_tier.REHYDRATION_PRICES)
    priority = _one_of("rehydrationPriority", body.rehydration_priority, priorities)
    there, item = _named(call, body)
    name = _required("recoveryPointId", body.recovery_point_id).rpartition("/")[2]
    point = point_of(replace(there, path={**there.path, "recoveryPointId": name}), item)
    check_rehydratable(call, item, point)
    return {
        "objectType": "TieringCostRehydrationInfo",
        "rehydrationSizeInBytes": tiering_costs.full_bytes(point.disks, item.entropy),
        "retailRehydrationCostPerGBPerMonth": archive_tier.REHYDRATION_PRICES[priority],
    }


@endpoint(
    "GET",
    f"{COST}/operationsStatus/{{operationId}}",
    "TieringCostOperationStatus_Get",
    tag=TAG,
    answers=Shape.OPERATION,
)
def get_status(call: Call) -> Answer:
    """Show how the operation stands: always 200, the state in the body."""
    operation = async_operations.find_kind(call, vault_scope(call), KIND)
    return async_operations.status(call, operation)


@endpoint(
    "GET",
    f"{COST}/operationResults/{{operationId}}",
    "GetTieringCostOperationResult_Get",
    tag=TAG,
    statuses=(200, 202),
    answers=Shape.OBJECT,
)
def get_result(call: Call) -> Answer:
    """Show the costs or savings that were fetched: 202 while the operation runs, then 200."""
    operation = async_operations.find_kind(call, vault_scope(call), KIND)
    return async_operations.result(call, operation, lambda: operation.outcome)


ENDPOINTS = (fetch, get_status, get_result)
