"""Blobs as they are stored, and as the bytes that clients read."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from ...domain import ids
from ...domain.blob_paths import endpoint_of
from ...domain.resource_ids import STORAGE_TYPE
from ...domain.restored_files import ENDPOINT
from ...domain.vhd import PAGE_BYTES, Vhd
from ...store.resource_tables import resources
from ...store.tables import blobs


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob to serve; its bytes are a ``text`` or those of a ``vhd``. ``created_at`` is in µs."""

    container: str
    name: str
    kind: str
    content_type: str
    created_at: int
    text: bytes | None
    vhd: Vhd | None

    @property
    def length(self) -> int:
        """The size in bytes."""
        return self.vhd.length if self.vhd is not None else len(self.text or b"")

    @property
    def etag(self) -> str:
        """What changes when the content does."""
        content = self.vhd.fingerprint if self.vhd is not None else ids.md5_hex(repr(self.text))
        hashed = ids.hash_60(f"{self.container}/{self.name}/{content}/{self.created_at}")
        return f'"0x8{hashed:015X}"'

    @property
    def md5(self) -> str | None:
        """The MD5 in base64; nobody reads a whole disk for it."""
        if self.text is None:
            return None
        return base64.b64encode(hashlib.md5(self.text, usedforsecurity=False).digest()).decode()

    def pieces(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from one offset up to another."""
        if self.vhd is not None:
            yield from self.vhd.pieces(start, end)
        elif self.text is not None:
            yield self.text[start:end]

    def page_ranges(self) -> list[tuple[int, int]]:
        """Return the first and last offset of each run of pages that is not zero."""
        parts = self.vhd.parts() if self.vhd is not None else []
        return [(offset, offset + max(len(content), PAGE_BYTES) - 1) for offset, content in parts]


def find_account(connection: Connection, name: str) -> Row[Any] | None:
    """Return the storage account with a name: it is the only one in all of Azure."""
    return connection.execute(
        select(resources).where(
            resources.c.type_folded == STORAGE_TYPE.lower(), resources.c.name == name
        )
    ).first()


def containers(connection: Connection, account: Row[Any], prefix: str) -> list[tuple[str, int]]:
    """Return the names of an account's containers, and when they were made (µs)."""
    found = connection.execute(
        select(blobs.c.container, blobs.c.created_at)
        .where(blobs.c.account_folded == account.folded)
        .order_by(blobs.c.container)
    )
    return sorted({(name, at) for name, at in found if name.startswith(prefix)})


def listed(
    connection: Connection, account: Row[Any], container: str, base_url: str, *, after: str
) -> list[Blob]:
    """Return a container's blobs in the order of their names, from a name on."""
    found = connection.execute(
        select(blobs)
        .where(
            blobs.c.account_folded == account.folded,
            blobs.c.container == container,
            blobs.c.name >= after,
        )
        .order_by(blobs.c.name)
    )
    return [_read(row, account, base_url) for row in found]


def find(
    connection: Connection, account: Row[Any], container: str, name: str, base_url: str
) -> Blob | None:
    """Return one blob."""
    row = connection.execute(
        select(blobs).where(
            blobs.c.account_folded == account.folded,
            blobs.c.container == container,
            blobs.c.name == name,
        )
    ).first()
    return None if row is None else _read(row, account, base_url)


def _read(row: Row[Any], account: Row[Any], base_url: str) -> Blob:
    document = row.document
    text = None
    if "text" in document:
        whole = document["text"].replace(ENDPOINT, endpoint_of(base_url, account.name))
        text = whole.encode(document["encoding"])
    return Blob(
        row.container,
        row.name,
        row.kind,
        row.content_type,
        row.created_at,
        text,
        Vhd(**document["vhd"]) if "vhd" in document else None,
    )
