"""az backup deleted-vault: what a deleted vault still tells, and how it comes back."""

from __future__ import annotations

import httpx
import pytest

from tests.az.runner import Az
from tests.wire.builders import (
    GROUP_ID,
    advance,
    back_up,
    item,
    protect,
    put_group,
    put_policy,
    put_vault,
    put_vm,
)

pytestmark = pytest.mark.az

OF_VMS = "--backup-management-type AzureIaasVM --workload-type VM"
ITEM = f"-g group-1 -v vault-1 -c vm-1 -i vm-1 {OF_VMS}"
LIST = "backup deleted-vault list --location westeurope"


@pytest.fixture(autouse=True)
def around_it(arm: httpx.Client) -> None:
    """A group to make vaults in."""
    put_group(arm)


def test_an_empty_vault_is_remembered_but_is_gone_at_once(az: Az) -> None:
    assert az(LIST) == []
    az("backup vault create -g group-1 -n vault-1 -l westeurope")
    az("backup vault delete -g group-1 -n vault-1 --yes")
    (deleted,) = az(LIST)
    assert deleted["properties"]["vaultId"].endswith("/vaults/vault-1")
    assert deleted["name"].startswith("group-1_")
    by_name = az(f"backup deleted-vault get --location westeurope -n {deleted['name']}")
    assert by_name["id"] == deleted["id"]
    assert az("backup deleted-vault get --ids", deleted["id"]) == by_name
    assert az("backup deleted-vault list-containers --ids", deleted["id"]) == []
    said = az.refused("backup deleted-vault undelete --ids", deleted["id"])
    assert "BMSUserErrorDeletedVaultPurged" in said
    said = az.refused("backup deleted-vault get --location westeurope -n lost")
    assert "lost" in said
    said = az.refused("backup deleted-vault get --ids", GROUP_ID)
    assert "valid" in said


def test_a_vault_comes_back_with_its_soft_deleted_items(az: Az, arm: httpx.Client) -> None:
    put_vault(arm)
    put_policy(arm)
    put_vm(arm)
    protect(arm)
    back_up(arm)
    advance(arm, until="idle")
    az(f"backup protection disable {ITEM} --delete-backup-data true --yes")
    az("backup vault delete -g group-1 -n vault-1 --yes")
    assert az("backup vault list") == []
    (deleted,) = az(LIST)
    (row,) = az("backup deleted-vault list-containers --ids", deleted["id"])
    assert row["dataSourceType"] == "AzureIaasVM/VM"
    assert row["properties"]["friendlyName"] == "vm-1"
    by_name = f"backup deleted-vault list-containers -n {deleted['name']} --location westeurope"
    assert az(by_name) == [row]

    az(f"backup deleted-vault undelete -n {deleted['name']} --location westeurope")
    assert [vault["name"] for vault in az("backup vault list")] == ["vault-1"]
    assert item(arm)["isScheduledForDeferredDelete"] is True
    az(f"backup protection undelete {ITEM}")
    az(f"backup protection resume {ITEM} -p daily")
    assert item(arm)["protectionState"] == "Protected"
    assert len(az(f"backup recoverypoint list {ITEM}")) == 1
