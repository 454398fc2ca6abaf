"""A plan of a vault that exists: its rows are read, and nothing of it is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, and_, exists, func, or_, select

from ..domain import resource_ids
from ..domain.documents import Document
from ..domain.errors import Refused
from ..domain.jobs import Operation, Phase
from ..domain.policies import read_vm
from ..domain.policy_documents import DEFAULT_POLICIES
from ..domain.resource_ids import VAULT_TYPE, VM_TYPE
from ..store.resource_tables import resources
from ..store.tables import items, jobs, policies, recovery_points, vaults
from ..store.vaults import get_vault
from . import documents
from .plans import Plan, ReadPolicy
from .scratch import Copy, Part


def read(
    connection: Connection,
    document: Mapping[str, Any],
    read_policy: ReadPolicy,
    now: int,
    check: Callable[[int], None],
) -> tuple[Plan, Copy]:
    """Return the plan of the vault that a document names, from now on, and the vault's rows.

    ``check`` is asked whether so many points are not too many to read, and whether so much work
    is not too much to live through, before either is done. Raises ``Refused``.
    """
    whole = documents.top(document)
    for name in ("policies", "groups", "start"):
        if name in document:
            raise documents.wrong(name, "is the vault's own; leave it out, or leave 'vault' out")
    vault = _vault(connection, whole.text("vault") or "")
    start, end = documents.span(whole, now)
    sample = whole.whole("sample", 1, documents.MOST_VMS)
    stored = _rows(connection, policies, policies.c.vault_key == vault.key)
    stored.sort(key=lambda row: str(row["folded_name"]))
    every = _rows(connection, items, items.c.vault_key == vault.key)
    under = _under(stored, every)
    known = {row["name"]: row["document"] for row in stored if _runs(row["document"])}
    edits = documents.edits_of(whole, known, read_policy, start, end)
    edited = {edit.policy for edit in edits}
    used = {
        name: body
        for name, body in known.items()
        if name in under.values() or name in edited or name not in DEFAULT_POLICIES
    }
    chosen = _chosen(every, under, sample)
    keys = [item["key"] for found in chosen.values() for item in found]
    check(_count_points(connection, keys))
    plan = Plan(
        start=start,
        end=end,
        time_zone=documents.zone_of(whole, used),
        peak=documents.peak_of(whole, used),
        policies=used,
        groups=(),
        edits=edits,
        sample=sample,
        unprotected=_unprotected(connection, vault),
    )
    check(plan.work_of((policy, len(found)) for policy, found in chosen.items()))
    rows: dict[str, list[dict[str, Any]]] = {
        "vaults": _rows(connection, vaults, vaults.c.key == vault.key),
        "policies": stored,
        "items": [item for found in chosen.values() for item in found],
        "jobs": _of_items(connection, jobs, keys, _RUNNING),
        "recovery_points": _of_items(connection, recovery_points, keys),
    }
    return plan, Copy(rows, *_parts(under, chosen))


def _vault(connection: Connection, text: str) -> Row[Any]:
    found = resource_ids.parse(text)
    if found is None or found.type.lower() != VAULT_TYPE.lower():
        raise documents.wrong(
            "vault",
            f"'{text}' is not the id of a vault; /subscriptions/GUID/resourceGroups/NAME"
            f"/providers/{VAULT_TYPE}/NAME is one",
        )
    try:
        return get_vault(connection, found.subscription, found.group, found.name)
    except Refused as refusal:
        message = f"vault: {refusal.message}"
        raise Refused(refusal.kind, refusal.code, message, target="vault") from None


def _rows(connection: Connection, table: Table, of: Any) -> list[dict[str, Any]]:
    found = connection.execute(select(table).where(of).order_by(*table.primary_key))
    return [dict(row) for row in found.mappings()]


def _runs(document: Document) -> bool:
    return read_vm(document) is not None


def _under(
    stored: Sequence[Mapping[str, Any]], every: Sequence[Mapping[str, Any]]
) -> dict[int, str | None]:
    """Return the policy of each item, by the item's key."""
    names = {row["key"]: row["name"] for row in stored}
    return {item["key"]: names.get(item["policy_key"]) for item in every}


_Chosen = Mapping[str | None, Sequence[dict[str, Any]]]
_RUNNING = (jobs.c.operation == Operation.BACKUP, jobs.c.phase != Phase.DONE)


def _chosen(
    every: Sequence[dict[str, Any]], under: Mapping[int, str | None], sample: int | None
) -> _Chosen:
    """Return the items to live through, by policy; of a sample the first ones by name."""
    by_policy: dict[str | None, list[dict[str, Any]]] = {}
    for item in sorted(every, key=lambda item: str(item["folded_name"])):
        by_policy.setdefault(under[item["key"]], []).append(item)
    return {policy: found[:sample] for policy, found in by_policy.items()}


def _parts(
    under: Mapping[int, str | None], chosen: _Chosen
) -> tuple[tuple[Part, ...], dict[int, int]]:
    """Return a part for each policy, and which one each chosen item is of."""
    every = list(under.values())
    parts = tuple(Part(name, every.count(name), len(found)) for name, found in chosen.items())
    numbered = enumerate(chosen.values())
    return parts, {item["key"]: number for number, found in numbered for item in found}


def _of_items(
    connection: Connection, table: Table, keys: Sequence[int], of: Sequence[Any] = ()
) -> list[dict[str, Any]]:
    """Return the rows of some items, a thousand items at a time."""
    found: list[dict[str, Any]] = []
    for some in _thousands(keys):
        found += _rows(connection, table, and_(table.c.item_key.in_(some), *of))
    return found


def _count_points(connection: Connection, keys: Sequence[int]) -> int:
    total = 0
    for some in _thousands(keys):
        of = recovery_points.c.item_key.in_(some)
        counted = select(func.count()).select_from(recovery_points).where(of)
        total += int(connection.execute(counted).scalar_one())
    return total


def _thousands(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    for first in range(0, len(keys), 1000):
        yield keys[first : first + 1000]


def _unprotected(connection: Connection, vault: Row[Any]) -> int:
    """Return how many VMs of the vault's region and subscription no policy backs up."""
    covered = exists(
        select(items.c.key).where(
            items.c.source_folded == resources.c.folded,
            or_(items.c.policy_key.is_not(None), items.c.vault_key == vault.key),
        )
    )
    found = select(func.count()).where(
        resources.c.type_folded == VM_TYPE.lower(),
        resources.c.folded.startswith(
            f"/subscriptions/{vault.subscription.lower()}/", autoescape=True
        ),
        resources.c.location == vault.location,
        ~covered,
    )
    return int(connection.execute(found).scalar_one())
