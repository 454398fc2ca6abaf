"""The receivers of an action group: their kinds, and what of them is sent from here.

Webhooks are called. Mail, messages, calls and what runs in Azure are not: where one would be told,
a delivery says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

from .documents import Document

WEBHOOKS = "webhookReceivers"
WITH_A_STATUS = ("emailReceivers", "smsReceivers")
"""Receivers that can unsubscribe: they show whether they did."""

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "emailReceivers": "no mail leaves the emulator",
        "smsReceivers": "no short message leaves the emulator",
        WEBHOOKS: "",
        "itsmReceivers": "no ticket leaves the emulator",
        "azureAppPushReceivers": "no notification of an app leaves the emulator",
        "automationRunbookReceivers": "no runbook is emulated",
        "voiceReceivers": "no call leaves the emulator",
        "logicAppReceivers": "no logic app is emulated",
        "azureFunctionReceivers": "no function is emulated",
        "armRoleReceivers": "no mail leaves the emulator",
        "eventHubReceivers": "no event hub is emulated",
    }
)
"""The kinds by the names of their lists, and why nothing is sent to one."""

LONGEST_NAME = 260
"""Characters of what a receiver is called by; a runbook without a name has only its own."""
_SECURE = "a webhook with useAadAuth needs a token of Microsoft Entra ID, which is not emulated"
_DEFAULTS: Mapping[str, Mapping[str, bool]] = MappingProxyType(
    {
        "emailReceivers": {"useCommonAlertSchema": False},
        WEBHOOKS: {"useCommonAlertSchema": False, "useAadAuth": False},
        "automationRunbookReceivers": {"useCommonAlertSchema": False},
        "logicAppReceivers": {"useCommonAlertSchema": False},
        "azureFunctionReceivers": {"useCommonAlertSchema": False},
        "armRoleReceivers": {"useCommonAlertSchema": False},
        "eventHubReceivers": {"useCommonAlertSchema": False},
    }
)


@dataclass(frozen=True, slots=True)
class Receiver:
    """Somebody to tell: ``uri`` is where a webhook is, ``reason`` why one is not told."""

    name: str
    kind: str
    uri: str | None
    reason: str | None


def receivers_of(properties: Document) -> Iterator[Receiver]:
    """Yield the receivers of an action group, in the order of the kinds."""
    for kind, reason in KINDS.items():
        for each in properties.get(kind, ()):
            singular = kind.removesuffix("s")
            name = each.get("name") or each.get("runbookName", "")[:LONGEST_NAME]
            if kind != WEBHOOKS:
                yield Receiver(name, singular, None, reason)
            elif each.get("useAadAuth"):
                yield Receiver(name, singular, each["serviceUri"], _SECURE)
            else:
                yield Receiver(name, singular, each["serviceUri"], None)


def shown(kind: str, receiver: Document) -> Document:
    """Return a receiver as an action group shows it."""
    status = {"status": "Enabled"} if kind in WITH_A_STATUS else {}
    return {**_DEFAULTS.get(kind, {}), **receiver, **status}


def problem_of_uri(uri: str) -> str | None:
    """Return what is wrong with a webhook's URI; ``None`` if it can be called."""
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return f"'{uri}' is no URI."
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return f"'{uri}' is no absolute URI that begins with http:// or https://."
    if any(character.isspace() or not character.isprintable() for character in uri):
        return f"'{uri}' has a blank or a control character in it."
    if port == 0:
        return f"'{uri}' has the port 0; a port is 1 to 65535."
    return None
