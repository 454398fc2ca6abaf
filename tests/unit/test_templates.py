"""Templates: what they must have, what they are given, and what they come to in which order."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.templates import template
from app.domain.templates.expansion import Expanded, expand
from app.domain.templates.language import TemplateError
from app.domain.templates.parameters import hidden
from tests.unit.test_template_expressions import GROUP, Known, surroundings

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
DISK = "Microsoft.Compute/disks"


def document(*resources: Any, **parts: Any) -> dict[str, Any]:
    return {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "resources": list(resources),
    } | parts


def disk(name: str, **more: Any) -> dict[str, Any]:
    return {"type": DISK, "apiVersion": "2024-03-02", "name": name, **more}


def come_to(told: dict[str, Any], **values: Any) -> Expanded:
    sent = {name: {"value": value} for name, value in values.items()}
    return expand(template.read(told, level="resource group"), sent, surroundings())


def order(told: dict[str, Any], **values: Any) -> list[str]:
    found = come_to(told, **values)
    return [each.id.removeprefix(f"{GROUP}/providers/") for each in found.resources]


def refused(told: dict[str, Any], **values: Any) -> str:
    with pytest.raises(TemplateError) as caught:
        come_to(told, **values)
    return caught.value.message


# --- parameters --------------------------------------------------------------------------


def test_parameters_are_given_or_have_defaults_that_may_name_others() -> None:
    defined = {
        "full": {"type": "string", "defaultValue": "[concat(parameters('name'), '-1')]"},
        "name": {"type": "string", "defaultValue": "[toLower('WEB')]"},
        "given": {"type": "string"},
    }
    found = come_to(document(parameters=defined), given="[toLower('X')]")
    assert found.bound.values == {"full": "web-1", "name": "web", "given": "[toLower('X')]"}


def test_a_secret_is_neither_shown_nor_quoted() -> None:
    defined: dict[str, dict[str, Any]] = {
        "password": {"type": "secureString", "minLength": 3},
        "all": {"type": "secureObject"},
    }
    told = document(parameters=defined)
    found = come_to(told, password="hush-hush", all={"a": ["inner"]})
    assert found.bound.shown == {
        "password": {"type": "SecureString"},
        "all": {"type": "SecureObject"},
    }
    assert hidden({"a": ["is hush-hush inner"]}, found.bound.secrets) == {"a": ["is *** ***"]}
    defined["password"]["allowedValues"] = ["x"]
    assert "hush-hush" not in refused(told, password="hush-hush", all={})


@pytest.mark.parametrize(
    ("defined", "sent", "message"),
    [
        ({"type": "string"}, 5, "Expected a value of type 'String', but received .* 'Integer'"),
        ({"type": "int"}, True, "Expected a value of type 'Int'"),
        ({"type": "bool"}, "true", "Expected a value of type 'Bool'"),
        ({"type": "array"}, {}, "Expected a value of type 'Array'"),
        ({"type": "text"}, "a", "The type 'text' of the template parameter 'p' is not valid"),
        ({"type": "string", "allowedValues": ["a", "b"]}, "c", "not part of the allowed .*'a,b'"),
        ({"type": "int", "minValue": 2}, 1, "must be greater than or equal to '2'"),
        ({"type": "int", "maxValue": 2}, 3, "must be less than or equal to '2'"),
        ({"type": "string", "minLength": 2}, "a", "length '1' .* greater than or equal to '2'"),
        ({"type": "array", "maxLength": 1}, [1, 2], "length '2' .* less than or equal to '1'"),
    ],
)
def test_a_parameter_of_a_wrong_value_is_refused(
    defined: dict[str, Any], sent: Any, message: str
) -> None:
    told = document(parameters={"p": defined})
    with pytest.raises(TemplateError, match=message):
        come_to(told, p=sent)


def test_parameters_that_are_missing_or_too_many_are_named() -> None:
    told = document(parameters={"size": {"type": "int"}})
    assert refused(told) == (
        "Deployment template validation failed: 'The value for the template parameter 'size' is "
        "not provided. Please see https://aka.ms/arm-create-parameter-file for usage details.'."
    )
    assert "parameters 'other' in the parameters file are not valid" in refused(told, other=1)


def test_a_secret_of_a_key_vault_is_refused_by_name() -> None:
    told = template.read(document(parameters={"p": {"type": "string"}}), level="resource group")
    with pytest.raises(TemplateError, match="key vault") as caught:
        expand(told, {"p": {"reference": {"keyVault": {"id": "x"}}}}, surroundings())
    assert caught.value.code == "KeyVaultParameterReferenceNotSupported"


def test_a_type_of_its_own_is_looked_up() -> None:
    told = document(
        definitions={"short": {"type": "string", "maxLength": 2}},
        parameters={"p": {"$ref": "#/definitions/short"}, "q": {"type": "int", "nullable": True}},
    )
    assert come_to(told, p="ab").bound.values == {"p": "ab", "q": None}
    assert "less than or equal to '2'" in refused(told, p="abc")


# --- resources ---------------------------------------------------------------------------


def test_resources_come_after_those_they_depend_on_however_these_are_named() -> None:
    told = document(
        disk("f", dependsOn=["e"]),
        disk("e", dependsOn=[f"[resourceId('{DISK}', 'd')]"]),
        disk("d", dependsOn=[f"{DISK}/c"]),
        disk("c", dependsOn=["pair"]),
        disk("[concat('p', copyIndex())]", copy={"name": "pair", "count": 2}, dependsOn=["a"]),
        disk("a"),
    )
    assert order(told) == [f"{DISK}/{name}" for name in ("a", "p0", "p1", "c", "d", "e", "f")]


def test_an_expression_that_refers_to_a_resource_comes_after_it() -> None:
    told = document(
        disk("late", properties={"x": f"[reference(resourceId('{DISK}', 'early')).diskSizeGB]"}),
        disk("middle", properties={"x": "[reference('early', '2024-03-02', 'Full').id]"}),
        disk("early"),
    )
    found = order(told)
    assert found[0] == f"{DISK}/early"


def test_children_are_written_inside_their_parent_or_beside_it() -> None:
    subnet = {"type": "subnets", "apiVersion": "2024-05-01", "name": "inner", "dependsOn": ["v"]}
    network = {
        "type": "Microsoft.Network/virtualNetworks",
        "apiVersion": "2024-05-01",
        "name": "v",
        "resources": [subnet],
    }
    beside = {
        "type": "Microsoft.Network/virtualNetworks/subnets",
        "apiVersion": "2024-05-01",
        "name": "v/outer",
        "dependsOn": ["Microsoft.Network/virtualNetworks/v/subnets/inner"],
    }
    networks = "Microsoft.Network/virtualNetworks/v"
    assert order(document(beside, network)) == [
        networks,
        f"{networks}/subnets/inner",
        f"{networks}/subnets/outer",
    ]


def test_what_extends_a_resource_lies_below_it() -> None:
    lock = {"type": "Microsoft.Authorization/locks", "apiVersion": "2020-05-01", "name": "keep"}
    old = {
        "type": f"{DISK}/providers/locks",
        "apiVersion": "2020-05-01",
        "name": "d/Microsoft.Authorization/old",
    }
    told = document(
        lock | {"scope": f"[resourceId('{DISK}', 'd')]"},
        lock | {"scope": f"{DISK}/e"},
        old,
    )
    assert order(told) == [
        f"{DISK}/d/providers/Microsoft.Authorization/locks/keep",
        f"{DISK}/e/providers/Microsoft.Authorization/locks/keep",
        f"{DISK}/d/providers/Microsoft.Authorization/locks/old",
    ]


def test_a_resource_that_is_not_wanted_is_left_out_of_what_waits_for_it() -> None:
    told = document(
        disk("a", condition="[equals(parameters('env'), 'prod')]"),
        disk("b", dependsOn=["a"]),
        parameters={"env": {"type": "string"}},
    )
    by_name = {each.name: each for each in come_to(told, env="test").resources}
    assert not by_name["a"].is_deployed
    assert by_name["b"].after == []
    assert come_to(told, env="prod").resources[1].after[0].name == "a"


def test_symbolic_names_and_existing_resources_are_known() -> None:
    told = document(
        languageVersion="2.0",
        resources={
            "late": disk("b", dependsOn=["early"], properties={"x": "[reference('old').id]"}),
            "early": disk("a"),
            "old": disk("o", existing=True),
        },
    )
    found = come_to(told)
    assert [each.name for each in found.resources if each.is_deployed] == ["a", "b"]
    assert found.named("old") is not None
    del told["languageVersion"]
    assert "languageVersion" in refused(told)


def test_properties_and_variables_have_loops_too() -> None:
    told = document(
        disk(
            "a",
            properties={
                "copy": [{"name": "disks", "count": 2, "input": {"lun": "[copyIndex('disks')]"}}],
                "all": "[variables('made')]",
                "tags": "[variables('deep').inner]",
            },
        ),
        variables={
            "copy": [{"name": "made", "count": 2, "input": "[copyIndex('made', 5)]"}],
            "deep": {"copy": [{"name": "inner", "count": 2, "input": "[copyIndex('inner')]"}]},
        },
    )
    assert come_to(told).resources[0].body(Known())["properties"] == {
        "disks": [{"lun": 0}, {"lun": 1}],
        "all": [5, 6],
        "tags": [0, 1],
    }


def test_what_speaks_to_the_engine_is_not_sent_to_a_provider() -> None:
    told = document(disk("a", tags={"x": "[toUpper('y')]"}, comments="no", condition=True))
    assert come_to(told).resources[0].body(Known()) == {"tags": {"x": "Y"}}


def test_outputs_are_typed_and_secrets_of_them_left_out() -> None:
    told = document(
        outputs={
            "ip": {"type": "string", "value": "[reference('address').ipAddress]"},
            "secret": {"type": "secureString", "value": "hush"},
            "no": {"type": "string", "condition": False, "value": "[parameters('nothing')]"},
            "some": {"type": "array", "copy": {"count": 2, "input": "[copyIndex()]"}},
        }
    )
    assert come_to(told).outputs(Known()) == {
        "ip": {"type": "String", "value": "10.0.0.4"},
        "secret": {"type": "SecureString"},
        "some": {"type": "Array", "value": [0, 1]},
    }
    wrong = come_to(document(outputs={"n": {"type": "int", "value": "x"}}))
    with pytest.raises(TemplateError, match="The template output 'n' is not valid"):
        wrong.outputs(Known())


def test_a_nested_template_is_evaluated_inside_or_outside() -> None:
    inner = document(disk("[parameters('x')]"), parameters={"x": {"type": "string"}})
    nested: dict[str, Any] = {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2022-09-01",
        "name": "n",
        "resourceGroup": "group-2",
        "properties": {"mode": "Incremental", "template": inner},
    }
    found = come_to(document(nested, parameters={"x": {"type": "string"}}), x="[odd]")
    assert "/resourceGroups/group-2/providers/Microsoft.Resources/" in found.resources[0].id
    sent = found.resources[0].body(Known())["properties"]["template"]
    assert sent["resources"][0]["name"] == "[[odd]"
    nested["properties"]["expressionEvaluationOptions"] = {"scope": "Inner"}
    found = come_to(document(nested, parameters={"x": {"type": "string"}}), x="[odd]")
    assert found.resources[0].body(Known())["properties"]["template"] == inner


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({}, r"Required property '\$schema' not found in JSON. Path ''"),
        (document(**{"$schema": "x"}), "Template schema 'x' is not supported"),
        (
            document(**{"$schema": SCHEMA.replace("deploymentT", "subscriptionDeploymentT")}),
            "is not supported at resource group scope",
        ),
        (document(5), r"expected a JSON object.* Path 'resources\[0\]'"),
        (document({"type": DISK, "name": "a"}), "Required property 'apiVersion' not found"),
        (document(disk("a", dependsOn="b")), r"expected a JSON array.*'resources\[0\].dependsOn'"),
        (document(disk("a", copy={"count": 2})), "A copy loop needs a name and a count"),
        (document(disk("a", copy={"name": "c", "count": 801})), "from 0 to 800"),
        (document(disk("a", copy={"name": "c", "count": -1})), "from 0 to 800"),
        (document(disk("a/b")), "has incorrect segment lengths"),
        (document(disk("a"), disk("A")), "is defined multiple times in a template"),
        (document(disk("a", dependsOn=["b"])), "The resource 'b' is not defined in the template"),
        (
            document(disk("a", dependsOn=["b"]), disk("b", dependsOn=["a"])),
            "Circular dependency detected on resource",
        ),
        (document(disk("[foo()]")), "for resource '.*'. 'The template function 'foo' is not valid"),
        (document(disk("[reference('a').b]")), "'reference' is not expected at this location"),
        (document(disk("a", condition=5)), "must be a boolean"),
        (document(disk("a", resourceGroup="g")), "only nested deployments may have them"),
        (document(parameters=[]), "expected a JSON object.* Path 'parameters'"),
        (document(parameters={"a": {}, "A": {}}), "Two parameters have one name"),
        (
            document(variables={f"v{n}": n for n in range(257)}),
            "The number of template variables limit exceeded. Limit: '256' and actual: '257'",
        ),
        (document(functions=[{"members": {}}]), "A function needs a namespace"),
        (
            document(
                disk("[concat('a', copyIndex())]", copy={"name": "c", "count": 500}),
                disk("[concat('b', copyIndex())]", copy={"name": "d", "count": 500}),
            ),
            "The number of template resources limit exceeded. Limit: '800'",
        ),
    ],
)
def test_a_malformed_template_is_refused_with_what_is_wrong(
    told: dict[str, Any], message: str
) -> None:
    with pytest.raises(TemplateError, match=message):
        come_to(told)


# --- whatever is sent --------------------------------------------------------------------

texts = st.sampled_from(
    ["a", "b", "a/b", DISK, "[copyIndex()]", "[reference('a').x]", "[parameters('p')]", "[", "[]"]
)
junk = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 900) | texts,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(texts, part, max_size=3),
    max_leaves=8,
)
resources = st.fixed_dictionaries(
    {"type": texts | junk, "name": texts | junk, "apiVersion": st.just("2024-03-02")},
    optional={
        "copy": junk | st.fixed_dictionaries({"name": texts, "count": st.integers(-1, 3) | junk}),
        "dependsOn": junk | st.lists(texts, max_size=2),
        "condition": junk,
        "scope": texts | junk,
        "properties": junk,
        "resources": junk,
        "existing": junk,
        "resourceGroup": junk,
    },
)
templates = st.fixed_dictionaries(
    {"$schema": st.just(SCHEMA), "contentVersion": st.just("1.0.0.0")},
    optional={
        "resources": junk | st.lists(resources, max_size=3),
        "parameters": junk | st.dictionaries(texts, st.fixed_dictionaries({"type": texts | junk})),
        "variables": junk,
        "functions": junk,
        "outputs": junk
        | st.dictionaries(
            texts, st.fixed_dictionaries({"type": st.just("string"), "value": junk}), max_size=2
        ),
        "languageVersion": st.just("2.0"),
    },
)


@given(templates, st.dictionaries(texts, st.fixed_dictionaries({"value": junk}), max_size=2))
def test_any_document_is_a_template_or_is_refused(
    told: dict[str, Any], sent: dict[str, Any]
) -> None:
    with suppress(TemplateError):
        found = expand(template.read(told, level="resource group"), sent, surroundings())
        for each in found.resources:
            each.body(Known())
        found.outputs(Known())
