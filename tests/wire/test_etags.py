"""eTags and preconditions: nobody overwrites what he has not seen (docs/decisions/0032)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    GROUP_ID,
    ITEM_ID,
    POLICY_ID,
    VAULT_ID,
    back_up,
    done,
    item_body,
    listed,
    policy_body,
    protect,
    put_vm,
    refused,
    set_clock,
    vm_body,
    vm_id,
)

VAULT_BODY = {"location": "westeurope"}
DISK_ID = f"{GROUP_ID}/providers/Microsoft.Compute/disks/disk-1"
DISK_BODY = {
    "location": "westeurope",
    "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 16},
}
CONFIG_ID = f"{VAULT_ID}/backupconfig/vaultconfig"
CONFIG_BODY = {"properties": {"softDeleteRetentionPeriodInDays": 30}}
RESOURCES: dict[str, dict[str, Any]] = {
    GROUP_ID: {"location": "westeurope"},
    VAULT_ID: VAULT_BODY,
    POLICY_ID: policy_body(),
    CONFIG_ID: CONFIG_BODY,
    vm_id(): vm_body(),
    DISK_ID: DISK_BODY,
}
FAILED = (412, "PreconditionFailed")


def etag_of(arm: httpx.Client, path: str) -> str:
    return str(done(arm.get(path)).headers["etag"])


def put_if(arm: httpx.Client, path: str, body: Any, **headers: str) -> httpx.Response:
    return arm.put(path, json=body, headers={k.replace("_", "-"): v for k, v in headers.items()})


@pytest.mark.parametrize("path", RESOURCES)
def test_what_can_be_read_and_written_has_an_etag(vault: httpx.Client, path: str) -> None:
    written = done(vault.put(path, json=RESOURCES[path]))
    assert written.headers["etag"] == etag_of(vault, path) == etag_of(vault, path.upper())


@pytest.mark.parametrize("path", RESOURCES)
def test_a_write_that_saw_the_present_state_passes_and_others_do_not(
    vault: httpx.Client, path: str
) -> None:
    body = RESOURCES[path]
    done(vault.put(path, json=body))
    before = done(vault.get(path)).content
    assert refused(put_if(vault, path, body, If_Match='"elsewhere"')) == FAILED
    assert refused(put_if(vault, path, body, If_None_Match="*")) == FAILED
    assert done(vault.get(path)).content == before
    done(put_if(vault, path, body, If_Match=etag_of(vault, path)))
    done(put_if(vault, path, body, If_Match="*"))
    done(put_if(vault, path, body, If_None_Match='"elsewhere"'))
    listed = f'"elsewhere", {etag_of(vault, path)}'
    done(put_if(vault, path, body, If_Match=listed))


def test_a_precondition_on_what_is_not_there(vault: httpx.Client) -> None:
    new = f"{VAULT_ID}/backupPolicies/new"
    assert refused(put_if(vault, new, policy_body(), If_Match="*")) == FAILED
    assert vault.get(new).status_code == 404
    done(put_if(vault, new, policy_body(), If_None_Match="*"))
    assert refused(put_if(vault, new, policy_body(), If_None_Match="*")) == FAILED
    nowhere = f"{VAULT_ID}x/backupPolicies/new"
    answer = put_if(vault, nowhere, policy_body(), If_Match="*")
    assert refused(answer) == (404, "ResourceNotFound")


def test_a_refusal_of_a_failed_precondition_tells_what_the_resource_has(
    vault: httpx.Client,
) -> None:
    error = put_if(vault, POLICY_ID, policy_body(), If_Match="W/old").json()["error"]
    assert error["target"] == "If-Match"
    assert "'If-Match: old'" in error["message"]
    assert etag_of(vault, POLICY_ID) in error["message"]


def test_a_delete_and_a_patch_have_preconditions_too(vault: httpx.Client) -> None:
    old = etag_of(vault, VAULT_ID)
    tags = {"tags": {"owner": "me"}}
    done(vault.patch(VAULT_ID, json=tags, headers={"If-Match": old}))
    answer = vault.patch(VAULT_ID, json=tags, headers={"If-Match": old})
    assert refused(answer) == FAILED
    assert refused(vault.delete(VAULT_ID, headers={"If-Match": old})) == FAILED
    done(vault.delete(VAULT_ID, headers={"If-Match": etag_of(vault, VAULT_ID)}))


def test_two_changes_at_one_instant_have_two_etags(vault: httpx.Client) -> None:
    seen = set()
    for number in range(20):
        done(vault.put(VAULT_ID, json={**VAULT_BODY, "tags": {"number": str(number)}}))
        shown = done(vault.get(VAULT_ID))
        assert shown.json()["etag"] == shown.headers["etag"]
        assert shown.headers["etag"].startswith("W/\"datetime'2026-01-01T00%3A00%3A")
        seen.add(shown.headers["etag"])
    assert len(seen) == 20


def test_a_vault_has_one_etag_for_readers_of_every_version(vault: httpx.Client) -> None:
    old = vault.get(VAULT_ID, params={"api-version": "2023-01-01"})
    new = vault.get(VAULT_ID, params={"api-version": "2026-01-01"})
    assert old.headers["etag"] == new.headers["etag"]
    assert old.json()["properties"] != new.json()["properties"]


def test_a_vault_keeps_its_etag_while_it_is_provisioned(vault: httpx.Client) -> None:
    set_clock(vault, skipOnWait="off")
    path = f"{GROUP_ID}/providers/Microsoft.RecoveryServices/vaults/vault-2"
    created = done(vault.put(path, json=VAULT_BODY))
    assert created.json()["properties"]["provisioningState"] == "Provisioning"
    vault.post("/_emulator/clock/advance", json={"by": "PT1M"}).raise_for_status()
    assert etag_of(vault, path) == created.headers["etag"]


def test_content_that_is_equal_again_has_its_etag_again(vault: httpx.Client) -> None:
    first = etag_of(vault, POLICY_ID)
    done(vault.put(POLICY_ID, json=policy_body(days=99)))
    assert etag_of(vault, POLICY_ID) != first
    done(vault.put(POLICY_ID, json=policy_body()))
    assert etag_of(vault, POLICY_ID) == first


def test_who_uses_a_policy_does_not_change_it(vault: httpx.Client) -> None:
    before = etag_of(vault, POLICY_ID)
    put_vm(vault)
    protect(vault)
    assert done(vault.get(POLICY_ID)).json()["properties"]["protectedItemsCount"] == 1
    assert etag_of(vault, POLICY_ID) == before


def test_what_a_running_vm_writes_to_its_disks_is_no_change_of_them(vault: httpx.Client) -> None:
    put_vm(vault)
    (disk, *_) = listed(vault, f"{GROUP_ID}/providers/Microsoft.Compute/disks")
    before = done(vault.get(disk["id"]))
    vault.post("/_emulator/clock/advance", json={"by": "PT1H"}).raise_for_status()
    after = done(vault.get(disk["id"]))
    fingerprints = {each.json()["properties"]["contentFingerprint"] for each in (before, after)}
    assert len(fingerprints) == 2
    assert after.headers["etag"] == before.headers["etag"]


def test_an_item_that_was_backed_up_meanwhile_has_another_etag(protected: httpx.Client) -> None:
    seen = etag_of(protected, ITEM_ID)
    back_up(protected)
    protected.post("/_emulator/clock/advance", json={"until": "idle"}).raise_for_status()
    body = item_body(policyId=POLICY_ID, sourceResourceId=vm_id())
    assert refused(put_if(protected, ITEM_ID, body, If_Match=seen)) == FAILED
    done(put_if(protected, ITEM_ID, body, If_Match=etag_of(protected, ITEM_ID)))


def test_the_etag_in_a_body_is_a_precondition_of_a_vault_and_of_what_is_in_it(
    vault: httpx.Client,
) -> None:
    shown = done(vault.get(VAULT_ID)).json()
    done(vault.put(VAULT_ID, json=shown | {"tags": {"a": "1"}}))
    assert refused(vault.put(VAULT_ID, json=shown | {"tags": {"a": "2"}})) == FAILED
    old = etag_of(vault, POLICY_ID)
    done(vault.put(POLICY_ID, json={**policy_body(days=99), "eTag": old}))
    assert refused(vault.put(POLICY_ID, json={**policy_body(), "eTag": old})) == FAILED
    done(vault.put(POLICY_ID, json={**policy_body(), "eTag": None}))
    done(vault.put(POLICY_ID, json={**policy_body(), "eTag": ""}))
    answer = vault.put(POLICY_ID, json={**policy_body(), "eTag": 7})
    assert refused(answer) == (400, "InvalidRequestContent")


def test_the_etag_in_the_body_of_a_vm_is_read_only(vault: httpx.Client) -> None:
    put_vm(vault)
    done(vault.put(vm_id(), json={**vm_body(), "etag": '"old"'}))
