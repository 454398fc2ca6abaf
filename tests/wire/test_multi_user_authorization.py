"""Multi-user authorization: what a mapped resource guard protects needs its leave."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    FABRIC_ID,
    GROUP_ID,
    ITEM_ID,
    POLICY_ID,
    RESUME,
    ROOT,
    STOP,
    SUSPEND,
    UNDELETE,
    VAULT_ID,
    Served,
    advance,
    delete_item,
    done,
    finish,
    item,
    item_body,
    listed,
    policy_body,
    protect,
    put_group,
    put_hourly,
    put_policy,
    put_vault,
    put_vm,
    refused,
)

GUARDS = f"{GROUP_ID}/providers/Microsoft.DataProtection/resourceGuards"
GUARD = f"{GUARDS}/guard-1"
PROXIES = f"{VAULT_ID}/backupResourceGuardProxies"
PROXY = f"{PROXIES}/VaultProxy"
CONFIG = f"{VAULT_ID}/backupconfig/vaultconfig"
OPERATIONS = "Microsoft.RecoveryServices/vaults"
ITEMS = f"{OPERATIONS}/backupFabrics/protectionContainers/protectedItems"
REQUIRED = (403, "UserErrorResourceGuardRequired")
WRONG = (400, "BMSUserErrorInvalidInput")


def leave(kind: str, guard: str = GUARD) -> list[str]:
    """Return what a request brings that has a guard's leave."""
    return [f"{guard}/{kind}/default"]


def put_guard(
    arm: httpx.Client, *excluded: str, guard: str = GUARD, at: str = "westeurope"
) -> None:
    properties = {"vaultCriticalOperationExclusionList": list(excluded)}
    done(arm.put(guard, json={"location": at, "properties": properties}))


def map_to(arm: httpx.Client, guard: str = GUARD) -> httpx.Response:
    return arm.put(PROXY, json={"properties": {"resourceGuardResourceId": guard}})


def unlock(
    arm: httpx.Client, what: str | None, kind: str = "deleteProtectedItemRequests"
) -> httpx.Response:
    body: dict[str, Any] = {"resourceGuardOperationRequests": leave(kind)}
    if what is not None:
        body["resourceToBeDeleted"] = what
    return arm.post(f"{PROXY}/unlockDelete", json=body)


@pytest.fixture
def guarded(protected: httpx.Client) -> httpx.Client:
    """A client of a world whose vault, with a protected VM, is mapped to a guard of everything."""
    put_guard(protected)
    done(map_to(protected))
    return protected


# --- the mapping -------------------------------------------------------------------------


def test_a_vault_is_mapped_to_a_guard(vault: httpx.Client) -> None:
    assert listed(vault, PROXIES) == []
    assert refused(vault.get(PROXY)) == (404, "ResourceNotFound")
    put_guard(vault)
    now = done(vault.get("/_emulator/clock")).json()["now"]
    answer = map_to(vault, GUARD.upper())
    assert answer.status_code == 200
    shown = answer.json()
    assert shown["id"] == PROXY
    assert shown["type"] == "Microsoft.RecoveryServices/vaults/backupResourceGuardProxies"
    properties = shown["properties"]
    assert properties["resourceGuardResourceId"] == GUARD
    assert (properties["lastUpdatedTime"], properties["description"]) == (now, "")
    details = {
        each["vaultCriticalOperation"]: each["defaultResourceRequest"]
        for each in properties["resourceGuardOperationDetails"]
    }
    assert len(details) == 14
    assert details[f"{ITEMS}/delete"] == f"{GUARD}/deleteProtectedItemRequests/default"
    assert done(vault.get(PROXY)).json() == shown
    assert listed(vault, PROXIES) == [shown]


