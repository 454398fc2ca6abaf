"""Signatures of webhooks, in the manner of Standard Webhooks (version 1, symmetric).

Azure signs nothing that a webhook is sent: the headers are ours. A receiver checks them with any
library of Standard Webhooks, or with an HMAC of its own.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from . import ids

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64
"""Bytes of a key."""
KEY_RULE = f"{PREFIX} and the Base64 of {SHORTEST} to {LONGEST} bytes"


def key_of_seed(seed: int) -> bytes:
    """Return the key of a world that was given none."""
    return hashlib.sha256(ids.natural(seed, "webhook key").encode()).digest()


def read_key(text: str) -> bytes:
    """Return the key that a text holds. Raises ``ValueError``."""
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not text.startswith(PREFIX) or not SHORTEST <= len(key) <= LONGEST:
        raise ValueError(f"a webhook key is {KEY_RULE}")
    return key


def written(key: bytes) -> str:
    """Write a key as libraries of Standard Webhooks take it."""
    return PREFIX + base64.b64encode(key).decode()


def headers(key: bytes, message_id: str, seconds: int, body: bytes) -> dict[str, str]:
    """Return the headers of a message that is sent at a second since 1970."""
    signed = b".".join((message_id.encode(), str(seconds).encode(), body))
    signature = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{signature}",
    }
