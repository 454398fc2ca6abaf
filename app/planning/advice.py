"""Advice: what people do well to change, with the figures of the report behind it.

What the owner of a vault should do: group VMs with the same needs in one policy, keep backups
off peak hours, spread them so that times do not overlap, keep some points for long and some for
short, and review that as needs change. Each function below looks for one breach of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..domain.documents import Document
from ..domain.instants import DAY, HOUR, MINUTE, parse
from ..domain.limits import VMS, VMS_OF_POLICY
from ..domain.policies import MOST_POINTS, time_of_day
from . import wording
from .daybook import Daybook, Record
from .plans import Plan, clock_time, days_in_words, local_date, policy_of, to_local
from .scratch import Part, ScratchWorld, items_of
from .wording import gigabytes, in_gigabytes, listed, number, quoted, several

HIGH, MEDIUM, LOW = "high", "medium", "low"
VMS_IN_THE_PORTAL = 100
"""How many VMs the portal puts under a policy (azure-backup-semantics 1.7)."""
SHORT_DAYS = 35
_MONTH = 30.44
_MOST_WAYS = 6
_A_CROWD = 5
_QUIET_HOURS = (1, 2, 0, 3, 4, 23, 22, 5, 21, 6, 20, 19, 18, 7, 8, *range(9, 18))
"""Hours in the order in which offices least mind a backup."""

Advice = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the disks under a policy hold, and how much of that changes in some days, in bytes."""

    used: float
    vms: tuple[tuple[int, int, float], ...]

    def changed(self, days: float) -> float:
        """Return how much changes in so many days: of no VM more than it holds."""
        return sum(min(churn * days * 86_400, used) * factor for used, churn, factor in self.vms)


@dataclass(frozen=True, slots=True)
class Facts:
    """What advice is made of."""

    plan: Plan
    parts: Sequence[Part]
    sizes: Mapping[str, Sizes]
    daybook: Daybook
    report: Mapping[str, Any]

    def used(self) -> Iterator[Mapping[str, Any]]:
        """Return the report's policies that have VMs."""
        return (policy for policy in self.report["policies"] if policy["vms"])

    def document(self, policy: Mapping[str, Any]) -> Document:
        """Return a policy as Azure has it, once all edits are made."""
        return self.plan.last[policy["name"]]

    def record(self, policy: Mapping[str, Any]) -> Record:
        """Return what the backups of a policy were like."""
        return self.daybook.records.get(policy["name"]) or Record()


def sizes(world: ScratchWorld) -> dict[str, Sizes]:
    """Return the sizes of what each policy backs up."""
    found: dict[str, list[tuple[int, int, float]]] = {}
    for item in items_of(world):
        part = world.parts[item.part]
        size = (item.used_bytes, item.churn_bytes_per_second, part.factor)
        found.setdefault(part.policy or "", []).append(size)
    return {
        policy: Sizes(sum(used * factor for used, _, factor in vms), tuple(vms))
        for policy, vms in found.items()
    }


def give(
    plan: Plan,
    parts: Sequence[Part],
    of_policies: Mapping[str, Sizes],
    daybook: Daybook,
    report: Mapping[str, Any],
) -> list[Advice]:
    """Return all advice, the most important first."""
    facts = Facts(plan, parts, of_policies, daybook, report)
    found = [each for look in _LOOKS for each in look(facts)]
    order = (HIGH, MEDIUM, LOW)
    return sorted(found, key=lambda each: order.index(each["importance"]))


def _advice(importance: str, about: str, text: str, **figures: Any) -> Advice:
    return {"importance": importance, "about": about, "text": text, "figures": figures}


# --- off peak hours ----------------------------------------------------------------------------


def _starts_in_peak(facts: Facts) -> Iterator[Advice]:
    for policy in facts.used():
        starts, backups = policy["startsInPeak"], policy["backups"]
        if not starts or not _stays_in_peak(facts, policy):
            continue
        told = f"{number(starts)} of {number(backups)} backups of '{policy['name']}' start in "
        told += f"{_peak(facts)}"
        figures = {"policy": policy["name"], "starts": starts, "backups": backups}
        if wording.is_hourly(facts.document(policy)):
            told += f", as its schedule has it ({policy['schedule']}). Let it be if the VMs bear a "
            told += "snapshot by day; if not, choose another window."
            yield _advice(LOW, "peak", told, **figures)
            continue
        at, start = quiet_hour(facts, policy), _start(facts, policy)
        if not facts.plan.peak.start <= start < facts.plan.peak.end and _has_summer(facts):
            told += ", in summer only, as schedules keep standard time"
        told += f": move it from {clock_time(start)} to {at}."
        yield _advice(HIGH, "peak", told, **figures, suggestedTime=at)


