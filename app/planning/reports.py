"""The report: a plan lived through in a scratch world, and what was seen on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import isodate

from ..domain.instants import DAY, HOUR, MINUTE, after, wire
from ..engine.rules import Rules
from . import advice, stock, wording
from .daybook import SNAPSHOT, TRANSFER, Daybook, Moment
from .edits import Effect, try_edit
from .harvest import harvest, running_since
from .plans import Edit, Plan, policy_of, runs_a_day
from .scratch import ScratchWorld, items_of
from .stock import Stock

MOST_SAMPLES = 200
_DAILY_UP_TO = 62 * DAY
_WEEKLY_UP_TO = 400 * DAY

Progress = Callable[[int, float], None]
"""Is told the instant that was reached, and which share of the way that is."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What there was at an instant."""

    at: int
    stocks: list[Stock]
    rpo: int | None
    """The longest time without a newer point since the sample before, in microseconds."""


@dataclass
class Lived:
    """Everything that was seen while a plan was lived through."""

    daybook: Daybook
    samples: list[Sample] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    of_a_vm: dict[int, tuple[int, int]] = field(default_factory=dict)


def of_plan(plan: Plan, rules: Rules, progress: Progress | None = None) -> dict[str, Any]:
    """Live through a plan in a scratch world of its own, and return the report."""
    with ScratchWorld(rules, plan.start) as world:
        world.hold(plan)
        return report(world, plan, progress)


def report(world: ScratchWorld, plan: Plan, progress: Progress | None = None) -> dict[str, Any]:
    """Live through a plan in the world that holds it, and return the report as a document."""
    sizes = advice.sizes(world)
    lived = _live(world, plan, progress)
    document = {
        "start": wire(plan.start),
        "end": wire(plan.end),
        "timeZone": plan.time_zone,
        "vms": _vms(world, plan),
        "peak": _peak(lived, plan),
        "policies": [_policy(world, plan, lived, name) for name in plan.policies],
        "day": _day(lived, plan),
        "series": [_sample(each) for each in lived.samples],
        "edits": [_effect(each) for each in lived.effects],
    }
    document["advice"] = advice.give(plan, world.parts, sizes, lived.daybook, document)
    return document


# --- living ------------------------------------------------------------------------------------


def _live(world: ScratchWorld, plan: Plan, progress: Progress | None) -> Lived:
    daybook = Daybook(
        world.parts,
        plan.peak,
        plan.time_zone,
        hide_unvaulted=world.rules.hide_unvaulted_points,
    )
    policy_of_item: dict[int, str] = {}
    for item in items_of(world):
        daybook.expect(item.key, item.latest_snapshot_at, item.latest_vaulted_at is not None)
        policy = world.parts[item.part].policy
        if policy is not None:
            policy_of_item[item.key] = policy
    lived = Lived(daybook)
    edits = list(plan.edits)
    for at in _instants(plan):
        world.live_until(at)
        daybook.read(harvest(world))
        daybook.pass_until(running_since(world, at))
        if at == plan.end:
            daybook.close(policy_of_item, at)
        lived.samples.append(_look(world, daybook, at))
        while edits and edits[0].at == at:
            _edit(world, lived, edits.pop(0))
        if progress is not None:
            progress(at, (at - plan.start) / (plan.end - plan.start))
    daybook.pass_until(plan.end + 1)
    with world.database.reading() as connection:
        lived.of_a_vm = stock.of_a_vm(connection)
    return lived


def _instants(plan: Plan) -> Iterator[int]:
    """Return when to look: by day, week or month, at each edit, and at the end."""
    swept = {min(edit.at + DAY, plan.end) for edit in plan.edits}
    every = {*_regular(plan), *(edit.at for edit in plan.edits), *swept, plan.start, plan.end}
    yield from sorted(every)


