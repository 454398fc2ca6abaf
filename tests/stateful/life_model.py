"""What a client may believe of protected data, whatever happens to it: a simple model of a life.

``model.py`` predicts a vault of VMs to the microsecond. This one knows more kinds of data and of
disasters, and predicts little: it remembers what was told, and says what that allows to be told
next. Written from the rules of Azure Backup (azure-backup-semantics) and of this house's
decisions, and from no code of the product. Instants and lengths are integer microseconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from tests.stateful.model import DAY, HOUR, TAKEN_AFTER

HERE, PAIR = "westeurope", "northeurope"
LAG, FIRST_LAG = 12 * HOUR, 48 * HOUR
OLDEST_BASE = 15 * DAY
LOG_KEPT = 7 * DAY
SOFT_DELETE_DAYS = 14
COPY_ONLY = "Backup (CopyOnlyFull)"
THURSDAY = 4
"""The weekday on which 1970 began, counted from Sunday."""
STATES = {"protected": "Protected", "stopped": "ProtectionStopped", "suspended": "BackupsSuspended"}
NEXT: Mapping[str, tuple[str, ...]] = {
    "InProgress": ("Cancelling", "Cancelled", "Completed", "CompletedWithWarnings", "Failed"),
    "Cancelling": ("Cancelled",),
    "Cancelled": (),
    "Completed": (),
    "CompletedWithWarnings": (),
    "Failed": (),
}
"""Azure's statuses of a job, and what each may become."""

Span = tuple[int, int]


