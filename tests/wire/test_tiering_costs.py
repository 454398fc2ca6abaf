"""What the archive would save, and what getting a point back costs, computed once more by hand.

A full backup of the VM shows how much is in use and a daily one how much changes in a day.
"""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    ITEM_ID,
    POINTS,
    VAULT_ID,
    advance,
    delete_item,
    done,
    job,
    listed,
    refused,
    set_clock,
)
from tests.wire.test_archive import move, point_of
from tests.wire.test_archive_readiness import JANUARY, build, readiness, recommended

COST = f"{VAULT_ID}/backupTieringCost/default/fetchTieringCost"
TO_ARCHIVE = {"sourceTierType": "HardenedRP", "targetTierType": "ArchivedRP"}
FROM_ARCHIVE = {"sourceTierType": "ArchivedRP", "targetTierType": "HardenedRP"}
CONTAINER, ITEM = ITEM_ID.split("/")[-3], ITEM_ID.split("/")[-1]
NAMES = {"containerName": CONTAINER, "protectedItemName": ITEM}
VAULT = {"objectType": "FetchTieringCostSavingsInfoForVaultRequest", **TO_ARCHIVE}
POLICY = {"objectType": "FetchTieringCostSavingsInfoForPolicyRequest", **TO_ARCHIVE}
ITEM_SAVINGS = {
    "objectType": "FetchTieringCostSavingsInfoForProtectedItemRequest",
    **TO_ARCHIVE,
    **NAMES,
}
REHYDRATION = {
    "objectType": "FetchTieringCostInfoForRehydrationRequest",
    **FROM_ARCHIVE,
    **NAMES,
    "rehydrationPriority": "Standard",
}
MEBIBYTE = 1 << 20


def fetch(arm: httpx.Client, body: dict[str, Any]) -> dict[str, Any]:
    answer = arm.post(COST, json=body)
    assert (answer.status_code, answer.content) == (202, b"")
    result = answer.headers["location"]
    assert arm.get(result).status_code == 202
    advance(arm, by="PT10S")
    assert done(arm.get(answer.headers["azure-asyncoperation"])).json()["status"] == "Succeeded"
    found: dict[str, Any] = done(arm.get(result)).json()
    return found


def backup_sizes(arm: httpx.Client) -> tuple[int, int]:
    """How many bytes the first backup moved, and how many the one of the next day."""
    backups = listed(arm, f"{VAULT_ID}/backupJobs", **{"$filter": "operation eq 'Backup'"})
    sizes = [job(arm, each["name"])["extendedInfo"]["propertyBag"] for each in backups[-2:]]
    second, first = (int(bag["Backup Size"].removesuffix(" MB")) * MEBIBYTE for bag in sizes)
    return first, second


def stored(arm: httpx.Client) -> int:
    """How many bytes the vault's standard tier holds."""
    found = done(arm.get(f"{VAULT_ID}/usages")).json()["value"]
    (size,) = (each["currentValue"] for each in found if each["name"]["value"] == "GRSStorageUsage")
    return int(size)


def chain(taken: list[datetime], full: int, daily: int) -> float:
    """What points take in the standard tier: a full one, and then what had changed."""
    gaps = (after - before for before, after in pairwise(taken))
    changed = (daily * gap.total_seconds() / 86_400 for gap in gaps)
    return full + sum(min(each, full) for each in changed)


@pytest.fixture
def lived(arm: httpx.Client) -> httpx.Client:
    """A client of a vault with two points that are ready for the archive; the clock stands."""
    build(arm, "2026-05-10")
    set_clock(arm, skipOnWait="off")
    return arm


