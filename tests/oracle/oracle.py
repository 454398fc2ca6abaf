"""The oracle: what a vault keeps until when, day by day over plain lists, from the rules alone.

Written from Azure Backup's rules (azure-backup-semantics 1.1 to 1.8) and this house's decisions;
nothing here comes from the product, nothing is fast and nothing is clever. Instants are naive
``datetime`` values in UTC. How long a snapshot and a transfer take, and how long after its slot
a backup starts, is not predicted but told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial

from tests.oracle.policy import ONE_DAY, RULES, Policy, Tags

TAKEN_AFTER = timedelta(seconds=5)
CANCELLING_TAKES = timedelta(seconds=10)
MOST_POINTS = 9999

Facts = tuple[datetime | None, datetime | None]
"""When a backup's snapshot ended, and when its transfer did, so far as they have."""
Event = tuple[datetime, int, Callable[[], "list[Event]"]]
"""When something happens, its place among what happens then, and what it does and brings."""
END_OF_TRANSFER, END_OF_SNAPSHOT, END_OF_CANCELLING, START, PURGE, SWEEP = range(6)


def at_once(slot: datetime) -> timedelta:
    """Tell that a backup starts with its slot."""
    return timedelta(0)


@dataclass
class Backup:
    """A backup from its start on, and the recovery point that comes of it.

    ``day`` is the day of the policy's zone that it was scheduled for, ``tags`` the rules that
    it falls under: one that stays a snapshot falls under none. One that a user asked for has
    neither day nor tags, and its own ``expires``.
    """

    started: datetime
    expires: datetime
    instant_until: datetime
    day: date | None = None
    tags: Tags = field(default_factory=list)
    goes_to_vault: bool = True
    rule: str | None = None
    state: str = "snapshot"
    """One of snapshot, transfer, completed, skipped, cancelling, cancelled and failed."""
    why: str | None = None
    """Why it failed."""
    has_snapshot: bool = False
    has_vault: bool = False
    cancelled_at: datetime | None = None

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
        be as it was. What stays a snapshot lives as long as the policy's snapshots do.
        """
        if self.day is None:
            return
        self.instant_until = self.taken + policy.instant * ONE_DAY
        if not self.goes_to_vault:
            self.expires = self.instant_until
            return
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
    delay: Callable[[datetime], timedelta] = at_once
    state: str = "IRPending"
    vm_exists: bool = True
    agent_answers: bool = True
    disks_fit: bool = True
    owed: date | None = None
    """The day whose backup for the vault came to nothing, until another one for it starts."""
    purge_at: datetime | None = None
    backups: list[Backup] = field(default_factory=list)
    """In the order of their starts."""
    over: list[Backup] = field(default_factory=list)
    """The backups of which nothing is left."""

    def __post_init__(self) -> None:
        """Wait for the first slot from now on."""
        self.under_since = self.now

    # --- time ---

    def live_until(self, end: datetime) -> None:
        """Let time pass, a day or the rest of one at a time."""
        while self.now < end:
            midnight = datetime.combine(self.now.date(), time()) + ONE_DAY
            self._live_within_a_day(min(end, midnight))

    def _live_within_a_day(self, end: datetime) -> None:
        """Do all that happens after now and up to the end, in order; then it is the end."""
        todo = [*self._starts(), *self._purges(), *self._sweeps()]
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
        if self.policy is None:
            return []
        found: list[Event] = []
        for days in (-1, 0, 1):
            day = self.now.date() + days * ONE_DAY
            for slot in self.policy.slots(day):
                if slot > self.under_since:
                    start = slot + self.delay(slot)
                    found.append((start, START, partial(self._start_scheduled, start, slot, day)))
        return found

    def _ends(self, backup: Backup) -> list[Event]:
        """Return the ends of a backup's snapshot and transfer, so far as they are told."""
        if backup.cancelled_at is not None:
            return [(backup.cancelled_at, END_OF_CANCELLING, partial(self._cancelled, backup))]
        if backup.state not in ("snapshot", "transfer"):
            return []
        snapshot_ended, ended = self.facts(backup.started)
        found: list[Event] = []
        if snapshot_ended is not None:
            found.append((snapshot_ended, END_OF_SNAPSHOT, partial(self._end_snapshot, backup)))
        if ended is not None:
            found.append((ended, END_OF_TRANSFER, partial(self._end_transfer, backup)))
        return found

    def _purges(self) -> list[Event]:
        """Return when what was deleted is gone for good."""
        return [] if self.purge_at is None else [(self.purge_at, PURGE, self._purge)]

    def _sweeps(self) -> list[Event]:
        """Return the sweeps of today, and of the next midnight."""
        at = datetime.combine(self.now.date(), time())
        found: list[Event] = []
        while at <= datetime.combine(self.now.date() + ONE_DAY, time()):
            found.append((at, SWEEP, partial(self._sweep, at)))
            at += self.sweep_every
        return found

    # --- backups ---

    def _start_scheduled(self, start: datetime, slot: datetime, day: date) -> list[Event]:
        """Start a backup of a day, for the vault if it is the last one of the day.

        The first one of a day is for the vault as well, if it is owed one by a day before.
        """
        assert self.policy is not None
        slots = self.policy.slots(day)
        owed = self.owed is not None and self.owed < day
        backup = Backup(start, start, start, day)
        backup.goes_to_vault = slot == slots[-1] or (slot == slots[0] and owed)
        if backup.goes_to_vault:
            backup.tags = self.policy.tags(day)
        backup.follow(self.policy, start)
        self._start(backup)
        if backup.goes_to_vault:
            self.owed = day if backup.state == "failed" else None
        return self._ends(backup)

    def _start(self, backup: Backup) -> None:
        """Start a backup; it may fail for its VM, for the agent or disks of it, or for another."""
        if not self.vm_exists:
            backup.why = "the VM is gone"
        elif not self.agent_answers:
            backup.why = "its agent does not answer"
        elif not self.disks_fit:
            backup.why = "its disks are too large"
        elif any(each.state in ("snapshot", "cancelling") for each in self.backups):
            backup.why = "another takes its snapshot"
        if backup.why is not None:
            backup.state = "failed"
        (self.backups if backup.why is None else self.over).append(backup)

    def _end_snapshot(self, backup: Backup) -> list[Event]:
        """There is a point; it is not copied to the vault while an earlier one still is.

        Under a policy there are never more than so many points: the oldest go.
        """
        assert backup.state == "snapshot"
        backup.has_snapshot = True
        busy = any(each.state == "transfer" for each in self.backups)
        backup.state = "transfer" if backup.goes_to_vault and not busy else "skipped"
        if not backup.goes_to_vault:
            self._note_completed()
        while self.policy is not None and len(self.points()) > MOST_POINTS:
            self._forget(self.points()[0])
        return []

    def _end_transfer(self, backup: Backup) -> list[Event]:
        if backup.state == "transfer":
            backup.state, backup.has_vault = "completed", True
            self._note_completed()
        return []

    def _note_completed(self) -> None:
        if self.state == "IRPending":
            self.state = "Protected"

    def _cancelled(self, backup: Backup) -> list[Event]:
        """What was cancelled is over: there is no point of it."""
        backup.state = "cancelled"
        self._forget(backup)
        return []

    # --- expiry ---

    def _sweep(self, at: datetime) -> list[Event]:
        """Delete what is over, but never the newest point, nor the newest in the vault.

        A snapshot goes when its days are over, unless it is the newest; what is only a snapshot
        goes with it. Nothing goes while it is copied, and nothing of an item that was stopped.
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
        return []

    def _purge(self) -> list[Event]:
        """Nothing is left of what was deleted."""
        self.state = "gone"
        for backup in [*self.backups]:
            backup.has_snapshot = backup.has_vault = False
            if backup.state != "cancelling":
                self._forget(backup)
        return []

    def _forget(self, backup: Backup) -> None:
        self.backups.remove(backup)
        self.over.append(backup)

    def points(self) -> list[Backup]:
        """Return the backups that are recovery points now, the oldest first."""
        return [each for each in self.backups if each.is_point]

    # --- what users do, now ---

    def use(self, policy: Policy) -> None:
        """Be put under a policy, an edited one or another; after a stop, protection goes on.

        Its lengths reach what is there under the same rules; rules that it adds do not.
        """
        if self.policy is None:
            self.state = "Protected" if self.points() else "IRPending"
        self.policy, self.under_since = policy, self.now
        for backup in self.backups:
            backup.follow(policy, self.now)

    def stop(self, *, suspend: bool) -> None:
        """Back up no more: keep everything, or let it expire by the last policy."""
        self.policy, self.owed = None, None
        self.state = "BackupsSuspended" if suspend else "ProtectionStopped"

    def back_up(self, until: datetime) -> None:
        """Back up now and keep it until a date of its own."""
        assert self.policy is not None
        instant_until = self.now + TAKEN_AFTER + self.policy.instant * ONE_DAY
        self._start(Backup(self.now, until, instant_until))

    def cancel(self) -> None:
        """Cancel the backup whose snapshot is being taken, if there is one."""
        for backup in self.backups:
            if backup.state == "snapshot":
                backup.state, backup.cancelled_at = "cancelling", self.now + CANCELLING_TAKES
                if backup.day is not None and backup.goes_to_vault:
                    self.owed = backup.day

    def delete(self, soft_delete_days: int) -> None:
        """Delete what there is: what runs is cancelled, what is there can be brought back."""
        for backup in [*self.backups]:
            if backup.state in ("snapshot", "transfer"):
                backup.state = "cancelled"
                if not backup.is_point:
                    self._forget(backup)
        self.stop(suspend=False)
        self.purge_at = self.now + soft_delete_days * ONE_DAY
        if not soft_delete_days:
            self._purge()

    def undelete(self) -> None:
        """Bring back what was deleted."""
        self.purge_at = None
