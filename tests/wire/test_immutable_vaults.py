"""What an immutable vault refuses: whatever loses a recovery point before its time."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    ITEM_ID,
    POINTS,
    POLICY_ID,
    RESUME,
    STOP,
    SUSPEND,
    VAULT_ID,
    advance,
    back_up,
    delete_item,
    done,
    finish,
    item,
    item_body,
    listed,
    policy_body,
    protect,
    put_policy,
    put_vm,
    refused,
    times,
    vm_id,
)
from tests.wire.databases import policy_id
from tests.wire.protected_databases import (
    SALES,
    back_up_database,
    database_body,
    log_ranges,
    put_database_policy,
    sql_world,
)

STOP_KEEPING = {"protectionState": "ProtectionStopped", "policyId": ""}
DENIED = (400, "UserErrorOperationDeniedOnImmutableItem")


def make_immutable(arm: httpx.Client, state: str = "Unlocked", **configuration: Any) -> None:
    settings: dict[str, Any] = {"state": state}
    if configuration:
        settings["configuration"] = configuration
    security = {"securitySettings": {"immutabilitySettings": settings}}
    finish(arm, arm.patch(VAULT_ID, json={"properties": security}))


@pytest.mark.parametrize("states", [("Unlocked",), ("Unlocked", "Locked")])
def test_retention_cannot_be_reduced(protected: httpx.Client, states: tuple[str, ...]) -> None:
    for state in states:
        make_immutable(protected, state)
    advance(protected, by="P20D")
    points, before = times(protected), done(protected.get(POLICY_ID)).json()
    answer = protected.put(POLICY_ID, json=policy_body(days=29))
    assert refused(answer) == DENIED
    assert "retentionPolicy.dailySchedule" in answer.json()["error"]["message"]
    assert done(protected.get(POLICY_ID)).json() == before
    assert times(protected) == points


def test_schedules_snapshots_and_longer_retention_are_free(protected: httpx.Client) -> None:
    make_immutable(protected)
    put_policy(protected, at="04:30", days=31, instant=1)
    finish(protected, protected.put(ITEM_ID, json=RESUME))


def test_an_item_cannot_go_to_a_policy_that_keeps_less(protected: httpx.Client) -> None:
    make_immutable(protected)
    shorter, longer = (POLICY_ID.replace("daily", name) for name in ("shorter", "longer"))
    put_policy(protected, shorter, days=7)
    put_policy(protected, longer, days=31)
    body = RESUME["properties"]
    answer = protected.put(ITEM_ID, json=item_body(**body | {"policyId": shorter}))
    assert refused(answer) == DENIED
    assert item(protected)["policyId"] == POLICY_ID
    finish(protected, protected.put(ITEM_ID, json=item_body(**body | {"policyId": longer})))
    assert item(protected)["policyId"] == longer


@pytest.mark.parametrize("how", [STOP, SUSPEND])
def test_an_item_that_was_stopped_is_not_resumed_under_a_policy_that_keeps_less(
    protected: httpx.Client, how: dict[str, Any]
) -> None:
    make_immutable(protected)
    shorter, longer = (POLICY_ID.replace("daily", name) for name in ("shorter", "longer"))
    put_policy(protected, shorter, days=29)
    put_policy(protected, longer, days=31)
    advance(protected, by="P3D")
    finish(protected, protected.put(ITEM_ID, json=how))
    points, before = listed(protected, POINTS), item(protected)
    answer = protected.put(ITEM_ID, json=item_body(policyId=shorter, sourceResourceId=vm_id()))
    assert refused(answer) == DENIED
    assert "'vm-1'" in answer.json()["error"]["message"]
    assert (listed(protected, POINTS), item(protected)) == (points, before)
    finish(protected, protected.put(ITEM_ID, json=RESUME))
    finish(protected, protected.put(ITEM_ID, json=how))
    finish(protected, protected.put(ITEM_ID, json=item_body(policyId=longer)))
    assert item(protected)["policyId"] == longer
    assert len(times(protected)) == len(points)


def test_what_is_over_or_past_its_fixed_time_does_not_hold_a_stopped_item(
    protected: httpx.Client,
) -> None:
    make_immutable(protected, type="TimeBased", durationInDays=20)
    enough, shorter = (POLICY_ID.replace("daily", name) for name in ("enough", "shorter"))
    put_policy(protected, enough, days=20)
    put_policy(protected, shorter, days=19)
    advance(protected, by="P3D")
    finish(protected, protected.put(ITEM_ID, json=STOP))
    under_shorter = item_body(policyId=shorter, sourceResourceId=vm_id())
    assert refused(protected.put(ITEM_ID, json=under_shorter)) == DENIED
    finish(protected, protected.put(ITEM_ID, json=item_body(policyId=enough)))
    finish(protected, protected.put(ITEM_ID, json=STOP))
    advance(protected, by="P20D")
    finish(protected, protected.put(ITEM_ID, json=under_shorter))


def test_the_log_of_a_stopped_database_is_not_kept_for_less(arm: httpx.Client) -> None:
    sql_world(arm, days=30, log=20)
    put_database_policy(arm, "less", days=30, log=19)
    put_database_policy(arm, "none", days=30, log=0)
    put_database_policy(arm, "fewer", days=29, log=20)
    back_up_database(arm)
    advance(arm, by="P3D")
    make_immutable(arm)
    finish(arm, arm.put(SALES, json=database_body(**STOP_KEEPING)))
    before, ranges = item(arm, SALES), log_ranges(arm)
    for name in ("less", "fewer"):
        answer = arm.put(SALES, json=database_body(policyId=policy_id(name)))
        assert refused(answer) == DENIED, name
    assert (item(arm, SALES), log_ranges(arm)) == (before, ranges)
    finish(arm, arm.put(SALES, json=database_body(policyId=policy_id("none"))))
    assert log_ranges(arm) == ranges, "a policy without logs ends none"
    finish(arm, arm.put(SALES, json=database_body(**STOP_KEEPING)))
    finish(arm, arm.put(SALES, json=database_body(policyId=policy_id())))


def test_data_can_be_deleted_once_every_point_is_over(protected: httpx.Client) -> None:
    make_immutable(protected)
    advance(protected, until={"job": back_up(protected, until="2026-01-03T00:00:00Z")})
    answer = protected.delete(ITEM_ID)
    assert refused(answer) == DENIED
    assert len(times(protected)) == 1
    assert "isScheduledForDeferredDelete" not in item(protected)
    finish(protected, protected.put(ITEM_ID, json=SUSPEND))
    assert refused(protected.delete(ITEM_ID)) == DENIED
    advance(protected, to="2026-01-04T00:00:00Z")
    delete_item(protected)  # the last point is kept, and over


def test_what_is_retained_forever_is_never_over(protected: httpx.Client) -> None:
    make_immutable(protected)
    back_up(protected)
    advance(protected, until="idle")
    finish(protected, protected.put(ITEM_ID, json=STOP))
    advance(protected, by="P400D")
    assert refused(protected.delete(ITEM_ID)) == DENIED


def test_a_locked_vault_is_deleted_while_it_holds_nothing(vault: httpx.Client) -> None:
    for state in ("Unlocked", "Locked"):
        make_immutable(vault, state)
    put_vm(vault)
    protect(vault)
    denied = vault.delete(VAULT_ID)
    assert refused(denied) == (400, "ServiceResourceNotEmptyWithContainerDetails")
    delete_item(vault)  # nothing was backed up yet
    done(vault.delete(VAULT_ID))
    assert vault.get(VAULT_ID).status_code == 404


def test_retention_is_not_raised_under_a_suspended_item(protected: httpx.Client) -> None:
    make_immutable(protected)
    suspended = SUSPEND["properties"] | {"policyId": POLICY_ID}
    finish(protected, protected.put(ITEM_ID, json=item_body(**suspended)))
    answer = protected.put(POLICY_ID, json=policy_body(days=40))
    assert refused(answer) == DENIED
    assert "'vm-1'" in answer.json()["error"]["message"]
    finish(protected, protected.put(ITEM_ID, json=RESUME))
    put_policy(protected, days=40)


def test_a_point_says_until_when_it_is_immutable(protected: httpx.Client) -> None:
    make_immutable(protected)
    advance(protected, to="2026-01-03T12:00:00Z")
    oldest = listed(protected, POINTS)[-1]["properties"]
    told = oldest["recoveryPointProperties"]["immutabilityProperties"]
    assert told == {"isImmutable": True, "expiryTime": "2026-01-31T22:00:05Z"}


def test_a_fixed_time_is_all_that_a_time_based_vault_insists_on(protected: httpx.Client) -> None:
    make_immutable(protected, type="TimeBased", durationInDays=10)
    advance(protected, to="2026-01-03T12:00:00Z")
    oldest = listed(protected, POINTS)[-1]["properties"]
    told = oldest["recoveryPointProperties"]["immutabilityProperties"]
    assert told == {"isImmutable": True, "expiryTime": "2026-01-11T22:00:05Z"}
    assert refused(protected.put(POLICY_ID, json=policy_body(days=9))) == DENIED
    put_policy(protected, days=10)
    finish(protected, protected.put(ITEM_ID, json=STOP))
    assert refused(protected.delete(ITEM_ID)) == DENIED
    advance(protected, to="2026-01-14T00:00:00Z")
    delete_item(protected)
