"""az backup of file shares, as far as it goes: an account is registered, its shares backed up."""

from __future__ import annotations

import httpx
import pytest

from tests.az.runner import Az
from tests.wire.builders import advance
from tests.wire.shares import put_share_policy, share_world

pytestmark = pytest.mark.az

VAULT = "-g group-1 -v vault-1"
STORAGE = "--backup-management-type AzureStorage"
OF_SHARES = f"{STORAGE} --workload-type AzureFileShare"
ITEM = f"{VAULT} -c files1 -i share-1 {OF_SHARES}"


def test_a_share_is_protected_backed_up_stopped_and_deleted(az: Az, arm: httpx.Client) -> None:
    share_world(arm, "share-1", "share-2")
    put_share_policy(arm)
    enable = f"backup protection enable-for-azurefileshare {VAULT} -p shares"
    job = az(f"{enable} --storage-account files1 --azure-file-share share-1")["properties"]
    assert (job["operation"], job["status"]) == ("ConfigureBackup", "Completed")
    (container,) = az(f"backup container list {VAULT} {STORAGE}")
    assert container["properties"]["friendlyName"] == "files1"
    assert az(f"backup policy list {VAULT} {OF_SHARES} --query [].name") == ["shares"]

    job = az(f"backup protection backup-now {ITEM} --retain-until 01-03-2026")
    az(f"backup job wait {VAULT} -n {job['name']}")
    (point,) = az(f"backup recoverypoint list {ITEM}")
    assert point["properties"]["fileShareSnapshotUri"]
    (row,) = az.table(f"backup item list {VAULT} {OF_SHARES}")
    assert (row["Friendly Name"], row["Type"]) == ("share-1", "AzureFileShare")
    assert row["Last Backup Status"] == "Completed"

    az(f"backup protection disable {ITEM} --yes")
    az(f"backup protection resume {ITEM} -p shares")
    advance(arm, by="P1D")
    assert len(az(f"backup recoverypoint list {ITEM}")) == 2
    az(f"backup protection disable {ITEM} --yes --delete-backup-data true")
    az(f"backup protection undelete {ITEM}")
    said = az.refused(f"backup container unregister {VAULT} -c files1 {STORAGE} --yes")
    assert "share-1" in said
    az(f"backup protection disable {ITEM} --yes --delete-backup-data true")
    az(f"backup container unregister {VAULT} -c files1 {STORAGE} --yes")
    assert az(f"backup container list {VAULT} {STORAGE}") == []
