"""Private endpoints over the wire: what is refused, and that nothing is left of it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    GROUP_ID,
    ROOT,
    VAULT_ID,
    done,
    finish,
    listed,
    protect,
    put_group,
    put_vault,
    put_vm,
    refused,
)

NETWORK_ID = f"{GROUP_ID}/providers/Microsoft.Network/virtualNetworks/network-1"
ENDPOINTS = f"{GROUP_ID}/providers/Microsoft.Network/privateEndpoints"
ENDPOINT_ID = f"{ENDPOINTS}/endpoint-1"
AUTOMATIC, MANUAL = "privateLinkServiceConnections", "manualPrivateLinkServiceConnections"


def put_network(arm: httpx.Client, prefix: str = "10.0.0.0/24") -> None:
    subnet = {"name": "default", "properties": {"addressPrefix": prefix}}
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [subnet]}
    done(arm.put(NETWORK_ID, json={"location": "westeurope", "properties": space}))


def body(
    group: Any = "AzureBackup", vault: Any = VAULT_ID, kind: Any = AUTOMATIC, **more: Any
) -> dict[str, Any]:
    target = {"privateLinkServiceId": vault, "groupIds": [group]}
    properties = {
        "subnet": {"id": f"{NETWORK_ID}/subnets/default"},
        kind: [{"name": "to-vault", "properties": target}],
    }
    return {"location": "westeurope", "properties": properties | more}


def connect(arm: httpx.Client, name: str = "endpoint-1", **how: Any) -> httpx.Response:
    return arm.put(f"{ENDPOINTS}/{name}", json=body(**how))


def connections(arm: httpx.Client, vault: str = VAULT_ID) -> list[dict[str, Any]]:
    found = done(arm.get(vault)).json()["properties"].get("privateEndpointConnections", [])
    return list(found)


@pytest.fixture
def networked(vault: httpx.Client) -> httpx.Client:
    """A client of a world with a vault and a network."""
    put_network(vault)
    return vault


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (body(group="AzureDisk"), (400, "InvalidPrivateLinkGroupId")),
        (body(vault=f"{VAULT_ID}-2"), (404, "ResourceNotFound")),
        (body(vault="somewhere"), (400, "LinkedInvalidPropertyId")),
        (body(vault=f"{GROUP_ID}/providers/Microsoft.Storage/storageAccounts/a"),
         (400, "NotSupported")),
        (body(subnet={"id": f"{NETWORK_ID}/subnets/none"}), (400, "InvalidResourceReference")),
        (body(subnet={}), (400, "InvalidParameter")),
        (body(**{MANUAL: [{"properties": {}}]}), (400, "InvalidRequestFormat")),
        (body(**{AUTOMATIC: []}), (400, "InvalidRequestFormat")),
        (body(ipConfigurations=[{"name": "one"}]), (400, "NotSupported")),
        (body(group="AzureBackup_secondary"),
         (409, "UserErrorPrivateEndpointAndCrossRegionRestore")),
        (body(customNetworkInterfaceName="-"), (400, "InvalidResourceName")),
        ({**body(), "location": "eastus"}, (400, "InvalidResourceReference")),
    ],
)  # fmt: skip
def test_an_endpoint_that_cannot_be_is_refused(
    networked: httpx.Client, sent: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert refused(networked.put(ENDPOINT_ID, json=sent)) == expected
    assert networked.get(ENDPOINT_ID).status_code == 404
    assert connections(networked) == []
    assert not listed(networked, f"{GROUP_ID}/providers/Microsoft.Network/networkInterfaces")


def test_a_vault_that_protects_something_gets_no_first_endpoint_for_backup(
    networked: httpx.Client,
) -> None:
    put_vm(networked)
    protect(networked)
    code = (409, "UserErrorPrivateEndpointOfVaultWithItems")
    assert refused(connect(networked)) == code
    assert connections(networked) == []
    done(connect(networked, group="AzureSiteRecovery"))
    assert refused(connect(networked, "endpoint-2")) == code


def test_a_vault_that_is_connected_goes_on_to_protect_and_gets_more_endpoints(
    networked: httpx.Client,
) -> None:
    done(connect(networked))
    put_vm(networked)
    protect(networked)
    for number in range(2, 13):
        done(connect(networked, f"endpoint-{number}"))
    full = (409, "UserErrorPrivateEndpointLimitReached")
    assert refused(connect(networked, "endpoint-13")) == full
    assert len(connections(networked)) == 12


def test_an_endpoint_may_be_put_again_but_not_changed(networked: httpx.Client) -> None:
    first = done(connect(networked))
    second = done(networked.put(ENDPOINT_ID, json=body() | {"tags": {"a": "b"}}))
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["tags"] == {"a": "b"}
    assert len(connections(networked)) == 1
    for changed in (body(group="AzureSiteRecovery"), body(kind=MANUAL)):
        code = refused(networked.put(ENDPOINT_ID, json=changed))
        assert code == (409, "PropertyChangeNotAllowed")
    echoed = done(networked.get(ENDPOINT_ID)).json()
    assert (
        done(networked.put(ENDPOINT_ID, json=echoed)).json()["properties"] == echoed["properties"]
    )


def test_a_subnet_with_too_few_addresses_is_refused_whole(vault: httpx.Client) -> None:
    put_network(vault, "10.0.0.0/29")
    assert refused(connect(vault)) == (400, "SubnetIsFull")
    assert connections(vault) == []


def test_the_owner_of_a_vault_takes_only_steps_that_there_are(networked: httpx.Client) -> None:
    done(connect(networked, kind=MANUAL))
    [connection] = connections(networked)

    def decide(status: str, path: str = connection["id"], **more: Any) -> httpx.Response:
        state = {"privateLinkServiceConnectionState": {"status": status}}
        return networked.put(path, json={"properties": state | more})

    wrong = (400, "BMSUserErrorInvalidInput")
    assert refused(decide("Disconnected")) == wrong
    assert refused(decide("Approved", privateEndpoint={"id": f"{ENDPOINT_ID}x"})) == wrong
    assert refused(decide("Approved", groupIds=["AzureSiteRecovery"])) == wrong
    assert refused(decide("Approved", f"{connection['id']}x")) == (404, "ResourceNotFound")
    assert connections(networked) == [connection]
    finish(networked, decide("Approved"))
    assert refused(decide("Pending")) == wrong
    other = f"{VAULT_ID}/privateEndpointConnections/other/operationsStatus"
    operation = decide("Rejected").headers["azure-asyncoperation"].rpartition("/")[2]
    answer = networked.get(f"{other}/{operation.partition('?')[0]}")
    assert refused(answer) == (404, "OperationNotFound")


def test_cross_region_restore_and_a_closed_door_exclude_one_another(
    networked: httpx.Client,
) -> None:
    settings = {"redundancySettings": {"crossRegionRestore": "Enabled"}}
    finish(networked, networked.patch(VAULT_ID, json={"properties": settings}))
    closed = {"properties": {"publicNetworkAccess": "Disabled"}}
    assert refused(networked.patch(VAULT_ID, json=closed)) == (400, "BMSUserErrorInvalidInput")
    assert done(networked.get(VAULT_ID)).json()["properties"]["publicNetworkAccess"] == "Enabled"
    code = (409, "UserErrorPrivateEndpointAndCrossRegionRestore")
    assert refused(connect(networked)) == code
    done(connect(networked, group="AzureBackup_secondary"))


def test_endpoints_go_with_their_group_and_the_vault_of_another_one_forgets_them(
    networked: httpx.Client,
) -> None:
    far = f"{ROOT}/resourceGroups/group-2"
    put_group(networked, far)
    away = f"{far}/providers/Microsoft.RecoveryServices/vaults/vault-2"
    put_vault(networked, away)
    done(connect(networked, vault=away))
    done(connect(networked, "endpoint-2"))
    assert refused(networked.delete(far))[0] == 409
    assert len(connections(networked, away)) == 1
    done(networked.delete(GROUP_ID))
    assert connections(networked, away) == []
    done(networked.delete(far))


def test_an_endpoint_stays_in_its_group_and_has_no_zone_groups(networked: httpx.Client) -> None:
    done(connect(networked))
    assert listed(networked, f"{ENDPOINT_ID}/privateDnsZoneGroups") == []
    put_group(networked, f"{ROOT}/resourceGroups/group-2")
    move = {
        "resources": [ENDPOINT_ID],
        "targetResourceGroup": f"{ROOT}/resourceGroups/group-2",
    }
    assert refused(networked.post(f"{GROUP_ID}/moveResources", json=move))[0] == 409
    nic = listed(networked, f"{GROUP_ID}/providers/Microsoft.Network/networkInterfaces")[0]
    told = {"location": "westeurope", "properties": nic["properties"]}
    code = refused(networked.put(nic["id"], json=told))
    assert code == (400, "NetworkInterfaceOfPrivateEndpointIsReadOnly")
    assert refused(networked.delete(NETWORK_ID))[0] == 400
