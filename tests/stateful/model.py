"""What a vault must do, as simply as it can be said: the model that the machine compares with.

Written from the rules of Azure Backup (azure-backup-semantics) and of this house's decisions, and
from no code of the product. It goes from event to event, one at a time. Instants and lengths
are integer microseconds. How long a snapshot, a transfer or a restore takes is not predicted: the
model is told (``Facts``) and checks that it is within bounds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
GIBIBYTE = 1 << 30

LENGTHS = {
    "ConfigureBackup": 31 * SECOND,
    "DisableBackup": 21 * SECOND,
    "DeleteBackupData": 40 * SECOND,
    "Undelete": 21 * SECOND,
}
CANCELLING_TAKES = 10 * SECOND
TAKEN_AFTER = 5 * SECOND
SNAPSHOT_TAKES = (3 * MINUTE, 7 * MINUTE)
RESTORE_TAKES = (MINUTE, 30 * DAY)
ON_DEMAND_DAYS = 30
LONGEST_ON_DEMAND = 99 * 366 * DAY
ZONES = {"UTC": 0, "India Standard Time": 5 * HOUR + 30 * MINUTE}

Verdict = tuple[int, str | None]
"""The HTTP status of an answer, and the code if it is a refusal."""
Facts = tuple[int | None, int | None]
"""When a job's snapshot ended, and when the job ended, so far as they have."""

OK: Verdict = (200, None)
ACCEPTED: Verdict = (202, None)
NOTHING: Verdict = (204, None)
NO_ITEM: Verdict = (404, "BMSUserErrorDataSourceObjectNotFound")
NO_POINT: Verdict = (404, "BMSUserErrorRecoveryPointNotFound")
NO_JOB: Verdict = (404, "BMSUserErrorJobNotFound")
NO_VM: Verdict = (404, "ResourceNotFound")
NO_VM_TO_PROTECT: Verdict = (400, "UserErrorVmNotFoundV2")
NO_POLICY_SENT: Verdict = (400, "BMSUserErrorInvalidConfigureProtectionRequest")
INVALID_INPUT: Verdict = (400, "BMSUserErrorInvalidInput")
INVALID_POLICY: Verdict = (400, "BMSUserErrorInvalidPolicyInput")
POLICY_IN_USE: Verdict = (400, "BMSUserErrorPolicyInUse")
SOFT_DELETED: Verdict = (409, "BMSUserErrorItemSoftDeleted")
NOT_SOFT_DELETED: Verdict = (409, "BMSUserErrorItemNotSoftDeleted")
STOPPED: Verdict = (409, "UserErrorProtectionStopped")
NOT_CANCELLABLE: Verdict = (400, "UserErrorJobNotInCancellableState")
NEVER_CANCELLABLE: Verdict = (400, "UserErrorCancellationNotSupportedForJobType")
JOB_IS_OVER: Verdict = (400, "UserErrorJobNotInProgress")
INVALID_CONTENT: Verdict = (400, "InvalidRequestContent")
GOES_BACK: Verdict = (400, "InvalidClock")


@dataclass(frozen=True)
class Policy:
    """A daily policy: ``at`` is its time of day in its zone; lengths are days."""

    at: int
    zone: str
    days: int
    instant: int

    def next_slot(self, after: int) -> int:
        """Return the first slot strictly after an instant; no zone here has daylight saving."""
        time_of_day = (self.at - ZONES[self.zone]) % DAY
        return after - (after - time_of_day) % DAY + DAY


@dataclass
class Vm:
    """A virtual machine."""

    os: str
    running: bool = True


@dataclass
class Point:
    """A recovery point of an item."""

    taken: int
    rule: str | None
    expires: int
    instant_until: int
    consistency: str
    snapshot: bool = True
    vaulted: bool = False
    in_transfer: bool = False
    lost: bool = False

    def shown_expiry(self, now: int, *, newest: bool, expiring: bool) -> int | None:
        """Return the end that is shown: none on the newest's first day, the snapshot's first."""
        if not expiring or (newest and now < self.taken + DAY):
            return None
        in_snapshot = self.snapshot and now < self.instant_until < self.expires
        return self.instant_until if in_snapshot else self.expires


