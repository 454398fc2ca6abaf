"""The retention part of policy bodies: Azure's rules of the four categories, and simple ones.

Sources: azure-backup-semantics 1.2, 1.3 and 7.3; what they leave open, docs/decisions/0042, 0069
and 0070.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .documents import Document
from .errors import invalid_policy_input, invalid_policy_retention
from .instants import DAY, wire
from .policy_fields import Refuse, in_range, one_of, required, run_time, several_of
from .retention_rules import LAST_DAY, MONTHS, WEEKDAYS, WEEKS
from .schedule_documents import Schedule

LENGTHS = {
    "dailySchedule": ("Days", (7, 9999)),
    "weeklySchedule": ("Weeks", (1, 5163)),
    "monthlySchedule": ("Months", (1, 1188)),
    "yearlySchedule": ("Years", (1, 99)),
}
"""The unit of each category's length, and its range: of VMs, databases and vaulted file shares."""
SNAPSHOT_LENGTHS = {
    "dailySchedule": ("Days", (1, 200)),
    "weeklySchedule": ("Weeks", (1, 200)),
    "monthlySchedule": ("Months", (1, 120)),
    "yearlySchedule": ("Years", (1, 10)),
}
"""Those of file shares whose points are snapshots: a share has 200 of them at most."""
VAULTED_LENGTHS = LENGTHS | {"dailySchedule": ("Days", (1, 9999))}
"""Those of file shares whose points are in the vault."""
MONTH_DAYS = (1, 28)
_DAYS = {"Days": 1, "Weeks": 7, "Months": 31, "Years": 366}


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long the points of each category may be kept, and the refusal of what is not."""

    of: Mapping[str, tuple[str, tuple[int, int]]]
    refuse: Refuse = invalid_policy_input


VM = Lengths(LENGTHS)
DATABASE = Lengths(LENGTHS, invalid_policy_retention)
FILE_SHARE_SNAPSHOTS = Lengths(SNAPSHOT_LENGTHS)
FILE_SHARE_VAULT = Lengths(VAULTED_LENGTHS)


def long_term(
    sent: Mapping[str, Any],
    schedule: Schedule,
    field: str = "properties.retentionPolicy",
    lengths: Lengths = VM,
) -> Document:
    """Return the retention to store for a policy with a schedule.

    ``sent`` holds it, without nulls, under the last name of ``field``. Raises ``Refused``.
    """
    run_days = schedule.run_days
    retention = required(sent, field.rpartition(".")[2], field)
    one_of(retention, "retentionPolicyType", field, ("LongTermRetentionPolicy",))
    needed = "dailySchedule" if run_days is None else "weeklySchedule"
    required(retention, needed, f"{field}.{needed}")
    if run_days is not None and "dailySchedule" in retention:
        raise invalid_policy_input(
            f"{field}.dailySchedule", "is not allowed with a weekly schedule; send weeklySchedule"
        )
    document: Document = {"retentionPolicyType": "LongTermRetentionPolicy"}
    for name in lengths.of:
        if name in retention:
            document[name] = _category(name, retention[name], schedule, field, lengths)
    return document


def simple(
    sent: Mapping[str, Any], field: str, allowed: tuple[int, int], refuse: Refuse
) -> Document:
    """Return the ``SimpleRetentionPolicy`` to store of what ``field`` names: some days.

    Raises ``Refused``.
    """
    field = f"{field}.retentionPolicy"
    retention = required(sent, "retentionPolicy", field)
    kind = one_of(retention, "retentionPolicyType", field, ("SimpleRetentionPolicy",))
    field = f"{field}.retentionDuration"
    duration = required(retention, "retentionDuration", field)
    unit = one_of(duration, "durationType", field, ("Days",))
    count = in_range(duration.get("count"), f"{field}.count", allowed, "days", refuse)
    return {
        "retentionPolicyType": kind,
        "retentionDuration": {"count": count, "durationType": unit},
    }


def kept_days(retention: Document) -> int:
    """Return for how many days every vaulted point is kept at least."""
    name = "dailySchedule" if "dailySchedule" in retention else "weeklySchedule"
    count: int = retention[name]["retentionDuration"]["count"]
    return count if name == "dailySchedule" else 7 * count


def longest_days(retention: Document) -> int:
    """Return for how many days some point may be kept, months and years at their longest."""
    durations = (part["retentionDuration"] for part in retention.values() if isinstance(part, dict))
    longest: int = max(each["count"] * _DAYS[each["durationType"]] for each in durations)
    return longest


def _category(
    name: str, sent: Mapping[str, Any], schedule: Schedule, field: str, lengths: Lengths
) -> Document:
    field = f"{field}.{name}"
    run_days = schedule.run_days
    days: Document = {}
    if name == "weeklySchedule":
        days = {"daysOfTheWeek": several_of(sent, "daysOfTheWeek", field, WEEKDAYS)}
        if run_days is not None and set(days["daysOfTheWeek"]) != set(run_days):
            told = f"'{', '.join(days['daysOfTheWeek'])}' must be the days of the schedule"
            raise invalid_policy_input(f"{field}.daysOfTheWeek", f"{told}: {', '.join(run_days)}")
    elif name != "dailySchedule":
        days = _days_of_months(name, sent, run_days, field)
    _check_time(sent, schedule, field)
    duration = required(sent, "retentionDuration", f"{field}.retentionDuration")
    field = f"{field}.retentionDuration"
    unit, allowed = lengths.of[name]
    one_of(duration, "durationType", field, (unit,))
    count = in_range(duration.get("count"), f"{field}.count", allowed, unit.lower(), lengths.refuse)
    length = {"retentionDuration": {"count": count, "durationType": unit}}
    return days | schedule.retention_times | length


def _check_time(sent: Mapping[str, Any], schedule: Schedule, field: str) -> None:
    """Refuse another time than the schedule's; an hourly one may leave it out."""
    at = schedule.at
    if schedule.frequency == "Hourly" and not sent.get("retentionTimes"):
        return
    if run_time(sent, "retentionTimes", field, at) % DAY != at % DAY:
        raise invalid_policy_input(
            f"{field}.retentionTimes",
            f"'{sent['retentionTimes'][0]}' must be the time of the schedule, {wire(at)[11:]}",
        )


