"""A backup policy as a value: when it backs up, and how long it keeps what it made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from . import time_zones
from .instants import DAY, HOUR, MINUTE, parse, to_datetime
from .retention_rules import LAST_DAY, WEEKDAYS, Rule
from .tiering_documents import ARCHIVE, DAYS_OF, NO_ARCHIVE

STANDARD = "V1"
ENHANCED = "V2"
VM = "VM"
FILE_SHARE = "AzureFileShare"
SQL_DATABASE = "SQLDataBase"
HANA_DATABASE = "SAPHanaDatabase"
"""Names of the table of workloads (``app/workloads``)."""
MOST_POINTS = 9999
"""Azure keeps no more recovery points of one item (azure-backup-semantics 1.3)."""
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Length:
    """How long a recovery point is kept in the vault, and the name of the rule that governs.

    Only the rules of a long-term retention have names.
    """

    rule: str
    micros: int


@dataclass(frozen=True, slots=True)
class Keep:
    """What the backup of one slot is given: its tags, its date and its length, if it is vaulted.

    ``tags`` are the letters of the rules, highest first; ``day`` counts the days from
    1970-01-01 to the slot's date in the policy's standard time. The last backup of a date is
    ``vaulted``; the first one ``settles`` what an earlier date owes (docs/decisions/0043).
    """

    tags: str
    day: int
    length: Length
    vaulted: bool
    settles: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """When it backs up, every day or on some weekdays (``None`` is all), and what it keeps.

    ``times`` are those of a day, in microseconds, ascending; ``time_zone`` is a Windows name;
    ``rules`` stand highest first: Yearly, Monthly, Weekly, Daily. Snapshots of what is vaulted
    too are kept for ``instant_days``. ``workload`` is a name of the table of workloads, ``kind``
    is V1 or V2.
    """

    workload: ClassVar[str]

    times: tuple[int, ...]
    time_zone: str
    instant_days: int
    rules: tuple[Rule, ...]
    weekdays: frozenset[str] | None = None
    kind: str = STANDARD
    crash_consistent: bool = False

    def next_slot(self, after: int) -> int:
        """Return the first scheduled instant strictly after an instant."""
        day = after // DAY - 2
        while True:
            if self._runs_on(day):
                first = self._midnight_of(day)
                for time in self.times:
                    if first + time > after:
                        return first + time
            day += 1

    def _runs_on(self, day: int) -> bool:
        # 1970-01-01 was a Thursday.
        return self.weekdays is None or WEEKDAYS[(day + 3) % 7] in self.weekdays

    def _midnight_of(self, day: int) -> int:
        """Return the instant at which a local day begins."""
        midnight = day * DAY
        return midnight - time_zones.standard_offset(self.time_zone, to_datetime(midnight).year)

    def keep(self, slot: int) -> Keep:
        """Return what the backup of a slot is given."""
        day, time = self._local(slot)
        tags = self._tags(day)
        length = self.length(tags, day)
        assert length is not None, "every slot has the tag of its schedule"
        vaulted, settles = time == self.times[-1], time == self.times[0]
        return Keep(tags, day, length, vaulted=vaulted, settles=settles)

    def _tags(self, day: int) -> str:
        return "".join(rule.tag for rule in self.rules if rule.tags(_date(day)))

    def _local(self, slot: int) -> tuple[int, int]:
        """Return the local day of a slot, and its time of that day."""
        near = slot // DAY
        days = (day for day in (near - 1, near, near + 1) if self._runs_on(day))
        found = ((day, slot - self._midnight_of(day)) for day in days)
        return next(each for each in found if each[1] in self.times)

    def length(self, tags: str, day: int) -> Length | None:
        """Return how long a point with such tags and date is kept: as its longest rule says.

        Of equal rules the highest governs. ``None`` if none of the tags has a rule here.
        """
        found = (
            Length(rule.name, rule.days(_date(day)) * DAY)
            for rule in self.rules
            if rule.tag in tags
        )
        return max(found, key=lambda length: length.micros, default=None)

    def tier(self, tags: str) -> int | None:
        """Return how old a point with such tags is when it moves to the archive by itself.

        In microseconds; ``None`` if it never does.
        """
        return None

    @property
    def instant(self) -> int | None:
        """How long a snapshot is kept beside the vault's copy, in microseconds.

        ``None`` if nothing goes to the vault: a snapshot is kept as long as its point.
        """
        return self.instant_days * DAY

    def is_kept_on(self, tags: str) -> bool:
        """Tell whether points that no rule knows any more keep the length they were given."""
        return self.weekdays is None

    @property
    def is_crowded(self) -> bool:
        """Whether its points alone, or with as many on-demand ones, may be more than allowed."""
        return False


@dataclass(frozen=True, slots=True)
class VmPolicy(Policy):
    """A policy of VMs; with ``tier_after`` (microseconds, 0 is as soon as possible) points move."""

    workload: ClassVar[str] = VM
    tier_after: int | None = None

    def tier(self, tags: str) -> int | None:
        """Return how old a point with such tags is when it moves to the archive by itself.

        Monthly and yearly ones do, once no daily or weekly rule keeps them any more.
        """
        if self.tier_after is None or not {"M", "Y"}.intersection(tags):
            return None
        needed = (length for tag, length in self.dependencies.items() if tag in tags)
        return max(self.tier_after, *needed, 0)

    @property
    def dependencies(self) -> dict[str, int]:
        """How long daily and weekly rules keep their points in the standard tier, by tag."""
        return {
            rule.tag: rule.count * (7 if rule.tag == "W" else 1) * DAY
            for rule in self.rules
            if rule.tag in "DW"
        }

    @property
    def is_crowded(self) -> bool:
        """Whether its points alone, or with as many on-demand ones, may be more than allowed."""
        snapshots = (len(self.times) - 1) * self.instant_days
        return 2 * (snapshots + sum(rule.most_points for rule in self.rules)) > MOST_POINTS


@dataclass(frozen=True, slots=True)
class FileSharePolicy(Policy):
    """A policy of file shares: ``vaulted``, or of snapshots alone, which its rules keep.

    Then ``instant_days`` is 0 and nothing is ever vaulted: the last backup of a day has the tags
    of its date and the others are daily ones (docs/decisions/0069).
    """

    workload: ClassVar[str] = FILE_SHARE
    vaulted: bool = False

    @property
    def instant(self) -> int | None:
        """How long a snapshot is kept beside the vault's copy, ``None`` if there is none."""
        return self.instant_days * DAY if self.vaulted else None

    def keep(self, slot: int) -> Keep:
        """Return what the backup of a slot is given."""
        if self.vaulted:
            return Policy.keep(self, slot)
        day, time = self._local(slot)
        tags = self._tags(day) if time == self.times[-1] else "D"
        length = self.length(tags, day)
        assert length is not None, "every policy of file shares has a daily rule"
        return Keep(tags, day, length, vaulted=False, settles=False)


