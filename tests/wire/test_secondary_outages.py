"""A region of a pair is down: what had been copied by then, who answers, which restores go on."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from app.domain.instants import HOUR, parse, wire
from tests.wire.builders import (
    ITEM_ID,
    POINTS,
    RESTORE,
    VAULT_ID,
    advance,
    back_up,
    done,
    job,
    listed,
    now,
    protect,
    put_group,
    put_policy,
    put_vault,
    put_vm,
    set_clock,
)
from tests.wire.secondary import (
    DISKS,
    FAR,
    ITEMS,
    OPTED_IN,
    REGION,
    ask_job,
    ask_token,
    job_of,
    jobs,
    new_vm,
    put_targets,
    put_vault_with_vm,
    replicated,
    restored,
    token,
    trigger,
)
from tests.wire.test_cross_region_restores import content
from tests.wire.test_region_outages import switch
from tests.wire.test_replication import there, times_here, vaulted_at

VERSION = {"api-version": "2021-11-15"}
CONFIGS = (
    f"{VAULT_ID}/backupEncryptionConfigs/backupResourceEncryptionConfig",
    f"{VAULT_ID}/backupstorageconfig/vaultstorageconfig",
)


def unavailable(answer: httpx.Response, region: str) -> bool:
    """Tell whether a request was refused as a region is down."""
    if answer.status_code != 503:
        return False
    assert answer.json()["error"]["code"] == "ServiceUnavailable"
    return f"'{region}'" in answer.json()["error"]["message"]


def usages(arm: httpx.Client, **query: str) -> httpx.Response:
    return arm.get(f"{VAULT_ID}/backupUsageSummaries", params=query)


# --- the vault's own region is down ------------------------------------------------------


def test_what_was_copied_before_an_outage_stays_and_nothing_more_comes_until_it_is_over(
    arm: httpx.Client,
) -> None:
    put_vault_with_vm(arm)
    advance(arm, by="P4D")
    ended = vaulted_at(arm)
    newest = times_here(arm)[0]
    advance(arm, to=wire(ended + 7 * HOUR))
    copied = there(arm)
    assert copied
    assert newest not in copied

    switch(arm, "down")
    assert there(arm) == copied
    advance(arm, by="P3D")
    assert there(arm) == copied
    assert unavailable(arm.get(POINTS), "westeurope")

    switch(arm, "up")
    back = parse(now(arm))
    advance(arm, to=wire(back + 5 * HOUR - 1))
    assert newest not in there(arm)
    advance(arm, to=wire(back + 5 * HOUR))
    assert there(arm)[0] == newest
    assert set(copied) < set(there(arm))


@pytest.mark.parametrize("region", ["westeurope", REGION])
def test_the_two_days_after_the_opt_in_stand_still_while_either_region_is_down(
    arm: httpx.Client, region: str
) -> None:
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    put_vm(arm)
    protect(arm)
    advance(arm, by="P5D")
    opted_in = parse(now(arm))
    done(arm.patch(VAULT_ID, json={"properties": OPTED_IN}))
    advance(arm, by="PT20H")
    switch(arm, "down", region)
    advance(arm, by="PT100H")
    switch(arm, "up", region)
    advance(arm, to=wire(opted_in + (48 + 100) * HOUR - 1))
    assert there(arm) == []
    advance(arm, by="PT0.000001S")
    assert len(there(arm)) >= 5


def test_what_the_secondary_region_has_is_restored_while_the_vaults_region_is_down(
    arm: httpx.Client,
) -> None:
    point = replicated(arm)
    switch(arm, "down")
    advance(arm, by="P2D")
    name = point["name"]

    (shown,) = listed(arm, f"{ITEMS}/")
    assert shown["id"] == ITEM_ID
    assert [each["name"] for each in listed(arm, f"{POINTS}/")][-1] == name
    assert done(arm.get(f"{POINTS}/{name}", params=VERSION)).json() == point
    assert unavailable(arm.get(f"{POINTS}/{name}"), "westeurope")
    assert _vms(usages(arm, **VERSION)) == 1
    assert unavailable(usages(arm), "westeurope")
    for path in CONFIGS:
        done(arm.get(path))
    assert unavailable(arm.patch(CONFIGS[1], json={"properties": {}}), "westeurope")

    disks = restored(arm, point)
    assert {disk["location"] for disk in disks} == {REGION}
    assert {disk["properties"]["contentFingerprint"] for disk in disks} == content(point)
    restored(arm, point, **new_vm())
    assert len(jobs(arm)) == 2
    here = f"{ITEM_ID}/recoveryPoints/{name}/restore"
    assert unavailable(arm.post(here, json=RESTORE), "westeurope")


def _vms(answer: httpx.Response) -> int:
    """Return how many VMs a summary counts."""
    counts = {each["name"]["value"]: each["currentValue"] for each in done(answer).json()["value"]}
    return int(counts["AzureIaasVM"])


def test_a_restore_there_goes_on_though_the_vaults_region_goes_down(arm: httpx.Client) -> None:
    point = replicated(arm)
    set_clock(arm, skipOnWait="off")
    name = _begun(arm, point)
    here = back_up(arm)
    switch(arm, "down")
    advance(arm, by="P1D")
    assert done(ask_job(arm, name)).json()["properties"]["status"] == "Completed"
    assert len(listed(arm, DISKS)) == 2
    switch(arm, "up")
    assert job(arm, here)["status"] == "InProgress"


def _begun(arm: httpx.Client, point: dict[str, Any]) -> str:
    answer = trigger(arm, token(arm, point))
    advance(arm, by="PT10S")
    return job_of(arm, answer)


def test_a_vault_without_a_secondary_region_is_not_answered_for(protected: httpx.Client) -> None:
    switch(protected, "down")
    for path in (f"{ITEMS}/", f"{POINTS}/", f"{POINTS}/1", f"{VAULT_ID}/backupUsageSummaries"):
        assert unavailable(protected.get(path, params=VERSION), "westeurope")


# --- the secondary region is down --------------------------------------------------------


def test_nothing_is_restored_or_listed_there_while_the_secondary_region_is_down(
    arm: httpx.Client,
) -> None:
    point = replicated(arm)
    leave = token(arm, point)
    aad = done(arm.get(f"{FAR}/backupAadProperties")).json()
    switch(arm, "down", REGION)
    body = {"resourceId": VAULT_ID}
    for answer in (
        arm.get(f"{ITEMS}/"),
        arm.get(f"{POINTS}/"),
        arm.get(f"{POINTS}/{point['name']}", params=VERSION),
        usages(arm, **VERSION),
        ask_token(arm, point["name"], aad),
        arm.get(f"{FAR}/backupAadProperties"),
        trigger(arm, leave),
        arm.post(f"{FAR}/backupCrrJobs", json=body),
    ):
        assert unavailable(answer, REGION)
    # The vault's own region works as ever.
    done(arm.get(f"{POINTS}/{point['name']}"))
    done(usages(arm))
    copied = len(times_here(arm))
    advance(arm, by="P2D")
    assert len(times_here(arm)) == copied + 2

    switch(arm, "up", REGION)
    assert jobs(arm) == []
    assert listed(arm, DISKS) == []
    # A token lives for an hour of the world, outage or not.
    assert trigger(arm, leave).status_code == 400
    assert len(restored(arm, point)) == 2


def test_a_restore_stands_still_while_the_secondary_region_is_down_and_ends_later(
    arm: httpx.Client,
) -> None:
    point = replicated(arm)
    set_clock(arm, skipOnWait="off")
    name = _begun(arm, point)
    here = back_up(arm)
    switch(arm, "down", REGION)
    advance(arm, by="PT30H")
    assert job(arm, here)["status"] == "Completed"
    switch(arm, "up", REGION)
    shown = done(ask_job(arm, name)).json()["properties"]
    assert shown["status"] == "InProgress"
    advance(arm, by="P1D")
    shown = done(ask_job(arm, name)).json()["properties"]
    assert shown["status"] == "Completed"
    assert parse(shown["endTime"]) - parse(shown["startTime"]) > 30 * HOUR
    assert len(listed(arm, DISKS)) == 2


def test_copies_that_were_on_their_way_arrive_late_by_the_secondary_regions_outage(
    arm: httpx.Client,
) -> None:
    put_vault_with_vm(arm)
    put_targets(arm)
    advance(arm, by="P4D")
    ended = vaulted_at(arm)
    newest = times_here(arm)[0]
    switch(arm, "down", REGION)
    advance(arm, by="PT30H")
    switch(arm, "up", REGION)
    advance(arm, to=wire(ended + (30 + 12) * HOUR - 1))
    assert newest not in there(arm)
    advance(arm, by="PT0.000001S")
    assert newest in there(arm)


# --- one path, two regions ---------------------------------------------------------------


def test_a_point_is_asked_of_the_secondary_region_with_the_version_of_its_client(
    arm: httpx.Client,
) -> None:
    put_vault_with_vm(arm)
    advance(arm, by="P4D")
    fresh, copied = listed(arm, POINTS)[0], listed(arm, f"{POINTS}/")[0]
    done(arm.get(f"{POINTS}/{fresh['name']}"))
    answer = arm.get(f"{POINTS}/{fresh['name']}", params=VERSION)
    assert answer.status_code == 404
    assert "'northeurope'" in answer.json()["error"]["message"]
    assert done(arm.get(f"{POINTS}/{copied['name']}", params=VERSION)).json() == copied
    put_vm(arm, "vm-2")
    protect(arm, "vm-2")
    assert [_vms(answer) for answer in (usages(arm), usages(arm, **VERSION))] == [2, 1]
