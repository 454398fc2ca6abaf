"""Worlds for the tests of worlds: a small one as a document, seeded without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from app.arm.inner_calls import InnerCalls
from app.engine.worker import Engine
from app.main import endpoints, open_world
from app.providers.resources import locks
from app.settings import Settings
from app.store import images
from app.store.metadata import metadata
from app.store.subscription_rows import tables
from app.worlds.exporting import Export
from app.worlds.seeding import Seed

MINE = "11111111-2222-3333-4444-555555555555"
THEIRS = "99999999-2222-3333-4444-555555555555"
START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = 1_767_225_600_000_000

DAILY: dict[str, Any] = {
    "name": "daily",
    "properties": {
        "backupManagementType": "AzureIaasVM",
        "schedulePolicy": {
            "schedulePolicyType": "SimpleSchedulePolicy",
            "scheduleRunFrequency": "Daily",
            "scheduleRunTimes": ["2026-01-01T22:00:00Z"],
        },
        "retentionPolicy": {
            "retentionPolicyType": "LongTermRetentionPolicy",
            "dailySchedule": {
                "retentionTimes": ["2026-01-01T22:00:00Z"],
                "retentionDuration": {"count": 10, "durationType": "Days"},
            },
        },
    },
}


def small(since: str = "P20D", vms: int = 2) -> dict[str, Any]:
    """Return a world with two VMs that are protected, one that is not, and a storage account."""
    return {
        "resourceGroups": [
            {
                "name": "web",
                "virtualMachines": [
                    {"name": "web-{n}", "count": vms, "disks": [30, 64]},
                    {"name": "idle", "power": "deallocated"},
                ],
                "storageAccounts": [{"name": "staging1", "shares": ["docs"]}],
                "vaults": [
                    {
                        "name": "safe",
                        "policies": [DAILY],
                        "protectedItems": [
                            {"virtualMachine": "web-{n}", "policy": "daily", "since": since}
                        ],
                    }
                ],
            }
        ]
    }


def opened(database: str = "memory", **options: Any) -> Engine:
    """Return the engine of a new world whose clock stands at the start of 2026."""
    return open_world(Settings(database=database, clock_mode="frozen", start_time=START, **options))


def inner_calls() -> InnerCalls:
    inner = InnerCalls(locks.guard)
    inner.serve(endpoints(inner=inner))
    return inner


def seed(engine: Engine, text: str, subscription: str | None = None) -> None:
    present = exported(engine)["now"]
    instant = int(datetime.fromisoformat(present).timestamp() * 1_000_000)
    asyncio.run(Seed(text, inner_calls(), engine.rules, instant, subscription).apply(engine))


def exported(engine: Engine, subscription: str | None = None) -> dict[str, Any]:
    from app.engine import clock

    with engine.database.reading() as connection:
        now = clock.read(connection).now(clock.real_now())
        return Export(connection, subscription, now).document()


def rows(engine: Engine, subscription: str | None = None) -> Mapping[str, Sequence[Any]]:
    """Return all rows of a world but its clock, or those of one subscription, by table."""
    with engine.database.reading() as connection:
        side = images.side_of(connection)
        return {each.name: sorted(side.rows(each, subscription), key=repr) for each in tables()}


def count(engine: Engine) -> int:
    """Return how many rows there are in all tables but those of the world itself."""
    with engine.database.reading() as connection:
        found = (
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
            if table.name not in ("world", "saved_worlds")
        )
        return sum(found)
