"""Action groups: whom an alert is told.

Every kind of receiver is kept as Azure keeps it. What is sent to one is ``app/delivery``'s:
webhooks are called, of the others it is noted that nothing left the emulator.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import Row

from ...arm.bodies import Body
from ...arm.calls import Call, endpoint
from ...domain import receivers
from ...domain.errors import conflict, invalid, not_found
from ...domain.resource_ids import ACTION_GROUP_TYPE
from ...store.metadata import Document
from . import store
from .store import CompanionType, Write, Written

NAME = re.compile(r"[^:<>+/&%\\?\x00-\x1f]{0,259}[^:<>+/&%\\?\x00-\x1f. ]")
NAME_RULE = (
    "1 to 260 characters, none of :<>+/&%\\? or control characters, no space or '.' at its end"
)
SHORT_NAME = 12
"""How many characters go before the text of an SMS."""
_LONGEST = 2000

_Text = Annotated[str, Field(min_length=1, max_length=_LONGEST)]


class Receiver(Body):
    """What every receiver has: a name that no other of its group has."""

    name: str = Field(min_length=1, max_length=100)


class _Telling(Receiver):
    """A receiver that can be told in the common alert schema."""

    use_common_alert_schema: bool | None = None


class EmailReceiver(_Telling):
    """A mailbox."""

    email_address: str = Field(max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")


class SmsReceiver(Receiver):
    """A phone that gets short messages."""

    country_code: str = Field(pattern=r"^\d{1,4}$")
    phone_number: str = Field(pattern=r"^[\d ()-]{1,30}$")


class WebhookReceiver(_Telling):
    """A URL that is called."""

    service_uri: _Text
    use_aad_auth: bool | None = None
    object_id: str | None = Field(default=None, max_length=_LONGEST)
    identifier_uri: str | None = Field(default=None, max_length=_LONGEST)
    tenant_id: str | None = Field(default=None, max_length=_LONGEST)


class ItsmReceiver(Receiver):
    """A connection to where tickets are kept."""

    workspace_id: _Text
    connection_id: _Text
    ticket_configuration: _Text
    region: _Text


class AzureAppPushReceiver(Receiver):
    """Somebody's Azure app."""

    email_address: str = Field(max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")


class AutomationRunbookReceiver(Body):
    """A runbook; alone of the receivers it need not have a name."""

    automation_account_id: _Text
    runbook_name: _Text
    webhook_resource_id: _Text
    is_global_runbook: bool
    name: str | None = Field(default=None, min_length=1, max_length=100)
    service_uri: str | None = Field(default=None, max_length=_LONGEST)
    use_common_alert_schema: bool | None = None


class VoiceReceiver(Receiver):
    """A phone that is called."""

    country_code: str = Field(pattern=r"^\d{1,4}$")
    phone_number: str = Field(pattern=r"^[\d ()-]{1,30}$")


class LogicAppReceiver(_Telling):
    """A logic app."""

    resource_id: _Text
    callback_url: _Text


class AzureFunctionReceiver(_Telling):
    """A function."""

    function_app_resource_id: _Text
    function_name: _Text
    http_trigger_url: _Text


class ArmRoleReceiver(_Telling):
    """Everybody who has a role."""

    role_id: str = Field(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")


class EventHubReceiver(_Telling):
    """An event hub."""

    event_hub_name_space: _Text
    event_hub_name: _Text
    subscription_id: _Text
    tenant_id: str | None = Field(default=None, max_length=_LONGEST)


class ActionGroupProperties(Body):
    """What an action group can be told."""

    group_short_name: str = Field(min_length=1, max_length=SHORT_NAME, examples=["oncall"])
    enabled: bool = True
    email_receivers: list[EmailReceiver] | None = Field(default=None, max_length=1000)
    sms_receivers: list[SmsReceiver] | None = Field(default=None, max_length=10)
    webhook_receivers: list[WebhookReceiver] | None = Field(default=None, max_length=100)
    itsm_receivers: list[ItsmReceiver] | None = Field(default=None, max_length=10)
    azure_app_push_receivers: list[AzureAppPushReceiver] | None = Field(default=None, max_length=10)
    automation_runbook_receivers: list[AutomationRunbookReceiver] | None = Field(
        default=None, max_length=10
    )
    voice_receivers: list[VoiceReceiver] | None = Field(default=None, max_length=10)
    logic_app_receivers: list[LogicAppReceiver] | None = Field(default=None, max_length=10)
    azure_function_receivers: list[AzureFunctionReceiver] | None = Field(
        default=None, max_length=10
    )
    arm_role_receivers: list[ArmRoleReceiver] | None = Field(default=None, max_length=10)
    event_hub_receivers: list[EventHubReceiver] | None = Field(default=None, max_length=10)


class ActionGroupBody(Body):
    """An action group to create or to replace."""

    EXAMPLE = {
        "location": "Global",
        "properties": {
            "groupShortName": "oncall",
            "enabled": True,
            "webhookReceivers": [
                {
                    "name": "hook",
                    "serviceUri": "http://127.0.0.1:9/alerts",
                    "useCommonAlertSchema": True,
                }
            ],
        },
    }

    location: str | None = Field(default=None, max_length=90, examples=["Global"])
    tags: dict[str, str] | None = None
    properties: ActionGroupProperties


class ActionGroupPatchProperties(Body):
    """Whether an action group is asked at all: all that a PATCH may change beside the tags."""

    enabled: bool | None = None


class ActionGroupPatch(Body):
    """What to change of an action group."""

    EXAMPLE = {"tags": {"env": "test"}, "properties": {"enabled": True}}

    tags: dict[str, str] | None = None
    properties: ActionGroupPatchProperties = Field(default_factory=ActionGroupPatchProperties)


class EnableReceiverBody(Body):
    """Which receiver is to be told again."""

    EXAMPLE = {"receiverName": "mail"}

    receiver_name: str = Field(min_length=1, max_length=100)


# --- how it is written -------------------------------------------------------------------


def _write(write: Write) -> Written:
    properties = write.wanted["properties"]
    _check_names(properties)
    for at, receiver in enumerate(properties.get(receivers.WEBHOOKS, ())):
        _check_uri(receiver["serviceUri"], f"properties.{receivers.WEBHOOKS}.{at}.serviceUri")
    return Written(write.wanted, {})


def _check_names(properties: Document) -> None:
    """Refuse two receivers of one name: what was sent is known by it."""
    seen: set[str] = set()
    for kind in receivers.KINDS:
        for at, receiver in enumerate(properties.get(kind, ())):
            name = receiver.get("name", "").lower()
            if name and name in seen:
                field = f"properties.{kind}.{at}.name"
                raise invalid(
                    "InvalidReceiverName",
                    f"{field}: '{receiver['name']}' is the name of another receiver; names are "
                    "unique across all receivers of an action group.",
                    target=field,
                )
            seen.add(name)


def _check_uri(uri: str, field: str) -> None:
    problem = receivers.problem_of_uri(uri)
    if problem is not None:
        raise invalid("InvalidServiceUri", f"{field}: {problem}", target=field)


# --- how it looks ------------------------------------------------------------------------


def _render(_call: Call, found: Sequence[Row[Any]]) -> list[Document]:
    return [_render_one(row) for row in found]


def _render_one(group: Row[Any]) -> Document:
    stored = group.document["properties"]
    properties = stored | {
        kind: [receivers.shown(kind, each) for each in stored.get(kind, ())]
        for kind in receivers.KINDS
    }
    located = {"location": "Global"} if group.location == "global" else {}
    return store.envelope(ACTION_GROUPS, group) | located | {"properties": properties}


ACTION_GROUPS = CompanionType(
    type_name=ACTION_GROUP_TYPE,
    operations="ActionGroups",
    parameter="actionGroupName",
    tag="Action groups",
    name_pattern=NAME,
    name_rule=NAME_RULE,
    name_code="InvalidResourceName",
    body=ActionGroupBody,
    patch=ActionGroupPatch,
    write=_write,
    render=_render,
    list_in_group="ListByResourceGroup",
    list_all="ListBySubscriptionId",
    replaces=True,
    everywhere=True,
)


@endpoint(
    "POST",
    f"{ACTION_GROUPS.template}/subscribe",
    "ActionGroups_EnableReceiver",
    tag=ACTION_GROUPS.tag,
    body=EnableReceiverBody,
)
def enable_receiver(call: Call, body: EnableReceiverBody) -> None:
    """Enable a receiver of mail or of short messages; here they are always enabled (409)."""
    group = store.get(call, ACTION_GROUPS)
    for kind in receivers.WITH_A_STATUS:
        for each in group.document["properties"].get(kind, ()):
            if each["name"].lower() == body.receiver_name.lower():
                raise conflict(
                    "ReceiverAlreadyEnabled",
                    f"receiverName: '{each['name']}' is enabled already.",
                    target="receiverName",
                )
    raise not_found(
        "ReceiverNotFound",
        f"receiverName: the action group '{group.name}' has no receiver of mail or of short "
        f"messages that is named '{body.receiver_name}'.",
        target="receiverName",
    )


ENDPOINTS = (*store.endpoints(ACTION_GROUPS), enable_receiver)
