"""How long recovery points live: exactly as long as their rule says, save those that are kept."""

from __future__ import annotations

from datetime import date, timedelta

import httpx
import pytest

from tests.wire.builders import (
    ITEM_ID,
    POINTS,
    RESUME,
    STOP,
    SUSPEND,
    VAULT_ID,
    Served,
    advance,
    back_up,
    done,
    finish,
    listed,
    protect,
    put_group,
    put_policy,
    put_vault,
    put_vm,
    set_clock,
    tiers,
    times,
    vm_id,
)

FIRST = date(2026, 1, 1)


def nightly(first: int, last: int) -> list[str]:
    """The instants of the nightly points of some days of the world, newest first."""
    days = [FIRST + timedelta(days=number) for number in range(last, first - 1, -1)]
    return [f"{day}T22:00:05Z" for day in days]


def midnight(days: int) -> str:
    return f"{FIRST + timedelta(days=days)}T00:00:00Z"


def put(arm: httpx.Client, body: dict[str, object]) -> None:
    finish(arm, arm.put(ITEM_ID, json=body))


def daily(arm: httpx.Client, *, days: int = 7, instant: int = 2) -> httpx.Client:
    """Edit the policy of the world's item."""
    put_policy(arm, days=days, instant=instant)
    return arm


# --- daily retention ----------------------------------------------------------------------


@pytest.mark.parametrize("days", [7, 30, 99])
def test_exactly_what_the_policy_keeps_is_there_after_120_days(
    protected: httpx.Client, days: int
) -> None:
    daily(protected, days=days)
    advance(protected, to=midnight(120))
    # A point expires at 22:00:05 of its last day, and is swept at 23:00.
    assert times(protected) == nightly(120 - days, 119)


def test_the_points_there_are_the_same_however_120_days_are_cut(protected: httpx.Client) -> None:
    daily(protected, days=9)
    for day in range(1, 121):
        advance(protected, to=midnight(day))
        kept = nightly(max(0, day - 9), day - 1)
        assert times(protected) == kept


def test_a_point_outlives_its_expiry_until_the_next_sweep_only(protected: httpx.Client) -> None:
    daily(protected)
    advance(protected, to=f"{FIRST + timedelta(days=7)}T22:59:59.999999Z")
    assert times(protected) == nightly(0, 7)
    advance(protected, by="PT0.000001S")
    assert times(protected) == nightly(1, 7)


def test_sweeps_may_be_as_slow_as_the_services(serve: Served) -> None:
    arm = serve(expiry_sweep_hours=24)
    put_group(arm)
    put_vault(arm)
    put_policy(arm, days=7)
    put_vm(arm)
    protect(arm)
    advance(arm, to=f"{FIRST + timedelta(days=7)}T23:59:59.999999Z")
    assert times(arm) == nightly(0, 7)
    advance(arm, by="PT0.000001S")
    assert times(arm) == nightly(1, 7)


# --- on-demand points ---------------------------------------------------------------------


def test_an_on_demand_point_keeps_its_own_date(protected: httpx.Client) -> None:
    daily(protected)
    advance(protected, until={"job": back_up(protected, until="2026-02-10T12:00:00Z")})
    (mine,) = times(protected)
    daily(protected, days=8)
    advance(protected, to="2026-02-10T11:59:59Z")
    assert mine in times(protected)
    assert len(times(protected)) == 9
    advance(protected, to="2026-02-10T12:00:00Z")
    assert mine not in times(protected)


def test_an_on_demand_point_is_kept_for_30_days_if_nothing_is_said(
    protected: httpx.Client,
) -> None:
    daily(protected)
    set_clock(protected, skipOnWait="off")
    advance(protected, until={"job": back_up(protected)})
    (mine,) = times(protected)
    advance(protected, to=midnight(30))
    assert mine in times(protected)
    advance(protected, to=midnight(31))
    assert mine not in times(protected)


# --- the snapshot tier --------------------------------------------------------------------


@pytest.mark.parametrize("instant", [1, 2, 5])
def test_snapshots_are_deleted_after_the_policys_days(
    protected: httpx.Client, instant: int
) -> None:
    daily(protected, days=30, instant=instant)
    advance(protected, to=midnight(12))
    points = listed(protected, POINTS)
    valid = [each for each in points if tiers(each)["InstantRP"] == "Valid"]
    assert [each["properties"]["recoveryPointTime"] for each in valid] == nightly(12 - instant, 11)
    assert {tiers(each)["HardenedRP"] for each in points} == {"Valid"}
    assert len(points) == 12


def test_the_latest_snapshot_is_kept_until_the_next_backup_succeeds(
    protected: httpx.Client,
) -> None:
    daily(protected, instant=1)
    advance(protected, to=midnight(3))
    done(protected.delete(vm_id()))
    advance(protected, to=midnight(6))
    newest, *older = [tiers(each)["InstantRP"] for each in listed(protected, POINTS)]
    assert (newest, set(older)) == ("Valid", {"Deleted"})
    put_vm(protected)
    advance(protected, to=midnight(8))
    shown = {
        each["properties"]["recoveryPointTime"]: tiers(each)["InstantRP"]
        for each in listed(protected, POINTS)
    }
    assert shown[nightly(2, 2)[0]] == "Deleted"
    assert shown[nightly(7, 7)[0]] == "Valid"


