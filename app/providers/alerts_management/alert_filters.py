"""What a list of alerts, and their summary, can be asked for; everything else is refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, true

from ...arm.calls import Call
from ...domain import alerts as table
from ...domain import scopes
from ...domain.alerts import AlertState, Condition
from ...domain.errors import Refused, invalid
from ...domain.instants import parse
from ...store.alert_tables import alerts

FILTERS = (
    "targetResource",
    "targetResourceType",
    "targetResourceGroup",
    "monitorService",
    "monitorCondition",
    "severity",
    "alertState",
    "alertRule",
    "timeRange",
    "customTimeRange",
)
BOOLEANS = ("true", "false")


def wrong(name: str, sent: str, allowed: str) -> Refused:
    """Return the refusal of a parameter's value."""
    return invalid("BadRequest", f"{name}: '{sent}' is not allowed; {allowed}", target=name)


def one_of(call: Call, name: str, allowed: Collection[str]) -> str | None:
    """Return a parameter's word in its canonical spelling, if it is there. Raises ``Refused``."""
    sent = call.query.get(name.lower())
    if not sent:
        return None
    by_folded = {each.lower(): each for each in allowed}
    found = by_folded.get(sent.lower())
    if found is None:
        raise wrong(name, sent, f"send one of {', '.join(allowed)}")
    return found


def scope_of(call: Call) -> scopes.Scope:
    """Return the scope that alerts are asked for at. Raises ``Refused``."""
    sent = call.path["scope"]
    scope = scopes.read(sent)
    if scope is None or scope.subscription is None:
        raise wrong(
            "scope", f"/{sent}", "send the id of a subscription, a resource group or a resource"
        )
    return scope


def matching(call: Call) -> ColumnElement[bool]:
    """Return the condition of what a request asks for, at its scope. Raises ``Refused``."""
    scope = scope_of(call)
    target = alerts.c.target_folded
    terms = [alerts.c.subscription == scope.subscription, _within_time(call)]
    if scope.group is not None:
        terms.append(_at_or_below(scope.folded))
    sent = call.query
    if resource := sent.get("targetresource"):
        terms.append(target == resource.rstrip("/").lower())
    if kind := sent.get("targetresourcetype"):
        terms.append(true() if kind.lower() == table.TARGET_TYPE else false())
    if group := sent.get("targetresourcegroup"):
        name = group.rstrip("/").rpartition("/")[2]
        terms.append(_at_or_below(f"/subscriptions/{scope.subscription}/resourcegroups/{name}"))
    service = one_of(call, "monitorService", table.MONITOR_SERVICES)
    if service is not None and service != table.MONITOR_SERVICE:
        terms.append(false())
    if condition := one_of(call, "monitorCondition", Condition.ALL):
        terms.append(alerts.c.condition == condition)
    if severity := one_of(call, "severity", table.SEVERITIES):
        terms.append(alerts.c.severity == int(severity[-1]))
    if state := one_of(call, "alertState", AlertState.ALL):
        terms.append(alerts.c.state == state)
    if rule := sent.get("alertrule"):
        known = {each.lower(): each for each in table.RULES}
        terms.append(alerts.c.rule == known.get(rule.lower(), rule))
    return and_(*terms)


def _at_or_below(scope: str) -> ColumnElement[bool]:
    folded = scope.lower()
    column = alerts.c.target_folded
    # The character after the slash ends all that begins with the scope and a slash.
    return or_(column == folded, and_(column > f"{folded}/", column < f"{folded}0"))


def _within_time(call: Call) -> ColumnElement[bool]:
    """Return the condition of the time asked for: of the last day, unless another is."""
    chosen = one_of(call, "timeRange", table.TIME_RANGES)
    custom = call.query.get("customtimerange")
    if custom and chosen:
        raise wrong("customTimeRange", custom, "send either timeRange or customTimeRange")
    if custom:
        start, end = _span(custom)
        earliest = call.now - table.KEPT
        if start < earliest:
            raise wrong("customTimeRange", custom, "it has to be within the last 30 days")
        return and_(alerts.c.fired_at >= start, alerts.c.fired_at <= end)
    length = table.TIME_RANGES[chosen or table.DEFAULT_TIME_RANGE]
    return alerts.c.fired_at > call.now - length


def _span(sent: str) -> tuple[int, int]:
    first, _, last = sent.partition("/")
    try:
        start, end = parse(first), parse(last)
    except ValueError:
        end, start = 0, 1
    if start > end:
        raise wrong(
            "customTimeRange",
            sent,
            "send <start>/<end>, such as 2026-01-01T00:00:00Z/2026-01-02T00:00:00Z",
        )
    return start, end


def selected(call: Call, known: Mapping[str, Any] | Collection[str]) -> list[str] | None:
    """Return which of the essentials are wanted, or ``None`` for all. Raises ``Refused``."""
    sent = call.query.get("select")
    if not sent:
        return None
    by_folded = {each.lower(): each for each in known}
    wanted = [each.strip().lower() for each in sent.split(",")]
    unknown = [each for each in wanted if each not in by_folded]
    if unknown:
        raise wrong("select", sent, f"send some of {','.join(known)}")
    return [by_folded[each] for each in wanted]
