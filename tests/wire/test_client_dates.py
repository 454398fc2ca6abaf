"""A date that a client worked out by the real clock, in a world whose clock is elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.engine.clock import real_now
from tests.wire.builders import (
    GROUP_ID,
    ITEM_ID,
    POINTS,
    VAULT_ID,
    Served,
    back_up,
    code_of,
    done,
    job,
    listed,
    protect,
    put_group,
    put_policy,
    put_vault,
    put_vm,
)

FIELD = "recoveryPointExpiryTimeInUTC"
FUTURE = datetime(2040, 1, 1, tzinfo=UTC)
PAST = datetime(2020, 1, 1, tzinfo=UTC)


def az_sends(days: int = 30) -> datetime:
    """Return what ``az backup protection backup-now`` sends: real now and 30 days."""
    real = datetime.fromtimestamp(real_now() // 1_000_000, UTC)
    return real + timedelta(days=days)


def wire(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def begin(serve: Served, **options: Any) -> httpx.Client:
    arm = serve(**options)
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    put_vm(arm)
    protect(arm)
    return arm


def ask(arm: httpx.Client, moment: datetime) -> httpx.Response:
    body = {"properties": {"objectType": "IaasVMBackupRequest", FIELD: wire(moment)}}
    return arm.post(f"{ITEM_ID}/backup", json=body)


def kept_until(arm: httpx.Client) -> datetime:
    (newest, *_) = listed(arm, f"{VAULT_ID}/backupJobs", **{"$filter": "operation eq 'Backup'"})
    bag = job(arm, newest["name"])["extendedInfo"]["propertyBag"]
    told = f"{bag['Recovery Point Expiry Time in UTC']} +0000"
    return datetime.strptime(told, "%m/%d/%Y %I:%M:%S %p %z")


def now(arm: httpx.Client) -> datetime:
    return datetime.fromisoformat(arm.get("/_emulator/clock").json()["now"])


def test_a_date_in_the_virtual_past_is_refused_and_the_opt_in_named(serve: Served) -> None:
    arm = begin(serve, start_time=FUTURE)
    answer = ask(arm, az_sends())
    assert answer.status_code == 400
    assert code_of(answer) == "BMSUserErrorInvalidInput"
    told = answer.json()["error"]["message"]
    days = (now(arm) - az_sends(0)).days
    assert f"The virtual clock is {days} days, " in told
    assert "ahead of the real one" in told
    assert "'rsvault serve --client-dates shifted'" in told
    assert "2040-01-01T" in told


@pytest.mark.parametrize(
    ("start", "sent"),
    [
        (FUTURE, PAST),  # past by either clock
        (FUTURE, FUTURE + timedelta(days=365 * 100)),  # too late, not too early
        (PAST, PAST - timedelta(days=1)),  # the virtual clock is behind
    ],
)
def test_a_date_that_is_wrong_by_every_clock_is_not_blamed_on_them(
    serve: Served, start: datetime, sent: datetime
) -> None:
    told = ask(begin(serve, start_time=start), sent).json()["error"]["message"]
    assert "must be after" in told
    assert "client-dates" not in told


@pytest.mark.parametrize("start", [FUTURE, PAST], ids=["ahead", "behind"])
def test_a_shifted_date_is_as_far_from_virtual_now_as_it_was_from_real_now(
    serve: Served, start: datetime
) -> None:
    arm = begin(serve, start_time=start, client_dates="shifted")
    before = now(arm)
    done(ask(arm, az_sends()))
    assert abs(kept_until(arm) - before - timedelta(days=30)) < timedelta(seconds=30)


def test_a_shifted_date_that_is_past_by_the_clients_own_clock_is_refused(serve: Served) -> None:
    arm = begin(serve, start_time=FUTURE, client_dates="shifted")
    answer = ask(arm, az_sends(-1))
    assert answer.status_code == 400
    assert "--client-dates" in answer.json()["error"]["message"]


def test_a_date_is_taken_as_it_was_sent_unless_asked_otherwise(serve: Served) -> None:
    arm = begin(serve, start_time=PAST)
    sent = PAST + timedelta(days=50, seconds=7)
    done(ask(arm, sent))
    assert kept_until(arm) == sent


def test_what_no_client_sent_is_not_moved(serve: Served) -> None:
    arm = begin(serve, start_time=FUTURE, client_dates="shifted")
    before = now(arm)
    done(arm.post(f"{ITEM_ID}/backup"))
    assert kept_until(arm) == before + timedelta(days=30)


def test_dates_of_filters_are_never_moved(serve: Served) -> None:
    arm = begin(serve, start_time=FUTURE, client_dates="shifted")
    job(arm, back_up(arm))
    asked = {
        f"{VAULT_ID}/backupJobs": "startTime eq '2040-01-01 12:00:00 AM'"
        " and endTime eq '2040-01-02 12:00:00 AM' and operation eq 'Backup'",
        POINTS: "startDate eq '2040-01-01 12:00:00 AM' and endDate eq '2040-01-02 12:00:00 AM'",
    }
    assert [len(listed(arm, path, **{"$filter": each})) for path, each in asked.items()] == [1, 1]


def test_dates_of_policies_are_times_of_day_and_never_moved(serve: Served) -> None:
    arm = begin(serve, start_time=FUTURE, client_dates="shifted")
    policy = done(arm.get(f"{VAULT_ID}/backupPolicies/daily")).json()["properties"]
    (at,) = policy["schedulePolicy"]["scheduleRunTimes"]
    assert at.endswith("T22:00:00Z")
    assert arm.get(GROUP_ID).status_code == 200