def _stays_in_peak(facts: Facts, policy: Mapping[str, Any]) -> bool:
    """Tell whether a policy, as the edits leave it, starts in peak hours within a year."""
    found, slot = policy_of(facts.document(policy)), facts.plan.end
    while (slot := found.next_slot(slot)) < facts.plan.end + 366 * DAY:
        if facts.plan.peak.holds(slot):
            return True
    return False


def _runs_into_peak(facts: Facts) -> Iterator[Advice]:
    for policy in facts.used():
        more = policy["runningInPeak"] - policy["startsInPeak"]
        if more <= 0:
            continue
        longest = policy["longestBackupMinutes"]
        text = (
            f"{several(more, 'backup')} of '{policy['name']}' start before {_peak(facts)} and "
            f"still run when those begin; the longest takes {number(longest)} minutes: start it "
            "that much earlier."
        )
        figures = {"policy": policy["name"], "backups": more, "longestBackupMinutes": longest}
        yield _advice(MEDIUM, "peak", text, **figures)


def _first_backups(facts: Facts) -> Iterator[Advice]:
    first = facts.report["day"]["firstBackups"]
    if first["inPeak"] < _A_CROWD:
        return
    zone = facts.plan.time_zone
    until = parse(first["until"])
    end = f"{local_date(until, zone)} {clock_time(to_local(until, zone) % DAY)}"
    text = (
        f"The {several(first['number'], 'first backup')} copy {gigabytes(first['GB'])} in full, "
        f"up to {number(first['transfersAtOnce'])} at once, until {end}; "
        f"{number(first['inPeak'])} of them run into {_peak(facts)}. "
        "Protect the VMs before a weekend, or a batch each night."
    )
    yield _advice(LOW, "firstBackups", text, **first)


def quiet_hour(facts: Facts, policy: Mapping[str, Any]) -> str:
    """Return the time at which a policy would meet the least, far from peak hours."""
    hours = facts.report["day"]["hours"]
    open_hours = [hour for hour in _QUIET_HOURS if not hours[hour]["peak"]]
    minutes = policy["longestBackupMinutes"]
    after = 1 + minutes // 60
    clear = [
        hour
        for hour in open_hours
        if not any(hours[(hour + more) % 24]["peak"] for more in range(after + 1))
    ]
    best = min(clear or open_hours or _QUIET_HOURS, key=lambda hour: hours[hour]["transfersAtOnce"])
    return clock_time(best * HOUR)


# --- spread ------------------------------------------------------------------------------------


