"""The built-in Azure Monitor alerts of Azure Backup: what raises one, how severe it is, its words.

One row for each alert of azure-backup-semantics 8.1, named as Azure names its alert rule. The words
of an alert about a job are those of the job's error; the others are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from . import documented_errors as documented
from . import jobs
from .instants import DAY, HOUR

MONITOR_SERVICE = "Azure Backup"
SIGNAL_TYPE = "Log"
SYSTEM = "System"
"""Who has last changed an alert that no user has touched."""

PURGE_NOTICE = 2 * DAY
"""How long before its purge an item is announced to be purged."""
KEPT = 30 * DAY
"""How long Azure Monitor keeps an alert."""


class Category:
    """What an alert is about, as its context says it."""

    SECURITY = "Security"
    JOBS = "Jobs"


class AlertState:
    """What users have made of an alert."""

    NEW = "New"
    ACKNOWLEDGED = "Acknowledged"
    CLOSED = "Closed"

    ALL = (NEW, ACKNOWLEDGED, CLOSED)


class Condition:
    """Whether what an alert is about still holds."""

    FIRED = "Fired"
    RESOLVED = "Resolved"

    ALL = (FIRED, RESOLVED)


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One row of the table.

    ``severity`` is the digit of Sev0 to Sev4. ``workloads`` are the workloads whose items it is
    raised for; none are those of a vault itself.
    """

    name: str
    category: str
    severity: int
    workloads: tuple[str, ...]
    description: str
    advice: str = ""

    @property
    def may_be_switched_off(self) -> bool:
        """Whether a vault's alertsForAllJobFailures decides."""
        return self.category == Category.JOBS


_VM, _SHARE, _SQL, _HANA = "VM", "AzureFileShare", "SQLDataBase", "SAPHanaDatabase"
_DATABASES = (_SQL, _HANA)
_SOFT_DELETED = (_VM, *_DATABASES)
_ALL = (_VM, _SHARE, *_DATABASES)

DELETE_BACKUP_DATA = AlertRule(
    "Delete Backup Data",
    Category.SECURITY,
    0,
    _SOFT_DELETED,
    "Protection was stopped and the backup data was deleted. It is kept soft-deleted for {days} "
    "days.",
    "If this was not meant, undelete the backup item before its data is purged.",
)
UPCOMING_PURGE = AlertRule(
    "Upcoming Purge",
    Category.SECURITY,
    0,
    _SOFT_DELETED,
    "The soft-deleted backup data will be permanently deleted in two days.",
    "If the data is still needed, undelete the backup item.",
)
PURGE_COMPLETE = AlertRule(
    "Purge Complete",
    Category.SECURITY,
    0,
    _SOFT_DELETED,
    "The soft-deleted backup data was permanently deleted.",
)
SOFT_DELETE_DISABLED = AlertRule(
    "Soft Delete Disabled for Vault",
    Category.SECURITY,
    0,
    (),
    "Soft delete was disabled for the vault: backup data that is deleted is gone at once.",
    "If this was not meant, enable soft delete for the vault.",
)
POLICY_WEAKENED = AlertRule(
    "Modify Policy with Shorter Retention",
    Category.SECURITY,
    0,
    _ALL,
    "The backup policy '{policy}' was modified to keep recovery points for a shorter time.",
    "If this was not meant, modify the policy to its former retention.",
)
PROTECTION_WEAKENED = AlertRule(
    "Modify Protection with Shorter Retention",
    Category.SECURITY,
    0,
    _ALL,
    "The backup item was given the policy '{policy}', which keeps recovery points for a shorter "
    "time than '{former}'.",
    "If this was not meant, give the backup item its former policy.",
)
MUA_DISABLED = AlertRule(
    "MUA Disabled",
    Category.SECURITY,
    0,
    (),
    "Multi-user authorization was disabled for the vault.",
    "If this was not meant, map the vault to its resource guard again.",
)
HYBRID_SECURITY_DISABLED = AlertRule(
    "Disable hybrid security features",
    Category.SECURITY,
    0,
    (),
    "The security features for hybrid backups were disabled for the vault.",
    "If this was not meant, enable them again.",
)
BACKUP_FAILURE = AlertRule("Backup Failure", Category.JOBS, 1, _ALL, "The backup has failed.")
RESTORE_FAILURE = AlertRule("Restore Failure", Category.JOBS, 1, _ALL, "The restore has failed.")
UNSUPPORTED_BACKUP_TYPE = AlertRule(
    "Unsupported backup type",
    Category.JOBS,
    1,
    _DATABASES,
    "The database does not support backups of type {kinds}, which are in its policy '{policy}'.",
    "Choose a policy without them, or change the recovery model of the database.",
)
EXTENSION_UNHEALTHY = AlertRule(
    "Workload extension unhealthy",
    Category.JOBS,
    1,
    _DATABASES,
    "The workload extension for database backups is unhealthy, which may keep further backups from "
    "succeeding.",
    "See that the VM runs and reaches the service, then register it again.",
)

