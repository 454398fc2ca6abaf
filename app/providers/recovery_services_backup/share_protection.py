"""What is asked before a file share comes under protection, or under another policy."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from ...arm.calls import Call
from ...domain.errors import conflict, invalid, invalid_input
from ...domain.policies import Policy
from ...engine import share_sources
from ...store import containers
from ...workloads.azure_file_share import AccountName, ShareName, parse_account
from .candidates import Candidate
from .paths import Named
from .protected_item_bodies import ProtectedItemProperties


def candidate(
    call: Call,
    vault: Row[Any],
    named: Named,
    asked: ProtectedItemProperties,
    _policy: Policy,
) -> Candidate:
    """Return the share to protect. Raises ``Refused`` if it cannot be."""
    _refuse_what_only_vms_have(asked)
    container = containers.find(call.connection, vault.key, named.container)
    if container is None:
        raise _not_registered(named.container)
    sent = asked.source_resource_id or container.source_id
    _check_account(sent, container.source_id)
    account = parse_account(container.name)
    assert account is not None, "registered containers are well named"
    share = _share(call, container, account, named)
    source = share_sources.find(call.connection, share.share_id)
    assert source is not None, "the share was found in its account"
    return Candidate(share, source, source_id=sent)


def prepare_change(
    call: Call, _vault: Row[Any], item: Row[Any], asked: ProtectedItemProperties, _policy: Policy
) -> None:
    """Check a change of an item's policy. Raises ``Refused``."""
    _refuse_what_only_vms_have(asked)
    _check_account(asked.source_resource_id or item.source_id, item.source_id)


def check_return(call: Call, vault: Row[Any], item: Row[Any]) -> None:
    """Refuse to undelete an item whose storage account is not registered any more."""
    name = f"storagecontainer;{item.container_name}".lower()
    if containers.find(call.connection, vault.key, name) is None:
        raise _not_registered(name)


def _refuse_what_only_vms_have(asked: ProtectedItemProperties) -> None:
    if asked.extended_properties is not None:
        raise invalid_input("properties.extendedProperties", "is only allowed of virtual machines")


def _check_account(sent: str, wanted: str) -> None:
    if sent.lower() != wanted.lower():
        raise invalid_input(
            "properties.sourceResourceId",
            f"'{sent}' must be '{wanted}', the storage account of this container",
        )


def _not_registered(container: str) -> Exception:
    return conflict(
        "BMSUserErrorContainerNotRegistered",
        f"containerName: '{container}' is not registered with this vault; register the storage "
        "account first.",
        target="containerName",
    )


def _share(call: Call, container: Row[Any], account: AccountName, named: Named) -> ShareName:
    """Return the known share whose name the path has."""
    for share in containers.known_shares(call.connection, container):
        name = ShareName(account, share.id)
        if name.item.lower() == named.item:
            return name
    raise invalid(
        "FileShareNotFound",
        f"protectedItemName: the vault knows no share '{call.path['protectedItemName']}' of "
        f"'{container.friendly_name}'; inquire the container and take the name of a protectable "
        "item.",
        target="protectedItemName",
    )