def test_the_vault_says_whether_it_is_mapped(guarded: httpx.Client) -> None:
    def state() -> str:
        settings = done(guarded.get(VAULT_ID)).json()["properties"]["securitySettings"]
        return str(settings["multiUserAuthorization"])

    assert state() == "Enabled"
    done(unlock(guarded, None, "deleteResourceGuardProxyRequests"))
    assert guarded.delete(PROXY).status_code == 200
    assert state() == "Disabled"
    assert guarded.delete(PROXY).status_code == 204


def test_what_a_guard_excludes_by_now_is_not_shown(guarded: httpx.Client) -> None:
    put_guard(guarded, f"{ITEMS}/delete")
    details = done(guarded.get(PROXY)).json()["properties"]["resourceGuardOperationDetails"]
    assert len(details) == 13
    assert f"{ITEMS}/delete" not in {each["vaultCriticalOperation"] for each in details}


@pytest.mark.parametrize(
    ("guard", "answer"),
    [
        (f"{GUARDS}/nobody", (404, "ResourceNotFound")),
        (f"{GROUP_ID}/providers/Microsoft.Compute/disks/guard-1", WRONG),
        ("guard-1", WRONG),
        ("", WRONG),
        (f"{GUARDS}/far", WRONG),
    ],
)
def test_only_a_guard_that_is_there_and_in_the_region_can_be_mapped(
    vault: httpx.Client, guard: str, answer: tuple[int, str]
) -> None:
    put_guard(vault, guard=f"{GUARDS}/far", at="northeurope")
    assert refused(map_to(vault, guard)) == answer
    assert listed(vault, PROXIES) == []


def test_the_mapping_has_one_name(vault: httpx.Client) -> None:
    put_guard(vault)
    other = f"{PROXIES}/MyProxy"
    body = {"properties": {"resourceGuardResourceId": GUARD}}
    assert refused(vault.put(other, json=body)) == WRONG
    done(map_to(vault))
    assert refused(vault.get(other)) == (404, "ResourceNotFound")
    assert vault.delete(other).status_code == 204
    assert len(listed(vault, PROXIES)) == 1


def test_the_mapping_goes_once_its_deletion_is_unlocked(guarded: httpx.Client) -> None:
    assert refused(guarded.delete(PROXY)) == REQUIRED
    assert refused(unlock(guarded, None)) == WRONG
    unlocked = done(unlock(guarded, None, "deleteResourceGuardProxyRequests")).json()
    assert list(unlocked) == ["unlockDeleteExpiryTime"]
    advance(guarded, by="PT59M59S")
    assert guarded.delete(PROXY).status_code == 200
    assert listed(guarded, PROXIES) == []
    done(guarded.put(ITEM_ID, json=STOP))


def test_an_unlocking_is_over_after_an_hour(guarded: httpx.Client) -> None:
    until = done(unlock(guarded, PROXY, "deleteResourceGuardProxyRequests")).json()
    advance(guarded, to=until["unlockDeleteExpiryTime"])
    assert refused(guarded.delete(PROXY)) == REQUIRED


def test_another_guard_takes_over_once_the_first_one_lets_go(guarded: httpx.Client) -> None:
    other = f"{GUARDS}/guard-2"
    put_guard(guarded, guard=other)
    done(map_to(guarded))  # again to the same one: nothing is taken away
    assert refused(map_to(guarded, other)) == REQUIRED
    done(unlock(guarded, PROXY, "deleteResourceGuardProxyRequests"))
    done(map_to(guarded, other))
    shown = done(guarded.get(PROXY)).json()["properties"]
    assert shown["resourceGuardResourceId"] == other
    assert refused(guarded.delete(PROXY)) == REQUIRED, "what was unlocked went with the first"


def test_a_guard_that_excludes_it_lets_the_mapping_go(guarded: httpx.Client) -> None:
    put_guard(guarded, f"{OPERATIONS}/backupResourceGuardProxies/delete")
    never = done(unlock(guarded, None, "deleteResourceGuardProxyRequests")).json()
    assert never == {"unlockDeleteExpiryTime": "0001-01-01T00:00:00.0000000Z"}
    assert guarded.delete(PROXY).status_code == 200