FULL, DIFFERENTIAL, INCREMENTAL, LOG = "Full", "Differential", "Incremental", "Log"
COPY_ONLY_FULL = "CopyOnlyFull"
"""Azure's types of backups of databases."""


@dataclass(frozen=True, slots=True)
class Delta:
    """A part of a policy of databases that backs up what has changed: on weekdays, at a time.

    Its points are kept for ``days``. They have the ``tag`` of their kind, as those of the rules
    have theirs.
    """

    kind: str
    time: int
    weekdays: frozenset[str]
    days: int

    @property
    def tag(self) -> str:
        """E or I; no rule has these letters."""
        return DELTA_TAGS[self.kind]


DELTA_TAGS: Mapping[str, str] = {DIFFERENTIAL: "E", INCREMENTAL: "I"}


@dataclass(frozen=True, slots=True)
class Logs:
    """The part of a policy of databases that backs up their log, in microseconds."""

    every: int
    keep: int


@dataclass(frozen=True, slots=True)
class DatabasePolicy(Policy):
    """A policy of databases: full backups as any policy has them, and what goes between them.

    No two parts back up the data on one day (docs/decisions/0070), so that a slot is of one part.
    """

    deltas: tuple[Delta, ...] = ()
    logs: Logs | None = None
    compressed: bool = False

    @property
    def instant(self) -> int | None:
        """``None``: there are no snapshots."""
        return None

    def next_slot(self, after: int) -> int:
        """Return the first scheduled backup of data strictly after an instant."""
        day = after // DAY - 2
        while True:
            at = self._midnight_of(day) + self._time_on(day) if self._runs_on(day) else after
            if at > after:
                return at
            day += 1

    def _runs_on(self, day: int) -> bool:
        return Policy._runs_on(self, day) or self._delta_on(day) is not None

    def _delta_on(self, day: int) -> Delta | None:
        weekday = WEEKDAYS[(day + 3) % 7]
        return next((each for each in self.deltas if weekday in each.weekdays), None)

    def _time_on(self, day: int) -> int:
        delta = self._delta_on(day)
        return self.times[0] if delta is None else delta.time

    def kind_of(self, slot: int) -> str:
        """Return which type of backup a slot is for."""
        delta = self._delta_on(self._local(slot)[0])
        return FULL if delta is None else delta.kind

    def _local(self, slot: int) -> tuple[int, int]:
        near = slot // DAY
        for day in (near - 1, near, near + 1):
            if self._runs_on(day) and slot == self._midnight_of(day) + self._time_on(day):
                return day, self._time_on(day)
        raise ValueError(f"{slot} is no slot of this policy")

    def keep(self, slot: int) -> Keep:
        """Return what the backup of a slot is given, if it is of the type it is meant to be."""
        day, _ = self._local(slot)
        delta = self._delta_on(day)
        if delta is None:
            return self.keep_full(slot)
        return Keep(delta.tag, day, self._length_of(delta), vaulted=True, settles=False)

    def keep_full(self, slot: int) -> Keep:
        """Return what a full backup is given that a slot takes, whatever the slot is for.

        On a day that no rule tags it is kept as the lowest rule says, that of the schedule.
        """
        day, _ = self._local(slot)
        tags = self._tags(day) or self.rules[-1].tag
        length = self.length(tags, day)
        assert length is not None, "a policy has a rule for each tag it gives"
        return Keep(tags, day, length, vaulted=True, settles=False)

    def length(self, tags: str, day: int) -> Length | None:
        """Return how long a point with such tags and date is kept, as ``Policy.length`` does."""
        delta = self.delta(tags)
        return self._length_of(delta) if delta is not None else Policy.length(self, tags, day)

    def _length_of(self, delta: Delta) -> Length:
        return Length("", delta.days * DAY)

    def delta(self, tags: str) -> Delta | None:
        """Return the part whose points have such a tag."""
        return next((each for each in self.deltas if each.tag == tags), None)

    def delta_of(self, kind: str) -> Delta | None:
        """Return the part for a type of backup."""
        return next((each for each in self.deltas if each.kind == kind), None)

    def is_kept_on(self, tags: str) -> bool:
        """Tell whether points that no rule knows any more keep the length they were given.

        Those of a part that is gone do: they are of no other use than before.
        """
        return tags in DELTA_TAGS.values() or Policy.is_kept_on(self, tags)


