"""Faults that are planted in a copy of the engine, one at a time: the default run finds each.

``python -m tests.oracle.planted`` tells by which test each was found, and fails if one was not.
Words choose the faults whose names have them. A fault that no longer fits the source is an error.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

PROJECT = Path(__file__).parents[2]
RULES = "app/domain/retention_rules.py"
POLICIES = "app/domain/policies.py"
BACKUPS = "app/engine/backups.py"
JOBS = "app/engine/jobs.py"
PROTECTION = "app/engine/protection.py"
RETENTION = "app/engine/retention.py"

TESTS = [
    f"tests/oracle/test_{name}.py" for name in ("by_hand", "by_hand_enhanced", "found", "engine")
]
"""The quick ones first."""


@dataclass(frozen=True)
class Fault:
    """A text of a source that is replaced, and what is wrong then."""

    name: str
    source: str
    right: str
    wrong: str


FAULTS = [
    Fault(
        "a day less",
        RULES,
        'return self.count * (7 if self.tag == "W" else 1)\n        months',
        'return self.count * 7 if self.tag == "W" else self.count - 1\n        months',
    ),
    Fault(
        "29 February is not a day",
        RULES,
        "min(day.day, monthrange(year, month + 1)[1])",
        "min(day.day, 28 if month == 1 else monthrange(year, month + 1)[1])",
    ),
    Fault(
        "the end of a month is not clamped",
        RULES,
        "return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))",
        "return date(year, month + 1, 1) + __import__('datetime').timedelta(day.day - 1)",
    ),
    Fault(
        "the fourth week is the last",
        RULES,
        "if day.day + 7 > monthrange(day.year, day.month)[1]:",
        "if 22 <= day.day <= 28:",
    ),
    Fault(
        "the fifth week is a fourth",
        RULES,
        "list(WEEKS[(day.day - 1) // 7 : (day.day - 1) // 7 + 1]) if day.day <= 28 else []",
        "[WEEKS[min(3, (day.day - 1) // 7)]]",
    ),
    Fault(
        "the highest rule governs, not the longest",
        POLICIES,
        "return max(found, key=lambda length: length.micros, default=None)",
        "return next(found, None)",
    ),
    Fault(
        "of equal rules the lowest governs",
        POLICIES,
        "            for rule in self.rules\n            if rule.tag in tags",
        "            for rule in reversed(self.rules)\n            if rule.tag in tags",
    ),
    Fault(
        "tags of the date in UTC",
        POLICIES,
        "if rule.tags(_date(day)))",
        "if rule.tags(_date(slot // DAY)))",
    ),
    Fault(
        "a new category reaches old points",
        POLICIES,
        "            if rule.tag in tags\n",
        "            if rule.tag in tags or rule.tags(_date(day))\n",
    ),
    Fault(
        "the window's end is no slot",
        POLICIES,
        'runs["scheduleWindowDuration"] + 1',
        'runs["scheduleWindowDuration"]',
    ),
    Fault(
        "the first of a day is vaulted",
        POLICIES,
        "time == self.times[-1], time == self.times[0]",
        "time == self.times[0], time == self.times[0]",
    ),
    Fault(
        "the latest by UTC is the last of a day",
        POLICIES,
        "vaulted, settles = time == self.times[-1], time == self.times[0]",
        "times = [(self._midnight_of(day) + each) % DAY for each in self.times]\n"
        "        vaulted = slot % DAY == max(times)\n"
        "        settles = time == self.times[0]",
    ),
    Fault(
        "owed is not settled",
        BACKUPS,
        'items.c.owed_day < bindparam("slot_day")),',
        "items.c.owed_day < 0),",
    ),
    Fault(
        "owed is settled on the same day",
        BACKUPS,
        'items.c.owed_day < bindparam("slot_day")),',
        "items.c.owed_day.is_not(None)),",
    ),
    Fault(
        "owed is settled again and again",
        BACKUPS,
        "                (_VAULTED, null()),\n",
        "",
    ),
    Fault(
        "owed is settled by any backup of the day",
        BACKUPS,
        'items.c.owed_day < bindparam("slot_day")),',
        'False), items.c.owed_day < bindparam("slot_day"),',
    ),
    Fault(
        "what settles is no longer owed when it fails",
        BACKUPS,
        "                (and_(_VAULTED, _FAILS), cast",
        '                (and_(bindparam("vaulted"), _FAILS), cast',
    ),
    Fault(
        "any backup that fails is owed",
        BACKUPS,
        "                (and_(_VAULTED, _FAILS), cast",
        "                (_FAILS, cast",
    ),
    Fault(
        "what is cancelled is not owed",
        JOBS,
        "owed_day=job.slot_day if job.tags else items.c.owed_day",
        "owed_day=items.c.owed_day",
    ),
    Fault(
        "a stop does not forget what is owed",
        PROTECTION,
        "            owed_day=None,\n",
        "",
    ),
    Fault(
        "a snapshot is kept as the rules say",
        BACKUPS,
        'case((_VAULTED, cast(bindparam("keep"), BigInteger)), else_=_INSTANT),',
        'cast(bindparam("keep"), BigInteger),',
    ),
    Fault(
        "a snapshot has tags",
        BACKUPS,
        'case((_VAULTED, cast(bindparam("tags"), String)), else_=SNAPSHOT_ONLY),',
        'cast(bindparam("tags"), String),',
    ),
    Fault(
        "a transfer is busy from the start of another backup on",
        BACKUPS,
        "items.c.transfer_until > jobs.c.due_at",
        "items.c.transfer_until > jobs.c.started_at",
    ),
    Fault(
        "a point is swept while it is copied",
        BACKUPS,
        "(and_(_SKIPPED, _SWEPT), earlier(_INSTANT_UNTIL, _EXPIRES)),",
        "(_SWEPT, earlier(_INSTANT_UNTIL, _EXPIRES)),",
    ),
    Fault(
        "a skipped transfer protects",
        BACKUPS,
        "or_(jobs.c.phase == Phase.TRANSFER, _SNAPSHOT_ONLY),",
        "jobs.c.phase.is_not(None),",
    ),
    Fault(
        "a snapshot does not protect",
        BACKUPS,
        "or_(jobs.c.phase == Phase.TRANSFER, _SNAPSHOT_ONLY),",
        "jobs.c.phase == Phase.TRANSFER,",
    ),
    Fault(
        "a VM without an agent is backed up",
        BACKUPS,
        "_BROKEN = or_(_GONE, _SILENT, items.c.source_fits.is_(False))",
        "_BROKEN = or_(_GONE, items.c.source_fits.is_(False))",
    ),
    Fault(
        "two snapshots at once",
        BACKUPS,
        "return BACKUP_IN_PROGRESS if item.snapshot_until > now else None",
        "return None",
    ),
    Fault(
        "a cancelled backup is over at once",
        JOBS,
        "                snapshot_until=due_at,\n",
        "                snapshot_until=now,\n",
    ),
    Fault(
        "a deletion does not cancel",
        PROTECTION,
        "    jobs.cancel_running_backups(connection, item.key, now)\n",
        "",
    ),
    Fault(
        "a deleted item is purged a day late",
        PROTECTION,
        "now + soft_delete_days * DAY",
        "now + (soft_delete_days + 1) * DAY",
    ),
    Fault(
        "points of a stopped item expire",
        PROTECTION,
        "        retention.freeze(connection, item.key)\n",
        "        pass\n",
    ),
    Fault(
        "points stay after protection is resumed",
        PROTECTION,
        "        retention.thaw(connection, item.key)\n    of =",
        "        pass\n    of =",
    ),
    Fault(
        "an item's move does not reach its points",
        PROTECTION,
        "    of = items.c.key == item.key\n",
        "    of = items.c.key == -1\n",
    ),
    Fault(
        "an edit does not move the next backup",
        PROTECTION,
        "    backups.reschedule(connection, rules, policy=policy_key, "
        "next_slot=policy.next_slot(now))\n",
        "",
    ),
    Fault(
        "an edit does not reach old points",
        RETENTION,
        "        _change(connection, and_(scheduled, alike), values)\n",
        "        pass\n",
    ),
    Fault(
        "an edit does not reach a snapshot that is being taken",
        RETENTION,
        "    _judge_snapshots(connection, keys, policy, now)\n",
        "",
    ),
    Fault(
        "an edit does not reach what stays a snapshot",
        RETENTION,
        '    _change(connection, alike, {"expires_at": instant_until})\n',
        "",
    ),
    Fault(
        "an edit does not reach the days of snapshots",
        RETENTION,
        "    instant_until = _POINT.taken_at + policy.instant\n",
        "    instant_until = literal(0) + _POINT.instant_until\n",
    ),
    Fault(
        "an edit reaches on-demand points",
        RETENTION,
        "and_(_POINT.item_key.in_(keys), _POINT.tags.is_not(None))",
        "and_(_POINT.item_key.in_(keys))",
    ),
    Fault(
        "a daily schedule ends weekly points",
        RETENTION,
        "if length is None and policy.weekdays is None:",
        "if length is None and policy is None:",
    ),
    Fault(
        "a weekly schedule lets daily points be",
        RETENTION,
        "if length is None and policy.weekdays is None:",
        "if length is None:",
    ),
    Fault(
        "the newest point is swept",
        RETENTION,
        "        _OF_ITEM,\n        items.c.latest_snapshot_at > _POINT.taken_at,",
        "        _OF_ITEM,\n        items.c.latest_snapshot_at >= _POINT.taken_at,",
    ),
    Fault(
        "the newest point of the vault is swept",
        RETENTION,
        "        items.c.latest_vaulted_at.is_distinct_from(_POINT.taken_at),\n",
        "",
    ),
    Fault(
        "the newest snapshot is swept",
        RETENTION,
        "exists(select(items.c.key).where(_OF_ITEM, items.c.latest_snapshot_at > _POINT.taken_at))",
        "exists(select(items.c.key).where(_OF_ITEM, "
        "items.c.latest_snapshot_at >= _POINT.taken_at))",
    ),
    Fault(
        "a suspended item's point stays although one follows it",
        RETENTION,
        "if item.latest_snapshot_at is None or item.snapshot_until > now:",
        "if item.latest_snapshot_at is None:",
    ),
    Fault("one point too many", RETENTION, ".offset(MOST_POINTS)", ".offset(MOST_POINTS + 1)"),
    Fault("one point too few", RETENTION, ".offset(MOST_POINTS)", ".offset(MOST_POINTS - 1)"),
]


def plant(fault: Fault, tree: Path) -> None:
    """Put a fault into a copy of the sources."""
    path = tree / fault.source
    text = (PROJECT / fault.source).read_text(encoding="utf-8")
    assert text.count(fault.right) == 1, f"{fault.name}: its place is not there, or not alone"
    path.write_text(text.replace(fault.right, fault.wrong), encoding="utf-8")


def found_by(tree: Path) -> str | None:
    """Run the default tests of the oracle in a copy; return the one that fails."""
    tests = [sys.executable, "-m", "pytest", "-qx", "-p", "no:cacheprovider", "--no-postgresql"]
    chosen = ["-m", "not slow and not bench and not deep"]
    run = subprocess.run(
        [*tests, *chosen, *TESTS], cwd=tree, capture_output=True, text=True, check=False
    )
    if run.returncode == 0:
        return None
    failed = re.search(r"^FAILED \S+::(\S+)", run.stdout, re.MULTILINE)
    assert failed, run.stdout + run.stderr
    return failed[1]


def main(words: list[str]) -> int:
    """Plant each fault in turn; return how many were not found."""
    chosen = [fault for fault in FAULTS if all(word in fault.name for word in words)]
    missed = 0
    with TemporaryDirectory() as folder:
        tree = Path(folder)
        for room in ("app", "migrations", "tests"):
            shutil.copytree(PROJECT / room, tree / room)
        shutil.copy(PROJECT / "pyproject.toml", tree)
        assert found_by(tree) is None, "nothing is planted yet"
        for fault in chosen:
            plant(fault, tree)
            found = found_by(tree)
            missed += found is None
            sys.stdout.write(f"{fault.name}: {found or 'MISSED'}\n")
            sys.stdout.flush()
            shutil.copy(PROJECT / fault.source, tree / fault.source)
    sys.stdout.write(f"{len(chosen) - missed} of {len(chosen)} found\n")
    return missed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
