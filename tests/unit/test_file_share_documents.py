"""Policies of file shares: which Azure takes, what is stored of them, and what they mean."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Refused
from app.domain.file_share_documents import file_share_policy
from app.domain.instants import DAY, HOUR, parse, wire
from app.domain.policies import FileSharePolicy, Keep, Length, read
from app.domain.policy_documents import policy
from app.domain.retention_rules import Rule

NOW = parse("2026-05-06T07:08:09Z")
AT = "2026-01-01T23:00:00Z"
RETENTION = "properties.retentionPolicy.dailySchedule.retentionDuration.count"
WINDOW = "properties.schedulePolicy.hourlySchedule.scheduleWindowDuration"


def kept(count: int, unit: str, **days: Any) -> dict[str, Any]:
    return {
        **days,
        "retentionTimes": [AT],
        "retentionDuration": {"count": count, "durationType": unit},
    }


def long_term(days: int = 10, **more: Any) -> dict[str, Any]:
    categories = {"dailySchedule": kept(days, "Days"), **more}
    return {"retentionPolicyType": "LongTermRetentionPolicy", **categories}


def body(**more: Any) -> dict[str, Any]:
    return {
        "backupManagementType": "AzureStorage",
        "schedulePolicy": {
            "schedulePolicyType": "SimpleSchedulePolicy",
            "scheduleRunFrequency": "Daily",
            "scheduleRunTimes": [AT],
        },
        "retentionPolicy": long_term(),
        **more,
    }


def hourly(interval: int = 4, start: str = "10:00", hours: int = 12, **more: Any) -> dict[str, Any]:
    schedule = {
        "schedulePolicyType": "SimpleSchedulePolicy",
        "scheduleRunFrequency": "Hourly",
        "hourlySchedule": {
            "interval": interval,
            "scheduleWindowStartTime": f"2018-07-30T{start}:00.000Z",
            "scheduleWindowDuration": hours,
        },
    }
    sent = body(schedulePolicy=schedule, **more)
    for retention in (sent.get("retentionPolicy", {}), sent.get("vaultRetentionPolicy", {})):
        for part in retention.get("vaultRetention", retention).values():
            if isinstance(part, dict):
                part.pop("retentionTimes")
    return sent


def vaulted(snapshots: int = 5, days: int = 30, **more: Any) -> dict[str, Any]:
    sent = body(**more)
    del sent["retentionPolicy"]
    vault = {"snapshotRetentionInDays": snapshots, "vaultRetention": long_term(days)}
    return sent | {"vaultRetentionPolicy": vault}


def accepted(sent: dict[str, Any], stored: Any = None) -> dict[str, Any]:
    return file_share_policy(copy.deepcopy(sent), stored, NOW)


def refusal(sent: dict[str, Any], stored: Any = None) -> Refused:
    with pytest.raises(Refused) as raised:
        accepted(sent, stored)
    assert raised.value.code == "BMSUserErrorInvalidPolicyInput"
    return raised.value


def meaning(sent: dict[str, Any]) -> FileSharePolicy:
    found = read(accepted(sent))
    assert isinstance(found, FileSharePolicy)
    return found


def test_a_policy_is_completed_with_what_azure_shows() -> None:
    assert accepted(body()) == {
        "backupManagementType": "AzureStorage",
        "workLoadType": "AzureFileShare",
        "schedulePolicy": body()["schedulePolicy"] | {"scheduleWeeklyFrequency": 0},
        "retentionPolicy": long_term(),
        "timeZone": "UTC",
    }


def test_an_hourly_policy_shows_its_window_with_a_date_and_no_retention_times() -> None:
    document = accepted(hourly())
    assert document["schedulePolicy"]["hourlySchedule"] == {
        "interval": 4,
        "scheduleWindowStartTime": "2018-07-30T10:00:00Z",
        "scheduleWindowDuration": 12,
    }
    duration = {"count": 10, "durationType": "Days"}
    assert document["retentionPolicy"]["dailySchedule"] == {"retentionDuration": duration}


def test_a_vaulted_policy_has_no_retention_of_snapshots_besides_its_own() -> None:
    document = accepted(vaulted(9, 10))
    assert "retentionPolicy" not in document
    assert document["vaultRetentionPolicy"] == {
        "snapshotRetentionInDays": 9,
        "vaultRetention": long_term(10),
    }


@given(
    half_hours=st.integers(0, 38),
    zone=st.sampled_from(["UTC", "Pacific Standard Time"]),
    days=st.integers(1, 49),
)
def test_a_policy_that_was_read_back_is_accepted_unchanged(
    half_hours: int, zone: str, days: int
) -> None:
    at = wire(half_hours * HOUR // 2)
    every_day = body(retentionPolicy=long_term(days), timeZone=zone)
    in_the_vault = vaulted(5, 9 * days, timeZone=zone)
    for sent in (every_day, in_the_vault):
        retention = sent.get("retentionPolicy") or sent["vaultRetentionPolicy"]["vaultRetention"]
        retention["dailySchedule"]["retentionTimes"] = [at]
        sent["schedulePolicy"]["scheduleRunTimes"] = [at]
    every_hour = hourly(start=at[11:16], hours=4, retentionPolicy=long_term(days), timeZone=zone)
    for sent in (every_day, every_hour, in_the_vault):
        document = accepted(sent)
        before = copy.deepcopy(document)
        assert policy("shares", document, document, NOW + DAY) == document == before


def test_weekly_schedules_are_those_of_others() -> None:
    weekly = body()
    weekly["schedulePolicy"] |= {"scheduleRunFrequency": "Weekly", "scheduleRunDays": ["Sunday"]}
    refused = refusal(weekly)
    assert refused.target == "properties.schedulePolicy.scheduleRunFrequency"
    assert "'Weekly' is not allowed; allowed: Daily, Hourly" in refused.message


@pytest.mark.parametrize(
    ("interval", "start", "hours", "told"),
    [
        (12, "10:00", 11, "11 hours are less than the interval of 12 hours"),
        (4, "20:00", 4, "4 hours from 20:00 on end after 23:30"),
        (4, "19:30", 5, "5 hours from 19:30 on end after 23:30"),
        (4, "01:00", 23, "23 hours from 01:00 on end after 23:30"),
    ],
)
def test_a_window_holds_an_interval_and_ends_before_midnight(
    interval: int, start: str, hours: int, told: str
) -> None:
    refused = refusal(hourly(interval, start, hours))
    assert refused.target == WINDOW
    assert told in refused.message
    assert accepted(hourly(4, "19:30", 4))
    assert accepted(hourly(4, "00:30", 23))


@pytest.mark.parametrize(
    ("interval", "hours", "most"), [(4, 12, 49), (4, 23, 32), (12, 12, 99), (8, 15, 99)]
)
def test_a_share_has_room_for_two_hundred_snapshots(interval: int, hours: int, most: int) -> None:
    assert accepted(hourly(interval, "00:00", hours, retentionPolicy=long_term(most)))
    refused = refusal(hourly(interval, "00:00", hours, retentionPolicy=long_term(most + 1)))
    assert refused.target == RETENTION
    assert f"allowed: 1 to {most} days" in refused.message
    many = hourly(interval, "00:00", hours)
    del many["retentionPolicy"]
    many["vaultRetentionPolicy"] = {
        "snapshotRetentionInDays": 30,
        "vaultRetention": {
            "retentionPolicyType": "LongTermRetentionPolicy",
            "dailySchedule": {"retentionDuration": {"count": 9999, "durationType": "Days"}},
        },
    }
    assert accepted(many)


def test_snapshots_of_a_vaulted_policy_live_shorter_than_its_points() -> None:
    refused = refusal(vaulted(10, 10))
    assert refused.target == "properties.vaultRetentionPolicy.snapshotRetentionInDays"
    assert "10 must be less than the 10 days of the vault" in refused.message


def test_one_retention_is_needed_and_two_are_too_many() -> None:
    none = body()
    del none["retentionPolicy"]
    assert refusal(none).target == "properties.retentionPolicy"
    both = body(vaultRetentionPolicy=vaulted()["vaultRetentionPolicy"])
    assert refusal(both).target == "properties.retentionPolicy"


def test_a_policy_goes_to_the_vault_and_never_back() -> None:
    snapshots, vault = accepted(body()), accepted(vaulted())
    assert accepted(vaulted(), snapshots) == vault
    refused = refusal(body(), vault)
    assert refused.target == "properties.vaultRetentionPolicy"
    assert "stays so" in refused.message


def test_a_policy_of_vms_or_databases_does_not_become_one_of_shares() -> None:
    for kind in ("AzureIaasVM", "AzureWorkload"):
        with pytest.raises(Refused, match=f"'shares' is an {kind} policy and stays one"):
            policy("shares", body(), {"backupManagementType": kind}, NOW)


# --- what they mean --------------------------------------------------------------------------


def test_a_daily_policy_of_snapshots_is_read_with_its_times_and_rules() -> None:
    yearly = kept(
        7,
        "Years",
        monthsOfYear=["January"],
        retentionScheduleFormatType="Daily",
        retentionScheduleDaily={"daysOfTheMonth": [{"date": 0, "isLast": True}]},
    )
    found = meaning(
        body(
            retentionPolicy=long_term(
                weeklySchedule=kept(7, "Weeks", daysOfTheWeek=["Sunday"]), yearlySchedule=yearly
            ),
            timeZone="Tokyo Standard Time",
        )
    )
    assert found == FileSharePolicy(
        (23 * HOUR,),
        "Tokyo Standard Time",
        0,
        (
            Rule("Yearly", 7, month_days=frozenset({0}), months=frozenset({"January"})),
            Rule("Weekly", 7, weekdays=frozenset({"Sunday"})),
            Rule("Daily", 10),
        ),
        vaulted=False,
    )
    assert found.next_slot(NOW) == parse("2026-05-06T14:00:00Z")


def test_the_last_snapshot_of_a_day_has_the_tags_of_its_date_and_the_others_are_daily() -> None:
    found = meaning(
        hourly(
            8,
            "06:00",
            16,
            retentionPolicy=long_term(weeklySchedule=kept(7, "Weeks", daysOfTheWeek=["Sunday"])),
        )
    )
    assert [time // HOUR for time in found.times] == [6, 14, 22]
    sunday = (date(2026, 5, 10) - date(1970, 1, 1)).days
    kept_so = [found.keep(parse(f"2026-05-10T{hour:02}:00:00Z")) for hour in (6, 14, 22)]
    daily = Keep("D", sunday, Length("Daily", 10 * DAY), vaulted=False, settles=False)
    weekly = Keep("WD", sunday, Length("Weekly", 49 * DAY), vaulted=False, settles=False)
    assert kept_so == [daily, daily, weekly]


def test_the_last_backup_of_a_day_is_vaulted_and_snapshots_live_their_days() -> None:
    sent = hourly(8, "06:00", 16)
    del sent["retentionPolicy"]
    sent["vaultRetentionPolicy"] = {
        "snapshotRetentionInDays": 3,
        "vaultRetention": hourly()["retentionPolicy"],
    }
    found = meaning(sent)
    assert found.vaulted
    assert found.instant == 3 * DAY
    kept_so = [found.keep(parse(f"2026-05-10T{hour:02}:00:00Z")) for hour in (6, 14, 22)]
    assert [each.vaulted for each in kept_so] == [False, False, True]
    assert [each.settles for each in kept_so] == [True, False, False]
