"""docs/policies.md lists every field of a policy, what it may be, and what a wrong one is told.

It is written by this file: ``python -m tests.house.test_policies_page`` after a change. Ranges
and words are read from the code, and every row's wrong values are tried.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.arm import bodies
from app.domain.errors import Refused
from app.domain.instants import parse
from app.domain.policy_documents import check_name, policy
from app.domain.retention_documents import LENGTHS, MONTH_DAYS
from app.domain.retention_rules import MONTHS, WEEKDAYS, WEEKS
from app.domain.schedule_documents import (
    DEFAULT_INSTANT_DAYS,
    FREQUENCIES,
    INTERVALS,
    KINDS,
    WEEKLY_FREQUENCIES,
    WINDOW_HOURS,
    Schedule,
)
from app.domain.snapshot_groups import LONGEST, PREFIX, SUFFIX
from app.domain.tiering_documents import DAYS_OF, FEWEST_MONTHS, MODES, MONTHS_LEFT
from app.providers.recovery_services_backup.policy_bodies import (
    PolicyBody,
    PolicyProperties,
    RetentionPolicy,
    SchedulePolicy,
)

PAGE = Path(__file__).parents[2] / "docs" / "policies.md"
NOW = parse("2026-05-06T07:08:09Z")
AT = "2026-01-01T22:00:00Z"
POLICY, TYPE, NOT = "BMSUserErrorInvalidPolicyInput", "InvalidRequestContent", "NotSupported"
LEAVE_OUT = ...
HUGE = 10**30
INTRODUCTION = """# What a VM policy may say

Written by `python -m tests.house.test_policies_page`; do not edit. The ranges are those of the
code, and every wrong value of a row is sent to it.

A refusal is HTTP 400 and names the field, the value and what is allowed. `InvalidRequestContent`
is the answer to a wrong JSON type wherever it stands: a fraction or a boolean for a number, a
number for a text, an object for a list; a number may be written as a text. Nulls are as if left
out, unknown fields are ignored, and so are parts that the schedule's frequency or the format's
type does not use. Words are read in any casing and shown in Azure's. Lists keep their order; an
entry that is there twice is refused.

Of a time only the time of day counts, in the policy's `timeZone`: `2026-01-01T22:00:00Z` is 22:00
there. Seconds may have decimals, of which the first six must be zero. A time alone (`22:00`, as
azurerm sends it) is shown with the day of the request. An offset is taken off first, as .NET does:
`22:00:00+05:30` is 16:30, and `22:00:00+05:45` is 16:15 and refused.

Names of policies: 3 to 150 characters, a letter first, then letters, digits, `-`, `_` and `!`.

