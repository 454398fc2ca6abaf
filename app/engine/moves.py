"""Moves: resources of one group come to another, which gives them new ids.

A vault does not follow: to Azure Backup a VM that moved is a new one, and the old one is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from ..domain.resource_ids import STORAGE_TYPE
from ..store import rows
from ..store.metadata import Document
from ..store.resource_tables import resources
from ..store.tables import blobs
from ..workloads.table import SOURCE_TYPES
from . import sources
from .rules import Rules

_NOT_LINKS = ("tags", "creationData")
"""Parts of a document that may hold ids without being tied to what they name."""


def with_their_own(connection: Connection, named: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Return the resources that a move names, each with those that lie in it."""
    return [
        each
        for row in named
        for each in (
            row,
            *connection.execute(
                select(resources).where(rows.below(row.folded)).order_by(resources.c.folded)
            ),
        )
    ]


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
    connection: Connection, rules: Rules, moved: Sequence[Row[Any]], group: Row[Any], now: int
) -> None:
    """Give resources their ids in another group, wherever they are named, and tell the items."""
    names = {row.folded: new_id(row, group) for row in moved}
    arrived: list[Document] = []
    renamed: list[Document] = []
    for row in connection.execute(select(resources)):
        told = {part: _renamed(getattr(row, part), names) for part in ("document", "hidden")}
        if row.folded in names:
            there = {"id": names[row.folded], "group_folded": group.folded, "changed_at": now}
            key = {"folded": names[row.folded].lower()}
            arrived.append({**row._mapping, **told, **there, **key})
        elif told != {"document": row.document, "hidden": row.hidden}:
            renamed.append({"at": row.folded, **told})
    if renamed:
        connection.execute(update(resources).where(resources.c.folded == bindparam("at")), renamed)
    _replace(connection, moved, names, arrived)
    _tell_items(connection, rules, moved, names, now)


def _replace(
    connection: Connection,
    moved: Sequence[Row[Any]],
    names: Mapping[str, str],
    arrived: list[Document],
) -> None:
    """Write rows under other keys; the blobs that refer to an account by its key come along."""
    connection.execute(insert(resources), arrived)
    accounts = [row.folded for row in moved if row.type_folded == STORAGE_TYPE.lower()]
    if accounts:
        connection.execute(
            update(blobs)
            .where(blobs.c.account_folded == bindparam("at"))
            .values(account_folded=bindparam("to")),
            [{"at": folded, "to": names[folded].lower()} for folded in accounts],
        )
    connection.execute(delete(resources).where(resources.c.folded.in_(names)))


def _tell_items(
    connection: Connection,
    rules: Rules,
    moved: Sequence[Row[Any]],
    names: Mapping[str, str],
    now: int,
) -> None:
    """Tell the items of sources that went, and those that others of these names had left before."""
    went = [row.folded for row in moved if row.type_folded in SOURCE_TYPES]
    for source_id in sorted(each.lower() for old in went for each in (old, names[old])):
        sources.refresh(connection, rules, source_id, now)


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
