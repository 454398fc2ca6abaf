"""Bodies of deployments: what is read of them, and what of ARM's is refused by name."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ...arm.bodies import Body, demands
from ...arm.words import Word
from ...domain.errors import invalid, not_emulated

_MODES = ("Incremental", "Complete")
_LEVELS = ("Template", "Provider", "ProviderNoRbac")
_TEMPLATE = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {"name": {"type": "string", "defaultValue": "address-1"}},
    "resources": [
        {
            "type": "Microsoft.Network/publicIPAddresses",
            "apiVersion": "2024-05-01",
            "name": "[parameters('name')]",
            "location": "[resourceGroup().location]",
            "sku": {"name": "Standard"},
            "properties": {"publicIPAllocationMethod": "Static"},
        }
    ],
    "outputs": {
        "address": {"type": "string", "value": "[reference(parameters('name')).ipAddress]"}
    },
}
_OF_A_SUBSCRIPTION = {
    "$schema": (
        "https://schema.management.azure.com/schemas/2018-05-01/"
        "subscriptionDeploymentTemplate.json#"
    ),
    "contentVersion": "1.0.0.0",
    "resources": [
        {
            "type": "Microsoft.Resources/resourceGroups",
            "apiVersion": "2022-09-01",
            "name": "group-1",
            "location": "[deployment().location]",
        }
    ],
}


class EvaluationOptions(Body):
    """Where the expressions of a nested template are evaluated."""

    scope: Annotated[
        Literal["NotSpecified", "Outer", "Inner"] | None, Word("NotSpecified", "Outer", "Inner")
    ] = None


class DeploymentProperties(Body):
    """A template, and what it is deployed with."""

    mode: Annotated[Literal["Incremental", "Complete"] | None, Word(*_MODES)] = Field(
        None, description="Complete deletes what the template does not name"
    )
    template: dict[str, Any] | None = None
    template_link: dict[str, Any] | None = None
    parameters: dict[str, Any] | None = Field(None, examples=[{"name": {"value": "address-1"}}])
    parameters_link: dict[str, Any] | None = None
    debug_setting: dict[str, Any] | None = None
    on_error_deployment: dict[str, Any] | None = None
    expression_evaluation_options: EvaluationOptions | None = None
    validation_level: Annotated[
        Literal["Template", "Provider", "ProviderNoRbac"] | None, Word(*_LEVELS)
    ] = None


class DeploymentBody(Body):
    """A deployment at a resource group."""

    EXAMPLE = {"properties": {"mode": "Incremental", "template": _TEMPLATE}}
    LENIENT = True
    model_config = demands("properties")

    location: str | None = Field(None, max_length=90)
    tags: dict[str, str] | None = None
    properties: DeploymentProperties | None = None


class SubscriptionDeploymentBody(DeploymentBody):
    """A deployment at a subscription."""

    EXAMPLE = {
        "location": "westeurope",
        "properties": {"mode": "Incremental", "template": _OF_A_SUBSCRIPTION},
    }
    model_config = demands("location", "properties")


class WhatIfSettings(Body):
    """How much is told of each change."""

    result_format: Annotated[
        Literal["ResourceIdOnly", "FullResourcePayloads"] | None,
        Word("ResourceIdOnly", "FullResourcePayloads"),
    ] = None


class WhatIfProperties(DeploymentProperties):
    """A template, what it would be deployed with, and how much is told."""

    what_if_settings: WhatIfSettings | None = None


class WhatIfBody(DeploymentBody):
    """A deployment at a resource group whose changes are foretold."""

    properties: WhatIfProperties | None = None


class SubscriptionWhatIfBody(SubscriptionDeploymentBody):
    """A deployment at a subscription whose changes are foretold."""

    properties: WhatIfProperties | None = None


def checked(body: DeploymentBody) -> tuple[DeploymentProperties, dict[str, Any]]:
    """Return a body's properties and its template. Raises ``Refused``."""
    properties = body.properties
    if properties is None or properties.mode is None:
        missing = "properties" if properties is None else "properties.mode"
        raise invalid(
            "InvalidRequestContent",
            "The request content was invalid and could not be deserialized: 'Required property "
            f"'{missing.rpartition('.')[2]}' not found in JSON. Path '{missing}'.'.",
            target=missing,
        )
    for sent, field, what in (
        (properties.template_link, "properties.templateLink", "templates behind a link"),
        (properties.parameters_link, "properties.parametersLink", "parameters behind a link"),
        (properties.on_error_deployment, "properties.onErrorDeployment", "rolling back on error"),
    ):
        if sent is not None:
            raise not_emulated(field, f"{what} are not read; send what they hold")
    if properties.template is None:
        raise invalid(
            "InvalidTemplate",
            "Deployment template validation failed: 'The template is missing: properties.template "
            "must be given.'.",
            target="properties.template",
        )
    return properties, properties.template
