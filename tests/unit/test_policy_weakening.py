"""What makes a policy weaker, of every kind of policy: values in, the fields that get worse out."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.policy_documents import policy
from app.domain.policy_weakening import weakened

AT = "2026-01-01T22:00:00Z"
DAILY = {
    "schedulePolicyType": "SimpleSchedulePolicy",
    "scheduleRunFrequency": "Daily",
    "scheduleRunTimes": [AT],
}
LOG = {"schedulePolicyType": "LogSchedulePolicy", "scheduleFrequencyInMins": 15}


def weekly(*days: str) -> dict[str, Any]:
    return DAILY | {"scheduleRunFrequency": "Weekly", "scheduleRunDays": list(days)}


def kept(count: int, unit: str = "Days", **more: Any) -> dict[str, Any]:
    return {"retentionDuration": {"count": count, "durationType": unit}, **more}


def long_term(days: int) -> dict[str, Any]:
    return {
        "retentionPolicyType": "LongTermRetentionPolicy",
        "dailySchedule": kept(days, retentionTimes=[AT]),
    }


def share(days: int, **more: Any) -> dict[str, Any]:
    return {
        "backupManagementType": "AzureStorage",
        "workLoadType": "AzureFileShare",
        "schedulePolicy": DAILY,
        **({} if "vaultRetentionPolicy" in more else {"retentionPolicy": long_term(days)}),
        **more,
    }


def vaulted(snapshots: int, days: int) -> dict[str, Any]:
    both = {"snapshotRetentionInDays": snapshots, "vaultRetention": long_term(days)}
    return share(days, vaultRetentionPolicy=both)


def database(
    days: int, minutes: int = 15, log_days: int = 10, differential: int | None = None
) -> dict[str, Any]:
    simple = {"retentionPolicyType": "SimpleRetentionPolicy"}
    full: dict[str, Any] = {"policyType": "Full", "schedulePolicy": DAILY}
    parts = [
        full | {"retentionPolicy": long_term(days)},
        {
            "policyType": "Log",
            "schedulePolicy": LOG | {"scheduleFrequencyInMins": minutes},
            "retentionPolicy": simple | kept(log_days),
        },
    ]
    if differential is not None:
        weeks = {"daysOfTheWeek": ["Sunday"], "retentionTimes": [AT]}
        parts[0] = full | {
            "schedulePolicy": weekly("Sunday"),
            "retentionPolicy": {
                "retentionPolicyType": "LongTermRetentionPolicy",
                "weeklySchedule": kept(days, "Weeks", **weeks),
            },
        }
        parts.append(
            {
                "policyType": "Differential",
                "schedulePolicy": weekly("Wednesday"),
                "retentionPolicy": simple | kept(differential),
            }
        )
    return {
        "backupManagementType": "AzureWorkload",
        "workLoadType": "SQLDataBase",
        "settings": {"timeZone": "UTC"},
        "subProtectionPolicy": parts,
    }


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        (share(30), share(31), []),
        (share(30), share(29), ["retentionPolicy.dailySchedule"]),
        (vaulted(5, 30), vaulted(5, 30), []),
        (vaulted(5, 30), vaulted(4, 30), ["vaultRetentionPolicy.snapshotRetentionInDays"]),
        (vaulted(5, 30), vaulted(5, 29), ["retentionPolicy.dailySchedule"]),
        (database(30), database(31), []),
        (database(30), database(29), ["subProtectionPolicy.Full.retentionPolicy.dailySchedule"]),
        (database(30), database(30, minutes=30), ["subProtectionPolicy.Log.schedulePolicy"]),
        (database(30), database(30, log_days=9), ["subProtectionPolicy.Log.retentionPolicy"]),
        (
            database(30, differential=20),
            database(30, differential=19),
            ["subProtectionPolicy.Differential.retentionPolicy"],
        ),
        (
            database(4, differential=20),
            database(40),
            [
                "subProtectionPolicy.Differential.policyType",
                "subProtectionPolicy.Full.retentionPolicy.weeklySchedule",
            ],
        ),
    ],
)
def test_what_gets_worse_is_named(
    before: dict[str, Any], after: dict[str, Any], worse: list[str]
) -> None:
    assert sorted(weakened(_stored(before), _stored(after))) == worse


def _stored(sent: dict[str, Any]) -> dict[str, Any]:
    return policy("policy-1", sent, None, 0)