def _days_of_months(
    name: str, sent: Mapping[str, Any], run_days: list[str] | None, field: str
) -> Document:
    """Return which days a monthly or yearly category tags."""
    formats = ("Daily", "Weekly") if run_days is None else ("Weekly",)
    by = one_of(sent, "retentionScheduleFormatType", field, formats)
    days: Document = {"retentionScheduleFormatType": by}
    if name == "yearlySchedule":
        days["monthsOfYear"] = several_of(sent, "monthsOfYear", field, MONTHS)
    part = f"retentionSchedule{by}"
    schedule = required(sent, part, f"{field}.{part}")
    field = f"{field}.{part}"
    if by == "Daily":
        return days | {part: {"daysOfTheMonth": _days_of_the_month(schedule, field)}}
    weekdays = several_of(schedule, "daysOfTheWeek", field, WEEKDAYS)
    strangers = [day for day in weekdays if run_days is not None and day not in run_days]
    if strangers:
        raise invalid_policy_input(
            f"{field}.daysOfTheWeek",
            f"'{strangers[0]}' is not a day of the schedule; allowed: {', '.join(run_days or [])}",
        )
    weeks = several_of(schedule, "weeksOfTheMonth", field, WEEKS)
    return days | {part: {"daysOfTheWeek": weekdays, "weeksOfTheMonth": weeks}}


def _days_of_the_month(schedule: Mapping[str, Any], field: str) -> list[Document]:
    field = f"{field}.daysOfTheMonth"
    sent = schedule.get("daysOfTheMonth") or []
    if not sent:
        raise invalid_policy_input(field, "has 0 entries; at least 1 is needed")
    numbers = [
        LAST_DAY
        if day.get("isLast")
        else in_range(day.get("date"), f"{field}[{number}].date", MONTH_DAYS, "or isLast true")
        for number, day in enumerate(sent)
    ]
    if len(set(numbers)) < len(numbers):
        told = ", ".join("last" if number == LAST_DAY else str(number) for number in numbers)
        raise invalid_policy_input(field, f"'{told}' must be distinct")
    return [{"date": number, "isLast": number == LAST_DAY} for number in numbers]
