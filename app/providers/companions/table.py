"""The table of companion types: a new type is a row here and a file of its own."""

from __future__ import annotations

from . import disks, virtual_machines

TYPES = (virtual_machines.VIRTUAL_MACHINES, disks.DISKS)

ENDPOINTS = (*virtual_machines.ENDPOINTS, *disks.ENDPOINTS)
