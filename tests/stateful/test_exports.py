"""Whatever a world holds, seeding its export into an empty world gives an equal export."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worlds_of import DAILY, MINE, NOW, exported, opened, seed

GROUP = f"/subscriptions/{MINE}/resourceGroups/web/providers"
NETWORK = [
    {
        "type": "Microsoft.Network/virtualNetworks",
        "name": "net",
        "location": "westeurope",
        "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [{"name": "a", "properties": {"addressPrefix": "10.0.0.0/24"}}],
        },
    },
    {
        "type": "Microsoft.Network/networkInterfaces",
        "name": "nic",
        "location": "westeurope",
        "properties": {
            "ipConfigurations": [
                {
                    "name": "ip",
                    "properties": {
                        "subnet": {"id": f"{GROUP}/Microsoft.Network/virtualNetworks/net/subnets/a"}
                    },
                }
            ]
        },
    },
    {
        "type": "Microsoft.Compute/disks",
        "name": "lone",
        "location": "westeurope",
        "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4},
    },
    {
        "type": "Microsoft.KeyVault/vaults",
        "name": "keys-1",
        "location": "westeurope",
        "properties": {
            "tenantId": MINE,
            "sku": {"family": "A", "name": "standard"},
            "accessPolicies": [],
        },
    },
    {"type": "Microsoft.KeyVault/vaults/keys", "name": "keys-1/key", "properties": {"kty": "RSA"}},
    {
        "type": "Microsoft.DataProtection/resourceGuards",
        "name": "guard",
        "location": "westeurope",
    },
    {
        "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
        "name": "who",
        "location": "westeurope",
        "tags": {"a": "b"},
    },
]
SHARES = {
    "name": "shares",
    "properties": {
        "backupManagementType": "AzureStorage",
        "workLoadType": "AzureFileShare",
        "schedulePolicy": DAILY["properties"]["schedulePolicy"],
        "retentionPolicy": DAILY["properties"]["retentionPolicy"],
        "timeZone": "UTC",
    },
}
STATES = ("Protected", "ProtectionStopped", "BackupsSuspended", "SoftDeleted")


@st.composite
def lives(draw: st.DrawFn) -> dict[str, Any]:
    """Draw since when something is protected and what has become of it."""
    since = draw(st.integers(2, 12))
    life: dict[str, Any] = {"since": f"P{since}D", "state": draw(st.sampled_from(STATES))}
    if life["state"] != "Protected":
        life["stateSince"] = f"P{draw(st.integers(0, since - 1))}D"
    elif draw(st.booleans()):
        life["onDemandBackups"] = [
            f"P{draw(st.integers(0, since - 1))}DT1H",
            {"at": "PT30M", "retainUntil": "2026-06-01T00:00:00Z"},
        ]
    return life


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    vms: list[dict[str, Any]] = [
        {
            "name": f"vm-{number}",
            "os": draw(st.sampled_from(["Linux", "Windows"])),
            "disks": draw(
                st.lists(
                    st.one_of(
                        st.integers(4, 64),
                        st.builds(
                            lambda size: {"sizeGB": size, "sku": "Standard_LRS"}, st.integers(4, 64)
                        ),
                    ),
                    min_size=1,
                    max_size=3,
                ).map(lambda found: [32, *found[1:]])
            ),
            "power": draw(st.sampled_from(["running", "stopped", "deallocated"])),
            "tags": draw(st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz"))),
        }
        for number in range(draw(st.integers(1, 3)))
    ]
    items: list[dict[str, Any]] = [
        {"virtualMachine": vm["name"], "policy": "daily", **draw(lives())}
        for vm in vms
        if draw(st.booleans())
    ]
    chosen = draw(st.booleans())
    if items and chosen:
        items[0] |= {"diskLuns": [0], "disksAre": draw(st.sampled_from(["included", "excluded"]))}
    group: dict[str, Any] = {"name": "web", "virtualMachines": vms, "resources": []}
    group["resources"] = NETWORK if draw(st.booleans()) else []
    vault: dict[str, Any] = {"name": "safe", "policies": [DAILY, SHARES], "protectedItems": items}
    vault["immutability"] = draw(st.sampled_from(["Disabled", "Unlocked", "Locked"]))
    vault["softDelete"] = {"retentionDays": draw(st.integers(14, 180))}
    vault["redundancy"] = draw(st.sampled_from(["GeoRedundant", "LocallyRedundant"]))
    if draw(st.booleans()):
        group["storageAccounts"] = [{"name": "files1", "shares": ["docs"], "containers": ["box"]}]
        share = {"fileShare": {"storageAccount": "files1", "name": "docs"}, "policy": "shares"}
        items.append({**share, "since": "P3D"})
    if draw(st.booleans()):
        servers = [{"engine": "SQL", "databases": ["crm", "hr=Simple"]}]
        vms.append({"name": "sql-1", "os": "Windows", "databases": servers})
        database = {"database": {"virtualMachine": "sql-1", "name": "crm"}}
        items.append({**database, "policy": "HourlyLogBackup", "since": "P2D"})
    if group["resources"] and draw(st.booleans()):
        vault["resourceGuard"] = f"{GROUP}/Microsoft.DataProtection/resourceGuards/guard"
    lock = (
        f"{GROUP}/Microsoft.Compute/virtualMachines/vm-0/providers/Microsoft.Authorization/locks/k"
    )
    locks = [{"id": lock, "properties": {"level": "CanNotDelete"}}] if draw(st.booleans()) else []
    group["vaults"] = [vault]
    return {"subscription": MINE, "resourceGroups": [group], "resources": locks}


def told_of(document: dict[str, Any]) -> Any:
    """Return what an export must not lose: VMs and their power, items, states and backups."""
    [group] = document["resourceGroups"]
    [vault] = group["vaults"]
    items = vault.get("protectedItems", [])
    return (
        {each["name"]: each.get("power", "running") for each in group["virtualMachines"]},
        sorted(
            (each.get("state", "Protected"), len(each.get("onDemandBackups", ()))) for each in items
        ),
        vault.get("resourceGuard"),
        len(document.get("resources", ())),
    )


@settings(max_examples=15, deadline=None)
@given(worlds(), st.integers(0, 5))
def test_an_export_seeds_an_equal_export(document: dict[str, Any], days: int) -> None:
    engine, other = opened(), opened()
    with closing(engine.database), closing(other.database):
        seed(engine, json.dumps(document))
        asyncio.run(engine.advance(NOW + days * 86_400_000_000))
        first = exported(engine)
        assert told_of(first) == told_of(document)
        seed(other, json.dumps(first))
        assert exported(other) == first
