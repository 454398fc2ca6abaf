"""Deployments of templates over the wire: what they create, how they end, what they tell."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    GROUP_ID,
    ITEM_ID,
    ROOT,
    VAULT_ID,
    VM_TYPE,
    done,
    item_body,
    listed,
    policy_body,
    put_group,
    put_vm,
    refused,
    vm_body,
    vm_id,
)

PROVIDER = "providers/Microsoft.Resources/deployments"
OWN = f"{GROUP_ID}/{PROVIDER}/first"
SCHEMAS = "https://schema.management.azure.com/schemas"
DISK = "Microsoft.Compute/disks"
ADDRESS = "Microsoft.Network/publicIPAddresses"
Template = dict[str, Any]


def template(*resources: Any, **parts: Any) -> Template:
    return {
        "$schema": f"{SCHEMAS}/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": list(resources),
    } | parts


def body(told: Template, mode: str = "Incremental", **values: Any) -> dict[str, Any]:
    parameters = {name: {"value": value} for name, value in values.items()}
    return {"properties": {"mode": mode, "template": told, "parameters": parameters}}


def disk(name: str, gigabytes: Any = 8, **more: Any) -> dict[str, Any]:
    return {
        "type": DISK,
        "apiVersion": "2024-03-02",
        "name": name,
        "location": "[resourceGroup().location]",
        "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": gigabytes},
        **more,
    }


def address(name: str, **more: Any) -> dict[str, Any]:
    return {
        "type": ADDRESS,
        "apiVersion": "2024-05-01",
        "name": name,
        "location": "westeurope",
        "sku": {"name": "Standard"},
        "properties": {"publicIPAllocationMethod": "Static"},
        **more,
    }


def nested(name: str, told: Template, scope: str = "inner", **more: Any) -> dict[str, Any]:
    return {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2022-09-01",
        "name": name,
        "properties": {
            "mode": "Incremental",
            "expressionEvaluationOptions": {"scope": scope},
            "template": told,
        },
        **more,
    }


def deploy(arm: httpx.Client, sent: dict[str, Any], path: str = OWN) -> dict[str, Any]:
    """Deploy, wait for the end, and return what the deployment shows."""
    begun = done(arm.put(path, json=sent))
    assert begun.json()["properties"]["provisioningState"] == "Accepted"
    polled = done(arm.get(begun.headers["Azure-AsyncOperation"])).json()
    shown: dict[str, Any] = done(arm.get(path)).json()
    assert polled["status"] == shown["properties"]["provisioningState"]
    assert polled.get("error") == shown["properties"].get("error")
    return shown


def exists(arm: httpx.Client, kind: str, name: str) -> bool:
    return arm.get(f"{GROUP_ID}/providers/{kind}/{name}").status_code == 200


# --- what is created ---------------------------------------------------------------------


def test_a_vault_with_a_policy_and_a_protected_vm_comes_from_one_template(
    arm: httpx.Client,
) -> None:
    put_group(arm)
    put_vm(arm)
    vaults = "Microsoft.RecoveryServices/vaults"
    items = f"{vaults}/backupFabrics/protectionContainers/protectedItems"
    policy_id = f"[resourceId('{vaults}/backupPolicies', parameters('vault'), 'daily')]"
    vm = f"[resourceId('{VM_TYPE}', 'vm-1')]"
    told = template(
        {
            "type": items,
            "apiVersion": "2025-02-01",
            "name": "[format('{0}/Azure/iaasvmcontainer;iaasvmcontainerv2;{1};vm-1/"
            "vm;iaasvmcontainerv2;{1};vm-1', parameters('vault'), resourceGroup().name)]",
            "dependsOn": [policy_id],
            **item_body(policyId=policy_id, sourceResourceId=vm),
        },
        {
            "type": f"{vaults}/backupPolicies",
            "apiVersion": "2025-02-01",
            "name": "[concat(parameters('vault'), '/daily')]",
            "dependsOn": [f"[resourceId('{vaults}', parameters('vault'))]"],
            **policy_body(),
        },
        {
            "type": vaults,
            "apiVersion": "2025-02-01",
            "name": "[parameters('vault')]",
            "location": "westeurope",
            "sku": {"name": "RS0", "tier": "Standard"},
            "properties": {},
        },
        parameters={"vault": {"type": "string"}},
        outputs={
            "vault": {"type": "string", "value": f"[resourceId('{vaults}', parameters('vault'))]"}
        },
    )
    shown = deploy(arm, body(told, vault="vault-1"))
    properties = shown["properties"]
    assert (properties["provisioningState"], shown["type"]) == (
        "Succeeded",
        "Microsoft.Resources/deployments",
    )
    assert properties["outputs"] == {"vault": {"type": "String", "value": VAULT_ID}}
    assert properties["parameters"] == {"vault": {"type": "String", "value": "vault-1"}}
    assert [each["id"] for each in properties["outputResources"]][:2] == [
        VAULT_ID,
        f"{VAULT_ID}/backupPolicies/daily",
    ]
    assert {each["namespace"] for each in properties["providers"]} == {"Microsoft.RecoveryServices"}
    item = done(arm.get(ITEM_ID)).json()["properties"]
    assert item["policyId"] == f"{VAULT_ID}/backupPolicies/daily"
    operations = listed(arm, f"{GROUP_ID}/deployments/first/operations")
    assert [each["properties"]["provisioningState"] for each in operations] == ["Succeeded"] * 3
    assert (
        done(arm.get(operations[0]["id"].replace(f"/{PROVIDER}", "/deployments"))).json()
        == (operations[0])
    )


def test_a_vm_with_all_that_az_vm_create_sends(arm: httpx.Client) -> None:
    put_group(arm)
    network = "Microsoft.Network"
    subnet = f"{GROUP_ID}/providers/{network}/virtualNetworks/net/subnets/inner"
    told = template(
        {
            "name": "net",
            "type": f"{network}/virtualNetworks",
            "location": "westeurope",
            "apiVersion": "2015-06-15",
            "dependsOn": [],
            "tags": {},
            "properties": {
                "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
                "subnets": [{"name": "inner", "properties": {"addressPrefix": "10.0.0.0/24"}}],
            },
        },
        address(
            "[concat('ip', copyIndex())]", copy={"name": "ips", "count": 2, "mode": "parallel"}
        ),
        {
            "type": f"{network}/networkInterfaces",
            "apiVersion": "2015-06-15",
            "location": "westeurope",
            "name": "[concat('nic', copyIndex())]",
            "copy": {"name": "nics", "count": 2, "mode": "parallel"},
            "dependsOn": [f"{network}/virtualNetworks/net", "ips"],
            "properties": {
                "ipConfigurations": [
                    {
                        "name": "[concat('ipconfig', copyIndex())]",
                        "properties": {
                            "privateIPAllocationMethod": "Dynamic",
                            "subnet": {"id": subnet},
                            "publicIPAddress": {
                                "id": f"[concat('{GROUP_ID}/providers/{ADDRESS}/ip', copyIndex())]"
                            },
                        },
                    }
                ]
            },
        },
        {
            "type": VM_TYPE,
            "apiVersion": "2025-04-01",
            "location": "westeurope",
            "name": "[concat('vm-', copyIndex())]",
            "copy": {"name": "vms", "count": 2, "mode": "parallel"},
            "dependsOn": ["nics"],
            "properties": {
                "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
                "networkProfile": {
                    "networkInterfaces": [
                        {
                            "id": f"[concat('{GROUP_ID}/providers/{network}/networkInterfaces/nic'"
                            ", copyIndex())]",
                            "properties": {"deleteOption": None},
                        }
                    ]
                },
                "storageProfile": {
                    "osDisk": {
                        "createOption": "fromImage",
                        "name": None,
                        "caching": "ReadWrite",
                        "managedDisk": {"storageAccountType": None},
                    },
                    "imageReference": {
                        "publisher": "Canonical",
                        "offer": "ubuntu-24_04-lts",
                        "sku": "server",
                        "version": "latest",
                    },
                },
                "osProfile": {
                    "computerName": "[concat('vm-', copyIndex())]",
                    "adminUsername": "joe",
                    "adminPassword": "[parameters('adminPassword')]",
                },
            },
        },
        parameters={"adminPassword": {"type": "secureString"}},
        variables={},
        outputs={},
    )
    shown = deploy(arm, body(told, adminPassword="Sup3rSecret!pw"))
    assert shown["properties"]["provisioningState"] == "Succeeded", shown
    assert shown["properties"]["parameters"] == {"adminPassword": {"type": "SecureString"}}
    for name in ("vm-0", "vm-1"):
        vm = done(arm.get(vm_id(name))).json()["properties"]
        nic = done(arm.get(vm["networkProfile"]["networkInterfaces"][0]["id"])).json()
        assert nic["properties"]["virtualMachine"]["id"] == vm_id(name)
        ip = nic["properties"]["ipConfigurations"][0]["properties"]["publicIPAddress"]["id"]
        assert done(arm.get(ip)).json()["properties"]["ipAddress"]


def test_what_was_deployed_is_referred_to(arm: httpx.Client) -> None:
    put_group(arm)
    kind = "Microsoft.Authorization/roleDefinitions"
    role = f"[subscriptionResourceId('{kind}', parameters('role'))]"
    who = "[reference('someone', '2023-01-31', 'Full').properties.principalId]"
    told = template(
        {
            "type": "Microsoft.Authorization/roleAssignments",
            "apiVersion": "2022-04-01",
            "name": "[guid(resourceGroup().id, parameters('role'))]",
            "properties": {
                "roleDefinitionId": role,
                "principalId": who,
            },
        },
        {
            "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
            "apiVersion": "2023-01-31",
            "name": "someone",
            "location": "westeurope",
        },
        parameters={
            "role": {"type": "string", "defaultValue": "acdd72a7-3385-48ef-bd42-f606fba81ae7"}
        },
        outputs={
            "who": {"type": "string", "value": "[reference('someone').principalId]"},
            "where": {
                "type": "string",
                "value": "[reference('someone', '2023-01-31', 'Full').location]",
            },
        },
    )
    shown = deploy(arm, body(told))
    assert shown["properties"]["provisioningState"] == "Succeeded", shown
    outputs = shown["properties"]["outputs"]
    held = listed(arm, f"{GROUP_ID}/providers/Microsoft.Authorization/roleAssignments")
    assert outputs["who"]["value"] in [each["properties"]["principalId"] for each in held]
    assert outputs["where"]["value"] == "westeurope"


def test_a_vm_is_deployed_with_a_role_for_its_own_identity(arm: httpx.Client) -> None:
    """As ``az vm create --assign-identity --role --scope`` does it, api-versions and all."""
    put_group(arm)
    who = f"[reference('{vm_id()}', '2019-07-01', 'Full').identity.principalId]"
    role = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
    told = template(
        {
            "type": "Microsoft.Compute/virtualMachines",
            "apiVersion": "2024-07-01",
            "name": "vm-1",
            "identity": {"type": "SystemAssigned"},
            **vm_body(),
        },
        {
            "type": "Microsoft.Authorization/roleAssignments",
            "apiVersion": "2015-07-01",
            "name": "[guid(resourceGroup().id)]",
            "dependsOn": ["Microsoft.Compute/virtualMachines/vm-1"],
            "properties": {
                "roleDefinitionId": (
                    f"{ROOT}/providers/Microsoft.Authorization/roleDefinitions/{role}"
                ),
                "principalId": who,
                "scope": GROUP_ID,
            },
        },
    )
    shown = deploy(arm, body(told))
    assert shown["properties"]["provisioningState"] == "Succeeded", shown
    principal = done(arm.get(vm_id())).json()["identity"]["principalId"]
    (held,) = listed(arm, f"{GROUP_ID}/providers/Microsoft.Authorization/roleAssignments")
    assert held["properties"]["principalId"] == principal


def test_keys_of_an_account_are_listed_by_an_expression(arm: httpx.Client) -> None:
    put_group(arm)
    account = {
        "type": "Microsoft.Storage/storageAccounts",
        "apiVersion": "2024-01-01",
        "name": "staging",
        "location": "westeurope",
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
    }
    output = {"type": "string", "value": "[listKeys('staging', '2024-01-01').keys[0].keyName]"}
    shown = deploy(arm, body(template(account, outputs={"key": output})))
    assert shown["properties"]["outputs"]["key"]["value"] == "key1"


def test_nested_deployments_are_deployments_of_their_own(arm: httpx.Client) -> None:
    put_group(arm)
    put_group(arm, f"{ROOT}/resourceGroups/group-2")
    inner = template(
        address("inside"),
        outputs={"ip": {"type": "string", "value": "[reference('inside').ipAddress]"}},
    )
    told = template(
        nested("module", inner, resourceGroup="group-2"),
        outputs={
            "ip": {
                "type": "string",
                "value": "[reference(resourceId('group-2', 'Microsoft.Resources/deployments', "
                "'module'), '2022-09-01').outputs.ip.value]",
            }
        },
    )
    shown = deploy(arm, body(told))
    own = f"{ROOT}/resourceGroups/group-2"
    ip = done(arm.get(f"{own}/providers/{ADDRESS}/inside")).json()["properties"]["ipAddress"]
    assert shown["properties"]["outputs"]["ip"]["value"] == ip
    module = done(arm.get(f"{own}/{PROVIDER}/module")).json()["properties"]
    assert module["provisioningState"] == "Succeeded"


def test_a_subscription_gets_groups_and_what_lies_in_them(arm: httpx.Client) -> None:
    told = {
        "$schema": f"{SCHEMAS}/2018-05-01/subscriptionDeploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [
            {
                "type": "Microsoft.Resources/resourceGroups",
                "apiVersion": "2022-09-01",
                "name": "group-1",
                "location": "[deployment().location]",
            },
            nested(
                "module",
                template(disk("disk-1")),
                resourceGroup="group-1",
                dependsOn=[
                    "[subscriptionResourceId('Microsoft.Resources/resourceGroups', 'group-1')]"
                ],
            ),
        ],
    }
    path = f"{ROOT}/{PROVIDER}/whole"
    shown = deploy(arm, {"location": "West Europe", **body(told)}, path)
    assert shown["properties"]["provisioningState"] == "Succeeded", shown
    assert shown["location"] == "westeurope"
    assert exists(arm, DISK, "disk-1")
    assert [each["name"] for each in listed(arm, f"{ROOT}/{PROVIDER}")] == ["whole"]
    assert len(listed(arm, f"{path}/operations")) == 2
    assert refused(arm.put(path, json=body(told))) == (400, "LocationRequired")
    complete = {"location": "westeurope", **body(told, "Complete")}
    assert refused(arm.put(path, json=complete)) == (400, "InvalidDeployment")


def test_mode_complete_deletes_what_the_template_does_not_name(arm: httpx.Client) -> None:
    put_group(arm)
    put_vm(arm)
    deploy(arm, body(template(disk("kept"), disk("gone"))))
    shown = deploy(arm, body(template(disk("kept")), "Complete"))
    assert shown["properties"]["provisioningState"] == "Succeeded"
    left = [each["name"] for each in listed(arm, f"{GROUP_ID}/resources")]
    assert left == ["kept"]


# --- the body ----------------------------------------------------------------------------


def test_a_body_is_read_as_az_sends_it(arm: httpx.Client) -> None:
    put_group(arm)
    told = json.dumps(template(disk("disk-1", 8, tags={"text": "two#lines"})), indent=2)
    told = told.replace("two#lines", "two\nlines").replace(
        '"resources"', '// a comment\n /* and another */ "resources"'
    )
    told = told.replace("]\n}", "],\n}")
    sent = f'{{"properties": {{"parameters": {{}}, "mode": "incremental", template:{told}}}}}'
    headers = {"Content-Type": "application/json"}
    done(arm.put(OWN, content=sent.encode(), headers=headers))
    shown = done(arm.get(f"{GROUP_ID}/providers/{DISK}/disk-1")).json()
    assert shown["tags"] == {"text": "two\nlines"}
    exported = done(arm.post(f"{OWN}/exportTemplate")).json()["template"]
    assert exported["resources"][0]["name"] == "disk-1"


@pytest.mark.parametrize(
    "sent",
    [
        b"{template:}",
        b'{"properties": {mode: NaN}}',
        b'{"properties": {mode: Infinity, template: {}}}',
        b"{" + b"a:{" * 500 + b"}" * 501,
        b'{properties: {mode: "Incremental", template: {a: "\\u0000"}}}',
        b'{properties: {mode: "Incremental", template: {a: "\\x00"}}}',
        b"[1, // two\n]",
        b"{properties: 1e400}",
        b"{properties: " + b"9" * 5000 + b"}",
    ],
)
def test_a_body_that_nobody_can_read_is_refused(arm: httpx.Client, sent: bytes) -> None:
    put_group(arm)
    answer = arm.put(OWN, content=sent, headers={"Content-Type": "application/json"})
    assert refused(answer) == (400, "InvalidRequestContent")


def test_only_deployments_are_read_that_way(arm: httpx.Client) -> None:
    sent = b"{location: 'westeurope'}"
    answer = arm.put(GROUP_ID, content=sent, headers={"Content-Type": "application/json"})
    assert refused(answer) == (400, "InvalidRequestContent")


# --- refusals ----------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["PUT", "validate", "whatIf"])
@pytest.mark.parametrize(
    ("sent", "code", "part"),
    [
        ({}, "InvalidRequestContent", "Required property 'properties'"),
        ({"properties": {"template": template()}}, "InvalidRequestContent", "'mode' not found"),
        (body({"resources": []}), "InvalidTemplate", "Required property '$schema'"),
        (body(template(disk("[foo()]"))), "InvalidTemplate", "'foo' is not valid"),
        (body(template(), a=1), "InvalidTemplate", "parameters 'a' in the parameters file"),
        (
            {"properties": {"mode": "Incremental", "templateLink": {"uri": "https://x"}}},
            "NotSupported",
            "properties.templateLink",
        ),
        (
            body(template(disk("a") | {"type": "Microsoft.Nothing/things"})),
            "InvalidTemplateDeployment",
            "is not valid according to the validation procedure",
        ),
        (body(template(), "Sideways"), "InvalidRequestContent", "mode"),
        ({"location": "westeurope", **body(template())}, "InvalidDeployment", "location"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_done(
    arm: httpx.Client, sent: dict[str, Any], code: str, part: str, way: str
) -> None:
    put_group(arm)
    answer = arm.put(OWN, json=sent) if way == "PUT" else arm.post(f"{OWN}/{way}", json=sent)
    assert refused(answer) == (400, code)
    assert part in answer.json()["error"]["message"]
    assert refused(arm.get(OWN)) == (404, "DeploymentNotFound")


def test_an_unknown_type_is_named_in_the_details(arm: httpx.Client) -> None:
    put_group(arm)
    sent = body(template(disk("kept"), disk("a") | {"type": "Microsoft.Nothing/things"}))
    error = arm.put(OWN, json=sent).json()["error"]
    assert [each["code"] for each in error["details"]] == ["InvalidResourceType"]
    assert error["details"][0]["target"].endswith("/providers/Microsoft.Nothing/things/a")
    assert "'things' could not be found in the namespace" in error["details"][0]["message"]
    assert not exists(arm, DISK, "kept")


def test_a_group_that_is_not_there_gets_no_deployment(arm: httpx.Client) -> None:
    assert refused(arm.put(OWN, json=body(template()))) == (404, "ResourceGroupNotFound")
    assert arm.head(OWN).status_code == 404


def test_a_name_is_of_at_most_64_characters(arm: httpx.Client) -> None:
    put_group(arm)
    path = f"{GROUP_ID}/{PROVIDER}/{'x' * 65}"
    assert refused(arm.put(path, json=body(template()))) == (400, "InvalidDeploymentName")


def test_validation_tells_what_would_be_deployed_and_deploys_nothing(arm: httpx.Client) -> None:
    put_group(arm)
    told = template(disk("a"), disk("b", condition=False))
    shown = done(arm.post(f"{OWN}/validate", json=body(told))).json()["properties"]
    assert shown["provisioningState"] == "Succeeded"
    ids = [each["id"] for each in shown["validatedResources"]]
    assert ids == [f"{GROUP_ID}/providers/{DISK}/a"]
    assert not exists(arm, DISK, "a")


# --- failures ----------------------------------------------------------------------------


def test_what_one_resource_is_refused_fails_the_deployment_and_the_rest_stays(
    arm: httpx.Client,
) -> None:
    put_group(arm)
    told = template(
        disk("good"),
        disk("bad", -5),
        disk("after-bad", dependsOn=["bad"]),
        disk("beside"),
        outputs={"x": {"type": "string", "value": "[reference('good').diskState]"}},
    )
    shown = deploy(arm, body(told))["properties"]
    assert shown["provisioningState"] == "Failed"
    assert "outputs" not in shown
    error = shown["error"]
    assert (error["code"], error["target"]) == ("DeploymentFailed", OWN)
    assert error["message"].startswith("At least one resource deployment operation failed.")
    assert len(error["details"]) == 1
    assert "diskSizeGB" in error["details"][0]["message"]
    there = {name: exists(arm, DISK, name) for name in ("good", "bad", "after-bad", "beside")}
    assert there == {"good": True, "bad": False, "after-bad": False, "beside": True}
    failed = [
        each["properties"]
        for each in listed(arm, f"{GROUP_ID}/deployments/first/operations")
        if each["properties"]["provisioningState"] == "Failed"
    ]
    assert [each["targetResource"]["resourceName"] for each in failed] == ["bad"]
    assert failed[0]["statusMessage"]["error"] == error["details"][0]
    assert [each["id"].rpartition("/")[2] for each in shown["outputResources"]] == [
        "good",
        "beside",
    ]


def test_a_nested_deployment_that_fails_fails_the_outer_one(arm: httpx.Client) -> None:
    put_group(arm)
    shown = deploy(arm, body(template(nested("module", template(disk("ok"), disk("bad", -5))))))
    error = shown["properties"]["error"]
    assert [each["code"] for each in error["details"]] == ["DeploymentFailed"]
    assert "diskSizeGB" in error["details"][0]["details"][0]["message"]
    assert exists(arm, DISK, "ok")


def test_a_secret_is_never_told(arm: httpx.Client) -> None:
    put_group(arm)
    told = template(
        disk("[concat('disk', '-1')]", tags={"secret": "[parameters('secret')]"}),
        disk("bad", "[int(parameters('secret'))]"),
        disk("worse") | {"location": "[parameters('secret')]"},
        parameters={"secret": {"type": "secureString"}},
    )
    shown = deploy(arm, body(told, secret="Hush-Hush-123"))
    assert shown["properties"]["provisioningState"] == "Failed"
    operations = arm.get(f"{GROUP_ID}/deployments/first/operations").text
    assert "Hush-Hush-123" not in json.dumps(shown) + operations
    assert "***" in json.dumps(shown)


def test_a_lock_stops_what_a_template_would_change(arm: httpx.Client) -> None:
    put_group(arm)
    put_group(arm, f"{ROOT}/resourceGroups/group-2")
    lock = f"{ROOT}/resourceGroups/group-2/providers/Microsoft.Authorization/locks/keep"
    done(arm.put(lock, json={"properties": {"level": "ReadOnly"}}))
    inside = nested("module", template(disk("disk-1")), resourceGroup="group-2")
    shown = deploy(arm, body(template(inside)))
    assert [each["code"] for each in shown["properties"]["error"]["details"]] == ["ScopeLocked"]
