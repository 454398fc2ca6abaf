"""Moves of recovery points to the archive tier: what is recommended; the move is not emulated."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ...arm.bodies import Body
from ...arm.calls import Call, endpoint
from ...arm.shapes import Shape
from ...domain.errors import not_emulated
from .paths import ITEM, POINT, item_of
from .recovery_points import TAG, point_of, ready_for_archive, render

MOST_EXCLUDED = 10_000


class RecommendedBody(Body):
    """Which points to leave out, by name or by id."""

    EXAMPLE = {"objectType": "ListRecoveryPointsRecommendedForMoveRequest", "excludedRPList": []}

    object_type: str | None = Field(None, max_length=80)
    excluded_rp_list: list[str] | None = Field(
        None, alias="excludedRPList", max_length=MOST_EXCLUDED, examples=[[]]
    )


class MoveAcrossTiersBody(Body):
    """From which tier to which one."""

    EXAMPLE = {"sourceTierType": "HardenedRP", "targetTierType": "ArchivedRP"}

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
def move(call: Call, body: MoveAcrossTiersBody) -> None:
    """Move a point to the archive tier: refused, as there is none here."""
    _, item = item_of(call)
    point_of(call, item)
    raise not_emulated(
        "targetTierType",
        f"moves from {body.source_tier_type or 'HardenedRP'} to "
        f"{body.target_tier_type or 'ArchivedRP'}",
    )


ENDPOINTS = (list_recommended, move)
