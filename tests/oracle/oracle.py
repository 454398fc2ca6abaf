"""The oracle: what a vault keeps until when, day by day over plain lists, from the rules alone.

Written from Azure Backup's rules (azure-backup-semantics 1.1 to 1.8) and this house's decisions;
nothing here comes from the product, nothing is fast and nothing is clever. Instants are naive
``datetime`` values in UTC. How long a snapshot and a transfer take is not predicted but told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial

ONE_DAY = timedelta(days=1)
TAKEN_AFTER = timedelta(seconds=5)
MOST_POINTS = 9999

# Standard time, all year, as Windows says it of each zone: hours and minutes from UTC.
OFFSETS = {
    "UTC": timedelta(0),
    "Pacific Standard Time": timedelta(hours=-8),
    "Newfoundland Standard Time": -timedelta(hours=3, minutes=30),
    "W. Europe Standard Time": timedelta(hours=1),
    "India Standard Time": timedelta(hours=5, minutes=30),
    "Nepal Standard Time": timedelta(hours=5, minutes=45),
    "Cen. Australia Standard Time": timedelta(hours=9, minutes=30),
    "Tonga Standard Time": timedelta(hours=13),
}
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
MONTHS = [
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
]  # fmt: skip
RULES = ["Daily", "Weekly", "Monthly", "Yearly"]

Tags = list[str]
Facts = tuple[datetime | None, datetime | None]
"""When a backup's snapshot ended, and when its transfer did, so far as they have."""
Event = tuple[datetime, int, Callable[[], "list[Event]"]]
"""When something happens, its place among what happens then, and what it does and brings."""
END_OF_TRANSFER, START, END_OF_SNAPSHOT, SWEEP = range(4)


# --- what a policy says ----------------------------------------------------------------------


@dataclass(frozen=True)
class DaysOfMonth:
    """Some days of a month: weekdays of its weeks (First to Fourth, Last), or dates of it."""

    weekdays: tuple[str, ...] = ()
    weeks: tuple[str, ...] = ()
    dates: tuple[int, ...] = ()
    last_day: bool = False

    def has(self, day: date) -> bool:
        """Tell whether a day is one of them."""
        if day.day in self.dates or (self.last_day and is_last_of_month(day)):
            return True
        return weekday(day) in self.weekdays and any(week in self.weeks for week in weeks(day))


@dataclass(frozen=True)
class Policy:
    """A Standard policy; ``run_days`` is empty where it backs up every day.

    ``weekly``, ``monthly`` and ``yearly`` say which days they keep, and for how many weeks,
    months or years; ``daily`` and ``instant`` are days.
    """

    at: time
    zone: str = "UTC"
    run_days: tuple[str, ...] = ()
    instant: int = 2
    daily: int | None = None
    weekly: tuple[tuple[str, ...], int] | None = None
    monthly: tuple[DaysOfMonth, int] | None = None
    yearly: tuple[tuple[str, ...], DaysOfMonth, int] | None = None

    def slot(self, day: date) -> datetime | None:
        """Return when a day of the policy's zone is backed up, if it is."""
        if self.run_days and weekday(day) not in self.run_days:
            return None
        return datetime.combine(day, self.at) - OFFSETS[self.zone]

    def tags(self, day: date) -> Tags:
        """Return the rules that a day's backup falls under."""
        found = []
        if self.daily is not None:
            found.append("Daily")
        if self.weekly is not None and weekday(day) in self.weekly[0]:
            found.append("Weekly")
        if self.monthly is not None and self.monthly[0].has(day):
            found.append("Monthly")
        if self.yearly is not None:
            months, days, _ = self.yearly
            if MONTHS[day.month - 1] in months and days.has(day):
                found.append("Yearly")
        return found

    def length(self, rule: str, day: date) -> timedelta | None:
        """Return how long a rule keeps a day's point; none if the policy has no such rule."""
        if rule == "Daily" and self.daily is not None:
            return self.daily * ONE_DAY
        if rule == "Weekly" and self.weekly is not None:
            return self.weekly[1] * 7 * ONE_DAY
        if rule == "Monthly" and self.monthly is not None:
            return months_later(day, self.monthly[1]) - day
        if rule == "Yearly" and self.yearly is not None:
            return months_later(day, 12 * self.yearly[2]) - day
        return None


