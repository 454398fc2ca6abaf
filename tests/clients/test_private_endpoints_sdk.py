"""Microsoft's SDKs of networks, vaults and Azure Backup: private endpoints of a vault."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.recoveryservices import RecoveryServicesClient
from azure.mgmt.recoveryservicesbackup import RecoveryServicesBackupClient

from app.server import RunningServer
from tests.clients.test_compute_sdk import SUBSCRIPTION, AnyToken, options
from tests.wire.builders import GROUP_ID, VAULT_ID, advance, put_group, put_vault

OF_VAULT = ("group-1", "vault-1")
OF_BACKUP = ("vault-1", "group-1")
NETWORK_ID = f"{GROUP_ID}/providers/Microsoft.Network/virtualNetworks/network-1"


class Clients(NamedTuple):
    """The three clients, too loosely typed for mypy to follow."""

    network: Any
    vaults: Any
    backup: Any


@pytest.fixture
def clients(arm: httpx.Client, world: RunningServer) -> Iterator[Clients]:
    """Clients of a world with a network and an empty vault."""
    put_group(arm)
    put_vault(arm)
    advance(arm, until="idle")
    to = options(world)
    with (
        NetworkManagementClient(AnyToken(), SUBSCRIPTION, **to) as network,
        RecoveryServicesClient(AnyToken(), SUBSCRIPTION, **to) as vaults,
        RecoveryServicesBackupClient(AnyToken(), SUBSCRIPTION, **to) as backup,
    ):
        body: Any = {
            "location": "westeurope",
            "properties": {
                "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
                "subnets": [{"name": "default", "properties": {"addressPrefix": "10.0.0.0/24"}}],
            },
        }
        network.virtual_networks.begin_create_or_update("group-1", "network-1", body).result()
        yield Clients(network, vaults, backup)


def put_endpoint(network: Any, name: str, group: str, *, manual: bool = False) -> Any:
    """Create a private endpoint of the vault and return it as the SDK reads it."""
    kind = "manualPrivateLinkServiceConnections" if manual else "privateLinkServiceConnections"
    target = {"privateLinkServiceId": VAULT_ID, "groupIds": [group]}
    properties = {
        "subnet": {"id": f"{NETWORK_ID}/subnets/default"},
        kind: [{"name": "to-vault", "properties": target}],
    }
    body = {"location": "westeurope", "properties": properties}
    return network.private_endpoints.begin_create_or_update("group-1", name, body).result()


def state(endpoint: Any) -> str:
    """Return how the connection of an endpoint stands, as its own side shows it."""
    properties = endpoint.properties
    found = (
        properties.private_link_service_connections
        or properties.manual_private_link_service_connections
    )
    return str(found[0].properties.private_link_service_connection_state.status)


def test_what_an_endpoint_can_reach_is_told(clients: Clients) -> None:
    found = {each.properties.group_id: each for each in clients.vaults.private_link_resources.list(*OF_VAULT)}  # fmt: skip  # noqa: E501
    assert list(found) == ["AzureBackup", "AzureBackup_secondary", "AzureSiteRecovery"]
    one = clients.vaults.private_link_resources.get(*OF_VAULT, "backupResource").properties
    assert "backup-ecs1" in one.required_members
    assert one.required_zone_names[0] == "privatelink.we.backup.windowsazure.com"
    secondary = found["AzureBackup_secondary"].properties
    assert secondary.required_zone_names[0] == "privatelink.ne.backup.windowsazure.com"
    with pytest.raises(ResourceNotFoundError):
        clients.vaults.private_link_resources.get(*OF_VAULT, "nothing")


def test_an_endpoint_is_approved_at_once_and_its_network_interface_is_there(
    clients: Clients,
) -> None:
    made = put_endpoint(clients.network, "endpoint-1", "AzureBackup")
    assert state(made) == "Approved"
    [interface] = made.properties.network_interfaces
    nic = clients.network.network_interfaces.get("group-1", interface.id.rpartition("/")[2])
    addresses = [each.properties.private_ip_address for each in nic.properties.ip_configurations]
    assert addresses == [f"10.0.0.{last}" for last in range(4, 9)]
    told = [each.ip_addresses for each in made.properties.custom_dns_configs]
    assert told == [[each] for each in addresses]
    with pytest.raises(HttpResponseError, match="NicInUse"):
        clients.network.network_interfaces.begin_delete("group-1", nic.name).result()
    vault = clients.vaults.vaults.get(*OF_VAULT).properties
    assert vault.private_endpoint_state_for_backup == "Enabled"
    [connection] = vault.private_endpoint_connections
    assert connection.properties.private_endpoint.id == made.id
    with pytest.raises(HttpResponseError, match="existing resources within the vault"):
        clients.vaults.vaults.begin_delete(*OF_VAULT).result()
    clients.network.private_endpoints.begin_delete("group-1", "endpoint-1").result()
    assert not list(clients.network.network_interfaces.list("group-1"))
    left = clients.vaults.vaults.get(*OF_VAULT).properties
    assert not left.private_endpoint_connections
    assert left.private_endpoint_state_for_backup == "None"
    clients.vaults.vaults.begin_delete(*OF_VAULT).result()


def test_an_endpoint_that_asks_by_hand_is_approved_rejected_and_removed(clients: Clients) -> None:
    made = put_endpoint(clients.network, "endpoint-1", "AzureBackup", manual=True)
    assert state(made) == "Pending"
    vault = clients.vaults.vaults.get(*OF_VAULT).properties
    assert vault.private_endpoint_state_for_backup == "None"
    name = vault.private_endpoint_connections[0].name
    connections = clients.backup.private_endpoint_connection
    connection = connections.get(*OF_BACKUP, name)
    told: list[Any] = []
    for status in ("Approved", "Rejected"):
        connection.properties.private_link_service_connection_state.status = status
        connection.properties.private_link_service_connection_state.description = f"so: {status}"
        poller = connections.begin_put(
            *OF_BACKUP, name, connection, raw_response_hook=lambda each: told.append(each)
        )
        done = poller.result()
        assert done.properties.private_link_service_connection_state.status == status
        found = clients.network.private_endpoints.get("group-1", "endpoint-1")
        assert state(found) == status
    [shown] = clients.vaults.vaults.get(*OF_VAULT).properties.private_endpoint_connections
    assert shown.properties.private_link_service_connection_state.description == "so: Rejected"
    url = told[0].http_response.headers["Azure-AsyncOperation"].partition("?")[0]
    status = clients.backup.private_endpoint.get_operation_status(
        *OF_BACKUP, name, url.rpartition("/")[2]
    )
    assert status.status == "Succeeded"
    connections.begin_delete(*OF_BACKUP, name).result()
    with pytest.raises(ResourceNotFoundError):
        connections.get(*OF_BACKUP, name)
    assert state(clients.network.private_endpoints.get("group-1", "endpoint-1")) == "Disconnected"
    # The SDK reads state back with the same client that removed the connection.
    assert clients.backup.backup_resource_vault_configs.get(*OF_BACKUP).name == "vaultconfig"


def test_endpoints_are_listed_and_a_public_door_is_closed(clients: Clients) -> None:
    put_endpoint(clients.network, "endpoint-1", "AzureSiteRecovery")
    put_endpoint(clients.network, "endpoint-2", "AzureBackup")
    found = [each.name for each in clients.network.private_endpoints.list("group-1")]
    assert found == ["endpoint-1", "endpoint-2"]
    everywhere = clients.network.private_endpoints.list_by_subscription()
    assert [each.name for each in everywhere] == found
    change = {"properties": {"publicNetworkAccess": "Disabled"}}
    clients.vaults.vaults.begin_update(*OF_VAULT, change).result()
    vault = clients.vaults.vaults.get(*OF_VAULT).properties
    assert vault.public_network_access == "Disabled"
    assert vault.private_endpoint_state_for_site_recovery == "Enabled"
    assert list(clients.backup.backup_policies.list(*OF_BACKUP)), "the control plane still answers"