def test_a_guard_that_protects_a_vault_is_not_deleted(guarded: httpx.Client) -> None:
    assert refused(guarded.delete(GUARD)) == (409, "UserErrorResourceGuardInUse")
    done(unlock(guarded, None, "deleteResourceGuardProxyRequests"))
    done(guarded.delete(PROXY))
    assert guarded.delete(GUARD).status_code == 200


def test_a_group_does_not_take_a_guard_from_vaults_elsewhere(vault: httpx.Client) -> None:
    apart = f"{ROOT}/resourceGroups/group-2"
    put_group(vault, apart)
    guard = f"{apart}/providers/Microsoft.DataProtection/resourceGuards/guard-1"
    put_guard(vault, guard=guard)
    done(map_to(vault, guard))
    answer = vault.delete(apart)
    assert answer.status_code == 409
    assert f"it protects '{VAULT_ID}'" in answer.text
    done(vault.delete(GROUP_ID))
    advance(vault, until="idle")
    done(vault.delete(apart))


# --- deletion of an item -----------------------------------------------------------------


def test_an_item_is_deleted_once_that_is_unlocked(guarded: httpx.Client) -> None:
    answer = guarded.delete(ITEM_ID)
    assert refused(answer) == REQUIRED
    assert "deleteProtectedItemRequests/default" in answer.json()["error"]["message"]
    assert "isScheduledForDeferredDelete" not in item(guarded)
    done(unlock(guarded, ITEM_ID.replace("IaasVM", "iaasvm")))
    delete_item(guarded)
    assert item(guarded)["isScheduledForDeferredDelete"] is True
    assert guarded.delete(ITEM_ID).status_code == 204
    finish(guarded, guarded.put(ITEM_ID, json=UNDELETE))


def test_what_is_unlocked_is_what_was_named(guarded: httpx.Client) -> None:
    put_vm(guarded, "vm-2")
    protect(guarded, "vm-2")
    done(unlock(guarded, ITEM_ID.replace("vm-1", "vm-2")))
    assert refused(guarded.delete(ITEM_ID)) == REQUIRED
    assert refused(guarded.delete(PROXY)) == REQUIRED
    delete_item(guarded, ITEM_ID.replace("vm-1", "vm-2"))


@pytest.mark.parametrize(
    ("what", "answer"),
    [
        (ITEM_ID.replace("vm-1", "vm-9"), (404, "BMSUserErrorDataSourceObjectNotFound")),
        (ITEM_ID.replace("vault-1", "vault-2"), WRONG),
        (f"{FABRIC_ID}/protectionContainers/x", (404, "BMSUserErrorDataSourceObjectNotFound")),
        (POLICY_ID, WRONG),
        ("x", WRONG),
    ],
)
def test_only_items_of_the_vault_and_its_mapping_are_unlocked(
    guarded: httpx.Client, what: str, answer: tuple[int, str]
) -> None:
    assert refused(unlock(guarded, what)) == answer


def test_nothing_is_unlocked_without_a_mapping(protected: httpx.Client) -> None:
    assert refused(unlock(protected, ITEM_ID)) == (404, "ResourceNotFound")
    delete_item(protected)


# --- every other critical operation ------------------------------------------------------

