"""Weekly schedules and long-term retention over the wire: what is there, until when, and why.

The dates are written out by hand from docs/decisions/0042; 1 January 2026 was a Thursday.
"""

from __future__ import annotations

from typing import Any

import httpx

from tests.wire.builders import (
    ITEM_ID,
    POINTS,
    POLICY_ID,
    RESUME,
    STOP,
    VAULT_ID,
    Served,
    advance,
    back_up,
    done,
    finish,
    listed,
    protect,
    put_group,
    put_vault,
    put_vm,
    times,
)

AT = ["2026-01-01T22:00:00Z"]
SUNDAY = {"daysOfTheWeek": ["Sunday"]}
FIRST_SUNDAY = {
    "retentionScheduleFormatType": "Weekly",
    "retentionScheduleWeekly": {**SUNDAY, "weeksOfTheMonth": ["First"]},
}
LAST_DAY = {
    "retentionScheduleFormatType": "Daily",
    "retentionScheduleDaily": {"daysOfTheMonth": [{"date": 0, "isLast": True}]},
}


def kept(count: int, unit: str, **days: Any) -> dict[str, Any]:
    duration = {"count": count, "durationType": unit}
    return {**days, "retentionTimes": AT, "retentionDuration": duration}


def put(
    arm: httpx.Client, *days: str, policy: str = POLICY_ID, **categories: dict[str, Any]
) -> dict[str, Any]:
    """Put a policy that runs on some weekdays, or (without any) every day."""
    schedule: dict[str, Any] = {
        "schedulePolicyType": "SimpleSchedulePolicy",
        "scheduleRunFrequency": "Weekly" if days else "Daily",
        "scheduleRunDays": list(days),
        "scheduleRunTimes": AT,
    }
    retention: dict[str, Any] = {"retentionPolicyType": "LongTermRetentionPolicy"}
    retention |= {f"{name}Schedule": category for name, category in categories.items()}
    properties = {
        "backupManagementType": "AzureIaasVM",
        "schedulePolicy": schedule,
        "retentionPolicy": retention,
        "timeZone": "UTC",
    }
    found: dict[str, Any] = done(arm.put(policy, json={"properties": properties})).json()
    return found


def days(arm: httpx.Client) -> list[str]:
    """The dates of the points, oldest first."""
    return [time[:10] for time in reversed(times(arm))]


def life(arm: httpx.Client, date: str) -> tuple[str, str]:
    """The expiry and the rule that the point of a date shows."""
    (point,) = [
        each["properties"]
        for each in listed(arm, POINTS)
        if each["properties"]["recoveryPointTime"].startswith(date)
    ]
    block = point["recoveryPointProperties"]
    return block["expiryTime"], block["ruleName"]


def fresh(arm: httpx.Client) -> httpx.Client:
    put_group(arm)
    put_vault(arm)
    put_vm(arm)
    return arm


WEEK = kept(7, "Days")


def test_a_weekly_schedule_backs_up_on_its_days_and_keeps_for_weeks(serve: Served) -> None:
    arm = fresh(serve())
    put(arm, "Sunday", "Wednesday", weekly=kept(2, "Weeks", daysOfTheWeek=["Wednesday", "Sunday"]))
    protect(arm)
    advance(arm, to="2026-01-31T00:00:00Z")
    # Those of 18 January and before go by 22:00:05 of 1 February.
    assert days(arm) == ["2026-01-18", "2026-01-21", "2026-01-25", "2026-01-28"]
    assert life(arm, "2026-01-21") == ("2026-02-04T22:00:05", "Weekly")
    assert life(arm, "2026-01-28") == ("2026-02-02T22:00:05", "Weekly")  # of its snapshot


