"""The tiering part of policy bodies: when points move to the archive tier, as data.

Sources: azure-backup-semantics 1.3 and 1.6, the SDK's ``TieringPolicy``, and the rule that
Microsoft's PowerShell states: at least 3 months, and 6 more to stay (docs/decisions/0048).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .documents import Document
from .errors import invalid_policy_input
from .policy_fields import one_of

ARCHIVE = "ArchivedRP"
MODES = ("TierRecommended", "TierAfter", "DoNotTier")
DAYS_OF = {"Days": 1, "Weeks": 7, "Months": 30, "Years": 360}
FEWEST_MONTHS = 3
MONTHS_LEFT = 6
"""How long a point must have to live when it is moved."""

_OFF: Document = {"tieringMode": "DoNotTier", "duration": 0, "durationType": "Invalid"}
NO_ARCHIVE: Document = {ARCHIVE: _OFF}


def tiering(
    sent: Mapping[str, Any], stored: Mapping[str, Any] | None, retention: Document
) -> Document:
    """Return the tiering to store; without any in the request the stored one stays.

    ``sent`` is the request's properties without nulls, ``retention`` what is stored of their
    retention. Raises ``Refused``.
    """
    found: Document = dict((stored or {}).get("tieringPolicy", NO_ARCHIVE))
    field = "properties.tieringPolicy"
    for tier, asked in (sent.get("tieringPolicy") or {}).items():
        if tier != ARCHIVE:
            raise invalid_policy_input(field, f"'{tier}' is not allowed; allowed: {ARCHIVE}")
        found = {ARCHIVE: _rule(asked or {}, f"{field}.{ARCHIVE}")}
    _check_retention(found[ARCHIVE], retention, f"{field}.{ARCHIVE}")
    return found


def _rule(asked: Mapping[str, Any], field: str) -> Document:
    mode = one_of(asked, "tieringMode", field, MODES)
    duration = asked.get("duration") or 0
    if mode != "TierAfter":
        if duration:
            raise invalid_policy_input(
                f"{field}.duration", f"{duration} is not allowed with {mode}; allowed: 0"
            )
        one_of({"durationType": "Invalid"} | dict(asked), "durationType", field, ("Invalid",))
        return _OFF | {"tieringMode": mode}
    unit = one_of(asked, "durationType", field, tuple(DAYS_OF))
    if duration * DAYS_OF[unit] < FEWEST_MONTHS * DAYS_OF["Months"]:
        raise invalid_policy_input(
            f"{field}.duration",
            f"{duration} {unit} is too short; points move after {FEWEST_MONTHS} months at least",
        )
    return {"tieringMode": mode, "duration": duration, "durationType": unit}


def _check_retention(rule: Document, retention: Document, field: str) -> None:
    """Refuse an archive that no point would ever reach with enough time left."""
    if rule["tieringMode"] == "DoNotTier":
        return
    after = FEWEST_MONTHS * DAYS_OF["Months"]
    if rule["tieringMode"] == "TierAfter":
        after = rule["duration"] * DAYS_OF[rule["durationType"]]
    needed = after + MONTHS_LEFT * DAYS_OF["Months"]
    lengths = [
        retention[name]["retentionDuration"]
        for name in ("monthlySchedule", "yearlySchedule")
        if name in retention
    ]
    if all(each["count"] * DAYS_OF[each["durationType"]] < needed for each in lengths):
        raise invalid_policy_input(
            f"{field}.tieringMode",
            f"'{rule['tieringMode']}' needs monthly or yearly retention of {-(-needed // 30)} "
            f"months at least, {MONTHS_LEFT} of them in the archive; send DoNotTier or keep longer",
        )
