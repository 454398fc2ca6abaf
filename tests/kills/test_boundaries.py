"""Killed before any statement and around any commit, a world goes on as if nothing had been.

A script is played once without a kill; after each step all rows are kept. Then it is played again
and again, and in each step the server is killed at another point: by SIGKILL, which it sends
itself, in the middle of the database driver.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest

from tests.conftest import FreshDatabase
from tests.kills.dial import Slot
from tests.kills.mortals import Mortal, Nursery
from tests.kills.script import SCRIPT, Rows, Step, difference, resolved, rows_of, told

pytestmark = pytest.mark.slow

LATER = 10
"""How many seconds lie between a kill and the next start, by the wall clock of the next."""

SERVE = (
    *("serve", "--port", "0", "--https-port", "off", "--log-level", "warning"),
    *("--clock", "frozen", "--start-time", "2026-01-01T00:00:00Z", "--seed", "5"),
)

AT_MOST = 40
"""How many kills a step gets: all single transactions have fewer points, long advances more."""

Point = tuple[Slot, int]


@dataclass(frozen=True)
class Played:
    """A step that was played without a kill: what it answered and left, and what that took."""

    step: Step
    before: Rows
    after: Rows
    answer: tuple[int, str]
    statements: int
    commits: int

    def points(self, around_commits: Sequence[Slot]) -> list[Point]:
        """Return every point at which a kill may hit the step."""
        places = [(Slot.BEFORE_STATEMENT, number + 1) for number in range(self.statements)]
        commits = range(1, self.commits + 1)
        return [*places, *((slot, number) for number in commits for slot in around_commits)]


class Place:
    """A world in a database, and the server on it that is killed and started again."""

    def __init__(self, nursery: Nursery, caller: httpx.Client, url: str) -> None:
        self._nursery = nursery
        self.arm = caller
        self.url = url
        self.kills = 0
        self.start()

    def start(self) -> None:
        """Start a server; what the one before has kept is all it knows."""
        self.server: Mortal = self._nursery.start(
            *SERVE, "--database", self.url, later=LATER * self.kills
        )
        found = self.server.url()
        assert found is not None, self.server.log.read_text()
        self.arm.base_url = httpx.URL(found)

    def play_and_die(self, step: Step, point: Point) -> httpx.Response | None:
        """Send a step's request with a fuse set; return the answer if that was quicker."""
        slot, number = point
        self.server.dial[slot] = number
        try:
            answer = step.send(self.arm)
        except httpx.TransportError:
            assert self.server.dies_within(10)
            assert self.server.end() == -9, self.server.log.read_text()
            self.kills += 1
            self.start()
            return None
        self.server.dial[slot] = 0
        return answer

    def play(self, step: Step) -> Played:
        """Play a step without a kill, and count what it takes."""
        before = rows_of(self.url)
        step = resolved(step, self.arm)
        dial = self.server.dial
        counted = dial[Slot.STATEMENTS], dial[Slot.COMMITS]
        answer = step.send(self.arm)
        statements = dial[Slot.STATEMENTS] - counted[0]
        commits = dial[Slot.COMMITS] - counted[1]
        after = rows_of(self.url)
        return Played(step, before, after, told(answer), statements, commits)


@contextmanager
def place(nursery: Nursery, caller: httpx.Client, url: str) -> Iterator[Place]:
    """Serve a world until the block is left."""
    found = Place(nursery, caller, url)
    try:
        yield found
    finally:
        found.server.end()


@pytest.fixture(scope="session")
def reference(nursery: Nursery, caller: httpx.Client, shelf: FreshDatabase) -> list[Played]:
    """The script, played without a kill."""
    with place(nursery, caller, shelf()) as world:
        played = [world.play(step) for step in SCRIPT]
    refused = [(each.step.name, each.answer) for each in played if each.answer[0] >= 300]
    assert refused == []
    return played


@pytest.fixture(scope="session")
def around_commits(dialect: str) -> tuple[Slot, ...]:
    """Where around a commit a kill can hit, beside the statements before and after it."""
    sent = (Slot.IN_COMMIT,) if dialect == "postgresql" else ()
    return (Slot.AFTER_COMMIT, *sent)


