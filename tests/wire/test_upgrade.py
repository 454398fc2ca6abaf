"""A world that an older rsvault has kept is migrated when it is opened, and served as before.

The rows are those that schema 0001 held, inserted by plain SQL: today's code had no hand in them.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from app.store.database import Database
from app.store.schema import HEAD, upgrade
from tests.store.shapes import shape
from tests.wire.builders import (
    GROUP_ID,
    ITEM_ID,
    LOCATION_ID,
    POINTS,
    POLICY_ID,
    VAULT_ID,
    VM_TYPE,
    Served,
    advance,
    done,
    item,
    job,
    listed,
    now,
    tiers,
    times,
    vm_id,
)

ROWS = (Path(__file__).parent / "worlds/schema_0001.sql").read_text(encoding="utf-8")
RUNNING = "94bb5aae-f5ed-f56f-2d27-be097603403c"
RESTORED = "41f6ce31-b670-f08d-4c8e-1adcb6c132ac"
TAKEN = ["2026-01-03T22:00:05Z", "2026-01-02T22:00:05Z", "2026-01-01T22:00:05Z"]


@pytest.fixture
def stored(stored_world: str) -> str:
    """The URL of a database of schema 0001 with a row in every table."""
    with closing(Database(stored_world)) as database, database.writing() as connection:
        upgrade(connection, "0001")
        for statement in ROWS.strip().split(";\n"):
            connection.exec_driver_sql(statement)
        for table in shape(connection):
            if not table.endswith("()"):
                assert connection.execute(text(f"SELECT * FROM {table}")).first(), table
    return stored_world


@pytest.fixture
def old(stored: str, serve: Served) -> httpx.Client:
    """A client of a server that has opened the stored world."""
    return serve(database=stored)


def test_a_stored_world_is_upgraded_when_it_is_opened(stored: str, old: httpx.Client) -> None:
    assert now(old) == "2026-01-03T23:10:31Z"
    with closing(Database(stored)) as database, database.reading() as connection:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    assert found == HEAD


def test_what_an_older_version_kept_is_served(old: httpx.Client) -> None:
    vault = done(old.get(VAULT_ID)).json()
    assert (vault["name"], vault["properties"]["provisioningState"]) == ("vault-1", "Succeeded")
    policy = done(old.get(POLICY_ID)).json()["properties"]
    assert policy["retentionPolicy"]["dailySchedule"]["retentionDuration"]["count"] == 7
    found = item(old)
    assert found["protectionState"] == "Protected"
    assert found["extendedInfo"]["recoveryPointCount"] == 3
    assert times(old) == TAKEN
    assert [tiers(point) for point in listed(old, POINTS)] == [
        {"InstantRP": "Valid", "HardenedRP": "Valid"},
        {"InstantRP": "Valid", "HardenedRP": "Valid"},
        {"InstantRP": "Deleted", "HardenedRP": "Valid"},
    ]
    jobs = listed(old, f"{VAULT_ID}/backupJobs")
    assert [(each["name"], each["properties"]["status"]) for each in jobs[:2]] == [
        (RUNNING, "InProgress"),
        (RESTORED, "Completed"),
    ]
    assert len(jobs) == 6
    restored = job(old, RESTORED)["extendedInfo"]
    assert restored["internalPropertyBag"] == {"restoreLocationType": "RestoreDisks"}
    assert restored["propertyBag"]["Target Storage Account Name"] == "staging"
    assert done(old.get(vm_id())).json()["type"] == VM_TYPE
    assert len(listed(old, f"{GROUP_ID}/providers/Microsoft.Compute/disks")) == 4


def test_a_world_of_an_older_version_goes_on(old: httpx.Client) -> None:
    advance(old, until="idle")
    assert job(old, RUNNING)["status"] == "Completed"
    advance(old, by="P31D")
    assert len(times(old)) == 7
    assert item(old)["lastBackupStatus"] == "Completed"
    done(old.delete(ITEM_ID))
    advance(old, by="P15D")
    assert old.get(ITEM_ID).status_code == 404


def test_a_vault_that_an_older_version_deleted_can_be_undeleted(stored: str, serve: Served) -> None:
    with closing(Database(stored)) as database, database.writing() as connection:
        for change in (
            "UPDATE vaults SET deleted_at = 1767400000000000",
            "UPDATE jobs SET phase = 'done', status = 'Completed', due_at = NULL",
            "UPDATE items SET state = 'ProtectionStopped', policy_key = NULL, slot_at = NULL,"
            " next_backup_at = NULL, expiring = FALSE, deleted_at = 1767300000000000,"
            " purge_at = 1768509600000000, soft_delete_days = 14",
        ):
            connection.exec_driver_sql(change)
    arm = serve(database=stored)
    (deleted,) = listed(arm, f"{LOCATION_ID}/deletedVaults")
    assert deleted["properties"] == {
        "vaultId": VAULT_ID,
        "vaultDeletionTime": "2026-01-03T00:26:40Z",
        "purgeAt": "2026-01-15T20:40:00Z",
    }
    body = {"properties": {"recoveryResourceGroupId": GROUP_ID}}
    done(arm.post(f"{deleted['id']}/undelete", json=body))
    assert item(arm)["isScheduledForDeferredDelete"] is True
    assert len(times(arm)) == 3
