"""Workload items: all the servers and databases in a registered VM, protected or not."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from ...arm import filters
from ...arm.calls import Answer, Call, endpoint
from ...arm.paging import after, page, row_limit
from ...domain.documents import Document
from ...engine import database_sources
from ...store import containers as stored
from . import vocabulary
from .paths import CONTAINER, container_of, not_registered, vault_of
from .protectable_databases import Part, parts_in, render_held
from .vm_containers import PARTS

TAG = "Workload items"
KEYS = ("backupManagementType", "workloadItemType", "workloadType", "protectionStatus")


@endpoint(
    "GET",
    f"{CONTAINER}/items",
    "BackupWorkloadItems_List",
    tag=TAG,
    query=("$filter", "$skipToken", "$top"),
)
def list_(call: Call) -> Answer:
    """List the servers and databases that the last inquiry of a registered VM saw."""
    vault = vault_of(call)
    workload, name = container_of(call)
    terms = filters.read(call.query.get("$filter"), KEYS)
    kind = filters.one_of(terms, "workloadItemType", vocabulary.WORKLOAD_ITEMS)
    status = filters.one_of(terms, "protectionStatus", vocabulary.PROTECTION_STATUSES)
    asked = [each.name for each in vocabulary.wanted(terms)]
    container = stored.find(call.connection, vault.key, name) if workload.registered else None
    if container is None:
        raise not_registered(call)
    start = after(call, str)
    # Storage accounts hold no workload items.
    found = parts_in(call, vault, container) if container.workload in PARTS else []
    rows = [
        part
        for part in found
        if kind in (None, part.kind)
        and container.workload in asked
        and status in (None, "Protected" if part.is_protected else "NotProtected")
        and (start is None or part.folded > start[0])
    ]
    rows = sorted(rows, key=lambda part: part.folded)[: row_limit(call)]
    contents = _contents(call, container)
    return page(
        call,
        rows,
        lambda part: _with_content(render_held(vault, part), contents.get(_key(part))),
        lambda part: [part.folded],
    )


def _contents(call: Call, container: Row[Any]) -> dict[str, str]:
    """Return what each database in a VM that runs holds at present, as a fingerprint."""
    vm = database_sources.vm_of(call.connection, container.source_folded)
    if vm is None or not database_sources.is_running(vm):
        return {}
    found = database_sources.of_vm(vm)
    return {each.key: database_sources.content_of(call.rules, vm, each, call.now) for each in found}


def _key(part: Part) -> str:
    return f"{part.container.workload}/{part.instance}/{part.friendly_name}".lower()


def _with_content(shown: Document, content: str | None) -> Document:
    if content is not None:
        shown["properties"]["contentFingerprint"] = content
    return shown


ENDPOINTS = (list_,)
