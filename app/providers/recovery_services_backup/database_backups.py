"""Which types of on-demand backups a database can have (azure-backup-semantics 7.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from sqlalchemy import Row

from ...domain.errors import invalid, invalid_input, not_emulated
from ...domain.instants import DAY
from ...domain.policies import COPY_ONLY_FULL, FULL, LOG, DatabasePolicy
from ...engine.log_chains import SIMPLE
from ...workloads.table import WORKLOADS

BackupType = Literal[
    "Full",
    "Differential",
    "Incremental",
    "Log",
    "CopyOnlyFull",
    "SnapshotFull",
    "SnapshotCopyOnlyFull",
]
_SNAPSHOTS = ("SnapshotFull", "SnapshotCopyOnlyFull")
DEFAULT_RETENTION: Mapping[str, int] = {FULL: 45 * DAY, COPY_ONLY_FULL: 30 * DAY}
"""How long az keeps such a backup when it is not told; all others are kept as the policy says."""
SHORTEST_RETENTION: Mapping[str, int] = {FULL: 45 * DAY}
_FIELD = "properties.backupType"


def type_of(item: Row[Any], policy: DatabasePolicy, sent: str | None) -> str:
    """Return the type of backup that is asked for. Raises ``Refused`` if it is not possible."""
    streaming = WORKLOADS[item.workload].streaming
    assert streaming is not None, "it is a database"
    allowed = ", ".join(streaming.on_demand)
    if sent is None:
        raise invalid_input(_FIELD, f"is required of a database; allowed: {allowed}")
    if sent in _SNAPSHOTS:
        raise not_emulated(_FIELD, f"{sent} backups")
    if sent not in streaming.on_demand:
        raise _unsupported(sent, f"allowed of a {WORKLOADS[item.workload].title}: {allowed}")
    if item.full_only and sent not in DEFAULT_RETENTION:
        raise _unsupported(sent, f"of '{item.friendly_name}' only full backups can be taken")
    if sent == LOG:
        _check_log(item, policy)
    elif sent not in DEFAULT_RETENTION and policy.delta_of(sent) is None:
        raise _unsupported(sent, "the policy has no such part, which would say how long to keep it")
    return sent


def _check_log(item: Row[Any], policy: DatabasePolicy) -> None:
    if item.source_size == SIMPLE:
        raise _unsupported(LOG, f"'{item.friendly_name}' is in the simple recovery model")
    if policy.logs is None:
        raise _unsupported(LOG, "the policy has no such part, which would say how long to keep it")


def _unsupported(kind: str, why: str) -> Exception:
    return invalid(
        "UserErrorSQLPODoesNotSupportBackupType",
        f"{_FIELD}: this database does not support the requested backup type '{kind}': {why}.",
        target=_FIELD,
    )
