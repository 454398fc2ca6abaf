"""Restores to a storage account: VHDs, a configuration and a template, read at a blob endpoint."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from tests.wire.builders import (
    GROUP_ID,
    POINTS,
    RESTORE,
    ROOT,
    STORAGE_ID,
    advance,
    back_up,
    done,
    job,
    job_of,
    listed,
    put_group,
    put_storage,
    refused,
    set_clock,
)

TARGET = f"{ROOT}/resourceGroups/restored"
ACCOUNT = "/_blob/staging"
OS_BYTES = 30 * 2**30


@pytest.fixture
def ready(protected: httpx.Client) -> httpx.Client:
    """A client of a world with two points and a storage account."""
    put_group(protected, TARGET)
    put_storage(protected)
    advance(protected, by="P1D")
    advance(protected, until={"job": back_up(protected)})
    set_clock(protected, skipOnWait="off")
    return protected


@pytest.fixture
def reader(ready: httpx.Client) -> Iterator[httpx.Client]:
    """A plain HTTP client, without an api-version and all that is Azure Resource Manager's."""
    with httpx.Client(base_url=ready.base_url) as client:
        yield client


def restored(arm: httpx.Client, point: int = 0, **more: Any) -> dict[str, str]:
    """Restore a point as VHDs and return the job's property bag."""
    sent = RESTORE["properties"] | {"targetResourceGroupId": None} | more
    body = {name: value for name, value in sent.items() if value is not None}
    path = f"{listed(arm, POINTS)[point]['id']}/restore"
    job_id = job_of(arm, arm.post(path, json={"properties": body}))
    advance(arm, until={"job": job_id})
    found = job(arm, job_id)
    assert found["status"] == "Completed", found
    bag: dict[str, str] = found["extendedInfo"]["propertyBag"]
    return bag


def folder(bag: dict[str, str]) -> str:
    return f"{ACCOUNT}/{bag['Config Blob Container Name']}"


def names(reader: httpx.Client, bag: dict[str, str], **query: str) -> list[str]:
    answer = reader.get(folder(bag), params={"restype": "container", "comp": "list"} | query)
    root = ElementTree.fromstring(done(answer).content)
    return [each.text or "" for each in root.iterfind("Blobs/Blob/Name")]


def vhds(reader: httpx.Client, bag: dict[str, str]) -> list[str]:
    """Return the paths of the VHDs of a restore, the data disk's first."""
    return [f"{folder(bag)}/{each}" for each in names(reader, bag) if each.endswith(".vhd")]


def part(reader: httpx.Client, path: str, span: str) -> bytes:
    answer = reader.get(path, headers={"Range": f"bytes={span}"})
    assert answer.status_code == 206
    return answer.content


def failure(answer: httpx.Response) -> tuple[int, str]:
    code = ElementTree.fromstring(answer.content).findtext("Code")
    assert answer.headers["x-ms-error-code"] == code
    return answer.status_code, str(code)


# --- what a restore leaves ---------------------------------------------------------------


def test_a_restore_without_a_group_leaves_vhds_and_two_files(
    ready: httpx.Client, reader: httpx.Client
) -> None:
    bag = restored(ready)
    assert bag["Target Storage Account Name"] == "staging"
    assert "Target resource group" not in bag
    found = names(reader, bag)
    assert sum(each.endswith(".vhd") for each in found) == 2
    assert bag["Config Blob Name"] in found
    assert bag["Config Blob Name"].startswith("config-vm1-")
    assert bag["Config Blob Uri"] == f"{ready.base_url}{folder(bag)}/{bag['Config Blob Name']}"
    assert bag["Template Blob Uri"].startswith(f"{ready.base_url}{folder(bag)}/azuredeploy")
    assert listed(ready, f"{TARGET}/resources") == []


def test_the_configuration_leads_to_the_vhds(ready: httpx.Client, reader: httpx.Client) -> None:
    bag = restored(ready)
    config = json.loads(done(reader.get(bag["Config Blob Uri"])).content.decode("utf-16-le"))
    assert config["properties.hardwareProfile"] == {"vmSize": "Standard_D2s_v5"}
    storage = config["properties.storageProfile"]
    assert storage["osDisk"]["osType"] == "Linux"
    assert [disk["lun"] for disk in storage["dataDisks"]] == [0]
    assert done(reader.head(storage["osDisk"]["vhd"]["uri"])).headers["content-length"] == str(
        OS_BYTES + 512
    )


