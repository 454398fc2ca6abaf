"""The file share and workload policies of azurerm's acceptance tests, as the provider sends them.

Terraform-wire 2.4 and 2.5: what it does not set is null; times are of a day in 2018; a file share
policy is put whole, a workload policy is read, patched and sent back. What is read must keep the
plan empty.
"""

from __future__ import annotations

import copy
from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    ITEM_ID,
    POLICY_ID,
    VAULT_ID,
    Served,
    done,
    item,
    item_body,
    listed,
    protect,
    put_group,
    put_vault,
    put_vm,
    refused,
    vm_id,
)

OTHER_ID = f"{VAULT_ID}/backupPolicies/acctest"
API = {"api-version": "2024-10-01"}
TWO_DAYS = ["Sunday", "Wednesday"]
FIRST_AND_LAST = ["First", "Last"]
TWICE_A_YEAR = ["January", "July"]


def at(time: str) -> list[str]:
    return [f"2018-07-30T{time}:00Z"]


def kept(count: int, unit: str, times: list[str] | None, **days: Any) -> dict[str, Any]:
    duration = {"count": count, "durationType": unit}
    return {**days, "retentionTimes": times, "retentionDuration": duration}


def by_week(weekdays: list[str], weeks: list[str]) -> dict[str, Any]:
    return {
        "retentionScheduleFormatType": "Weekly",
        "retentionScheduleDaily": None,
        "retentionScheduleWeekly": {"daysOfTheWeek": weekdays, "weeksOfTheMonth": weeks},
    }


def by_day(*numbers: int, last: bool = False) -> dict[str, Any]:
    days = [{"date": 0, "isLast": True}] * last
    days += [{"date": number, "isLast": number == 0} for number in numbers]
    return {
        "retentionScheduleFormatType": "Daily",
        "retentionScheduleDaily": {"daysOfTheMonth": days},
        "retentionScheduleWeekly": None,
    }


def long_term(**categories: Any) -> dict[str, Any]:
    none: dict[str, Any] = dict.fromkeys(("daily", "weekly", "monthly", "yearly"))
    return {
        "retentionPolicyType": "LongTermRetentionPolicy",
        **{f"{name}Schedule": part for name, part in (none | categories).items()},
    }


# --- file shares -----------------------------------------------------------------------------

TIME = at("23:00")


def share(schedule: dict[str, Any], **retention: Any) -> dict[str, Any]:
    none = {"retentionPolicy": None, "vaultRetentionPolicy": None}
    simple = {"schedulePolicyType": "SimpleSchedulePolicy", "scheduleRunDays": None}
    return {
        "backupManagementType": "AzureStorage",
        "workLoadType": "AzureFileShare",
        "timeZone": "UTC",
        "protectedItemsCount": None,
        "schedulePolicy": simple | schedule,
        **none,
        **retention,
    }


DAILY = {
    "scheduleRunFrequency": "Daily",
    "scheduleRunTimes": TIME,
    "hourlySchedule": None,
    "scheduleWeeklyFrequency": None,
}
HOURLY = {
    "scheduleRunFrequency": "Hourly",
    "scheduleRunTimes": None,
    "hourlySchedule": {
        "interval": 4,
        "scheduleWindowStartTime": "2018-07-30T10:00:00.000Z",
        "scheduleWindowDuration": 12,
    },
    "scheduleWeeklyFrequency": None,
}
TEN = kept(10, "Days", TIME)
WEEKS = kept(7, "Weeks", TIME, daysOfTheWeek=TWO_DAYS)
MONTHS = kept(7, "Months", TIME, **by_week(TWO_DAYS, FIRST_AND_LAST))
YEARS = kept(7, "Years", TIME, monthsOfYear=TWICE_A_YEAR, **by_week(TWO_DAYS, FIRST_AND_LAST))
FIVE = (1, 2, 3, 4, 5)


def daily_share(**more: Any) -> dict[str, Any]:
    return share(DAILY, retentionPolicy=long_term(daily=TEN, **more))


