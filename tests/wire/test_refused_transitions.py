"""Nothing is half done: what is refused leaves every row of the database as it was."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from tests.wire import databases
from tests.wire.builders import (
    GROUP_ID,
    RESTORE,
    STOP,
    UNDELETE,
    Served,
    advance,
    back_up,
    delete_item,
    done,
    finish,
    item_body,
    item_id,
    listed,
    policy_body,
    protect,
    put_group,
    put_policy,
    put_storage,
    put_vault,
    put_vm,
    refused,
    vm_id,
)
from tests.wire.test_moves import ask
from tests.wire.test_private_endpoints import body as endpoint_body
from tests.wire.test_private_endpoints import put_network

VAULTS = f"{GROUP_ID}/providers/Microsoft.RecoveryServices/vaults"
LOCKED, GUARDED, KEYED, PLAIN = (f"{VAULTS}/{name}" for name in ("locked", "mua", "keyed", "plain"))
GUARD = f"{GROUP_ID}/providers/Microsoft.DataProtection/resourceGuards/guard-1"
ENDPOINT = f"{GROUP_ID}/providers/Microsoft.Network/privateEndpoints/endpoint-1"
CONTAINER = f"{PLAIN}/backupFabrics/Azure/protectionContainers/{databases.CONTAINER}"
KEY = "https://keys-1.vault.azure.net/keys/key-1"
IMMUTABLE = (400, "UserErrorOperationDeniedOnImmutableItem")
STATE = (400, "UserErrorUnsupportedVaultImmutabilityStateChange")
GUARD_ASKED = (403, "UserErrorResourceGuardRequired")
WRONG = (400, "BMSUserErrorInvalidInput")
SHAPE = (400, "InvalidRequestContent")
SOFT_DELETED = (409, "BMSUserErrorItemSoftDeleted")
NOT_EMPTY = (400, "ServiceResourceNotEmptyWithContainerDetails")
NO_IDENTITY = (400, "InvalidRestApiParameter")


class Refusal(NamedTuple):
    """A request, and what it is answered."""

    what: str
    method: str
    path: str
    sent: dict[str, Any] | None
    answer: tuple[int, str]


def under(vault: str, name: str) -> str:
    return f"{vault}/backupPolicies/{name}"


def state(state: str) -> dict[str, Any]:
    return {"properties": {"securitySettings": {"immutabilitySettings": {"state": state}}}}


def encryption(**changes: Any) -> dict[str, Any]:
    told = {
        "keyVaultProperties": {"keyUri": KEY},
        "kekIdentity": {"useSystemAssignedIdentity": True},
    }
    return {"properties": {"encryption": told | changes}}


def use(vault: str, policy: str, vm: str) -> dict[str, Any]:
    return item_body(policyId=under(vault, policy), sourceResourceId=vm_id(vm))


def leave(kind: str) -> list[str]:
    return [f"{GUARD}/{kind}/default"]


REFUSALS = [
    Refusal("a lock is for good", "PATCH", LOCKED, state("Unlocked"), STATE),
    Refusal("and is not lifted", "PATCH", LOCKED, state("Disabled"), STATE),
    Refusal("nor set at once", "PATCH", PLAIN, state("Locked"), STATE),
    Refusal("retention is not reduced", "PUT", under(LOCKED, "daily"), policy_body(days=20),
            IMMUTABLE),
    Refusal("no shorter policy", "PUT", item_id("vm-1", LOCKED), use(LOCKED, "short", "vm-1"),
            IMMUTABLE),
    Refusal("nor after a stop", "PUT", item_id("vm-2", LOCKED), use(LOCKED, "short", "vm-2"),
            IMMUTABLE),
    Refusal("data stays", "DELETE", item_id("vm-1", LOCKED), None, IMMUTABLE),
    Refusal("also of what is stopped", "DELETE", item_id("vm-2", LOCKED), None, IMMUTABLE),
    Refusal("a vault with items stays", "DELETE", LOCKED, None, NOT_EMPTY),
    Refusal("its group too", "DELETE", GROUP_ID, None, (409, "ResourceGroupDeletionBlocked")),
    Refusal("a policy in use stays", "DELETE", under(LOCKED, "daily"), None,
            (400, "BMSUserErrorPolicyInUse")),
    Refusal("a policy keeps its kind", "PUT", under(LOCKED, "daily"),
            policy_body(policyType="V2"), (400, "BMSUserErrorInvalidPolicyInput")),
    Refusal("redundancy is locked", "PATCH", LOCKED,
            {"properties": {"redundancySettings":
                            {"standardTierStorageRedundancy": "LocallyRedundant"}}},
            (400, "BMSUserErrorStorageTypeLocked")),
    Refusal("a key comes too late", "PATCH", LOCKED, encryption(), WRONG),
    Refusal("an endpoint too", "PUT", ENDPOINT, endpoint_body(vault=LOCKED),
            (409, "UserErrorPrivateEndpointOfVaultWithItems")),
    Refusal("a vault does not move", "POST", f"{GROUP_ID}/moveResources",
            {"resources": [PLAIN], "targetResourceGroup": f"{GROUP_ID}-2"},
            (400, "NotSupported")),
    Refusal("thirteen days are too few", "PATCH", f"{PLAIN}/backupconfig/vaultconfig",
            {"properties": {"softDeleteRetentionPeriodInDays": 13}}, SHAPE),
    Refusal("deletion is guarded", "DELETE", item_id("vm-3", GUARDED), None, GUARD_ASKED),
    Refusal("so is a stop", "PUT", item_id("vm-3", GUARDED), STOP, GUARD_ASKED),
    Refusal("a shorter policy", "PUT", item_id("vm-3", GUARDED), use(GUARDED, "short", "vm-3"),
            GUARD_ASKED),
    Refusal("a policy made shorter", "PUT", under(GUARDED, "daily"), policy_body(days=20),
            GUARD_ASKED),
    Refusal("no soft delete", "PATCH", f"{GUARDED}/backupconfig/vaultconfig",
            {"properties": {"softDeleteFeatureState": "Disabled",
                            "softDeleteRetentionPeriodInDays": 60}}, GUARD_ASKED),
    Refusal("no soft delete, on the vault", "PATCH", GUARDED,
            {"tags": {"a": "b"}, "properties": {"securitySettings": {"softDeleteSettings":
                                                {"softDeleteState": "Disabled"}}}}, GUARD_ASKED),
    Refusal("less immutability", "PATCH", GUARDED, state("Disabled"), GUARD_ASKED),
    Refusal("the mapping", "DELETE", f"{GUARDED}/backupResourceGuardProxies/VaultProxy", None,
            GUARD_ASKED),
    Refusal("a PIN", "POST", f"{GUARDED}/backupSecurityPIN", None, GUARD_ASKED),
    Refusal("the leave for something else", "PUT", item_id("vm-3", GUARDED),
            item_body(protectionState="ProtectionStopped", policyId="",
                      resourceGuardOperationRequests=leave("deleteProtectedItemRequests")), WRONG),
    Refusal("what is not the vault's is not unlocked", "POST",
            f"{GUARDED}/backupResourceGuardProxies/VaultProxy/unlockDelete",
            {"resourceGuardOperationRequests": leave("deleteProtectedItemRequests"),
             "resourceToBeDeleted": item_id("vm-1", LOCKED)}, WRONG),
    Refusal("a guard in use stays", "DELETE", GUARD, None, (409, "UserErrorResourceGuardInUse")),
    Refusal("soft-deleted: no policy", "PUT", item_id("vm-4", PLAIN),
            use(PLAIN, "daily", "vm-4"), SOFT_DELETED),
    Refusal("soft-deleted: no backup", "POST", f"{item_id('vm-4', PLAIN)}/backup",
            {"properties": {"objectType": "IaasVMBackupRequest"}}, SOFT_DELETED),
    Refusal("soft-deleted: no restore", "POST",
            f"{item_id('vm-4', PLAIN)}/recoveryPoints/POINT/restore", RESTORE, SOFT_DELETED),
    Refusal("undelete what is not deleted", "PUT", item_id("vm-5", PLAIN), UNDELETE,
            (409, "BMSUserErrorItemNotSoftDeleted")),
    Refusal("a job that is over", "POST", f"{PLAIN}/backupJobs/JOB/cancel", None,
            (400, "UserErrorJobNotInProgress")),
    Refusal("a registered server with databases", "DELETE", CONTAINER, None,
            (409, "BMSUserErrorContainerHasDatasources")),
    Refusal("a vault with such a server", "DELETE", PLAIN, None, NOT_EMPTY),
    Refusal("a key is not given up", "PUT",
            f"{KEYED}/backupEncryptionConfigs/backupResourceEncryptionConfig",
            {"properties": {"encryptionAtRestType": "MicrosoftManaged"}}, WRONG),
    Refusal("nor encrypted twice", "PATCH", KEYED,
            encryption(infrastructureEncryption="Enabled"), WRONG),
    Refusal("nor opened by a stranger", "PATCH", KEYED,
            encryption(kekIdentity={"userAssignedIdentity": f"{GROUP_ID}/providers/"
                       "Microsoft.ManagedIdentity/userAssignedIdentities/none"}), NO_IDENTITY),
    Refusal("nor without its identity", "PATCH", KEYED, {"identity": {"type": "None"}},
            NO_IDENTITY),
]  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "world.db"


@pytest.fixture
def crowded(serve: Served, file: Path) -> httpx.Client:
    """A client of a world with a vault of each kind that refuses something."""
    arm = serve(soft_delete="enabled", database=f"sqlite:///{file}")
    put_group(arm)
    put_group(arm, f"{GROUP_ID}-2")
    put_network(arm)
    put_storage(arm)
    for vault in (LOCKED, GUARDED, PLAIN):
        put_vault(arm, vault)
        put_policy(arm, under(vault, "daily"))
        put_policy(arm, under(vault, "short"), days=7)
    put_vault(arm, KEYED, identity={"type": "SystemAssigned"}, **encryption())
    for number, vault in enumerate((LOCKED, LOCKED, GUARDED, PLAIN, PLAIN), 1):
        put_vm(arm, f"vm-{number}")
        protect(arm, f"vm-{number}", under(vault, "daily"))
    _protect_a_database(arm)
    advance(arm, by="P9D")
    finish(arm, arm.put(item_id("vm-2", LOCKED), json=STOP))
    delete_item(arm, item_id("vm-4", PLAIN))
    for vault, then in ((LOCKED, "Locked"), (GUARDED, None)):
        finish(arm, arm.patch(vault, json=state("Unlocked")))
        if then is not None:
            finish(arm, arm.patch(vault, json=state(then)))
    done(arm.put(GUARD, json={"location": "westeurope", "properties": {}}))
    mapping = {"properties": {"resourceGuardResourceId": GUARD}}
    done(arm.put(f"{GUARDED}/backupResourceGuardProxies/VaultProxy", json=mapping))
    advance(arm, until="idle")
    return arm


def _protect_a_database(arm: httpx.Client) -> None:
    done(databases.put_vm(arm, sql="MSSQLSERVER/sales"))
    finish(arm, arm.put(CONTAINER, json=databases.registration()))
    path = f"{CONTAINER}/protectedItems/SQLDataBase;mssqlserver;sales"
    sent = {
        "protectedItemType": "AzureVmWorkloadSQLDatabase",
        "policyId": under(PLAIN, "HourlyLogBackup"),
    }
    finish(arm, arm.put(path, json={"properties": sent}))


def rows(file: Path) -> dict[str, list[Any]]:
    """Return every row of every table, in an order that does not depend on how it is stored."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        named = "select name from sqlite_master where type = 'table' order by name"
        tables = [name for (name,) in connection.execute(named)]
        return {
            table: sorted(connection.execute(f'select * from "{table}"').fetchall(), key=repr)
            for table in tables
        }


def test_what_is_refused_leaves_every_row_as_it_was(crowded: httpx.Client, file: Path) -> None:
    [point, *_] = listed(crowded, f"{item_id('vm-4', PLAIN)}/recoveryPoints")
    job = back_up(crowded, item_id("vm-5", PLAIN))
    advance(crowded, until={"job": job})
    before = rows(file)
    assert sum(len(table) for table in before.values()) > 100
    for each in REFUSALS:
        path = each.path.replace("POINT", point["name"]).replace("JOB", job)
        answer = crowded.request(each.method, path, json=each.sent)
        assert refused(answer) == each.answer, (each.what, answer.text)
        assert rows(file) == before, each.what
    done(ask(crowded, vm_id("vm-1"), to=f"{GROUP_ID}-2"))
    assert rows(file) != before, "what is done is seen"
