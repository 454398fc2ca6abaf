"""Policies of databases in VMs: SQL Server, SAP HANA and SAP ASE, and snapshots of HANA instances.

A policy is a list of parts, one for each type of backup. Sources: azure-backup-semantics 7.3,
terraform-wire 2.5, azure-cli-wire 4.4 and 7, Microsoft's pages on the four workloads and what its
PowerShell checks; what they leave open, docs/decisions/0070.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import retention_documents, tiering_documents
from .documents import Document
from .errors import (
    Refused,
    invalid,
    invalid_policy_input,
    invalid_policy_retention,
    not_emulated,
)
from .policies import STANDARD
from .policy_fields import in_range, one_of, time_zone
from .resource_ids import USER_IDENTITY_TYPE, is_group_name, parse
from .retention_rules import WEEKDAYS
from .schedule_documents import FREQUENCIES, log_schedule, simple_schedule

DELTA_DAYS = (7, 180)
"""For how long differential and incremental backups may be kept."""
LOG_DAYS = (7, 35)
SNAPSHOT_DAYS = (1, 35)
DEFAULT_SNAPSHOT_DAYS = 2
DELTAS = ("Differential", "Incremental")
SNAPSHOTS = ("SnapshotFull", "SnapshotCopyOnlyFull")
STREAMING = "Streaming"
NOT_STREAMING = ("SnapshotV1", "SnapshotV2")
_PARTS = "properties.subProtectionPolicy"


@dataclass(frozen=True, slots=True)
class Workload:
    """Which types of backups there are of a kind of database, and which its policies must have."""

    types: tuple[str, ...]
    needed: tuple[str, ...] = ()


WORKLOADS: Mapping[str, Workload] = {
    "SQLDataBase": Workload(("Full", "Differential", "Log"), ("Full",)),
    "SAPHanaDatabase": Workload(("Full", *DELTAS, "Log"), ("Full", "Log")),
    "SAPAseDatabase": Workload(("Full", "Differential", "Log"), ("Full",)),
    "SAPHanaDBInstance": Workload(SNAPSHOTS),
}
"""The kinds of databases that Azure Backup has policies for; HANA's log cannot be left out."""


def workload_policy(
    sent: Mapping[str, Any], stored: Mapping[str, Any] | None, now: int
) -> Document:
    """Return the document to store for an AzureWorkload policy.

    ``sent`` is the request's properties without nulls; of ``stored``, the present document of the
    same policy, the settings and the tiering stay when they are left out. Raises ``Refused``.
    """
    name = _workload(sent, stored)
    return {
        "backupManagementType": "AzureWorkload",
        "workLoadType": name,
        **_streaming(sent),
        "settings": _settings(sent, stored),
        "subProtectionPolicy": _parts(sent, stored, WORKLOADS[name], now),
    }


def _workload(sent: Mapping[str, Any], stored: Mapping[str, Any] | None) -> str:
    field = "properties.workLoadType"
    asked = sent.get("workLoadType")
    if asked is not None and asked.lower() == "sqlinstance":
        raise not_emulated(field, "policies of SQL Server instances")
    name = one_of(sent, "workLoadType", "properties", tuple(WORKLOADS))
    if stored is not None and stored["workLoadType"] != name:
        raise invalid_policy_input(
            field,
            f"'{name}' is not allowed: this policy is for {stored['workLoadType']} and stays so; "
            "send another policy name",
        )
    return name


def _streaming(sent: Mapping[str, Any]) -> Document:
    """Return the ``vmWorkloadPolicyType``: absent or streaming; snapshots of SQL are refused."""
    name = "vmWorkloadPolicyType"
    if name not in sent:
        return {}
    word = one_of(sent, name, "properties", (STREAMING, *NOT_STREAMING))
    if word != STREAMING:
        raise not_emulated(f"properties.{name}", f"{word} policies")
    return {name: word}


def _settings(sent: Mapping[str, Any], stored: Mapping[str, Any] | None) -> Document:
    """Return all the settings: ``issqlcompression`` is the older name of ``isCompression``."""
    asked = sent.get("settings") or {}
    kept = stored["settings"] if stored else {"isCompression": False}
    compressed = asked.get("isCompression", asked.get("issqlcompression", kept["isCompression"]))
    return {
        "timeZone": time_zone(asked, kept, "properties.settings"),
        "issqlcompression": compressed,
        "isCompression": compressed,
    }


# --- the parts -----------------------------------------------------------------------------------


def _parts(
    sent: Mapping[str, Any], stored: Mapping[str, Any] | None, workload: Workload, now: int
) -> list[Document]:
    asked = sent.get("subProtectionPolicy") or []
    types = [
        one_of(part, "policyType", f"{_PARTS}[{number}]", workload.types)
        for number, part in enumerate(asked)
    ]
    _check_types(types, workload)
    before = {part["policyType"]: part for part in stored["subProtectionPolicy"]} if stored else {}
    parts = [
        {"policyType": kind} | _part(kind, part, before.get(kind), f"{_PARTS}[{number}]", now)
        for number, (kind, part) in enumerate(zip(types, asked, strict=True))
    ]
    _check_days(parts)
    _check_lengths(parts)
    return parts


def _check_types(types: Sequence[str], workload: Workload) -> None:
    """Refuse a type that is there twice, and the want of one that has to be there."""
    for number, kind in enumerate(types):
        if kind in types[:number]:
            raise invalid_policy_input(f"{_PARTS}[{number}].policyType", f"'{kind}' is there twice")
    missing = [kind for kind in workload.needed if kind not in types]
    if missing:
        raise invalid_policy_input(_PARTS, f"needs a part with policyType {missing[0]}")
    if not types:
        raise invalid_policy_input(_PARTS, f"has 0 entries; allowed: {', '.join(workload.types)}")


