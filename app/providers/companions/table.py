"""The table of companion types: a new type is a row here and a file of its own."""

from __future__ import annotations

from . import (
    disks,
    network_interfaces,
    restore_point_collections,
    storage_accounts,
    virtual_machines,
    virtual_networks,
)

TYPES = (
    virtual_machines.VIRTUAL_MACHINES,
    disks.DISKS,
    storage_accounts.STORAGE_ACCOUNTS,
    virtual_networks.VIRTUAL_NETWORKS,
    network_interfaces.NETWORK_INTERFACES,
)

ENDPOINTS = (
    *virtual_machines.ENDPOINTS,
    *disks.ENDPOINTS,
    *restore_point_collections.ENDPOINTS,
    *storage_accounts.ENDPOINTS,
    *virtual_networks.ENDPOINTS,
    *network_interfaces.ENDPOINTS,
)
