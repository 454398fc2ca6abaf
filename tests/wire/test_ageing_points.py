"""What a recovery point shows of its end and its tiers as it ages (azure-cli-wire 5).

The dates are worked out by hand; backups are taken five seconds after they start, and sweeps come
on the hour. 4 January 2026 is a Sunday.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    HOURLY_ID,
    ITEM_ID,
    POINTS,
    POLICY_ID,
    RESUME,
    STOP,
    SUSPEND,
    UNDELETE,
    advance,
    back_up,
    delete_item,
    done,
    finish,
    item,
    listed,
    policy_body,
    protect,
    put_hourly,
    put_policy,
    put_vm,
    refused,
    tiers,
    times,
    vm_id,
)

Shown = tuple[str, str | None, str | None]
SNAPSHOT, BOTH, VAULT = "snapshot", "snapshot vault", "vault"
NOTHING = (None, None)


def shown(arm: httpx.Client, taken: str) -> Shown:
    """The tiers that the point of a time is in, the end that it shows, and the rule."""
    (point,) = [
        each
        for each in listed(arm, POINTS)
        if each["properties"]["recoveryPointTime"].startswith(taken)
    ]
    short = {"InstantRP": "snapshot", "HardenedRP": "vault"}
    valid = [short[name] for name, status in tiers(point).items() if status == "Valid"]
    block = point["properties"].get("recoveryPointProperties", {})
    return " ".join(valid), block.get("expiryTime"), block.get("ruleName")


def soft_deleted(arm: httpx.Client) -> list[Any]:
    """What the points say of soft deletion, newest first."""
    blocks = [each["properties"].get("recoveryPointProperties", {}) for each in listed(arm, POINTS)]
    assert not [block for block in blocks if "expiryTime" in block]
    return [block.get("isSoftDeleted") for block in blocks]


def weekly_body() -> dict[str, Any]:
    body = policy_body(instant=5)
    properties = body["properties"]
    properties["schedulePolicy"] |= {
        "scheduleRunFrequency": "Weekly",
        "scheduleRunDays": ["Sunday"],
    }
    retention = properties["retentionPolicy"]
    weekly = retention.pop("dailySchedule") | {
        "daysOfTheWeek": ["Sunday"],
        "retentionDuration": {"count": 4, "durationType": "Weeks"},
    }
    retention["weeklySchedule"] = weekly
    return body


@pytest.fixture
def hourly(vault: httpx.Client) -> httpx.Client:
    """A client of a world whose VM is backed up at 8, 12, 16 and 20 o'clock, from 16:00 on."""
    put_hourly(vault)
    put_vm(vault)
    advance(vault, to="2026-01-01T13:00:00Z")
    protect(vault, policy=HOURLY_ID)
    return vault


# --- by the kind of the backup ------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "life"),
    [
        ("2026-01-02T12:00:00Z", (BOTH, *NOTHING)),
        ("2026-01-02T21:59:59Z", (BOTH, *NOTHING)),
        ("2026-01-02T22:00:05Z", (BOTH, "2026-01-03T22:00:05", "Daily")),
        ("2026-01-03T22:00:04Z", (BOTH, "2026-01-03T22:00:05", "Daily")),
        # Over, and not swept yet.
        ("2026-01-03T22:00:05Z", (BOTH, "2026-01-31T22:00:05", "Daily")),
        ("2026-01-03T23:00:00Z", (VAULT, "2026-01-31T22:00:05", "Daily")),
        ("2026-01-31T22:59:59Z", (VAULT, "2026-01-31T22:00:05", "Daily")),
    ],
)
def test_a_daily_point_shows_no_end_then_its_snapshots_then_its_own(
    protected: httpx.Client, now: str, life: Shown
) -> None:
    advance(protected, to=now)
    assert shown(protected, "2026-01-01T22") == life