WEAKER = policy_body(days=29)["properties"]
IMMUTABLE = {"securitySettings": {"immutabilitySettings": {"state": "Unlocked"}}}
MUTABLE = {"securitySettings": {"immutabilitySettings": {"state": "Disabled"}}}
TIMED = {
    "securitySettings": {
        "immutabilitySettings": {
            "state": "Unlocked",
            "configuration": {"type": "TimeBased", "durationInDays": 20},
        }
    }
}
SHORTER = {"securitySettings": {"immutabilitySettings": {"configuration": {"durationInDays": 10}}}}
KEY = {
    "encryption": {
        "keyVaultProperties": {"keyUri": "https://keys-1.vault.azure.net/keys/key-1"},
        "kekIdentity": {"useSystemAssignedIdentity": True},
    }
}
CRITICAL: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    f"{ITEMS}/write#stopProtectionWithRetainData": (
        "PUT", ITEM_ID, "stopProtectionWithRetainDataRequests", STOP["properties"],
    ),
    f"{ITEMS}/write": (
        "PUT", ITEM_ID, "updateProtectedItemRequests",
        item_body(policyId=f"{VAULT_ID}/backupPolicies/weaker")["properties"],
    ),
    f"{OPERATIONS}/backupPolicies/write": (
        "PUT", POLICY_ID, "updateProtectionPolicyRequests", WEAKER,
    ),
    f"{OPERATIONS}/backupconfig/write": (
        "PATCH", CONFIG, "disableSoftDeleteRequests", {"softDeleteFeatureState": "Disabled"},
    ),
    f"{OPERATIONS}/write#reduceImmutabilityState": (
        "PATCH", VAULT_ID, "reduceImmutabilityStateRequests", MUTABLE,
    ),
    f"{OPERATIONS}/write#modifyImmutabilityDuration": (
        "PATCH", VAULT_ID, "modifyImmutabilityDurationRequests", SHORTER,
    ),
}  # fmt: skip


@pytest.fixture
def easy(serve: Served) -> httpx.Client:
    """As ``guarded``, on a server whose soft delete can be switched off."""
    arm = serve(soft_delete="enabled")
    put_group(arm)
    put_vault(arm, properties=TIMED)
    put_policy(arm)
    put_policy(arm, f"{VAULT_ID}/backupPolicies/weaker", days=21)
    put_vm(arm)
    protect(arm)
    put_guard(arm)
    done(map_to(arm))
    return arm


def test_each_critical_operation_needs_the_leave_of_the_guard(easy: httpx.Client) -> None:
    for operation, (method, path, kind, sent) in CRITICAL.items():
        before = done(easy.get(path)).content

        def ask(requests: list[str] | None, this: Any = (method, path, sent)) -> httpx.Response:
            asked = (
                this[2]
                if requests is None
                else this[2] | {"resourceGuardOperationRequests": requests}
            )
            return easy.request(this[0], this[1], json={"properties": asked})

        answer = ask(None)
        assert refused(answer) == REQUIRED, operation
        message = answer.json()["error"]["message"]
        assert f"'{operation}'" in message
        assert f"{GUARD}/{kind}/default" in message
        assert refused(ask([])) == REQUIRED, operation
        assert refused(ask(leave("deleteProtectedItemRequests"))) == WRONG, operation
        assert refused(ask(leave(kind, f"{GUARDS}/guard-2"))) == WRONG, operation
        assert done(easy.get(path)).content == before, operation
        put_guard(easy, operation)
        done(ask(None))
        advance(easy, until="idle")
        easy.put(ITEM_ID, json=RESUME)
        advance(easy, until="idle")
        put_guard(easy)


def test_the_leave_of_the_guard_lets_critical_operations_pass(easy: httpx.Client) -> None:
    turns = [*CRITICAL.values()]
    turns.append(turns.pop(4))  # the immutability goes last: it takes its duration along
    for method, path, kind, sent in turns:
        asked = sent | {"resourceGuardOperationRequests": leave(kind)}
        done(easy.request(method, path, json={"properties": asked}))
        advance(easy, until="idle")
        if path == ITEM_ID:
            finish(easy, easy.put(ITEM_ID, json=RESUME))
    assert "resourceGuardOperationRequests" not in easy.get(VAULT_ID).text


def test_a_security_pin_needs_the_leave_of_the_guard(guarded: httpx.Client) -> None:
    path = f"{VAULT_ID}/backupSecurityPIN"
    assert refused(guarded.post(path)) == REQUIRED
    body = {"resourceGuardOperationRequests": leave("updateProtectedItemRequests")}
    assert refused(guarded.post(path, json=body)) == WRONG
    body = {"resourceGuardOperationRequests": leave("getBackupSecurityPINRequests")}
    assert len(done(guarded.post(path, json=body)).json()["securityPIN"]) == 6


