"""Several processes on one PostgreSQL whose leaders are killed: time goes on, and nothing is lost.

Two servers and a worker share a world under a scaled clock. Clients write and look at the clock
all the while; whoever leads is killed, and started again once another has taken over.
"""

from __future__ import annotations

import os
import signal
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime

import httpx
import pytest

from app.domain.instants import from_datetime
from app.store.postgresql import LEAD_SECONDS
from app.store.resource_tables import resource_groups
from app.store.tables import world
from tests.conftest import SUBSCRIPTION, with_api_version
from tests.kills.dial import Slot
from tests.kills.mortals import Mortal, Nursery
from tests.kills.script import difference, rows_of
from tests.kills.test_long_ways import MOVED, arrive, build, check_every_day_once, lives
from tests.postgresql import PostgreSQL
from tests.wire.builders import done, now, set_clock

pytestmark = pytest.mark.slow

RATE = 2 * 86_400
LEADS = "moves time for all"
SLOWEST_TAKEOVER = 10
"""Seconds, on a machine that does other things too; docs/durability.md has what was measured."""


on_postgresql = pytest.mark.parametrize("dialect", ["postgresql"], scope="session")
"""Leaves a test out with the rest of PostgreSQL's."""


def client() -> httpx.Client:
    return httpx.Client(timeout=60, event_hooks={"request": [with_api_version]})


class Crew:
    """The processes on one world, by name; a dead one is replaced by another of its kind."""

    def __init__(self, nursery: Nursery, url: str) -> None:
        self._nursery = nursery
        self._url = url
        self._members: dict[str, Mortal] = {}
        self.addresses: dict[str, str] = {}

    def start(self, name: str) -> Mortal:
        """Start a server or the worker, and wait until a server answers."""
        shared = ("--database", self._url, "--log-level", "info")
        if name == "worker":
            self._members[name] = self._nursery.start("worker", *shared)
        else:
            member = self._nursery.start("serve", "--port", "0", "--https-port", "off", *shared)
            self._members[name] = member
            found = member.url()
            assert found is not None, member.log.read_text()
            self.addresses[name] = found
        return self._members[name]

    def leader(self) -> str | None:
        """Return the name of the process that leads."""
        leading = [name for name, each in self._members.items() if LEADS in each.log.read_text()]
        assert len(leading) < 2, "two processes lead"
        return leading[0] if leading else None

    def kill(self, name: str) -> None:
        """Kill one."""
        self.addresses.pop(name, None)
        assert self._members.pop(name).end() == -signal.SIGKILL

    def close(self) -> None:
        """Kill all that are left."""
        for each in self._members.values():
            each.end()


class Clients:
    """Two that write and one that looks at the clock, at whichever server answers."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._over = threading.Event()
        self.acknowledged: list[str] = []
        self.lost_answers = 0
        self.readings: list[str] = []

    def _ask(self, turn: int, method: str, path: str, http: httpx.Client) -> httpx.Response | None:
        """Send a request to one of the servers; return ``None`` if it died of it."""
        addresses = list(self._crew.addresses.values())
        try:
            body = {"location": "westeurope"} if method == "PUT" else None
            return done(http.request(method, addresses[turn % len(addresses)] + path, json=body))
        except httpx.TransportError:
            self.lost_answers += 1
            return None

    def write(self, who: int) -> None:
        """Put one resource group after another, each until it is acknowledged."""
        turn = 0
        with client() as http:
            while not self._over.is_set():
                turn += 1
                path = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/w{who}-{turn}"
                while self._ask(turn, "PUT", path, http) is None:
                    turn += 1
                self.acknowledged.append(path)

    def look(self) -> None:
        """Read the clock again and again."""
        turn = 0
        with client() as http:
            while not self._over.is_set():
                turn += 1
                answer = self._ask(turn, "GET", "/_emulator/clock", http)
                if answer is not None:
                    self.readings.append(answer.json()["now"])

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Let them work; whatever one of them met is raised at the end."""
        with ThreadPoolExecutor(3) as pool:
            busy = [pool.submit(self.write, 1), pool.submit(self.write, 2), pool.submit(self.look)]
            try:
                yield
            finally:
                self._over.set()
            for each in busy:
                each.result()


def until(reached: Callable[[], bool], seconds: float) -> float:
    """Ask until something is so, and return how many seconds that took."""
    began = time.perf_counter()
    while not reached():
        assert time.perf_counter() - began < seconds, "too late"
        threading.Event().wait(0.005)
    return time.perf_counter() - began


def reserved(url: str) -> int:
    """Return how far the clock may run: only a leader moves that."""
    found: int = rows_of(url, world)["world"][0]["reserved_until"]
    return found


