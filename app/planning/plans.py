"""A plan as a value: policies, the VMs under them, edits to come, and when people work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..domain import time_zones
from ..domain.documents import Document
from ..domain.instants import DAY, HOUR, MINUTE, to_datetime
from ..domain.policies import VmPolicy, read_vm
from ..domain.retention_rules import WEEKDAYS

ReadPolicy = Callable[[str, Mapping[str, Any], Document | None, int], Document]
"""What a PUT of a policy would store: its name, its body, what is stored already, and now.

Raises ``Refused`` as the PUT would.
"""


BACKUPS_OF_A_VM = 15
BACKUPS_OF_A_SLOT = 4
"""How many backups take as long as to make a VM, and as what a slot costs besides its backups."""


@dataclass(frozen=True, slots=True)
class Peak:
    """The hours in which backups had better not run; lengths are microseconds of a local day.

    ``end`` may be before ``start``: then they go on after midnight, and count to the day on
    which they began.
    """

    start: int
    end: int
    days: tuple[str, ...]
    time_zone: str

    def holds(self, instant: int) -> bool:
        """Tell whether an instant lies in the peak hours."""
        local = to_local(instant, self.time_zone)
        day, at = divmod(local, DAY)
        if self.start < self.end:
            return self._is_busy(day) and self.start <= at < self.end
        return (at >= self.start and self._is_busy(day)) or (
            at < self.end and self._is_busy(day - 1)
        )

    def meets(self, start: int, end: int) -> bool:
        """Tell whether any instant from ``start`` up to ``end`` lies in the peak hours."""
        if self.holds(start):
            return True
        first, last = (to_local(at, self.time_zone) for at in (start, max(end - 1, start)))
        return any(
            first < day * DAY + self.start <= last
            for day in range(first // DAY, last // DAY + 1)
            if self._is_busy(day)
        )

    def touches(self, hour: int) -> bool:
        """Tell whether an hour of the day has peak time in it, on the days that have any."""
        begin, over = hour * HOUR, (hour + 1) * HOUR
        if self.start < self.end:
            return begin < self.end and over > self.start
        return begin < self.end or over > self.start

    def _is_busy(self, day: int) -> bool:
        return WEEKDAYS[(day + 3) % 7] in self.days  # 1970-01-01 was a Thursday

    @property
    def shown(self) -> str:
        """The hours as people write them."""
        return f"{clock_time(self.start)}-{clock_time(self.end)}"


def days_in_words(days: Sequence[str]) -> str:
    """Return days of the week as people write them, such as 'Monday to Friday'."""
    row = [day for day in WEEKDAYS if day in days]
    if len(row) == len(WEEKDAYS):
        return "every day"
    first = WEEKDAYS.index(row[0])
    if len(row) > 2 and tuple(row) == WEEKDAYS[first : first + len(row)]:
        return f"{row[0]} to {row[-1]}"
    return ", ".join(row)


@dataclass(frozen=True, slots=True)
class Group:
    """VMs that are alike; ``policy`` is ``None`` for VMs that nothing backs up.

    ``name`` is a pattern with ``{n}``. How much of the disks is used, and how much of that
    changes a day, is in percent; ``None`` leaves it to the model of the service.
    """

    policy: str | None
    count: int
    disk_sizes: tuple[int, ...]
    name: str
    used_percent: int | None = None
    churn_percent: float | None = None

    def vm(self, number: int) -> str:
        """Return the name of one of the VMs; the first is 1."""
        return self.name.replace("{n}", str(number))


@dataclass(frozen=True, slots=True)
class Edit:
    """A policy's new document from an instant on."""

    at: int
    policy: str
    document: Document


@dataclass(frozen=True, slots=True)
class Plan:
    """What to live through: from ``start`` to ``end``, with policies by name."""

    start: int
    end: int
    time_zone: str
    peak: Peak
    policies: Mapping[str, Document]
    groups: tuple[Group, ...]
    edits: tuple[Edit, ...]
    sample: int | None = None
    unprotected: int = 0
    """VMs that nothing backs up, besides those of groups."""

    @property
    def last(self) -> dict[str, Document]:
        """The policies as the edits leave them."""
        return {**self.policies, **{edit.policy: edit.document for edit in self.edits}}

    def simulated(self, group: Group) -> int:
        """Return how many VMs of a group are lived through; they stand for all of it."""
        return group.count if self.sample is None else min(group.count, self.sample)

    @property
    def work(self) -> int:
        """How much there is to live through, in backups."""
        return self.work_of((group.policy, self.simulated(group)) for group in self.groups)

    def work_of(self, simulated: Iterable[tuple[str | None, int]]) -> int:
        """Return how much so many VMs under a policy each are to live through, in backups."""
        days = (self.end - self.start) / DAY
        vms: dict[str, int] = {}
        for name, count in simulated:
            if name is not None:
                vms[name] = vms.get(name, 0) + count
        work = sum(vms.values()) * float(BACKUPS_OF_A_VM)
        for name, count in vms.items():
            slots = runs_a_day(policy_of(self.policies[name]), self.start) * days
            work += slots * (count + BACKUPS_OF_A_SLOT)
        return round(work)


def policy_of(document: Document) -> VmPolicy:
    """Return the policy that a document describes; it was found to be one that runs."""
    policy = read_vm(document)
    assert policy is not None, "only policies that run are planned"
    return policy


def runs_a_day(policy: VmPolicy, start: int) -> float:
    """Return how often a policy backs up a day: the mean of four weeks."""
    slot, runs = start, 0
    while (slot := policy.next_slot(slot)) <= start + 28 * DAY:
        runs += 1
    return runs / 28


def to_local(instant: int, time_zone: str) -> int:
    """Return what clocks on the wall show at an instant, as microseconds since 1970."""
    return instant + time_zones.wall_offset(time_zone, instant)


def clock_time(at: int) -> str:
    """Write a time of day."""
    return f"{at // HOUR:02d}:{at % HOUR // MINUTE:02d}"


def local_date(instant: int, time_zone: str) -> str:
    """Write the date that calendars on the wall show."""
    return to_datetime(to_local(instant, time_zone)).date().isoformat()
