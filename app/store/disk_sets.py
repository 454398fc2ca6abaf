"""What backups saw of their sources: equal documents are one row."""

from __future__ import annotations

import json

from sqlalchemy import Connection, insert, select

from ..domain import ids
from .metadata import Document
from .tables import disk_sets


def keep(connection: Connection, seed: int, document: Document) -> int:
    """Return the key of the row that holds a document, written now if there is none yet."""
    key = ids.key(seed, "disks", json.dumps(document, sort_keys=True))
    if connection.execute(select(disk_sets.c.key).where(disk_sets.c.key == key)).first() is None:
        connection.execute(insert(disk_sets).values(key=key, document=document))
    return key
