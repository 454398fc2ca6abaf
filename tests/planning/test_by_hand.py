"""The figures of small plans, worked out by hand from the rules."""

from __future__ import annotations

import pytest

from tests.planning.bodies import (
    advice,
    at,
    daily,
    document,
    first_sunday,
    hourly,
    kept,
    report,
    weekly,
)


def test_three_vms_kept_for_seven_days_have_seven_points_each() -> None:
    found = report(document(daily(7), count=3, horizon="P30D"))
    # At midnight the point of 22:00 is two hours old; that of seven evenings ago is over.
    assert at(found, "2026-01-02")["points"] == 3
    assert [at(found, f"2026-01-{day:02d}")["points"] for day in range(8, 32)] == [21] * 24
    assert found["policies"][0]["pointsOfAVm"] == {"fewest": 7, "most": 7}
    assert found["policies"][0]["backups"] == 3 * 30
    assert at(found, "2026-01-31")["oldestDays"] == 6.1
    assert at(found, "2026-01-31")["longestGapDays"] == 1.0


def test_between_a_backup_and_the_end_of_the_oldest_point_there_is_one_more() -> None:
    found = report(document(daily(7), count=3, start="2026-01-01T22:30:00Z", horizon="P20D"))
    # The first backup is on the 2nd. At 22:30 tonight's point is there, and that of seven
    # nights ago was over at 22:00:05: the sweep of 23:00 has not come yet.
    assert at(found, "2026-01-20")["points"] == 3 * 8


def test_snapshots_live_as_many_days_as_the_policy_says() -> None:
    found = report(document(daily(7), count=3, horizon="P30D"))
    sample = at(found, "2026-01-20")
    assert (sample["snapshotPoints"], sample["vaultPoints"]) == (3 * 2, 3 * 7)


def test_first_sundays_are_kept_for_half_a_year() -> None:
    monthly = {"monthlySchedule": first_sunday(6, "Months")}
    found = report(document(daily(7, more=monthly), horizon="P1Y"))
    # On 1 January 2027 the first Sundays of July (5th) to December (6th) are there, that of July
    # until the 5th, and the dailies of 25 to 31 December.
    assert found["series"][-1]["points"] == 6 + 7
    assert found["series"][-1]["oldestDays"] == pytest.approx(179.1, abs=0.05)
    # From 5 July to 2 August, the longest way from one first Sunday to the next, are 28 days; from
    # 2 August to 6 September and 4 October to 1 November 35 and 28.
    assert found["series"][-1]["longestGapDays"] == 35.0


def test_gigabytes_are_the_first_backup_and_what_has_changed_since() -> None:
    found = report(document(daily(7), count=2, horizon="P30D"))
    # 100 GB, half of it used, 2 % of that a day: 50 GB and 1 GB for each day between points.
    assert at(found, "2026-01-02")["vaultGB"] == 100.0
    assert at(found, "2026-01-04")["vaultGB"] == pytest.approx(2 * 52, abs=0.1)
    # Seven points, six days apart; two snapshots, one day apart.
    assert at(found, "2026-01-31")["vaultGB"] == pytest.approx(2 * 56, abs=0.1)
    assert at(found, "2026-01-31")["snapshotGB"] == pytest.approx(2 * 51, abs=0.1)


def test_of_changes_no_more_is_stored_than_a_vm_holds() -> None:
    given = document(
        daily(7, more={"monthlySchedule": first_sunday(12, "Months")}), horizon="P200D"
    )
    given["groups"][0]["churnPercentPerDay"] = 10
    found = report(given)
    # On 20 July: 4 January in full, the six first Sundays after it with all of the 50 GB each, 13
    # July with eight days since 5 July, and the six evenings after it with a day each.
    assert found["series"][-1]["vaultGB"] == pytest.approx(50 + 6 * 50 + 8 * 5 + 6 * 5, abs=0.1)


def test_a_weekly_schedule_may_lose_a_week_and_the_way_of_a_snapshot() -> None:
    found = report(document(weekly(4, "Sunday"), horizon="P90D"))
    policy = found["policies"][0]
    assert policy["rpoHours"] == pytest.approx(168.1, abs=0.1)
    assert policy["points"] == 4
    assert policy["runsADay"] == pytest.approx(1 / 7, abs=0.005)
    assert advice(found, "retention")[-1]["figures"]["rpoHours"] == policy["rpoHours"]


def test_of_an_hourly_schedule_the_last_of_the_day_is_vaulted() -> None:
    found = report(document(hourly(4, 12), horizon="P30D"))
    policy, sample = found["policies"][0], at(found, "2026-01-20")
    # 08:00, 12:00, 16:00 and 20:00; snapshots live two days, the day's last one seven.
    assert policy["backups"] == 4 * 30
    assert policy["transfersSkipped"] == 0
    assert (sample["snapshotPoints"], sample["vaultPoints"], sample["points"]) == (8, 7, 8 + 5)
    # From 20:00 to the end of the snapshot of 08:00.
    assert policy["rpoHours"] == pytest.approx(12.1, abs=0.05)
    hours = {hour["hour"]: hour for hour in found["day"]["hours"] if hour["startsADay"]}
    assert list(hours) == [8, 12, 16, 20]
    assert [hour["transfersAtOnce"] for hour in hours.values()] == [0, 0, 0, 1]
    # Sixteen o'clock and noon are in peak hours on the weekdays of these thirty days.
    assert found["peak"]["starts"] == 2 * 22


