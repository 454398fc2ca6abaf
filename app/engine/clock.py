"""The virtual clock: the one reader of the wall clock, and the row that the world's time is in.

Virtual now = base + rate x real time since the base, or just the base when frozen. The row
keeps it so that restarts and several processes agree; within an epoch it never goes back.

A scaled clock runs only while an engine leads: each second it reserves the next two, and shows
no instant beyond. When nobody reserves any more the clock stands, and goes on from there.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from sqlalchemy import Connection, bindparam, insert, select, update

from ..domain.errors import invalid
from ..domain.instants import LATEST, SECOND, wire
from ..domain.outages import NONE as NO_OUTAGES
from ..store.statements import Statement
from ..store.tables import world
from .rules import FIELDS as RULES
from .rules import Rules

MODES = ("live", "scaled", "frozen")
HIGHEST_RATE = 31_536_000
"""A virtual year each real second."""
RESERVED = 2 * SECOND
"""How much real time a scaled clock may run on without a sign of life of its engine."""
_STALE = 3 * SECOND
"""How long after its last move an advance is taken to have died with its process."""


def real_now() -> int:
    """Return the wall clock's instant."""
    return time.time_ns() // 1000


def stopwatch() -> float:
    """Return seconds of a clock that only measures how long something took."""
    return time.perf_counter()


@dataclass(frozen=True, slots=True)
class Advance:
    """An advance that somebody asked for; where only its end will tell, ``target`` is ``None``."""

    start: int
    target: int | None


