"""Managed identities of VMs and disk encryption sets, as Compute answers.

It is in azure-cli's recordings test_vm_explicit_msi and test_disk_encryption_set_identity.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from app.domain.tenancy import TENANT_ID
from tests.wire.builders import GROUP_ID, advance, done, refused, vm_body, vm_id

VM = vm_id()
FOLDER = f"{GROUP_ID}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
ONE, TWO = f"{FOLDER}/One", f"{FOLDER}/two"
BOTH = "SystemAssigned, UserAssigned"


@pytest.fixture
def users(arm: httpx.Client, group: str) -> dict[str, dict[str, str]]:
    """Two user-assigned identities: what a VM shows of each, by its id."""
    found = {}
    for each in (ONE, TWO):
        made = done(arm.put(each, json={"location": "westeurope"})).json()["properties"]
        found[each] = {name: made[name] for name in ("principalId", "clientId")}
    return found


def identity(kind: str, **assigned: Any) -> dict[str, Any]:
    return {"type": kind, "userAssignedIdentities": assigned} if assigned else {"type": kind}


def put(arm: httpx.Client, sent: dict[str, Any] | None) -> dict[str, Any]:
    """PUT the VM with an identity; return what a GET shows of it."""
    own = {} if sent is None else {"identity": sent}
    done(arm.put(VM, json=vm_body() | own))
    return shown(arm)


def patch(arm: httpx.Client, sent: dict[str, Any]) -> dict[str, Any]:
    assert done(arm.patch(VM, json={"identity": sent})).json().get("identity", {}) == shown(arm)
    return shown(arm)


def shown(arm: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = done(arm.get(VM)).json().get("identity", {})
    return found


@pytest.mark.usefixtures("group")
def test_a_vm_has_no_identity_until_it_is_given_one(arm: httpx.Client) -> None:
    done(arm.put(VM, json=vm_body() | {"identity": identity("none")}))
    assert "identity" not in arm.get(VM).json()
    found = patch(arm, identity("systemassigned"))
    assert list(found) == ["type", "principalId", "tenantId"]
    assert (found["type"], found["tenantId"]) == ("SystemAssigned", TENANT_ID)
    done(arm.patch(VM, json={"tags": {"a": "b"}}))
    assert put(arm, None) == found
    assert put(arm, identity("SystemAssigned")) == found


@pytest.mark.usefixtures("group")
def test_a_system_identity_that_comes_again_is_another_one(arm: httpx.Client) -> None:
    principals = set()
    for _ in range(3):
        principals.add(put(arm, identity("SystemAssigned"))["principalId"])
        assert patch(arm, identity("None")) == {}
        assert "identity" not in arm.get(VM).json()
    done(arm.delete(VM))
    advance(arm, by="PT1S")
    principals.add(put(arm, identity("SystemAssigned"))["principalId"])
    assert len(principals) == 4


def test_a_vm_shows_the_ids_of_its_identities(
    arm: httpx.Client, users: dict[str, dict[str, str]]
) -> None:
    sent = ONE.replace("resourceGroups", "resourcegroups")
    found = put(arm, identity("systemassigned,userassigned", **{sent: {}}))
    assert found["type"] == BOTH
    assert found["userAssignedIdentities"] == {ONE: users[ONE]}
    assert put(arm, identity("UserAssigned", **{TWO: {}})) == {
        "type": "UserAssigned",
        "userAssignedIdentities": {TWO: users[TWO]},
    }


def test_a_patch_adds_identities_and_a_null_takes_one_away(
    arm: httpx.Client, users: dict[str, dict[str, str]]
) -> None:
    put(arm, identity("UserAssigned", **{ONE: {}}))
    found = patch(arm, identity(BOTH, **{TWO: {}, ONE.lower(): {}}))
    assert found["userAssignedIdentities"] == users
    without = patch(arm, identity(BOTH, **{ONE.upper().replace("MICROSOFT", "Microsoft"): None}))
    assert without == found | {"userAssignedIdentities": {TWO: users[TWO]}}
    assert patch(arm, {"type": "SystemAssigned", "userAssignedIdentities": None}) == {
        name: found[name] for name in ("principalId", "tenantId")
    } | {"type": "SystemAssigned"}


def test_a_vm_that_was_read_may_be_sent_back(
    arm: httpx.Client, users: dict[str, dict[str, str]]
) -> None:
    before = put(arm, identity(BOTH, **{each: {} for each in users}))
    assert patch(arm, before) == before
    assert put(arm, before) == before


def test_an_identity_that_is_gone_stays_assigned_until_it_is_taken_away(
    arm: httpx.Client, users: dict[str, dict[str, str]]
) -> None:
    before = put(arm, identity(BOTH, **{each: {} for each in users}))
    done(arm.delete(ONE))
    done(arm.patch(VM, json={"tags": {"a": "b"}}))
    assert shown(arm) == before
    left = patch(arm, identity(BOTH, **{ONE: None}))
    assert left["userAssignedIdentities"] == {TWO: users[TWO]}
    again = arm.patch(VM, json={"identity": identity(BOTH, **{ONE: {}})})
    assert refused(again) == (400, "FailedIdentityOperation")


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"type": "Mine"}, "InvalidRequestContent"),
        ({}, "InvalidRequestContent"),
        ({"type": 1}, "InvalidRequestContent"),
        ({"type": "UserAssigned"}, "MissingIdentityIds"),
        ({"type": "UserAssigned", "userAssignedIdentities": {ONE: None}}, "MissingIdentityIds"),
        ({"type": "UserAssigned", "userAssignedIdentities": [ONE]}, "InvalidRequestContent"),
        ({"type": "UserAssigned", "userAssignedIdentities": {ONE: 1}}, "InvalidRequestContent"),
        ({"type": "UserAssigned", "userAssignedIdentities": {VM: {}}}, "LinkedInvalidPropertyId"),
        ({"type": "SystemAssigned", "userAssignedIdentities": {ONE: {}}}, "BadRequest"),
        ({"type": "None", "userAssignedIdentities": {ONE: {}}}, "BadRequest"),
        (
            {"type": "UserAssigned", "userAssignedIdentities": {f"{FOLDER}/nobody": {}}},
            "FailedIdentityOperation",
        ),
    ],
)
@pytest.mark.usefixtures("users")
def test_a_wrong_identity_is_refused_and_nothing_changes(
    arm: httpx.Client, sent: dict[str, Any], code: str
) -> None:
    body = vm_body() | {"identity": sent}
    assert refused(arm.put(VM, json=body)) == (400, code)
    assert arm.get(VM).status_code == 404
    before = put(arm, identity("SystemAssigned"))
    assert refused(arm.patch(VM, json={"identity": sent})) == (400, code)
    assert shown(arm) == before


@pytest.mark.usefixtures("group")
def test_a_missing_identity_is_named(arm: httpx.Client) -> None:
    sent = identity("UserAssigned", **{f"{FOLDER}/nobody": {}})
    error = arm.put(VM, json=vm_body() | {"identity": sent}).json()["error"]
    assert error["target"] == "identity.userAssignedIdentities"
    assert f"for resource '{VM}' failed" in error["message"]
    assert f'"message":"Resource \'{FOLDER}/nobody\' was not found."}}}}' in error["message"]


# --- disk encryption sets ----------------------------------------------------------------

SET = f"{GROUP_ID}/providers/Microsoft.Compute/diskEncryptionSets/set-1"


def put_set(arm: httpx.Client, sent: dict[str, Any]) -> dict[str, Any]:
    active = {"keyUrl": "https://vault-1.vault.azure.net/keys/key-1/0123456789abcdef"}
    properties = {"activeKey": active, "rotationToLatestKeyVersionEnabled": True}
    body = {"location": "westeurope", "identity": sent, "properties": properties}
    done(arm.put(SET, json=body))
    found: dict[str, Any] = done(arm.get(SET)).json()["identity"]
    return found


def test_a_disk_encryption_set_has_identities_by_the_same_rules(
    arm: httpx.Client, users: dict[str, dict[str, str]]
) -> None:
    found = put_set(arm, identity("systemassigned, userassigned", **{ONE: {}}))
    assert list(found) == ["type", "principalId", "tenantId", "userAssignedIdentities"]
    assert found["userAssignedIdentities"] == {ONE: users[ONE]}
    # az sends what there is in lower case, with what it adds, and expects to read it so.
    assert put_set(arm, identity(BOTH, **{ONE.lower(): {}, TWO: {}})) == found | {
        "userAssignedIdentities": {ONE.lower(): users[ONE], TWO: users[TWO]}
    }
    done(arm.patch(SET, json={"tags": {"a": "b"}}))
    sent = identity("UserAssigned", **{TWO: None})
    left = done(arm.patch(SET, json={"identity": sent})).json()["identity"]
    assert left == {"type": "UserAssigned", "userAssignedIdentities": {ONE.lower(): users[ONE]}}
    wrong = identity("UserAssigned", **{f"{FOLDER}/nobody": {}})
    assert refused(arm.patch(SET, json={"identity": wrong})) == (400, "FailedIdentityOperation")
    advance(arm, by="PT1S")
    assert put_set(arm, identity("SystemAssigned"))["principalId"] != found["principalId"]
