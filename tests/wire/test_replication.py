"""What is in the secondary region, and when: by the world's clock, to the microsecond."""

from __future__ import annotations

from typing import Any

import httpx

from app.domain.instants import HOUR, parse, wire
from tests.wire.builders import (
    ITEM_ID,
    POINTS,
    STOP,
    VAULT_ID,
    Served,
    advance,
    back_up,
    delete_item,
    done,
    finish,
    item,
    listed,
    now,
    protect,
    put_group,
    put_policy,
    put_storage,
    put_vault,
    put_vm,
    refused,
    tiers,
)
from tests.wire.secondary import ITEMS, OPTED_IN, put_vault_with_vm
from tests.wire.shares import ACCOUNT_ID, protect_share, put_share, put_share_policy, register


def there(arm: httpx.Client) -> list[str]:
    """Return the instants of the points in the secondary region, newest first."""
    return [each["properties"]["recoveryPointTime"] for each in listed(arm, f"{POINTS}/")]


def vaulted_at(arm: httpx.Client) -> int:
    """Back up to the end, and return when the transfer ended."""
    job = done(arm.get(f"{VAULT_ID}/backupJobs/{_backed_up(arm)}")).json()["properties"]
    return parse(job["endTime"])


def _backed_up(arm: httpx.Client) -> str:
    job_id = back_up(arm)
    advance(arm, until={"job": job_id})
    return job_id


def test_a_point_is_there_twelve_hours_after_it_came_to_the_vault(arm: httpx.Client) -> None:
    put_vault_with_vm(arm)
    advance(arm, by="P4D")
    before = there(arm)
    ended = vaulted_at(arm)
    advance(arm, to=wire(ended + 12 * HOUR - 1))
    newest = times_here(arm)[0]
    assert newest not in there(arm)
    advance(arm, to=wire(ended + 12 * HOUR))
    assert there(arm)[0] == newest
    assert set(before) < set(there(arm))


def times_here(arm: httpx.Client) -> list[str]:
    return [each["properties"]["recoveryPointTime"] for each in listed(arm, POINTS)]


def test_nothing_is_there_for_two_days_after_a_late_opt_in_and_then_all_of_it(
    arm: httpx.Client,
) -> None:
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    put_vm(arm)
    protect(arm)
    advance(arm, by="P5D")
    opted_in = parse(now(arm))
    done(arm.patch(VAULT_ID, json={"properties": OPTED_IN}))
    advance(arm, to=wire(opted_in + 48 * HOUR - 1))
    assert there(arm) == []
    assert listed(arm, f"{ITEMS}/") == []
    advance(arm, by="PT0.000001S")
    found = there(arm)
    assert found == times_here(arm)[-len(found) :]
    assert len(found) == 6

    (shown,) = listed(arm, f"{ITEMS}/")
    here = item(arm)
    far = shown["properties"]
    assert shown["id"] == ITEM_ID
    assert far["lastRecoveryPoint"] == found[0]
    assert far["extendedInfo"]["recoveryPointCount"] == 6
    assert far["extendedInfo"]["oldestRecoveryPoint"] == found[-1]
    assert here["lastRecoveryPoint"] > far["lastRecoveryPoint"]
    later = {"policyName", "policyType", "vaultId", "isArchiveEnabled", "sourceLocation"}
    assert later & set(here) == later
    assert later & set(far) == set()
    same = ("friendlyName", "virtualMachineId", "protectionState", "policyId", "workloadType")
    assert {name: far[name] for name in same} == {name: here[name] for name in same}


def test_an_opt_in_that_was_taken_back_begins_anew(arm: httpx.Client) -> None:
    put_group(arm)
    put_vault(arm, properties=OPTED_IN)
    advance(arm, by="P3D")
    for state in ("Disabled", "Enabled"):
        settings = {"redundancySettings": {"crossRegionRestore": state}}
        finish(arm, arm.patch(VAULT_ID, json={"properties": settings}))
    opted_in = parse(now(arm))
    put_policy(arm)
    put_vm(arm)
    protect(arm)
    _backed_up(arm)
    advance(arm, to=wire(opted_in + 47 * HOUR))
    assert there(arm) == []
    advance(arm, by="PT1H")
    assert len(there(arm)) == 2


