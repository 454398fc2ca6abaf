"""The assertions of the journal's client, about what Microsoft's SDKs asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.mgmt.recoveryservicesbackup import RecoveryServicesBackupClient

from app.client import ControlError, ControlPlane
from app.server import RunningServer
from tests.clients.test_compute_sdk import SUBSCRIPTION, AnyToken, options
from tests.wire.builders import POLICY_ID, protect, put_group, put_policy, put_vault, put_vm, vm_id

ITEM = ("vault-1", "group-1", "Azure", "IaasVMContainer;iaasvmcontainerv2;group-1;vm-1",
        "VM;iaasvmcontainerv2;group-1;vm-1")  # fmt: skip
PROTECT = "ProtectedItems_CreateOrUpdate"
REFUSED = "ResourceNotFound"


@pytest.fixture
def control(arm: httpx.Client) -> Iterator[ControlPlane]:
    """The control plane of a world with a vault that protects a VM."""
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    put_vm(arm)
    protect(arm)
    with ControlPlane(str(arm.base_url)) as client:
        yield client


@pytest.fixture
def backup(control: ControlPlane, world: RunningServer) -> Iterator[Any]:
    """Microsoft's client of Azure Backup."""
    with RecoveryServicesBackupClient(AnyToken(), SUBSCRIPTION, **options(world)) as client:
        yield client


def test_what_an_sdk_asked_is_asserted_by_operation_path_and_number(
    control: ControlPlane, backup: Any
) -> None:
    properties = {"protectedItemType": "Microsoft.Compute/virtualMachines", "policyId": POLICY_ID,
                  "sourceResourceId": vm_id()}  # fmt: skip
    with control.journal.recording() as asked:
        backup.protected_items.begin_create_or_update(*ITEM, {"properties": properties}).result()
        with pytest.raises(ResourceNotFoundError):
            backup.protection_policies.get("vault-1", "group-1", "missing")
        control.advance(by="PT1H")
    backup.protection_policies.get("vault-1", "group-1", "daily")  # after the recording
    assert asked(PROTECT, times=1, path="*vm-1*")
    assert asked.never("ProtectionPolicies_Get", status="2xx")
    assert not asked(PROTECT, times=2)
    (refused,) = asked(status=404)
    assert (refused.operation_id, refused.error_code) == ("ProtectionPolicies_Get", REFUSED)
    (item,) = asked(PROTECT)
    assert item.sent == {"properties": properties}
    assert "azsdk-python" in str(item.client)
    assert [each.operation_id for each in asked][-1] == "Emulator_AdvanceClock"
    assert asked("Emulator_*", plane="control", times=1)
    assert not asked("Emulator_*")


def test_a_failed_assertion_tells_what_was_asked_instead(control: ControlPlane) -> None:
    with pytest.raises(AssertionError) as never:
        control.journal.assert_asked("Vaults_Delete", path="*/vault-1", since="reset")
    first, *others = str(never.value).splitlines()
    assert first == (
        "Vaults_Delete (path='*/vault-1', since='reset') should have been asked: never. "
        "Asked instead:"
    )
    assert any(PROTECT in line and "/protectedItems/" in line for line in others)
    with pytest.raises(AssertionError, match=f"{PROTECT}.* should never have been asked: once"):
        control.journal.assert_never_asked(PROTECT, since="reset")
    with pytest.raises(AssertionError, match="should have been asked twice: once"):
        control.journal.assert_asked(PROTECT, times=2, since="reset")
    assert len(control.journal.assert_asked(PROTECT, times=1, since="reset")) == 1
    with pytest.raises(ControlError, match="did you mean 'operationId'"):
        control.journal.asked(operation="Vaults_Get")


def test_the_journal_is_followed_from_now_on(control: ControlPlane, arm: httpx.Client) -> None:
    news = control.journal.follow(status="2xx", plane="azure")
    latest = control.journal.document(since=0, until=0)["last"]
    put_vm(arm, "vm-2")
    (seen,) = control.journal.exchanges(since=latest, bodies=False)
    assert seen.operation_id == "VirtualMachines_CreateOrUpdate"
    assert seen.request == {}
    news.close()  # type: ignore[attr-defined]
