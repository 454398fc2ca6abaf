"""Time that runs: live, scaled, and how the engine is woken when that changes.

Nothing here moves the clock but the clock itself; what is due has to happen of its own accord.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from time import perf_counter

import httpx
import pytest

from tests.conftest import START
from tests.wire.builders import (
    POINTS,
    VAULT_ID,
    Served,
    back_up,
    done,
    job,
    listed,
    now,
    protect,
    put_group,
    put_policy,
    put_vault,
    put_vm,
    set_clock,
)

DAY_A_SECOND = 86_400
PATIENCE = 60
SLOT = START.replace(hour=22)


def until(holds: Callable[[], bool]) -> float:
    """Ask until something holds; return the seconds that it took."""
    started = perf_counter()
    while not holds():
        assert perf_counter() - started < PATIENCE, "it never came about"
    return perf_counter() - started


def begin(serve: Served, at: datetime = SLOT - timedelta(hours=1), **clock: object) -> httpx.Client:
    """Serve a world with a protected VM; its clock runs from an instant on, and no poll leaps."""
    arm = serve(start_time=at - timedelta(minutes=5))
    for build in (put_group, put_vm, put_vault, put_policy, protect):
        build(arm)
    done(arm.post("/_emulator/clock/advance", json={"to": at.isoformat()}))
    set_clock(arm, skipOnWait="off", **clock)
    return arm


def backups(arm: httpx.Client) -> list[dict[str, object]]:
    found = listed(arm, f"{VAULT_ID}/backupJobs", **{"$filter": "operation eq 'Backup'"})
    return [each["properties"] for each in found]


def moment(arm: httpx.Client) -> datetime:
    return datetime.fromisoformat(now(arm))


def test_a_live_clock_starts_a_backup_in_its_second(serve: Served) -> None:
    arm = begin(serve, SLOT - timedelta(seconds=1), mode="live")
    until(lambda: bool(backups(arm)))
    assert SLOT <= moment(arm) < SLOT + timedelta(seconds=30)
    assert [each["startTime"] for each in backups(arm)] == [SLOT.isoformat()[:-6] + "Z"]


def test_a_live_clock_runs_as_the_wall_clock_does(serve: Served) -> None:
    arm = serve(clock_mode="live", start_time=START)
    started, before = perf_counter(), moment(arm)
    until(lambda: moment(arm) - before > timedelta(seconds=0.3))
    elapsed = (moment(arm) - before).total_seconds()
    assert elapsed <= perf_counter() - started + 0.05


def test_a_scaled_clock_does_what_is_due_at_its_very_instant(serve: Served) -> None:
    arm = begin(serve, mode="scaled", rate=DAY_A_SECOND)
    until(lambda: len(listed(arm, POINTS)) >= 3)
    set_clock(arm, mode="frozen")
    starts = sorted(str(each["startTime"]) for each in backups(arm))
    assert starts == [
        (SLOT + timedelta(days=day)).isoformat()[:-6] + "Z" for day in range(len(starts))
    ]


def test_what_a_request_begins_is_ended_in_time_and_not_at_the_next_tick(serve: Served) -> None:
    """An hour a second: the snapshot of half a minute is over long before the next tick."""
    arm = begin(serve, mode="scaled", rate=3600)
    job_id = back_up(arm)
    until(lambda: job(arm, job_id)["status"] != "InProgress" or bool(listed(arm, POINTS)))
    visible = listed(arm, POINTS)[0]["properties"]["recoveryPointTime"]
    assert moment(arm) - datetime.fromisoformat(visible) < timedelta(hours=1)


@pytest.mark.parametrize("mode", ["live", "scaled"])
def test_a_clock_that_is_let_go_wakes_the_engine(serve: Served, mode: str) -> None:
    arm = begin(serve, SLOT - timedelta(seconds=1))
    assert backups(arm) == []
    set_clock(arm, mode=mode, **({"rate": 60} if mode == "scaled" else {}))
    until(lambda: bool(backups(arm)))


def test_a_clock_that_is_stopped_stands_and_so_does_the_engine(serve: Served) -> None:
    arm = begin(serve, mode="scaled", rate=DAY_A_SECOND)
    until(lambda: bool(listed(arm, POINTS)))
    set_clock(arm, mode="frozen")
    stood, jobs = now(arm), backups(arm)
    started = perf_counter()
    until(lambda: perf_counter() - started > 1.5)
    assert (now(arm), backups(arm)) == (stood, jobs)


def test_a_slower_clock_goes_on_from_where_the_faster_one_was(serve: Served) -> None:
    arm = begin(serve, mode="scaled", rate=DAY_A_SECOND)
    before = moment(arm)
    set_clock(arm, mode="scaled", rate=2)
    then = moment(arm)
    assert before <= then
    started = perf_counter()
    until(lambda: moment(arm) > then + timedelta(seconds=0.5))
    assert moment(arm) - then <= timedelta(seconds=2 * (perf_counter() - started) + 0.1)


def test_live_time_can_be_advanced_and_runs_on_from_there(serve: Served) -> None:
    arm = begin(serve, START, mode="live")
    done(arm.post("/_emulator/clock/advance", json={"by": "P10D"}))
    then = moment(arm)
    assert timedelta(days=10) <= then - START < timedelta(days=10, minutes=1)
    assert len(listed(arm, POINTS)) == 10
    until(lambda: moment(arm) > then)
