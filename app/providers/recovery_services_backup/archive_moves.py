"""Moves of recovery points to the archive tier: what is recommended, and the move itself."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ...arm.bodies import Body, demands
from ...arm.calls import Answer, Call, endpoint
from ...arm.shapes import Shape
from ...domain.archive_tier import ARCHIVED, HARDENED
from ...domain.errors import conflict, invalid_input, not_emulated
from ...engine import tiering
from ...workloads.table import WORKLOADS
from .archive_obstacles import refusal
from .paths import ITEM, POINT, item_of
from .protected_items import item_accepted
from .recovery_points import TAG, point_of, ready_for_archive, render

MOST_EXCLUDED = 10_000
OBJECT_TYPE = "MoveRPAcrossTiersRequest"


class RecommendedBody(Body):
    """Which points to leave out, by name or by id."""

    EXAMPLE = {"objectType": "ListRecoveryPointsRecommendedForMoveRequest", "excludedRPList": []}

    object_type: str | None = Field(None, max_length=80)
    excluded_rp_list: list[str] | None = Field(
        None, alias="excludedRPList", max_length=MOST_EXCLUDED, examples=[[]]
    )


class MoveAcrossTiersBody(Body):
    """From which tier to which one."""

    EXAMPLE = {
        "objectType": OBJECT_TYPE,
        "sourceTierType": HARDENED,
        "targetTierType": ARCHIVED,
    }
    model_config = demands("sourceTierType", "targetTierType")

    object_type: str | None = Field(None, max_length=80)
    source_tier_type: str | None = Field(None, max_length=40)
    target_tier_type: str | None = Field(None, max_length=40)


@endpoint(
    "POST",
    f"{ITEM}/recoveryPointsRecommendedForMove",
    "RecoveryPointsRecommendedForMove_List",
    tag=TAG,
    body=RecommendedBody,
    answers=Shape.RESOURCES,
)
def list_recommended(call: Call, body: RecommendedBody) -> dict[str, Any]:
    """List the points that can be moved to the archive, newest first: all of them are advised."""
    vault, item = item_of(call)
    workload = WORKLOADS[item.workload]
    if not workload.archived or workload.streaming is not None:
        raise conflict(
            "UserErrorDatasourceTypeIsNotSupportedForRecommendationApi",
            "protectedItemName: Datasource Type is not eligible for Recommendation API; only "
            "virtual machines are.",
            target="protectedItemName",
        )
    excluded = {each.rpartition("/")[2] for each in body.excluded_rp_list or ()}
    shown = (render(call, vault, item, each) for each in ready_for_archive(call, item))
    return {"value": [each for each in shown if each["name"] not in excluded]}


@endpoint(
    "POST",
    f"{POINT}/move",
    "MoveRecoveryPoint",
    tag=TAG,
    body=MoveAcrossTiersBody,
    statuses=(202,),
)
def move(call: Call, body: MoveAcrossTiersBody) -> Answer:
    """Move a point from the standard tier of the vault to its archive; a job does it."""
    _check(body)
    vault, item = item_of(call)
    workload = WORKLOADS[item.workload]
    if workload.streaming is not None:
        raise not_emulated("protectedItemName", f"the archive of a {workload.title}")
    point = point_of(call, item)
    if point.obstacle is not None:
        raise refusal(point.obstacle)
    job_id = tiering.begin_move(
        call.connection, call.rules, item, point, call.now, activity_id=call.client_request_id
    )
    return item_accepted(call, vault, item, "move", job_id=job_id, ends_at=call.now)


def _check(body: MoveAcrossTiersBody) -> None:
    """Refuse all but the one way there is."""
    for field, sent, allowed in (
        ("objectType", body.object_type or OBJECT_TYPE, OBJECT_TYPE),
        ("sourceTierType", body.source_tier_type, HARDENED),
        ("targetTierType", body.target_tier_type, ARCHIVED),
    ):
        if (sent or "").lower() != allowed.lower():
            raise invalid_input(field, f"'{sent or ''}' is not allowed; allowed: {allowed}")


ENDPOINTS = (list_recommended, move)
