"""What a file share is at present, as its backups see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import Connection, select

from ..domain import ids
from ..domain.resource_ids import SHARE_TYPE
from ..store import disk_sets
from ..store.resource_tables import resources
from ..workloads import azure_file_share
from .rules import Rules


@dataclass(frozen=True, slots=True)
class Source:
    """A share as a backup sees it: ``uri`` is where it is read, ``quota_gb`` its size.

    ``created_at`` tells it from another one that had its name before.
    """

    workload: ClassVar[str] = azure_file_share.AZURE_FILE_SHARE.name

    id: str
    name: str
    uri: str
    quota_gb: int
    created_at: int


def find(connection: Connection, share_id: str) -> Source | None:
    """Return the share with an id, whatever its casing; ``None`` if there is none."""
    share = connection.execute(
        select(resources).where(
            resources.c.folded == share_id.lower(),
            resources.c.type_folded == SHARE_TYPE.lower(),
        )
    ).first()
    if share is None:
        return None
    account = share.id.split("/")[8]
    return Source(
        id=share.id,
        name=share.name,
        uri=f"https://{account.lower()}.file.core.windows.net/{share.name}",
        quota_gb=share.document["properties"]["shareQuota"],
        created_at=share.created_at,
    )


def columns(
    connection: Connection, rules: Rules, source: Source, entropy: int, _exclusion: Any
) -> dict[str, Any]:
    """Return the ``source_*`` columns of an item, and store what its points show of the share."""
    used = azure_file_share.used_bytes(source.quota_gb, entropy)
    document = {"uri": source.uri, "usedBytes": used}
    identity = ids.guid_hex(rules.seed, "share", source.id.lower(), source.created_at)
    return {
        "source_exists": True,
        "source_running": True,
        "source_os": "",
        "source_size": "",
        "source_vm_id": ids.guid(identity),
        "disk_set_key": disk_sets.keep(connection, rules.seed, document),
        "used_bytes": used,
        "churn_bytes_per_second": azure_file_share.churn_bytes_per_second(used, entropy),
    }
