"""A region that is down: who does not answer, what waits, and how the world catches up."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    GROUP_ID,
    ITEM_ID,
    LOCATION_ID,
    POINTS,
    ROOT,
    VAULT_ID,
    advance,
    back_up,
    done,
    job,
    job_of,
    listed,
    protect,
    put_group,
    put_policy,
    put_storage,
    put_vault,
    set_clock,
    times,
    vm_body,
    vm_id,
)
from tests.wire.test_archive import RECOMMENDED, in_archive, live, move, point_of
from tests.wire.test_archive_readiness import build
from tests.wire.test_rehydrations import rehydrate, tasks
from tests.wire.test_restores import TARGET

DELETED_VAULTS = f"{LOCATION_ID}/deletedVaults"


def switch(arm: httpx.Client, state: str, region: str = "westeurope") -> dict[str, Any]:
    answer = arm.patch("/_emulator/regions", json={"region": region, "state": state})
    found: dict[str, Any] = done(answer).json()
    return found


def jobs(arm: httpx.Client) -> list[tuple[str, str]]:
    """Start and status of every backup of the vault, newest first."""
    found = [each["properties"] for each in listed(arm, f"{VAULT_ID}/backupJobs")]
    return [(each["startTime"], each["status"]) for each in found if each["operation"] == "Backup"]


def test_regions_are_listed_with_their_pair_and_their_outages(arm: httpx.Client) -> None:
    regions = {each["name"]: each for each in arm.get("/_emulator/regions").json()["value"]}
    assert regions["westeurope"]["secondary"] == "northeurope"
    assert {each["state"] for each in regions.values()} == {"up"}
    shown = switch(arm, "down", "West Europe")
    assert shown["state"] == "down"
    assert shown["outages"] == [{"since": "2026-01-01T00:00:00Z", "until": None}]
    advance(arm, by="PT5H")
    assert switch(arm, "down") == shown  # it is down already
    back = switch(arm, "up")
    assert back["state"] == "up"
    assert back["outages"][0]["until"] == "2026-01-01T05:00:00Z"
    assert switch(arm, "up") == back


def test_a_reset_ends_every_outage(arm: httpx.Client) -> None:
    switch(arm, "down")
    done(arm.post("/_emulator/reset"))
    regions = arm.get("/_emulator/regions").json()["value"]
    assert not [each for each in regions if each["outages"]]


def test_a_region_that_is_none_is_refused_by_name(arm: httpx.Client) -> None:
    answer = arm.patch("/_emulator/regions", json={"region": "atlantis", "state": "down"})
    assert answer.status_code == 400
    assert "'atlantis'" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", ITEM_ID, None),
        ("GET", POINTS, None),
        ("GET", f"{VAULT_ID}/backupJobs", None),
        ("POST", f"{ITEM_ID}/backup", {"properties": {"objectType": "IaasVMBackupRequest"}}),
        ("PATCH", VAULT_ID, {"tags": {"a": "b"}}),
        ("DELETE", VAULT_ID, None),
        ("GET", vm_id(), None),
        ("POST", f"{vm_id()}/deallocate", None),
        ("GET", DELETED_VAULTS, None),
        ("DELETE", GROUP_ID, None),
        ("PUT", f"{VAULT_ID}-2", {"location": "West Europe"}),
        ("PUT", vm_id("vm-2"), {"location": "westeurope", "properties": {}}),
    ],
)
def test_what_lies_in_a_region_that_is_down_cannot_be_reached(
    protected: httpx.Client, method: str, path: str, body: Any
) -> None:
    switch(protected, "down")
    answer = protected.request(method, path, json=body)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    error = answer.json()["error"]
    assert error["code"] == "ServiceUnavailable"
    assert "'westeurope'" in error["message"]


def test_resource_manager_and_the_other_regions_answer_all_the_same(
    protected: httpx.Client,
) -> None:
    switch(protected, "down")
    elsewhere = f"{GROUP_ID}-north"
    done(protected.put(elsewhere, json={"location": "northeurope"}))
    vault = VAULT_ID.replace(GROUP_ID, elsewhere)
    done(protected.put(vault, json={"location": "northeurope"}))
    for path in (
        VAULT_ID,
        GROUP_ID,
        f"{ROOT}/resources",
        f"{VAULT_ID}/providers/Microsoft.Authorization/locks",
        f"{ROOT}/providers/Microsoft.RecoveryServices/vaults",
        f"{vault}/backupPolicies",
    ):
        done(protected.get(path))
    assert protected.get(VAULT_ID).json()["location"] == "westeurope"


def test_backups_wait_and_the_latest_that_was_missed_is_made_on_return(
    protected: httpx.Client,
) -> None:
    advance(protected, to="2026-01-02T12:00:00Z")
    before = jobs(protected)
    assert before == [("2026-01-01T22:00:00Z", "Completed")]
    switch(protected, "down")
    advance(protected, to="2026-01-05T12:00:00Z")
    switch(protected, "up")
    assert jobs(protected) == before  # nothing was made while the region was down
    advance(protected, by="P1D")
    caught_up = ("2026-01-05T12:00:00.000001Z", "Completed")
    assert jobs(protected) == [("2026-01-05T22:00:00Z", "Completed"), caught_up, *before]
    assert len(times(protected)) == 3


def test_a_job_that_ran_goes_on_where_it_stood(protected: httpx.Client) -> None:
    set_clock(protected, skipOnWait="off")
    started = back_up(protected)
    advance(protected, by="PT10M")
    assert job(protected, started)["status"] == "InProgress"
    switch(protected, "down")
    advance(protected, by="PT6H")
    switch(protected, "up")
    assert job(protected, started)["status"] == "InProgress"
    advance(protected, by="PT5H")
    ended = job(protected, started)
    assert ended["status"] == "Completed"
    # The transfer of a first backup takes some 30 minutes; the outage lay in the middle of it.
    assert "2026-01-01T06:30:00Z" < ended["endTime"] < "2026-01-01T07:30:00Z"


def test_points_that_end_during_an_outage_are_there_until_the_sweep_after_it(
    protected: httpx.Client,
) -> None:
    put_policy(protected, days=7)
    advance(protected, to="2026-01-04T12:00:00Z")
    assert len(times(protected)) == 3
    switch(protected, "down")
    advance(protected, to="2026-01-20T11:30:00Z")
    switch(protected, "up")
    assert len(times(protected)) == 3
    advance(protected, by="PT1H")
    # The newest is kept until the backup that is made up for has ended.
    assert len(times(protected)) <= 2


def test_soft_deleted_data_is_purged_after_the_outage_that_its_day_fell_in(
    protected: httpx.Client,
) -> None:
    back_up(protected)
    advance(protected, until="idle")
    done(protected.delete(ITEM_ID))
    advance(protected, until="idle")
    switch(protected, "down")
    advance(protected, by="P20D")
    switch(protected, "up")
    advance(protected, by="PT1S")
    assert protected.get(ITEM_ID).status_code == 404


def test_other_regions_back_up_as_ever_during_an_outage(arm: httpx.Client) -> None:
    put_group(arm)
    put_vault(arm, location="northeurope")
    put_policy(arm)
    done(arm.put(vm_id(), json=vm_body() | {"location": "northeurope"}))
    protect(arm)
    switch(arm, "down")
    advance(arm, by="P3D")
    assert [status for _, status in jobs(arm)] == ["Completed"] * 3


def test_a_deployment_into_a_region_that_is_down_fails_there_only(arm: httpx.Client) -> None:
    put_group(arm)
    switch(arm, "down")
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [
            {
                "type": "Microsoft.Network/virtualNetworks",
                "apiVersion": "2024-05-01",
                "name": "net-1",
                "location": "westeurope",
                "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}},
            }
        ],
    }
    path = f"{GROUP_ID}/providers/Microsoft.Resources/deployments/d-1"
    body = {"properties": {"mode": "Incremental", "template": template}}
    answer = arm.put(path, json=body)
    shown = answer.text + arm.get(path).text
    assert "ServiceUnavailable" in shown
    network = f"{GROUP_ID}/providers/Microsoft.Network/virtualNetworks/net-1"
    switch(arm, "up")
    assert arm.get(network).status_code == 404


def test_what_is_to_go_to_the_archive_waits_for_its_region(arm: httpx.Client) -> None:
    live(arm, "2026-04-04", RECOMMENDED)
    switch(arm, "down")
    advance(arm, to="2026-04-10T12:00:00Z")
    switch(arm, "up")
    assert in_archive(arm) == []
    advance(arm, by="PT1H")
    assert in_archive(arm) == ["2026-01-04"]


def test_moves_and_rehydrations_go_on_after_an_outage(arm: httpx.Client) -> None:
    build(arm, "2026-05-10")
    put_group(arm, TARGET)
    put_storage(arm)
    set_clock(arm, skipOnWait="off")
    moving = job_of(arm, move(arm, point_of(arm, "2026-01-04")))
    for _ in range(2):
        switch(arm, "down")
        advance(arm, by="P1D")
        switch(arm, "up")
        assert in_archive(arm) == []
    advance(arm, by="PT2H")
    assert job(arm, moving)["status"] == "Completed"
    point = point_of(arm, "2026-01-04")
    restoring = job_of(arm, rehydrate(arm, point))
    advance(arm, by="PT10M")
    switch(arm, "down")
    advance(arm, by="P1D")
    switch(arm, "up")
    assert tasks(job(arm, restoring)) == {
        "Rehydrate from Archive storage": "InProgress",
        "Transfer data from vault": "NotStarted",
    }
    advance(arm, by="PT50M")
    assert tasks(job(arm, restoring))["Transfer data from vault"] == "InProgress"
    advance(arm, by="PT6H")
    assert job(arm, restoring)["status"] == "Completed"
