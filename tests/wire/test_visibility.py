"""The strict reading of a backup: with --recovery-point-visibility vault, a recovery point is
there only once both steps are completed."""

from __future__ import annotations

import httpx
import pytest

from tests.wire.builders import (
    ITEM_ID,
    POINTS,
    RESTORE,
    Served,
    advance,
    back_up,
    item,
    job,
    listed,
    protect,
    put_group,
    put_policy,
    put_storage,
    put_vault,
    put_vm,
    refused,
    set_clock,
    tiers,
)


def begin(arm: httpx.Client) -> httpx.Client:
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    put_vm(arm)
    protect(arm)
    set_clock(arm, skipOnWait="off")
    return arm


@pytest.fixture
def strict(serve: Served) -> httpx.Client:
    return begin(serve(recovery_point_visibility="vault"))


def test_a_point_is_hidden_until_its_transfer_is_over(strict: httpx.Client) -> None:
    job_id = back_up(strict)
    advance(strict, by="PT8M")
    tasks = [task["status"] for task in job(strict, job_id)["extendedInfo"]["tasksList"]]
    assert tasks == ["Completed", "InProgress"]
    assert listed(strict, POINTS) == []
    assert item(strict)["extendedInfo"]["recoveryPointCount"] == 0
    assert "oldestRecoveryPoint" not in item(strict)["extendedInfo"]
    advance(strict, until={"job": job_id})
    (point,) = listed(strict, POINTS)
    assert tiers(point) == {"InstantRP": "Valid", "HardenedRP": "Valid"}
    assert item(strict)["extendedInfo"]["recoveryPointCount"] == 1


def test_a_hidden_point_can_be_neither_shown_nor_restored(
    strict: httpx.Client, serve: Served
) -> None:
    open_ = begin(serve())
    for arm in (strict, open_):
        back_up(arm)
        advance(arm, by="PT8M")
    (point,) = listed(open_, POINTS)
    missing = (404, "BMSUserErrorRecoveryPointNotFound")
    assert refused(strict.get(point["id"])) == missing
    put_storage(strict)
    assert refused(strict.post(f"{point['id']}/restore", json=RESTORE)) == missing
    advance(strict, until="idle")
    assert strict.get(point["id"]).status_code == 200


def test_a_hidden_point_is_no_last_recovery_point(strict: httpx.Client) -> None:
    back_up(strict)
    advance(strict, by="PT8M")
    assert "lastRecoveryPoint" not in item(strict)
    advance(strict, until="idle")
    assert item(strict)["lastRecoveryPoint"] == "2026-01-01T00:00:36Z"


def test_a_point_whose_transfer_was_skipped_never_shows(strict: httpx.Client) -> None:
    back_up(strict)
    advance(strict, by="PT8M")
    back_up(strict)
    advance(strict, until="idle")
    assert len(listed(strict, POINTS)) == 1


def test_after_the_transfers_both_readings_show_the_same(
    strict: httpx.Client, serve: Served
) -> None:
    open_ = begin(serve())
    for arm in (strict, open_):
        advance(arm, by="P60D")
    assert listed(strict, POINTS) == listed(open_, POINTS)
    assert strict.get(ITEM_ID).content == open_.get(ITEM_ID).content