def _part(
    kind: str, sent: Mapping[str, Any], stored: Document | None, field: str, now: int
) -> Document:
    if kind == "Full":
        return _full(sent, stored, field, now)
    if kind == "Log":
        return {
            "schedulePolicy": log_schedule(sent, field),
            "retentionPolicy": retention_documents.simple(sent, field, LOG_DAYS, _log_out_of_range),
        }
    if kind in SNAPSHOTS:
        return _snapshot(kind, sent, field, now)
    return {
        "schedulePolicy": simple_schedule(sent, field, ("Weekly",), now).document,
        "retentionPolicy": retention_documents.simple(
            sent, field, DELTA_DAYS, invalid_policy_retention
        ),
    }


def _log_out_of_range(field: str, message: str) -> Refused:
    return invalid(
        "UserErrorLogRetentionNotInValidRangeInPolicy", f"{field}: {message}", target=field
    )


def _full(sent: Mapping[str, Any], stored: Document | None, field: str, now: int) -> Document:
    schedule = simple_schedule(sent, field, FREQUENCIES[STANDARD], now)
    retention = retention_documents.long_term(
        sent, schedule, f"{field}.retentionPolicy", retention_documents.DATABASE
    )
    document: Document = {"schedulePolicy": schedule.document, "retentionPolicy": retention}
    if "tieringPolicy" in sent or (stored is not None and "tieringPolicy" in stored):
        document["tieringPolicy"] = tiering_documents.tiering(
            sent, stored, retention, field, tiering_documents.DATABASE
        )
    return document


def _snapshot(kind: str, sent: Mapping[str, Any], field: str, now: int) -> Document:
    """Return a part of a HANA instance: daily snapshots; ``SnapshotFull`` is vaulted too."""
    schedule = simple_schedule(sent, field, ("Daily",), now)
    document: Document = {"schedulePolicy": schedule.document}
    if kind == "SnapshotFull":
        document["retentionPolicy"] = retention_documents.long_term(
            sent, schedule, f"{field}.retentionPolicy", retention_documents.DATABASE
        )
    return document | {"snapshotBackupAdditionalDetails": _details(sent, field)}


def _details(sent: Mapping[str, Any], field: str) -> Document:
    """Return for how many days snapshots are kept, in which group and as which identity."""
    name = "snapshotBackupAdditionalDetails"
    field = f"{field}.{name}"
    asked = sent.get(name) or {}
    days = asked.get("instantRpRetentionRangeInDays", DEFAULT_SNAPSHOT_DAYS)
    document: Document = {
        "instantRpRetentionRangeInDays": in_range(
            days, f"{field}.instantRpRetentionRangeInDays", SNAPSHOT_DAYS, "days"
        )
    }
    group = asked.get("instantRPDetails")
    if group:
        if not is_group_name(group):
            raise invalid_policy_input(
                f"{field}.instantRPDetails", f"'{group}' is not the name of a resource group"
            )
        document["instantRPDetails"] = group
    name = "userAssignedManagedIdentityDetails"
    if asked.get(name):
        _check_identity(asked[name], f"{field}.{name}.identityArmId")
        document[name] = asked[name]
    return document


def _check_identity(asked: Mapping[str, Any], field: str) -> None:
    sent = asked.get("identityArmId") or ""
    found = parse(sent)
    if found is None or found.type.lower() != USER_IDENTITY_TYPE.lower():
        raise invalid_policy_input(field, f"'{sent}' is not the id of a {USER_IDENTITY_TYPE}")


# --- all together --------------------------------------------------------------------------------


def _check_days(parts: Sequence[Document]) -> None:
    """Refuse two backups of the data on one day; logs may be backed up whenever."""
    taken: dict[str, str] = {}
    full_first = sorted(enumerate(parts), key=lambda each: each[1]["policyType"] != "Full")
    for number, part in full_first:
        kind = part["policyType"]
        for day in _days_of(part):
            if day in taken:
                raise invalid_policy_input(
                    f"{_PARTS}[{number}].schedulePolicy",
                    f"{kind} is not allowed on {day}, a day of {taken[day]}; only one backup a day "
                    "is, so that Differential and Incremental need a weekly Full",
                )
            taken[day] = kind


def _days_of(part: Document) -> Sequence[str]:
    """Return the days on which a part backs up the data: of a log none."""
    if part["policyType"] == "Log":
        return ()
    days: Sequence[str] = part["schedulePolicy"].get("scheduleRunDays", WEEKDAYS)
    return days


def _check_lengths(parts: Sequence[Document]) -> None:
    """Refuse deltas that outlive what they are based on, and logs that outlive differentials."""
    at = {part["policyType"]: number for number, part in enumerate(parts)}
    for kind in DELTAS:
        if kind not in at:
            continue
        days, most = _days(parts[at[kind]]), retention_documents.longest_days(_of_full(parts, at))
        if days > most:
            raise invalid_policy_retention(
                _count(at[kind]), f"{days} is more than the {most} days of Full"
            )
    if "Log" in at and "Differential" in at:
        days, most = _days(parts[at["Log"]]), _days(parts[at["Differential"]])
        if days >= most:
            field = _count(at["Log"])
            raise invalid(
                "UserErrorLogRetentionMoreThanDiffRetentionInPolicy",
                f"{field}: {days} must be less than the {most} days of Differential",
                target=field,
            )


def _of_full(parts: Sequence[Document], at: Mapping[str, int]) -> Document:
    retention: Document = parts[at["Full"]]["retentionPolicy"]
    return retention


def _days(part: Document) -> int:
    count: int = part["retentionPolicy"]["retentionDuration"]["count"]
    return count


def _count(number: int) -> str:
    return f"{_PARTS}[{number}].retentionPolicy.retentionDuration.count"