def weekday(day: date) -> str:
    """Return a day's name."""
    return WEEKDAYS[day.weekday()]


def is_last_of_month(day: date) -> bool:
    """Tell whether the day after it is in another month."""
    return (day + ONE_DAY).month != day.month


def weeks(day: date) -> list[str]:
    """Return which of its month's such weekdays a day is: the fourth may be the last as well."""
    found = []
    for name, first, last in [
        ("First", 1, 7),
        ("Second", 8, 14),
        ("Third", 15, 21),
        ("Fourth", 22, 28),
    ]:
        if first <= day.day <= last:
            found.append(name)
    if (day + 7 * ONE_DAY).month != day.month:
        found.append("Last")
    return found


def months_later(day: date, count: int) -> date:
    """Return the same day some months on; where there is no such day, the month's last."""
    year, month, number = day.year, day.month, day.day
    for _ in range(count):
        month += 1
        if month > 12:
            year, month = year + 1, 1
    while True:
        try:
            return date(year, month, number)
        except ValueError:
            number -= 1


# --- what a vault holds ----------------------------------------------------------------------


@dataclass
class Backup:
    """A backup from its start on, and the recovery point that comes of it.

    ``day`` is the day of the policy's zone that it was scheduled for, ``tags`` the rules that
    it falls under. One that a user asked for has neither, and its own ``expires``.
    """

    started: datetime
    expires: datetime
    instant_until: datetime
    day: date | None = None
    tags: Tags = field(default_factory=list)
    rule: str | None = None
    state: str = "snapshot"
    """One of snapshot, transfer, completed, skipped and failed."""
    has_snapshot: bool = False
    has_vault: bool = False

    @property
    def taken(self) -> datetime:
        """The recovery point's time."""
        return self.started + TAKEN_AFTER

    @property
    def is_point(self) -> bool:
        """Tell whether there is a recovery point."""
        return self.has_snapshot or self.has_vault

    def follow(self, policy: Policy, now: datetime) -> None:
        """Take on the lengths that a policy has now for the rules that the backup falls under.

        The rule that keeps it longest governs; of two that keep it equally long, the higher. If
        none of them is left, a policy that runs weekly ends it now, one that runs daily lets it
        be as it was.
        """
        if self.day is None:
            return
        self.instant_until = self.taken + policy.instant * ONE_DAY
        longest = None
        for rule in RULES:
            length = policy.length(rule, self.day) if rule in self.tags else None
            if length is not None and (longest is None or length >= longest):
                longest, self.rule = length, rule
        if longest is not None:
            self.expires = self.taken + longest
        elif policy.run_days:
            self.expires = min(self.expires, now)


