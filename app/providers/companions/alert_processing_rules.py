"""Alert processing rules: which alerts which action groups are told of, or are not.

What a rule does with an alert is ``domain/alert_processing.py``'s.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, time
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Row

from ...arm.bodies import Body
from ...arm.calls import Call
from ...arm.examples import GROUP_ID, VAULT_ID
from ...arm.words import Word
from ...domain import alert_processing, resource_ids, scopes, time_zones
from ...domain.alert_processing import ADD, DAYS, OPERATORS, RECURRENCES, REMOVE_ALL
from ...domain.errors import Refused, invalid, not_emulated
from ...domain.instants import wire
from ...domain.locations import GLOBAL
from ...domain.resource_ids import ACTION_GROUP_TYPE, PROCESSING_RULE_TYPE
from ...store.metadata import Document
from . import links, store
from .disks import WholeNumber
from .store import CompanionType, Write, Written

NAME = re.compile(r"[A-Za-z0-9][\w-]{0,259}", re.ASCII)
NAME_RULE = "1 to 260 letters, digits, '_' or '-', beginning with a letter or digit"
_FIELDS = tuple(alert_processing.FIELDS)
_DAY_TIME = re.compile(r"\d\d:\d\d:\d\d")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?")


class Condition(Body):
    """What an alert has to be: one of the values, or none of them."""

    field: Annotated[
        Literal[
            "Severity",
            "MonitorService",
            "MonitorCondition",
            "SignalType",
            "TargetResourceType",
            "TargetResource",
            "TargetResourceGroup",
            "AlertRuleId",
            "AlertRuleName",
            "Description",
            "AlertContext",
        ],
        Word(*_FIELDS),
    ]
    operator: Annotated[
        Literal["Equals", "NotEquals", "Contains", "DoesNotContain"], Word(*OPERATORS)
    ]
    values: list[Annotated[str, Field(min_length=1, max_length=1000)]] = Field(
        min_length=1, max_length=alert_processing.MOST_VALUES
    )


_Day = Annotated[
    Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    Word(*DAYS),
]


class Recurrence(Body):
    """When a rule holds, again and again."""

    recurrence_type: Annotated[Literal["Daily", "Weekly", "Monthly"], Word(*RECURRENCES)]
    start_time: str | None = Field(default=None, max_length=20, examples=["22:00:00"])
    end_time: str | None = Field(default=None, max_length=20, examples=["04:00:00"])
    days_of_week: list[_Day] | None = Field(default=None, min_length=1, max_length=7)
    days_of_month: list[Annotated[WholeNumber, Field(ge=1, le=31)]] | None = Field(
        default=None, min_length=1, max_length=31
    )


class Schedule(Body):
    """When a rule holds, by the clocks on the wall of a time zone."""

    effective_from: str | None = Field(default=None, max_length=40)
    effective_until: str | None = Field(default=None, max_length=40)
    time_zone: str | None = Field(default=None, max_length=100)
    recurrences: list[Recurrence] | None = Field(default=None, max_length=100)


class Action(Body):
    """What a rule does: add action groups, or remove them all."""

    action_type: Annotated[
        Literal["AddActionGroups", "RemoveAllActionGroups"], Word(ADD, REMOVE_ALL)
    ]
    action_group_ids: list[str] | None = Field(default=None, max_length=100)


class ProcessingRuleProperties(Body):
    """What an alert processing rule can be told."""

    scopes: list[str] | None = Field(default=None, max_length=100)
    conditions: list[Condition] | None = Field(default=None, max_length=50)
    schedule: Schedule | None = None
    actions: list[Action] | None = Field(default=None, max_length=10)
    description: str | None = Field(default=None, max_length=2000)
    enabled: bool = True
    type: str | None = Field(
        default=None, description="Of action rules of 2019, which are not emulated"
    )


class ProcessingRuleBody(Body):
    """An alert processing rule to create or to replace."""

    EXAMPLE = {
        "location": "Global",
        "properties": {
            "scopes": [VAULT_ID],
            "conditions": [
                {"field": "MonitorService", "operator": "Equals", "values": ["Azure Backup"]}
            ],
            "actions": [
                {
                    "actionType": ADD,
                    "actionGroupIds": [f"{GROUP_ID}/providers/{ACTION_GROUP_TYPE}/oncall-1"],
                }
            ],
            "enabled": True,
        },
    }

    location: str | None = Field(default=None, max_length=90, examples=["Global"])
    tags: dict[str, str] | None = None
    properties: ProcessingRuleProperties = Field(default_factory=ProcessingRuleProperties)


class ProcessingRulePatchProperties(Body):
    """Whether a rule holds at all: all that a PATCH may change beside the tags."""

    enabled: bool | None = None


class ProcessingRulePatch(Body):
    """What to change of an alert processing rule."""

    EXAMPLE = {"tags": {"env": "test"}, "properties": {"enabled": True}}

    tags: dict[str, str] | None = None
    properties: ProcessingRulePatchProperties = Field(default_factory=ProcessingRulePatchProperties)


# --- how it is written -------------------------------------------------------------------


def _write(write: Write) -> Written:
    properties = write.wanted["properties"]
    if "type" in properties:
        raise not_emulated(
            "properties.type", "action rules of 2019-05-05-preview; use api-version 2021-08-08"
        )
    if write.location != GLOBAL:
        raise _wrong("location", f"'{write.location}' is not 'Global', where all rules are")
    _check_scopes(write, properties.get("scopes", []))
    for at, condition in enumerate(properties.get("conditions", ())):
        _check_condition(f"properties.conditions.{at}", condition)
    _check_actions(properties.get("actions", []))
    schedule = _checked_schedule(properties.get("schedule"))
    own = {} if schedule is None else {"schedule": schedule}
    return Written(write.wanted | {"properties": properties | own}, {})


def _check_scopes(write: Write, sent: Sequence[str]) -> None:
    if not sent:
        raise _wrong("properties.scopes", "at least one scope is required")
    for at, each in enumerate(sent):
        field = f"properties.scopes.{at}"
        scope = scopes.read(each)
        if scope is None or scope.subscription is None:
            raise _wrong(field, f"'{each}' is the id of no subscription, group or resource")
        if scope.subscription != write.call.subscription.lower():
            raise _wrong(field, f"'{each}' lies in another subscription than the rule")


def _check_condition(field: str, condition: Document) -> None:
    operators, values = alert_processing.FIELDS[condition["field"]]
    operator = condition["operator"]
    if operator not in operators:
        raise _wrong(
            f"{field}.operator",
            f"'{operator}' cannot be used with {condition['field']}: "
            f"it has {' and '.join(operators)}",
        )
    known = {each.lower(): each for each in values}
    if not known:
        return
    for at, each in enumerate(condition["values"]):
        if each.lower() not in known:
            raise _wrong(
                f"{field}.values.{at}",
                f"'{each}' is no {condition['field']}; allowed: {', '.join(values)}",
            )


def _check_actions(actions: Sequence[Document]) -> None:
    if not actions:
        raise _wrong("properties.actions", "at least one action is required")
    for at, action in enumerate(actions):
        field = f"properties.actions.{at}.actionGroupIds"
        named = action.get("actionGroupIds", [])
        if action["actionType"] == REMOVE_ALL:
            continue
        if not named:
            raise _wrong(field, f"at least one action group is required for {ADD}")
        for each in named:
            parsed = resource_ids.parse(each)
            if parsed is None or parsed.type.lower() != ACTION_GROUP_TYPE.lower():
                raise links.invalid_linked_id(each, field, ACTION_GROUP_TYPE)


def _checked_schedule(schedule: Document | None) -> Document | None:
    """Return a schedule in the spelling that is kept. Raises ``Refused``."""
    if schedule is None:
        return None
    field = "properties.schedule"
    zone = schedule.get("timeZone", "UTC")
    spelled = time_zones.canonical(zone)
    if spelled is None:
        raise _wrong(f"{field}.timeZone", time_zones.is_unknown(zone))
    ends = {
        name: _date_time(f"{field}.{name}", schedule[name])
        for name in ("effectiveFrom", "effectiveUntil")
        if name in schedule
    }
    if len(ends) == 2 and ends["effectiveFrom"] >= ends["effectiveUntil"]:
        raise _wrong(f"{field}.effectiveUntil", "it must be later than effectiveFrom")
    recurrences = schedule.get("recurrences", [])
    for at, each in enumerate(recurrences):
        _check_recurrence(f"{field}.recurrences.{at}", each)
    return schedule | {"timeZone": spelled}


def _check_recurrence(field: str, recurrence: Document) -> None:
    kind = recurrence["recurrenceType"]
    times = [name for name in ("startTime", "endTime") if name in recurrence]
    if kind == "Daily" and len(times) != 2:
        raise _wrong(field, "a Daily recurrence has a startTime and an endTime")
    if len(times) == 1:
        raise _wrong(field, "startTime and endTime go together")
    for name in times:
        _check_day_time(f"{field}.{name}", recurrence[name])
    if times and recurrence["startTime"] == recurrence["endTime"]:
        raise _wrong(f"{field}.endTime", "it is the startTime; leave both out for whole days")
    days = {"Weekly": "daysOfWeek", "Monthly": "daysOfMonth"}
    for each, listed in days.items():
        if (kind == each) != (listed in recurrence):
            told = "is required" if kind == each else "is not allowed"
            raise _wrong(f"{field}.{listed}", f"it {told} in a {kind} recurrence")


def _check_day_time(field: str, sent: str) -> None:
    try:
        right = _DAY_TIME.fullmatch(sent) is not None and time.fromisoformat(sent) is not None
    except ValueError:
        right = False
    if not right:
        raise _wrong(field, f"'{sent}' is no time of day such as 22:00:00")


def _date_time(field: str, sent: str) -> datetime:
    try:
        match = _DATE_TIME.fullmatch(sent)
        if match is None:
            raise ValueError(sent)
        return datetime.fromisoformat(sent)
    except ValueError:
        raise _wrong(
            field, f"'{sent}' is no date and time without a zone, such as 2026-01-31T22:00:00"
        ) from None


def _wrong(field: str, message: str) -> Refused:
    return invalid("BadRequest", f"{field}: {message}.", target=field)


# --- how it looks ------------------------------------------------------------------------


def _render(_call: Call, found: Sequence[Row[Any]]) -> list[Document]:
    return [_render_one(row) for row in found]


def _render_one(rule: Row[Any]) -> Document:
    stamps = {
        "createdAt": wire(rule.created_at),
        "lastModifiedAt": wire(rule.changed_at),
    }
    shown = store.envelope(PROCESSING_RULES, rule) | {"location": "Global"}
    return shown | {"properties": rule.document["properties"], "systemData": stamps}


PROCESSING_RULES = CompanionType(
    type_name=PROCESSING_RULE_TYPE,
    operations="AlertProcessingRules",
    parameter="alertProcessingRuleName",
    tag="Alert processing rules",
    name_pattern=NAME,
    name_rule=NAME_RULE,
    name_code="InvalidResourceName",
    body=ProcessingRuleBody,
    patch=ProcessingRulePatch,
    write=_write,
    render=_render,
    get="GetByName",
    list_in_group="ListByResourceGroup",
    list_all="ListBySubscription",
    replaces=True,
    everywhere=True,
)

ENDPOINTS = store.endpoints(PROCESSING_RULES)
