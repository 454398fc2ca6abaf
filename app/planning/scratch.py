"""The scratch world: a database of its own in memory, moved by the real engine and nobody else.

It begins with what a plan says, or with the rows of a vault that exists. Nothing of it is seen
outside, and nothing outside is changed by it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    Row,
    Table,
    insert,
    select,
    update,
)

from ..domain import ids
from ..domain.documents import Document
from ..engine import clock, protection, vm_sources
from ..engine.rules import Rules
from ..engine.worker import Engine
from ..store.database import MEMORY, Database
from ..store.schema import ensure_schema
from ..store.tables import items, jobs, policies, recovery_points, vaults
from ..workloads import azure_vm
from .plans import Edit, Group, Plan, policy_of

VAULT = 1
_SECONDS_A_DAY = 86_400

planned = Table(
    "planned_items",
    MetaData(),
    Column("item_key", BigInteger, primary_key=True, autoincrement=False),
    Column("part", Integer, nullable=False),
)
"""Which part of the plan an item of the scratch world belongs to."""


@dataclass(frozen=True, slots=True)
class Part:
    """Items that are counted together; those simulated stand for all of ``vms``.

    ``policy`` is ``None`` for items without one, such as those whose protection was stopped.
    """

    policy: str | None
    vms: int
    simulated: int

    @property
    def factor(self) -> float:
        """How many VMs each simulated one stands for."""
        return self.vms / self.simulated if self.simulated else 1.0


@dataclass(frozen=True)
class Copy:
    """The rows of a vault by their tables' names, and which part each of its items is of."""

    rows: Mapping[str, Sequence[Mapping[str, Any]]]
    parts: tuple[Part, ...]
    part_of: Mapping[int, int]


class ScratchWorld:
    """A world to try things in; leaving its ``with`` block forgets it."""

    def __init__(self, rules: Rules, now: int) -> None:
        self.rules = rules
        self.database = Database(MEMORY)
        self.engine = Engine(self.database, rules)
        self.parts: tuple[Part, ...] = ()
        self._keys: dict[str, int] = {}
        with self.database.writing() as connection:
            ensure_schema(connection)
            planned.create(connection)
            state = clock.ClockState(
                1, "frozen", 1, "off", now, now, base_real_at=0, settled_at=now
            )
            clock.create(connection, state, rules)

    def __enter__(self) -> ScratchWorld:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.database.close()

    # --- how it begins -------------------------------------------------------------------

    def hold(self, plan: Plan) -> None:
        """Put a plan's policies and VMs into the empty world."""
        with self.database.writing() as connection:
            connection.execute(insert(vaults).values(_vault(plan.start)))
            for name, document in plan.policies.items():
                self._keys[name] = key = ids.key(self.rules.seed, "policy", VAULT, name.lower())
                values = {"key": key, "vault_key": VAULT, "folded_name": name.lower()}
                values |= {"name": name, "changed_at": plan.start}
                connection.execute(insert(policies).values(**values, document=document))
            protected = [group for group in plan.groups if group.policy is not None]
            self.parts = tuple(
                Part(group.policy, group.count, plan.simulated(group)) for group in protected
            )
            for number, group in enumerate(protected):
                self._protect(connection, plan, group, number)

    def _protect(self, connection: Connection, plan: Plan, group: Group, part: int) -> None:
        assert group.policy is not None
        policy = policy_of(plan.policies[group.policy])
        chosen = _chosen(group)
        for number in range(1, plan.simulated(group) + 1):
            vm = group.vm(number)
            item = protection.enable(
                connection,
                self.rules,
                vault_key=VAULT,
                name=azure_vm.name_of("plan", vm),
                source=_source(group, vm),
                policy_key=self._keys[group.policy],
                policy=policy,
                now=plan.start,
            )
            connection.execute(insert(planned).values(item_key=item.key, part=part))
            if chosen:
                values = _sizes(group, item)
                connection.execute(update(items).where(items.c.key == item.key).values(**values))

    def take(self, copy: Copy) -> None:
        """Put the rows of a vault into the empty world."""
        self.parts = copy.parts
        with self.database.writing() as connection:
            for table in (vaults, policies, items, jobs, recovery_points):
                if copy.rows[table.name]:
                    connection.execute(insert(table), copy.rows[table.name])
            numbers = [{"item_key": key, "part": part} for key, part in copy.part_of.items()]
            if numbers:
                connection.execute(insert(planned), numbers)
            self._keys = {row["name"]: row["key"] for row in copy.rows[policies.name]}

    # --- what happens in it --------------------------------------------------------------

    def live_until(self, instant: int) -> None:
        """Let time pass. Raises ``Refused`` if ``stop`` was called meanwhile."""
        asyncio.run(self.engine.advance(instant))

    def stop(self) -> None:
        """End a crossing of time that another thread waits for."""
        self.engine.stop()

    def edit(self, connection: Connection, edit: Edit) -> None:
        """Do what a PUT of a policy with items does to them and their points."""
        key = self._keys[edit.policy]
        connection.execute(
            update(policies)
            .where(policies.c.key == key)
            .values(document=edit.document, changed_at=edit.at)
        )
        protection.edit_policy(
            connection, self.rules, key, policy_of(edit.document), edit.at, soft_delete_days=0
        )

    def key_of(self, policy: str) -> int:
        """Return the key of a policy's row."""
        return self._keys[policy]


def _vault(now: int) -> Document:
    return {
        "key": VAULT,
        "folded": "/plan",
        "id": "/plan",
        "subscription": "plan",
        "group_folded": "/plan",
        "name": "plan",
        "location": "plan",
        "tags": {},
        "sku": {},
        "properties": {},
        "created_at": now,
        "changed_at": now,
        "provisioned_at": now,
    }


def _source(group: Group, vm: str) -> vm_sources.Source:
    disks = [
        {"lun": lun, "name": f"disk{lun}", "sizeGB": size, "sku": "Premium_LRS"}
        | {"origin": group.name, "content_at": None}
        for lun, size in enumerate(group.disk_sizes, start=-1)
    ]
    return vm_sources.Source(f"/plan/{vm}", vm, "plan", True, "Linux", "plan", disks)


def _chosen(group: Group) -> bool:
    return group.used_percent is not None or group.churn_percent is not None


def _sizes(group: Group, item: Row[Any]) -> dict[str, int]:
    """Return how much of a VM is used and changes, where the plan says so."""
    used: int = item.used_bytes
    if group.used_percent is not None:
        used = sum(group.disk_sizes) * azure_vm.GIBIBYTE * group.used_percent // 100
    churn = azure_vm.churn_bytes_per_second(used, item.entropy)
    if group.churn_percent is not None:
        churn = round(used * group.churn_percent / 100 / _SECONDS_A_DAY)
    return {"used_bytes": used, "churn_bytes_per_second": churn}


def items_of(world: ScratchWorld) -> list[Row[Any]]:
    """Return what is planned for each item: its part, its size, and what it has so far."""
    with world.database.reading() as connection:
        return list(
            connection.execute(
                select(
                    items.c.key,
                    planned.c.part,
                    items.c.used_bytes,
                    items.c.churn_bytes_per_second,
                    items.c.latest_snapshot_at,
                    items.c.latest_vaulted_at,
                )
                .join(planned, planned.c.item_key == items.c.key)
                .order_by(items.c.key)
            ).all()
        )