def test_savings_are_what_the_chain_of_points_gives_up(lived: httpx.Client) -> None:
    arm = lived
    full, daily = backup_sizes(arm)
    points = listed(arm, POINTS)[::-1]
    taken = [datetime.fromisoformat(each["properties"]["recoveryPointTime"]) for each in points]
    stays = [
        at for each, at in zip(points, taken, strict=True) if not readiness(each)["isReadyForMove"]
    ]
    assert len(taken) - len(stays) == 2
    found = fetch(arm, VAULT)
    assert found["objectType"] == "TieringCostSavingInfo"
    assert found["targetTierSizeIncreaseInBytes"] == pytest.approx(2 * full, rel=1e-3)
    saved = chain(taken, full, daily) - chain(stays, full, daily)
    assert saved > 0
    assert found["sourceTierSizeReductionInBytes"] == pytest.approx(saved, rel=1e-2)
    assert found["retailSourceTierCostPerGBPerMonth"] == 0.056
    assert found["retailTargetTierCostPerGBPerMonth"] == 0.0048
    assert fetch(arm, POLICY | {"policyName": "DAILY"}) == found
    assert fetch(arm, ITEM_SAVINGS) == found
    others = fetch(arm, POLICY | {"policyName": "DefaultPolicy"})
    assert others["targetTierSizeIncreaseInBytes"] == 0
    assert others["sourceTierSizeReductionInBytes"] == 0


def test_a_rehydration_costs_by_the_size_of_its_point(lived: httpx.Client) -> None:
    arm = lived
    full, _ = backup_sizes(arm)
    point = point_of(arm, JANUARY)
    asked = REHYDRATION | {"recoveryPointId": point["id"]}
    needless = arm.post(COST, json=asked)
    assert refused(needless) == (409, "UserErrorRecoveryPointRehydrationNotAllowed")
    before = stored(arm)
    move(arm, point)
    advance(arm, until="idle")
    assert 0 < stored(arm) < before
    metrics = done(arm.get("/_emulator/metrics")).text
    assert 'rsvault_recovery_points{tier="ArchivedRP"} 1\n' in metrics
    found = fetch(arm, asked)
    assert found["objectType"] == "TieringCostRehydrationInfo"
    assert found["rehydrationSizeInBytes"] == pytest.approx(full, rel=1e-3)
    assert found["retailRehydrationCostPerGBPerMonth"] == 0.02
    soon = fetch(arm, asked | {"recoveryPointId": point["name"], "rehydrationPriority": "High"})
    assert soon["retailRehydrationCostPerGBPerMonth"] == 0.1
    # What was moved saves nothing more, and what is soft-deleted never does.
    assert len(recommended(arm)) == 1
    left = fetch(arm, VAULT)["targetTierSizeIncreaseInBytes"]
    assert left == pytest.approx(full, rel=1e-3)
    set_clock(arm, skipOnWait="finish")
    delete_item(arm)
    set_clock(arm, skipOnWait="off")
    assert fetch(arm, VAULT)["targetTierSizeIncreaseInBytes"] == 0


def test_a_wrong_question_is_refused_by_its_field(protected: httpx.Client) -> None:
    missing: dict[str, Any] = {"policyName": None}
    for field, body in (
        ("objectType", VAULT | {"objectType": "FetchTieringCost"}),
        ("objectType", TO_ARCHIVE),
        ("sourceTierType", VAULT | FROM_ARCHIVE),
        ("targetTierType", VAULT | {"targetTierType": "InstantRP"}),
        ("sourceTierType", REHYDRATION | TO_ARCHIVE),
        ("policyName", POLICY | missing),
        ("containerName", ITEM_SAVINGS | {"containerName": ""}),
        ("rehydrationPriority", REHYDRATION | {"rehydrationPriority": "Low"}),
        ("recoveryPointId", REHYDRATION),
    ):
        answer = protected.post(COST, json=body)
        assert refused(answer) == (400, "BMSUserErrorInvalidInput"), body
        assert answer.json()["error"]["target"] == field
    unknown = protected.post(COST, json=POLICY | {"policyName": "none"})
    assert refused(unknown) == (404, "ResourceNotFound")
    elsewhere = ITEM_SAVINGS | {
        name: value.replace("vm-1", "vm-9") for name, value in NAMES.items()
    }
    gone = (404, "BMSUserErrorDataSourceObjectNotFound")
    assert refused(protected.post(COST, json=elsewhere)) == gone


def test_results_are_those_of_costs_only(protected: httpx.Client) -> None:
    answer = protected.post(
        f"{ITEM_ID}/backup", json={"properties": {"objectType": "IaasVMBackupRequest"}}
    )
    operation = answer.headers["location"].rpartition("/")[2].partition("?")[0]
    for path in ("operationResults", "operationsStatus"):
        found = protected.get(f"{VAULT_ID}/backupTieringCost/default/{path}/{operation}")
        assert refused(found) == (404, "OperationNotFound")
