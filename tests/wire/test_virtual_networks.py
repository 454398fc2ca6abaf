"""Virtual networks, their subnets and the interfaces in them, on the wire."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import GROUP_ID, done, listed, put_group, refused, vm_body, vm_id

NETWORKS = f"{GROUP_ID}/providers/Microsoft.Network"
VNET = f"{NETWORKS}/virtualNetworks/net-1"
SUBNET = f"{VNET}/subnets/default"
NIC = f"{NETWORKS}/networkInterfaces/nic-1"


def network(**properties: Any) -> dict[str, Any]:
    own = {
        "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
        "subnets": [{"name": "default", "properties": {"addressPrefix": "10.1.2.0/24"}}],
    }
    return {"location": "westeurope", "properties": own | properties}


def interface(subnet: str = SUBNET, **more: Any) -> dict[str, Any]:
    configuration = {"name": "first", "properties": {"subnet": {"id": subnet}} | more}
    return {"location": "westeurope", "properties": {"ipConfigurations": [configuration]}}


@pytest.fixture
def net(arm: httpx.Client) -> httpx.Client:
    """A client of a world with a virtual network and a subnet."""
    put_group(arm)
    assert arm.put(VNET, json=network()).status_code == 201
    return arm


def test_a_network_shows_the_names_and_ids_of_its_subnets(net: httpx.Client) -> None:
    shown = net.get(f"{NETWORKS}/virtualNetworks//net-1").json()
    assert [(each["name"], each["id"]) for each in shown["properties"]["subnets"]] == [
        ("default", SUBNET)
    ]
    assert shown["properties"]["provisioningState"] == "Succeeded"
    assert net.put(VNET, json=network()).status_code == 200
    assert net.get(SUBNET).json() == net.get(VNET).json()["properties"]["subnets"][0]


def test_a_subnet_is_added_changed_and_taken_away(net: httpx.Client) -> None:
    second = f"{VNET}/subnets/second"
    body = {"properties": {"addressPrefix": "10.1.3.0/24"}}
    assert net.put(second, json=body).status_code == 201
    assert net.put(second, json=body).status_code == 200
    names = [each["name"] for each in listed(net, f"{VNET}/subnets")]
    assert names == ["default", "second"]
    assert [net.delete(second).status_code for _ in range(2)] == [200, 204]
    assert refused(net.get(second)) == (404, "NotFound")


def test_an_interface_gets_the_first_free_address_and_tells_its_vm(net: httpx.Client) -> None:
    done(net.put(NIC, json=interface()))
    done(net.put(f"{NIC}b", json=interface()))
    addresses = [
        each["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"]
        for each in listed(net, f"{NETWORKS}/networkInterfaces")
    ]
    assert addresses == ["10.1.2.4", "10.1.2.5"]
    assert "virtualMachine" not in net.get(NIC).json()["properties"]
    body = vm_body()
    body["properties"]["networkProfile"] = {"networkInterfaces": [{"id": NIC}]}
    done(net.put(vm_id(), json=body))
    assert net.get(NIC).json()["properties"]["virtualMachine"] == {"id": vm_id()}
    assert refused(net.delete(NIC)) == (400, "NicInUse")
    done(net.delete(vm_id()))
    assert "virtualMachine" not in net.get(NIC).json()["properties"]
    done(net.delete(NIC))


def test_an_interface_keeps_its_address_when_it_is_written_again(net: httpx.Client) -> None:
    for name in ("a", "b"):
        done(net.put(NIC + name, json=interface()))
    done(net.delete(NIC + "a"))
    again = net.put(NIC + "b", json=interface()).json()["properties"]["ipConfigurations"][0]
    assert again["properties"]["privateIPAddress"] == "10.1.2.5"


def with_configurations(*told: dict[str, Any]) -> dict[str, Any]:
    """Return an interface with several IP configurations in the subnet."""
    configurations = [
        {"name": f"ip-{number}", "properties": {"subnet": {"id": SUBNET}} | each}
        for number, each in enumerate(told)
    ]
    return {"location": "westeurope", "properties": {"ipConfigurations": configurations}}


def static(address: str) -> dict[str, Any]:
    return {"privateIPAllocationMethod": "Static", "privateIPAddress": address}


def addresses(shown: dict[str, Any]) -> list[str]:
    configurations = shown["properties"]["ipConfigurations"]
    return [each["properties"]["privateIPAddress"] for each in configurations]


def test_no_two_configurations_get_one_address(net: httpx.Client) -> None:
    body = with_configurations({}, {}, static("10.1.2.9"))
    shown = done(net.put(NIC, json=body)).json()
    assert addresses(shown) == ["10.1.2.4", "10.1.2.5", "10.1.2.9"]
    assert addresses(done(net.put(NIC, json=body)).json()) == addresses(shown)
    swapped = with_configurations({}, static("10.1.2.9"), {})
    assert addresses(done(net.put(NIC, json=swapped)).json()) == [
        "10.1.2.4",
        "10.1.2.9",
        "10.1.2.6",
    ]
    for taken in ("10.1.2.4", "10.1.2.9"):
        answer = net.put(f"{NIC}b", json=with_configurations(static(taken)))
        assert refused(answer) == (400, "PrivateIPAddressIsAllocated")
    twice = with_configurations(static("10.1.2.20"), static("10.1.2.20"))
    assert refused(net.put(f"{NIC}b", json=twice)) == (400, "PrivateIPAddressIsAllocated")


def test_an_interface_has_another_etag_once_it_is_another(net: httpx.Client) -> None:
    first = done(net.put(NIC, json=interface())).json()["etag"]
    assert done(net.put(NIC, json=interface())).json()["etag"] == first
    changed = done(net.put(NIC, json=interface(**static("10.1.2.9")))).json()["etag"]
    assert changed != first
    stale = net.put(NIC, json=interface(), headers={"If-Match": first})
    assert refused(stale) == (412, "PreconditionFailed")
    done(net.put(NIC, json=interface(), headers={"If-Match": changed}))


@pytest.mark.parametrize(
    "prefixes",
    [
        ("10.1.0.0/18", "10.1.200.0/24", "10.1.1.0/24"),
        ("10.1.1.0/24", "10.1.200.0/24", "10.1.0.0/18"),
        ("10.1.1.0/24", "fd00::/64", "fd00:0:0:0:ab::/80"),
    ],
)
def test_prefixes_overlap_wherever_they_stand(arm: httpx.Client, prefixes: tuple[str, ...]) -> None:
    put_group(arm)
    subnets = [
        {"name": f"subnet-{number}", "properties": {"addressPrefix": prefix}}
        for number, prefix in enumerate(prefixes)
    ]
    space = {"addressPrefixes": ["10.1.0.0/16", "fd00::/48"]}
    answer = arm.put(VNET, json=network(addressSpace=space, subnets=subnets))
    assert refused(answer) == (400, "NetcfgSubnetRangesOverlap")
    done(arm.put(VNET, json=network(addressSpace=space, subnets=subnets[:2])))


def test_what_is_in_use_cannot_be_deleted(net: httpx.Client) -> None:
    done(net.put(NIC, json=interface()))
    for path in (VNET, SUBNET):
        assert refused(net.delete(path)) == (400, "InUseSubnetCannotBeDeleted")
    emptied = network(subnets=[])
    assert refused(net.put(VNET, json=emptied)) == (400, "InUseSubnetCannotBeDeleted")


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"addressSpace": None}, "InvalidParameter"),
        ({"addressSpace": {"addressPrefixes": ["10.1.0.0/33"]}}, "InvalidAddressPrefixFormat"),
        ({"addressSpace": {"addressPrefixes": ["10.2.0.0/16"]}}, "NetcfgInvalidSubnet"),
        ({"subnets": [{"name": "-"}]}, "InvalidResourceName"),
        ({"subnets": [{"name": "a"}]}, "InvalidParameter"),
        (
            {
                "subnets": [
                    {"name": n, "properties": {"addressPrefix": "10.1.1.0/24"}} for n in "ab"
                ]
            },
            "NetcfgSubnetRangesOverlap",
        ),
    ],
)
def test_a_wrong_network_is_refused(
    arm: httpx.Client, properties: dict[str, Any], code: str
) -> None:
    put_group(arm)
    assert refused(arm.put(VNET, json=network(**properties))) == (400, code)
    assert listed(arm, f"{NETWORKS}/virtualNetworks") == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (interface(f"{VNET}/subnets/nowhere"), "InvalidResourceReference"),
        (interface(VNET), "InvalidResourceReference"),
        ({"location": "westeurope"}, "InvalidParameter"),
        (interface() | {"location": "eastus"}, "InvalidResourceReference"),
        (
            interface(privateIPAllocationMethod="Static", privateIPAddress="10.9.0.1"),
            "PrivateIPAddressNotInSubnet",
        ),
    ],
)
def test_a_wrong_interface_is_refused(net: httpx.Client, body: dict[str, Any], code: str) -> None:
    assert refused(net.put(NIC, json=body)) == (400, code)