Sources: S is azure-backup-semantics of the project's references by its section, T what azurerm
checks or sends, P the checks of Microsoft's PowerShell, D a page of docs/decisions.
"""


def words(allowed: Sequence[object]) -> str:
    return ", ".join(f"`{word}`" for word in allowed)


def reach(allowed: tuple[int, int]) -> str:
    return f"{allowed[0]} to {allowed[1]}"


def kept(count: int, unit: str, **days: Any) -> dict[str, Any]:
    duration = {"count": count, "durationType": unit}
    return {**days, "retentionTimes": [AT], "retentionDuration": duration}


BY_WEEK = {
    "retentionScheduleFormatType": "Weekly",
    "retentionScheduleWeekly": {"daysOfTheWeek": ["Sunday"], "weeksOfTheMonth": ["First"]},
}
BY_DAY = {
    "retentionScheduleFormatType": "Daily",
    "retentionScheduleDaily": {"daysOfTheMonth": [{"date": 1, "isLast": False}]},
}
LONG = {
    "weeklySchedule": kept(12, "Weeks", daysOfTheWeek=["Sunday"]),
    "monthlySchedule": kept(60, "Months", **BY_WEEK),
    "yearlySchedule": kept(10, "Years", monthsOfYear=["January"], **BY_WEEK),
}
OFF = {"tieringMode": "DoNotTier", "duration": 0, "durationType": "Invalid"}
AFTER = {"tieringMode": "TierAfter", "duration": 5, "durationType": "Months"}


def body(kind: str, schedule: dict[str, Any], **more: Any) -> dict[str, Any]:
    enhanced = "V2" if kind == "V2" else ""
    shared = {"schedulePolicyType": f"SimpleSchedulePolicy{enhanced}"}
    daily = (
        {} if schedule["scheduleRunFrequency"] == "Weekly" else {"dailySchedule": kept(30, "Days")}
    )
    return {
        "backupManagementType": "AzureIaasVM",
        "policyType": kind,
        "schedulePolicy": shared | schedule,
        "retentionPolicy": {"retentionPolicyType": "LongTermRetentionPolicy"} | daily | LONG,
        "tieringPolicy": {"ArchivedRP": AFTER},
        **more,
    }


WINDOW = {"interval": 4, "scheduleWindowStartTime": AT, "scheduleWindowDuration": 12}
ON_SUNDAYS = {"scheduleRunDays": ["Sunday"], "scheduleRunTimes": [AT]}
BASES = {
    "V1 daily": body("V1", {"scheduleRunFrequency": "Daily", "scheduleRunTimes": [AT]}),
    "V1 weekly": body("V1", {"scheduleRunFrequency": "Weekly", **ON_SUNDAYS}),
    "V2 hourly": body("V2", {"scheduleRunFrequency": "Hourly", "hourlySchedule": WINDOW}),
    "V2 daily": body(
        "V2", {"scheduleRunFrequency": "Daily", "dailySchedule": {"scheduleRunTimes": [AT]}}
    ),
    "V2 weekly": body("V2", {"scheduleRunFrequency": "Weekly", "weeklySchedule": ON_SUNDAYS}),
}
BASES["by day"] = copy.deepcopy(BASES["V1 daily"])
for _name, _unit in (("monthly", "Months"), ("yearly", "Years")):
    _days = {"monthsOfYear": ["January"]} if _name == "yearly" else {}
    BASES["by day"]["retentionPolicy"][f"{_name}Schedule"] = kept(10, _unit, **_days, **BY_DAY)


def instant_days(kind: str, frequency: str, interval: int | None = None) -> str:
    low, high = Schedule(kind, frequency, 0, None, interval, {}).instant_days
    return str(low) if low == high else reach((low, high))


SNAPSHOT_DAYS = (
    f"V1 daily {instant_days('V1', 'Daily')}, weekly {instant_days('V1', 'Weekly')}; "
    f"V2 every 4 hours {instant_days('V2', 'Hourly', 4)}, every 6 "
    f"{instant_days('V2', 'Hourly', 6)}, else {instant_days('V2', 'Daily')}; "
    "never more than the daily (or weekly) retention"
)
HALF_HOURS = "one time, on the hour or the half hour"
SEVERAL = "one or more of "
TIMES: Sequence[Any] = (
    LEAVE_OUT,
    [],
    [AT, AT],
    ["noon"],
    ["2026-01-01T22:15:00Z"],
    ["22:00+05:45"],
)
WEEKLY_ONLY = "with a weekly schedule only `Weekly`"


@dataclass(frozen=True)
class Row:
    """One field; ``{a,b}`` in its path stands for both. ``wrong`` is refused in each base."""

    path: str
    allowed: str
    left_out: str
    source: str
    wrong: Sequence[Any]
    bases: Sequence[str] = ("V1 daily",)
    code: str = POLICY

    @property
    def paths(self) -> list[str]:
        found = re.search(r"\{(.+?)\}", self.path)
        if found is None:
            return [self.path]
        return [self.path.replace(found[0], word) for word in found[1].split(",")]


RETENTION = "retentionPolicy."
ANY = "{daily,weekly,monthly,yearly}Schedule."
LONGER = "{monthly,yearly}Schedule."
TIER = "tieringPolicy.ArchivedRP."


def length(name: str) -> Row:
    unit, (low, high) = LENGTHS[name]
    return Row(
        f"{RETENTION}{name}.retentionDuration.count",
        f"{low} to {high} {unit.lower()}",
        "required",
        "S 1.3, P",
        (LEAVE_OUT, low - 1, high + 1, -high, HUGE),
    )


ROWS = (
    Row(
        "backupManagementType",
        "`AzureIaasVM`; Azure's others are `NotSupported`",
        "required",
        "S 1.1",
        ("Fridge",),
    ),
    Row("policyType", words(KINDS) + "; stays as created", "`V1`", "S 1.1, D 43", ("V3", "")),
    Row(
        "timeZone",
        "a Windows name, as CLDR has them (D 7)",
        "`UTC`; stays",
        "S 1.1, 1.2, D 7",
        ("Europe/Berlin", "Pacific Time", "x"),
    ),
    Row(
        "snapshotConsistencyType",
        "`OnlyCrashConsistent`, of V2 only",
        "as the VM allows; does not stay",
        "S 1.1, T",
        ("OnlyCrashConsistent",),
    ),
    Row(
        "instantAccessSnapshotEnabled",
        "`false`",
        "`false`",
        "S 1.1",
        (True,),
        code=NOT,
    ),
    Row(
        f"instantRPDetails.{PREFIX}",
        f"letters, digits, `-`, `_`, `.`, brackets; at most {LONGEST} with the suffix",
        "none",
        "S 1.5, D 46",
        ("x" * (LONGEST + 1), "a b"),
    ),
    Row(
        f"instantRPDetails.{SUFFIX}",
        "as the prefix, only with one, no `.` at its end",
        "none",
        "S 1.5, D 46",
        ("suffix",),
    ),
    Row(
        "instantRpRetentionRangeInDays",
        SNAPSHOT_DAYS,
        f"stays while allowed; else {DEFAULT_INSTANT_DAYS['V1']} of V1 (weekly 5), "
        f"{DEFAULT_INSTANT_DAYS['V2']} of V2",
        "S 1.5, D 42, D 43",
        (0, 31, -1, HUGE),
        tuple(BASES),
    ),
    Row(
        f"{TIER}tieringMode",
        f"{words(MODES)}; but for the last, monthly or yearly retention of {MONTHS_LEFT} months "
        "more than they need",
        "stays; `DoNotTier`",
        "S 1.3, 1.6, D 48",
        (LEAVE_OUT, "Sometimes"),
    ),
    Row(
        f"{TIER}duration",
        f"of `TierAfter` {FEWEST_MONTHS} months or more, else 0",
        "0",
        "S 1.6, P",
        (LEAVE_OUT, 2, -5, HUGE),
    ),
    Row(
        f"{TIER}durationType",
        f"of `TierAfter` {words(tuple(DAYS_OF))}, else `Invalid`",
        "`Invalid`",
        "S 1.6",
        (LEAVE_OUT, "Invalid", "Hours"),
    ),
    Row(
        "schedulePolicy.schedulePolicyType",
        "of V1 `SimpleSchedulePolicy`, of V2 `SimpleSchedulePolicyV2`",
        "required",
        "S 1.1",
        (LEAVE_OUT, "LogSchedulePolicy"),
        ("V1 daily", "V2 daily"),
    ),
    Row(
        "schedulePolicy.scheduleRunFrequency",
        f"of V1 {words(FREQUENCIES['V1'])}; of V2 {words(FREQUENCIES['V2'])}",
        "required",
        "S 1.1, 1.2",
        (LEAVE_OUT, "Monthly"),
        ("V1 daily", "V2 daily"),
    ),
    Row(
        "schedulePolicy.scheduleRunDays",
        f"of V1 weekly {SEVERAL}{words(WEEKDAYS)}; elsewhere not read",
        "required",
        "S 1.1, P",
        (LEAVE_OUT, [], ["Funday"], ["Sunday", "sunday"]),
        ("V1 weekly",),
    ),
    Row(
        "schedulePolicy.scheduleRunTimes",
        f"of V1 {HALF_HOURS}",
        "required",
        "S 1.2, T",
        TIMES,
        ("V1 daily", "V1 weekly"),
    ),
    Row(
        "schedulePolicy.scheduleWeeklyFrequency",
        f"{reach(WEEKLY_FREQUENCIES)}, shown as 0: a VM's weeks are not skipped",
        "0",
        "S 1.1",
        (2, -1, HUGE),
    ),
    Row(
        "schedulePolicy.hourlySchedule.interval",
        f"{words(INTERVALS)} hours",
        "required",
        "S 1.2",
        (LEAVE_OUT, 0, 1, 5, 48, HUGE),
        ("V2 hourly",),
    ),
    Row(
        "schedulePolicy.hourlySchedule.scheduleWindowStartTime",
        HALF_HOURS,
        "required",
        "S 1.2",
        (LEAVE_OUT, "", "soon", "2026-01-01T22:00:00.0000010Z"),
        ("V2 hourly",),
    ),
    Row(
        "schedulePolicy.hourlySchedule.scheduleWindowDuration",
        f"{reach(WINDOW_HOURS)} hours",
        "required",
        "S 1.2, D 43",
        (LEAVE_OUT, WINDOW_HOURS[0] - 1, WINDOW_HOURS[1] + 1, -4),
        ("V2 hourly",),
    ),
    Row(
        "schedulePolicy.dailySchedule.scheduleRunTimes",
        f"of V2 daily {HALF_HOURS}",
        "required",
        "S 1.2",
        TIMES,
        ("V2 daily",),
    ),
    Row(
        "schedulePolicy.weeklySchedule.scheduleRunDays",
        f"of V2 weekly {SEVERAL}the weekdays",
        "required",
        "S 1.1",
        (LEAVE_OUT, [], ["Funday"], ["Sunday", "Sunday"]),
        ("V2 weekly",),
    ),
    Row(
        "schedulePolicy.weeklySchedule.scheduleRunTimes",
        f"of V2 weekly {HALF_HOURS}",
        "required",
        "S 1.2",
        TIMES,
        ("V2 weekly",),
    ),
    Row(
        f"{RETENTION}retentionPolicyType",
        "`LongTermRetentionPolicy`",
        "required",
        "S 1.1",
        (LEAVE_OUT, "SimpleRetentionPolicy"),
    ),
    Row(
        f"{RETENTION}{ANY}retentionTimes",
        "the time of the schedule, once",
        "required; of hourly ones the window's start",
        "S 1.2, P",
        (*TIMES, ["2026-01-01T21:30:00Z"]),
    ),
    *(length(name) for name in LENGTHS),
    Row(
        f"{RETENTION}{ANY}retentionDuration.durationType",
        ", ".join(f"{name[:-8]} `{unit}`" for name, (unit, _) in LENGTHS.items()),
        "required",
        "S 1.3",
        (LEAVE_OUT, "Invalid", "Hours"),
    ),
    Row(
        f"{RETENTION}weeklySchedule.daysOfTheWeek",
        f"{SEVERAL}the weekdays; with a weekly schedule all of its days",
        "required",
        "S 1.3, P",
        (LEAVE_OUT, [], ["Funday"], ["Sunday", "Sunday"]),
        ("V1 daily", "V1 weekly", "V2 weekly"),
    ),
    Row(
        f"{RETENTION}{LONGER}retentionScheduleFormatType",
        f"`Daily`, `Weekly`; {WEEKLY_ONLY}",
        "required",
        "S 1.3, D 42",
        (LEAVE_OUT, "Invalid", "Daily"),
        ("V1 daily", "V1 weekly", "V2 weekly"),
    ),
    Row(
        f"{RETENTION}{LONGER}retentionScheduleDaily.daysOfTheMonth[].date",
        f"{reach(MONTH_DAYS)}, or 0 beside `isLast`",
        "required without `isLast`",
        "S 1.3, P, D 42",
        (LEAVE_OUT, 0, 29, 31, -1, HUGE),
        ("by day",),
    ),
    Row(
        f"{RETENTION}{LONGER}retentionScheduleDaily.daysOfTheMonth[].isLast",
        "`true` is the last day of the month",
        "`false`",
        "S 1.3",
        ("sometimes",),
        ("by day",),
        code=TYPE,
    ),
    Row(
        f"{RETENTION}{LONGER}retentionScheduleWeekly.daysOfTheWeek",
        f"{SEVERAL}the weekdays; with a weekly schedule days of it",
        "required",
        "S 1.3, P",
        (LEAVE_OUT, [], ["Funday"], ["Sunday", "Sunday"]),
        ("V1 daily", "V1 weekly", "V2 weekly"),
    ),
    Row(
        f"{RETENTION}{LONGER}retentionScheduleWeekly.weeksOfTheMonth",
        f"{SEVERAL}{words(WEEKS)}",
        "required",
        "S 1.3, P",
        (LEAVE_OUT, [], ["Fifth"], ["First", "First"]),
    ),
    Row(
        f"{RETENTION}yearlySchedule.monthsOfYear",
        f"{SEVERAL}{words(MONTHS)}",
        "required",
        "S 1.3, P",
        (LEAVE_OUT, [], ["Smarch"], ["May", "May"]),
    ),
)  # fmt: skip


def page() -> str:
    """Return the page as it has to be."""
    rows = [
        f"| `{row.path}` | {row.allowed} | {row.left_out} | {row.code} | {row.source} |"
        for row in ROWS
    ]
    head = ["| field of `properties` | allowed | left out | when wrong | source |"]
    return "\n".join([INTRODUCTION, *head, "|---|---|---|---|---|", *rows, ""])


def leaves(schema: dict[str, Any], definitions: dict[str, Any], path: str = "") -> Iterator[str]:
    """Return the paths of the fields of a model's schema that hold no objects."""
    for option in schema.get("anyOf", [schema]):
        if "$ref" in option:
            found = definitions[option["$ref"].rpartition("/")[2]]
            for name, part in found["properties"].items():
                yield from leaves(part, definitions, f"{path}.{name}" if path else name)
        elif option.get("type") == "array" and "$ref" in option["items"]:
            yield from leaves(option["items"], definitions, f"{path}[]")
        elif isinstance(option.get("additionalProperties"), dict):
            yield from leaves(option["additionalProperties"], definitions, f"{path}.ArchivedRP")
        elif option.get("type") != "null":
            yield path


