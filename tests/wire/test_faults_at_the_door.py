"""Faults of the front door: what a client gets in place of an answer, later, or not at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from app.server import RunningServer
from tests.conftest import with_api_version
from tests.wire.builders import (
    GROUP_ID,
    ITEM_ID,
    POLICY_ID,
    SUBSCRIPTION,
    VAULT_ID,
    advance,
    code_of,
    delete_item,
    done,
    item_body,
    listed,
    protect,
    put_group,
    put_policy,
    put_vault,
    put_vm,
    set_clock,
    vm_id,
)
from tests.wire.test_faults_of_jobs import FAULTS, arm_fault, armed

ITEMS = f"{VAULT_ID}/backupProtectedItems"
CONFIG = f"{VAULT_ID}/backupconfig/vaultconfig"
LEFT = "x-ms-ratelimit-remaining-subscription-reads"


@pytest.fixture
def client(arm: httpx.Client, world: RunningServer) -> Iterator[httpx.Client]:
    """A client of a vault whose operations may answer what no operation declares."""
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    put_vm(arm)
    hooks = {"request": [with_api_version]}
    with httpx.Client(base_url=world.http_url, event_hooks=hooks, timeout=30) as client:
        yield client


def test_a_throttled_client_is_told_when_to_come_back(client: httpx.Client) -> None:
    arm_fault(client, "throttled", subject="Vaults_Get", count=2, duration="PT7S")
    assert done(client.get(POLICY_ID)).headers[LEFT] == "11999"
    for _ in range(2):
        answer = client.get(VAULT_ID)
        assert (answer.status_code, code_of(answer)) == (429, "SubscriptionRequestsThrottled")
        assert answer.headers["retry-after"] == "7"
        assert answer.headers[LEFT] == "0"
        assert "'throttled'" in answer.json()["error"]["message"]
    assert done(client.get(VAULT_ID)).headers[LEFT] == "11999"
    assert armed(client) == [("throttled", 0, 2)]


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("server-error", 500, "InternalServerError"),
        ("bad-gateway", 502, "BadGateway"),
        ("service-unavailable", 503, "ServiceUnavailable"),
        ("gateway-timeout", 504, "GatewayTimeout"),
    ],
)
def test_nothing_is_done_of_what_a_server_error_answers(
    client: httpx.Client, fault: str, status: int, code: str
) -> None:
    arm_fault(client, fault, subject=f"{VAULT_ID}-2", count=1)
    answer = client.put(f"{VAULT_ID}-2", json={"location": "westeurope"})
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert ("retry-after" in answer.headers) == (status == 503)
    assert client.get(f"{VAULT_ID}-2").status_code == 404
    put_vault(client, f"{VAULT_ID}-2")


def test_a_request_of_a_dropped_connection_is_not_done(client: httpx.Client) -> None:
    arm_fault(client, "connection-dropped", subject=f"{VAULT_ID}-2", count=1)
    with pytest.raises(httpx.TransportError):
        client.put(f"{VAULT_ID}-2", json={"location": "westeurope"})
    assert client.get(f"{VAULT_ID}-2").status_code == 404


def test_a_request_whose_answer_is_lost_is_done(client: httpx.Client, world: RunningServer) -> None:
    arm_fault(client, "answer-lost", subject="Vaults_CreateOrUpdate", count=2)
    with pytest.raises(httpx.TransportError):
        client.put(f"{VAULT_ID}-2", json={"location": "westeurope"})
    assert client.get(f"{VAULT_ID}-2").status_code == 200
    secure = httpx.Client(
        base_url=str(world.https_url), verify=False, event_hooks={"request": [with_api_version]}
    )
    with secure, pytest.raises(httpx.TransportError):
        secure.put(f"{VAULT_ID}-3", json={"location": "westeurope"})
    assert client.get(f"{VAULT_ID}-3").status_code == 200


def test_a_slow_answer_lets_the_others_pass(client: httpx.Client, world: RunningServer) -> None:
    arm_fault(client, "slow-answer", subject=VAULT_ID, count=1, duration="PT1S")
    ended: dict[str, float] = {}

    def ask(path: str) -> None:
        client.get(path).raise_for_status()
        ended[path] = time.perf_counter()

    began = time.perf_counter()
    slow = threading.Thread(target=ask, args=(VAULT_ID,))
    slow.start()
    while armed(client)[0][2] == 0:  # it has struck, and the answer is under way
        pass
    ask(GROUP_ID)
    slow.join()
    assert ended[VAULT_ID] - began >= 1
    assert ended[GROUP_ID] < ended[VAULT_ID]


def test_a_subscription_is_throttled_alone(client: httpx.Client) -> None:
    done(client.post(FAULTS, params={"subscription": SUBSCRIPTION}, json={"fault": "throttled"}))
    other = "/subscriptions/99999999-2222-3333-4444-555555555555/resourceGroups"
    assert client.get(other).status_code == 200
    assert client.get(f"/subscriptions/{SUBSCRIPTION}/resourceGroups").status_code == 429
    # Whoever armed it can always disarm it.
    done(client.delete(FAULTS))
    assert client.get(f"/subscriptions/{SUBSCRIPTION}/resourceGroups").status_code == 200


def test_some_requests_are_struck_and_the_same_ones_again(client: httpx.Client) -> None:
    def statuses() -> list[int]:
        done(client.post("/_emulator/reset"))
        arm_fault(client, "server-error", probability=0.5)
        path = f"/subscriptions/{SUBSCRIPTION}/resourceGroups"
        return [client.get(path).status_code for _ in range(30)]

    first = statuses()
    assert 5 < first.count(500) < 25
    assert statuses() == first


def test_an_operation_is_stuck_until_its_fault_is_disarmed(client: httpx.Client) -> None:
    arm_fault(client, "operation-stuck", subject="ProtectedItems_CreateOrUpdate", count=1)
    begun = client.put(ITEM_ID, json=item_body(policyId=POLICY_ID, sourceResourceId=vm_id()))
    poll = begun.headers["azure-asyncoperation"]
    for _ in range(2):
        answer = client.get(poll)
        assert answer.json()["status"] == "InProgress"
        assert int(answer.headers["retry-after"]) > 0
    advance(client, by="P1D")
    assert client.get(poll).json()["status"] == "InProgress"
    assert done(client.get(ITEM_ID)).json()["properties"]["protectionState"] != ""
    done(client.delete(f"{FAULTS}/operation-stuck"))
    assert client.get(poll).json()["status"] == "Succeeded"


def test_an_operation_is_stuck_for_a_while(client: httpx.Client) -> None:
    set_clock(client, skipOnWait="off")
    arm_fault(client, "operation-stuck", duration="PT3H", subject=f"{VAULT_ID}/*")
    begun = client.put(ITEM_ID, json=item_body(policyId=POLICY_ID, sourceResourceId=vm_id()))
    poll = begun.headers["azure-asyncoperation"]
    advance(client, by="PT3H")
    assert client.get(poll).json()["status"] == "InProgress"
    advance(client, by="PT5M")
    assert client.get(poll).json()["status"] == "Succeeded"
    set_clock(client, skipOnWait="finish")


def test_lists_lag_behind_what_was_created_and_deleted(client: httpx.Client) -> None:
    def names(**query: str) -> list[str]:
        return [each["properties"]["friendlyName"] for each in listed(client, ITEMS, **query)]

    arm_fault(client, "list-lags", subject=VAULT_ID, duration="PT2M")
    protect(client)
    assert client.get(ITEM_ID).status_code == 200
    assert names() == []
    advance(client, by="PT2M")
    assert names() == ["vm-1"]
    delete_item(client)
    (shown,) = listed(client, ITEMS)
    assert "isScheduledForDeferredDelete" not in shown["properties"]
    advance(client, by="PT2M")
    assert listed(client, ITEMS)[0]["properties"]["isScheduledForDeferredDelete"] is True

    policies = f"{VAULT_ID}/backupPolicies"
    put_policy(client, f"{policies}/other")
    assert "other" not in [each["name"] for each in listed(client, policies)]
    advance(client, by="PT2M")
    assert "other" in [each["name"] for each in listed(client, policies)]
    done(client.delete(f"{policies}/other"))
    assert client.get(f"{policies}/other").status_code == 404
    of_vms = {"$filter": "backupManagementType eq 'AzureIaasVM'"}
    of_shares = {"$filter": "backupManagementType eq 'AzureStorage'"}
    assert "other" in [each["name"] for each in listed(client, policies, **of_vms)]
    assert "other" not in [each["name"] for each in listed(client, policies, **of_shares)]
    done(client.delete(FAULTS))
    assert "other" not in [each["name"] for each in listed(client, policies)]


def test_a_configuration_lags_behind_its_change(client: httpx.Client) -> None:
    arm_fault(client, "configuration-lags", count=1)

    def days() -> int:
        properties = done(client.get(CONFIG)).json()["properties"]
        return int(properties["softDeleteRetentionPeriodInDays"])

    for wanted in (20, 30):
        change = {"properties": {"softDeleteRetentionPeriodInDays": wanted}}
        answered = done(client.patch(CONFIG, json=change)).json()["properties"]
        assert answered["softDeleteRetentionPeriodInDays"] == wanted
        assert days() == 14
    advance(client, by="PT1M")
    assert days() == 30


def test_a_region_goes_down_and_comes_back_at_its_instants(client: httpx.Client) -> None:
    arm_fault(client, "region-down", subject="West Europe", after="PT1H", until="PT3H")
    assert client.get(POLICY_ID).status_code == 200
    advance(client, by="PT1H")
    assert client.get(POLICY_ID).status_code == 503
    assert armed(client) == [("region-down", 0, 1)]
    advance(client, by="PT4H")
    assert client.get(POLICY_ID).status_code == 200
    regions = {each["name"]: each for each in client.get("/_emulator/regions").json()["value"]}
    assert regions["westeurope"]["outages"] == [
        {"since": "2026-01-01T01:00:00Z", "until": "2026-01-01T03:00:00Z"}
    ]
    arm_fault(client, "region-down", subject="westeurope")
    assert client.get(POLICY_ID).status_code == 503
    done(client.delete(f"{FAULTS}/region-down"))
    assert client.get(POLICY_ID).status_code == 200
