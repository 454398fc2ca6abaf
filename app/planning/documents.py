"""Reading a plan: the one place that knows what may stand in it, and says what is wrong.

A refusal names the place as a path such as ``groups[1].count``, the reason, and what was
probably meant. What a policy may say is not decided here but by the code that a PUT runs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..domain import time_zones
from ..domain.documents import Document
from ..domain.errors import Refused, invalid, not_emulated
from ..domain.instants import (
    DAY,
    HOUR,
    LATEST,
    MINUTE,
    Duration,
    after,
    parse,
    parse_duration,
    wire,
)
from ..domain.limits import DATA_DISKS, DISK_SIZE, POLICIES
from ..domain.policy_documents import READERS, VM_KIND
from ..domain.retention_rules import WEEKDAYS
from ..domain.spelling import nearest
from .plans import Edit, Group, Peak, Plan, ReadPolicy

LONGEST_YEARS = 30
DEFAULT_HORIZON = "P1Y"
DEFAULT_HOURS = "09:00-17:00"
DEFAULT_DAYS = WEEKDAYS[:5]
MOST_VMS = 100_000
MOST_POLICIES = POLICIES.value
MOST_EDITS = 100
MOST_DISKS = DATA_DISKS.value + 1
LARGEST_DISK = DISK_SIZE.value * 1024
"""GB."""

PLAN = ("policies", "groups", "edits", "peak", "timeZone", "start", "horizon", "sample", "vault")
POLICY = ("name", "properties")
SHOWN_WITH_A_POLICY = ("id", "type", "eTag", "location", "tags", "resourceGroup")
"""What ``az backup policy show`` prints besides; it says nothing to a plan."""
GROUP = ("policy", "count", "diskSizesGB", "name", "usedPercent", "churnPercentPerDay")
EDIT = ("policy", "at", "after", "properties")
PEAK = ("hours", "days", "timeZone")

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*-\s*([01]\d|2[0-4]):([0-5]\d)", re.ASCII)


def wrong(place: str, reason: str) -> Refused:
    """Refuse a plan because of what stands at a place."""
    return invalid("InvalidPlan", f"{place}: {reason}", target=place)


@dataclass(frozen=True, slots=True)
class _Part:
    """An object of the document and where it stands."""

    value: Mapping[str, Any]
    place: str

    def at(self, name: str) -> str:
        return f"{self.place}.{name}" if self.place else name

    def text(self, name: str) -> str | None:
        value = self.value.get(name)
        if value is not None and not isinstance(value, str):
            raise wrong(self.at(name), f"{value!r} is not a text; put it in quotes")
        return value

    def whole(self, name: str, low: int, high: int) -> int | None:
        value = self.value.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise wrong(self.at(name), f"{value!r} is not a whole number from {low} to {high}")
        return value

    def number(self, name: str, low: float, high: float) -> float | None:
        value = self.value.get(name)
        if value is None:
            return None
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        if not fits or not low <= value <= high:
            raise wrong(self.at(name), f"{value!r} is not a number from {low} to {high}")
        return float(value)

    def parts(
        self, name: str, known: Sequence[str], most: int, ignored: Sequence[str] = ()
    ) -> list[_Part]:
        """Return the objects of a list, none if it is left out."""
        value = self.value.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise wrong(self.at(name), "must be a list")
        if len(value) > most:
            raise wrong(self.at(name), f"has {len(value)} entries; at most {most} are allowed")
        return [
            part(each, f"{self.at(name)}[{number}]", known, ignored)
            for number, each in enumerate(value)
        ]


def part(value: Any, place: str, known: Sequence[str], ignored: Sequence[str] = ()) -> _Part:
    """Return an object whose every key is known. Raises ``Refused``."""
    if not isinstance(value, Mapping):
        raise wrong(place or "(plan)", f"must be an object with {', '.join(known)}")
    found = _Part(value, place)
    for name in value:
        if name not in known and name not in ignored:
            raise wrong(found.at(str(name)), f"is not known{nearest(str(name), known)}")
    return found


def top(document: Any) -> _Part:
    """Return the plan's outermost object. Raises ``Refused``."""
    return part(document, "", PLAN)


def read(document: Any, read_policy: ReadPolicy, now: int) -> Plan:
    """Return the plan that a document of policies and VM groups describes. Raises ``Refused``."""
    whole = top(document)
    start, end = span(whole, now)
    policies = _policies(whole, read_policy, start)
    groups = _groups(whole, list(policies))
    return Plan(
        start=start,
        end=end,
        time_zone=zone_of(whole, policies),
        peak=peak_of(whole, policies),
        policies=policies,
        groups=groups,
        edits=edits_of(whole, policies, read_policy, start, end),
        sample=whole.whole("sample", 1, MOST_VMS),
    )


