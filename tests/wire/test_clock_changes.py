"""Backups on the days when clocks are changed, over the wire: one a day, with the right date.

8 March and 5 April 2026 are Sundays; the instants are worked out by hand (docs/decisions/0007).
"""

from __future__ import annotations

from typing import Any

import httpx

from tests.wire.builders import (
    HOURLY_ID,
    POINTS,
    POLICY_ID,
    advance,
    done,
    listed,
    policy_body,
    protect,
    put_hourly,
    put_vm,
    tiers,
)


def shown(arm: httpx.Client) -> list[dict[str, Any]]:
    """The properties of the points, oldest first."""
    return [point["properties"] for point in reversed(listed(arm, POINTS))]


def test_a_day_in_newfoundland_has_one_backup_when_half_past_two_is_left_out(
    vault: httpx.Client,
) -> None:
    body = policy_body(at="02:30", days=7, timeZone="Newfoundland Standard Time")
    at = body["properties"]["schedulePolicy"]["scheduleRunTimes"]
    body["properties"]["retentionPolicy"]["weeklySchedule"] = {
        "daysOfTheWeek": ["Sunday"],
        "retentionTimes": at,
        "retentionDuration": {"count": 4, "durationType": "Weeks"},
    }
    done(vault.put(POLICY_ID, json=body))
    put_vm(vault)
    advance(vault, to="2026-03-06T12:00:00Z")
    protect(vault)
    advance(vault, to="2026-03-12T12:00:00Z")
    points = shown(vault)
    assert [point["recoveryPointTime"] for point in points] == [
        f"2026-03-{day:02}T06:00:05Z" for day in range(7, 13)
    ]
    lives = [point.get("recoveryPointProperties", {}) for point in points]
    # Only the eighth is a Sunday's.
    assert [life.get("ruleName") for life in lives] == [
        "Daily", "Weekly", "Daily", "Daily", "Daily", None,
    ]  # fmt: skip
    assert lives[1]["expiryTime"] == "2026-04-05T06:00:05"


def test_a_day_on_lord_howe_has_its_six_backups_when_half_an_hour_comes_twice(
    vault: httpx.Client,
) -> None:
    put_hourly(vault, "00:30", hours=24, instant=7, timeZone="Lord Howe Standard Time")
    put_vm(vault)
    advance(vault, to="2026-04-03T12:00:00Z")
    protect(vault, policy=HOURLY_ID)
    advance(vault, to="2026-04-06T12:00:00Z")
    points = shown(vault)
    hours = ("14", "18", "22", "02", "06", "10")  # 00:30 to 20:30 at UTC+10:30
    assert [point["recoveryPointTime"] for point in points] == [
        f"2026-04-{day - (hour in hours[:3]):02}T{hour}:00:05Z"
        for day in (4, 5, 6)
        for hour in hours
    ]
    vaulted = [point for point in points if "HardenedRP" in tiers({"properties": point})]
    assert [point["recoveryPointTime"] for point in vaulted] == [
        f"2026-04-{day:02}T10:00:05Z" for day in (4, 5, 6)
    ]
