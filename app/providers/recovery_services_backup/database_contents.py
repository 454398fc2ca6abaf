"""What backups saw of a database: where its files are, what it was between two points."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from ...arm.calls import Call
from ...domain.documents import Document
from ...store.tables import disk_sets, recovery_points


def files_at_present(call: Call, item: Row[Any]) -> list[dict[str, Any]]:
    """Return the files of an item's database; SAP HANA names none."""
    document = call.connection.execute(
        select(disk_sets.c.document).where(disk_sets.c.key == item.disk_set_key)
    ).scalar_one()
    found: list[dict[str, Any]] = document.get("files", [])
    return found


def before(call: Call, item: Row[Any], at: int) -> Document:
    """Return what the newest point up to an instant knows of the database: its log goes on."""
    found: Document = call.connection.execute(
        select(disk_sets.c.document)
        .join(recovery_points, recovery_points.c.disk_set_key == disk_sets.c.key)
        .where(recovery_points.c.item_key == item.key, recovery_points.c.taken_at <= at)
        .order_by(recovery_points.c.taken_at.desc())
        .limit(1)
    ).scalar_one()
    return found