RULES: Mapping[str, AlertRule] = {
    rule.name: rule
    for rule in (
        DELETE_BACKUP_DATA,
        UPCOMING_PURGE,
        PURGE_COMPLETE,
        SOFT_DELETE_DISABLED,
        POLICY_WEAKENED,
        PROTECTION_WEAKENED,
        MUA_DISABLED,
        HYBRID_SECURITY_DISABLED,
        BACKUP_FAILURE,
        RESTORE_FAILURE,
        UNSUPPORTED_BACKUP_TYPE,
        EXTENSION_UNHEALTHY,
    )
}

SILENT_ERRORS = (jobs.BACKUP_IN_PROGRESS, jobs.VM_NOT_FOUND, documented.MOVED_OR_DELETED)
"""Backups that fail by design: the VM is deleted, or another backup runs already."""
UNHEALTHY_ERRORS = (documented.EXTENSION_NOT_REACHABLE,)
"""What the workload extension is unhealthy by."""


def severity(digit: int) -> str:
    """Return a severity as the wire writes it."""
    return f"Sev{digit}"


def is_kept(fired_at: int, now: int) -> bool:
    """Tell whether an alert is still there at an instant."""
    return fired_at > now - KEPT


# --- how Azure Monitor shows them --------------------------------------------------------------

ALERT_TYPE = "Microsoft.AlertsManagement/alerts"
TARGET_TYPE = "microsoft.recoveryservices/vaults"
"""Targets are written in lower case, as Azure writes them."""

MONITOR_SERVICES: Mapping[str, str] = {
    "Application Insights": "Application Insights",
    "ActivityLog Administrative": "Activity Log - Administrative",
    "ActivityLog Security": "Activity Log - Security",
    "ActivityLog Recommendation": "Activity Log - Recommendation",
    "ActivityLog Policy": "Activity Log - Policy",
    "ActivityLog Autoscale": "Activity Log - Autoscale",
    MONITOR_SERVICE: MONITOR_SERVICE,
    "Log Analytics": "Log Analytics",
    "Log Alerts V2": "Log Alerts V2",
    "Nagios": "Nagios",
    "Platform": "Platform",
    "Resource Health": "Resource Health",
    "SCOM": "SCOM",
    "ServiceHealth": "Service Health",
    "SmartDetector": "Smart Detector",
    "VM Insights": "VM Insights",
    "Zabbix": "Zabbix",
}
"""The monitor services that alerts may be of, and how they are shown; only one raises any here."""
SEVERITIES = tuple(severity(digit) for digit in range(5))
TIME_RANGES: Mapping[str, int] = {"1h": HOUR, "1d": DAY, "7d": 7 * DAY, "30d": KEPT}
DEFAULT_TIME_RANGE = "1d"


class Modification:
    """What a history calls what was done to an alert."""

    CREATED = "AlertCreated"
    STATE = "StateChange"
    CONDITION = "MonitorConditionChange"


def description(rule_name: str, error_code: str | None, detail: Mapping[str, object] | None) -> str:
    """Return what an alert says has happened: the error of its job, or the words of its rule."""
    error = jobs.ERRORS.get(error_code or "")
    if error is not None:
        return error.message
    rule = RULES[rule_name]
    return rule.description.format(**(detail or {}))


def advice(rule_name: str, error_code: str | None) -> str:
    """Return what an alert recommends; nothing where nothing can be done."""
    error = jobs.ERRORS.get(error_code or "")
    return RULES[rule_name].advice if error is None else " ".join(error.recommendations)
