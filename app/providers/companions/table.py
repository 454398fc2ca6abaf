"""The table of companion types: a new type is a row here and a file of its own."""

from __future__ import annotations

from . import (
    availability_sets,
    disk_encryption_sets,
    disks,
    key_vault_keys,
    key_vaults,
    network_interfaces,
    network_security_groups,
    public_ip_addresses,
    resource_guards,
    restore_point_collections,
    snapshots,
    storage_accounts,
    user_assigned_identities,
    virtual_machines,
    virtual_networks,
)

TYPES = (
    virtual_machines.VIRTUAL_MACHINES,
    availability_sets.AVAILABILITY_SETS,
    disks.DISKS,
    snapshots.SNAPSHOTS,
    disk_encryption_sets.ENCRYPTION_SETS,
    storage_accounts.STORAGE_ACCOUNTS,
    virtual_networks.VIRTUAL_NETWORKS,
    network_interfaces.NETWORK_INTERFACES,
    network_security_groups.SECURITY_GROUPS,
    public_ip_addresses.ADDRESSES,
    user_assigned_identities.USER_IDENTITIES,
    resource_guards.RESOURCE_GUARDS,
    key_vaults.KEY_VAULTS,
    key_vault_keys.KEYS,
)

ENDPOINTS = (
    *virtual_machines.ENDPOINTS,
    *availability_sets.ENDPOINTS,
    *disks.ENDPOINTS,
    *restore_point_collections.ENDPOINTS,
    *snapshots.ENDPOINTS,
    *disk_encryption_sets.ENDPOINTS,
    *storage_accounts.ENDPOINTS,
    *virtual_networks.ENDPOINTS,
    *network_interfaces.ENDPOINTS,
    *network_security_groups.ENDPOINTS,
    *public_ip_addresses.ENDPOINTS,
    *user_assigned_identities.ENDPOINTS,
    *resource_guards.ENDPOINTS,
    *key_vaults.ENDPOINTS,
    *key_vault_keys.ENDPOINTS,
)
