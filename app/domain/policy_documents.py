"""Policy bodies: the rules of Azure Backup's policy validation, and the three default policies.

Almost every refusal is ``BMSUserErrorInvalidPolicyInput``, as Azure's is, and names the field, the
value and the allowed range (azure-backup-semantics 1.2, 1.3, 1.5, 1.8).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from . import ids, snapshot_groups
from .documents import Document
from .errors import invalid_policy_input, not_emulated
from .file_share_documents import file_share_policy
from .instants import DAY, HOUR, wire
from .policies import ENHANCED
from .policy_fields import HALF_HOUR, one_of, time_zone
from .retention_documents import kept_days, long_term
from .schedule_documents import Schedule, instant_days, schedule_of
from .tiering_documents import NO_ARCHIVE, tiering
from .workload_documents import workload_policy

VM_KIND = "AzureIaasVM"
DEFAULT_POLICIES = ("DefaultPolicy", "EnhancedPolicy", "HourlyLogBackup")
_BORN_INSTANT_DAYS = 2
_NAME = re.compile(r"[A-Za-z][-A-Za-z0-9_!]{2,149}")


def check_name(name: str) -> None:
    """Refuse a policy name that Azure would refuse: 3-150 characters, a letter first."""
    if _NAME.fullmatch(name) is None:
        raise invalid_policy_input(
            "policyName",
            f"'{name}' must have 3 to 150 characters, begin with a letter and hold only "
            "letters, digits, '-', '_' and '!'",
        )


def policy(
    name: str, sent: Mapping[str, Any], stored: Mapping[str, Any] | None, now: int
) -> Document:
    """Return the document to store for a policy of any kind in place of ``stored``.

    ``sent`` is the request's properties without nulls. Raises ``Refused``.
    """
    check_name(name)
    field = "properties.backupManagementType"
    asked = sent.get("backupManagementType", "")
    kind = _spelled(asked, READERS)
    if kind is None:
        other = _spelled(asked, NOT_EMULATED)
        if other is not None:
            raise not_emulated(field, f"{other} policies")
        allowed = ", ".join(READERS)
        raise invalid_policy_input(field, f"'{asked}' is not known; allowed: {allowed}")
    if stored is not None and stored["backupManagementType"] != kind:
        raise invalid_policy_input(
            field,
            f"'{name}' is an {stored['backupManagementType']} policy and stays one; send another "
            "policy name",
        )
    return READERS[kind](sent, stored, now)


def _spelled(word: str, known: Mapping[str, Any] | tuple[str, ...]) -> str | None:
    return next((each for each in known if each.lower() == word.lower()), None)


def vm_policy(sent: Mapping[str, Any], stored: Mapping[str, Any] | None, now: int) -> Document:
    """Return the document to store for an AzureIaasVM policy.

    ``sent`` is the request's properties without nulls; ``stored`` is the present document of
    the same policy, whose instant-restore days and tiering stay when the request leaves them out
    (terraform-wire 2.3). Raises ``Refused``.
    """
    if sent.get("instantAccessSnapshotEnabled"):
        raise not_emulated("properties.instantAccessSnapshotEnabled", "instant access snapshots")
    schedule = schedule_of(sent, now)
    if stored is not None and stored["policyType"] != schedule.kind:
        raise invalid_policy_input(
            "properties.policyType",
            f"'{schedule.kind}' is not allowed: this policy is {stored['policyType']} and stays "
            "so; create another one and move its items there",
        )
    retention = long_term(sent, schedule)
    return {
        "backupManagementType": VM_KIND,
        "policyType": schedule.kind,
        "instantRPDetails": snapshot_groups.checked(sent),
        "schedulePolicy": schedule.document,
        "retentionPolicy": retention,
        "tieringPolicy": tiering(sent, stored, retention),
        "instantRpRetentionRangeInDays": instant_days(sent, stored, schedule, kept_days(retention)),
        "timeZone": time_zone(sent, stored, "properties"),
        **_consistency(sent, schedule),
    }


def _consistency(sent: Mapping[str, Any], schedule: Schedule) -> Document:
    name = "snapshotConsistencyType"
    if not sent.get(name):  # azurerm 5 sends an empty text with every policy that sets none
        return {}
    if schedule.kind != ENHANCED:
        raise invalid_policy_input(f"properties.{name}", "is only allowed with policyType V2")
    return {name: one_of(sent, name, "properties", ("OnlyCrashConsistent",))}


Reader: TypeAlias = Callable[[Mapping[str, Any], Mapping[str, Any] | None, int], Document]
READERS: Mapping[str, Reader] = {
    VM_KIND: vm_policy,
    "AzureStorage": file_share_policy,
    "AzureWorkload": workload_policy,
}
"""What reads the policies of each ``backupManagementType``."""
NOT_EMULATED = ("MAB", "DPM", "AzureBackupServer", "AzureSql", "GenericProtectionPolicy")


def default_policies(seed: int, vault: int, now: int) -> dict[str, Document]:
    """Return the three policies that every vault is born with (azure-cli-wire 4.4).

    The default policy's time is a half hour drawn for the vault, as the service spreads load.
    """
    slot = ids.key(seed, "default-policy-time", vault) % (DAY // HALF_HOUR)
    at = now - now % DAY + slot * HALF_HOUR
    return {
        "DefaultPolicy": _default_policy(at),
        "EnhancedPolicy": _enhanced_policy(now - now % DAY + 8 * HOUR),
        "HourlyLogBackup": _hourly_log_backup(at),
    }


def _daily_keep(at: int, days: int = 30) -> Document:
    return {
        "retentionPolicyType": "LongTermRetentionPolicy",
        "dailySchedule": {
            "retentionTimes": [wire(at)],
            "retentionDuration": {"count": days, "durationType": "Days"},
        },
    }


def _daily_run(at: int) -> Document:
    return {
        "schedulePolicyType": "SimpleSchedulePolicy",
        "scheduleRunFrequency": "Daily",
        "scheduleRunTimes": [wire(at)],
        "scheduleWeeklyFrequency": 0,
    }


def _default_policy(at: int) -> Document:
    return {
        "backupManagementType": VM_KIND,
        "policyType": "V1",
        "instantRPDetails": {},
        "schedulePolicy": _daily_run(at),
        "retentionPolicy": _daily_keep(at),
        "tieringPolicy": NO_ARCHIVE,
        "instantRpRetentionRangeInDays": _BORN_INSTANT_DAYS,
        "timeZone": "UTC",
    }


def _enhanced_policy(window_start: int) -> Document:
    return {
        "backupManagementType": VM_KIND,
        "policyType": "V2",
        "instantRPDetails": {},
        "schedulePolicy": {
            "schedulePolicyType": "SimpleSchedulePolicyV2",
            "scheduleRunFrequency": "Hourly",
            "hourlySchedule": {
                "interval": 4,
                "scheduleWindowStartTime": wire(window_start),
                "scheduleWindowDuration": 12,
            },
        },
        "retentionPolicy": _daily_keep(window_start),
        "tieringPolicy": NO_ARCHIVE,
        "instantRpRetentionRangeInDays": _BORN_INSTANT_DAYS,
        "timeZone": "UTC",
    }


def _hourly_log_backup(at: int) -> Document:
    return {
        "backupManagementType": "AzureWorkload",
        "workLoadType": "SQLDataBase",
        "settings": {"timeZone": "UTC", "issqlcompression": False, "isCompression": False},
        "subProtectionPolicy": [
            {
                "policyType": "Full",
                "schedulePolicy": _daily_run(at),
                "retentionPolicy": _daily_keep(at),
            },
            {
                "policyType": "Log",
                "schedulePolicy": {
                    "schedulePolicyType": "LogSchedulePolicy",
                    "scheduleFrequencyInMins": 60,
                },
                "retentionPolicy": {
                    "retentionPolicyType": "SimpleRetentionPolicy",
                    "retentionDuration": {"count": 30, "durationType": "Days"},
                },
            },
        ],
    }