def play_killed(world: Place, played: Played, point: Point) -> None:
    """Play a step in which the server is killed, and repeat what is then found not to be there."""
    answer = world.play_and_die(played.step, point)
    if answer is None:
        left = rows_of(world.url)
        if not played.step.spans:
            whole, nothing = left == played.after, left == played.before
            assert whole or nothing, difference(left, played.after)
            assert whole or point[0] not in (Slot.IN_COMMIT, Slot.AFTER_COMMIT), "it was committed"
            assert nothing or point[0] is not Slot.BEFORE_COMMIT, "nothing was committed"
        if left == played.after:
            return
        answer = played.step.send(world.arm)
    assert told(answer) == played.answer
    assert difference(rows_of(world.url), played.after) == {}


def play_all(world: Place, reference: list[Played], kills: list[list[Point]]) -> int:
    """Play the whole script, each step with the next of its kills; return how many there were."""
    for played, points in zip(reference, kills, strict=True):
        if points:
            play_killed(world, played, points.pop(0))
        else:
            assert told(played.step.send(world.arm)) == played.answer, played.step.name
    return world.kills


def die_and_go_on(
    nursery: Nursery,
    caller: httpx.Client,
    shelf: FreshDatabase,
    reference: list[Played],
    kills: list[list[Point]],
) -> None:
    """Play the script until every step has had all of its kills."""
    wanted = sum(map(len, kills))
    survived = 0
    while any(kills):
        with place(nursery, caller, shelf()) as world:
            survived += play_all(world, reference, kills)
    sys.stdout.write(f"kills survived: {survived}\n")
    # The ticks of the pacemaker are counted too: at times one more or less runs within a step.
    assert survived > wanted * 0.9


def spread(points: list[Point], number: int) -> list[Point]:
    """Return that many of the points, evenly chosen from first to last."""
    if len(points) <= number:
        return points
    return [points[index * (len(points) - 1) // (number - 1)] for index in range(number)]


def test_a_kill_around_each_commit_and_in_each_request_changes_nothing(
    nursery: Nursery,
    caller: httpx.Client,
    shelf: FreshDatabase,
    reference: list[Played],
    around_commits: tuple[Slot, ...],
) -> None:
    kinds = (Slot.BEFORE_STATEMENT, Slot.BEFORE_COMMIT, *around_commits)
    kills: list[list[Point]] = []
    for number, played in enumerate(reference):
        kind = kinds[number % len(kinds)]
        last = played.statements if kind is Slot.BEFORE_STATEMENT else played.commits
        # The second commit of what spans time is the first that moves the rows and the clock.
        moved = [(Slot.AFTER_COMMIT, 2)] if played.step.spans and played.commits > 1 else []
        kills.append([(kind, (last + 1) // 2), *moved])
    die_and_go_on(nursery, caller, shelf, reference, kills)


@pytest.mark.deep
def test_a_kill_before_every_statement_changes_nothing(
    nursery: Nursery,
    caller: httpx.Client,
    shelf: FreshDatabase,
    reference: list[Played],
    around_commits: tuple[Slot, ...],
) -> None:
    kills = [spread(played.points(around_commits), AT_MOST) for played in reference]
    die_and_go_on(nursery, caller, shelf, reference, kills)


@pytest.mark.deep
def test_a_request_repeated_because_its_answer_was_lost_is_a_request_sent_twice(
    nursery: Nursery, caller: httpx.Client, shelf: FreshDatabase, reference: list[Played]
) -> None:
    with place(nursery, caller, shelf()) as world:
        twice = []
        for played in reference:
            played.step.send(world.arm)
            twice.append((told(played.step.send(world.arm)), rows_of(world.url)))
    with place(nursery, caller, shelf()) as world:
        for played, (answer, rows) in zip(reference, twice, strict=True):
            if played.step.spans:
                played.step.send(world.arm)
            else:
                assert world.play_and_die(played.step, (Slot.AFTER_COMMIT, 1)) is None
            assert told(played.step.send(world.arm)) == answer
            assert difference(rows_of(world.url), rows) == {}
