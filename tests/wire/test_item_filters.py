"""Items, containers and what could be protected: lists of those that a filter asks for."""

from __future__ import annotations

import httpx
import pytest

from tests.wire.builders import ITEM_ID, VAULT_ID, listed, protect, put_vm, refused

PROTECTABLE = f"{VAULT_ID}/backupProtectableItems"
CONTAINERS = f"{VAULT_ID}/backupProtectionContainers"
ITEMS = f"{VAULT_ID}/backupProtectedItems"
SHORT = "iaasvmcontainerv2;group-1;vm-1"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("backupManagementType eq 'AzureIaasVM' and workloadType eq 'VM'", 1),
        ("backupManagementType eq 'AzureWorkLoad'", 0),
        ("workloadType eq 'SQLDataBase'", 0),
        ("friendlyName eq 'VM-1'", 1),
        ("friendlyName eq 'm-1'", 0),
        (f"containerName eq 'IaasVMContainer;{SHORT}'", 1),
        ("containerName eq 'iaasvmcontainerv2;group-2;vm-1'", 0),
        ("containerName eq 'none'", 0),
        ("status eq 'NotProtected'", 1),
        ("status eq 'Protected'", 0),
    ],
)
def test_protectable_items_are_filtered_by_what_is_asked(
    vault: httpx.Client, text: str, count: int
) -> None:
    put_vm(vault)
    assert len(listed(vault, PROTECTABLE, **{"$filter": text})) == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("backupManagementType eq 'AzureIaasVM' and status eq 'Registered'", 2),
        ("friendlyName eq 'VM-1'", 1),
        ("friendlyName eq 'm-1'", 0),
        ("friendlyName eq '%'", 0),
        ("status eq 'NotRegistered'", 0),
        ("containerType eq 'IaasVMContainer' and fabricName eq 'azure'", 2),
        ("containerType eq 'Microsoft.Compute/virtualMachines'", 2),
        ("containerType eq 'VMAppContainer'", 0),
        ("backupEngineName eq 'engine'", 0),
        ("backupManagementType eq 'AzureStorage'", 0),
    ],
)
def test_containers_are_filtered_by_what_is_asked(
    protected: httpx.Client, text: str, count: int
) -> None:
    put_vm(protected, "vm-2")
    protect(protected, "vm-2")
    assert len(listed(protected, CONTAINERS, **{"$filter": text})) == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("backupManagementType eq 'AzureIaasVM' and itemType eq 'VM' and policyName eq 'DAILY'", 2),
        ("policyName eq 'DefaultPolicy'", 0),
        ("itemType eq 'AzureFileShare'", 0),
        ("backupManagementType eq 'AzureWorkLoad'", 0),
        ("friendlyName eq 'vm-2'", 1),
        (f"containerName eq '{SHORT}'", 1),
        (f"containerName eq 'IaasVMContainer;{SHORT}'", 1),
        ("containerName eq 'StorageContainer;Storage;group-1;account'", 0),
        ("healthState eq 'Passed' and fabricName eq 'Azure'", 2),
        ("healthState eq 'ActionRequired'", 0),
        ("healthState eq 'ActionSuggested'", 0),
        ("backupEngineName eq 'engine'", 0),
        ("backupSetName eq 'set'", 0),
        ("policyName eq 'none'", 0),
    ],
)
def test_items_are_filtered_by_what_is_asked(
    protected: httpx.Client, text: str, count: int
) -> None:
    put_vm(protected, "vm-2")
    protect(protected, "vm-2")
    assert len(listed(protected, ITEMS, **{"$filter": text})) == count


@pytest.mark.parametrize(
    ("path", "text", "allowed"),
    [
        (ITEMS, "healthState eq 'Fine'", "ActionRequired, ActionSuggested, Invalid, Passed"),
        (ITEMS, "itemType eq 'Toaster'", "AzureFileShare"),
        (ITEMS, "fabricName eq 'Local'", "Azure"),
        (ITEMS, "color eq 'red'", "backupEngineName, backupManagementType, backupSetName"),
        (CONTAINERS, "containerType eq 'Box'", "IaasVMContainer"),
        (PROTECTABLE, "status eq 'Maybe'", "NotProtected"),
        (PROTECTABLE, "workloadType eq 'Toaster'", "SQLDataBase"),
        (ITEM_ID, "expand eq 'everything'", "extendedInfo"),
    ],
)
def test_what_a_list_cannot_be_asked_for_is_refused_with_what_it_can(
    protected: httpx.Client, path: str, text: str, allowed: str
) -> None:
    answer = protected.get(path, params={"$filter": text})
    assert refused(answer) == (400, "BMSUserErrorInvalidInput")
    assert allowed in answer.json()["error"]["message"]


def test_an_item_is_shown_whether_or_not_more_is_asked_for(protected: httpx.Client) -> None:
    more = protected.get(ITEM_ID, params={"$filter": "expand eq 'extendedinfo'"})
    assert more.json() == protected.get(ITEM_ID).json()