@dataclass(eq=False)
class Job:
    """A job; ``phase`` is snapshot, transfer, restore, busy, cancelling or done."""

    operation: str
    vm: str
    started: int
    user: bool
    phase: str
    status: str = "InProgress"
    ends: int | None = None
    ended: int | None = None
    moved: int = 0
    name: str | None = None
    keep: int = 0
    instant: int = 0
    rule: str | None = None
    first_copy: bool = False
    taken: list[str] = field(default_factory=list)

    def end(self, status: str, at: int) -> None:
        """Put the job into a state that it never leaves."""
        self.phase, self.status, self.ended, self.moved = "done", status, at, at


@dataclass(eq=False)
class Item:
    """A protected item: present as long as it has data, soft-deleted or not."""

    vm: str
    policy: str | None
    slot: int | None
    state: str = "IRPending"
    points: dict[int, Point] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)
    ever_vaulted: bool = False
    purge_at: int | None = None

    @property
    def expiring(self) -> bool:
        """Tell whether points go when they are over: neither stopped nor soft-deleted."""
        return not self.deleted and self.state != "ProtectionStopped"

    @property
    def deleted(self) -> bool:
        """Tell whether the item is soft-deleted."""
        return self.purge_at is not None

    def in_phase(self, *phases: str) -> list[Job]:
        """Return the item's backups in some phases."""
        return [job for job in self.jobs if job.operation == "Backup" and job.phase in phases]


Event = tuple[int, int, Callable[[], None]]