@dataclass
class Item:
    """A protected VM with every backup that there ever was of it."""

    facts: Callable[[datetime], Facts]
    policy: Policy | None
    now: datetime
    sweep_every: timedelta = ONE_DAY
    state: str = "Protected"
    vm_exists: bool = True
    backups: list[Backup] = field(default_factory=list)
    over: list[Backup] = field(default_factory=list)
    """The backups of which nothing is left."""

    # --- time ---

    def live_until(self, end: datetime) -> None:
        """Let time pass, a day or the rest of one at a time."""
        while self.now < end:
            midnight = datetime.combine(self.now.date(), time()) + ONE_DAY
            self._live_within_a_day(min(end, midnight))

    def _live_within_a_day(self, end: datetime) -> None:
        """Do all that happens after now and up to the end, in order; then it is the end."""
        todo = [*self._starts(), *self._sweeps()]
        for backup in self.backups:
            todo += self._ends(backup)
        todo = [event for event in todo if self.now < event[0] <= end]
        while todo:
            event = min(todo, key=lambda each: each[:2])
            todo.remove(event)
            todo += [follows for follows in event[2]() if follows[0] <= end]
        self.now = end

    def _starts(self) -> list[Event]:
        """Return the scheduled backups of yesterday, today and tomorrow: zones differ."""
        found: list[Event] = []
        for days in (-1, 0, 1):
            day = self.now.date() + days * ONE_DAY
            slot = None if self.policy is None else self.policy.slot(day)
            if slot is not None:
                found.append((slot, START, partial(self._start_scheduled, slot, day)))
        return found

    def _ends(self, backup: Backup) -> list[Event]:
        """Return the ends of a backup's snapshot and transfer, so far as they are told."""
        if backup.state not in ("snapshot", "transfer"):
            return []
        snapshot_ended, ended = self.facts(backup.started)
        found: list[Event] = []
        if snapshot_ended is not None:
            found.append((snapshot_ended, END_OF_SNAPSHOT, partial(self._end_snapshot, backup)))
        if ended is not None:
            found.append((ended, END_OF_TRANSFER, partial(self._end_transfer, backup)))
        return found

    def _sweeps(self) -> list[Event]:
        """Return the sweeps of today, and of the next midnight."""
        at = datetime.combine(self.now.date(), time())
        found: list[Event] = []
        while at <= datetime.combine(self.now.date() + ONE_DAY, time()):
            found.append((at, SWEEP, partial(self._sweep, at)))
            at += self.sweep_every
        return found

    # --- backups ---

    def _start_scheduled(self, slot: datetime, day: date) -> list[Event]:
        assert self.policy is not None
        backup = Backup(slot, slot, slot, day, self.policy.tags(day))
        backup.follow(self.policy, slot)
        self._start(backup)
        return self._ends(backup)

    def _start(self, backup: Backup) -> None:
        """Start a backup; it fails without its VM and while another takes its snapshot."""
        if not self.vm_exists or any(each.state == "snapshot" for each in self.backups):
            backup.state = "failed"
        (self.over if backup.state == "failed" else self.backups).append(backup)

    def _end_snapshot(self, backup: Backup) -> list[Event]:
        """There is a point; it is not copied to the vault while an earlier one still is."""
        assert backup.state == "snapshot"
        backup.has_snapshot = True
        busy = any(each.state == "transfer" for each in self.backups)
        backup.state = "skipped" if busy else "transfer"
        return []

    def _end_transfer(self, backup: Backup) -> list[Event]:
        if backup.state == "transfer":
            backup.state, backup.has_vault = "completed", True
        return []

    # --- expiry ---

    def _sweep(self, at: datetime) -> list[Event]:
        """Delete what is over, but never the newest point, nor the newest in the vault.

        A snapshot goes when its days are over, unless it is the newest; what is only a snapshot
        goes with it. Nothing goes while it is copied, and nothing of an item that was stopped.
        Under a policy there are never more than so many points: the oldest go.
        """
        if self.state == "ProtectionStopped":
            return []
        points = self.points()
        in_vault = [each.taken for each in points if each.has_vault]
        for point in points[:-1]:
            if point.state == "transfer" or at < min(point.instant_until, point.expires):
                continue
            point.has_snapshot = False
            if (point.expires <= at or not point.has_vault) and point.taken not in in_vault[-1:]:
                self._forget(point)
        while self.policy is not None and len(self.points()) > MOST_POINTS:
            self._forget(self.points()[0])
        return []

    def _forget(self, point: Backup) -> None:
        self.backups.remove(point)
        self.over.append(point)

    def points(self) -> list[Backup]:
        """Return the backups that are recovery points now, the oldest first."""
        found = [each for each in self.backups if each.is_point]
        found.sort(key=lambda each: each.taken)
        return found

    # --- what users do, now ---

    def use(self, policy: Policy) -> None:
        """Be put under a policy, an edited one or another; after a stop, protection goes on.

        Its lengths reach what is there under the same rules; rules that it adds do not.
        """
        self.policy, self.state = policy, "Protected"
        for backup in self.backups:
            backup.follow(policy, self.now)

    def stop(self, *, suspend: bool) -> None:
        """Back up no more: keep everything, or let it expire by the last policy."""
        self.policy = None
        self.state = "BackupsSuspended" if suspend else "ProtectionStopped"

    def back_up(self, until: datetime) -> None:
        """Back up now and keep it until a date of its own."""
        assert self.policy is not None
        instant_until = self.now + TAKEN_AFTER + self.policy.instant * ONE_DAY
        self._start(Backup(self.now, until, instant_until))