def take_turns(crew: Crew, url: str, kills: int) -> list[float]:
    """Kill the leader again and again; return how long each time the next one took."""
    took = []
    for life in lives(kills, 0.3, 1.5):
        until(lambda: crew.leader() is not None, SLOWEST_TAKEOVER)
        leader = crew.leader()
        assert leader is not None
        threading.Event().wait(life)
        killed = time.perf_counter()
        crew.kill(leader)
        stood = reserved(url)
        until(lambda stood=stood: reserved(url) > stood, SLOWEST_TAKEOVER)  # type: ignore[misc]
        took.append(time.perf_counter() - killed)
        crew.start(leader)
    return took


def check_turns(nursery: Nursery, caller: httpx.Client, postgresql: PostgreSQL, kills: int) -> None:
    url = postgresql.fresh()
    build(nursery, caller, url)
    crew = Crew(nursery, url)
    with ExitStack() as stack:
        stack.callback(crew.close)
        for name in ("worker", "first", "second"):
            crew.start(name)
        caller.base_url = httpx.URL(crew.addresses["first"])
        set_clock(caller, mode="scaled", rate=RATE)
        clients = Clients(crew)
        with clients.at_work():
            took = take_turns(crew, url, kills)
        caller.base_url = httpx.URL(crew.addresses["second"])
        set_clock(caller, mode="frozen")
        end = now(caller)
    found = rows_of(url, *MOVED)
    assert difference(found, arrive(nursery, caller, postgresql.fresh(), end)) == {}
    check_every_day_once(found, from_datetime(datetime.fromisoformat(end)))
    kept = {row["id"] for row in rows_of(url, resource_groups)["resource_groups"]}
    assert set(clients.acknowledged) <= kept, "what was acknowledged was lost"
    instants = [datetime.fromisoformat(each) for each in [*clients.readings, end]]
    assert instants == sorted(instants), "the clock went back"
    sys.stdout.write(
        f"leaders killed: {kills}; takeover after {statistics.median(took):.2f} s (median), "
        f"{max(took):.2f} s (at most); {len(clients.acknowledged)} writes acknowledged, "
        f"{clients.lost_answers} answers lost, {len(clients.readings)} readings; at {end}\n"
    )


@on_postgresql
def test_leaders_are_killed_and_nothing_is_skipped_repeated_or_lost(
    nursery: Nursery, caller: httpx.Client, postgresql: PostgreSQL, dialect: str
) -> None:
    check_turns(nursery, caller, postgresql, kills=3)


@pytest.mark.deep
@on_postgresql
def test_many_leaders_are_killed_and_nothing_is_skipped_repeated_or_lost(
    nursery: Nursery, caller: httpx.Client, postgresql: PostgreSQL, dialect: str
) -> None:
    check_turns(nursery, caller, postgresql, kills=40)


@pytest.mark.deep
@on_postgresql
def test_a_process_that_stands_still_in_a_transaction_is_cut_off_after_half_a_minute(
    nursery: Nursery, postgresql: PostgreSQL, dialect: str
) -> None:
    crew = Crew(nursery, postgresql.fresh())
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups"
    body = {"location": "westeurope"}
    with ExitStack() as stack:
        stack.callback(crew.close)
        stopped = crew.start("first")
        until(lambda: crew.leader() == "first", SLOWEST_TAKEOVER)
        waiting = crew.start("second")
        http = stack.enter_context(client())
        pool = stack.enter_context(ThreadPoolExecutor(1))
        stopped.dial[Slot.SIGNAL] = signal.SIGSTOP
        stopped.dial[Slot.BEFORE_COMMIT] = 1
        halfway = pool.submit(http.put, f"{crew.addresses['first']}{group}/halfway", json=body)
        until(lambda: not stopped.dial[Slot.BEFORE_COMMIT], 10)
        began = time.perf_counter()
        led = until(lambda: LEADS in waiting.log.read_text(), 60)
        done(http.put(f"{crew.addresses['second']}{group}/after", json=body))
        waited = time.perf_counter() - began
        os.kill(stopped.pid, signal.SIGCONT)
        assert halfway.result().status_code in (500, 503)
        assert http.get(f"{crew.addresses['second']}{group}/halfway").status_code == 404
        done(http.put(f"{crew.addresses['first']}{group}/halfway", json=body))
    sys.stdout.write(f"the other wrote after {waited:.1f} s and led after {led:.1f} s\n")
    assert led < SLOWEST_TAKEOVER + LEAD_SECONDS
    assert 25 < waited < 35
