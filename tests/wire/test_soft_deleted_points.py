"""Recovery points that a shorter retention loses: soft-deleted, brought back, or purged."""

from __future__ import annotations

from typing import Any

import httpx

from tests.wire.builders import (
    ITEM_ID,
    POINTS,
    POLICY_ID,
    RESTORE,
    RESUME,
    STOP,
    VAULT_ID,
    Served,
    advance,
    done,
    finish,
    item,
    item_body,
    listed,
    protect,
    put_group,
    put_policy,
    put_storage,
    put_vault,
    put_vm,
    refused,
    times,
)
from tests.wire.shares import protect_share, put_share_policy, register, share_world

DELETED = "includeSoftDeletedRP eq 'true'"


def soft_deleted(arm: httpx.Client, points: str = POINTS) -> dict[str, str]:
    """The day of each soft-deleted point, and when it is purged."""
    found = [each["properties"] for each in listed(arm, points, **{"$filter": DELETED})]
    return {
        each["recoveryPointTime"][:10]: each["recoveryPointProperties"]["expiryTime"]
        for each in found
        if each.get("recoveryPointProperties", {}).get("isSoftDeleted")
    }


def lived(arm: httpx.Client) -> httpx.Client:
    """Keep a month of nightly points until the noon of 2026-01-21."""
    put_policy(arm, days=30)
    advance(arm, to="2026-01-21T12:00:00Z")
    assert len(times(arm)) == 20
    return arm


def test_points_that_a_shorter_policy_loses_are_soft_deleted_for_the_days_of_the_vault(
    protected: httpx.Client,
) -> None:
    put_policy(lived(protected), days=8)
    assert len(times(protected)) == 8
    lost = soft_deleted(protected)
    assert list(lost) == [f"2026-01-{day:02d}" for day in range(12, 0, -1)]
    assert set(lost.values()) == {"2026-02-04T12:00:00"}
    assert item(protected)["extendedInfo"]["recoveryPointCount"] == 8
    # What ends in time ends as ever.
    advance(protected, by="P2D")
    assert len(soft_deleted(protected)) == 12
    assert len(times(protected)) == 8
    advance(protected, to="2026-02-04T13:00:00Z")
    assert soft_deleted(protected) == {}


def test_they_come_back_with_their_own_end_when_retention_is_raised_again(
    protected: httpx.Client,
) -> None:
    put_policy(lived(protected), days=8)
    advance(protected, by="P3D")
    put_policy(protected, days=16)
    # Those of the 8th and later are kept for 16 days; the others stay until their day.
    assert times(protected)[-1] == "2026-01-08T22:00:05Z"
    assert list(soft_deleted(protected)) == [f"2026-01-{day:02d}" for day in range(7, 0, -1)]
    assert set(soft_deleted(protected).values()) == {"2026-02-04T12:00:00"}
    put_policy(protected, days=60)
    assert soft_deleted(protected) == {}
    first = listed(protected, POINTS)[-1]["properties"]
    assert first["recoveryPointTime"] == "2026-01-01T22:00:05Z"
    assert first["recoveryPointProperties"] == {
        "isSoftDeleted": False,
        "expiryTime": "2026-03-02T22:00:05",
        "ruleName": "Daily",
    }


def test_points_of_a_vaulted_share_are_lost_brought_back_and_purged_alike(
    arm: httpx.Client,
) -> None:
    share_world(arm)
    register(arm)
    put_share_policy(arm, days=30, snapshots=5)
    points = f"{protect_share(arm)}/recoveryPoints"
    advance(arm, by="P20D")
    assert len(times(arm, points)) == 20
    put_share_policy(arm, days=10, snapshots=5)
    assert (len(times(arm, points)), len(soft_deleted(arm, points))) == (10, 10)
    advance(arm, by="P3D")
    put_share_policy(arm, days=30, snapshots=5)
    assert (len(times(arm, points)), soft_deleted(arm, points)) == (20, {}), "three ended in time"
    put_share_policy(arm, days=10, snapshots=5)
    advance(arm, by="P14DT2H")
    assert (len(times(arm, points)), soft_deleted(arm, points)) == (10, {})


def test_a_soft_deleted_point_is_shown_by_its_name_and_cannot_be_restored(
    protected: httpx.Client,
) -> None:
    put_storage(protected)
    put_policy(lived(protected), days=8)
    last = listed(protected, POINTS, **{"$filter": DELETED})[-1]
    shown = done(protected.get(last["id"])).json()["properties"]
    assert shown["recoveryPointProperties"]["isSoftDeleted"] is True
    readiness = shown["recoveryPointMoveReadinessInfo"]["ArchivedRP"]
    assert readiness == {
        "isReadyForMove": False,
        "additionalInfo": "Recovery-Point is soft-deleted.",
    }
    before = listed(protected, f"{VAULT_ID}/backupJobs")
    answer = protected.post(f"{last['id']}/restore", json=RESTORE)
    assert refused(answer) == (409, "BMSUserErrorRecoveryPointSoftDeleted")
    files = {"properties": {"objectType": "IaasVMILRRegistrationRequest"}}
    answer = protected.post(f"{last['id']}/provisionInstantItemRecovery", json=files)
    assert refused(answer) == (409, "BMSUserErrorRecoveryPointSoftDeleted")
    assert listed(protected, f"{VAULT_ID}/backupJobs") == before


def test_a_move_to_a_shorter_policy_loses_points_in_the_same_way(protected: httpx.Client) -> None:
    lived(protected)
    shorter = POLICY_ID.replace("daily", "shorter")
    put_policy(protected, shorter, days=10)
    finish(protected, protected.put(ITEM_ID, json=RESUME | item_body(policyId=shorter)))
    assert len(times(protected)) == 10
    assert len(soft_deleted(protected)) == 10


def test_points_of_a_stopped_item_are_not_purged_until_it_is_resumed(
    protected: httpx.Client,
) -> None:
    put_policy(lived(protected), days=8)
    finish(protected, protected.put(ITEM_ID, json=STOP))
    advance(protected, by="P60D")
    shown: list[dict[str, Any]] = listed(protected, POINTS, **{"$filter": DELETED})
    assert len(shown) == 20
    finish(protected, protected.put(ITEM_ID, json=RESUME))
    advance(protected, by="PT1H")
    assert soft_deleted(protected) == {}


def test_a_vault_that_does_not_soft_delete_loses_them_at_once(serve: Served) -> None:
    arm = serve(soft_delete="disabled")
    arm.params = {"api-version": "2025-04-01"}
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    put_vm(arm)
    protect(arm)
    put_policy(lived(arm), days=8)
    assert soft_deleted(arm) == {}
    advance(arm, by="PT1H")
    assert len(times(arm)) == 8
