"""The virtual clock: the one reader of the wall clock, and the row that the world's time is in.

Virtual now = base + rate x real time since the base, or just the base when frozen. The row
keeps it so that restarts and several processes agree; within an epoch it never goes back.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from sqlalchemy import Connection, bindparam, insert, select, update

from ..domain.errors import invalid
from ..domain.instants import LATEST, wire
from ..store.statements import Statement
from ..store.tables import world
from .rules import FIELDS as RULES
from .rules import Rules

MODES = ("live", "scaled", "frozen")
SKIP_ON_WAIT = ("off", "step", "finish")
HIGHEST_RATE = 31_536_000
"""A virtual year each real second."""


def real_now() -> int:
    """Return the wall clock's instant."""
    return time.time_ns() // 1000


def stopwatch() -> float:
    """Return seconds of a clock that only measures how long something took."""
    return time.perf_counter()


@dataclass(frozen=True, slots=True)
class ClockState:
    """The clock as the database keeps it."""

    epoch: int
    mode: str
    rate: int
    skip_on_wait: str
    started_at: int
    base_virtual_at: int
    base_real_at: int
    settled_at: int

    def now(self, real: int) -> int:
        """Return virtual now at a real instant, never before what has been settled."""
        if self.mode == "frozen":
            return self.base_virtual_at
        elapsed = max(real - self.base_real_at, 0) * self.rate
        return min(max(self.base_virtual_at + elapsed, self.settled_at), LATEST)

    def real_of(self, virtual: int) -> int:
        """Return the real instant at which a virtual one comes; not for a frozen clock."""
        return self.base_real_at + -((self.base_virtual_at - virtual) // self.rate)


_FIELDS = tuple(ClockState.__dataclass_fields__)
_READ = Statement(select(*(world.c[name] for name in _FIELDS)).where(world.c.id == 1))
_MOVE = Statement(
    update(world)
    .where(world.c.id == 1)
    .values(
        base_virtual_at=bindparam("virtual"),
        base_real_at=bindparam("real"),
        settled_at=bindparam("settled"),
    )
)
_SETTLE = Statement(update(world).where(world.c.id == 1).values(settled_at=bindparam("settled")))


def read(connection: Connection) -> ClockState:
    """Return the clock's row."""
    return ClockState(*_READ.run(connection).fetchone())


def exists(connection: Connection) -> bool:
    """Tell whether this database holds a world yet."""
    return _READ.run(connection).fetchone() is not None


def create(connection: Connection, state: ClockState, rules: Rules) -> None:
    """Write the row of a new world."""
    values = {name: getattr(state, name) for name in _FIELDS}
    values |= {name: getattr(rules, name) for name in RULES}
    connection.execute(insert(world).values(id=1, **values))


def write(connection: Connection, state: ClockState) -> None:
    """Replace the clock of a world."""
    values = {name: getattr(state, name) for name in _FIELDS}
    connection.execute(update(world).where(world.c.id == 1).values(**values))


def settle(connection: Connection, until: int) -> None:
    """Note that everything due up to an instant is done.

    The clock stands there from now on, unless its time has run past that already.
    """
    state = read(connection)
    real = real_now()
    if until > state.now(real):
        _MOVE.run(connection, virtual=until, real=real, settled=until)
    else:
        _SETTLE.run(connection, settled=until)


def change(
    connection: Connection,
    *,
    mode: str | None = None,
    rate: int | None = None,
    skip_on_wait: str | None = None,
) -> ClockState:
    """Change how time runs from now on. Raises ``Refused`` for a rate that fits no mode."""
    state = read(connection)
    real = real_now()
    now = state.now(real)
    mode = mode or state.mode
    wanted = _rate_of(mode, rate, state)
    state = replace(
        state,
        mode=mode,
        rate=wanted,
        skip_on_wait=skip_on_wait or state.skip_on_wait,
        base_virtual_at=now,
        base_real_at=real,
    )
    write(connection, state)
    return state


def rebased(state: ClockState, virtual: int) -> ClockState:
    """Return a clock that stands at an instant now and runs on from there."""
    virtual = max(virtual, state.base_virtual_at)
    return replace(
        state,
        base_virtual_at=virtual,
        base_real_at=real_now(),
        settled_at=max(virtual, state.settled_at),
    )


def _rate_of(mode: str, rate: int | None, state: ClockState) -> int:
    if mode != "scaled":
        if rate not in (None, 1):
            raise invalid("InvalidClock", f"rate: {rate} needs mode 'scaled'", target="rate")
        return 1
    wanted = rate if rate is not None else state.rate
    if not 1 <= wanted <= HIGHEST_RATE:
        raise invalid(
            "InvalidClock", f"rate: {wanted} is out of range; allowed: 1 to {HIGHEST_RATE}"
        )
    return wanted


def check_target(now: int, target: int) -> None:
    """Refuse to go back in time, or past the last year that clients can read."""
    if target < now:
        raise invalid(
            "InvalidClock",
            f"to: {wire(target)} is before the clock's {wire(now)}; time never goes back",
            target="to",
        )
    if target > LATEST:
        raise invalid("InvalidClock", f"to: the clock ends at {wire(LATEST)}", target="to")
