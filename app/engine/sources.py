"""What is backed up, as it is at present, repeated on the items that protect it.

A backup start reads only its item, so whoever changes a source calls ``refresh`` in the same
transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from sqlalchemy import Connection, Row, or_, select, update

from ..store.tables import items
from ..workloads.table import WORKLOADS
from . import database_sources, log_chains, share_sources, vm_sources
from .rules import Rules


class Source(Protocol):
    """What all sources have: a name of the table of workloads, an id and a name."""

    @property
    def workload(self) -> str:
        """Which kind of datasource it is."""

    @property
    def id(self) -> str:
        """Its Resource Manager id."""

    @property
    def name(self) -> str:
        """The name that its item is shown by."""


class Reader(Protocol):
    """What the module of one kind of source does: find one, and tell an item's columns."""

    def find(self, connection: Connection, source_id: str, /) -> Any:
        """Return a source by its id, or ``None``."""

    def columns(
        self, connection: Connection, rules: Rules, source: Any, entropy: int, exclusion: Any, /
    ) -> dict[str, Any]:
        """Return the ``source_*`` columns of an item."""


_READERS: Mapping[str, Reader] = {
    vm_sources.Source.workload: vm_sources,
    share_sources.Source.workload: share_sources,
    **database_sources.READERS,
}


def columns(
    connection: Connection, rules: Rules, source: Source, entropy: int, exclusion: Any
) -> dict[str, Any]:
    """Return the ``source_*`` columns of an item, and store what its points show of its source."""
    return _READERS[source.workload].columns(connection, rules, source, entropy, exclusion)


def refresh(connection: Connection, rules: Rules, source_id: str, now: int) -> None:
    """Bring the items that protect a source, or what lies in it, up to what it is now.

    Of one that is gone it is noted that it is.
    """
    folded = source_id.lower()
    # Everything in it: "0" is the letter after "/".
    lies_in = (items.c.source_folded > f"{folded}/") & (items.c.source_folded < f"{folded}0")
    found = select(items).where(or_(items.c.source_folded == folded, lies_in))
    for item in connection.execute(found).all():
        mine = items.c.key == item.key
        streamed = WORKLOADS[item.workload].streaming is not None
        if streamed:
            log_chains.settle(connection, mine, now)
        values = _present(connection, rules, item)
        if streamed and values.get("full_next"):
            log_chains.break_off(connection, item.key, now)
        connection.execute(update(items).where(mine).values(**values))


def _present(connection: Connection, rules: Rules, item: Row[Any]) -> dict[str, Any]:
    """Return what an item knows of its source: one built anew is backed up in full."""
    reader = _READERS[item.workload]
    source = reader.find(connection, item.source_folded)
    if source is None:
        return {"source_exists": False, "source_running": False}
    values = reader.columns(connection, rules, source, item.entropy, item.exclusion)
    if item.source_vm_id not in (None, values["source_vm_id"]):
        values["full_next"] = True
    return values
