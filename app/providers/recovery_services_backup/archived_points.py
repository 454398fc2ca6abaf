"""Restores of points in the archive: which are refused, and what a rehydration may ask for.

Codes are those of Microsoft's article on troubleshooting the archive tier (docs/decisions/0079).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from ...arm.calls import Call
from ...domain.archive_tier import FEWEST_DAYS, MOST_DAYS, USUAL_DAYS
from ...domain.errors import Refused, conflict, invalid_input
from ...domain.instants import parse_duration, wire
from ...domain.jobs import Phase
from ...engine.archiving import points_in_phase
from ...engine.rehydrations import Rehydration, is_rehydrated
from ...engine.restores import DISKS
from .restore_bodies import RestoreRequest

PLAIN = "IaasVMRestoreRequest"
WITH_REHYDRATION = "IaasVMRestoreWithRehydrationRequest"
OBJECT_TYPES = (PLAIN, WITH_REHYDRATION)
_INFO = "properties.recoveryPointRehydrationInfo"


def rehydration(asked: RestoreRequest) -> Rehydration | None:
    """Return the rehydration that a restore asks for, ``None`` if it asks for none.

    Raises ``Refused``.
    """
    info = asked.recovery_point_rehydration_info
    if asked.object_type.lower() != WITH_REHYDRATION.lower():
        if info is not None:
            raise invalid_input(_INFO, f"is only allowed with objectType {WITH_REHYDRATION}")
        return None
    if info is None:
        raise invalid_input(_INFO, f"is required with objectType {WITH_REHYDRATION}")
    if info.rehydration_priority is None:
        raise invalid_input(f"{_INFO}.rehydrationPriority", "is required; allowed: Standard, High")
    return Rehydration(info.rehydration_priority, _days(info.rehydration_retention_duration))


def _days(sent: str | None) -> int:
    if sent is None:
        return USUAL_DAYS
    for days in range(FEWEST_DAYS, MOST_DAYS + 1):
        if _length(sent) == timedelta(days=days):
            return days
    raise invalid_input(
        f"{_INFO}.rehydrationRetentionDuration",
        f"'{sent}' must be whole days, from P{FEWEST_DAYS}D to P{MOST_DAYS}D",
    )


def _length(sent: str) -> Any:
    try:
        return parse_duration(sent)
    except ValueError:
        return None


def check(
    call: Call, item: Row[Any], point: Row[Any], asked: RestoreRequest, detail: dict[str, Any]
) -> None:
    """Refuse a plain restore that needs what is in the archive, and a needless rehydration.

    ``detail`` is what the job would know. Raises ``Refused``.
    """
    if rehydration(asked) is not None:
        check_rehydratable(call, item, point)
        return
    as_vhds = detail["kind"] == DISKS and detail["target_group"] is None
    check_readable(call, point, from_vault=as_vhds or detail["from_vault"])


def check_readable(call: Call, point: Row[Any], *, from_vault: bool = False) -> None:
    """Refuse to read a point that is in the archive, unless its snapshot is there and will do."""
    if point.archived_at is None or is_rehydrated(point, call.now):
        return
    if from_vault or not point.snapshot_valid:
        raise _refused(
            "UserErrorRecoveryPointNotRehydrated",
            "Archive Recovery Point is not rehydrated. Restore it with objectType "
            f"{WITH_REHYDRATION}, or retry after rehydration completed on it.",
        )


def check_rehydratable(call: Call, item: Row[Any], point: Row[Any]) -> None:
    """Refuse to rehydrate what is not in the archive, or is on its way back or back already."""
    if point.archived_at is None:
        raise _refused(
            "UserErrorRecoveryPointRehydrationNotAllowed",
            "Rehydration is only supported for Archive Recovery Points; restore this one with "
            f"objectType {PLAIN}.",
        )
    if is_rehydrated(point, call.now):
        raise _refused(
            "UserErrorRecoveryPointAlreadyRehydrated",
            "Recovery Point is already rehydrated. Rehydration is not allowed on this RP until "
            f"{wire(point.rehydrated_until)}; restore it with objectType {PLAIN}.",
        )
    if point.taken_at in points_in_phase(call.connection, item.key, Phase.REHYDRATING):
        raise _refused(
            "UserErrorRecoveryPointRehydrationAlreadyInProgress",
            "Rehydration is already In-Progress for Archive Recovery Point; wait for its job.",
        )


def _refused(code: str, message: str) -> Refused:
    return conflict(code, f"recoveryPointId: {message}", target="recoveryPointId")
