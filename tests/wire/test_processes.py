"""Several processes on one world: any answers, one moves time, another takes over.

Most of these run two servers in threads, which share nothing but the database; those that kill
run the command line.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx
import pytest

from tests.conftest import with_api_version
from tests.postgresql import PostgreSQL
from tests.processes import command, ready
from tests.wire.builders import (
    GROUP_ID,
    ITEM_ID,
    POINTS,
    VAULT_ID,
    Served,
    done,
    listed,
    protect,
    put_group,
    put_policy,
    put_vault,
    put_vm,
    refused,
    set_clock,
)

CLOCK = "/_emulator/clock"
PATIENCE = 60
"""Seconds after which what should happen in one or two is given up."""


@pytest.fixture
def pair(serve: Served, stored_world: str) -> tuple[httpx.Client, httpx.Client]:
    """Clients of two servers of one world, in which a VM is protected."""
    one, other = serve(database=stored_world), serve(database=stored_world)
    for build in (put_group, put_vm, put_vault, put_policy, protect):
        build(one)
    return one, other


def advance(arm: httpx.Client, **how: Any) -> httpx.Response:
    return arm.post(f"{CLOCK}/advance", json=how)


def clock_of(arm: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = done(arm.get(CLOCK)).json()
    return found


def backups(arm: httpx.Client) -> list[dict[str, Any]]:
    return listed(arm, f"{VAULT_ID}/backupJobs", **{"$filter": "operation eq 'Backup'"})


def until(holds: Callable[[], bool]) -> float:
    """Ask until something holds; return the seconds that it took."""
    started = perf_counter()
    while not holds():
        assert perf_counter() - started < PATIENCE, "it never came about"
    return perf_counter() - started


def test_what_one_server_acknowledged_any_other_answers(
    pair: tuple[httpx.Client, httpx.Client],
) -> None:
    one, other = pair
    assert other.get(ITEM_ID).json() == one.get(ITEM_ID).json()
    done(other.patch(GROUP_ID, json={"tags": {"by": "the other"}}))
    assert one.get(GROUP_ID).json()["tags"] == {"by": "the other"}


def test_time_is_one_for_all(pair: tuple[httpx.Client, httpx.Client]) -> None:
    one, other = pair
    done(advance(one, by="P3D"))
    assert clock_of(other) == clock_of(one)
    set_clock(other, skipOnWait="off")
    assert clock_of(one)["skipOnWait"] == "off"
    assert listed(other, POINTS) == listed(one, POINTS) != []


def test_a_poll_at_one_server_ends_what_another_began(
    pair: tuple[httpx.Client, httpx.Client],
) -> None:
    one, other = pair
    began = done(one.post(f"{ITEM_ID}/backup", json={}))
    polled = other.get(httpx.URL(began.headers["azure-asyncoperation"]).raw_path.decode())
    assert done(polled).json()["status"] == "Succeeded"
    assert [each["properties"]["status"] for each in backups(one)] == ["InProgress"]
    done(advance(other, until="idle"))
    assert [each["properties"]["status"] for each in backups(one)] == ["Completed"]


def test_an_advance_is_watched_from_any_server(pair: tuple[httpx.Client, httpx.Client]) -> None:
    one, other = pair
    for number in range(2, 6):
        put_vm(one, f"vm-{number}")
        protect(one, f"vm-{number}")
    seen: list[dict[str, Any]] = []
    with ThreadPoolExecutor() as pool:
        running = pool.submit(advance, one, by="P1Y")
        until(lambda: seen.append(clock_of(other)) or running.done())  # type: ignore[func-returns-value]
        then = done(running.result()).json()["now"]
    under_way = [each for each in seen if each["advancing"]]
    assert {each["advancing"]["to"] for each in under_way} == {then}
    times = [each["now"] for each in under_way]
    assert len(set(times)) > 2
    assert times == sorted(times)
    assert clock_of(other)["advancing"] is None


def test_advances_at_two_servers_follow_one_another(
    pair: tuple[httpx.Client, httpx.Client],
) -> None:
    one, other = pair
    before = clock_of(one)["now"]
    with ThreadPoolExecutor() as pool:
        for answer in pool.map(lambda arm: advance(arm, by="P30D"), pair):
            done(answer)
    assert before.startswith("2026-01-01T")
    assert clock_of(other)["now"].startswith("2026-03-02T")
    assert len(backups(one)) == 60


def test_a_reset_at_one_server_ends_the_advance_of_another(
    pair: tuple[httpx.Client, httpx.Client],
) -> None:
    one, other = pair
    with ThreadPoolExecutor() as pool:
        running = pool.submit(advance, one, by="P300Y")
        until(lambda: clock_of(other)["advancing"] is not None or running.done())
        done(other.post("/_emulator/reset"))
        assert refused(running.result()) == (409, "WorldWasReset")
    assert clock_of(one) == clock_of(other)
    assert refused(one.get(ITEM_ID)) == (404, "ResourceGroupNotFound")


# --- who moves time ----------------------------------------------------------------------


def leads(arm: httpx.Client) -> bool:
    return bool(done(arm.get("/_emulator/health")).json()["leads"])


def test_of_two_servers_on_postgresql_one_leads(
    serve: Served, stored_world: str, dialect: str
) -> None:
    first = serve(database=stored_world)
    until(lambda: leads(first))
    second = serve(database=stored_world)
    assert [leads(first), leads(second)] == [True, dialect == "sqlite"]


Start = Callable[..., tuple[httpx.Client, Any]]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Start]:
    """Start a process of the command line; a server comes with a client of it."""
    with ExitStack() as stack:

        def start(verb: str, url: str, *options: str) -> tuple[httpx.Client, Any]:
            arguments = [verb, "--database", url, *options]
            if verb == "serve":
                arguments += ["--port", "0", "--https-port", "off", "--home", str(tmp_path)]
            process = stack.enter_context(command(*arguments, log=tmp_path / "log"))
            base = ready(process)["http"] if verb == "serve" else ""
            hooks = {"request": [with_api_version]}
            client = httpx.Client(base_url=base, event_hooks=hooks, timeout=60)
            return stack.enter_context(client), process

        yield start


def test_a_killed_leader_is_followed_within_seconds(postgresql: PostgreSQL, begin: Start) -> None:
    url = postgresql.fresh()
    running = ("--clock", "scaled:36000", "--skip-on-wait", "off")
    first, leader = begin("serve", url, *running)
    until(lambda: leads(first))
    second, _ = begin("serve", url)
    for build in (put_group, put_vm, put_vault, put_policy, protect):
        build(second)
    assert not leads(second)
    leader.send_signal(signal.SIGKILL)
    leader.wait()
    took = until(lambda: leads(second))
    assert took < 5, "a leader that is gone is noticed within a second or two"
    before = clock_of(second)["now"]
    until(lambda: len(listed(second, POINTS)) > 1)
    assert clock_of(second)["now"] > before


def test_a_worker_moves_time_for_servers_that_leave_it_to_it(
    postgresql: PostgreSQL, begin: Start
) -> None:
    url = postgresql.fresh()
    running = ("--clock", "scaled:36000", "--skip-on-wait", "off", "--no-engine")
    server, _ = begin("serve", url, *running)
    for build in (put_group, put_vm, put_vault, put_policy, protect):
        build(server)
    stands = [clock_of(server)["now"] for _ in range(2)]
    _, worker = begin("worker", url)
    until(lambda: len(listed(server, POINTS)) > 0)
    assert not leads(server)
    assert clock_of(server)["now"] > stands[1]
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=30) == 0
    stood = clock_of(server)["now"]
    assert clock_of(server)["now"] == stood