def days_of_month(*, last: bool) -> dict[str, Any]:
    return daily_share(
        monthly=kept(10, "Months", TIME, **by_day(*FIVE, last=last)),
        yearly=kept(10, "Years", TIME, monthsOfYear=TWICE_A_YEAR, **by_day(*FIVE, last=last)),
    )


def vault_standard(days: int, snapshots: int) -> dict[str, Any]:
    retention = long_term(daily=kept(days, "Days", None))
    vault = {"snapshotRetentionInDays": snapshots, "vaultRetention": retention}
    return share(HOURLY, vaultRetentionPolicy=vault)


SHARES = {
    "basic daily": daily_share(),
    "basic hourly": share(HOURLY, retentionPolicy=long_term(daily=kept(10, "Days", None))),
    "vault standard": vault_standard(10, 9),
    "vault standard, updated": vault_standard(20, 15),
    "weekly": daily_share(weekly=WEEKS),
    "monthly": daily_share(monthly=MONTHS),
    "yearly": daily_share(yearly=YEARS),
    "complete": daily_share(weekly=WEEKS, monthly=MONTHS, yearly=YEARS),
    "partial": daily_share(
        weekly=WEEKS,
        monthly=kept(7, "Months", TIME, **by_week(TWO_DAYS, ["First"])),
        yearly=kept(7, "Years", TIME, monthsOfYear=["January"], **by_week(["Sunday"], ["Last"])),
    ),
    "days": days_of_month(last=False),
    "days and the last": days_of_month(last=True),
}
SHARE_UPDATES = (
    ("basic daily", "vault standard", "vault standard, updated"),
    ("basic daily", "complete", "partial"),
    ("complete", "basic daily", "basic hourly"),
    ("days", "days and the last", "days"),
)


def share_as_configured(shown: dict[str, Any]) -> dict[str, Any]:
    """Return what azurerm makes of a policy that it reads: its flatten functions, in Python."""
    schedule = shown["schedulePolicy"]
    assert schedule["schedulePolicyType"] == "SimpleSchedulePolicy"
    vault = shown.get("vaultRetentionPolicy")
    retention = shown["retentionPolicy"] if vault is None else vault["vaultRetention"]
    assert retention["retentionPolicyType"] == "LongTermRetentionPolicy"
    window = schedule.get("hourlySchedule")
    return {
        "timezone": shown["timeZone"],
        "frequency": schedule["scheduleRunFrequency"],
        "time": [clock(time) for time in schedule.get("scheduleRunTimes") or []],
        "hourly": window
        and (
            window["interval"],
            clock(window["scheduleWindowStartTime"]),
            window["scheduleWindowDuration"],
        ),
        "retention": flat(retention),
        "tier": "snapshot" if vault is None else "vault-standard",
        "snapshots": 0 if vault is None else vault["snapshotRetentionInDays"],
    }


def clock(time: str) -> str:
    assert time.endswith((":00Z", ":00.000Z")), "RFC 3339 in UTC"
    assert len(time) >= len("2018-07-30T10:00:00Z"), "a date is before the time"
    return time[11:16]


def flat(retention: dict[str, Any]) -> dict[str, Any]:
    """Return the retention blocks of a configuration; sets do not have an order."""
    return {
        name: (
            part["retentionDuration"]["count"],
            sorted(part.get("daysOfTheWeek") or []),
            sorted(part.get("monthsOfYear") or []),
            part.get("retentionScheduleFormatType"),
            flat_weeks(part.get("retentionScheduleWeekly") or {}),
            flat_days(part.get("retentionScheduleDaily") or {}),
        )
        for name, part in retention.items()
        if isinstance(part, dict)
    }


def flat_weeks(by: dict[str, Any]) -> dict[str, list[str]]:
    return {name: sorted(words) for name, words in by.items()}


def flat_days(by: dict[str, Any]) -> list[tuple[int, bool]]:
    return sorted((day["date"], day["isLast"]) for day in by.get("daysOfTheMonth", []))