@dataclass(frozen=True)
class Plan:
    """When a policy backs up, and what it says of a log.

    ``slots`` are the weekday (from Sunday, ``None`` for every day) and the time of day in UTC.
    ``keep`` is for how long it keeps a point at least, ``log_every`` how often it backs up a log.
    """

    slots: tuple[tuple[int | None, int], ...]
    keep: int
    log_every: int | None = None

    def between(self, after: int, until: int) -> list[int]:
        """Return the slots after an instant and up to another one."""
        days = range(after // DAY, until // DAY + 1)
        starts = (
            day * DAY + at
            for day in days
            for weekday, at in self.slots
            if weekday is None or weekday == (day + THURSDAY) % 7
        )
        return sorted(at for at in starts if after < at <= until)


@dataclass(frozen=True)
class Point:
    """A recovery point as it was told; ``kind`` is that of a database's backup."""

    name: str
    taken: int
    kind: str
    snapshot: bool
    vaulted: bool
    archived: bool
    rehydrated_until: int | None
    ready: bool
    expires: int | None
    prints: tuple[str, ...] = ()


@dataclass(frozen=True)
class Job:
    """A job as it was told; ``item`` is the name of what it is of."""

    name: str
    item: str
    operation: str
    status: str
    started: int
    ended: int | None
    user: bool

    @property
    def is_over(self) -> bool:
        """Tell whether it will never change again."""
        return not NEXT[self.status]


@dataclass
class Outage:
    """A region is down from ``since`` on; ``until`` is ``None`` while it still is."""

    region: str
    since: int
    until: int | None = None


@dataclass(eq=False)
class Item:
    """Something protected, and what was told of it last.

    ``since`` is when the latest thing happened that decides on its backups; ``settled`` from when
    on what is over is swept as ever.
    """

    name: str
    is_database: bool
    plan: Plan | None
    since: int
    settled: int
    state: str = "protected"
    policy: str = ""
    purge_at: int | None = None
    owes: bool = False
    is_reachable: bool = True
    is_broken: bool = False
    points: dict[str, Point] = field(default_factory=dict)
    ranges: list[Span] = field(default_factory=list)
    told: list[tuple[int, list[Span]]] = field(default_factory=list)
    starts: set[int] = field(default_factory=set)
    scheduled: set[str] = field(default_factory=set)

    @property
    def deleted(self) -> bool:
        """Tell whether the item is soft-deleted."""
        return self.purge_at is not None

    @property
    def retained(self) -> bool:
        """Tell whether nothing of it expires."""
        return self.deleted or self.state == "stopped"

    def newest(self, points: Iterable[Point], kind: str = "") -> Point | None:
        """Return the newest of some points, of a kind if one is given."""
        of = (each for each in points if not kind or each.kind == kind)
        return max(of, key=lambda each: each.taken, default=None)


@dataclass
class Seen:
    """What a client sees at one instant; what nobody answers for is ``None``.

    Points and ranges are by the name of their item.
    """

    now: int
    jobs: list[Job] | None = None
    jobs_there: list[Job] | None = None
    states: dict[str, tuple[str, bool, int]] | None = None
    points: dict[str, list[Point]] = field(default_factory=dict)
    ranges: dict[str, list[Span]] = field(default_factory=dict)
    points_there: dict[str, list[Point]] | None = None
    ranges_there: dict[str, list[Span]] = field(default_factory=dict)


class Life:
    """One vault, what is protected in it, and its two regions."""

    def __init__(self, now: int, *, sweep_every: int = HOUR) -> None:
        self.now = now
        self.sweep_every = sweep_every
        self.outages: list[Outage] = []
        self.opted_at: int | None = None
        self.is_immutable = False
        self.items: dict[str, Item] = {}
        self.jobs: dict[str, Job] = {}
        self.there: set[str] = set()
        """The jobs that run in the secondary region."""
        self.accepted: dict[str, tuple[str, ...]] = {}
        """What the restores hold that were accepted, by their job."""
        self.counts: dict[str, int] = {}
        """How many points each item says that it has."""
        self.happened: Counter[str] = Counter()

    # --- regions -------------------------------------------------------------------------

    def is_down(self, region: str) -> bool:
        """Tell whether a region is down now."""
        return any(each.region == region and each.until is None for each in self.outages)

    def take_down(self, region: str) -> None:
        """Let a region be down from now on."""
        if not self.is_down(region):
            self.outages.append(Outage(region, self.now))
            self._unsettle(region)

    def bring_back(self, region: str) -> None:
        """Let a region work again."""
        for outage in self.outages:
            if outage.region == region and outage.until is None:
                outage.until = self.now
        self._unsettle(region)

    def _unsettle(self, region: str) -> None:
        for item in self.items.values():
            if region == HERE:
                item.since = item.settled = self.now

    def worked(self, since: int, until: int | None = None) -> int:
        """Return for how long both regions have worked since an instant."""
        end = self.now if until is None else until
        stood, last = 0, since
        for outage in sorted(self.outages, key=lambda each: each.since):
            first = max(last, outage.since)
            last_of = min(end, end if outage.until is None else outage.until)
            if last_of > first:
                stood += last_of - first
                last = last_of
        return end - since - stood

    def _are_copies_shown(self) -> bool:
        return self.opted_at is not None and self.worked(self.opted_at) >= FIRST_LAG

    # --- what is seen --------------------------------------------------------------------

    def see(self, seen: Seen) -> None:
        """Check that what is told agrees with what was told before; remember it."""
        before, self.now = self.now, seen.now
        assert seen.now >= before, "time went back"
        for found, is_there in ((seen.jobs, False), (seen.jobs_there, True)):
            if found is not None:
                self._see_jobs(found, before, is_there=is_there)
        self._count_slots(seen, before)
        if seen.states is not None:
            self._see_items(seen.states)
            for item in self.items.values():
                before_that, item.ranges = item.ranges, seen.ranges[item.name]
                self._see_points(item, seen.points[item.name], before)
                self._see_ranges(item, before_that)
        if seen.points_there is not None:
            self._see_copies(seen.points_there, seen.ranges_there)

    # --- jobs ----------------------------------------------------------------------------

    def running(self) -> list[Job]:
        """Return the jobs that were not over when they were told last."""
        return [job for job in self.jobs.values() if not job.is_over]

    def _see_jobs(self, found: list[Job], before: int, *, is_there: bool) -> None:
        region = PAIR if is_there else HERE
        told = {job.name: job for job in found}
        for job in self.running():
            if (job.name in self.there) == is_there:
                assert job.name in told, f"a job that ran is not told: {job}"
        for job in found:
            was = self.jobs.get(job.name)
            assert job.status in NEXT, job
            assert (job.ended is not None) == job.is_over, job
            if was is None:
                assert before <= job.started <= self.now, f"a job began in the past: {job}"
            else:
                assert was.status == job.status or job.status in NEXT[was.status], (was, job)
                assert was.started == job.started, (was, job)
                assert was.ended in (None, job.ended), (was, job)
            self._check_outages(job, region)
            self.jobs[job.name] = job
            if is_there:
                self.there.add(job.name)

    def _check_outages(self, job: Job, region: str) -> None:
        """Nothing begins or ends in a region that is down."""
        for outage in self.outages:
            if outage.region != region:
                continue
            until = self.now if outage.until is None else outage.until
            for at in (job.started, job.ended):
                assert at is None or not outage.since < at < until, (job, outage)

    def _count_slots(self, seen: Seen, before: int) -> None:
        """Each slot has its backup; of those that an outage hid the latest is made up for."""
        for item in self.items.values():
            slots = [] if item.plan is None else item.plan.between(before, self.now)
            if seen.jobs is None:
                item.owes = item.owes or bool(slots)
                continue
            until = max(
                (each.until or 0 for each in self.outages if each.region == HERE), default=0
            )
            if item.owes and until < self.now:
                item.owes = False
                slots.insert(0, until + 1)
                self.happened["made up for"] += 1
            made = [
                job.started
                for job in seen.jobs
                if job.item == item.name and not job.user and job.started > before
            ]
            assert sorted(made) == slots, f"the scheduled backups of {item.name}"

    # --- items and points ----------------------------------------------------------------

    def _see_items(self, states: dict[str, tuple[str, bool, int]]) -> None:
        for item in list(self.items.values()):
            over = item.purge_at is not None and item.purge_at <= self.now
            if over and item.name not in states:
                assert self.now > item.settled or item.purge_at == self.now
                del self.items[item.name]
                self.happened["item purged"] += 1
            elif over:
                # What was due in an outage is purged as soon as time goes on.
                assert self.now == item.settled, f"{item.name} outlives its days"
        assert set(states) == set(self.items)
        for name, (state, deleted, count) in states.items():
            item = self.items[name]
            shown = "ProtectionStopped" if item.deleted else STATES[item.state]
            assert state == shown or (state, shown) == ("IRPending", "Protected"), name
            assert deleted == item.deleted, name
            self.counts[name] = count

    def _see_points(self, item: Item, told: list[Point], before: int) -> None:
        found = [self._of_its_kind(item, point) for point in told]
        new = {each.name: each for each in found}
        assert len(new) == len(found), "a point is told twice"
        order = [each.taken for each in found]
        assert order == sorted(order, reverse=True), "the newest point comes first"
        gone = [each for each in item.points.values() if each.name not in new]
        for point in gone:
            self._check_gone(item, point, found)
        for point in found:
            was = item.points.get(point.name)
            if was is None:
                self._check_origin(item, point)
            else:
                self._check_change(item, was, point)
        if item.retained and not self.running_of(item) and item.settled < before:
            assert not gone, f"what is retained of {item.name} is gone"
        self._check_over(item, found)
        self._check_made(item, found)
        assert self.counts[item.name] == len(found), f"the item counts otherwise: {item.name}"
        item.points = new

    def _of_its_kind(self, item: Item, point: Point) -> Point:
        """Tell copy-only full backups, which are no base of others, from those that they look like.

        Only the job says what it was.
        """
        if point.kind != "Full":
            return point
        copies = (job.ended for job in self.jobs.values() if job.operation == COPY_ONLY)
        return replace(point, kind="CopyOnlyFull") if point.taken in copies else point

    def running_of(self, item: Item) -> list[Job]:
        """Return the jobs of an item that were not over when they were told last."""
        return [job for job in self.running() if job.item == item.name]

    def _check_gone(self, item: Item, point: Point, found: list[Point]) -> None:
        """A point goes when it is over, and the newest never."""
        kind = "Full" if item.is_database else ""
        assert not item.retained, f"retained, and gone: {item.name} {point}"
        if point == item.newest(item.points.values(), kind):
            newer = item.newest(found, kind)
            assert newer is not None, f"the last point is gone: {item.name} {point}"
            assert newer.taken > point.taken, f"the newest point is gone: {item.name} {point}"
        assert self._end(item, point) <= self.now, f"gone before its time: {item.name} {point}"
        self.happened["point expired"] += 1

    def _end(self, item: Item, point: Point) -> int:
        """Return until when a client may count on a point: what it shows, and its policy says."""
        ends = [0 if point.expires is None else point.expires]
        if item.plan is not None and point.vaulted and point.name in item.scheduled:
            ends.append(point.taken + item.plan.keep)
        return max(ends)

    def _check_origin(self, item: Item, point: Point) -> None:
        """Every point comes of a backup, and of none that failed."""
        backups = [job for job in self.jobs.values() if job.item == item.name]
        if item.is_database:
            operation = f"Backup ({point.kind})"
            made = [job for job in backups if job.operation == operation]
            of = [job for job in made if (job.ended, job.status) == (point.taken, "Completed")]
        else:
            good = ("InProgress", "Completed", "CompletedWithWarnings", "Cancelled")
            made = [job for job in backups if job.operation == "Backup" and job.status in good]
            of = [job for job in made if job.started + TAKEN_AFTER == point.taken]
        assert of, f"a point of no backup: {item.name} {point}"
        if not of[0].user and point.kind in ("", "Full"):
            item.scheduled.add(point.name)

    def _check_change(self, item: Item, was: Point, now: Point) -> None:
        """A point is of one instant and one content, and changes its tier one way only."""
        same = (was.taken, was.kind, was.prints) == (now.taken, now.kind, now.prints)
        assert same, (item.name, was, now)
        assert now.snapshot <= was.snapshot, (item.name, was, now)
        assert was.archived <= now.archived, (item.name, was, now)
        assert was.vaulted <= (now.vaulted or now.archived), (item.name, was, now)
        if now.archived and not was.archived:
            self.happened["point archived"] += 1
        if now.rehydrated_until is not None:
            assert now.archived, (item.name, now)
            assert now.vaulted, (item.name, now)
            assert now.rehydrated_until > self.now, (item.name, now)

    def _check_over(self, item: Item, found: list[Point]) -> None:
        """What is over is swept, but for what is the last of its kind or needed by others."""
        if item.retained or item.settled > self.now - self.sweep_every or self.running_of(item):
            return
        full = "Full" if item.is_database else ""
        newest = item.newest(found, full)
        vaulted = item.newest([each for each in found if each.vaulted])
        for point in found:
            if point.expires is None or point.expires > self.now - self.sweep_every:
                continue
            kept = point in (newest, vaulted) if not item.is_database else point == newest
            assert kept or self._is_needed(item, point, found), (
                f"it outlives its retention: {item.name} {point}"
            )

    def _is_needed(self, item: Item, point: Point, found: list[Point]) -> bool:
        """Tell whether what is there still needs a full backup, or was until the last sweep."""
        if point.kind != "Full":
            return False
        later = [each for each in found if each.taken > point.taken]
        following = min((each.taken for each in later if each.kind == "Full"), default=self.now)
        based = any(each.kind == "Differential" and each.taken < following for each in later)
        logs = any(
            start - self.sweep_every < following and end > point.taken for start, end in item.ranges
        )
        return based or logs

    def _check_made(self, item: Item, found: list[Point]) -> None:
        """A backup that ended well has left its point."""
        taken = {each.taken for each in found}
        for job in self.jobs.values():
            recent = job.ended is not None and job.ended > self.now - DAY
            if job.item != item.name or job.status != "Completed" or not recent:
                continue
            if job.operation == "Backup":
                assert job.started + TAKEN_AFTER in taken, f"no point of {job}"
            elif job.operation.startswith("Backup (") and job.operation != "Backup (Log)":
                assert job.ended in taken, f"no point of {job}"

    # --- logs ----------------------------------------------------------------------------

    def _backed_up_its_log(self, item: Item) -> bool:
        """Tell whether a backup of the log that ran when protection was stopped has ended since."""
        return any(
            job.item == item.name
            and job.operation == "Backup (Log)"
            and job.status == "Completed"
            and job.started <= item.since < (job.ended or 0)
            for job in self.jobs.values()
        )

    def _see_ranges(self, item: Item, before: list[Span]) -> None:
        if not item.is_database:
            return
        found, last = item.ranges, 0
        if item.retained and found != before:
            grown = bool(before) and found == [*before[:-1], (before[-1][0], found[-1][1])]
            may_grow = grown and self._backed_up_its_log(item)
            assert may_grow or item.settled == self.now, (item.name, before, found)
        for start, end in found:
            assert last <= start < end <= self.now, (item.name, found)
            last = end
            fulls = [each for each in item.points.values() if each.kind == "Full"]
            assert any(each.taken <= start for each in fulls), (
                f"nothing to restore the log on: {item.name} {(start, end)}"
            )
        if not item.retained:
            assert all(start >= self.now - LOG_KEPT for start, _ in found), (item.name, found)
        self._check_starts(item, found)
        self._check_log(item, found)
        item.told = [*item.told[-30:], (self.now, found)]

    def _check_starts(self, item: Item, found: list[Span]) -> None:
        """A range begins with a full backup, or where the log was let go."""
        fulls = {
            job.ended
            for job in self.jobs.values()
            if job.item == item.name and job.operation == "Backup (Full)"
        }
        for start, _ in found:
            known = start in fulls or start in item.starts
            cut = not item.retained and start == self.now - LOG_KEPT
            assert known or cut, f"a log begins with no full backup: {item.name} {start}"
            item.starts.add(start)

    def _check_log(self, item: Item, found: list[Span]) -> None:
        """A log that is backed up can be restored up to its latest backup, and so since when."""
        every = None if item.plan is None else item.plan.log_every
        base = item.newest(item.points.values(), "Full")
        if every is None or base is None or item.is_broken or not item.is_reachable:
            return
        latest = self.now // every * every
        if latest <= max(item.since, base.taken) or base.taken < self.now - OLDEST_BASE:
            return
        assert found, f"nothing of the log of {item.name} can be restored"
        start, end = found[-1]
        assert end >= latest, f"the log of {item.name} ends before {latest}: {found}"
        assert start <= max(base.taken, self.now - LOG_KEPT), (
            f"the log of {item.name} begins after the newest full backup: {found}"
        )

    # --- the secondary region ------------------------------------------------------------

    def copies(self, item: Item) -> set[str]:
        """Return which points of an item are in the secondary region, by what was told of them."""
        if not self._are_copies_shown():
            return set()
        return {point.name for point in item.points.values() if self._is_copied(item, point)}

    def _is_copied(self, item: Item, point: Point) -> bool:
        rehydrated = point.rehydrated_until is not None and self.now < point.rehydrated_until
        if not (point.vaulted or point.archived) or (point.archived and not rehydrated):
            return False
        vaulted_at = self.vaulted_at(item, point)
        return vaulted_at is not None and self.worked(vaulted_at) >= LAG

    def vaulted_at(self, item: Item, point: Point) -> int | None:
        """Return when a point came to the vault: when its job was over."""
        if item.is_database:
            return point.taken
        for job in self.jobs.values():
            of = (job.item, job.operation) == (item.name, "Backup")
            if of and job.started + TAKEN_AFTER == point.taken:
                return job.ended
        return None

    def _see_copies(self, points: dict[str, list[Point]], ranges: dict[str, list[Span]]) -> None:
        wanted = {name: self.copies(item) for name, item in self.items.items()}
        shown = {name: {each.name for each in found} for name, found in points.items()}
        assert shown == {name: names for name, names in wanted.items() if names}
        for name, found in points.items():
            item = self.items[name]
            self.happened["copy seen"] += bool(found)
            for copy in found:
                point = item.points[copy.name]
                assert (copy.taken, copy.prints) == (point.taken, point.prints), (point, copy)
                assert not copy.snapshot, "a snapshot never leaves its region"
        for name, spans in ranges.items():
            self._see_copied_log(self.items[name], spans)

    def _see_copied_log(self, item: Item, found: list[Span]) -> None:
        """What can be restored there could be here, a while ago; and all that could be, can."""
        for start, end in found:
            assert self.worked(end) >= LAG, f"too soon: the log of {item.name} up to {end}"
            within = any(first <= start and end <= last for first, last in item.ranges)
            assert within or self.is_down(HERE), (item.name, found, item.ranges)
        for at, told in item.told:
            if self.worked(at) < LAG:
                continue
            for start, end in told:
                left = [(max(start, first), end) for first, last in item.ranges if end <= last]
                for first, last in left:
                    cut = max(first, 0 if item.retained else self.now - LOG_KEPT)
                    covered = any(begin <= cut and last <= until for begin, until in found)
                    assert covered or cut >= last, (item.name, at, told, found)