def test_the_template_builds_a_vm_of_the_restored_disks(
    ready: httpx.Client, reader: httpx.Client
) -> None:
    bag = restored(ready, targetResourceGroupId=TARGET)
    template = done(reader.get(bag["Template Blob Uri"])).json()
    assert bag["Create VM Template Blob Uri"] == bag["Template Blob Uri"]
    assert bag["Target resource group"] == "restored"
    interface, machine = template["resources"]
    assert interface["type"] == "Microsoft.Network/networkInterfaces"
    storage = machine["properties"]["storageProfile"]
    disks = [storage["osDisk"], *storage["dataDisks"]]
    restored_disks = {each["id"] for each in listed(ready, f"{TARGET}/resources")}
    assert {disk["managedDisk"]["id"] for disk in disks} == restored_disks
    assert vhds(reader, bag) == []


def test_vhds_of_one_point_are_equal_and_those_of_another_differ(
    ready: httpx.Client, reader: httpx.Client
) -> None:
    def bytes_of(point: int) -> list[tuple[bytes, bytes]]:
        paths = vhds(reader, restored(ready, point))
        return [(part(reader, path, "0-4095"), part(reader, path, "-512")) for path in paths]

    first, second, other = bytes_of(0), bytes_of(0), bytes_of(1)
    assert first == second
    assert all(mine != theirs for mine, theirs in zip(first, other, strict=True))


def test_a_vhd_holds_the_fingerprint_and_a_footer_that_adds_up(
    ready: httpx.Client, reader: httpx.Client
) -> None:
    point = listed(ready, POINTS)[0]["properties"]["recoveryPointDiskConfiguration"]
    fingerprint = point["includedDiskList"][0]["contentFingerprint"]
    path = vhds(reader, restored(ready))[1]
    head = done(reader.head(path))
    assert head.headers["x-ms-meta-contentfingerprint"] == fingerprint
    assert head.headers["x-ms-blob-type"] == "PageBlob"
    assert fingerprint.encode() in part(reader, path, "0-511")
    footer = part(reader, path, f"{OS_BYTES}-")
    assert len(footer) == 512
    assert footer.startswith(b"conectix")
    assert struct.unpack(">Q", footer[48:56]) == (OS_BYTES,)
    (checksum,) = struct.unpack(">I", footer[64:68])
    assert checksum == ~sum(footer[:64] + footer[68:]) & 0xFFFF_FFFF
    assert footer[68:84].hex() == fingerprint


def test_a_deleted_account_takes_its_blobs_along(ready: httpx.Client, reader: httpx.Client) -> None:
    bag = restored(ready)
    done(ready.delete(STORAGE_ID))
    assert failure(reader.get(bag["Config Blob Uri"])) == (404, "ResourceNotFound")
    put_storage(ready)
    assert failure(reader.get(bag["Config Blob Uri"])) == (404, "ContainerNotFound")


def test_an_account_that_moves_takes_its_blobs_along(
    ready: httpx.Client, reader: httpx.Client
) -> None:
    bag = restored(ready)
    before = reader.get(bag["Config Blob Uri"]).content
    move = {"resources": [STORAGE_ID], "targetResourceGroup": TARGET}
    done(ready.post(f"{GROUP_ID}/moveResources", json=move))
    assert ready.get(STORAGE_ID).status_code == 404
    assert done(reader.get(bag["Config Blob Uri"])).content == before
    done(ready.delete(STORAGE_ID.replace(GROUP_ID, TARGET)))
    assert failure(reader.get(bag["Config Blob Uri"])) == (404, "ResourceNotFound")


def test_a_restore_whose_account_goes_meanwhile_fails(ready: httpx.Client) -> None:
    path = f"{listed(ready, POINTS)[0]['id']}/restore"
    job_id = job_of(ready, ready.post(path, json=RESTORE))
    done(ready.delete(STORAGE_ID))
    advance(ready, until={"job": job_id})
    found = job(ready, job_id)
    assert found["status"] == "Failed"
    assert found["errorDetails"][0]["errorTitle"] == "UserErrorTargetStorageAccountNotFound"


@pytest.mark.parametrize(
    "account",
    [
        {"location": "northeurope"},
        {"sku": {"name": "Standard_ZRS"}},
        {"kind": "BlobStorage"},
    ],
)
def test_an_account_that_cannot_stage_a_restore_is_refused(
    ready: httpx.Client, account: dict[str, Any]
) -> None:
    other = STORAGE_ID + "2"
    put_storage(ready, other, **account)
    body = {"properties": RESTORE["properties"] | {"storageAccountId": other}}
    answer = ready.post(f"{listed(ready, POINTS)[0]['id']}/restore", json=body)
    assert refused(answer) == (400, "BMSUserErrorInvalidInput")


