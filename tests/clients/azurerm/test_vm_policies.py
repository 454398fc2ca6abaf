"""The policies of azurerm's acceptance tests: Azure takes them, so they are taken here.

They are sent as the provider sends them (terraform-wire 2.3): times without a date, an empty
list of run days on daily schedules, all of ``ArchivedRP``, snapshot days only if they were
chosen; an update sends back what was read, with what has changed.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.azurerm.provider import Azurerm, ImportNeeded, State
from tests.clients.azurerm.releases import CURRENT
from tests.clients.azurerm.vaults import DEFAULTS, Vault
from tests.clients.azurerm.vm_policies import DAYS, VmPolicy, listed_policies, state
from tests.wire.builders import POLICY_ID

TIME = "23:00:00Z"
TWO_DAYS = ["Sunday", "Wednesday"]
FOUR_DAYS = ["Sunday", "Wednesday", "Friday", "Saturday"]
FIRST_AND_LAST = ["First", "Last"]
TWICE_A_YEAR = ["January", "July"]
NO_ARCHIVE = {"tieringMode": "DoNotTier", "duration": 0, "durationType": "Invalid"}


def kept(count: int, unit: str, **days: Any) -> dict[str, Any]:
    duration = {"count": count, "durationType": unit}
    return {**days, "retentionTimes": [TIME], "retentionDuration": duration}


def by_week(weekdays: list[str], weeks: list[str]) -> dict[str, Any]:
    return {
        "retentionScheduleFormatType": "Weekly",
        "retentionScheduleWeekly": {"daysOfTheWeek": weekdays, "weeksOfTheMonth": weeks},
    }


def by_day(*, last: bool) -> dict[str, Any]:
    days = [{"date": day, "isLast": False} for day in range(1, 11)]
    days += [{"date": 0, "isLast": True}] * last
    return {
        "retentionScheduleFormatType": "Daily",
        "retentionScheduleDaily": {"daysOfTheMonth": days},
    }


def body(
    kind: str, schedule: dict[str, Any], archive: dict[str, Any] | None = None, **retention: Any
) -> dict[str, Any]:
    """Return the properties that the provider sends for a new policy."""
    more = retention.pop("more", {})
    categories = {f"{name}Schedule": category for name, category in retention.items()}
    return {
        "backupManagementType": "AzureIaasVM",
        "policyType": kind,
        "timeZone": "UTC",
        "schedulePolicy": schedule,
        "retentionPolicy": {"retentionPolicyType": "LongTermRetentionPolicy", **categories},
        "tieringPolicy": {"ArchivedRP": archive or NO_ARCHIVE},
        **more,
    }


def standard(frequency: str, days: list[str]) -> dict[str, Any]:
    return {
        "schedulePolicyType": "SimpleSchedulePolicy",
        "scheduleRunFrequency": frequency,
        "scheduleRunDays": days,
        "scheduleRunTimes": [TIME],
    }


def enhanced(frequency: str, **part: Any) -> dict[str, Any]:
    return {
        "schedulePolicyType": "SimpleSchedulePolicyV2",
        "scheduleRunFrequency": frequency,
        f"{frequency.lower()}Schedule": part,
    }


def hourly(interval: int, hours: int) -> dict[str, Any]:
    window = {"scheduleWindowStartTime": TIME, "scheduleWindowDuration": hours}
    return enhanced("Hourly", interval=interval, **window)


def daily(kind: str) -> dict[str, Any]:
    return standard("Daily", []) if kind == "V1" else enhanced("Daily", scheduleRunTimes=[TIME])


def weekly(kind: str, days: list[str]) -> dict[str, Any]:
    if kind == "V1":
        return standard("Weekly", days)
    return enhanced("Weekly", scheduleRunDays=days, scheduleRunTimes=[TIME])


def long_term(
    weekdays: list[str], monthly: list[str] | None = None, yearly: list[str] | None = None
) -> dict[str, Any]:
    """Weekly, monthly and yearly retention of the "complete" configurations."""
    return {
        "weekly": kept(42, "Weeks", daysOfTheWeek=weekdays),
        "monthly": kept(7, "Months", **by_week(monthly or weekdays, FIRST_AND_LAST)),
        "yearly": kept(
            77,
            "Years",
            monthsOfYear=TWICE_A_YEAR if yearly is None else ["January"],
            **by_week(yearly or weekdays, FIRST_AND_LAST if yearly is None else ["Last"]),
        ),
    }


TEN_DAYS = kept(10, "Days")
BASIC_WEEKS = {"weekly": kept(42, "Weeks", daysOfTheWeek=TWO_DAYS)}


def basic_daily(kind: str) -> dict[str, Any]:
    return body(kind, daily(kind), daily=TEN_DAYS)


def complete_daily(kind: str) -> dict[str, Any]:
    return body(kind, daily(kind), daily=TEN_DAYS, **long_term(TWO_DAYS))


def basic_weekly(kind: str) -> dict[str, Any]:
    return body(kind, weekly(kind, TWO_DAYS), **BASIC_WEEKS)


def complete_weekly(kind: str) -> dict[str, Any]:
    return body(kind, weekly(kind, FOUR_DAYS), **long_term(FOUR_DAYS))


def partial_weekly(kind: str) -> dict[str, Any]:
    return body(kind, weekly(kind, FOUR_DAYS[:3]), **long_term(FOUR_DAYS[:3], TWO_DAYS, ["Sunday"]))


def snapshots(kind: str, days: int) -> dict[str, Any]:
    return body(kind, daily(kind), daily=kept(31, "Days"), more={DAYS: days})


def days_of_month(*, last: bool) -> dict[str, Any]:
    return body(
        "V1",
        daily("V1"),
        daily=TEN_DAYS,
        monthly=kept(10, "Months", **by_day(last=last)),
        yearly=kept(10, "Years", monthsOfYear=TWICE_A_YEAR, **by_day(last=last)),
    )


def at(time: str, sent: Any) -> Any:
    """Return a configuration whose backups run at another time."""
    if isinstance(sent, dict):
        return {name: at(time, part) for name, part in sent.items()}
    if isinstance(sent, list):
        return [at(time, part) for part in sent]
    return time if sent == TIME else sent


BASIC_HOURLY = body("V2", hourly(4, 4), daily=TEN_DAYS)
COMPLETE_HOURLY = body("V2", hourly(12, 24), daily=TEN_DAYS, **long_term(TWO_DAYS))
TIERED = body(
    "V1",
    weekly("V1", FOUR_DAYS),
    {"tieringMode": "TierAfter", "duration": 5, "durationType": "Months"},
    **long_term(FOUR_DAYS),
)
NAMED_GROUP = basic_daily("V1") | {
    "instantRPDetails": {
        "azureBackupRGNamePrefix": "acctest",
        "azureBackupRGNameSuffix": "suffix",
    }
}
CONFIGURATIONS = {
    "basic daily": basic_daily("V1"),
    "basic daily, Enhanced": basic_daily("V2"),
    "complete daily": complete_daily("V1"),
    "complete daily, Enhanced": complete_daily("V2"),
    "basic weekly": basic_weekly("V1"),
    "basic weekly, Enhanced": basic_weekly("V2"),
    "complete weekly": complete_weekly("V1"),
    "complete weekly, Enhanced": complete_weekly("V2"),
    "partial weekly": partial_weekly("V1"),
    "partial weekly, Enhanced": partial_weekly("V2"),
    "basic hourly": BASIC_HOURLY,
    "complete hourly": COMPLETE_HOURLY,
    "days": days_of_month(last=False),
    "days and the last": days_of_month(last=True),
    "1 day of snapshots": snapshots("V1", 1),
    "5 days of snapshots": snapshots("V1", 5),
    "1 day of snapshots, Enhanced": snapshots("V2", 1),
    "30 days of snapshots": snapshots("V2", 30),
    "tiering": TIERED,
    "crash-consistent": basic_daily("V2") | {"snapshotConsistencyType": "OnlyCrashConsistent"},
    "another time": at("20:00:00Z", basic_daily("V1")),
    "resource group": NAMED_GROUP,
}
UPDATES = {
    "daily": ["basic daily", "complete daily"],
    "daily, Enhanced": ["basic daily, Enhanced", "complete daily, Enhanced"],
    "weekly": ["basic weekly", "complete weekly"],
    "weekly, Enhanced": ["basic weekly, Enhanced", "complete weekly, Enhanced"],
    "daily to weekly": ["basic daily", "basic weekly"],
    "another time": ["basic daily", "another time"],
    "weekly to daily": ["basic weekly", "basic daily"],
    "weekly to partial": ["complete weekly", "partial weekly"],
    "weekly to partial, Enhanced": ["complete weekly, Enhanced", "partial weekly, Enhanced"],
    "hourly": ["basic hourly", "complete hourly"],
    "hourly and weekly": ["basic hourly", "basic weekly, Enhanced", "basic hourly"],
    "daily and weekly": [
        "basic daily, Enhanced",
        "basic weekly, Enhanced",
        "basic daily, Enhanced",
    ],
    "hourly and daily": ["basic hourly", "basic daily, Enhanced", "basic hourly"],
    "days of snapshots": ["1 day of snapshots", "5 days of snapshots"],
    "days of snapshots, Enhanced": ["1 day of snapshots, Enhanced", "30 days of snapshots"],
}


def wanted(sent: State, days: int) -> State:
    """Return the state that keeps a plan empty: what was sent, and the snapshot days."""
    dated: State = _dated(sent) | {DAYS: days}
    return state(dated)


def _dated(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _dated(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_dated(part) for part in value]
    return f"2026-01-01T{value}" if value in (TIME, "20:00:00Z") else value


def default_days(sent: State) -> int:
    """Return the snapshot days of a new policy that does not choose them."""
    if DAYS in sent:
        return int(sent[DAYS])
    if sent["policyType"] == "V2":
        return 7
    return 5 if sent["schedulePolicy"]["scheduleRunFrequency"] == "Weekly" else 2


@pytest.fixture
def policy(azurerm: Azurerm) -> VmPolicy:
    """A policy that is not there yet, in a vault of defaults."""
    Vault(azurerm).create(DEFAULTS)
    return VmPolicy(azurerm)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_what_azure_takes_of_terraform_is_taken_and_read_back(policy: VmPolicy, name: str) -> None:
    sent = CONFIGURATIONS[name]
    assert policy.create(sent) == wanted(sent, default_days(sent))
    # Sent back as it was read: nothing changes, the entity tag neither.
    before = policy.azurerm.arm.get(policy.id)
    days = sent.get(DAYS)
    assert policy.update(sent, days=days) == wanted(sent, default_days(sent))
    after = policy.azurerm.arm.get(policy.id)
    assert (after.json(), after.headers["etag"]) == (before.json(), before.headers["etag"])
    with pytest.raises(ImportNeeded):
        policy.create(sent)
    policy.delete()
    assert policy.read() is None


def test_what_is_read_of_a_policy_is_what_was_sent_and_what_azure_adds(current: Azurerm) -> None:
    Vault(current).create(DEFAULTS)
    sent = CONFIGURATIONS["basic daily"]
    VmPolicy(current).create(sent)
    shown = current.found(f"{POLICY_ID}-tf", CURRENT.policies)["properties"]
    expected = _dated(sent) | {"protectedItemsCount": 0, DAYS: 2, "instantRPDetails": {}}
    schedule = expected["schedulePolicy"]
    del schedule["scheduleRunDays"]
    assert shown == expected | {"schedulePolicy": schedule | {"scheduleWeeklyFrequency": 0}}


@pytest.mark.parametrize("anew", [False, True], ids=["read and patched", "anew"])
@pytest.mark.parametrize("name", UPDATES)
def test_what_terraform_updates_is_updated(policy: VmPolicy, name: str, anew: bool) -> None:
    first, *others = (CONFIGURATIONS[each] for each in UPDATES[name])
    policy.create(first)
    days = default_days(first)
    for sent in others:
        weekly_standard = default_days(sent) == 5 and DAYS not in sent
        days = sent.get(DAYS, 5 if weekly_standard else days)
        read = policy.replace(sent) if anew else policy.update(sent, days=sent.get(DAYS))
        assert read == wanted(sent, days)


def test_only_policies_for_vms_are_listed(policy: VmPolicy) -> None:
    policy.create(CONFIGURATIONS["basic daily"])
    names = listed_policies(policy.azurerm)
    assert names == ["daily-tf", "DefaultPolicy", "EnhancedPolicy"]
