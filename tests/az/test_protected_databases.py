"""az backup of databases that are protected: backed up, restored, stopped and brought back."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.az.runner import Az
from tests.wire.builders import advance, done, finish
from tests.wire.databases import CONTAINER, put_vm, register, server_world
from tests.wire.protected_databases import (
    HANA,
    HANA_PATH,
    HANA_VM,
    back_up_database,
    put_database_policy,
    sql_world,
)

pytestmark = pytest.mark.az

VAULT = "-g group-1 -v vault-1"
OF_SQL = "--workload-type MSSQL --backup-management-type AzureWorkload"
ITEM = f"{VAULT} -c '{CONTAINER}' -i 'sqldatabase;mssqlserver;sales'"
NAMED = ITEM.replace(" -i ", " -n ")
CONFIG = "--recovery-config"


def test_a_sql_database_is_backed_up_stopped_and_brought_back(az: Az, arm: httpx.Client) -> None:
    server_world(arm)
    register(arm)
    put_database_policy(arm, log=15, every=15)
    put_database_policy(arm, "other", days=9)
    enable = f"backup protection enable-for-azurewl {VAULT} -p sql --workload-type MSSQL"
    of_server = "--server-name sql-1 --protectable-item-type SQLDatabase"
    job = az(f"{enable} {of_server} --protectable-item-name sales")["properties"]
    assert (job["operation"], job["status"]) == ("ConfigureBackup", "Completed")
    (item,) = az(f"backup item list {VAULT} {OF_SQL}")
    assert item["properties"]["protectedItemHealthStatus"] == "IRPending"

    now = f"backup protection backup-now {ITEM} {OF_SQL}"
    job = az(f"{now} --backup-type Full --retain-until 01-06-2026 --enable-compression false")
    az(f"backup job wait {VAULT} -n {job['name']}")
    job = az(f"{now} --backup-type Log")
    assert job["properties"]["operation"] == "Backup (Log)"
    az(f"backup job wait {VAULT} -n {job['name']}")
    advance(arm, by="PT1H")
    first, chain = az(f"backup recoverypoint list {ITEM} {OF_SQL}")
    assert first["properties"]["type"] == "Full"
    assert (first["tierType"], chain["name"]) == ("VaultStandard", "DefaultRangeRecoveryPoint")
    (logs,) = az(f"backup recoverypoint show-log-chain {ITEM} {OF_SQL}")
    # az prints no ranges: its SDK does not know such points, so neither can it restore to one.
    assert logs["properties"]["objectType"] == "AzureWorkloadSQLPointInTimeRecoveryPoint"
    shown = az(f"backup item show {NAMED} {OF_SQL}")["properties"]
    assert (shown["lastBackupStatus"], shown["protectionState"]) == ("Healthy", "Protected")

    az(f"backup item set-policy {NAMED} {OF_SQL} -p other")
    job = az(f"backup protection disable {ITEM} {OF_SQL} --yes")["properties"]
    assert (job["operation"], job["status"]) == ("DisableBackup", "Completed")
    az(f"backup protection resume {ITEM} {OF_SQL} -p sql")
    az(f"backup protection disable {ITEM} {OF_SQL} --yes --delete-backup-data true")
    shown = az(f"backup item show {NAMED} {OF_SQL}")["properties"]
    assert shown["isScheduledForDeferredDelete"] is True
    job = az(f"backup protection undelete {ITEM} {OF_SQL}")["properties"]
    assert (job["operation"], job["status"]) == ("Undelete", "Completed")
    shown = az(f"backup item show {NAMED} {OF_SQL}")["properties"]
    assert shown["protectionState"] == "ProtectionStopped"


def test_a_sql_database_is_restored_beside_itself_as_files_and_over_itself(
    az: Az, arm: httpx.Client
) -> None:
    sql_world(arm)
    back_up_database(arm)
    first, _ = az(f"backup recoverypoint list {ITEM} {OF_SQL}")
    show = f"backup recoveryconfig show {ITEM} --workload-type MSSQL"
    beside = (
        f"--restore-mode AlternateWorkloadRestore --rp-name {first['name']} "
        "--target-item-name copy --target-server-type SQLInstance --target-server-name sql-1"
    )
    config = az(f"{show} {beside}")
    assert [row[2] for row in config["alternate_directory_paths"]] == ["sales", "sales_log"]
    restore = f"backup restore restore-azurewl {VAULT}"
    job = az(f"{restore} {CONFIG}", json.dumps(config))
    az(f"backup job wait {VAULT} -n {job['name']}")
    az(f"backup protectable-item initialize {VAULT} --workload-type MSSQL -c '{CONTAINER}'")
    names = az(f"backup protectable-item list {VAULT} --workload-type MSSQL --query [].name")
    assert "sqldatabase;mssqlserver;copy" in names

    files = (
        f"--restore-mode RestoreAsFiles --rp-name {first['name']} --filepath 'F:\\files' "
        f"--target-container-name '{CONTAINER}'"
    )
    job = az(f"{restore} {CONFIG}", json.dumps(az(f"{show} {files}")))
    assert job["properties"]["extendedInfo"]["propertyBag"]["Target Directory"] == "F:\\files"
    over = az(f"{show} --restore-mode OriginalWorkloadRestore --rp-name {first['name']}")
    assert az(f"{restore} {CONFIG}", json.dumps(over))["properties"]["operation"] == "Restore"
    advance(arm, until="idle")

    # az's SDK does not know the point of the log, so az cannot check the instant it was given.
    advance(arm, by="P1D")
    instant = f"{show} --restore-mode OriginalWorkloadRestore --log-point-in-time"
    config = az(f"{instant} 01-01-2026-00:05:00")
    assert config["recovery_point_id"] == "DefaultRangeRecoveryPoint"
    assert "time_ranges" in az.refused(f"{restore} {CONFIG}", json.dumps(config))


def test_a_hana_database_is_backed_up_and_restored(az: Az, arm: httpx.Client) -> None:
    server_world(arm)
    done(put_vm(arm, HANA_VM, hana="HDB/ERP"))
    body = {"containerType": "VMAppContainer", "backupManagementType": "AzureWorkload"}
    body |= {"workloadType": HANA[0], "sourceResourceId": HANA_VM}
    finish(arm, arm.put(HANA_PATH, json={"properties": body}))
    put_database_policy(arm, "hana", workload=HANA[0], every=15)
    kind = "--workload-type SAPHANA"
    enable = f"backup protection enable-for-azurewl {VAULT} -p hana {kind}"
    az(
        f"{enable} --server-name hana-1 --protectable-item-type SAPHanaDatabase "
        "--protectable-item-name ERP"
    )
    container = HANA_PATH.rpartition("/")[2]
    named = f"{VAULT} -c '{container}' -i 'SAPHanaDatabase;hdb;erp'"
    of_hana = f"{kind} --backup-management-type AzureWorkload"
    job = az(f"backup protection backup-now {named} {of_hana} --backup-type Full")
    az(f"backup job wait {VAULT} -n {job['name']}")
    point, _ = az(f"backup recoverypoint list {named} {of_hana}")
    config = az(
        f"backup recoveryconfig show {named} {kind} --restore-mode AlternateWorkloadRestore "
        f"--rp-name {point['name']} --target-item-name ERP2 --target-server-type HANAInstance "
        "--target-server-name hana-1"
    )
    assert config["database_name"] == "HDB/ERP2"
    job = az(f"backup restore restore-azurewl {VAULT} {CONFIG}", json.dumps(config))
    az(f"backup job wait {VAULT} -n {job['name']}")
    az(f"backup protection disable {named} {of_hana} --yes --retain-recovery-points-as-per-policy")
    shown = az(f"backup item show {named.replace(' -i ', ' -n ')} {of_hana}")["properties"]
    assert shown["protectionState"] == "BackupsSuspended"