def put(arm: httpx.Client, properties: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = done(
        arm.put(OTHER_ID, json={"properties": properties}, params=API)
    ).json()
    assert arm.get(OTHER_ID, params=API).json() == answer
    assert answer["properties"]["protectedItemsCount"] == 0
    return answer


@pytest.mark.parametrize("name", SHARES)
def test_a_file_share_policy_leaves_the_plan_empty(vault: httpx.Client, name: str) -> None:
    assert refused(vault.get(OTHER_ID, params=API)) == (404, "ResourceNotFound")
    sent = SHARES[name]
    created = put(vault, sent)
    assert share_as_configured(created["properties"]) == share_as_configured(sent)
    tag = vault.get(OTHER_ID).headers["etag"]
    assert put(vault, sent) == created == put(vault, created["properties"])
    assert vault.get(OTHER_ID).headers["etag"] == tag
    assert done(vault.delete(OTHER_ID, params=API)).content == b""
    assert refused(vault.get(OTHER_ID, params=API)) == (404, "ResourceNotFound")


@pytest.mark.parametrize("names", SHARE_UPDATES)
def test_a_file_share_policy_is_updated_as_a_whole(
    vault: httpx.Client, names: tuple[str, ...]
) -> None:
    for name in names:
        shown = put(vault, SHARES[name])["properties"]
        assert share_as_configured(shown) == share_as_configured(SHARES[name])
        only = {"retentionPolicy", "vaultRetentionPolicy"} & set(shown)
        assert only == {key for key in only if SHARES[name][key] is not None}
        assert len(only) == 1


def test_points_in_the_vault_do_not_come_back_to_snapshots(vault: httpx.Client) -> None:
    before = put(vault, SHARES["vault standard"])
    answer = vault.put(OTHER_ID, json={"properties": SHARES["basic daily"]}, params=API)
    assert refused(answer) == (400, "BMSUserErrorInvalidPolicyInput")
    assert answer.json()["error"]["target"] == "properties.vaultRetentionPolicy"
    assert vault.get(OTHER_ID, params=API).json() == before


# --- databases -------------------------------------------------------------------------------


def workload(kind: str, zone: str, compressed: bool, *parts: dict[str, Any]) -> dict[str, Any]:
    return {
        "backupManagementType": "AzureWorkload",
        "workLoadType": kind,
        "settings": {"isCompression": compressed, "timeZone": zone},
        "subProtectionPolicy": list(parts),
    }


def part(kind: str, schedule: dict[str, Any], retention: dict[str, Any]) -> dict[str, Any]:
    return {"policyType": kind, "schedulePolicy": schedule, "retentionPolicy": retention}


def runs(frequency: str, time: str, *days: str) -> dict[str, Any]:
    schedule = {
        "schedulePolicyType": "SimpleSchedulePolicy",
        "scheduleRunFrequency": frequency,
        "scheduleRunTimes": at(time),
    }
    return schedule | ({"scheduleRunDays": list(days)} if days else {})


def simple(days: int) -> dict[str, Any]:
    return {
        "retentionPolicyType": "SimpleRetentionPolicy",
        "retentionDuration": {"count": days, "durationType": "Days"},
    }


def log(minutes: int, days: int) -> dict[str, Any]:
    schedule = {
        "schedulePolicyType": "LogSchedulePolicy",
        "scheduleFrequencyInMins": minutes,
    }
    return part("Log", schedule, simple(days))


def weekly_full(time: str, days: list[str], weeks: int, months: Any, years: Any) -> dict[str, Any]:
    times = at(time)
    return part(
        "Full",
        runs("Weekly", time, *days),
        long_term(
            weekly=kept(weeks, "Weeks", times, daysOfTheWeek=days),
            monthly=kept(months[0], "Months", times, **by_week(*months[1:])),
            yearly=kept(years[0], "Years", times, monthsOfYear=years[1], **by_week(*years[2:])),
        ),
    )


BASIC = workload(
    "SQLDataBase",
    "UTC",
    False,
    part(
        "Full",
        runs("Daily", "15:00"),
        long_term(
            daily=kept(8, "Days", at("15:00")),
            monthly=kept(10, "Months", at("15:00"), **by_day(27, 28)),
            yearly=kept(10, "Years", at("15:00"), monthsOfYear=["February"], **by_day(27, 28)),
        ),
    ),
    log(15, 8),
)
COMPLETE = workload(
    "SAPHanaDatabase",
    "UTC",
    True,
    weekly_full(
        "15:00",
        ["Monday", "Tuesday"],
        4,
        (10, ["Tuesday"], ["Third"]),
        (8, ["May", "February"], ["Tuesday"], ["Third"]),
    ),
    part("Incremental", runs("Weekly", "23:00", "Saturday", "Friday"), simple(11)),
    log(15, 8),
)
UPDATED = workload(
    "SAPHanaDatabase",
    "Pacific Standard Time",
    False,
    weekly_full(
        "16:00",
        ["Tuesday", "Thursday"],
        5,
        (11, ["Tuesday", "Thursday"], ["Third", "First"]),
        (9, ["July", "February"], ["Tuesday", "Thursday"], ["Third", "First"]),
    ),
    part("Differential", runs("Weekly", "17:00", "Saturday", "Sunday"), simple(12)),
    log(30, 9),
)
DATABASES = {"basic": BASIC, "complete": COMPLETE, "update": UPDATED}


def workload_as_configured(shown: dict[str, Any]) -> dict[str, Any]:
    """Return what azurerm makes of a policy that it reads; both settings must be there."""
    return {
        "workload_type": shown["workLoadType"],
        "settings": (shown["settings"]["isCompression"], shown["settings"]["timeZone"]),
        "protection_policy": sorted(
            (flat_part(each) for each in shown["subProtectionPolicy"]), key=lambda each: each[0]
        ),
    }


def flat_part(shown: dict[str, Any]) -> tuple[Any, ...]:
    schedule, retention = shown["schedulePolicy"], shown["retentionPolicy"]
    if retention["retentionPolicyType"] == "SimpleRetentionPolicy":
        lengths = retention["retentionDuration"]["count"]
    else:
        lengths = flat(retention)
    return (
        shown["policyType"],
        schedule.get("scheduleRunFrequency"),
        schedule.get("scheduleFrequencyInMins"),
        [clock(time) for time in schedule.get("scheduleRunTimes") or []],
        sorted(schedule.get("scheduleRunDays") or []),
        lengths,
    )


@pytest.mark.parametrize("name", DATABASES)
def test_a_workload_policy_leaves_the_plan_empty(vault: httpx.Client, name: str) -> None:
    sent = DATABASES[name]
    created = put(vault, sent)
    assert workload_as_configured(created["properties"]) == workload_as_configured(sent)
    assert put(vault, sent) == created == put(vault, created["properties"])
    done(vault.delete(OTHER_ID, params=API))


@pytest.mark.parametrize("changed", ["settings", "subProtectionPolicy", "both"])
def test_a_workload_policy_is_read_patched_and_sent_back(vault: httpx.Client, changed: str) -> None:
    put(vault, COMPLETE)
    names = ("settings", "subProtectionPolicy") if changed == "both" else (changed,)
    for wanted in (UPDATED, COMPLETE):
        update = vault.get(OTHER_ID, params=API).json()
        patched = {name: wanted[name] for name in names}
        update["properties"] |= copy.deepcopy(patched)
        shown = done(vault.put(OTHER_ID, json=update, params=API)).json()["properties"]
        assert workload_as_configured(shown) == workload_as_configured(COMPLETE | patched)


# --- all of them -----------------------------------------------------------------------------


def test_a_policy_is_listed_by_its_kind_and_its_workload(vault: httpx.Client) -> None:
    for name, body in (("share", SHARES["days"]), ("sql", BASIC), ("hana", COMPLETE)):
        done(vault.put(f"{VAULT_ID}/backupPolicies/{name}", json={"properties": body}))
    asked = {
        "backupManagementType eq 'AzureStorage'": ["share"],
        "backupManagementType eq 'AzureWorkLoad'": ["hana", "HourlyLogBackup", "sql"],
        "backupManagementType eq 'AzureWorkload' and workloadType eq 'SAPHanaDatabase'": ["hana"],
        "backupManagementType eq 'AzureWorkload' and workloadType eq 'SQL'": [
            "HourlyLogBackup",
            "sql",
        ],
        "workloadType eq 'AzureFileShare'": ["share"],
        "backupManagementType eq 'AzureStorage' and workloadType eq 'VM'": [],
    }
    for text, names in asked.items():
        found = listed(vault, f"{VAULT_ID}/backupPolicies", **{"$filter": text})
        assert [each["name"] for each in found] == names, text
        assert all(each["properties"]["protectedItemsCount"] == 0 for each in found)


@pytest.mark.parametrize(
    ("first", "second"),
    [(SHARES["basic daily"], BASIC), (BASIC, SHARES["basic daily"]), (BASIC, COMPLETE)],
)
def test_a_policy_stays_of_its_kind(
    vault: httpx.Client, first: dict[str, Any], second: dict[str, Any]
) -> None:
    before = put(vault, first)
    answer = vault.put(OTHER_ID, json={"properties": second}, params=API)
    assert refused(answer) == (400, "BMSUserErrorInvalidPolicyInput")
    assert "stays" in answer.json()["error"]["message"]
    assert vault.get(OTHER_ID, params=API).json() == before
    answer = vault.put(POLICY_ID, json={"properties": second}, params=API)
    assert refused(answer) == (400, "BMSUserErrorInvalidPolicyInput")


@pytest.mark.parametrize("body", [SHARES["basic daily"], SHARES["vault standard"], BASIC])
def test_a_vm_is_not_protected_by_a_policy_of_something_else(
    vault: httpx.Client, body: dict[str, Any]
) -> None:
    put_vm(vault)
    put(vault, body)
    answer = vault.put(
        ITEM_ID, json=item_body(policyId=OTHER_ID, sourceResourceId=vm_id()), params=API
    )
    assert refused(answer) == (400, "BMSUserErrorInvalidConfigureProtectionRequest")
    assert "the policy type should match with the workload" in answer.json()["error"]["message"]
    protect(vault)
    answer = vault.put(ITEM_ID, json=item_body(policyId=OTHER_ID), params=API)
    assert refused(answer) == (400, "BMSUserErrorInvalidConfigureProtectionRequest")
    assert item(vault)["policyName"] == "daily"


def test_policies_of_all_kinds_count_as_policies_of_the_vault(serve: Served) -> None:
    arm = serve(limit={"policies-per-vault": 5})
    put_group(arm)
    put_vault(arm)
    put(arm, SHARES["basic daily"])
    for number, code in enumerate((200, 409)):
        path = f"{VAULT_ID}/backupPolicies/sql-{number}"
        assert arm.put(path, json={"properties": BASIC}).status_code == code
    assert put(arm, SHARES["vault standard"])
    assert len(listed(arm, f"{VAULT_ID}/backupPolicies")) == 5


def test_the_log_policy_that_a_vault_is_born_with_can_be_edited(vault: httpx.Client) -> None:
    path = f"{VAULT_ID}/backupPolicies/HourlyLogBackup"
    born = vault.get(path).json()
    edited = copy.deepcopy(born)
    edited["properties"]["makePolicyConsistent"] = True
    assert done(vault.put(path, json=edited)).json() == born
    edited["properties"]["subProtectionPolicy"][1] = log(120, 15)
    shown = done(vault.put(path, json=edited)).json()["properties"]
    assert shown == born["properties"] | {
        "subProtectionPolicy": [born["properties"]["subProtectionPolicy"][0], log(120, 15)]
    }
    assert vault.delete(path).status_code == 200
    assert vault.get(path).json() == born
