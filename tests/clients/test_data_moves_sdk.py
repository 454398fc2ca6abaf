"""Microsoft's SDK of Azure Backup: a vault's data moved to a vault of another region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from azure.mgmt.recoveryservicesbackup import RecoveryServicesBackupClient
from azure.mgmt.recoveryservicesbackup.models import PrepareDataMoveRequest, TriggerDataMoveRequest

from app.server import RunningServer
from tests.clients.test_compute_sdk import SUBSCRIPTION, AnyToken, options
from tests.wire.builders import (
    GROUP_ID,
    ITEM_ID,
    VAULT_ID,
    advance,
    protect,
    put_group,
    put_policy,
    put_vault,
    put_vm,
)

TARGET_ID = f"{GROUP_ID}/providers/Microsoft.RecoveryServices/vaults/vault-2"
SOURCE, TARGET = ("vault-1", "group-1"), ("vault-2", "group-1")
ITEM = ("Azure", ITEM_ID.split("/")[-3], ITEM_ID.split("/")[-1])


@pytest.fixture
def backup(arm: httpx.Client, world: RunningServer) -> Iterator[Any]:
    """A client of a vault with points, and of an empty one in another region."""
    put_group(arm)
    put_vault(arm)
    put_vault(arm, TARGET_ID, location="northeurope")
    put_policy(arm)
    put_vm(arm)
    protect(arm)
    advance(arm, by="P3DT12H")
    with RecoveryServicesBackupClient(AnyToken(), SUBSCRIPTION, **options(world)) as client:
        yield client


def operation_of(answer: Any) -> str:
    """Return the id of the operation that an answer says has begun."""
    url = answer.http_response.headers["Azure-AsyncOperation"]
    return str(url.partition("?")[0].rpartition("/")[2])


def test_data_is_moved_by_the_sdk(backup: Any) -> None:
    before = [each.name for each in backup.recovery_points.list(*SOURCE, *ITEM)]
    asked = PrepareDataMoveRequest(
        target_resource_id=TARGET_ID, target_region="northeurope", data_move_level="Vault"
    )
    preparing = backup.begin_bms_prepare_data_move(*SOURCE, asked)
    preparing.wait()
    name = operation_of(preparing.polling_method()._initial_response)
    prepared = backup.bms_prepare_data_move_operation_result.get(*SOURCE, name)
    assert backup.get_operation_status(*SOURCE, name).status == "Succeeded"
    leave = TriggerDataMoveRequest(
        source_resource_id=VAULT_ID,
        source_region="westeurope",
        data_move_level="Vault",
        correlation_id=prepared.correlation_id,
        pause_gc=True,
    )
    backup.begin_bms_trigger_data_move(*TARGET, leave).result()
    moved = [each.name for each in backup.recovery_points.list(*TARGET, *ITEM)]
    assert moved == before
    for vault in (SOURCE, TARGET):
        item = backup.protected_items.get(*vault, *ITEM)
        assert item.properties["protectionState"] == "ProtectionStopped"