# --- when --------------------------------------------------------------------------------------


def span(whole: _Part, now: int) -> tuple[int, int]:
    """Return the first and the last instant of a plan. Raises ``Refused``."""
    start = _instant(whole, "start")
    start = now if start is None else start
    horizon = _duration(whole, "horizon", whole.text("horizon") or DEFAULT_HORIZON)
    end = after(start, horizon)
    if not start < end <= after(start, parse_duration(f"P{LONGEST_YEARS}Y")):
        shown = whole.text("horizon")
        raise wrong("horizon", f"'{shown}' is out of range; allowed: over 0, to P{LONGEST_YEARS}Y")
    if start < 0 or end > LATEST - 2 * DAY:
        raise wrong("start", f"{wire(start)} is out of range; allowed: the years 1970 to 9969")
    return start, end


def _instant(place: _Part, name: str) -> int | None:
    text = place.text(name)
    if text is None:
        return None
    try:
        return parse(f"{text}T00:00:00Z" if len(text) == len("2026-01-01") else text)
    except ValueError:
        reason = f"'{text}' is not a date or an instant such as 2026-01-31T22:00:00Z"
        raise wrong(place.at(name), reason) from None


def _duration(place: _Part, name: str, text: str) -> Duration:
    try:
        return parse_duration(text)
    except ValueError:
        reason = f"'{text}' is not an ISO 8601 duration such as P1Y, P6M or P90D"
        raise wrong(place.at(name), reason) from None


def zone_of(whole: _Part, policies: Mapping[str, Document]) -> str:
    """Return the time zone that people live in: theirs, or the one that all policies share."""
    asked = whole.text("timeZone")
    if asked is not None:
        return _zone(asked, "timeZone")
    shared = {document["timeZone"] for document in policies.values()}
    return shared.pop() if len(shared) == 1 else "UTC"


def _zone(asked: str, place: str) -> str:
    name = time_zones.canonical(asked)
    if name is None:
        raise wrong(place, time_zones.is_unknown(asked))
    return name


def peak_of(whole: _Part, policies: Mapping[str, Document]) -> Peak:
    """Return the peak hours, those of an office if none are given. Raises ``Refused``."""
    zone = zone_of(whole, policies)
    given = whole.value.get("peak")
    if isinstance(given, str):
        given = {"hours": given}
    peak = part({} if given is None else given, "peak", PEAK)
    asked = peak.text("timeZone")
    text = peak.text("hours") or DEFAULT_HOURS
    match = _HOURS.fullmatch(text.strip())
    hours = [int(each) for each in match.groups()] if match else []
    start, end = (
        (hours[0] * HOUR + hours[1] * MINUTE, hours[2] * HOUR + hours[3] * MINUTE)
        if hours
        else (0, 0)
    )
    if start == end or end > DAY:
        raise wrong("peak.hours", f"'{text}' is not a span of hours such as {DEFAULT_HOURS}")
    days = _days(peak)
    return Peak(start, end, days, zone if asked is None else _zone(asked, "peak.timeZone"))


def _days(peak: _Part) -> tuple[str, ...]:
    days = peak.value.get("days")
    if days is None:
        return DEFAULT_DAYS
    if not isinstance(days, list) or not days:
        raise wrong("peak.days", f"must be a list of days such as {WEEKDAYS[0]}")
    for number, day in enumerate(days):
        if day not in WEEKDAYS:
            hint = nearest(str(day), WEEKDAYS)
            raise wrong(f"peak.days[{number}]", f"{day!r} is not a day of the week{hint}")
    return tuple(day for day in WEEKDAYS if day in days)


# --- what --------------------------------------------------------------------------------------


def _policies(whole: _Part, read_policy: ReadPolicy, start: int) -> dict[str, Document]:
    found: dict[str, Document] = {}
    listed = whole.parts("policies", POLICY, MOST_POLICIES, SHOWN_WITH_A_POLICY)
    if not listed:
        raise wrong("policies", "is empty; a plan needs a policy, or the id of a 'vault'")
    for each in listed:
        name = each.text("name")
        if name is None:
            raise wrong(each.at("name"), "is required")
        if name.lower() in (known.lower() for known in found):
            raise wrong(each.at("name"), f"'{name}' is the name of another policy too")
        found[name] = _document(each, name, None, read_policy, start)
    return found


def _document(
    each: _Part, name: str, stored: Document | None, read_policy: ReadPolicy, now: int
) -> Document:
    """Return the document of a policy's body; a refusal is Azure's, with the policy's name."""
    body = each.value.get("properties")
    if not isinstance(body, Mapping):
        raise wrong(each.at("properties"), "must be an object: the policy as Azure has it")
    try:
        _check_kind(body.get("backupManagementType"))
        return read_policy(name, {"properties": body}, stored, now)
    except Refused as refusal:
        field = refusal.target or "properties"
        place = each.at("name" if field == "policyName" else field)
        message = f"{each.place} '{name}': {refusal.message}"
        raise Refused(refusal.kind, refusal.code, message, target=place) from None