@pytest.mark.parametrize(
    ("now", "life"),
    [
        ("2026-01-05T12:00:00Z", (BOTH, *NOTHING)),
        ("2026-01-06T12:00:00Z", (BOTH, "2026-01-09T22:00:05", "Weekly")),
        # The latest snapshot stays until the next backup.
        ("2026-01-10T12:00:00Z", (BOTH, "2026-02-01T22:00:05", "Weekly")),
        ("2026-01-12T12:00:00Z", (VAULT, "2026-02-01T22:00:05", "Weekly")),
    ],
)
def test_a_weekly_points_snapshot_stays_until_the_next_one(
    vault: httpx.Client, now: str, life: Shown
) -> None:
    done(vault.put(POLICY_ID, json=weekly_body()))
    put_vm(vault)
    protect(vault)
    advance(vault, to=now)
    assert shown(vault, "2026-01-04") == life


@pytest.mark.parametrize(
    ("now", "first", "last"),
    [
        (
            "2026-01-01T23:30:00Z",
            (SNAPSHOT, "2026-01-03T16:00:05", None),
            (BOTH, *NOTHING),
        ),
        (
            "2026-01-02T09:00:00Z",
            (SNAPSHOT, "2026-01-03T16:00:05", None),
            (BOTH, "2026-01-03T20:00:05", "Daily"),
        ),
        ("2026-01-03T21:00:00Z", None, (VAULT, "2026-01-31T20:00:05", "Daily")),
    ],
)
def test_of_an_hourly_policy_only_the_vaulted_points_have_a_rule(
    hourly: httpx.Client, now: str, first: Shown | None, last: Shown
) -> None:
    advance(hourly, to=now)
    assert shown(hourly, "2026-01-01T20") == last
    if first is None:
        assert "2026-01-01T16:00:05Z" not in times(hourly)
    else:
        assert shown(hourly, "2026-01-01T16") == first


@pytest.mark.parametrize(
    ("until", "now", "life"),
    [
        ("2026-01-20T12:00:00Z", "2026-01-01T20:00:00Z", (BOTH, *NOTHING)),
        ("2026-01-20T12:00:00Z", "2026-01-02T10:00:00Z", (BOTH, "2026-01-03T08:00:05", None)),
        ("2026-01-20T12:00:00Z", "2026-01-04T00:00:00Z", (VAULT, "2026-01-20T12:00:00", None)),
        # Sooner than the two days of its snapshot.
        ("2026-01-02T12:00:00Z", "2026-01-02T10:00:00Z", (BOTH, "2026-01-02T12:00:00", None)),
    ],
)
def test_an_on_demand_point_shows_its_own_date_and_no_rule(
    protected: httpx.Client, until: str, now: str, life: Shown
) -> None:
    advance(protected, to="2026-01-01T08:00:00Z")
    back_up(protected, until=until)
    advance(protected, to=now)
    assert shown(protected, "2026-01-01T08") == life


# --- edited -------------------------------------------------------------------------------


def test_a_point_that_an_edit_ends_sooner_than_its_snapshot_comes_back_with_it(
    protected: httpx.Client,
) -> None:
    put_policy(protected, instant=5)
    advance(protected, to="2026-01-04T12:00:00Z")
    assert shown(protected, "2026-01-02") == (BOTH, "2026-01-07T22:00:05", "Daily")
    done(protected.put(POLICY_ID, json=weekly_body()))
    assert times(protected) == ["2026-01-03T22:00:05Z"]  # the newest; the others are soft-deleted
    # Back within the hour, before any sweep: the daily rule governs again.
    advance(protected, to="2026-01-04T12:59:59Z")
    put_policy(protected, instant=5)
    assert shown(protected, "2026-01-02") == (BOTH, "2026-01-07T22:00:05", "Daily")
    done(protected.put(POLICY_ID, json=weekly_body()))
    advance(protected, to="2026-01-04T13:00:00Z")
    assert times(protected) == ["2026-01-03T22:00:05Z"]  # the newest
    # A Sunday's point under a daily schedule keeps its own date.
    advance(protected, to="2026-01-05T12:00:00Z")
    put_policy(protected, days=7)
    advance(protected, to="2026-01-31T12:00:00Z")
    assert times(protected)[-1] == "2026-01-04T22:00:05Z"
    assert shown(protected, "2026-01-04") == (VAULT, "2026-02-01T22:00:05", "Weekly")