def test_a_key_needs_the_leave_of_the_guard_on_both_surfaces(vault: httpx.Client) -> None:
    done(vault.patch(VAULT_ID, json={"identity": {"type": "SystemAssigned"}}))
    put_guard(vault)
    done(map_to(vault))
    assert refused(vault.patch(VAULT_ID, json={"properties": KEY})) == REQUIRED
    config = f"{VAULT_ID}/backupEncryptionConfigs/backupResourceEncryptionConfig"
    sent = {
        "encryptionAtRestType": "CustomerManaged",
        "keyUri": "https://keys-1.vault.azure.net/keys/key-1",
    }
    assert refused(vault.put(config, json={"properties": sent})) == REQUIRED
    asked = KEY | {"resourceGuardOperationRequests": leave("modifyEncryptionSettingsRequests")}
    done(vault.patch(VAULT_ID, json={"properties": asked}))
    # What stays as it is needs nobody's leave.
    done(vault.put(config, json={"properties": sent}))


def test_what_is_not_critical_needs_no_leave(guarded: httpx.Client) -> None:
    put_policy(guarded, days=60)
    put_policy(guarded, f"{VAULT_ID}/backupPolicies/better", days=90)
    better = item_body(policyId=f"{VAULT_ID}/backupPolicies/better")
    finish(guarded, guarded.put(ITEM_ID, json=better))
    finish(guarded, guarded.put(ITEM_ID, json=SUSPEND))
    finish(guarded, guarded.put(ITEM_ID, json=RESUME))
    done(guarded.patch(VAULT_ID, json={"properties": IMMUTABLE, "tags": {"env": "test"}}))
    done(guarded.patch(CONFIG, json={"properties": {"softDeleteRetentionPeriodInDays": 30}}))
    put_vm(guarded, "vm-2")
    protect(guarded, "vm-2")


@pytest.mark.parametrize(
    "weaker",
    [
        policy_body(days=29),
        policy_body(instant=1),
        {
            "properties": policy_body(instant=5)["properties"]
            | {
                "schedulePolicy": {
                    "schedulePolicyType": "SimpleSchedulePolicy",
                    "scheduleRunFrequency": "Weekly",
                    "scheduleRunDays": ["Monday", "Thursday"],
                    "scheduleRunTimes": ["2026-01-01T22:00:00Z"],
                },
                "retentionPolicy": {
                    "retentionPolicyType": "LongTermRetentionPolicy",
                    "weeklySchedule": {
                        "daysOfTheWeek": ["Monday", "Thursday"],
                        "retentionTimes": ["2026-01-01T22:00:00Z"],
                        "retentionDuration": {"count": 100, "durationType": "Weeks"},
                    },
                },
            }
        },
    ],
)
def test_a_policy_is_weaker_that_keeps_less_or_backs_up_less_often(
    guarded: httpx.Client, weaker: dict[str, Any]
) -> None:
    assert refused(guarded.put(POLICY_ID, json=weaker)) == REQUIRED
    brought = {"resourceGuardOperationRequests": leave("updateProtectionPolicyRequests")}
    done(guarded.put(POLICY_ID, json={"properties": weaker["properties"] | brought}))


def test_an_hourly_policy_is_stronger_than_a_daily_one(guarded: httpx.Client) -> None:
    put_hourly(guarded)
    hourly = item_body(policyId=f"{VAULT_ID}/backupPolicies/hourly")
    finish(guarded, guarded.put(ITEM_ID, json=hourly))
    body = {
        "properties": done(guarded.get(f"{VAULT_ID}/backupPolicies/hourly")).json()["properties"]
    }
    body["properties"]["schedulePolicy"]["hourlySchedule"]["scheduleWindowDuration"] = 8
    assert refused(guarded.put(f"{VAULT_ID}/backupPolicies/hourly", json=body)) == REQUIRED