# --- the endpoint ------------------------------------------------------------------------


def test_a_blob_is_read_whole_in_parts_and_as_a_stream(
    ready: httpx.Client, reader: httpx.Client
) -> None:
    bag = restored(ready)
    uri = bag["Template Blob Uri"]
    whole = done(reader.get(uri))
    assert whole.headers["content-type"] == "application/json"
    assert whole.headers["content-length"] == str(len(whole.content))
    assert part(reader, uri, "10-19") == whole.content[10:20]
    assert part(reader, uri, "10-") == whole.content[10:]
    assert part(reader, uri, f"10-{10**9}") == whole.content[10:]
    azure = reader.get(uri, headers={"x-ms-range": "bytes=0-3", "Range": "bytes=5-9"})
    assert (azure.status_code, azure.content) == (206, whole.content[:4])
    assert azure.headers["content-range"] == f"bytes 0-3/{len(whole.content)}"
    assert reader.get(uri, headers={"Range": "pages=1-2"}).status_code == 200
    with reader.stream("GET", vhds(reader, bag)[1]) as disk:
        assert disk.headers["content-length"] == str(OS_BYTES + 512)
        pieces = disk.iter_bytes(1 << 20)
        assert next(pieces).startswith(b"rsvault disk image\n")
        assert all(not any(next(pieces)) for _ in range(8))


def test_a_list_of_blobs_tells_sizes_and_goes_on_page_by_page(
    ready: httpx.Client, reader: httpx.Client
) -> None:
    bag = restored(ready)
    query = {"restype": "container", "comp": "list", "maxresults": "3"}
    answer = done(reader.get(folder(bag), params=query))
    assert answer.headers["content-type"] == "application/xml"
    root = ElementTree.fromstring(answer.content)
    sizes = [int(each.text or "") for each in root.iterfind("Blobs/Blob/Properties/Content-Length")]
    assert len(sizes) == 3
    marker = root.findtext("NextMarker") or ""
    assert len(names(reader, bag, marker=marker)) == 1
    assert names(reader, bag, prefix="config-") == [bag["Config Blob Name"]]
    containers = ElementTree.fromstring(reader.get(f"{ACCOUNT}?comp=list").content)
    found = [each.text for each in containers.iterfind("Containers/Container/Name")]
    assert found == [bag["Config Blob Container Name"]]
    assert reader.get(folder(bag), params={"restype": "container"}).status_code == 200


def test_the_pages_of_a_vhd_tell_what_is_not_zero(
    ready: httpx.Client, reader: httpx.Client
) -> None:
    path = vhds(reader, restored(ready))[1]
    root = ElementTree.fromstring(done(reader.get(path, params={"comp": "pagelist"})).content)
    found = [(each.findtext("Start"), each.findtext("End")) for each in root]
    assert found == [("0", "511"), (str(OS_BYTES), str(OS_BYTES + 511))]


def test_what_is_not_there_or_not_possible_is_refused_as_storage_does(
    ready: httpx.Client, reader: httpx.Client
) -> None:
    bag = restored(ready)
    uri = bag["Config Blob Uri"]
    etag = reader.head(uri).headers["etag"]
    assert failure(reader.get(f"{uri}x")) == (404, "BlobNotFound")
    assert failure(reader.get(f"{ACCOUNT}/nothing/x")) == (404, "ContainerNotFound")
    assert failure(reader.get("/_blob/nobody/x/y")) == (404, "ResourceNotFound")
    assert failure(reader.get(uri, headers={"Range": "bytes=999999-"})) == (416, "InvalidRange")
    assert failure(reader.get(uri, headers={"If-Match": '"0x0"'})) == (412, "ConditionNotMet")
    assert failure(reader.put(uri, content=b"{}")) == (405, "UnsupportedHttpVerb")
    for path, comp in ((uri, "tags"), (folder(bag), "acl")):
        asked = reader.get(path, params={"comp": comp})
        assert failure(asked) == (400, "UnsupportedQueryParameter")
    unwritable = {"comp": "list", "prefix": "\x0b"}
    assert failure(reader.get(folder(bag), params=unwritable)) == (400, "InvalidUri")
    odd = reader.get(uri, params={"comp": "a\0b"})
    assert failure(odd) == (400, "InvalidUri")
    assert reader.get(f"{ACCOUNT}/%00/x").status_code == 400
    missing = reader.head(f"{uri}x")
    assert (missing.status_code, missing.content) == (404, b"")
    assert missing.headers["x-ms-error-code"] == "BlobNotFound"
    same = reader.get(uri, headers={"If-None-Match": etag})
    assert (same.status_code, same.content) == (304, b"")