def _regular(plan: Plan) -> Iterator[int]:
    span = plan.end - plan.start
    if span <= _WEEKLY_UP_TO:
        step = DAY if span <= _DAILY_UP_TO else 7 * DAY
        yield from range(plan.start, plan.end, step)
        return
    months = -(-span // (30 * DAY) // MOST_SAMPLES)
    count = 0
    while (at := after(plan.start, isodate.Duration(months=count))) < plan.end:
        yield at
        count += months


def _look(world: ScratchWorld, daybook: Daybook, at: int) -> Sample:
    with world.database.reading() as connection:
        hide = world.rules.hide_unvaulted_points
        stocks = stock.count(connection, world.parts, hide_unvaulted=hide)
    rpo, daybook.rpo = daybook.rpo, None
    return Sample(at, stocks, rpo)


def _edit(world: ScratchWorld, lived: Lived, edit: Edit) -> None:
    lived.effects.append(try_edit(world, edit))
    with world.database.writing() as connection:
        world.edit(connection, edit)


# --- as a document -----------------------------------------------------------------------------


def _vms(world: ScratchWorld, plan: Plan) -> dict[str, Any]:
    protected = sum(part.vms for part in world.parts if part.policy is not None)
    unprotected = sum(group.count for group in plan.groups if group.policy is None)
    return {
        "protected": protected,
        "simulated": sum(part.simulated for part in world.parts if part.policy is not None),
        "unprotected": unprotected + plan.unprotected,
        "stopped": sum(part.vms for part in world.parts if part.policy is None),
        "sample": plan.sample,
    }


def _peak(lived: Lived, plan: Plan) -> dict[str, Any]:
    records = lived.daybook.records.values()
    return {
        "hours": plan.peak.shown,
        "days": list(plan.peak.days),
        "timeZone": plan.peak.time_zone,
        "backups": round(sum(each.backups for each in records)),
        "starts": round(sum(each.in_peak for each in records)),
        "running": round(sum(each.running_in_peak for each in records)),
    }


def _policy(world: ScratchWorld, plan: Plan, lived: Lived, name: str) -> dict[str, Any]:
    document = plan.last[name]
    numbers = [number for number, part in enumerate(world.parts) if part.policy == name]
    last = stock.total([lived.samples[-1].stocks[number] for number in numbers])
    of_a_vm = [lived.of_a_vm[number] for number in numbers if number in lived.of_a_vm]
    record = lived.daybook.records.get(name)
    return {
        "name": name,
        "vms": sum(world.parts[number].vms for number in numbers),
        "simulated": sum(world.parts[number].simulated for number in numbers),
        "schedule": wording.schedule(document),
        "timeZone": document["timeZone"],
        "retention": wording.retention(document),
        "snapshotDays": document["instantRpRetentionRangeInDays"],
        "runsADay": round(runs_a_day(policy_of(document), plan.start), 2),
        "backups": round(record.backups) if record else 0,
        "failed": round(record.failed) if record else 0,
        "transfersSkipped": round(record.skipped) if record else 0,
        "startsInPeak": round(record.in_peak) if record else 0,
        "runningInPeak": round(record.running_in_peak) if record else 0,
        "longestBackupMinutes": round(record.longest / MINUTE) if record else 0,
        "mostStartsAtOnce": round(record.together.number) if record else 0,
        "rpoHours": _hours(record.rpo if record else None),
        "points": last.points,
        "pointsOfAVm": {
            "fewest": min((fewest for fewest, _ in of_a_vm), default=0),
            "most": max((most for _, most in of_a_vm), default=0),
        },
        "snapshotGB": wording.in_gigabytes(last.snapshot_bytes),
        "vaultGB": wording.in_gigabytes(last.vault_bytes),
        "oldestPoint": None if last.oldest_at is None else wire(last.oldest_at),
    }


def _day(lived: Lived, plan: Plan) -> dict[str, Any]:
    daybook = lived.daybook
    days = (plan.end - plan.start) / DAY
    first = daybook.first
    return {
        "hours": [
            {
                "hour": hour,
                "peak": plan.peak.touches(hour),
                "startsADay": round(each.starts / days, 2),
                "mostStarts": round(daybook.most_starts(hour)),
                "snapshotsAtOnce": round(each.snapshots),
                "transfersAtOnce": round(each.transfers),
                "meetings": [
                    list(pair) for pair, hours in sorted(daybook.meetings.items()) if hour in hours
                ],
            }
            for hour, each in enumerate(daybook.hours)
        ],
        "mostSnapshots": _moment(daybook.most[SNAPSHOT]),
        "mostTransfers": _moment(daybook.most[TRANSFER]),
        "meetings": [
            {
                "policies": list(pair),
                "hours": sorted(hours),
                "transfersAtOnce": round(max(hours.values())),
            }
            for pair, hours in sorted(daybook.meetings.items())
        ],
        "firstBackups": {
            "number": round(first.number),
            "GB": wording.in_gigabytes(first.bytes),
            "from": None if first.from_at is None else wire(first.from_at),
            "until": None if first.until_at is None else wire(first.until_at),
            "transfersAtOnce": round(first.most.number),
            "inPeak": round(first.in_peak),
        },
    }


def _moment(moment: Moment) -> dict[str, Any]:
    at = None if moment.at is None else wire(moment.at)
    return {"number": round(moment.number), "at": at}


def _sample(sample: Sample) -> dict[str, Any]:
    total = stock.total(sample.stocks)
    oldest = None if total.oldest_at is None else sample.at - total.oldest_at
    return {
        "at": wire(sample.at),
        "points": total.points,
        "snapshotPoints": total.snapshots,
        "vaultPoints": total.vaulted,
        "snapshotGB": wording.in_gigabytes(total.snapshot_bytes),
        "vaultGB": wording.in_gigabytes(total.vault_bytes),
        "rpoHours": _hours(sample.rpo),
        "longestGapDays": _days(total.longest_gap),
        "oldestDays": _days(oldest),
    }


def _effect(effect: Effect) -> dict[str, Any]:
    before, after_ = effect.before, effect.after
    return {
        "policy": effect.edit.policy,
        "at": wire(effect.edit.at),
        "schedule": wording.schedule(effect.edit.document),
        "retention": wording.retention(effect.edit.document),
        "points": sum(lost.points for lost in effect.lost),
        "rules": [
            {
                "rule": lost.rule,
                "points": lost.points,
                "oldest": wire(lost.oldest_at),
                "newest": wire(lost.newest_at),
            }
            for lost in effect.lost
        ],
        "laterPoints": effect.spared,
        "snapshots": before.snapshots - after_.snapshots,
        "snapshotGB": wording.in_gigabytes(before.snapshot_bytes - after_.snapshot_bytes),
        "vaultGB": wording.in_gigabytes(before.vault_bytes - after_.vault_bytes),
    }


def _hours(micros: int | None) -> float | None:
    return None if micros is None else round(micros / HOUR, 1)


def _days(micros: int | None) -> float | None:
    return None if micros is None else round(micros / DAY, 1)
