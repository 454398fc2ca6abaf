"""Lists that do not fit on one page: complete, in order, each entry once."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.wire.builders import (
    ITEM_ID,
    POINTS,
    VAULT_ID,
    Served,
    advance,
    done,
    listed,
    policy_body,
    protect,
    put_group,
    put_policy,
    put_vault,
    put_vm,
    refused,
    vm_id,
)

JOBS = f"{VAULT_ID}/backupJobs"
POLICIES = f"{VAULT_ID}/backupPolicies"


@pytest.fixture
def aged(protected: httpx.Client) -> httpx.Client:
    """A client of a world with 250 days of backups behind it, all kept."""
    put_policy(protected, days=500)
    advance(protected, by="P250D")
    return protected


@pytest.fixture
def unlimited(serve: Served) -> httpx.Client:
    """A client of a world without limits, whose VM is protected by the daily policy."""
    arm = serve(limits="off")
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    put_vm(arm)
    protect(arm)
    return arm


def pages(arm: httpx.Client, path: str, **query: str) -> list[dict[str, Any]]:
    found = [done(arm.get(path, params=query)).json()]
    while "nextLink" in found[-1]:
        found.append(done(arm.get(found[-1]["nextLink"])).json())
    return found


@pytest.mark.parametrize("path", [POINTS, JOBS])
def test_a_long_list_comes_in_pages_of_200(aged: httpx.Client, path: str) -> None:
    first, second = pages(aged, path)
    assert len(first["value"]) == 200
    assert 50 <= len(second["value"]) <= 53
    assert set(second) == {"value"}
    names = [each["name"] for page in (first, second) for each in page["value"]]
    assert len(set(names)) == len(names)


def test_the_pages_together_are_in_order(aged: httpx.Client) -> None:
    times = [each["properties"]["recoveryPointTime"] for each in listed(aged, POINTS)]
    assert len(times) == 250
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_next_link_is_absolute_and_leads_back_the_same_way(aged: httpx.Client, host: str) -> None:
    base = f"http://{host}:{httpx.URL(aged.base_url).port}"
    link = aged.get(f"{base}{POINTS.lower().replace(';', '%3B')}").json()["nextLink"]
    assert link.startswith(f"{base}/subscriptions/")
    assert len(aged.get(link).json()["value"]) == 50


def test_a_next_link_names_the_version_and_the_filter_of_the_request(aged: httpx.Client) -> None:
    text = "operation eq 'Backup' and status eq 'Completed'"
    first, second = pages(aged, JOBS, **{"$filter": text, "api-version": "2021-11-15"})
    query = parse_qs(urlsplit(first["nextLink"]).query)
    assert query["$filter"] == [text]
    assert query["api-version"] == ["2021-11-15"]
    assert set(query) == {"$filter", "api-version", "$skipToken"}
    found = [each["properties"] for page in (first, second) for each in page["value"]]
    assert len(found) == 250
    assert {each["operation"] for each in found} == {"Backup"}


def test_a_list_of_exactly_one_page_has_no_next_link(protected: httpx.Client) -> None:
    put_policy(protected, days=500)
    advance(protected, by="P200D")
    answer = protected.get(POINTS).json()
    assert len(answer["value"]) == 200
    assert "nextLink" not in answer
    advance(protected, by="P1D")
    assert len(pages(protected, POINTS)) == 2


def test_a_page_is_not_shifted_by_what_is_new(aged: httpx.Client) -> None:
    first = aged.get(POINTS).json()
    advance(aged, by="P10D")
    second = aged.get(first["nextLink"]).json()
    newest = second["value"][0]["properties"]["recoveryPointTime"]
    assert newest < first["value"][-1]["properties"]["recoveryPointTime"]
    assert len(second["value"]) == 50


def test_jobs_of_one_instant_are_not_lost_between_pages(unlimited: httpx.Client) -> None:
    for _ in range(201):
        done(unlimited.post(f"{ITEM_ID}/backup"))
    text = {"$filter": "operation eq 'Backup'"}
    first, second = pages(unlimited, JOBS, **text)
    names = {each["name"] for page in (first, second) for each in page["value"]}
    assert len(names) == 201


def test_policies_come_in_pages_too(unlimited: httpx.Client) -> None:
    for number in range(200):
        done(unlimited.put(f"{POLICIES}/policy-{number:03d}", json=policy_body()))
    text = {"$filter": "backupManagementType eq 'AzureIaasVM'"}
    first, second = pages(unlimited, POLICIES, **text)
    assert (len(first["value"]), len(second["value"])) == (200, 3)
    whole = listed(unlimited, POLICIES)
    assert len({each["id"] for each in whole}) == 204


def test_protectable_items_come_in_pages_too(vault: httpx.Client) -> None:
    for number in range(201):
        put_vm(vault, f"vm-{number:03d}")
    found = listed(vault, f"{VAULT_ID}/backupProtectableItems")
    assert len(pages(vault, f"{VAULT_ID}/backupProtectableItems")) == 2
    assert {each["properties"]["virtualMachineId"] for each in found} == {
        vm_id(f"vm-{number:03d}") for number in range(201)
    }


def test_a_list_ends_where_its_top_says(aged: httpx.Client) -> None:
    assert len(aged.get(JOBS, params={"$top": "3"}).json()["value"]) == 3
    assert "nextLink" not in aged.get(JOBS, params={"$top": "200"}).json()
    whole = listed(aged, JOBS)
    assert listed(aged, JOBS, **{"$top": "230"}) == whole[:230]
    assert len(pages(aged, JOBS, **{"$top": "230"})) == 2


@pytest.mark.parametrize("top", ["0", "-1", "1001", "many", "", "1e2"])
def test_a_top_that_is_no_number_of_entries_is_refused(vault: httpx.Client, top: str) -> None:
    answer = vault.get(JOBS, params={"$top": top})
    assert refused(answer) == (400, "InvalidTopInQueryString")


def test_a_filtered_list_is_the_same_in_any_size_of_page(aged: httpx.Client) -> None:
    text = {"$filter": "operation eq 'Backup' and endTime eq '2026-03-01'"}
    whole = listed(aged, JOBS, **text)
    assert len(whole) > 20
    shown = aged.get(JOBS, params={**text, "$top": "7"}).json()
    assert shown["value"] == whole[:7]
