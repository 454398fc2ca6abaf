"""The tiering part of policy bodies: when points move to the archive tier, as data.

Sources: azure-backup-semantics 1.3 and 1.6, the SDK's ``TieringPolicy``, and the rules that
Microsoft's PowerShell states: of VMs at least 3 months, and 6 more to stay; of databases 45 days
and 180 more (docs/decisions/0048, 0070).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
DATABASE_MODES = ("TierAfter", "DoNotTier")
FEWEST_DAYS = 45
DAYS_LEFT = 180
"""Both of databases."""

_OFF: Document = {"tieringMode": "DoNotTier", "duration": 0, "durationType": "Invalid"}
NO_ARCHIVE: Document = {ARCHIVE: _OFF}


@dataclass(frozen=True, slots=True)
class Eligibility:
    """What a workload asks of its tiering; ``after`` and ``left`` count units of some days.

    A point moves ``after`` so long at least and then has so much ``left``, as a rule of one of
    the categories must allow.
    """

    modes: tuple[str, ...]
    unit: str
    after: int
    left: int
    categories: tuple[str, ...]

    @property
    def unit_days(self) -> int:
        """How many days its unit counts."""
        return DAYS_OF[self.unit]

    def span(self, count: int) -> str:
        """Write a number of units."""
        return f"{count} {self.unit.lower()}"


VM = Eligibility(MODES, "Months", FEWEST_MONTHS, MONTHS_LEFT, ("monthly", "yearly"))
DATABASE = Eligibility(
    DATABASE_MODES, "Days", FEWEST_DAYS, DAYS_LEFT, ("daily", "weekly", "monthly", "yearly")
)


def tiering(
    sent: Mapping[str, Any],
    stored: Mapping[str, Any] | None,
    retention: Document,
    field: str = "properties",
    rules: Eligibility = VM,
) -> Document:
    """Return the tiering to store; without any in the request the stored one stays.

    ``sent`` is what ``field`` names of the request, without nulls, ``retention`` what is stored
    of its retention. Raises ``Refused``.
    """
    found: Document = dict((stored or {}).get("tieringPolicy", NO_ARCHIVE))
    field = f"{field}.tieringPolicy"
    for tier, asked in (sent.get("tieringPolicy") or {}).items():
        if tier != ARCHIVE:
            raise invalid_policy_input(field, f"'{tier}' is not allowed; allowed: {ARCHIVE}")
        found = {ARCHIVE: _rule(asked or {}, f"{field}.{ARCHIVE}", rules)}
    _check_retention(found[ARCHIVE], retention, f"{field}.{ARCHIVE}", rules)
    return found


def _rule(asked: Mapping[str, Any], field: str, rules: Eligibility) -> Document:
    mode = one_of(asked, "tieringMode", field, rules.modes)
    duration = asked.get("duration") or 0
    if mode != "TierAfter":
        if duration:
            raise invalid_policy_input(
                f"{field}.duration", f"{duration} is not allowed with {mode}; allowed: 0"
            )
        one_of({"durationType": "Invalid"} | dict(asked), "durationType", field, ("Invalid",))
        return _OFF | {"tieringMode": mode}
    unit = one_of(asked, "durationType", field, tuple(DAYS_OF))
    if duration * DAYS_OF[unit] < rules.after * rules.unit_days:
        raise invalid_policy_input(
            f"{field}.duration",
            f"{duration} {unit} is too short; points move after {rules.span(rules.after)} at least",
        )
    return {"tieringMode": mode, "duration": duration, "durationType": unit}


def _check_retention(rule: Document, retention: Document, field: str, rules: Eligibility) -> None:
    """Refuse an archive that no point would ever reach with enough time left."""
    if rule["tieringMode"] == "DoNotTier":
        return
    after = rules.after * rules.unit_days
    if rule["tieringMode"] == "TierAfter":
        after = rule["duration"] * DAYS_OF[rule["durationType"]]
    needed = after + rules.left * rules.unit_days
    lengths = [
        retention[f"{name}Schedule"]["retentionDuration"]
        for name in rules.categories
        if f"{name}Schedule" in retention
    ]
    if all(each["count"] * DAYS_OF[each["durationType"]] < needed for each in lengths):
        least = rules.span(-(-needed // rules.unit_days))
        raise invalid_policy_input(
            f"{field}.tieringMode",
            f"'{rule['tieringMode']}' needs {' or '.join(rules.categories)} retention of {least} "
            f"at least, {rules.left} of them in the archive; send DoNotTier or keep longer",
        )