# --- stopped, suspended, deleted ----------------------------------------------------------


def test_where_nothing_expires_no_end_is_shown(protected: httpx.Client) -> None:
    advance(protected, to="2026-01-05T12:00:00Z")
    finish(protected, protected.put(ITEM_ID, json=STOP))
    for now in ("2026-01-06T12:00:00Z", "2026-06-01T00:00:00Z"):
        advance(protected, to=now)
        assert shown(protected, "2026-01-01") == (VAULT, None, "Daily")
        assert shown(protected, "2026-01-04") == (BOTH, None, "Daily")
    assert soft_deleted(protected) == [False] * 4
    finish(protected, protected.put(ITEM_ID, json=RESUME))
    assert shown(protected, "2026-01-01") == (VAULT, "2026-01-31T22:00:05", "Daily")


def test_a_suspended_items_last_point_shows_the_end_that_it_outlives(
    protected: httpx.Client,
) -> None:
    put_policy(protected, days=7)
    advance(protected, to="2026-01-05T12:00:00Z")
    finish(protected, protected.put(ITEM_ID, json=SUSPEND))
    assert shown(protected, "2026-01-03") == (BOTH, "2026-01-05T22:00:05", "Daily")
    advance(protected, to="2026-01-20T00:00:00Z")
    assert times(protected) == ["2026-01-04T22:00:05Z"]
    assert shown(protected, "2026-01-04") == (BOTH, "2026-01-11T22:00:05", "Daily")
    # Resumed, it goes when a newer one is there.
    finish(protected, protected.put(ITEM_ID, json=RESUME))
    advance(protected, to="2026-01-20T21:59:59Z")
    assert times(protected) == ["2026-01-04T22:00:05Z"]
    advance(protected, to="2026-01-20T23:00:00Z")
    assert times(protected) == ["2026-01-20T22:00:05Z"]


def test_soft_deleted_points_say_so_from_the_first_day_on(protected: httpx.Client) -> None:
    advance(protected, to="2026-01-03T12:00:00Z")
    delete_item(protected)
    assert soft_deleted(protected) == [True, True]
    finish(protected, protected.put(ITEM_ID, json=UNDELETE))
    advance(protected, to="2026-01-10T12:00:00Z")
    assert soft_deleted(protected) == [False, False]


def test_the_last_points_of_a_deleted_vm_stay_until_they_are_deleted(
    hourly: httpx.Client,
) -> None:
    advance(hourly, to="2026-01-02T13:00:00Z")
    done(hourly.delete(vm_id()))
    advance(hourly, to="2027-01-02T13:00:00Z")
    # The latest one, and the latest in the vault.
    assert times(hourly) == ["2026-01-02T12:00:05Z", "2026-01-01T20:00:05Z"]
    assert shown(hourly, "2026-01-02") == (SNAPSHOT, "2026-01-04T12:00:05", None)
    assert shown(hourly, "2026-01-01") == (VAULT, "2026-01-31T20:00:05", "Daily")
    finish(hourly, hourly.put(ITEM_ID, json=STOP))
    advance(hourly, by="P30D")
    assert len(times(hourly)) == 2
    delete_item(hourly)
    advance(hourly, by="P15D")
    assert refused(hourly.get(ITEM_ID))[0] == 404


def test_an_item_with_snapshots_alone_is_protected_when_it_is_resumed(
    hourly: httpx.Client,
) -> None:
    advance(hourly, to="2026-01-01T17:00:00Z")
    assert item(hourly)["protectionState"] == "Protected"
    finish(hourly, hourly.put(ITEM_ID, json=STOP))
    resume = {"properties": RESUME["properties"] | {"policyId": HOURLY_ID}}
    finish(hourly, hourly.put(ITEM_ID, json=resume))
    assert item(hourly)["protectionState"] == "Protected"
