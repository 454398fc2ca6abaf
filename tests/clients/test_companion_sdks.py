"""Microsoft's clients of network, identity, key vault, locks and the rest make what VMs need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, cast

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.dataprotection import DataProtectionMgmtClient
from azure.mgmt.keyvault import KeyVaultManagementClient
from azure.mgmt.msi import ManagedServiceIdentityClient
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.resource.locks import ManagementLockClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient

from app.server import RunningServer
from tests.clients.test_compute_sdk import SUBSCRIPTION, AnyToken, options, vm_body

PLACE = {"location": "westeurope"}
TENANT = "00000000-0000-0000-0000-000000000001"


class Clients:
    """One client of each namespace; their methods are too loosely typed for mypy to follow."""

    def __init__(self, server: RunningServer, stack: ExitStack) -> None:
        def client(of: Any) -> Any:
            return stack.enter_context(cast("Any", of(AnyToken(), SUBSCRIPTION, **options(server))))

        self.resources = client(ResourceManagementClient)
        self.compute = client(ComputeManagementClient)
        self.network = client(NetworkManagementClient)
        self.identities = client(ManagedServiceIdentityClient)
        self.vaults = client(KeyVaultManagementClient)
        self.guards = client(DataProtectionMgmtClient)
        self.locks = client(ManagementLockClient)
        self.storage = client(StorageManagementClient)


@pytest.fixture
def clients(world: RunningServer) -> Iterator[Clients]:
    """A client of each namespace, and the group ``group-1``."""
    with ExitStack() as stack:
        found = Clients(world, stack)
        found.resources.resource_groups.create_or_update("group-1", PLACE)
        yield found


def test_a_machine_gets_its_network_as_azurerm_makes_it(clients: Clients) -> None:
    network = clients.network
    guard = network.network_security_groups.begin_create_or_update(
        "group-1", "guard", {**PLACE, "properties": {"securityRules": [ssh(1000)]}}
    ).result()
    assert [rule.priority for rule in guard.security_rules] == [1000]
    assert len(guard.default_security_rules) == 6
    lan = network.virtual_networks.begin_create_or_update(
        "group-1",
        "lan",
        {**PLACE, "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}},
    ).result()
    subnet = network.subnets.begin_create_or_update(
        "group-1",
        lan.name,
        "a",
        {"properties": {"addressPrefix": "10.0.1.0/24", "networkSecurityGroup": {"id": guard.id}}},
    ).result()
    address = network.public_ip_addresses.begin_create_or_update(
        "group-1",
        "address",
        {
            **PLACE,
            "sku": {"name": "Standard"},
            "properties": {
                "publicIPAllocationMethod": "Static",
                "dnsSettings": {"domainNameLabel": "machine-1"},
            },
        },
    ).result()
    assert address.ip_address.startswith("198.1")
    assert address.dns_settings.fqdn == "machine-1.westeurope.cloudapp.azure.com"
    own = {"subnet": {"id": subnet.id}, "publicIPAddress": {"id": address.id}}
    interface = network.network_interfaces.begin_create_or_update(
        "group-1",
        "nic",
        {
            **PLACE,
            "properties": {
                "ipConfigurations": [{"name": "one", "properties": own}],
                "networkSecurityGroup": {"id": guard.id},
            },
        },
    ).result()
    assert interface.ip_configurations[0].public_ip_address.id == address.id
    shown = network.public_ip_addresses.get("group-1", "address")
    assert shown.ip_configuration.id == interface.ip_configurations[0].id
    shown = network.network_security_groups.get("group-1", "guard")
    assert [each.id for each in shown.network_interfaces] == [interface.id]
    assert [each.id for each in shown.subnets] == [subnet.id]


def ssh(priority: int, name: str = "ssh", port: str = "22") -> dict[str, Any]:
    properties = {
        "protocol": "tcp",
        "sourcePortRange": "*",
        "destinationPortRange": port,
        "sourceAddressPrefix": "*",
        "destinationAddressPrefix": "VirtualNetwork",
        "access": "Allow",
        "priority": priority,
        "direction": "Inbound",
    }
    return {"name": name, "properties": properties}


def test_rules_are_made_one_by_one_and_priorities_are_unique(clients: Clients) -> None:
    rules = clients.network.security_rules
    clients.network.network_security_groups.begin_create_or_update(
        "group-1", "guard", PLACE
    ).result()
    made = rules.begin_create_or_update("group-1", "guard", "ssh", ssh(100)).result()
    assert made.protocol == "Tcp"
    with pytest.raises(HttpResponseError, match="SecurityRuleConflict"):
        rules.begin_create_or_update("group-1", "guard", "web", ssh(100, "web", "443"))
    rules.begin_create_or_update("group-1", "guard", "web", ssh(110, "web", "443")).result()
    assert [each.name for each in rules.list("group-1", "guard")] == ["ssh", "web"]
    rules.begin_delete("group-1", "guard", "ssh").result()
    with pytest.raises(ResourceNotFoundError):
        rules.get("group-1", "guard", "ssh")


def test_a_snapshot_keeps_what_a_disk_held_and_disks_are_made_of_it(clients: Clients) -> None:
    compute = clients.compute
    machine = compute.virtual_machines.begin_create_or_update("group-1", "vm", vm_body()).result()
    source = machine.storage_profile.os_disk.managed_disk.id
    copy = {"creationData": {"createOption": "Copy", "sourceResourceId": source}}
    taken = compute.snapshots.begin_create_or_update(
        "group-1", "snapshot", {**PLACE, "properties": copy}
    ).result()
    assert (taken.disk_size_gb, taken.os_type) == (30, "Linux")
    of_it = {"creationData": {"createOption": "Copy", "sourceResourceId": taken.id}}
    made = compute.disks.begin_create_or_update(
        "group-1", "made", {**PLACE, "properties": of_it}
    ).result()
    assert fingerprint(made) == fingerprint(taken)
    assert len(list(compute.snapshots.list())) == 1
    compute.snapshots.begin_delete("group-1", "snapshot").result()
    assert list(compute.snapshots.list_by_resource_group("group-1")) == []


def fingerprint(shown: Any) -> str:
    found: str = shown.as_dict()["properties"]["contentFingerprint"]
    return found


def test_an_availability_set_knows_its_machines(clients: Clients) -> None:
    compute = clients.compute
    made = compute.availability_sets.create_or_update(
        "group-1", "set", {**PLACE, "sku": {"name": "Aligned"}}
    )
    assert made.platform_fault_domain_count == 2
    body = vm_body()
    body["properties"]["availabilitySet"] = {"id": made.id}
    machine = compute.virtual_machines.begin_create_or_update("group-1", "vm", body).result()
    shown = compute.availability_sets.get("group-1", "set")
    assert [each.id for each in shown.virtual_machines] == [machine.id]
    with pytest.raises(HttpResponseError, match="does not contain any VM"):
        compute.availability_sets.delete("group-1", "set")


def test_an_identity_has_the_ids_that_a_vault_shows_of_it(clients: Clients) -> None:
    identities = clients.identities.user_assigned_identities
    made = identities.create_or_update("group-1", "reader", PLACE)
    assert made.tenant_id == TENANT
    assert made.principal_id != made.client_id
    assert identities.get("group-1", "reader").principal_id == made.principal_id
    assert [each.name for each in identities.list_by_subscription()] == ["reader"]
    vault = clients.resources.resources.begin_create_or_update_by_id(
        f"{made.id.partition('/providers/')[0]}/providers/Microsoft.RecoveryServices/vaults/vault-1",
        {
            **PLACE,
            "sku": {"name": "Standard"},
            "identity": {"type": "UserAssigned", "userAssignedIdentities": {made.id: {}}},
            "properties": {},
        },
        api_version="2025-08-01",
    ).result()
    shown = next(iter(vault.identity.user_assigned_identities.values()))
    assert (shown.principal_id, shown.client_id) == (made.principal_id, made.client_id)
    identities.delete("group-1", "reader")
    assert list(identities.list_by_resource_group("group-1")) == []


def test_a_guard_names_the_critical_operations_it_guards(clients: Clients) -> None:
    guards = clients.guards.resource_guards
    excluded = "Microsoft.RecoveryServices/vaults/backupSecurityPIN/action"
    body = {**PLACE, "properties": {"vaultCriticalOperationExclusionList": [excluded]}}
    made = guards.put("group-1", "guard", body)
    named = {each.vault_critical_operation for each in made.properties.resource_guard_operations}
    assert "Microsoft.RecoveryServices/vaults/backupResourceGuardProxies/delete" in named
    assert excluded not in named
    assert [each.name for each in guards.get_resources_in_subscription()] == ["guard"]
    shown = guards.get_default_update_protection_policy_requests_object
    request = shown("group-1", "guard", "default")
    assert request.id == f"{made.id}/updateProtectionPolicyRequests/default"
    listed = {
        len(list(each("group-1", "guard")))
        for each in (
            guards.get_delete_resource_guard_proxy_requests_objects,
            guards.get_disable_soft_delete_requests_objects,
            guards.get_update_protected_item_requests_objects,
            guards.get_update_protection_policy_requests_objects,
            guards.get_delete_protected_item_requests_objects,
        )
    }
    assert listed == {1}
    assert list(guards.get_backup_security_pin_requests_objects("group-1", "guard")) == []
    with pytest.raises(ResourceNotFoundError):
        guards.get_default_backup_security_pin_requests_object("group-1", "guard", "default")
    guards.delete("group-1", "guard")
    with pytest.raises(ResourceNotFoundError):
        guards.get("group-1", "guard")


KEY_VAULT = {
    **PLACE,
    "properties": {
        "tenantId": TENANT,
        "sku": {"family": "A", "name": "standard"},
        "accessPolicies": [],
    },
}


def test_a_key_vault_is_deleted_recovered_and_purged_with_its_key(clients: Clients) -> None:
    vaults, keys = clients.vaults.vaults, clients.vaults.keys
    made = vaults.begin_create_or_update("group-1", "secrets", KEY_VAULT).result()
    assert made.properties.vault_uri.startswith("https://secrets.vault.")
    key = keys.create_if_not_exist("group-1", "secrets", "k", {"properties": {"kty": "RSA"}})
    assert key.key_uri_with_version.startswith(key.key_uri)
    assert keys.get("group-1", "secrets", "k").key_size == 2048
    vaults.delete("group-1", "secrets")
    assert [each.name for each in vaults.list_deleted()] == ["secrets"]
    with pytest.raises(HttpResponseError, match="deleted state"):
        vaults.begin_create_or_update("group-1", "secrets", KEY_VAULT)
    recover = {**PLACE, "properties": {**KEY_VAULT["properties"], "createMode": "recover"}}  # type: ignore[dict-item]
    vaults.begin_create_or_update("group-1", "secrets", recover).result()
    assert [each.name for each in keys.list("group-1", "secrets")] == ["k"]
    vaults.delete("group-1", "secrets")
    vaults.begin_purge_deleted("secrets", "westeurope").result()
    with pytest.raises(ResourceNotFoundError):
        vaults.get_deleted("secrets", "westeurope")


def test_a_disk_is_encrypted_with_a_set(clients: Clients) -> None:
    compute = clients.compute
    vault = clients.vaults.vaults.begin_create_or_update("group-1", "secrets", KEY_VAULT).result()
    key = clients.vaults.keys.create_if_not_exist("group-1", "secrets", "k", {"properties": {}})
    active = {"sourceVault": {"id": vault.id}, "keyUrl": key.key_uri_with_version}
    made = compute.disk_encryption_sets.begin_create_or_update(
        "group-1",
        "set",
        {**PLACE, "identity": {"type": "SystemAssigned"}, "properties": {"activeKey": active}},
    ).result()
    assert made.identity.principal_id
    disk = compute.disks.begin_create_or_update(
        "group-1",
        "disk",
        {
            **PLACE,
            "properties": {
                "creationData": {"createOption": "Empty"},
                "diskSizeGB": 8,
                "encryption": {"diskEncryptionSetId": made.id},
            },
        },
    ).result()
    assert disk.encryption.type == "EncryptionAtRestWithCustomerKey"
    used = compute.disk_encryption_sets.list_associated_resources("group-1", "set")
    assert list(used) == [disk.id]
    with pytest.raises(HttpResponseError, match="associated with"):
        compute.disk_encryption_sets.begin_delete("group-1", "set").result()


def test_a_lock_keeps_what_it_is_put_on_until_it_is_taken_away(clients: Clients) -> None:
    locks, groups = clients.locks.management_locks, clients.resources.resource_groups
    identities = clients.identities.user_assigned_identities
    made = identities.create_or_update("group-1", "reader", PLACE)
    kept = {"properties": {"level": "CanNotDelete", "notes": "Keep."}}
    locks.create_or_update_at_resource_level(
        "group-1", "Microsoft.ManagedIdentity", "", "userAssignedIdentities", "reader", "l", kept
    )
    deletes: list[Callable[[], Any]] = [
        lambda: identities.delete("group-1", "reader"),
        lambda: groups.begin_delete("group-1"),
    ]
    for delete in deletes:
        with pytest.raises(HttpResponseError, match="ScopeLocked") as refused:
            delete()
        assert refused.value.status_code == 409
    identities.create_or_update("group-1", "reader", {**PLACE, "tags": {"a": "1"}})
    frozen = {"properties": {"level": "ReadOnly"}}
    locks.create_or_update_at_subscription_level("all", frozen)
    with pytest.raises(HttpResponseError, match="cannot perform write operation"):
        identities.create_or_update("group-1", "reader", PLACE)
    listed = list(locks.list_at_resource_group_level("group-1"))
    assert sorted(str(each.level) for each in listed) == ["CanNotDelete", "ReadOnly"]
    locks.delete_at_subscription_level("all")
    locks.delete_by_scope(made.id, "l")
    identities.delete("group-1", "reader")


def test_shares_and_containers_are_made_in_an_account_and_go_with_it(clients: Clients) -> None:
    storage = clients.storage
    sku = {"sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    account = storage.storage_accounts.begin_create("group-1", "staging", PLACE | sku).result()
    assert account.primary_endpoints.file.startswith("https://staging.file.core.")
    share = storage.file_shares.create(
        "group-1", "staging", "share-1", {"properties": {"shareQuota": 5}}
    )
    assert (share.share_quota, share.enabled_protocols) == (5, "SMB")
    container = storage.blob_containers.create("group-1", "staging", "backups", {})
    assert container.public_access == "None"
    assert [each.name for each in storage.file_shares.list("group-1", "staging")] == ["share-1"]
    assert storage.file_services.get_service_properties(
        "group-1", "staging"
    ).share_delete_retention_policy.enabled
    services = storage.blob_services.set_service_properties(
        "group-1", "staging", {"properties": {"isVersioningEnabled": True}}
    )
    assert services.is_versioning_enabled
    with pytest.raises(ResourceNotFoundError):
        storage.management_policies.get("group-1", "staging", "default")
    storage.storage_accounts.delete("group-1", "staging")
    storage.storage_accounts.begin_create("group-1", "staging", PLACE | sku).result()
    assert list(storage.blob_containers.list("group-1", "staging")) == []
    assert not storage.blob_services.get_service_properties(
        "group-1", "staging"
    ).is_versioning_enabled


SCRIPT = {
    **PLACE,
    "properties": {
        "publisher": "Microsoft.Azure.Extensions",
        "type": "CustomScript",
        "typeHandlerVersion": "2.1",
        "settings": {"a": 1},
        "protectedSettings": {"secret": "word"},
    },
}


def test_an_extension_is_installed_in_a_machine_that_runs(clients: Clients) -> None:
    machines, extensions = (
        clients.compute.virtual_machines,
        clients.compute.virtual_machine_extensions,
    )
    machines.begin_create_or_update("group-1", "vm", vm_body()).result()
    made = extensions.begin_create_or_update("group-1", "vm", "script", SCRIPT).result()
    assert made.as_dict()["properties"]["type"] == "CustomScript"
    assert made.settings == {"a": 1}
    assert made.protected_settings is None
    assert [each.name for each in machines.get("group-1", "vm").resources] == ["script"]
    with pytest.raises(HttpResponseError, match="Multiple VMExtensions per handler"):
        extensions.begin_create_or_update("group-1", "vm", "other", SCRIPT)
    types = {str(each.type) for each in clients.resources.resources.list()}
    assert "Microsoft.Compute/virtualMachines/extensions" in types
    machines.begin_deallocate("group-1", "vm").result()
    with pytest.raises(HttpResponseError, match="not running"):
        extensions.begin_create_or_update("group-1", "vm", "other", SCRIPT)
    machines.begin_delete("group-1", "vm").result()
    machines.begin_create_or_update("group-1", "vm", vm_body()).result()
    assert extensions.list("group-1", "vm").value == []


def test_the_catalogue_tells_what_az_vm_create_looks_up(clients: Clients) -> None:
    images = clients.compute.virtual_machine_images
    assert "Canonical" in {each.name for each in images.list_publishers("westeurope")}
    ubuntu = ("westeurope", "canonical", "0001-com-ubuntu-server-jammy")
    assert "22_04-lts-gen2" in {each.name for each in images.list_skus(*ubuntu)}
    [version] = images.list(*ubuntu, "22_04-lts-gen2", top=1, orderby="name desc")
    image = images.get(*ubuntu, "22_04-lts-gen2", version.name)
    assert (image.hyper_v_generation, image.os_disk_image.operating_system) == ("V2", "Linux")
    with pytest.raises(ResourceNotFoundError, match="VMImage was not found"):
        images.list("westeurope", "Nobody", "nothing", "none")
    sizes = {each.name: each for each in clients.compute.virtual_machine_sizes.list("westeurope")}
    assert sizes["Standard_D2s_v3"].number_of_cores == 2
    skus = clients.compute.resource_skus.list(filter="location eq 'westeurope'")
    assert {str(each.name) for each in skus} == set(sizes)
    machines = clients.compute.virtual_machines
    machines.begin_create_or_update("group-1", "vm", vm_body()).result()
    usages = {each.name.value: each for each in clients.compute.usage.list("westeurope")}
    assert (usages["cores"].current_value, usages["virtualMachines"].current_value) == (2, 1)
    assert len(list(machines.list_available_sizes("group-1", "vm"))) == len(sizes)
