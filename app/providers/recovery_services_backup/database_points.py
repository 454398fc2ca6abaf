"""Recovery points of databases: their types, and the one that stands for all backups of a log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Row, false

from ...arm import filters
from ...arm.calls import Answer, Call
from ...domain.instants import wire
from ...domain.policies import COPY_ONLY_FULL, DIFFERENTIAL, FULL, INCREMENTAL, LOG
from ...domain.resource_ids import VAULT_TYPE
from ...engine import log_chains, log_copies
from ...engine.log_chains import Range
from ...store.tables import recovery_points
from ...workloads.database import RANGE_POINT, extended_info
from ...workloads.table import WORKLOADS
from .database_contents import files_at_present
from .paths import item_id

POINT_TYPE = f"{VAULT_TYPE}/backupFabrics/protectionContainers/protectedItems/recoveryPoints"
_FULLS = (FULL, COPY_ONLY_FULL)
_TYPES: Mapping[str, tuple[str, ...]] = {
    FULL: _FULLS,
    DIFFERENTIAL: (DIFFERENTIAL,),
    INCREMENTAL: (INCREMENTAL,),
    "FullAndDifferential": (*_FULLS, DIFFERENTIAL),
}
_EVERYTHING = (None, "All")


def of_type(item: Row[Any], wanted: str | None) -> list[ColumnElement[bool]]:
    """Return the conditions for points of a type; all of what has no log are full ones."""
    if WORKLOADS[item.workload].streaming is None:
        return [] if wanted in (*_EVERYTHING, FULL, "FullAndDifferential") else [false()]
    if wanted in _EVERYTHING:
        return []
    kinds = _TYPES.get(wanted or "")
    return [false()] if kinds is None else [recovery_points.c.backup_type.in_(kinds)]


def asks_for_details(call: Call) -> bool:
    """Tell whether a list is to show what else only a single point does."""
    return filters.flag(_terms(call), "extendedInfo") is True


def _terms(call: Call) -> dict[str, str]:
    """Return what was asked for of a list, which was read and checked before."""
    keys = ("startDate", "endDate", "restorePointQueryType", "extendedInfo")
    more = ("moveReadyRPOnly", "includeSoftDeletedRP")
    return dict(filters.read(call.query.get("$filter"), (*keys, *more)))


def is_range(call: Call, item: Row[Any]) -> bool:
    """Tell whether the path names the point that stands for an item's log."""
    named = call.path["recoveryPointId"].lower() == RANGE_POINT.lower()
    return named and WORKLOADS[item.workload].streaming is not None


def with_range(
    call: Call, vault: Row[Any], item: Row[Any], told: Answer, until: int | None = None
) -> Answer:
    """Let the last page of a list end with the point that stands for the log.

    Of that only backups up to an instant count, if one is given.
    """
    terms = _terms(call)
    wanted = terms.get("restorePointQueryType", "All").lower() in ("all", LOG.lower())
    ready = filters.flag(terms, "moveReadyRPOnly")
    hidden = item.deleted_at is not None and filters.flag(terms, "includeSoftDeletedRP") is False
    body: Any = told.body
    if not wanted or ready or hidden or "nextLink" in body:
        return told
    shown = render(
        call,
        vault,
        item,
        first=filters.instant(terms, "startDate"),
        last=filters.instant(terms, "endDate"),
        detailed=asks_for_details(call),
        until=until,
    )
    return Answer(body=body | {"value": [*body["value"], shown]})


def render(
    call: Call,
    vault: Row[Any],
    item: Row[Any],
    *,
    first: int | None = None,
    last: int | None = None,
    detailed: bool = True,
    until: int | None = None,
) -> dict[str, Any]:
    """Return the point that stands for a log, with what of it lies in a span.

    Only backups up to an instant count, if one is given.
    """
    streaming = WORKLOADS[item.workload].streaming
    assert streaming is not None, "it is a database"
    ranges = ranges_of(call, item, until)
    properties: dict[str, Any] = {
        "objectType": streaming.range_point,
        "type": LOG,
        "timeRanges": [
            {"startTime": wire(each.start), "endTime": wire(each.end)}
            for each in _within(ranges, first, last)
        ],
    }
    if detailed and streaming.has_files:
        files = files_at_present(call, item)
        properties["extendedInfo"] = extended_info(files, call.now)
    path = f"{item_id(vault, item)}/recoveryPoints/{RANGE_POINT}"
    return {"id": path, "name": RANGE_POINT, "type": POINT_TYPE, "properties": properties}


def ranges_of(call: Call, item: Row[Any], until: int | None = None) -> list[Range]:
    """Return what can be restored of a log, or of a copy that has come up to an instant."""
    if until is None:
        return log_chains.ranges(call.connection, item, call.now)
    return log_copies.ranges(call.connection, item, call.now, until)


def _within(ranges: list[Range], first: int | None, last: int | None) -> list[Range]:
    """Return the parts of ranges that lie in a span."""
    cut = (
        Range(
            each.start if first is None else max(each.start, first),
            each.end if last is None else min(each.end, last),
        )
        for each in ranges
    )
    return [each for each in cut if each.start <= each.end]
