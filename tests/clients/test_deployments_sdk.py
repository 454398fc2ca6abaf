"""Microsoft's client of deployments makes, follows, lists and forgets them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, cast

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.resource.deployments import DeploymentsMgmtClient
from azure.mgmt.resource.resources import ResourceManagementClient

from app.server import RunningServer
from tests.clients.test_compute_sdk import SUBSCRIPTION, AnyToken, options

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def deployment(gigabytes: int = 8, **parts: Any) -> dict[str, Any]:
    disk = {
        "type": "Microsoft.Compute/disks",
        "apiVersion": "2024-03-02",
        "name": "[parameters('name')]",
        "location": "[resourceGroup().location]",
        "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": gigabytes},
    }
    template = {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {"name": {"type": "string"}},
        "resources": [disk],
        "outputs": {"size": {"type": "int", "value": "[reference('disk-1').diskSizeGB]"}},
    }
    parameters = {"name": {"value": "disk-1"}}
    return {"properties": {"mode": "Incremental", "template": template, "parameters": parameters}}


@pytest.fixture
def client(world: RunningServer) -> Iterator[Any]:
    """A client of deployments, and the group ``group-1``."""

    def of(kind: Callable[..., Any]) -> Any:
        return stack.enter_context(cast("Any", kind(AnyToken(), SUBSCRIPTION, **options(world))))

    with ExitStack() as stack:
        groups = of(ResourceManagementClient).resource_groups
        groups.create_or_update("group-1", {"location": "westeurope"})
        yield of(DeploymentsMgmtClient)


def test_a_deployment_is_made_followed_and_forgotten(client: Any) -> None:
    made = client.deployments
    asked = made.begin_validate("group-1", "first", deployment()).result()
    assert asked.properties.provisioning_state == "Succeeded"
    foretold = made.begin_what_if("group-1", "first", deployment()).result()
    assert [each.change_type for each in foretold.changes] == ["Create"]
    assert not made.check_existence("group-1", "first")
    shown = made.begin_create_or_update("group-1", "first", deployment()).result()
    assert shown.properties.provisioning_state == "Succeeded"
    assert shown.properties.outputs == {"size": {"type": "Int", "value": 8}}
    assert made.check_existence("group-1", "first")
    assert [each.name for each in made.list_by_resource_group("group-1")] == ["first"]
    done = list(client.deployment_operations.list("group-1", "first"))
    targets = [each.properties.target_resource.resource_name for each in done]
    assert targets == ["disk-1"]
    one = client.deployment_operations.get("group-1", "first", done[0].operation_id)
    assert one.properties.status_code == "OK"
    exported = made.export_template("group-1", "first").template
    assert exported["parameters"] == {"name": {"type": "string"}}
    with pytest.raises(HttpResponseError) as caught:
        made.cancel("group-1", "first")
    assert caught.value.status_code == 409
    made.begin_delete("group-1", "first").result()
    assert not made.check_existence("group-1", "first")


def test_a_deployment_that_fails_says_why(client: Any) -> None:
    with pytest.raises(HttpResponseError) as caught:
        client.deployments.begin_create_or_update("group-1", "first", deployment(-5)).result()
    error: Any = caught.value.error
    assert error.code == "DeploymentFailed"
    assert "diskSizeGB" in error.details[0].message


def test_a_template_that_is_wrong_is_refused(client: Any) -> None:
    sent = deployment()
    sent["properties"]["template"]["outputs"] = []
    for ask in (client.deployments.begin_create_or_update, client.deployments.begin_validate):
        with pytest.raises(HttpResponseError) as caught:
            ask("group-1", "first", sent)
        assert "(InvalidTemplate) Deployment template parse failed" in caught.value.message