class Model:
    """One vault, the VMs that it protects, and everything that happens as time passes.

    ``gigabytes`` is the size of each VM's disks together; ``hides_unvaulted`` and
    ``sweep_every`` are the server's options of the same meaning.
    """

    def __init__(
        self,
        now: int,
        gigabytes: Mapping[str, int],
        *,
        hides_unvaulted: bool = False,
        sweep_every: int = HOUR,
    ) -> None:
        self.now = now
        self.gigabytes = gigabytes
        self.hides_unvaulted = hides_unvaulted
        self.sweep_every = sweep_every
        self.soft_delete_days = 14
        self.vms: dict[str, Vm] = {}
        self.policies: dict[str, Policy] = {}
        self.items: dict[str, Item] = {}
        self.jobs: list[Job] = []
        self.restored: list[str] = []
        self.happened: Counter[str] = Counter()

    # --- time ----------------------------------------------------------------------------

    def advance(self, to: int, facts: Callable[[Job], Facts]) -> None:
        """Let everything happen that is due up to an instant, in order."""
        assert to >= self.now, "time went back"
        while True:
            events = [event for event in self._events(facts) if event[0] <= to]
            if not events:
                break
            at, _, happen = min(events, key=lambda event: event[:2])
            self.now = max(self.now, at)
            happen()
        self.now = to

    def _events(self, facts: Callable[[Job], Facts]) -> list[Event]:
        """Return what comes next of each kind; at one instant the smaller rank comes first."""
        events = [event for job in self.running() if (event := self._end_of(job, facts))]
        for item in self.items.values():
            if item.slot is not None:
                events.append((item.slot, 1, partial(self._start_scheduled, item)))
            if item.purge_at is not None:
                events.append((item.purge_at, 4, partial(self._purge, item)))
        sweep = self.now - self.now % self.sweep_every + self.sweep_every
        if self.items:
            events.append((sweep, 5, lambda: self._sweep(sweep)))
        return events

    def _end_of(self, job: Job, facts: Callable[[Job], Facts]) -> Event | None:
        if job.ends is not None:
            return (job.ends, 3, lambda: self._end_on_time(job))
        snapshot_ended, ended = facts(job)
        if job.phase == "snapshot":
            if snapshot_ended is None:
                return None
            _check_length(job, snapshot_ended - job.started, SNAPSHOT_TAKES)
            return (snapshot_ended, 2, lambda: self._end_snapshot(job))
        if ended is None:
            return None
        if job.phase == "restore":
            _check_length(job, ended - job.started, RESTORE_TAKES)
            return (ended, 3, lambda: self._end_restore(job, ended))
        _check_length(job, ended - job.moved, self._transfer_takes(job))
        return (ended, 0, lambda: self._end_transfer(job, ended))

    def running(self) -> list[Job]:
        """Return the jobs that have not ended."""
        return [job for job in self.jobs if job.phase != "done"]

    def _transfer_takes(self, job: Job) -> tuple[int, int]:
        """Return the bounds of a transfer: 160 Mbps at first, with a floor, and 10 % of play."""
        least = 27 * MINUTE if job.first_copy else 9 * MINUTE
        everything = self.gigabytes[job.vm] * GIBIBYTE * 60 // 100
        return least, max(33 * MINUTE, everything // 20_000_000 * SECOND * 11 // 10)

    # --- backups -------------------------------------------------------------------------

    def _start_scheduled(self, item: Item) -> None:
        assert item.slot is not None
        assert item.policy is not None
        policy = self.policies[item.policy]
        self._start_backup(
            item, item.slot, user=False, keep=policy.days * DAY, rule="Daily", policy=policy
        )
        item.slot = policy.next_slot(item.slot)

    def _start_backup(
        self, item: Item, at: int, *, user: bool, keep: int, rule: str | None, policy: Policy
    ) -> Job:
        """Start a backup, which fails at once without its VM or next to another snapshot."""
        job = Job("Backup", item.vm, at, user, "snapshot", moved=at)
        job.keep, job.rule, job.instant = keep, rule, policy.instant * DAY
        if item.vm not in self.vms or item.in_phase("snapshot", "cancelling"):
            job.end("Failed", at)
            self.happened["backup failed"] += 1
        self.jobs.append(job)
        item.jobs.append(job)
        return job

    def _end_snapshot(self, job: Job) -> None:
        """A point is there in the snapshot tier; its transfer is skipped next to another."""
        item = self._item_of(job)
        job.moved = self.now
        taken = job.started + TAKEN_AFTER
        point = Point(
            taken, job.rule, taken + job.keep, taken + job.instant, self._consistency(item.vm)
        )
        item.points[taken] = point
        if item.in_phase("transfer"):
            job.end("Completed", self.now)
            self.happened["transfer skipped"] += 1
            return
        job.phase = "transfer"
        job.first_copy = not item.ever_vaulted
        point.in_transfer = True

    def _consistency(self, name: str) -> str:
        vm = self.vms.get(name)
        if vm is None or not vm.running:
            return "CrashConsistent"
        return "AppConsistent" if vm.os == "Windows" else "FileSystemConsistent"

    def _end_transfer(self, job: Job, at: int) -> None:
        item = self._item_of(job)
        point = item.points[job.started + TAKEN_AFTER]
        point.in_transfer, point.vaulted = False, True
        item.ever_vaulted = True
        if item.state == "IRPending":
            item.state = "Protected"
        job.end("Completed", at)

    def _item_of(self, job: Job) -> Item:
        return next(item for item in self.items.values() if job in item.jobs)

    # --- other jobs ----------------------------------------------------------------------

    def _start_job(self, item: Item, operation: str) -> None:
        job = Job(operation, item.vm, self.now, True, "busy", moved=self.now)
        job.ends = self.now + LENGTHS[operation]
        self.jobs.append(job)
        item.jobs.append(job)

    def _end_on_time(self, job: Job) -> None:
        assert job.ends is not None
        job.end("Cancelled" if job.phase == "cancelling" else "Completed", job.ends)
        job.ends = None

    def _end_restore(self, job: Job, at: int) -> None:
        self.restored += job.taken
        job.end("Completed", at)

    # --- expiry --------------------------------------------------------------------------

    def _sweep(self, at: int) -> None:
        for item in self.items.values():
            if item.expiring:
                self._sweep_item(item, at)

    def _sweep_item(self, item: Item, at: int) -> None:
        """Delete what is over, save the newest point, the newest vaulted, running transfers."""
        newest = max(item.points, default=None)
        vaulted = max((each.taken for each in item.points.values() if each.vaulted), default=None)
        for point in list(item.points.values()):
            snapshot_over = min(point.instant_until, point.expires) <= at
            over = point.expires <= at or (snapshot_over and not point.vaulted)
            if not snapshot_over or point.in_transfer:
                continue
            if point.taken == newest:
                self.happened["newest kept"] += 1
            elif over and point.taken != vaulted:
                del item.points[point.taken]
                self.happened["point expired" if point.vaulted else "snapshot-only expired"] += 1
            elif point.snapshot:
                point.snapshot = False
                self.happened["snapshot dropped"] += 1

    def _purge(self, item: Item) -> None:
        del self.items[item.vm]
        self.happened["item purged"] += 1

    # --- what users do -------------------------------------------------------------------

    def put_policy(self, name: str, policy: Policy) -> Verdict:
        """Create or edit a policy; an edit reaches the items under it, each with a job."""
        if not 7 <= policy.days <= 9999 or not 1 <= policy.instant <= 5:
            return INVALID_POLICY
        before = self.policies.get(name)
        self.policies[name] = policy
        if before not in (None, policy):
            for item in self.items.values():
                if item.policy == name:
                    self._use(item, name)
                    self._start_job(item, "ConfigureBackup")
        return OK

    def delete_policy(self, name: str) -> Verdict:
        """Delete a policy that protects nothing."""
        if name not in self.policies:
            return NOTHING
        if any(item.policy == name for item in self.items.values()):
            return POLICY_IN_USE
        del self.policies[name]
        return OK

    def protect(self, vm: str, policy: str) -> Verdict:
        """Protect a VM, move it to another policy, or resume its protection."""
        item = self.items.get(vm)
        if item is not None and item.deleted:
            return SOFT_DELETED
        if policy not in self.policies:
            return INVALID_INPUT
        if item is None:
            if vm not in self.vms:
                return NO_VM_TO_PROTECT
            slot = self.policies[policy].next_slot(self.now)
            item = self.items[vm] = Item(vm, policy, slot)
        else:
            self._use(item, policy)
        self._start_job(item, "ConfigureBackup")
        return ACCEPTED

    def _use(self, item: Item, name: str) -> None:
        """Put an item under a policy: points made by a schedule get its lengths as well."""
        policy = self.policies[name]
        if item.state in ("ProtectionStopped", "BackupsSuspended"):
            item.state = "Protected" if item.ever_vaulted else "IRPending"
        item.policy, item.slot = name, policy.next_slot(self.now)
        for point in item.points.values():
            if point.rule is not None:
                self._judge(item, point, point.taken + policy.days * DAY)
                point.instant_until = point.taken + policy.instant * DAY
        for job in item.in_phase("snapshot"):
            if job.rule is not None:
                job.keep, job.instant = policy.days * DAY, policy.instant * DAY

    def _judge(self, item: Item, point: Point, ends: int) -> None:
        """Let a point end when its rule says; one that is lost by that is soft-deleted first."""
        newest = max(item.points)
        vaulted = max((each.taken for each in item.points.values() if each.vaulted), default=None)
        lost = point.vaulted and ends <= self.now < point.expires
        lost = lost and point.taken not in (newest, vaulted)
        if lost and not point.lost:
            point.expires = self.now + self.soft_delete_days * DAY
            self.happened["point lost"] += 1
        elif not lost:
            self.happened["point found"] += point.lost
            point.expires = ends
        point.lost = lost

    def stop(self, vm: str, *, suspend: bool) -> Verdict:
        """Stop protection: keep everything, or (suspended) let points expire but the last."""
        item = self.items.get(vm)
        if item is None:
            return NO_POLICY_SENT if suspend else NO_ITEM
        if item.deleted:
            return SOFT_DELETED
        _stop(item, "BackupsSuspended" if suspend else "ProtectionStopped")
        self._start_job(item, "DisableBackup")
        return ACCEPTED

    def delete(self, vm: str) -> Verdict:
        """Stop protection and soft-delete the data; running backups end."""
        item = self.items.get(vm)
        if item is None or item.deleted:
            return NOTHING
        for job in item.in_phase("snapshot", "transfer"):
            job.end("Cancelled", self.now)
        for point in item.points.values():
            point.in_transfer = False
        _stop(item, "ProtectionStopped")
        item.purge_at = self.now + self.soft_delete_days * DAY
        self._start_job(item, "DeleteBackupData")
        return ACCEPTED

    def undelete(self, vm: str) -> Verdict:
        """Bring soft-deleted data back; protection stays stopped."""
        item = self.items.get(vm)
        if item is None:
            return NO_ITEM
        if not item.deleted:
            return NOT_SOFT_DELETED
        item.purge_at = None
        self._start_job(item, "Undelete")
        return ACCEPTED

    def back_up(self, vm: str, until: int | None) -> tuple[Verdict, Job | None]:
        """Back up now; the point keeps its own date, 30 days on if none is given."""
        item = self.items.get(vm)
        if item is None:
            return NO_ITEM, None
        until = self.now + ON_DEMAND_DAYS * DAY if until is None else until
        if not self.now < until <= self.now + LONGEST_ON_DEMAND:
            return INVALID_INPUT, None
        if item.deleted:
            return SOFT_DELETED, None
        if item.policy is None:
            return STOPPED, None
        policy = self.policies[item.policy]
        keep = until - self.now - TAKEN_AFTER
        job = self._start_backup(item, self.now, user=True, keep=keep, rule=None, policy=policy)
        return ACCEPTED, job

    def restore(self, vm: str, taken: int, prints: list[str]) -> tuple[Verdict, Job | None]:
        """Restore the disks of a point, whose contents have some fingerprints."""
        item = self.items.get(vm)
        if item is None:
            return NO_ITEM, None
        if item.deleted:
            return SOFT_DELETED, None
        if taken not in self.visible(item):
            return NO_POINT, None
        job = Job("Restore", vm, self.now, True, "restore", moved=self.now, taken=prints)
        self.jobs.append(job)
        item.jobs.append(job)
        return ACCEPTED, job

    def cancel(self, job: Job | None) -> Verdict:
        """Cancel a backup that takes its snapshot, or a restore that runs."""
        if job is None:
            return NO_JOB
        if job.operation not in ("Backup", "Restore"):
            return NEVER_CANCELLABLE
        if job.phase == "done":
            return JOB_IS_OVER
        if job.phase not in ("snapshot", "restore"):
            return NOT_CANCELLABLE
        job.phase, job.status, job.moved = "cancelling", "Cancelling", self.now
        job.ends = self.now + CANCELLING_TAKES
        return ACCEPTED

    # --- what is seen --------------------------------------------------------------------

    def visible(self, item: Item) -> dict[int, Point]:
        """Return the points of an item that are listed."""
        return {
            taken: point
            for taken, point in item.points.items()
            if (point.vaulted or not self.hides_unvaulted) and not point.lost
        }


def _check_length(job: Job, length: int, bounds: tuple[int, int]) -> None:
    least, most = bounds
    assert least <= length <= most, f"{job.operation} of {job.vm}: {job.phase} took {length} us"


def _stop(item: Item, state: str) -> None:
    item.state, item.policy, item.slot = state, None, None