def test_only_what_is_in_the_vault_is_there_and_never_a_snapshot(arm: httpx.Client) -> None:
    put_vault_with_vm(arm)
    advance(arm, by="P5D")
    far = listed(arm, f"{POINTS}/")[0]
    (here,) = (each for each in listed(arm, POINTS) if each["id"] == far["id"])
    assert tiers(here) == {"InstantRP": "Valid", "HardenedRP": "Valid"}
    assert tiers(far) == {"HardenedRP": "Valid"}
    ends = [each["properties"]["recoveryPointProperties"]["expiryTime"] for each in (here, far)]
    assert ends[0] < ends[1]


def test_what_expires_or_is_deleted_here_is_not_there_any_more(arm: httpx.Client) -> None:
    put_group(arm)
    put_vault(arm, properties=OPTED_IN)
    put_policy(arm, days=7)
    put_vm(arm)
    protect(arm)
    advance(arm, by="P12D")
    assert 0 < len(there(arm)) < len(times_here(arm)) <= 8
    assert set(there(arm)) < set(times_here(arm))
    finish(arm, arm.put(ITEM_ID, json=STOP))
    delete_item(arm)
    (shown,) = listed(arm, f"{ITEMS}/")
    assert shown["properties"]["isScheduledForDeferredDelete"] is True
    advance(arm, by="P15D")
    assert listed(arm, f"{ITEMS}/") == []
    assert arm.get(f"{POINTS}/").status_code == 404


def test_the_lists_there_are_filtered_and_paged(arm: httpx.Client) -> None:
    put_vault_with_vm(arm)
    put_vm(arm, "vm-2")
    protect(arm, "vm-2")
    advance(arm, by="P5D")
    assert [each["properties"]["friendlyName"] for each in listed(arm, f"{ITEMS}/")] == [
        "vm-1",
        "vm-2",
    ]
    one = arm.get(f"{ITEMS}/", params={"$top": "1"}).json()
    assert [each["properties"]["friendlyName"] for each in one["value"]] == ["vm-1"]
    named = listed(arm, f"{ITEMS}/", **{"$filter": "friendlyName eq 'vm-2'"})
    assert [each["properties"]["friendlyName"] for each in named] == ["vm-2"]
    shares = {"$filter": "backupManagementType eq 'AzureStorage'"}
    assert listed(arm, f"{ITEMS}/", **shares) == []
    found = there(arm)
    last = wire_of_filter(found[-1])
    of_one = listed(arm, f"{POINTS}/", **{"$filter": f"endDate eq '{last}'"})
    assert [each["properties"]["recoveryPointTime"] for each in of_one] == found[-1:]
    assert refused(arm.get(f"{ITEMS}/", params={"$filter": "colour eq 'red'"}))[0] == 400


def wire_of_filter(instant: str) -> str:
    """Return a second after an instant, as az writes dates in filters."""
    at = wire(parse(instant) + HOUR)
    hour = int(at[11:13])
    return f"{at[:10]} {hour % 12 or 12:02d}{at[13:19]} {'AM' if hour < 12 else 'PM'}"


def test_file_shares_are_not_there(arm: httpx.Client) -> None:
    put_group(arm)
    put_vault(arm, properties=OPTED_IN)
    put_storage(arm, ACCOUNT_ID)
    put_share(arm)
    put_share_policy(arm, snapshots=3)
    register(arm)
    share = protect_share(arm)
    advance(arm, by="P5D")
    assert len(listed(arm, f"{share}/recoveryPoints")) == 5
    assert listed(arm, f"{ITEMS}/") == []
    answer = arm.get(f"{share}/recoveryPoints/")
    assert refused(answer) == (400, "NotSupported")
    assert "file share" in answer.json()["error"]["message"]


def test_how_long_it_takes_can_be_chosen(serve: Served) -> None:
    arm = serve(replication_lag_hours=0, cross_region_delay_hours=0)
    put_vault_with_vm(arm)
    assert there(arm) == []
    _backed_up(arm)
    assert there(arm) == times_here(arm)


def test_a_vault_that_has_not_opted_in_is_told_so(protected: httpx.Client) -> None:
    answers: list[Any] = [protected.get(f"{ITEMS}/"), protected.get(f"{POINTS}/")]
    for answer in answers:
        assert refused(answer) == (400, "BMSUserErrorCrossRegionRestoreNotEnabled")
        assert "'vault-1'" in answer.json()["error"]["message"]