def test_hours_are_those_of_the_clocks_on_the_wall() -> None:
    body = {**daily(), "timeZone": "W. Europe Standard Time"}
    found = report(document(body, horizon="P1Y"))
    starts = {each["hour"]: each["startsADay"] for each in found["day"]["hours"]}
    # Summer time of 2026 is from 29 March to 25 October: 210 evenings.
    assert starts[23] == pytest.approx(210 / 365, abs=0.01)
    assert starts[22] == pytest.approx(155 / 365, abs=0.01)
    assert found["timeZone"] == "W. Europe Standard Time"


def test_backups_of_two_policies_meet_while_both_transfer() -> None:
    found = report(document(daily(at="22:00"), daily(at="22:00"), count=2, horizon="P30D"))
    (meeting,) = found["day"]["meetings"]
    assert meeting == {"policies": ["p1x", "p2x"], "hours": [22], "transfersAtOnce": 4}
    apart = report(document(daily(at="22:00"), daily(at="23:00"), count=2, horizon="P30D"))
    assert apart["day"]["meetings"] == []


def test_first_backups_are_counted_apart() -> None:
    found = report(document(daily(), count=2, horizon="P30D"))
    first = found["day"]["firstBackups"]
    assert (first["number"], first["GB"], first["transfersAtOnce"]) == (2, 100.0, 2)
    assert first["from"] == "2026-01-01T22:00:00Z"
    # 50 GB at 160 Mbps are three quarters of an hour, give or take a tenth.
    assert "2026-01-01T22:40" < first["until"] < "2026-01-01T23:00"


@pytest.mark.parametrize("zone", ["UTC", "India Standard Time"])
def test_an_edit_deletes_what_the_shorter_length_no_longer_covers(zone: str) -> None:
    given = document({**daily(30), "timeZone": zone}, count=3, horizon="P90D", timeZone=zone)
    shorter = {**daily(10), "timeZone": zone}
    given["edits"] = [{"policy": "p1x", "after": "P60D", "properties": shorter}]
    found = report(given)
    (edit,) = found["edits"]
    # Thirty points each, those of twenty evenings are older than ten days.
    assert edit["points"] == 3 * 20
    assert [rule["rule"] for rule in edit["rules"]] == ["Daily"]
    assert (edit["rules"][0]["oldest"][:10], edit["rules"][0]["newest"][:10]) == (
        "2026-01-31",
        "2026-02-19",
    )
    assert edit["vaultGB"] == pytest.approx(3 * 20, abs=0.1)
    assert (edit["laterPoints"], edit["snapshots"]) == (0, 0)
    before, after = at(found, "2026-03-02"), at(found, "2026-03-03")
    assert (before["points"], after["points"]) == (90, 30)


def test_an_edit_that_keeps_for_longer_deletes_nothing() -> None:
    given = document(daily(7), horizon="P90D")
    given["edits"] = [{"policy": "p1x", "after": "P60D", "properties": daily(30)}]
    (edit,) = report(given)["edits"]
    assert (edit["points"], edit["rules"], edit["vaultGB"]) == (0, [], 0.0)


def test_from_daily_to_weekly_the_newest_daily_point_goes_last() -> None:
    given = document(daily(7), horizon="P60D")
    given["edits"] = [
        {"policy": "p1x", "at": "2026-02-10", "properties": weekly(4, "Sunday")},
    ]
    (edit,) = report(given)["edits"]
    assert (edit["points"], edit["laterPoints"]) == (6, 1)


def test_edits_follow_one_another() -> None:
    given = document(daily(30), horizon="P90D")
    given["edits"] = [
        {"policy": "p1x", "after": "P50D", "properties": daily(10)},
        {"policy": "p1x", "after": "P40D", "properties": daily(20)},
    ]
    found = report(given)
    assert [(each["at"][:10], each["points"]) for each in found["edits"]] == [
        ("2026-02-10", 10),
        ("2026-02-20", 10),
    ]


def test_a_sample_of_a_group_stands_for_all_of_it() -> None:
    given = document(daily(7), count=40, horizon="P30D")
    whole, sampled = report(given), report({**given, "sample": 4})
    assert sampled["vms"]["simulated"] == 4
    assert sampled["policies"][0]["simulated"] == 4
    for name in ("points", "snapshotPoints", "vaultPoints", "vaultGB", "snapshotGB"):
        assert sampled["series"][-1][name] == pytest.approx(whole["series"][-1][name])
    assert sampled["peak"]["backups"] == whole["peak"]["backups"]
    assert sampled["day"]["mostSnapshots"]["number"] == whole["day"]["mostSnapshots"]["number"]


def test_years_are_looked_at_by_months_and_no_more_than_two_hundred_times() -> None:
    found = report(document(weekly(1, "Sunday"), horizon="P30Y"))
    assert 120 < len(found["series"]) <= 200
    long = {
        "weeklySchedule": {"daysOfTheWeek": ["Sunday"], **kept(4, "Weeks")},
        "yearlySchedule": first_sunday(10, "Years", monthsOfYear=["January"]),
    }
    ten = report(document(daily(7, more=long), horizon="P10Y"))
    assert len(ten["series"]) == 121
    # Nine first Sundays of January since 2027 and that of 2026, 4 January, is over in 2036.
    assert ten["series"][-1]["oldestDays"] == pytest.approx(3650, abs=5)
