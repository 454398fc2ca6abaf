"""Ids and everything random: a hash of the world's seed and the row, never of the order of events.

The two hashes exist twice, here and in the database (``md5`` and ``rsv_hash``, see
``store/database.py``), so that set-based SQL and Python name a row alike on every dialect.
"""

from __future__ import annotations

import hashlib
import re
import uuid

ENTROPY_BITS = 60

_GUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


def md5_hex(text: str) -> str:
    """Return the 32 hex digits of MD5; PostgreSQL has the same function built in."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def hash_60(text: str) -> int:
    """Return 60 bits of MD5 as a non-negative integer that fits every dialect's BIGINT."""
    return int(md5_hex(text)[:15], 16)


def natural(seed: int, kind: str, *parts: str | int) -> str:
    """Return the text that a row is hashed from: the seed, what it is, and its natural key."""
    return "/".join((str(seed), kind, *(str(part) for part in parts)))


def key(seed: int, kind: str, *parts: str | int) -> int:
    """Return a row's integer key."""
    return hash_60(natural(seed, kind, *parts))


def guid_hex(seed: int, kind: str, *parts: str | int) -> str:
    """Return a row's GUID as 32 hex digits, the way it is stored."""
    return md5_hex(natural(seed, kind, *parts))


def guid(hex_digits: str) -> str:
    """Write 32 hex digits as a GUID."""
    return str(uuid.UUID(hex_digits))


def parse_guid(text: str) -> str | None:
    """Return the 32 lower-case hex digits of a GUID, or ``None`` if the text is none."""
    return text.replace("-", "").lower() if _GUID.fullmatch(text) else None


def request_id() -> str:
    """Return a fresh id for one HTTP request: the only id that is not derived."""
    return str(uuid.uuid4())


def recovery_point_name(entropy: int, taken_at: int) -> str:
    """Return a recovery point's name: 16 digits, unique in its item and reversible.

    An item has one snapshot at a time, so its instant identifies the point; mixing in the
    item's entropy makes names of different items differ.
    """
    return str(taken_at ^ (entropy & 0x7FFF_FFFF))


def recovery_point_instant(entropy: int, name: str) -> int | None:
    """Return the instant that a recovery point's name stands for, or ``None`` if it is none."""
    if not (name.isascii() and name.isdigit() and len(name) <= 18):
        return None
    return int(name) ^ (entropy & 0x7FFF_FFFF)


def fingerprint(origin: str, instant: int) -> str:
    """Return the content fingerprint of a disk: what was written to it up to an instant."""
    return md5_hex(f"{origin}/{instant}")
