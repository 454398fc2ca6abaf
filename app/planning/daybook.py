"""The day: how many backups start in each hour, and how much runs at one moment.

Hours are those of clocks on the wall. First backups copy whole disks and happen once; they are
counted apart, so that they do not hide what every day is like.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from ..domain.instants import DAY, HOUR, MINUTE
from ..workloads.azure_vm import TAKEN_AFTER
from .harvest import Backup
from .plans import Peak, clock_time, to_local
from .scratch import Part

SNAPSHOT, TRANSFER, FIRST = "snapshot", "transfer", "first"
_Event = tuple[int, int, str, int]
"""An instant, +1 or -1, what begins or ends, and whose: ends sort before begins."""


@dataclass
class Hour:
    """What an hour of the day has seen."""

    starts: float = 0.0
    snapshots: float = 0.0
    transfers: float = 0.0


@dataclass
class Moment:
    """The most that ran at one moment, and when it was first reached."""

    number: float = 0.0
    at: int | None = None

    def note(self, number: float, at: int) -> None:
        """Take note of how much runs now."""
        if number > self.number + 1e-9:
            self.number, self.at = number, at


@dataclass
class FirstBackups:
    """The backups that copied whole disks."""

    number: float = 0.0
    bytes: float = 0.0
    from_at: int | None = None
    until_at: int | None = None
    in_peak: float = 0.0
    most: Moment = field(default_factory=Moment)


@dataclass
class Record:
    """What the backups of one policy were like."""

    backups: float = 0.0
    failed: float = 0.0
    skipped: float = 0.0
    in_peak: float = 0.0
    running_in_peak: float = 0.0
    longest: int = 0
    rpo: int | None = None
    times: Counter[str] = field(default_factory=Counter)
    """Starts by the half hour of clocks on the wall."""
    together: Moment = field(default_factory=Moment)
    """The most that started at one instant."""
    vaulted: float = 0.0


class Daybook:
    """Reads backups in the order of their starts, and time in the order of what began and ended."""

    def __init__(
        self,
        parts: Sequence[Part],
        peak: Peak,
        time_zone: str,
        *,
        hide_unvaulted: bool = False,
    ) -> None:
        self.hours = [Hour() for _ in range(24)]
        self.most = {SNAPSHOT: Moment(), TRANSFER: Moment()}
        self.first = FirstBackups()
        self.records: dict[str, Record] = {}
        self.meetings: dict[tuple[str, str], dict[int, float]] = {}
        """For two policies, the hours in which their transfers ran at one moment, and how many."""
        self.rpo: int | None = None
        """The longest time without a newer point since this was last set to ``None``."""
        self._parts = parts
        self._peak = peak
        self._zone = time_zone
        self._hide_unvaulted = hide_unvaulted
        self._starts: Counter[tuple[int, int]] = Counter()
        self._events: list[_Event] = []
        self._running = {SNAPSHOT: 0.0, TRANSFER: 0.0, FIRST: 0.0}
        self._transferring: Counter[str] = Counter()
        self._now: int | None = None
        self._unseeded: set[int] = set()
        self._taken: dict[int, int] = {}
        self._together: dict[str, tuple[int, float]] = {}

    def expect(self, item: int, latest_snapshot_at: int | None, vaulted: bool) -> None:
        """Tell about an item before its first backup is read."""
        if not vaulted:
            self._unseeded.add(item)
        if latest_snapshot_at is not None:
            self._taken[item] = latest_snapshot_at

    # --- backups ---------------------------------------------------------------------------

    def read(self, backups: Iterable[Backup]) -> None:
        """Take note of backups that are over."""
        for backup in backups:
            part = self._parts[backup.part]
            record = self.records.setdefault(part.policy or "", Record())
            first = backup.transfers and backup.item in self._unseeded
            self._count(backup, part, record)
            if first:
                self._unseeded.discard(backup.item)
                self._note_first(backup, part)
            elif backup.completed:
                record.longest = max(record.longest, backup.ended_at - backup.started_at)
            # How long a first backup runs says nothing of the days after it.
            end = backup.started_at + 1 if first else backup.ended_at
            if self._peak.meets(backup.started_at, end):
                record.running_in_peak += part.factor
            self._note_gap(backup, record)
            self._expect_events(backup, FIRST if first else TRANSFER)

    def _count(self, backup: Backup, part: Part, record: Record) -> None:
        factor = part.factor
        record.backups += factor
        record.failed += 0 if backup.completed else factor
        late = backup.skipped and not backup.snapshot_only
        record.skipped += factor if late else 0
        record.vaulted += factor if backup.transfers else 0
        if self._peak.holds(backup.started_at):
            record.in_peak += factor
        local = to_local(backup.started_at, self._zone)
        day, hour = local // DAY, local % DAY // HOUR
        self.hours[hour].starts += factor
        self._starts[day, hour] += 1 if factor == 1 else factor  # type: ignore[assignment]
        record.times[clock_time(local % DAY // (30 * MINUTE) * 30 * MINUTE)] += 1
        at, number = self._together.get(part.policy or "", (-1, 0.0))
        number = number + factor if at == backup.started_at else factor
        self._together[part.policy or ""] = (backup.started_at, number)
        record.together.note(number, backup.started_at)

    def _note_first(self, backup: Backup, part: Part) -> None:
        first = self.first
        first.number += part.factor
        first.bytes += backup.bytes * part.factor
        first.from_at = min(first.from_at or backup.started_at, backup.started_at)
        first.until_at = max(first.until_at or 0, backup.ended_at)
        if self._peak.meets(backup.started_at, backup.ended_at):
            first.in_peak += part.factor

    def _note_gap(self, backup: Backup, record: Record) -> None:
        """Note how much work would have been lost just before this backup's point was there."""
        there = backup.ended_at if self._hide_unvaulted else backup.snapshot_ended_at
        if not backup.completed or there is None:
            return
        if self._hide_unvaulted and not backup.transfers:
            return
        before = self._taken.get(backup.item)
        if before is not None:
            self._note_rpo(there - before, record)
        self._taken[backup.item] = backup.started_at + TAKEN_AFTER

    def _note_rpo(self, lost: int, record: Record) -> None:
        record.rpo = max(record.rpo or 0, lost)
        self.rpo = max(self.rpo or 0, lost)

    def close(self, policy_of_item: dict[int, str], end: int) -> None:
        """Count what has passed since the last backups, once no more are read."""
        for item, taken in self._taken.items():
            policy = policy_of_item.get(item)
            if policy is not None:
                self._note_rpo(end - taken, self.records.setdefault(policy, Record()))

    # --- time ------------------------------------------------------------------------------

    def _expect_events(self, backup: Backup, kind: str) -> None:
        middle = backup.snapshot_ended_at
        if middle is None:
            return
        self._events.append((backup.started_at, 1, SNAPSHOT, backup.part))
        self._events.append((middle, -1, SNAPSHOT, backup.part))
        if backup.ended_at > middle:
            self._events.append((middle, 1, kind, backup.part))
            self._events.append((backup.ended_at, -1, kind, backup.part))

    def pass_until(self, instant: int) -> None:
        """Look at each moment before an instant; all backups that started before it are read."""
        self._events.sort()
        done = 0
        for at, change, kind, part in self._events:
            if at >= instant:
                break
            done += 1
            self._pass_hours(at)
            self._change(kind, self._parts[part], change)
            if change > 0:
                self._look(at, kind)
        del self._events[:done]

    def _pass_hours(self, until: int) -> None:
        """Let what runs be seen by the hours that begin while it runs."""
        if self._now is not None and any(number > 1e-9 for number in self._running.values()):
            local = to_local(self._now, self._zone)
            boundary = self._now - local % HOUR + HOUR
            while boundary < until:
                for kind in self._running:
                    self._look(boundary, kind)
                boundary += HOUR
        self._now = until

    def _change(self, kind: str, part: Part, change: int) -> None:
        self._running[kind] += change * part.factor
        if kind == TRANSFER:
            policy = part.policy or ""
            self._transferring[policy] += change * part.factor  # type: ignore[assignment]
            if self._transferring[policy] < 1e-9:
                del self._transferring[policy]

    def _look(self, at: int, kind: str) -> None:
        number = self._running[kind]
        if kind == FIRST:
            self.first.most.note(number, at)
            return
        self.most[kind].note(number, at)
        index = to_local(at, self._zone) % DAY // HOUR
        hour = self.hours[index]
        if kind == SNAPSHOT:
            hour.snapshots = max(hour.snapshots, number)
            return
        hour.transfers = max(hour.transfers, number)
        if len(self._transferring) > 1:
            for pair in combinations(sorted(self._transferring), 2):
                both = self._transferring[pair[0]] + self._transferring[pair[1]]
                hours = self.meetings.setdefault((pair[0], pair[1]), {})
                hours[index] = max(hours.get(index, 0.0), both)

    # --- what it comes to ------------------------------------------------------------------

    def most_starts(self, hour: int) -> float:
        """Return the most starts that one day had in an hour."""
        return max(
            (number for (_, each), number in self._starts.items() if each == hour), default=0
        )