@dataclass(frozen=True, slots=True)
class SqlPolicy(DatabasePolicy):
    """A policy of SQL Server databases."""

    workload: ClassVar[str] = SQL_DATABASE


@dataclass(frozen=True, slots=True)
class HanaPolicy(DatabasePolicy):
    """A policy of SAP HANA databases."""

    workload: ClassVar[str] = HANA_DATABASE


_OF_DATABASES: Mapping[str, type[DatabasePolicy]] = {
    each.workload: each for each in (SqlPolicy, HanaPolicy)
}


def _date(day: int) -> date:
    return date.fromordinal(min(max(day + _EPOCH, 1), date.max.toordinal()))


def time_of_day(text: str) -> int:
    """Return the microseconds since midnight of a policy's date and time text."""
    return parse(text) % DAY


def read(document: Mapping[str, Any]) -> Policy | None:
    """Return the policy that a stored, validated document describes.

    ``None`` for the workloads that a vault shows but the engine does not run: SAP ASE, and
    snapshots of SAP HANA instances.
    """
    if document["backupManagementType"] == "AzureStorage":
        return _read_file_share(document)
    if document["backupManagementType"] == "AzureWorkload":
        return _read_database(document)
    return read_vm(document)


def read_vm(document: Mapping[str, Any]) -> VmPolicy | None:
    """Return the policy of VMs that a stored document describes, or ``None`` if it is none."""
    if document["backupManagementType"] != "AzureIaasVM":
        return None
    runs = _runs(document["schedulePolicy"])
    return VmPolicy(
        times=times_of_day(runs),
        time_zone=document["timeZone"],
        instant_days=document["instantRpRetentionRangeInDays"],
        rules=_rules(document["retentionPolicy"]),
        weekdays=_set(runs.get("scheduleRunDays")),
        kind=document["policyType"],
        crash_consistent="snapshotConsistencyType" in document,
        tier_after=_tier_after(document),
    )