# --- what clients do ---------------------------------------------------------------------


def test_terraforms_association_is_made_read_and_taken_away(vault: httpx.Client) -> None:
    """terraform-wire 2.9, call by call."""
    put_guard(vault)
    old = {"api-version": "2023-02-01"}
    assert vault.get(PROXY, params=old).status_code == 404
    body = {
        "id": PROXY,
        "type": "Microsoft.RecoveryServices/vaults/backupResourceGuardProxies",
        "properties": {"resourceGuardResourceId": GUARD},
    }
    assert vault.put(PROXY, params=old, json=body).status_code == 200
    assert vault.get(PROXY, params=old).json()["properties"]["resourceGuardResourceId"] == GUARD
    unlocking = {"resourceGuardOperationRequests": leave("deleteResourceGuardProxyRequests")}
    assert vault.post(f"{PROXY}/unlockDelete", params=old, json=unlocking).status_code == 200
    assert vault.delete(PROXY, params=old).status_code in (200, 204)
    assert vault.get(PROXY, params=old).status_code == 404


# --- deleted vaults ----------------------------------------------------------------------


def test_a_vault_comes_back_with_its_guard(guarded: httpx.Client) -> None:
    done(unlock(guarded, ITEM_ID))
    delete_item(guarded)
    done(guarded.delete(VAULT_ID))
    (deleted,) = listed(
        guarded, f"{ROOT}/providers/Microsoft.RecoveryServices/locations/westeurope/deletedVaults"
    )
    body = {"properties": {"recoveryResourceGroupId": GROUP_ID}}
    finish(guarded, guarded.post(f"{deleted['id']}/undelete", json=body))
    assert len(listed(guarded, PROXIES)) == 1
    assert refused(guarded.delete(PROXY)) == REQUIRED
    done(guarded.delete(VAULT_ID))
    assert guarded.delete(GUARD).status_code == 200, "a deleted vault does not hold its guard"
    finish(guarded, guarded.post(f"{deleted['id']}/undelete", json=body))
    assert listed(guarded, PROXIES) == []
    settings = done(guarded.get(VAULT_ID)).json()["properties"]["securitySettings"]
    assert settings["multiUserAuthorization"] == "Disabled"


# --- a guard's requests ------------------------------------------------------------------

SHOWN = (
    "deleteResourceGuardProxyRequests",
    "disableSoftDeleteRequests",
    "updateProtectedItemRequests",
    "updateProtectionPolicyRequests",
    "deleteProtectedItemRequests",
    "getBackupSecurityPINRequests",
)


@pytest.mark.parametrize("kind", SHOWN)
def test_a_guard_shows_its_requests(arm: httpx.Client, group: str, kind: str) -> None:
    put_guard(arm)
    request = {
        "id": f"{GUARD}/{kind}/default",
        "name": "default",
        "type": f"Microsoft.DataProtection/resourceGuards/{kind}",
    }
    assert done(arm.get(f"{GUARD}/{kind}/default")).json() == request
    assert listed(arm, f"{GUARD}/{kind}") == [request]
    assert refused(arm.get(f"{GUARD}/{kind}/mine")) == (404, "ResourceNotFound")
    put_guard(arm, *(f"{OPERATIONS}/{each}" for each in EXCLUDABLE))
    assert listed(arm, f"{GUARD}/{kind}") == []
    assert refused(arm.get(f"{GUARD}/{kind}/default")) == (404, "ResourceNotFound")
    assert refused(arm.get(f"{GUARD}2/{kind}")) == (404, "ResourceNotFound")


EXCLUDABLE = (
    "backupResourceGuardProxies/delete",
    "backupconfig/write",
    "backupFabrics/protectionContainers/protectedItems/write",
    "backupPolicies/write",
    "backupFabrics/protectionContainers/protectedItems/delete",
    "backupSecurityPIN/action",
)