def _check_kind(kind: Any) -> None:
    """Refuse the policies that a vault has for other things than VMs: they are not planned."""
    for other in READERS:
        if other != VM_KIND and isinstance(kind, str) and kind.lower() == other.lower():
            raise not_emulated("properties.backupManagementType", f"plans of {other} policies")


def _groups(whole: _Part, policies: Sequence[str]) -> tuple[Group, ...]:
    listed = whole.parts("groups", GROUP, MOST_VMS)
    if not listed:
        raise wrong("groups", "is empty; a plan needs VMs, such as {policy: daily, count: 5}")
    groups = tuple(_group(each, number, policies) for number, each in enumerate(listed))
    if sum(group.count for group in groups) > MOST_VMS:
        raise wrong("groups", f"have more than {MOST_VMS} VMs; use fewer, or several plans")
    _refuse_shared_names(groups)
    return groups


def _group(each: _Part, number: int, policies: Sequence[str]) -> Group:
    count = each.whole("count", 1, MOST_VMS)
    if count is None:
        raise wrong(each.at("count"), "is required: how many VMs")
    policy = each.text("policy")
    name = each.text("name") or f"{policy or 'vm'}-{number + 1}-{{n}}"
    if "{n}" not in name:
        if count > 1:
            raise wrong(each.at("name"), f"'{name}' needs {{n}} for the number of the VM")
        name = name.replace("{", "").replace("}", "")
    return Group(
        policy=_known_policy(each, policy, policies),
        count=count,
        disk_sizes=_disk_sizes(each),
        name=name,
        used_percent=each.whole("usedPercent", 1, 100),
        churn_percent=each.number("churnPercentPerDay", 0, 100),
    )


def _known_policy(each: _Part, policy: str | None, policies: Sequence[str]) -> str | None:
    """Return a policy's name as it is spelled where it stands. Raises ``Refused``."""
    if policy is None:
        return None
    found = next((known for known in policies if known.lower() == policy.lower()), None)
    if found is None:
        hint = nearest(policy, policies)
        raise wrong(each.at("policy"), f"there is no policy '{policy}'{hint}")
    return found


def _disk_sizes(each: _Part) -> tuple[int, ...]:
    sizes = each.value.get("diskSizesGB")
    place = each.at("diskSizesGB")
    if not isinstance(sizes, list) or not 1 <= len(sizes) <= MOST_DISKS:
        raise wrong(place, f"must be a list of 1 to {MOST_DISKS} sizes in GB, the OS disk first")
    return tuple(_size(size, f"{place}[{number}]") for number, size in enumerate(sizes))


def _size(size: Any, place: str) -> int:
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= LARGEST_DISK:
        raise wrong(place, f"{size!r} is not a whole number of GB from 1 to {LARGEST_DISK}")
    return size


def _refuse_shared_names(groups: Sequence[Group]) -> None:
    names: dict[str, int] = {}
    for number, group in enumerate(groups):
        for vm in range(1, group.count + 1):
            name = group.vm(vm).lower()
            if name in names:
                other = f"groups[{names[name]}]"
                raise wrong(f"groups[{number}].name", f"'{group.vm(vm)}' is a VM of {other} too")
            names[name] = number


def edits_of(
    whole: _Part,
    policies: Mapping[str, Document],
    read_policy: ReadPolicy,
    start: int,
    end: int,
) -> tuple[Edit, ...]:
    """Return the edits in the order of their instants, each on what the one before has left."""
    current = dict(policies)
    found = []
    for at, each in sorted(_dated(whole, start, end), key=lambda dated: dated[0]):
        name = _known_policy(each, each.text("policy"), list(current))
        if name is None:
            raise wrong(each.at("policy"), "is required: the policy to edit")
        current[name] = _document(each, name, current[name], read_policy, at)
        found.append(Edit(at, name, current[name]))
    return tuple(found)


def _dated(whole: _Part, start: int, end: int) -> list[tuple[int, _Part]]:
    dated = []
    for each in whole.parts("edits", EDIT, MOST_EDITS):
        at, wait = _instant(each, "at"), each.text("after")
        if (at is None) == (wait is None):
            raise wrong(each.place, "needs one of 'at' (an instant) and 'after' (a duration)")
        if at is None:
            at = after(start, _duration(each, "after", wait or ""))
        if not start <= at < end:
            reason = f"{wire(at)} is not in the plan: {wire(start)} to {wire(end)}"
            raise wrong(each.at("at" if wait is None else "after"), reason)
        dated.append((at, each))
    return dated