def test_each_point_is_kept_by_the_longest_rule_it_falls_under(protected: httpx.Client) -> None:
    put(
        protected,
        daily=WEEK,
        weekly=kept(4, "Weeks", **SUNDAY),
        monthly=kept(3, "Months", **LAST_DAY),
        yearly=kept(1, "Years", monthsOfYear=["January"], **FIRST_SUNDAY),
    )
    advance(protected, to="2026-02-05T00:00:00Z")
    assert days(protected) == [
        "2026-01-04", "2026-01-11", "2026-01-18", "2026-01-25", "2026-01-29", "2026-01-30",
        "2026-01-31", "2026-02-01", "2026-02-02", "2026-02-03", "2026-02-04",
    ]  # fmt: skip
    assert life(protected, "2026-01-04") == ("2027-01-04T22:00:05", "Yearly")
    assert life(protected, "2026-01-11") == ("2026-02-08T22:00:05", "Weekly")
    assert life(protected, "2026-01-30") == ("2026-02-06T22:00:05", "Daily")
    assert life(protected, "2026-01-31") == ("2026-04-30T22:00:05", "Monthly")
    advance(protected, to="2026-04-30T22:59:59Z")
    assert "2026-01-31" in days(protected)
    advance(protected, to="2026-04-30T23:00:00Z")
    assert "2026-01-31" not in days(protected)
    advance(protected, to="2027-01-04T22:59:59Z")
    assert days(protected)[0] == "2026-01-04"
    advance(protected, to="2027-01-04T23:00:00Z")
    assert days(protected)[0] == "2026-10-31"


# --- edits --------------------------------------------------------------------------------


def test_a_new_length_is_for_old_points_and_a_new_category_for_new_ones(
    protected: httpx.Client,
) -> None:
    put(protected, daily=WEEK, weekly=kept(4, "Weeks", **SUNDAY))
    advance(protected, to="2026-01-20T00:00:00Z")
    put(
        protected,
        daily=kept(8, "Days"),
        weekly=kept(8, "Weeks", **SUNDAY),
        monthly=kept(12, "Months", **FIRST_SUNDAY),
    )
    assert life(protected, "2026-01-04") == ("2026-03-01T22:00:05", "Weekly")
    advance(protected, to="2026-01-21T00:00:00Z")
    assert life(protected, "2026-01-15") == ("2026-01-23T22:00:05", "Daily")
    advance(protected, to="2026-02-10T00:00:00Z")
    assert life(protected, "2026-02-01") == ("2027-02-01T22:00:05", "Monthly")


def test_months_are_counted_for_each_old_point_by_the_calendar(protected: httpx.Client) -> None:
    put(protected, daily=WEEK, monthly=kept(2, "Months", **LAST_DAY))
    advance(protected, to="2026-03-20T00:00:00Z")
    assert life(protected, "2026-01-31") == ("2026-03-31T22:00:05", "Monthly")
    put(protected, daily=WEEK, monthly=kept(13, "Months", **LAST_DAY))
    assert life(protected, "2026-01-31") == ("2027-02-28T22:00:05", "Monthly")
    assert life(protected, "2026-02-28") == ("2027-03-28T22:00:05", "Monthly")


def test_a_category_that_is_taken_away_gives_its_points_to_the_next(
    protected: httpx.Client,
) -> None:
    put(protected, daily=WEEK, weekly=kept(8, "Weeks", **SUNDAY))
    advance(protected, to="2026-01-20T00:00:00Z")
    put(protected, daily=WEEK)
    assert "2026-01-11" not in days(protected)
    put(protected, daily=WEEK, weekly=kept(8, "Weeks", **SUNDAY))
    assert life(protected, "2026-01-11") == ("2026-03-08T22:00:05", "Weekly")
    put(protected, daily=WEEK)
    advance(protected, to="2026-01-21T00:00:00Z")
    assert days(protected)[0] == "2026-01-14"


def test_daily_points_go_when_the_schedule_becomes_weekly(protected: httpx.Client) -> None:
    put(protected, daily=WEEK, weekly=kept(8, "Weeks", **SUNDAY))
    advance(protected, to="2026-01-20T00:00:00Z")
    put(protected, "Sunday", weekly=kept(8, "Weeks", **SUNDAY))
    assert "2026-01-16" not in days(protected)
    advance(protected, to="2026-01-24T00:00:00Z")
    # The newest stays until one follows it.
    assert days(protected) == ["2026-01-04", "2026-01-11", "2026-01-18", "2026-01-19"]
    advance(protected, to="2026-01-27T00:00:00Z")
    assert days(protected) == ["2026-01-04", "2026-01-11", "2026-01-18", "2026-01-25"]


