"""How often, and when, somebody is told of an alert who does not listen at once."""

from __future__ import annotations

from .instants import SECOND


class State:
    """Where a delivery is on its way."""

    WAITING = "Waiting"
    SENDING = "Sending"
    DELIVERED = "Delivered"
    FAILED = "Failed"
    NOT_SENT = "NotSent"

    ALL = (WAITING, SENDING, DELIVERED, FAILED, NOT_SENT)


WAITS = (5, 20, 5, 40, 5)
"""The seconds between attempts (Microsoft: action groups, webhook retry behavior)."""
RETRIED = frozenset({408, 429, 503, 504})
"""The answers after which a webhook is called again; so it is if there was no answer."""


def message_id(delivery_id: str) -> str:
    """Return what a receiver knows a delivery by, however often it is told."""
    return f"msg_{delivery_id}"


def is_delivered(status: int) -> bool:
    """Tell whether an answer says that the receiver has it."""
    return 200 <= status < 300


def next_attempt(
    waits: tuple[float, ...], attempts: int, status: int | None, now: int
) -> int | None:
    """Return when to try again after so many attempts; ``None`` if there is nothing more to do.

    ``status`` is the answer to the last one, ``None`` if there was none; instants are real ones.
    """
    may_be_retried = status is None or status in RETRIED
    if not may_be_retried or attempts > len(waits):
        return None
    return now + int(waits[attempts - 1] * SECOND)
