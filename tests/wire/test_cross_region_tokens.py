"""Access tokens: what one is, and every way in which it is worth nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from app.domain.instants import human, parse
from tests.wire.builders import (
    GROUP_ID,
    POINTS,
    VAULT_ID,
    Served,
    advance,
    back_up,
    delete_item,
    done,
    listed,
    protect,
    put_group,
    put_policy,
    put_vault,
    refused,
)
from tests.wire.secondary import (
    DISKS,
    FAR,
    INVALID,
    OPTED_IN,
    REGION,
    aad,
    ask_token,
    jobs,
    put_vault_with_vm,
    refusal_of,
    replicated,
    token,
    trigger,
)

ACCESS = "crossRegionRestoreAccessDetails"
WRONG = "UserErrorInvalidCrrAccessToken"
NOT_FOUND = (404, "BMSUserErrorRecoveryPointNotFound")


def nothing_began(arm: httpx.Client) -> None:
    assert jobs(arm) == []
    assert listed(arm, DISKS) == []


def test_a_region_says_who_a_token_is_made_out_to(arm: httpx.Client) -> None:
    assert aad(arm)["properties"]["audience"] == ("https://RecoveryServices/IaasCoord/aadmgmt/ne")
    of_sql = {"$filter": "backupManagementType eq 'AzureWorkload'"}
    path = f"{FAR}/backupAadProperties"
    other = done(arm.get(path, params=of_sql)).json()["properties"]
    assert other["audience"] == "https://RecoveryServices/WkloadCoord/aadmgmt/ne"
    assert other["servicePrincipalObjectId"] != aad(arm)["properties"]["servicePrincipalObjectId"]
    assert refused(arm.get(path, params={"$filter": "type eq 'x'"})) == (400, INVALID)
    nowhere = arm.get(path.replace(REGION, "atlantis"))
    assert refused(nowhere) == (400, "LocationNotAvailableForResourceType")
    assert "'atlantis'" in nowhere.json()["error"]["message"]


def test_a_token_tells_all_that_microsofts_example_tells(arm: httpx.Client) -> None:
    point = replicated(arm)
    answer = done(ask_token(arm, point["name"])).json()
    assert (answer["id"], answer["name"]) == (point["id"], point["name"])
    properties = answer["properties"]
    assert jwt.get_unverified_header(properties.pop("accessTokenString"))["typ"] == "JWT"
    extended = properties.pop("tokenExtendedInformation")
    assert "<VMSizeDescription>Standard_D2s_v5</VMSizeDescription>" in extended
    for name in ("resourceId", "datasourceId"):
        assert properties.pop(name).isdigit()
    assert isinstance(properties.pop("protectionContainerId"), int)
    assert properties.pop("protectionServiceStampId")
    short = "iaasvmcontainerv2;group-1;vm-1"
    assert properties == {
        "objectType": "CrrAccessToken",
        "subscriptionId": GROUP_ID.split("/")[2],
        "resourceGroupName": "group-1",
        "resourceName": "vault-1",
        "recoveryPointId": point["name"],
        "recoveryPointTime": human(parse(point["properties"]["recoveryPointTime"])),
        "containerName": short,
        "containerType": "IaasVMContainer",
        "backupManagementType": "AzureIaasVM",
        "datasourceType": "VM",
        "datasourceName": "vm-1",
        "datasourceContainerName": short,
        "coordinatorServiceStampUri": "https://pod01-coord1.we.backup.windowsazure.com",
        "protectionServiceStampUri": "https://pod01-prot1-int.we.backup.windowsazure.com",
        "rpTierInformation": {"InstantRP": "Valid", "HardenedRP": "Valid"},
        "rpOriginalSAOption": False,
        "rpIsManagedVirtualMachine": True,
        "rpVMSizeDescription": "Standard_D2s_v5",
        "bMSActiveRegion": "WestEurope",
    }


@pytest.mark.parametrize("name", ["tenantId", "audience", "servicePrincipalObjectId"])
def test_a_token_is_made_out_to_the_secondary_region_alone(arm: httpx.Client, name: str) -> None:
    point = replicated(arm)
    right = aad(arm)["properties"]
    for properties in (
        right | aad(arm, FAR.replace(REGION, "westus"))["properties"] | {"tenantId": "other"},
        {key: value for key, value in right.items() if key != name},
        right | {name: "other"},
    ):
        found = refusal_of(ask_token(arm, point["name"], {"properties": properties}))
        assert found[:2] == (400, INVALID)
        assert found[2].startswith("properties.")


def test_there_is_no_token_for_what_is_not_in_the_secondary_region(arm: httpx.Client) -> None:
    put_group(arm)
    put_vault_with_vm(arm)
    advance(arm, until={"job": back_up(arm)})
    (point,) = listed(arm, POINTS)
    early = ask_token(arm, point["name"])
    assert refused(early) == NOT_FOUND
    assert "nothing of this vault is there now" in early.json()["error"]["message"]
    advance(arm, by="PT49H")
    newest = listed(arm, POINTS)[0]
    late = ask_token(arm, newest["name"])
    assert refused(late) == NOT_FOUND
    assert f"'{REGION}'" in late.json()["error"]["message"]
    assert ask_token(arm, point["name"]).status_code == 200
    assert refused(ask_token(arm, "1")) == NOT_FOUND
    delete_item(arm)
    assert refused(ask_token(arm, point["name"])) == (409, "BMSUserErrorItemSoftDeleted")


def test_a_vault_that_has_not_opted_in_gives_no_token(protected: httpx.Client) -> None:
    advance(protected, by="P5D")
    point = listed(protected, POINTS)[-1]
    answer = ask_token(protected, point["name"])
    assert refused(answer) == (400, "BMSUserErrorCrossRegionRestoreNotEnabled")


def test_a_token_is_worth_nothing_after_an_hour(arm: httpx.Client) -> None:
    point = replicated(arm)
    details = token(arm, point)
    advance(arm, by="PT1H")
    answer = trigger(arm, details)
    assert refusal_of(answer) == (
        400, "UserErrorCrrAccessTokenExpired", f"{ACCESS}.accessTokenString"
    )  # fmt: skip
    nothing_began(arm)
    assert trigger(arm, token(arm, point)).status_code == 202


def test_a_token_that_was_not_signed_here_is_worth_nothing(arm: httpx.Client) -> None:
    details = token(arm, replicated(arm))
    own = details["accessTokenString"]
    claims = jwt.decode(own, options={"verify_signature": False})
    head, body, signature = own.split(".")
    _, altered, _ = jwt.encode(claims | {"region": "westus"}, "k" * 32).split(".")
    forged = [
        jwt.encode(claims, "a key of somebody else's, and long enough", algorithm="HS256"),
        jwt.encode(claims, "", algorithm="none"),
        ".".join((head, body, signature[::-1])),
        ".".join((head, altered, signature)),
        "e30.e30.e30",
        "",
    ]
    for each in forged:
        answer = trigger(arm, details | {"accessTokenString": each})
        assert refusal_of(answer) == (400, WRONG, f"{ACCESS}.accessTokenString")
    nothing_began(arm)


def test_what_stands_beside_a_token_must_be_as_it_was_given(arm: httpx.Client) -> None:
    point = replicated(arm)
    details = token(arm, point)
    for name, value in details.items():
        if not isinstance(value, str) or name in (
            "objectType", "accessTokenString", "tokenExtendedInformation",
            "coordinatorServiceStampUri", "protectionServiceStampId", "protectionServiceStampUri",
            "rpVMSizeDescription",
        ):  # fmt: skip
            continue
        answer = trigger(arm, details | {name: f"{value}0"})
        assert refusal_of(answer) == (400, WRONG, f"{ACCESS}.{name}")
    of_no_kind = trigger(arm, details | {"objectType": "Token"})
    assert refused(of_no_kind) == (400, "InvalidRequestContent")
    nothing_began(arm)
    # The SDK drops what its model does not know, and az gives every token one name.
    kept = {name: details[name] for name in ("accessTokenString", "recoveryPointId")}
    assert trigger(arm, kept | {"objectType": "WorkloadCrrAccessToken"}).status_code == 202


def test_a_token_does_not_outlive_its_item(arm: httpx.Client) -> None:
    point = replicated(arm)
    details = token(arm, point)
    delete_item(arm)
    assert refused(trigger(arm, details)) == (409, "BMSUserErrorItemSoftDeleted")
    done(arm.delete(VAULT_ID))
    assert refused(trigger(arm, details)) == (404, "ResourceNotFound")
    put_vault(arm, properties=OPTED_IN)
    put_policy(arm)
    protect(arm)
    answer = trigger(arm, details)
    assert answer.status_code in (400, 404), answer.text
    nothing_began(arm)


def test_a_token_is_for_one_region_and_one_subscription(arm: httpx.Client) -> None:
    details: Any = token(arm, replicated(arm))
    other = trigger(arm, details, FAR.replace(REGION, "westus"))
    assert refusal_of(other) == (400, INVALID, "azureRegion")
    for name in ("'westus'", "'northeurope'", "'vault-1'"):
        assert name in other.json()["error"]["message"]
    foreign = FAR.replace(FAR.split("/")[2], "99999999-2222-3333-4444-555555555555")
    assert refusal_of(trigger(arm, details, foreign)) == (400, INVALID, ACCESS)
    nothing_began(arm)


def test_a_token_is_good_on_every_server_of_a_world(
    serve: Served, stored_world: str, tmp_path: Path
) -> None:
    first = serve(database=stored_world)
    details = token(first, replicated(first))
    second = serve(database=stored_world, home=tmp_path / "other")
    assert trigger(second, details).status_code == 202
    assert len(jobs(first)) == 1
