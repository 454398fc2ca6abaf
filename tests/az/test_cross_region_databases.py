"""az backup ... --use-secondary-region of databases, and what az itself breaks there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.server import RunningServer
from tests.az.environment import azure_cli
from tests.az.runner import Az
from tests.az.test_cross_region import PAGE
from tests.clients.test_connect_page import run, shell_of
from tests.wire.builders import SUBSCRIPTION
from tests.wire.databases import CONTAINER
from tests.wire.protected_databases import RANGE
from tests.wire.secondary import REGION
from tests.wire.secondary_databases import FAR_SERVER, erp_there, held, ranges_there, sales_there
from tests.wire.test_region_outages import switch

pytestmark = pytest.mark.az

VAULT = "-g group-1 -v vault-1"
FAR = "--use-secondary-region"
OF_SQL = "--workload-type MSSQL --backup-management-type AzureWorkload"
ITEM = f"{VAULT} -c '{CONTAINER}' -i 'sqldatabase;mssqlserver;sales'"
SHOW = f"backup recoveryconfig show {ITEM} --workload-type MSSQL"
RESTORE = f"backup restore restore-azurewl {VAULT} {FAR} --recovery-config"
THERE = "--target-vault-name far-vault --target-resource-group restored"
SERVER = FAR_SERVER.rpartition("/")[2]


def finished(az: Az, config: dict[str, Any]) -> dict[str, Any]:
    """Restore by a configuration, wait, and return what the job tells."""
    job = az(RESTORE, json.dumps(config))
    assert job["properties"]["operation"] == "CrossRegionRestore"
    az(f"backup job wait {VAULT} -n {job['name']} {FAR}")
    shown: dict[str, Any] = az(f"backup job show {VAULT} -n {job['name']} {FAR}")
    assert shown["properties"]["status"] == "Completed"
    return shown


def beside(point: str, name: str = "copy", kind: str = "SQLInstance", server: str = "far-1") -> str:
    return (
        f"--restore-mode AlternateWorkloadRestore --rp-name {point} --target-item-name {name} "
        f"--target-server-type {kind} --target-server-name {server} {THERE} "
        f"--target-container-name '{SERVER.replace('far-1', server)}'"
    )


def test_a_sql_database_is_restored_in_the_secondary_region(az: Az, arm: httpx.Client) -> None:
    point = sales_there(arm, log=15, every=15)
    (item,) = az(f"backup item list {VAULT} {FAR} {OF_SQL}")
    assert item["properties"]["friendlyName"] == "sales"
    (first, log) = az(f"backup recoverypoint list {ITEM} {FAR} {OF_SQL}")
    assert (first["name"], log["name"]) == (point["name"], RANGE)
    (log,) = az(f"backup recoverypoint show-log-chain {ITEM} {FAR} {OF_SQL}")
    assert len(log["properties"]["timeRanges"]) == 1
    shown = az(f"backup recoverypoint show {ITEM} -n {first['name']} {FAR} {OF_SQL}")
    assert shown["properties"]["type"] == "Full"
    config = az(f"{SHOW} {beside(first['name'])}")
    assert config["container_id"].lower() == FAR_SERVER.lower()
    assert [row[2] for row in config["alternate_directory_paths"]] == ["sales", "sales_log"]
    job = finished(az, config)
    assert f"/locations/{REGION}/backupJobs/" in job["id"]
    assert held(arm, "copy") == point["properties"]["contentFingerprint"]

    files = (
        f"--restore-mode RestoreAsFiles --rp-name {point['name']} --filepath 'F:\\files' "
        f"--target-container-name '{SERVER}' {THERE}"
    )
    as_files = finished(az, az(f"{SHOW} {files}"))
    restores = az(f"backup job list {VAULT} {FAR} --status Completed")
    assert {each["name"] for each in restores} == {job["name"], as_files["name"]}

    over = az(f"{SHOW} --restore-mode OriginalWorkloadRestore --rp-name {point['name']}")
    assert "OriginalLocation is not possible" in az.refused(RESTORE, json.dumps(over))


def test_a_hana_database_is_restored_in_the_secondary_region(az: Az, arm: httpx.Client) -> None:
    sales_there(arm)
    point = erp_there(arm)
    item = f"{VAULT} -c '{CONTAINER.replace('sql-1', 'hana-1')}' -i 'SAPHanaDatabase;hdb;erp'"
    show = f"backup recoveryconfig show {item} --workload-type SAPHANA"
    config = az(f"{show} {beside(point['name'], 'COPY', 'HANAInstance', 'far-hana')}")
    finished(az, config)
    server = FAR_SERVER.replace("far-1", "far-hana")
    assert held(arm, "COPY", server) == point["properties"]["contentFingerprint"]


def test_a_log_is_restored_to_an_instant_there(az: Az, arm: httpx.Client) -> None:
    sales_there(arm, log=15, every=15)
    ((_, end),) = ranges_there(arm)
    day, time = end[:10].split("-"), end[11:19]
    instant = f"{day[2]}-{day[1]}-{day[0]}-{time}"
    server = "--target-item-name copy --target-server-type SQLInstance --target-server-name far-1"
    mode = f"--restore-mode AlternateWorkloadRestore --log-point-in-time {instant}"
    config = az(f"{SHOW} {mode} {server} {THERE} --target-container-name '{SERVER}'")
    assert config["recovery_point_id"] == RANGE
    finished(az, config)
    assert held(arm, "copy") is not None


def test_az_restores_no_database_there_while_the_vaults_region_is_down(
    az: Az, arm: httpx.Client
) -> None:
    point = sales_there(arm)
    config = az(f"{SHOW} {beside(point['name'])}")
    switch(arm, "down")
    (first, _) = az(f"backup recoverypoint list {ITEM} {FAR} {OF_SQL}")
    assert first["name"] == point["name"]
    # az asks the vault's own region for the item; the SDK need not.
    assert "'westeurope'" in az.refused(RESTORE, json.dumps(config))
    assert az(f"backup job list {VAULT} {FAR}") == []


def test_the_commands_of_the_page_end_with_a_database_in_the_paired_region(
    az: Az, arm: httpx.Client, world: RunningServer, tmp_path: Path
) -> None:
    point = sales_there(arm)
    _, script = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    shell = [*shell_of(world, tmp_path, azure_cli()), f"HOME={tmp_path}"]
    connect = f'cd "{tmp_path}"; eval "$(rsvault env az --subscription {SUBSCRIPTION})"'
    assert run(shell, f"{connect}\n{script}", 600).splitlines()[-1] == "Completed"
    assert held(arm, "copy") == point["properties"]["contentFingerprint"]