def changed(base: str, path: str, value: Any) -> dict[str, Any]:
    sent: dict[str, Any] = json.loads(json.dumps(BASES[base]))
    *parents, name = path.split(".")
    place: Any = sent
    for parent in parents:
        place = place.setdefault(parent.removesuffix("[]"), {})
        place = place[0] if parent.endswith("[]") else place
    if value is LEAVE_OUT:
        place.pop(name)
    else:
        place[name] = value
    return sent


def judged(sent: dict[str, Any]) -> dict[str, Any]:
    """Do with properties what the endpoint does."""
    content = json.dumps({"properties": sent}).encode()
    read, _ = bodies.read(content, PolicyBody, optional=False)
    return policy("policy", read.properties.wire(), None, NOW)


TRIED = [
    (base, path, value, row.code)
    for row in ROWS
    for path in row.paths
    for base in row.bases
    for value in row.wrong
    if not (path.endswith("FormatType") and (base, value) == ("V1 daily", "Daily"))
    and not (base == "V2 hourly" and path.endswith("retentionTimes"))
]


def test_the_page_says_what_the_code_does() -> None:
    assert PAGE.read_text() == page(), "run python -m tests.house.test_policies_page"


def test_every_field_of_a_policy_has_its_row() -> None:
    schema = PolicyProperties.model_json_schema()
    definitions = schema["$defs"] | {"PolicyProperties": schema}
    fields = set(leaves({"$ref": "#/PolicyProperties"}, definitions))
    assert {path for row in ROWS for path in row.paths} == fields