# --- the last point -----------------------------------------------------------------------


def test_the_last_point_is_never_deleted_while_backups_fail(protected: httpx.Client) -> None:
    daily(protected)
    advance(protected, to=midnight(3))
    done(protected.delete(vm_id()))
    advance(protected, to=midnight(400))
    assert times(protected) == nightly(2, 2)


def test_the_last_point_goes_once_a_newer_one_is_there(protected: httpx.Client) -> None:
    daily(protected)
    advance(protected, to=midnight(3))
    done(protected.delete(vm_id()))
    advance(protected, to=midnight(60))
    put_vm(protected)
    advance(protected, to=midnight(62))
    assert times(protected) == nightly(60, 61)


# --- stopped, suspended, resumed ----------------------------------------------------------


def test_a_stopped_item_keeps_everything_for_ever(protected: httpx.Client) -> None:
    daily(protected)
    advance(protected, to=midnight(5))
    put(protected, STOP)
    before = listed(protected, POINTS)
    advance(protected, by="P3Y")
    assert [tiers(each) for each in listed(protected, POINTS)] == [tiers(each) for each in before]
    assert times(protected) == nightly(0, 4)


def test_a_suspended_item_keeps_its_last_point_only(protected: httpx.Client) -> None:
    daily(protected)
    advance(protected, to=midnight(5))
    put(protected, SUSPEND)
    advance(protected, to=midnight(9))
    assert times(protected) == nightly(2, 4)
    advance(protected, to=midnight(60))
    assert times(protected) == nightly(4, 4)


def test_a_stopped_item_that_is_suspended_expires_again(protected: httpx.Client) -> None:
    daily(protected)
    advance(protected, to=midnight(5))
    put(protected, STOP)
    advance(protected, to=midnight(60))
    put(protected, SUSPEND)
    advance(protected, to=midnight(61))
    assert times(protected) == nightly(4, 4)


def test_a_resumed_item_lets_go_of_what_is_over(protected: httpx.Client) -> None:
    daily(protected)
    advance(protected, to=midnight(5))
    put(protected, STOP)
    advance(protected, to=midnight(60))
    put(protected, RESUME)
    advance(protected, to=midnight(61))
    assert times(protected) == nightly(60, 60)


# --- an edited policy ---------------------------------------------------------------------


def test_a_shorter_retention_reaches_the_points_that_exist(protected: httpx.Client) -> None:
    daily(protected, days=30)
    advance(protected, to=midnight(20))
    daily(protected, days=7)
    assert times(protected) == nightly(13, 19)
    advance(protected, to=midnight(21))
    assert times(protected) == nightly(14, 20)


def test_a_longer_retention_reaches_the_points_that_exist(protected: httpx.Client) -> None:
    daily(protected, days=7)
    advance(protected, to=midnight(7))
    daily(protected, days=30)
    advance(protected, to=midnight(30))
    assert times(protected) == nightly(0, 29)
    advance(protected, to=midnight(40))
    assert times(protected) == nightly(10, 39)


def test_another_policy_reaches_the_points_that_exist(protected: httpx.Client) -> None:
    other = f"{VAULT_ID}/backupPolicies/other"
    put_policy(protected, other, days=7)
    advance(protected, to=midnight(20))
    protect(protected, policy=other)
    advance(protected, to=midnight(22))
    assert times(protected) == nightly(15, 21)


def test_another_snapshot_range_reaches_the_points_that_exist(protected: httpx.Client) -> None:
    daily(protected, days=30, instant=5)
    advance(protected, to=midnight(10))
    daily(protected, days=30, instant=1)
    advance(protected, to=midnight(11))
    valid = [each for each in listed(protected, POINTS) if tiers(each)["InstantRP"] == "Valid"]
    assert [each["properties"]["recoveryPointTime"] for each in valid] == nightly(10, 10)


def test_an_edited_time_moves_the_next_backup(protected: httpx.Client) -> None:
    advance(protected, to=midnight(1))
    put_policy(protected, at="03:30")
    advance(protected, to=midnight(3))
    assert times(protected) == [
        "2026-01-03T03:30:05Z",
        "2026-01-02T03:30:05Z",
        "2026-01-01T22:00:05Z",
    ]


def test_what_the_item_counts_is_what_the_list_shows(protected: httpx.Client) -> None:
    daily(protected)
    for day in (1, 5, 9, 30):
        advance(protected, to=midnight(day))
        info = protected.get(ITEM_ID).json()["properties"]["extendedInfo"]
        assert info["recoveryPointCount"] == len(times(protected))
        assert info["oldestRecoveryPoint"] == times(protected)[-1]
