"""What the tests of plans are made of: policies as a client PUTs them, and plans around them."""

from __future__ import annotations

from typing import Any

from app.domain.instants import parse
from app.engine.rules import Rules
from app.main import read_policy
from app.planning import documents, reports
from app.planning.plans import Plan

START = "2026-01-01T00:00:00Z"
"""A Thursday."""

Document = dict[str, Any]


def kept(count: int, unit: str, at: str = "22:00") -> Document:
    duration = {"count": count, "durationType": unit}
    return {"retentionTimes": [f"2026-01-01T{at}:00Z"], "retentionDuration": duration}


def first_sunday(count: int, unit: str, at: str = "22:00", **more: Any) -> Document:
    days = {"daysOfTheWeek": ["Sunday"], "weeksOfTheMonth": ["First"]}
    by_week = {"retentionScheduleFormatType": "Weekly", "retentionScheduleWeekly": days}
    return {**by_week, **kept(count, unit, at), **more}


def daily(days: int = 7, at: str = "22:00", more: Document | None = None) -> Document:
    """Return a daily Standard policy; ``more`` are further categories of its retention."""
    return {
        "backupManagementType": "AzureIaasVM",
        "schedulePolicy": {
            "schedulePolicyType": "SimpleSchedulePolicy",
            "scheduleRunFrequency": "Daily",
            "scheduleRunTimes": [f"2026-01-01T{at}:00Z"],
        },
        "retentionPolicy": {
            "retentionPolicyType": "LongTermRetentionPolicy",
            "dailySchedule": kept(days, "Days", at),
            **(more or {}),
        },
        "instantRpRetentionRangeInDays": 2,
    }


def weekly(weeks: int, *days: str) -> Document:
    """Return a weekly Standard policy."""
    body = daily()
    body["schedulePolicy"]["scheduleRunFrequency"] = "Weekly"
    body["schedulePolicy"]["scheduleRunDays"] = list(days)
    body["retentionPolicy"] = {
        "retentionPolicyType": "LongTermRetentionPolicy",
        "weeklySchedule": {"daysOfTheWeek": list(days), **kept(weeks, "Weeks")},
    }
    body["instantRpRetentionRangeInDays"] = 5
    return body


def hourly(interval: int, hours: int, days: int = 7, at: str = "08:00") -> Document:
    """Return an hourly Enhanced policy."""
    return {
        "backupManagementType": "AzureIaasVM",
        "policyType": "V2",
        "schedulePolicy": {
            "schedulePolicyType": "SimpleSchedulePolicyV2",
            "scheduleRunFrequency": "Hourly",
            "hourlySchedule": {
                "interval": interval,
                "scheduleWindowStartTime": f"2026-01-01T{at}:00Z",
                "scheduleWindowDuration": hours,
            },
        },
        "retentionPolicy": {
            "retentionPolicyType": "LongTermRetentionPolicy",
            "dailySchedule": kept(days, "Days", at),
        },
        "instantRpRetentionRangeInDays": 2,
    }


def document(*policies: Document, count: int = 1, **more: Any) -> Document:
    """Return a plan of policies named p1, p2, ..., each with so many VMs of 100 GB."""
    named = {f"p{number}x": body for number, body in enumerate(policies, start=1)}
    return {
        "policies": [{"name": name, "properties": body} for name, body in named.items()],
        "groups": [
            {
                "policy": name,
                "count": count,
                "diskSizesGB": [100],
                "usedPercent": 50,
                "churnPercentPerDay": 2,
            }
            for name in named
        ],
        "start": START,
        **more,
    }


def plan(given: Document) -> Plan:
    return documents.read(given, read_policy, parse(START))


def report(given: Document) -> Document:
    """Live through a plan and return its report."""
    return reports.of_plan(plan(given), Rules())


def at(found: Document, day: str) -> Document:
    """Return the sample of a day."""
    sample: Document
    (sample,) = [each for each in found["series"] if each["at"].startswith(day)]
    return sample


def advice(found: Document, about: str) -> list[Document]:
    return [each for each in found["advice"] if each["about"] == about]