@dataclass(frozen=True, slots=True)
class ClockState:
    """The clock as the database keeps it, the ``outages`` of regions, where faults are armed, and
    how many events are kept.

    Every request asks whether a region is down, a fault is armed or events are recorded, and reads
    this row anyway. Where ``events_kept`` is ``None`` nothing is recorded.
    """

    epoch: int
    mode: str
    rate: int
    skip_on_wait: str
    started_at: int
    base_virtual_at: int
    base_real_at: int
    settled_at: int
    reserved_until: int | None = None
    advance_from: int | None = None
    advance_to: int | None = None
    outages: str = NO_OUTAGES
    faults: str = ""
    events_kept: int | None = None

    def now(self, real: int) -> int:
        """Return virtual now at a real instant, never before what has been settled."""
        if self.mode == "frozen":
            return self.base_virtual_at
        now = self._running(real)
        if self.reserved_until is not None:
            now = min(now, self.reserved_until)
        return min(max(now, self.settled_at), LATEST)

    def _running(self, real: int) -> int:
        return self.base_virtual_at + max(real - self.base_real_at, 0) * self.rate

    def real_of(self, virtual: int) -> int:
        """Return the real instant at which a virtual one comes; not for a frozen clock."""
        return self.base_real_at + -((self.base_virtual_at - virtual) // self.rate)

    def stood_still(self, real: int) -> bool:
        """Tell whether a scaled clock has used up what was reserved."""
        return self.reserved_until is not None and self._running(real) > self.reserved_until

    def advancing(self, real: int) -> Advance | None:
        """Return the advance that runs, in whatever process."""
        if self.advance_from is None or real - self.base_real_at > _STALE:
            return None
        return Advance(self.advance_from, self.advance_to)

    def at(self, virtual: int, real: int) -> ClockState:
        """Return this clock standing at an instant, and running on from there.

        An advance that has died is forgotten, or the fresh sign of life would be taken for its own.
        """
        advance = self.advancing(real)
        return replace(
            self,
            base_virtual_at=virtual,
            base_real_at=real,
            reserved_until=virtual + RESERVED * self.rate if self.mode == "scaled" else None,
            advance_from=advance.start if advance else None,
            advance_to=advance.target if advance else None,
        )


_FIELDS = tuple(ClockState.__dataclass_fields__)
_READ = Statement(select(*(world.c[name] for name in _FIELDS)).where(world.c.id == 1))
_THE_WORLD = update(world).where(world.c.id == 1)
_WRITE = Statement(_THE_WORLD.values({name: bindparam(name) for name in _FIELDS}))
_MOVE = Statement(
    _THE_WORLD.values(
        base_virtual_at=bindparam("virtual"),
        base_real_at=bindparam("real"),
        settled_at=bindparam("settled"),
        reserved_until=bindparam("reserved"),
        advance_from=bindparam("advance_from"),
        advance_to=bindparam("advance_to"),
    )
)
_SETTLE = Statement(_THE_WORLD.values(settled_at=bindparam("settled")))
_RESERVE = Statement(_THE_WORLD.values(reserved_until=bindparam("reserved")))


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
    _WRITE.run(connection, **{name: getattr(state, name) for name in _FIELDS})


def settle(connection: Connection, until: int) -> None:
    """Note that everything due up to an instant is done.

    The clock stands there from now on, unless its time has run past that already.
    """
    state = read(connection)
    real = real_now()
    if until > state.now(real):
        moved = state.at(until, real)
        _MOVE.run(
            connection,
            virtual=until,
            real=real,
            settled=until,
            reserved=moved.reserved_until,
            advance_from=moved.advance_from,
            advance_to=moved.advance_to,
        )
    else:
        _SETTLE.run(connection, settled=until)


def keep_running(connection: Connection) -> None:
    """Let a scaled clock run on for as long as it takes until the engine does this again."""
    state = read(connection)
    real = real_now()
    now = state.now(real)
    if state.mode == "scaled" and state.stood_still(real):
        write(connection, state.at(now, real))
    elif state.mode == "scaled":
        _RESERVE.run(connection, reserved=now + RESERVED * state.rate)


def hold(connection: Connection) -> None:
    """Let a scaled clock stand where it is: nobody serves it for now."""
    state = read(connection)
    if state.mode == "scaled":
        _RESERVE.run(connection, reserved=state.now(real_now()))


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
    state = replace(
        state,
        mode=mode,
        rate=_rate_of(mode, rate, state),
        skip_on_wait=skip_on_wait or state.skip_on_wait,
    ).at(now, real)
    write(connection, state)
    return state


def note_outages(connection: Connection, outages: str) -> None:
    """Write down the outages of regions."""
    connection.execute(_THE_WORLD.values(outages=outages))


def note_faults(connection: Connection, points: str) -> None:
    """Write down at which points any fault is armed."""
    connection.execute(_THE_WORLD.values(faults=points))


def begin_advance(connection: Connection, target: int | None) -> ClockState:
    """Note that an advance begins; everybody who looks at the clock sees it."""
    state = read(connection)
    real = real_now()
    now = state.now(real)
    state = replace(state.at(now, real), advance_from=now, advance_to=target)
    write(connection, state)
    return state


def end_advance(connection: Connection) -> None:
    """Note that the advance is over."""
    connection.execute(_THE_WORLD.values(advance_from=None, advance_to=None))


def next_epoch(state: ClockState) -> ClockState:
    """Return the clock of a world that begins again."""
    began = replace(
        state,
        epoch=state.epoch + 1,
        settled_at=state.started_at,
        advance_from=None,
        advance_to=None,
        outages=NO_OUTAGES,
        faults="",
    )
    return began.at(state.started_at, real_now())


def restored(saved: ClockState, saved_at: int, epoch: int) -> ClockState:
    """Return the clock of a world that was saved, going on from that instant in a new epoch."""
    state = replace(saved, epoch=epoch, advance_from=None, advance_to=None)
    return state.at(saved_at, real_now())


def alone(state: ClockState, now: int) -> ClockState:
    """Return the clock of a world that nobody else looks at: it stands until its engine moves."""
    return replace(
        state,
        epoch=1,
        mode="frozen",
        rate=1,
        skip_on_wait="off",
        base_virtual_at=now,
        base_real_at=0,
        reserved_until=None,
        advance_from=None,
        advance_to=None,
        events_kept=None,
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