def _tier_after(document: Mapping[str, Any]) -> int | None:
    """Return after how long points move to the archive; a Standard policy ignores its tiering."""
    rule = document.get("tieringPolicy", NO_ARCHIVE)[ARCHIVE]
    if document["policyType"] != ENHANCED or rule["tieringMode"] == "DoNotTier":
        return None
    return int(rule["duration"] * DAYS_OF.get(rule["durationType"], 0) * DAY)


def _read_file_share(document: Mapping[str, Any]) -> FileSharePolicy:
    vault = document.get("vaultRetentionPolicy")
    retention = document["retentionPolicy"] if vault is None else vault["vaultRetention"]
    return FileSharePolicy(
        times=times_of_day(_runs(document["schedulePolicy"])),
        time_zone=document["timeZone"],
        instant_days=0 if vault is None else vault["snapshotRetentionInDays"],
        rules=_rules(retention),
        vaulted=vault is not None,
    )


def _read_database(document: Mapping[str, Any]) -> DatabasePolicy | None:
    kind = _OF_DATABASES.get(document["workLoadType"])
    if kind is None:
        return None
    parts = {part["policyType"]: part for part in document["subProtectionPolicy"]}
    full = parts[FULL]
    return kind(
        times=times_of_day(full["schedulePolicy"]),
        time_zone=document["settings"]["timeZone"],
        instant_days=0,
        rules=_rules(full["retentionPolicy"]),
        weekdays=_set(full["schedulePolicy"].get("scheduleRunDays")),
        deltas=tuple(_delta(name, parts[name]) for name in DELTA_TAGS if name in parts),
        logs=_logs(parts[LOG]) if LOG in parts else None,
        compressed=document["settings"]["isCompression"],
    )


def _delta(kind: str, part: Mapping[str, Any]) -> Delta:
    schedule = part["schedulePolicy"]
    return Delta(
        kind,
        time_of_day(schedule["scheduleRunTimes"][0]),
        frozenset(schedule["scheduleRunDays"]),
        _days_of(part),
    )


def _logs(part: Mapping[str, Any]) -> Logs:
    every: int = part["schedulePolicy"]["scheduleFrequencyInMins"]
    return Logs(every * MINUTE, _days_of(part) * DAY)


def _days_of(part: Mapping[str, Any]) -> int:
    count: int = part["retentionPolicy"]["retentionDuration"]["count"]
    return count


def _runs(schedule: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the part of a schedule that has its times: that of its frequency, if it has one."""
    found: Mapping[str, Any] = schedule.get(
        f"{schedule['scheduleRunFrequency'].lower()}Schedule", schedule
    )
    return found


def _rules(retention: Mapping[str, Any]) -> tuple[Rule, ...]:
    return tuple(
        _rule(name, retention[f"{name.lower()}Schedule"])
        for name in ("Yearly", "Monthly", "Weekly", "Daily")
        if f"{name.lower()}Schedule" in retention
    )


def times_of_day(runs: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the times of day of a schedule: its one, or those of its window, its end included."""
    if "interval" not in runs:
        return (time_of_day(runs["scheduleRunTimes"][0]),)
    start = time_of_day(runs["scheduleWindowStartTime"])
    hours = range(0, runs["scheduleWindowDuration"] + 1, runs["interval"])
    return tuple(sorted({(start + hour * HOUR) % DAY for hour in hours}))


def _rule(name: str, schedule: Mapping[str, Any]) -> Rule:
    by_week = schedule.get("retentionScheduleWeekly", {})
    by_day = schedule.get("retentionScheduleDaily")
    month_days = None
    if by_day is not None:
        month_days = frozenset(
            LAST_DAY if day["isLast"] else int(day["date"]) for day in by_day["daysOfTheMonth"]
        )
    return Rule(
        name,
        schedule["retentionDuration"]["count"],
        weekdays=_set(by_week.get("daysOfTheWeek", schedule.get("daysOfTheWeek"))),
        weeks=_set(by_week.get("weeksOfTheMonth")),
        month_days=month_days,
        months=_set(schedule.get("monthsOfYear")),
    )


def _set(words: Iterable[str] | None) -> frozenset[str] | None:
    return None if words is None else frozenset(words)
