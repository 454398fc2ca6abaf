"""What all companion resources have in common: they move, outlive a restart and go with a group."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from app.arm.examples import GROUP_ID as EXAMPLES
from app.domain.resource_ids import USER_IDENTITY_TYPE, VAULT_TYPE
from app.providers.companions.store import CompanionType
from app.providers.companions.table import TYPES
from tests.wire.builders import GROUP_ID, ROOT, Served, done, listed, put_group, put_vault, refused

PLACE = {"location": "westeurope"}
NAMES = {
    "Microsoft.Compute/virtualMachines": "vm-1",
    "Microsoft.SqlVirtualMachine/sqlVirtualMachines": "vm-1",
    "Microsoft.Storage/storageAccounts": "staging",
    "Microsoft.Storage/storageAccounts/fileServices/shares": "share-1",
    "Microsoft.Storage/storageAccounts/blobServices/containers": "container-1",
}
LATE = (
    "Microsoft.Network/networkInterfaces",
    "Microsoft.Network/privateEndpoints",
    "Microsoft.Compute/diskEncryptionSets",
    "Microsoft.Compute/snapshots",
    "Microsoft.SqlVirtualMachine/sqlVirtualMachines",
)
"""Types whose examples name resources of others."""


def address(kind: CompanionType, group: str = GROUP_ID) -> str:
    """Return the id that the example of a type has in a group."""
    name = NAMES.get(kind.type_name, f"{kind.parameter.lower()[:8]}-1")
    if kind.type_name == "Microsoft.Network/virtualNetworks":
        name = "network-1"
    if kind.type_name == "Microsoft.Compute/disks":
        name = "disk-1"
    if kind.type_name == "Microsoft.KeyVault/vaults":
        name = "vault-1"
    if kind.parent is None:
        return f"{group}/providers/{kind.type_name}/{name}"
    return f"{address(kind.parent, group)}/{kind.folder}/{name}"


def in_order() -> list[CompanionType]:
    return sorted(TYPES, key=lambda kind: (kind.parent is not None, kind.type_name in LATE))


def example(kind: CompanionType) -> Any:
    """Return the example of a type, told of the resources in the tests' group."""

    def told(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace(EXAMPLES, GROUP_ID)
        if isinstance(value, dict):
            return {key: told(part) for key, part in value.items()}
        return [told(part) for part in value] if isinstance(value, list) else value

    return told(kind.body.EXAMPLE)


def put_all(arm: httpx.Client) -> dict[str, Any]:
    """Create one resource of each type, and a vault; return what is shown of each."""
    put_group(arm)
    put_vault(arm)
    for kind in in_order():
        answer = done(arm.put(address(kind), json=example(kind)))
        assert answer.status_code == kind.created_status, kind.type_name
    return shown_of_all(arm)


def shown_of_all(arm: httpx.Client) -> dict[str, Any]:
    return {kind.type_name: done(arm.get(address(kind))).json() for kind in in_order()}


def test_each_is_what_its_put_said_and_is_listed(arm: httpx.Client) -> None:
    for name, shown in put_all(arm).items():
        kind = next(each for each in TYPES if each.type_name == name)
        assert shown["id"].replace("/resourcegroups/", "/resourceGroups/") == address(kind)
        assert ("/resourcegroups/" in shown["id"]) == (name == USER_IDENTITY_TYPE)
        assert shown["type"] == name
        if kind.list_in_group is not None:
            folder = address(kind).rpartition("/")[0]
            assert shown["id"] in [each["id"] for each in listed(arm, folder)]
    tracked = {each["type"] for each in listed(arm, f"{GROUP_ID}/resources")}
    assert tracked == {VAULT_TYPE, *(kind.type_name for kind in TYPES if kind.located)}


def test_all_are_there_for_another_server_on_the_same_database(
    serve: Served, tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path / 'world.db'}"
    first = serve(database=database)
    first.params = first.params.set("api-version", "2026-10-01")
    before = put_all(first)
    second = serve(database=database)
    second.params = first.params
    after = shown_of_all(second)
    for name, shown in before.items():
        if name != "Microsoft.Storage/storageAccounts":  # it shows the address that it is asked at
            assert after[name] == shown


def test_all_go_with_their_group_and_can_be_made_anew(arm: httpx.Client) -> None:
    put_all(arm)
    done(arm.delete(GROUP_ID))
    done(arm.post("/_emulator/clock/advance", json={"until": "idle"}))
    put_group(arm)
    for kind in TYPES:
        assert arm.get(address(kind)).status_code == 404, kind.type_name
    deleted = f"{ROOT}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/vault-1"
    done(arm.post(f"{deleted}/purge"))
    put_all(arm)


def test_each_delete_is_answered_200_and_then_204(arm: httpx.Client) -> None:
    put_all(arm)
    for kind in reversed(in_order()):
        if kind.delete is not None:
            answers = [arm.delete(address(kind)).status_code for _ in range(2)]
            assert answers == [200, 204], kind.type_name
            assert arm.get(address(kind)).status_code == 404


def test_a_machine_moves_with_its_extension_and_an_account_with_its_share(
    arm: httpx.Client,
) -> None:
    put_all(arm)
    put_group(arm, f"{ROOT}/resourceGroups/group-2")
    by_name = {kind.type_name: kind for kind in TYPES}
    moved = [
        by_name[name]
        for name in ("Microsoft.Compute/virtualMachines", "Microsoft.Storage/storageAccounts")
    ]
    body = {
        "resources": [address(kind) for kind in moved],
        "targetResourceGroup": f"{ROOT}/resourceGroups/group-2",
    }
    done(arm.post(f"{GROUP_ID}/moveResources", json=body))
    for name in (
        "Microsoft.Compute/virtualMachines/extensions",
        "Microsoft.Storage/storageAccounts/fileServices/shares",
    ):
        there = address(by_name[name], f"{ROOT}/resourceGroups/group-2")
        assert done(arm.get(there)).json()["id"] == there
        assert arm.get(address(by_name[name])).status_code == 404
    identity = by_name["Microsoft.ManagedIdentity/userAssignedIdentities"]
    body["resources"] = [address(identity)]
    answer = arm.post(f"{GROUP_ID}/moveResources", json=body)
    assert refused(answer) == (409, "ResourceMoveProviderValidationFailed")


def test_what_lies_in_nothing_is_refused(arm: httpx.Client) -> None:
    put_group(arm)
    for kind in TYPES:
        if kind.parent is not None:
            answer = arm.put(address(kind), json=example(kind))
            assert refused(answer) == (404, "ParentResourceNotFound"), kind.type_name
            assert refused(arm.get(address(kind))) == (404, "ParentResourceNotFound")
