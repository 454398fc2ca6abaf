"""Whether the VM behind an item is scanned for threats: the switch, for nothing scans here.

The vault's switch sets all its items, one of an item only that one (decision 76).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from sqlalchemy import update

from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...arm.words import Word
from ...domain.errors import conflict, invalid
from ...store.tables import items
from .item_documents import is_scanned
from .paths import ITEM, item_of
from .protected_items import TAG, item_accepted


class SourceScanBody(Body):
    """What to do about the scans of an item's source."""

    EXAMPLE = {"sourceScanAction": "Enable"}

    source_scan_action: Annotated[Literal["Enable", "Disable"], Word("Enable", "Disable")] = Field(
        examples=["Enable"]
    )


@endpoint(
    "POST",
    f"{ITEM}/configureSourceScan",
    "ConfigureSourceScan_Execute",
    tag=TAG,
    body=SourceScanBody,
    statuses=(202,),
)
def execute(call: Call, body: SourceScanBody) -> Answer:
    """Switch the scans of an item's source on or off."""
    vault, item = item_of(call)
    if item.deleted_at is not None:
        raise conflict(
            "BMSUserErrorItemSoftDeleted",
            f"'{item.friendly_name}' is soft-deleted; undelete it first.",
        )
    wanted = body.source_scan_action == "Enable"
    if is_scanned(vault, item) == wanted:
        raise invalid(
            "UserErrorSourceScanStatusAlreadyInRequestedState",
            "Source scan for backup item is already in the requested target state. Please "
            "confirm the current state before running the operation again.",
        )
    call.connection.execute(update(items).where(items.c.key == item.key).values(source_scan=wanted))
    return item_accepted(call, vault, item, "source-scan", ends_at=call.now)


ENDPOINTS = (execute,)
