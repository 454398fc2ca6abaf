"""Resource Graph on the wire: the queries of backup's clients, and the refusal of all others."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    GROUP_ID,
    ITEM_ID,
    LOCATION_ID,
    SUBSCRIPTION,
    VAULT_ID,
    delete_item,
    done,
    listed,
    put_vault,
    refused,
)

GRAPH = "/providers/Microsoft.ResourceGraph/resources"
TYPE = "microsoft.recoveryservices/locations/deletedvaults/backupfabrics/protectioncontainers/protecteditems"  # noqa: E501
AZ = f"""recoveryservicesresources
| where type == "{TYPE}"
| extend dataSourceType = strcat(properties.backupManagementType, '/', properties.workloadType)
| where tostring(id) contains "%s"
| project id, type, name, location, resourceGroup, subscriptionId, dataSourceType, properties, tags"""  # noqa: E501


def ask(arm: httpx.Client, query: str, **more: Any) -> list[dict[str, Any]]:
    """Return the rows that a query finds."""
    answer = done(arm.post(GRAPH, json={"query": query} | more)).json()
    assert answer["count"] == len(answer["data"])
    found: list[dict[str, Any]] = answer["data"]
    return found


def test_az_finds_the_items_of_a_deleted_vault_and_of_no_other(protected: httpx.Client) -> None:
    in_options = {"options": {"subscriptions": [SUBSCRIPTION]}}
    assert ask(protected, AZ % "group-1", **in_options) == []
    done(protected.delete(ITEM_ID))
    done(protected.post("/_emulator/clock/advance", json={"until": "idle"}))
    done(protected.delete(VAULT_ID))
    put_vault(protected)
    [found] = ask(protected, AZ % "deletedVaults/group-1_", **in_options)
    assert found["type"] == TYPE
    assert found["dataSourceType"] == "AzureIaasVM/VM"
    assert (found["location"], found["subscriptionId"]) == ("westeurope", SUBSCRIPTION)
    assert found["properties"]["isScheduledForDeferredDelete"] is True
    assert "/locations/westeurope/deletedVaults/group-1_" in found["id"]
    assert ask(protected, AZ % "another-vault", **in_options) == []


def test_a_deleted_vault_is_found_as_its_list_shows_it_until_it_is_undeleted(
    protected: httpx.Client,
) -> None:
    deleted = (
        "recoveryservicesresources | where type == 'microsoft.recoveryservices/locations/deletedvaults'"  # noqa: E501
        " | project id, name, location, properties"
    )
    alive = (
        "recoveryservicesresources | where type =~ 'microsoft.recoveryservices/vaults' | project id"
    )
    assert (ask(protected, deleted), ask(protected, alive)) == ([], [{"id": VAULT_ID}])
    delete_item(protected)
    done(protected.delete(VAULT_ID))
    [listed_one] = listed(protected, f"{LOCATION_ID}/deletedVaults")
    [found] = ask(protected, deleted, subscriptions=[SUBSCRIPTION])
    assert found == {name: listed_one[name] for name in ("id", "name", "location", "properties")}
    assert ask(protected, alive) == []
    assert ask(protected, deleted, subscriptions=[SUBSCRIPTION.replace("1", "9")]) == []
    back = {"properties": {"recoveryResourceGroupId": GROUP_ID}}
    done(protected.post(f"{found['id']}/undelete", json=back))
    assert (ask(protected, deleted), ask(protected, alive)) == ([], [{"id": VAULT_ID}])


def test_what_a_world_holds_is_found_by_type_in_any_casing(protected: httpx.Client) -> None:
    query = "Resources | where type =~ 'Microsoft.Compute/virtualMachines' | project name, location"
    assert ask(protected, query) == [{"name": "vm-1", "location": "westeurope"}]
    other = "99999999-2222-3333-4444-555555555555"
    assert ask(protected, query, subscriptions=[other]) == []
    vaults = "resources | where type == 'microsoft.recoveryservices/vaults' | count"
    assert ask(protected, vaults) == [{"Count": 1}]
    groups = "resourcecontainers | where name startswith 'GROUP' or name == 'x' | project id"
    assert [each["id"][-8:] for each in ask(protected, groups)] == ["/group-1"]


def test_rows_are_ordered_and_cut_and_parts_of_properties_are_read(
    protected: httpx.Client,
) -> None:
    disks = (
        "resources | where (type == 'microsoft.compute/disks') and properties['diskState'] !~ ''"
        " | extend size = tostring(properties.diskSizeGB) | order by size asc, name | take 1"
        " | project size, owner = tolower(managedBy)"
    )
    [found] = ask(protected, disks)
    assert found["size"] == "30"
    assert found["owner"].endswith("/virtualmachines/vm-1")
    paged = ask(protected, "resources | project id", options={"$top": 1, "$skip": 1})
    assert len(paged) == 1


@pytest.mark.parametrize(
    "query",
    [
        "",
        "|",
        "'resources'",
        "advisorresources",
        "resources | summarize count() by type",
        "resources | join kind=inner (resources) on id",
        "resources | where split(id, '/')[8] == 'x'",
        "resources | where tostring(id, name) == 'x'",
        "resources | where name ==",
        "resources | where name == 'x",
        "resources | where name[3] == 'x'",
        "resources | extend name",
        "resources | take many",
        "resources | where " + "(" * 60 + "name" + ")" * 60,
        "resources where name == 'x'",
    ],
)
def test_other_queries_are_refused_as_resource_graph_refuses(arm: httpx.Client, query: str) -> None:
    answer = arm.post(GRAPH, json={"query": query})
    assert refused(answer) == (400, "BadRequest")
    assert answer.json()["error"]["details"][0]["code"] == "InvalidQuery"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"managementGroups": ["group"]}, "NotSupported"),
        ({"facets": [{"expression": "location"}]}, "NotSupported"),
        ({"options": {"resultFormat": "table"}}, "NotSupported"),
        ({"subscriptions": ["mine"]}, "InvalidSubscriptionId"),
        ({"options": {"$top": 0}}, "InvalidRequestContent"),
    ],
)
def test_what_is_not_emulated_of_a_query_is_refused(
    arm: httpx.Client, more: dict[str, Any], code: str
) -> None:
    answer = arm.post(GRAPH, json={"query": "resources"} | more)
    assert refused(answer) == (400, code)