def _crowds(facts: Facts) -> Iterator[Advice]:
    for policy in facts.used():
        crowd = policy["mostStartsAtOnce"]
        if crowd < _A_CROWD or wording.is_hourly(facts.document(policy)):
            continue
        minutes = max(policy["longestBackupMinutes"], 1)
        step = -(-minutes // 30) * 30 * MINUTE
        ways = min(max(2, -(-crowd // 10)), _MOST_WAYS)
        start = _start(facts, policy)
        first = (
            time_of_day(f"1970-01-01T{quiet_hour(facts, policy)}")
            if policy["startsInPeak"]
            else start
        )
        times = [clock_time((first + way * step) % DAY) for way in range(ways)]
        text = (
            f"{number(crowd)} backups of '{policy['name']}' start at the same moment, "
            f"{clock_time(start)}, and take up to {number(minutes)} minutes. {number(ways)} "
            f"policies, at {listed(times, 6)}, would run {number(-(-crowd // ways))} at once."
        )
        importance = HIGH if crowd >= 100 else MEDIUM if crowd >= 20 else LOW
        figures = {"policy": policy["name"], "startsAtOnce": crowd, "suggestedTimes": times}
        yield _advice(importance, "spread", text, **figures)


def _meetings(facts: Facts) -> Iterator[Advice]:
    by_name = {policy["name"]: policy for policy in facts.used()}
    meetings = [
        each
        for each in facts.report["day"]["meetings"]
        if all(name in by_name for name in each["policies"])
        and not _are_twins(facts, [by_name[name] for name in each["policies"]])
    ]
    meetings.sort(key=lambda each: -each["transfersAtOnce"])
    for meeting in meetings[:3]:
        hours = [f"{hour:02d}" for hour in meeting["hours"]]
        text = (
            f"Transfers of {quoted(meeting['policies'])} run at the same time, up to "
            f"{number(meeting['transfersAtOnce'])} at once, in the "
            f"{'hour' if len(hours) == 1 else 'hours'} {listed(hours, 6)}."
        )
        at, mover = _way_out(facts, [by_name[name] for name in meeting["policies"]])
        if mover is not None:
            text += f" Start '{mover}' at {at}, when the other is over."
        yield _advice(MEDIUM, "overlap", text, **meeting, suggestedTime=at, move=mover)


def _way_out(facts: Facts, pair: Sequence[Mapping[str, Any]]) -> tuple[str | None, str | None]:
    """Return when which of two policies could start so that they meet no more."""
    apart = pair[0]["timeZone"] != pair[1]["timeZone"]
    if apart or any(wording.is_hourly(facts.document(policy)) for policy in pair):
        return None, None
    mover, stayer = sorted(pair, key=lambda policy: (policy["vms"], policy["name"]))
    over = _start(facts, stayer) + stayer["longestBackupMinutes"] * MINUTE
    at = -(-over // (30 * MINUTE)) * 30 * MINUTE % DAY
    if facts.report["day"]["hours"][at // HOUR]["peak"]:
        return None, None
    return clock_time(at), mover["name"]


# --- group -------------------------------------------------------------------------------------


def _needs(facts: Facts, policy: Mapping[str, Any]) -> str:
    """Return what tells a policy from others: when it backs up, and what it keeps."""
    document = facts.document(policy)
    parts = ("policyType", "schedulePolicy", "retentionPolicy", "timeZone")
    return repr([document[part] for part in (*parts, "instantRpRetentionRangeInDays")])


def _are_twins(facts: Facts, pair: Sequence[Mapping[str, Any]]) -> bool:
    return _needs(facts, pair[0]) == _needs(facts, pair[1])


def _twins(facts: Facts) -> Iterator[Advice]:
    alike: dict[str, list[Mapping[str, Any]]] = {}
    for policy in facts.used():
        alike.setdefault(_needs(facts, policy), []).append(policy)
    for twins in alike.values():
        if len(twins) > 1:
            names, vms = [each["name"] for each in twins], sum(each["vms"] for each in twins)
            text = (
                f"{quoted(names)} have the same times and retention ({twins[0]['schedule']}; "
                f"{twins[0]['retention']}): one will do for all {several(vms, 'VM')}, and there "
                "is less to review."
            )
            yield _advice(MEDIUM, "group", text, policies=names, vms=vms)


def _unused(facts: Facts) -> Iterator[Advice]:
    idle = [policy["name"] for policy in facts.report["policies"] if not policy["vms"]]
    if idle:
        text = f"Policies without VMs: {quoted(idle)}. Delete what nothing needs."
        yield _advice(LOW, "group", text, policies=idle)


def _unprotected(facts: Facts) -> Iterator[Advice]:
    vms = facts.report["vms"]
    if vms["unprotected"]:
        every = vms["unprotected"] + vms["protected"]
        text = (
            f"{number(vms['unprotected'])} of {several(every, 'VM')} are under no policy: nothing "
            "backs them up."
        )
        yield _advice(HIGH, "noPolicy", text, vms=vms["unprotected"], ofVms=every)
    if vms["stopped"]:
        size = in_gigabytes(facts.sizes[""].used) if "" in facts.sizes else 0.0
        text = (
            f"{several(vms['stopped'], 'item')} without a policy keep their points and make no new "
            f"ones; their disks hold {gigabytes(size)}. Resume or delete them."
        )
        yield _advice(MEDIUM, "noPolicy", text, items=vms["stopped"], usedGB=size)


def _limits(facts: Facts) -> Iterator[Advice]:
    vms = facts.report["vms"]["protected"]
    if vms > VMS.value:
        vaults = -(-vms // VMS.value)
        text = (
            f"{number(vms)} VMs are more than a vault takes ({number(VMS.value)}): "
            f"use {number(vaults)} vaults."
        )
        yield _advice(HIGH, "limits", text, vms=vms, limit=VMS.value, vaults=vaults)
    for policy in facts.used():
        count = policy["vms"]
        if count >= VMS_OF_POLICY.value:
            text = (
                f"'{policy['name']}' has {number(count)} VMs; az refuses "
                f"{number(VMS_OF_POLICY.value)} or more: split it."
            )
            figures = {"policy": policy["name"], "vms": count, "limit": VMS_OF_POLICY.value}
            yield _advice(HIGH, "limits", text, **figures)
    yield from _portal(facts)


def _portal(facts: Facts) -> Iterator[Advice]:
    large = {policy["name"]: policy["vms"] for policy in facts.used()}
    large = {name: vms for name, vms in large.items() if vms > VMS_IN_THE_PORTAL}
    if large:
        shown = listed([f"'{name}' has {number(vms)}" for name, vms in large.items()])
        text = (
            f"The portal puts at most {VMS_IN_THE_PORTAL} VMs under a policy; {shown}: use az or "
            "Terraform, or split."
        )
        yield _advice(LOW, "limits", text, vms=large, limit=VMS_IN_THE_PORTAL)


# --- short and long retention ------------------------------------------------------------------


def _longest_days(document: Document) -> float:
    units = {"days": 1.0, "weeks": 7.0, "months": _MONTH, "years": 365.25}
    return max(count * units[unit] for count, unit in wording.lengths(document))


def _only_short(facts: Facts) -> Iterator[Advice]:
    for policy in facts.used():
        days = _longest_days(facts.document(policy))
        if days > SHORT_DAYS:
            continue
        changed = facts.sizes[policy["name"]].changed(_MONTH) * 11
        points, size = 12 * policy["vms"], in_gigabytes(changed)
        text = (
            f"'{policy['name']}' keeps nothing beyond {policy['retention']}: nothing survives a "
            f"problem found after {number(days)} days. A monthly rule of 12 months would add "
            f"{several(points, 'point')} and up to {gigabytes(size)}."
        )
        figures = {"policy": policy["name"], "longestDays": round(days), "addsPoints": points}
        yield _advice(MEDIUM, "retention", text, **figures, addsGB=size)


def _only_long(facts: Facts) -> Iterator[Advice]:
    for policy in facts.used():
        hours = policy["rpoHours"]
        if hours is None or hours <= 49 or not wording.is_weekly(facts.document(policy)):
            continue
        text = (
            f"'{policy['name']}' backs up {policy['schedule']}: a VM that is lost at the worst "
            f"moment loses {number(hours / 24)} days of work. A daily schedule with 7 days of "
            "retention loses one."
        )
        yield _advice(MEDIUM, "retention", text, policy=policy["name"], rpoHours=hours)


def _never_governs(facts: Facts) -> Iterator[Advice]:
    units = {"days": 1.0, "weeks": 7.0, "months": _MONTH, "years": 365.25}
    for policy in facts.used():
        rules = [
            (count * units[unit], count, unit)
            for count, unit in wording.lengths(facts.document(policy))
        ]
        lowest = rules[0]
        for days, count, unit in rules[1:]:
            if days <= lowest[0] and lowest[2] == "days":
                text = (
                    f"'{policy['name']}' keeps points for {count} {unit} that it keeps for "
                    f"{lowest[1]} days anyway: that rule never governs. Take it out, or make it "
                    "longer."
                )
                figures = {
                    "policy": policy["name"],
                    "days": lowest[1],
                    "count": count,
                    "unit": unit,
                }
                yield _advice(LOW, "retention", text, **figures)


def _too_many_points(facts: Facts) -> Iterator[Advice]:
    for policy in facts.used():
        most = sum(rule.most_points for rule in policy_of(facts.document(policy)).rules)
        if most > MOST_POINTS:
            text = (
                f"'{policy['name']}' would keep {number(most)} points of a VM; Azure keeps "
                f"{number(MOST_POINTS)}: the oldest go before their date."
            )
            yield _advice(
                HIGH, "limits", text, policy=policy["name"], points=most, limit=MOST_POINTS
            )


def _snapshot_days(facts: Facts) -> Iterator[Advice]:
    for policy in facts.used():
        days, stored = policy["snapshotDays"], policy["snapshotGB"]
        if days <= 2 or wording.is_weekly(facts.document(policy)):
            continue  # a weekly Standard policy has five and may have no fewer
        found = facts.sizes[policy["name"]]
        saved = in_gigabytes(found.changed(days) - found.changed(2))
        if saved < max(10, stored / 100):
            continue
        text = (
            f"'{policy['name']}' holds {gigabytes(stored)} of snapshots for {days} days: 2 days "
            f"would save about {gigabytes(saved)}; older points then come from the vault, slower."
        )
        figures = {"policy": policy["name"], "days": days, "snapshotGB": stored, "savesGB": saved}
        yield _advice(LOW, "snapshots", text, **figures)


# --- review ------------------------------------------------------------------------------------


def _edits(facts: Facts) -> Iterator[Advice]:
    for edit in facts.report["edits"]:
        if not edit["points"] and not edit["laterPoints"]:
            continue
        lost = listed(
            [
                f"{number(rule['points'])} {rule['rule'].lower()} ones "
                f"({rule['oldest'][:10]} to {rule['newest'][:10]})"
                for rule in edit["rules"]
            ]
        )
        text = (
            f"The edit of '{edit['policy']}' on {edit['at'][:10]} deletes "
            f"{several(edit['points'], 'point')}: {lost or 'none at once'}. Nothing brings them "
            f"back. It frees {gigabytes(edit['snapshotGB'])} of snapshots and "
            f"{gigabytes(edit['vaultGB'])} of the vault, where newer points take over the rest."
        )
        if edit["laterPoints"]:
            text += f" {number(edit['laterPoints'])} more go once there is a newer backup."
        figures = {
            name: edit[name] for name in ("policy", "at", "points", "laterPoints", "vaultGB")
        }
        yield _advice(HIGH, "edit", text, **figures)


def _troubles(facts: Facts) -> Iterator[Advice]:
    for policy in facts.used():
        figures = {"policy": policy["name"], "backups": policy["backups"]}
        if policy["failed"]:
            text = (
                f"{number(policy['failed'])} of {number(policy['backups'])} backups of "
                f"'{policy['name']}' fail: the VM is gone, or busy with the one before."
            )
            yield _advice(HIGH, "failed", text, **figures, failed=policy["failed"])
        record = facts.record(policy)
        late = policy["transfersSkipped"]
        if late and not wording.is_hourly(facts.document(policy)):
            text = (
                f"{several(late, 'backup')} of '{policy['name']}' stay out of the vault, as the "
                f"transfer before still runs; {number(record.vaulted)} of "
                f"{number(policy['backups'])} get there."
            )
            yield _advice(MEDIUM, "skipped", text, **figures, skipped=late)


def _summer(facts: Facts) -> Iterator[Advice]:
    if not _has_summer(facts):
        return
    times = {
        policy["name"]: sorted(facts.record(policy).times)
        for policy in facts.used()
        if not wording.is_hourly(facts.document(policy)) and not policy["startsInPeak"]
    }
    shifted = {name: found for name, found in times.items() if len(found) == 2}
    if shifted:
        shown = [f"'{name}' at {' or '.join(found)}" for name, found in shifted.items()]
        text = (
            f"Schedules keep standard time all year, so by your clocks they start at two times: "
            f"{listed(shown)}."
        )
        yield _advice(LOW, "summerTime", text, times=shifted)


def _growth(facts: Facts) -> Iterator[Advice]:
    series = facts.report["series"]
    last = series[-1]["vaultGB"]
    before = series[len(series) * 3 // 4]
    days = max((_longest_days(facts.document(policy)) for policy in facts.used()), default=0.0)
    planned = (facts.plan.end - facts.plan.start) / DAY
    growth = last - before["vaultGB"]
    if planned >= days - 7 or growth < last / 100:
        return
    years = -(-round(days / 365.25, 1) // 1)
    text = (
        f"The vault still grows at the end: {gigabytes(last)}, {gigabytes(growth)} more than on "
        f"{before['at'][:10]}. Retention goes on for {number(years)} years: look again then, or "
        f"plan with --horizon P{number(min(years, 30))}Y."
    )
    yield _advice(LOW, "review", text, vaultGB=last, growthGB=round(growth, 1), years=years)


def _peak(facts: Facts) -> str:
    peak = facts.plan.peak
    return f"your peak hours ({peak.shown} {days_in_words(peak.days)})"


def _start(facts: Facts, policy: Mapping[str, Any]) -> int:
    """Return a policy's first time of day, as it stands in it."""
    return policy_of(facts.document(policy)).times[0]


def _has_summer(facts: Facts) -> bool:
    zone, start = facts.plan.time_zone, facts.plan.start
    last = min(facts.plan.end, start + 366 * DAY)
    offsets = {to_local(at, zone) - at for at in range(start, last, 7 * DAY)}
    return len(offsets) > 1


_LOOKS: tuple[Callable[[Facts], Iterator[Advice]], ...] = (
    _edits,
    _unprotected,
    _troubles,
    _starts_in_peak,
    _limits,
    _too_many_points,
    _runs_into_peak,
    _crowds,
    _meetings,
    _twins,
    _only_short,
    _only_long,
    _first_backups,
    _never_governs,
    _snapshot_days,
    _summer,
    _unused,
    _growth,
)
