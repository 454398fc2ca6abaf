"""Moves: resources of one group come to another, which gives them new ids.

A vault does not follow: to Azure Backup a VM that moved is a new one, and the old one is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from ..domain.resource_ids import VM_TYPE
from ..store.tables import Document, blobs, resources
from . import sources

_NOT_LINKS = ("tags", "creationData")
"""Parts of a document that may hold ids without being tied to what they name."""


def strangers(connection: Connection, moved: Sequence[Row[Any]]) -> list[str]:
    """Return the ids of resources tied to those that move, either way, but left behind."""
    everything = {row.folded: row for row in connection.execute(select(resources))}
    inside = {row.folded for row in moved}
    left = {link for row in moved for link in _links(row) if link in everything} - inside
    left |= {
        row.folded
        for row in everything.values()
        if row.folded not in inside and not inside.isdisjoint(_links(row))
    }
    return sorted(everything[folded].id for folded in left)


def _links(row: Row[Any]) -> set[str]:
    """Return the lower-case ids of top-level resources that a resource names."""
    texts = (text for part in (row.document, row.hidden) for text in _texts(part))
    return {"/".join(text.split("/")[:9]).lower() for text in texts if text.startswith("/")}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, dict):
        for key, part in value.items():
            if key not in _NOT_LINKS:
                yield from _texts(part)


def new_id(row: Row[Any], group: Row[Any]) -> str:
    """Return the id that a resource gets in another group."""
    return f"{group.id}/providers/{row.id.partition('/providers/')[2]}"


def move(
    connection: Connection, seed: int, moved: Sequence[Row[Any]], group: Row[Any], now: int
) -> None:
    """Give resources their ids in another group, wherever they are named, and tell the items."""
    names = {row.folded: new_id(row, group) for row in moved}
    for row in connection.execute(select(resources)).all():
        renamed = {part: _renamed(getattr(row, part), names) for part in ("document", "hidden")}
        if row.folded in names:
            there = {"id": names[row.folded], "group_folded": group.folded, "changed_at": now}
            _replace(connection, row, {**renamed, **there})
        elif renamed != {"document": row.document, "hidden": row.hidden}:
            connection.execute(
                update(resources).where(resources.c.folded == row.folded).values(**renamed)
            )
    for row in moved:
        if row.type_folded == VM_TYPE.lower():
            sources.refresh(connection, seed, row.id)
            sources.refresh(connection, seed, names[row.folded])


def _replace(connection: Connection, row: Row[Any], changed: dict[str, Any]) -> None:
    """Write a row under another key; what refers to it by key comes along."""
    folded = changed["id"].lower()
    connection.execute(insert(resources).values({**row._mapping, **changed, "folded": folded}))
    connection.execute(
        update(blobs).where(blobs.c.account_folded == row.folded).values(account_folded=folded)
    )
    connection.execute(delete(resources).where(resources.c.folded == row.folded))


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _renamed_text(value, names)
    if isinstance(value, list):
        return [_renamed(part, names) for part in value]
    if isinstance(value, dict):
        document: Document = {
            key: part if key in _NOT_LINKS else _renamed(part, names) for key, part in value.items()
        }
        return document
    return value


def _renamed_text(text: str, names: Mapping[str, str]) -> str:
    """Return a text with the id that it begins with, if it is one that changes, changed."""
    if not text.startswith("/"):
        return text
    parts = text.split("/")
    renamed = names.get("/".join(parts[:9]).lower())
    return text if renamed is None else "/".join([renamed, *parts[9:]])
