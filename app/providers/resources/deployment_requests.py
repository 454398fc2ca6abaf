"""What is asked of deployments, read and checked as a whole before anything is done."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from ...arm.calls import Call
from ...arm.inner_calls import InnerCalls
from ...domain import ids, tags
from ...domain.errors import Kind, Refused, invalid
from ...domain.locations import required_location
from ...domain.resource_ids import normal_location
from ...domain.templates import template as templates
from ...domain.templates.expansion import Expanded, expand
from ...domain.templates.language import TemplateError
from ...domain.templates.scopes import Surroundings
from ...domain.tenancy import TENANT_ID
from ...store.metadata import Document
from ...store.vaults import get_group
from . import deployment_rows, resource_groups, subscriptions
from .deployment_bodies import (
    DeploymentBody,
    DeploymentProperties,
    SubscriptionDeploymentBody,
    SubscriptionWhatIfBody,
    WhatIfBody,
    checked,
)

SUBSCRIPTION = "/subscriptions/{subscriptionId}"
GROUP = f"{SUBSCRIPTION}/resourceGroups/{{resourceGroupName}}"
_NAME = re.compile(r"[-\w.()]{1,64}")


@dataclass(frozen=True, slots=True)
class Level:
    """Where deployments are made: at a resource group or at a subscription."""

    name: str
    suffix: str
    list_name: str
    folder: str
    operations: str
    body: type[DeploymentBody]
    what_if_body: type[DeploymentBody]

    def scope(self, call: Call) -> str:
        """Return the id of the group or subscription in the path. Raises ``Refused``."""
        if self.suffix:
            return f"/subscriptions/{call.subscription.lower()}"
        return str(get_group(call.connection, call.subscription, call.group).id)

    def id(self, call: Call) -> str:
        """Return the id of the deployment in the path. Raises ``Refused``."""
        name = call.path["deploymentName"]
        return f"{self.scope(call)}/providers/{deployment_rows.TYPE}/{name}"

    def row(self, call: Call) -> Row[Any]:
        """Return the deployment in the path. Raises ``Refused``."""
        return deployment_rows.get(call.connection, self.id(call))


_PROVIDER = f"providers/{deployment_rows.TYPE}"
AT_GROUP = Level(
    "resource group",
    "",
    "ListByResourceGroup",
    f"{GROUP}/{_PROVIDER}",
    f"{GROUP}/deployments/{{deploymentName}}/operations",
    DeploymentBody,
    WhatIfBody,
)
AT_SUBSCRIPTION = Level(
    "subscription",
    "AtSubscriptionScope",
    "ListAtSubscriptionScope",
    f"{SUBSCRIPTION}/{_PROVIDER}",
    f"{SUBSCRIPTION}/{_PROVIDER}/{{deploymentName}}/operations",
    SubscriptionDeploymentBody,
    SubscriptionWhatIfBody,
)


@dataclass(frozen=True, slots=True)
class Request:
    """A deployment that was asked for, read and found right."""

    id: str
    scope: str
    location: str | None
    tags: dict[str, str] | None
    properties: DeploymentProperties
    template: Document
    expanded: Expanded


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads what deployments are asked for.

    ``inner`` knows the endpoints of what they create, ``environment`` is what ``environment()``
    gives under a base URL.
    """

    inner: InnerCalls
    environment: Callable[[str], Document]

    def read(self, call: Call, level: Level, body: DeploymentBody) -> Request:
        """Return a deployment that could begin. Raises ``Refused``: something of it is wrong."""
        own_id = level.id(call)
        name = call.path["deploymentName"]
        if _NAME.fullmatch(name) is None:
            raise invalid(
                "InvalidDeploymentName",
                f"The provided deployment name '{name}' is not valid. It must have 1 to 64 "
                "characters: letters, digits, '-', '.', '(', ')' or '_'.",
                target="deploymentName",
            )
        properties, document = checked(body)
        location = _checked_location(name, level, body.location, properties.mode)
        tags.check(body.tags or {})
        where = self._surroundings(call, level, body, document)
        try:
            template = templates.read(document, level=level.name)
            expanded = expand(template, properties.parameters or {}, where)
        except TemplateError as problem:
            raise invalid(problem.code, problem.message) from None
        request = Request(
            own_id, level.scope(call), location, body.tags, properties, document, expanded
        )
        self._check_resources(call, request)
        return request

    def _surroundings(
        self, call: Call, level: Level, body: DeploymentBody, document: Document
    ) -> Surroundings:
        deployment: Document = {
            "name": call.path["deploymentName"],
            "properties": {"mode": "Incremental", "template": document},
        }
        group: Document | None = None
        if not level.suffix:
            row = get_group(call.connection, call.subscription, call.group)
            group = {"tags": {}, **resource_groups.render(row)}
        else:
            deployment["location"] = normal_location(body.location or "")
        return Surroundings(
            subscription=subscriptions.document_of(call.subscription.lower()),
            tenant={"tenantId": TENANT_ID, "displayName": "rsvault", "countryCode": "US"},
            group=group,
            environment=self.environment(call.base_url),
            deployment=deployment,
            now=call.now,
        )

    def _check_resources(self, call: Call, request: Request) -> None:
        """Refuse types that there are not, and what the caller may not create."""
        unknown: list[Refused] = []
        forbidden: list[str] = []
        for each in request.expanded.resources:
            if not each.is_deployed:
                continue
            try:
                self.inner.find("PUT", each.id)
                self.inner.permit(call, "PUT", each.id)
            except Refused as refusal:
                if refusal.kind is Kind.FORBIDDEN:
                    told = f"'{each.name}' of type '{each.type}'. {refusal.message}"
                    forbidden.append(f"'Authorization failed for template resource {told}'")
                else:
                    unknown.append(
                        Refused(refusal.kind, refusal.code, refusal.message, target=each.id)
                    )
        if unknown:
            raise _not_valid(call, request.id, unknown)
        if forbidden:
            raise Refused(
                Kind.FORBIDDEN,
                "InvalidTemplateDeployment",
                f"Deployment failed with multiple errors: {':'.join(forbidden)}",
            )


def _checked_location(name: str, level: Level, sent: str | None, mode: str | None) -> str | None:
    if not level.suffix:
        if sent:
            raise invalid(
                "InvalidDeployment",
                f"The 'location' property is not allowed for '{name}' at resource group "
                "scope. Please see https://aka.ms/deploy-to-subscription for usage details.",
                target="location",
            )
        return None
    if mode == "Complete":
        raise invalid(
            "InvalidDeployment",
            "The mode 'Complete' is not allowed for a deployment at subscription scope; use "
            "'Incremental'. Please see https://aka.ms/deploy-to-subscription for usage details.",
            target="properties.mode",
        )
    return required_location(sent, "Deployment", "deployment")


def _not_valid(call: Call, own_id: str, details: list[Refused]) -> Refused:
    tracking = ids.guid(ids.guid_hex(call.rules.seed, "tracking", own_id.lower(), call.now))
    return Refused(
        Kind.INVALID,
        "InvalidTemplateDeployment",
        f"The template deployment '{own_id.rpartition('/')[2]}' is not valid according to the "
        f"validation procedure. The tracking id is '{tracking}'. See inner errors for details.",
        details=details,
    )