def test_weekly_points_keep_their_days_when_the_schedule_becomes_daily(serve: Served) -> None:
    arm = fresh(serve())
    put(arm, "Sunday", weekly=kept(3, "Weeks", **SUNDAY))
    protect(arm)
    advance(arm, to="2026-01-20T00:00:00Z")
    put(arm, daily=WEEK)
    assert life(arm, "2026-01-11") == ("2026-02-01T22:00:05", "Weekly")
    advance(arm, to="2026-02-01T00:00:00Z")
    assert days(arm)[:3] == ["2026-01-11", "2026-01-18", "2026-01-25"]
    advance(arm, to="2026-02-09T00:00:00Z")
    assert days(arm)[0] == "2026-02-02"


def test_another_policy_judges_the_points_of_the_first(protected: httpx.Client) -> None:
    other = f"{VAULT_ID}/backupPolicies/other"
    put(protected, daily=WEEK, weekly=kept(8, "Weeks", **SUNDAY))
    put(protected, policy=other, daily=WEEK, weekly=kept(2, "Weeks", **SUNDAY))
    advance(protected, to="2026-01-20T00:00:00Z")
    protect(protected, policy=other)
    assert life(protected, "2026-01-11") == ("2026-01-25T22:00:05", "Weekly")
    advance(protected, to="2026-01-20T01:00:00Z")
    assert days(protected)[0] == "2026-01-11"


def test_a_stopped_item_is_judged_when_it_is_resumed(protected: httpx.Client) -> None:
    put(protected, daily=WEEK, weekly=kept(8, "Weeks", **SUNDAY))
    advance(protected, to="2026-01-20T00:00:00Z")
    finish(protected, protected.put(ITEM_ID, json=STOP))
    put(protected, daily=WEEK, weekly=kept(1, "Weeks", **SUNDAY))
    advance(protected, to="2026-03-01T00:00:00Z")
    assert days(protected)[0] == "2026-01-04"
    finish(protected, protected.put(ITEM_ID, json=RESUME))
    advance(protected, to="2026-03-02T00:00:00Z")
    assert days(protected) == ["2026-03-01"]


def test_a_backup_that_runs_at_the_edit_is_judged_as_its_point(protected: httpx.Client) -> None:
    put(protected, daily=WEEK, weekly=kept(8, "Weeks", **SUNDAY))
    advance(protected, to="2026-01-04T22:00:01Z")
    put(protected, daily=kept(40, "Days"), weekly=kept(1, "Weeks", **SUNDAY))
    advance(protected, to="2026-01-20T00:00:00Z")
    assert life(protected, "2026-01-04") == ("2026-02-13T22:00:05", "Daily")


def test_an_on_demand_point_is_under_no_rule(protected: httpx.Client) -> None:
    put(protected, daily=WEEK, weekly=kept(8, "Weeks", **SUNDAY))
    advance(protected, to="2026-01-04T12:00:00Z")
    advance(protected, until={"job": back_up(protected, until="2026-01-09T12:00:00Z")})
    put(protected, "Sunday", weekly=kept(9, "Weeks", **SUNDAY))
    advance(protected, to="2026-01-08T00:00:00Z")
    (mine,) = [
        each["properties"]
        for each in listed(protected, POINTS)
        if each["properties"]["recoveryPointTime"].startswith("2026-01-04T12")
    ]
    assert mine["recoveryPointProperties"]["expiryTime"] == "2026-01-09T12:00:00"
    assert "ruleName" not in mine["recoveryPointProperties"]


# --- the fleet ----------------------------------------------------------------------------


def test_an_edit_reaches_every_item_under_the_policy(protected: httpx.Client) -> None:
    put(protected, daily=WEEK, weekly=kept(8, "Weeks", **SUNDAY))
    put_vm(protected, "vm-2")
    protect(protected, "vm-2")
    advance(protected, to="2026-01-20T00:00:00Z")
    put(protected, daily=WEEK, weekly=kept(1, "Weeks", **SUNDAY))
    advance(protected, to="2026-01-20T01:00:00Z")
    second = f"{ITEM_ID.replace('vm-1', 'vm-2')}/recoveryPoints"
    assert times(protected) == times(protected, second)
    assert days(protected)[0] == "2026-01-13"
