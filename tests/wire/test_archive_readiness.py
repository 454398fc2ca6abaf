"""Which points could go to the archive tier: as they show it, as a filter, and as a list.

The dates are written out by hand: a policy keeps the first Sunday of a month for a year, and the
world begins on 1 January 2026.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    ITEM_ID,
    POINTS,
    STOP,
    VAULT_ID,
    advance,
    delete_item,
    done,
    finish,
    listed,
    protect,
    put_group,
    put_vault,
    put_vm,
    refused,
)
from tests.wire.test_long_term_retention import FIRST_SUNDAY, SUNDAY, kept, put

JANUARY, FEBRUARY, MARCH, APRIL = ("2026-01-04", "2026-02-01", "2026-03-01", "2026-04-05")
READY = {"$filter": "moveReadyRPOnly eq 'True'"}


def build(arm: httpx.Client, until: str, days: int = 30, weeks: int | None = None) -> None:
    """Build a world whose VM is backed up daily until a date."""
    put_group(arm)
    put_vault(arm)
    daily, monthly = kept(days, "Days"), kept(12, "Months", **FIRST_SUNDAY)
    if weeks is None:
        put(arm, daily=daily, monthly=monthly)
    else:
        put(arm, daily=daily, monthly=monthly, weekly=kept(weeks, "Weeks", **SUNDAY))
    put_vm(arm)
    protect(arm)
    advance(arm, to=f"{until}T12:00:00Z")


def days(points: list[dict[str, Any]]) -> list[str]:
    return [point["properties"]["recoveryPointTime"][:10] for point in points]


def recommended(arm: httpx.Client, *excluded: str) -> list[dict[str, Any]]:
    sent = {"excludedRPList": list(excluded)}
    answer = done(arm.post(f"{ITEM_ID}/recoveryPointsRecommendedForMove", json=sent)).json()
    assert list(answer) == ["value"]
    found: list[dict[str, Any]] = answer["value"]
    return found


def readiness(point: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = point["properties"]["recoveryPointMoveReadinessInfo"]["ArchivedRP"]
    return found


def why_not(arm: httpx.Client, day: str) -> str:
    (point,) = (each for each in listed(arm, POINTS) if days([each]) == [day])
    assert done(arm.get(point["id"])).json() == point
    found = readiness(point)
    assert found["isReadyForMove"] is (found["additionalInfo"] == "")
    return str(found["additionalInfo"])


def test_monthly_points_are_ready_after_three_months(arm: httpx.Client) -> None:
    build(arm, "2026-05-10")
    assert days(recommended(arm)) == [FEBRUARY, JANUARY]
    assert why_not(arm, JANUARY) == ""
    assert "three months" in why_not(arm, MARCH)
    assert "Type is not eligible" in why_not(arm, "2026-05-09")


def test_points_with_less_than_six_months_to_live_are_no_longer_ready(arm: httpx.Client) -> None:
    build(arm, "2026-07-10")
    assert days(recommended(arm)) == [APRIL, MARCH, FEBRUARY]
    assert "minimum, six months" in why_not(arm, JANUARY)


@pytest.mark.parametrize(("kept_days", "kept_weeks"), [(130, None), (30, 20)])
def test_points_that_another_rule_still_keeps_are_not_ready(
    arm: httpx.Client, kept_days: int, kept_weeks: int | None
) -> None:
    build(arm, "2026-05-10", kept_days, kept_weeks)
    assert recommended(arm) == []
    assert "daily or weekly rule" in why_not(arm, JANUARY)
    advance(arm, to="2026-06-30T12:00:00Z")
    assert JANUARY in days(recommended(arm))


def test_a_list_says_the_same_as_its_points(arm: httpx.Client) -> None:
    build(arm, "2026-05-10")
    ready = [point for point in listed(arm, POINTS) if readiness(point)["isReadyForMove"]]
    assert len(ready) == 2
    assert listed(arm, POINTS, **READY) == ready == recommended(arm)


def test_points_are_left_out_by_name_or_by_id(arm: httpx.Client) -> None:
    build(arm, "2026-05-10")
    newest, oldest = recommended(arm)
    assert recommended(arm, newest["name"]) == [oldest]
    assert recommended(arm, oldest["id"]) == [newest]
    assert recommended(arm, newest["name"], oldest["name"]) == []


def test_points_of_a_stopped_item_are_ready_for_good(arm: httpx.Client) -> None:
    build(arm, "2026-05-10")
    finish(arm, arm.put(ITEM_ID, json=STOP))
    advance(arm, by="P300D")
    assert days(recommended(arm)) == ["2026-05-03", APRIL, MARCH, FEBRUARY, JANUARY]


def test_points_of_a_soft_deleted_item_are_not_ready(arm: httpx.Client) -> None:
    build(arm, "2026-05-10")
    delete_item(arm)
    assert recommended(arm) == []
    assert "soft-deleted" in why_not(arm, JANUARY)


def test_a_wrong_list_is_refused(arm: httpx.Client) -> None:
    build(arm, "2026-01-03")
    path = f"{ITEM_ID}/recoveryPointsRecommendedForMove"
    assert refused(arm.post(path, json={"excludedRPList": "all"})) == (400, "InvalidRequestContent")
    elsewhere = path.replace("vm-1", "vm-9")
    found = (404, "BMSUserErrorDataSourceObjectNotFound")
    assert refused(arm.post(elsewhere, json={})) == found
    assert listed(arm, f"{VAULT_ID}/backupJobs", **{"$filter": "operation eq 'Restore'"}) == []
