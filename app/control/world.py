"""The world's verbs: is it there, and begin again."""

from __future__ import annotations

import logging
from importlib import metadata

from ..arm.calls import Answer, Visit, endpoint
from ..arm.shapes import Shape
from ..domain import ids
from ..domain.errors import invalid
from ..domain.tenancy import DEFAULT_SUBSCRIPTION
from ..engine.worker import Engine
from .clock import SHOWN, TAG, show

_log = logging.getLogger("rsvault.clock")


@endpoint("GET", "/_emulator/health", "Emulator_GetHealth", tag=TAG, answers=Shape.OBJECT)
async def health(engine: Engine) -> Answer:
    """Whether the service can answer: it has read its world's clock to say so."""
    return Answer(
        body={
            "status": "ok",
            "version": version(),
            "database": "memory"
            if engine.database.is_memory
            else engine.database.engine.dialect.name,
            "leads": engine.leads,
            "now": show(engine)["now"],
        }
    )


@endpoint(
    "POST",
    "/_emulator/reset",
    "Emulator_Reset",
    tag=TAG,
    query=("subscription",),
    answers=SHOWN,
)
async def reset(engine: Engine, visit: Visit) -> Answer:
    """Empty the world: back to the start time and seed, in a new epoch.

    With a subscription only its resources go, and the clock, which others share, goes on.
    """
    subscription = subscription_of(visit)
    await engine.reset(subscription)
    shown = show(engine)
    if subscription is None:
        _log.info("reset: epoch %s begins at %s", shown["epoch"], shown["now"])
    else:
        _log.info("reset: subscription %s", subscription)
    return Answer(body=shown)


def subscription_of(visit: Visit) -> str | None:
    """Return the subscription that a control verb is for, in lower case; ``None`` is all.

    Raises ``Refused`` for what is no GUID.
    """
    sent = visit.query.get("subscription")
    if sent is None:
        return None
    if ids.parse_guid(sent) is None:
        raise invalid(
            "InvalidSubscription",
            f"subscription: '{sent}' is no GUID, such as {DEFAULT_SUBSCRIPTION}",
            target="subscription",
        )
    return sent.lower()


def version() -> str:
    """Return the installed distribution's version; a bare checkout has none."""
    try:
        return metadata.version("rsvault")
    except metadata.PackageNotFoundError:
        return "0+checkout"


ENDPOINTS = (health, reset)
