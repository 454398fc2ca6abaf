"""Why a recovery point does not go to the archive: Azure's codes and words.

Those of Microsoft's article on troubleshooting the archive tier; which are ours, and the status
of all of them, stands in docs/decisions/0078.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ...domain.errors import Refused, conflict
from ...engine.archiving import Obstacle


class Reason(NamedTuple):
    """The code that refuses a move, and what a point's readiness says."""

    code: str
    text: str


REASONS: Mapping[str, Reason] = {
    Obstacle.DELETED: Reason("BMSUserErrorItemSoftDeleted", "Recovery-Point is soft-deleted."),
    Obstacle.ARCHIVED: Reason(
        "UserErrorRecoveryPointAlreadyInArchiveTier",
        "Recovery-Point Type is not eligible for archive move as it is already moved to archive "
        "tier",
    ),
    Obstacle.MOVING: Reason(
        "UserErrorRecoveryPointMoveAlreadyInProgress",
        "Recovery-Point is being moved to the archive tier already.",
    ),
    Obstacle.TYPE: Reason(
        "RecoveryPointTypeNotEligibleForArchive",
        "Recovery-Point Type is not eligible for archive move as only monthly and yearly recovery "
        "points are.",
    ),
    Obstacle.SNAPSHOT: Reason(
        "UserErrorRecoveryPointIsNotEligibleForArchiveMove",
        "Recovery-Point is not eligible for archive move as it is not in the vault.",
    ),
    Obstacle.YOUNG: Reason(
        "MinLifeSpanInStandardRequiredForArchive",
        "Recovery-Point is not eligible for Archive Move as lifespan spent in Vault-Standard-Tier "
        "is lesser than the required minimum, three months.",
    ),
    Obstacle.NEEDED: Reason(
        "RecoveryPointHaveActiveDependencies",
        "Recovery-Point having active dependencies for restore is not eligible for Archive Move: "
        "a daily or weekly rule still keeps it.",
    ),
    Obstacle.SHORT: Reason(
        "MinRemainingLifeSpanInArchiveRequired",
        "Recovery-Point remaining lifespan is lesser than the required minimum, six months.",
    ),
}
_OF_DATABASES: Mapping[str, str] = {
    Obstacle.TYPE: "Recovery-Point Type is not eligible for archive move as only full recovery "
    "points are.",
    Obstacle.YOUNG: "Recovery-Point is not eligible for archive move as it has not been in the "
    "vault for 45 days.",
    Obstacle.NEEDED: "Recovery-Point is not eligible for archive move as differential, incremental "
    "or log backups still depend on it.",
}
"""What the readiness of points of databases says in other words."""


def text(point: Any) -> str:
    """Return what a point's readiness says of its ``obstacle``; nothing if it has none."""
    if point.obstacle is None:
        return ""
    others = _OF_DATABASES if point.backup_type is not None else {}
    return others.get(point.obstacle, REASONS[point.obstacle].text)


def refusal(obstacle: str) -> Refused:
    """Return the refusal to move a point that something keeps from the archive."""
    reason = REASONS[obstacle]
    return conflict(reason.code, f"recoveryPointId: {reason.text}", target="recoveryPointId")
