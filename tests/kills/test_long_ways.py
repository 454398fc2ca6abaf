"""Killed at any instant of a long way, a world arrives where it would have arrived.

How long each process lives is drawn from a seed; what a kill then hits is up to the machine.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import httpx
import pytest

from app.domain import ids
from app.domain.instants import DAY, from_datetime, wire
from app.store.alert_tables import alerts
from app.store.tables import items, jobs, recovery_points
from tests.conftest import FreshDatabase
from tests.kills.mortals import Mortal, Nursery
from tests.kills.script import Rows, difference, rows_of
from tests.wire.builders import (
    advance,
    now,
    protect,
    put_group,
    put_policy,
    put_vault,
    put_vm,
    set_clock,
)
from tests.wire.raised_alerts import arm_fault

pytestmark = pytest.mark.slow

VMS = 3
LATER = 10
MOVED = (items, jobs, recovery_points, alerts)
"""The tables of what happens as time passes."""
FIRST = from_datetime(datetime.fromisoformat("2026-01-01T22:00:00Z"))


def serve(nursery: Nursery, caller: httpx.Client, url: str, later: float = 0) -> Mortal:
    """Start a server on a world and lead the client to it."""
    server = nursery.start(
        *("serve", "--port", "0", "--https-port", "off", "--log-level", "warning"),
        *("--database", url),
        later=later,
    )
    found = server.url()
    assert found is not None, server.log.read_text()
    caller.base_url = httpx.URL(found)
    return server


def build(nursery: Nursery, caller: httpx.Client, url: str) -> None:
    """Make a frozen world of some VMs that are backed up daily and kept for a month."""
    made = nursery.start(
        *("serve", "--port", "0", "--https-port", "off", "--database", url, "--clock", "frozen"),
        *("--start-time", "2026-01-01T00:00:00Z"),
    )
    with made as server:
        caller.base_url = httpx.URL(server.url() or "")
        put_group(caller)
        put_vault(caller)
        put_policy(caller, days=30)
        for number in range(VMS):
            put_vm(caller, f"vm-{number}")
            protect(caller, f"vm-{number}")
        # Some fail for a while: alerts are raised, and resolved.
        arm_fault(caller, "snapshot-fails", probability=0.3, until="P90D")


def arrive(nursery: Nursery, caller: httpx.Client, url: str, target: str) -> Rows:
    """Return what a world that is never killed holds at an instant."""
    build(nursery, caller, url)
    with serve(nursery, caller, url):
        advance(caller, to=target)
        return rows_of(url, *MOVED)


def lives(count: int, shortest: float, longest: float) -> Iterator[float]:
    """Yield how many seconds each of a number of processes is let live."""
    for number in range(count):
        share = ids.key(7, "life", number) % 1000 / 1000
        yield shortest + share * (longest - shortest)


def check_every_day_once(rows: Rows, until: int) -> None:
    """Look at the occurrences themselves: each VM has one a day, at the instant of its slot."""
    for item in rows["items"]:
        starts = sorted(
            job["started_at"]
            for job in rows["jobs"]
            if job["item_key"] == item["key"] and not job["user_triggered"]
        )
        assert starts == list(range(FIRST, until + 1, DAY))


def cross_killed(
    nursery: Nursery, caller: httpx.Client, url: str, target: str, kills: int
) -> list[str]:
    """Advance to an instant while one server after another is killed; return where they died."""
    died_at: list[str] = []
    with ThreadPoolExecutor(1) as pool:
        for number, life in enumerate(lives(kills, 0.02, 0.2)):
            with serve(nursery, caller, url, later=LATER * number) as server:
                died_at.append(now(caller))
                crossing = pool.submit(advance, caller, to=target)
                assert not server.dies_within(life), server.log.read_text()
                arrived = crossing.done()
                server.end()
                if arrived:
                    break
                with pytest.raises(httpx.TransportError):
                    crossing.result()
    with serve(nursery, caller, url, later=LATER * (kills + 1)):
        assert advance(caller, to=target) == target
    return died_at


def check_crossing(
    nursery: Nursery, caller: httpx.Client, shelf: FreshDatabase, target: str, kills: int
) -> None:
    whole = arrive(nursery, caller, shelf(), target)
    url = shelf()
    build(nursery, caller, url)
    died_at = cross_killed(nursery, caller, url, target, kills)
    assert died_at == sorted(died_at), "time went back"
    assert len(set(died_at)) > 1, "no kill hit the crossing"
    found = rows_of(url, *MOVED)
    assert difference(found, whole) == {}
    check_every_day_once(found, from_datetime(datetime.fromisoformat(target)))
    assert {row["condition"] for row in found["alerts"]} == {"Resolved"}
    sys.stdout.write(f"kills survived: {len(died_at)}, at {died_at}\n")


def test_an_advance_that_is_killed_again_and_again_leaves_the_same_rows(
    nursery: Nursery, caller: httpx.Client, shelf: FreshDatabase
) -> None:
    check_crossing(nursery, caller, shelf, "2027-06-01T00:00:00Z", 6)


@pytest.mark.deep
def test_a_decade_that_is_killed_again_and_again_leaves_the_same_rows(
    nursery: Nursery, caller: httpx.Client, shelf: FreshDatabase
) -> None:
    check_crossing(nursery, caller, shelf, "2036-01-01T00:00:00Z", 60)


def live_killed(nursery: Nursery, caller: httpx.Client, url: str, kills: int) -> list[str]:
    """Look at a scaled clock while one server after another is killed; return its readings."""
    readings: list[str] = []
    with ThreadPoolExecutor(1) as pool:
        for life in lives(kills, 0.2, 1.2):
            with serve(nursery, caller, url) as server:
                ended = pool.submit(lambda each, seconds: each.dies_within(seconds) or each.end(),
                                    server, life)  # fmt: skip
                while not ended.done():
                    try:
                        readings.append(now(caller))
                    except httpx.TransportError:
                        break
                assert ended.result() == -9, server.log.read_text()
    return readings


def check_living(
    nursery: Nursery, caller: httpx.Client, shelf: FreshDatabase, kills: int, rate: int
) -> None:
    url = shelf()
    build(nursery, caller, url)
    with serve(nursery, caller, url):
        set_clock(caller, mode="scaled", rate=rate)
        readings = [now(caller)]
    readings += live_killed(nursery, caller, url, kills)
    with serve(nursery, caller, url):
        readings.append(now(caller))
        set_clock(caller, mode="frozen")
        readings.append(now(caller))
    instants = [datetime.fromisoformat(each) for each in readings]
    assert instants == sorted(instants), "the clock went back"
    found = rows_of(url, *MOVED)
    assert difference(found, arrive(nursery, caller, shelf(), readings[-1])) == {}
    check_every_day_once(found, from_datetime(instants[-1]))
    reached = wire(from_datetime(instants[-1]))
    sys.stdout.write(f"kills survived: {kills}; reached {reached}; {len(readings)} readings\n")


def test_a_scaled_world_that_is_killed_again_and_again_skips_and_repeats_nothing(
    nursery: Nursery, caller: httpx.Client, shelf: FreshDatabase
) -> None:
    check_living(nursery, caller, shelf, kills=3, rate=3 * 86_400)


@pytest.mark.deep
def test_a_scaled_world_that_is_killed_for_long_skips_and_repeats_nothing(
    nursery: Nursery, caller: httpx.Client, shelf: FreshDatabase
) -> None:
    check_living(nursery, caller, shelf, kills=60, rate=10 * 86_400)