@pytest.mark.parametrize("base", BASES)
def test_what_the_rows_begin_with_is_right(base: str) -> None:
    assert judged(BASES[base])["policyType"] == BASES[base]["policyType"]


@pytest.mark.parametrize(("base", "path", "value", "code"), TRIED)
def test_a_wrong_value_is_refused_as_its_row_says(
    base: str, path: str, value: Any, code: str
) -> None:
    with pytest.raises(Refused) as raised:
        judged(changed(base, path, value))
    assert raised.value.code == code
    parent = path.replace("[]", "[0]").rpartition(".")[0]
    assert (raised.value.target or "").replace(".0.", "[0].").startswith(f"properties.{parent}")


WRONG_TYPES: Sequence[Any] = ("x", 1.5, True, [1], {}, "1.5")
NUMBERS = [path for row in ROWS for path in row.paths if HUGE in row.wrong or "Duration" in path]


@pytest.mark.parametrize("value", WRONG_TYPES)
@pytest.mark.parametrize("path", [each for each in NUMBERS if not each.endswith(("Type", "Times"))])
def test_a_number_of_another_type_is_refused(path: str, value: Any) -> None:
    base = "V2 hourly" if "hourly" in path else "by day" if "[]" in path else "V1 daily"
    with pytest.raises(Refused) as raised:
        judged(changed(base, path, value))
    assert raised.value.code == TYPE
    assert raised.value.target == f"properties.{path.replace('[]', '.0')}"


@pytest.mark.parametrize("base", BASES)
def test_nulls_are_as_if_left_out(base: str) -> None:
    sent = changed(base, "tieringPolicy", LEAVE_OUT)
    parts: dict[str, type[bodies.Body]] = {
        "schedulePolicy": SchedulePolicy,
        "retentionPolicy": RetentionPolicy,
    }
    nulls = without_values(PolicyProperties) | sent
    nulls |= {name: without_values(model) | sent[name] for name, model in parts.items()}
    assert len(nulls) > len(sent)
    assert judged(nulls) == judged(sent)


def without_values(model: type[bodies.Body]) -> dict[str, None]:
    return {field.alias or name: None for name, field in model.model_fields.items()}


def test_names_are_those_of_the_page() -> None:
    check_name("aZ9-_!")
    for name in ("ab", "9abc", "a.b", "a" * 151):
        with pytest.raises(Refused, match="3 to 150"):
            check_name(name)


if __name__ == "__main__":
    PAGE.write_text(page())
