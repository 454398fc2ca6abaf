"""What all tables share: their metadata with its names for constraints, and the type of texts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import MetaData, String

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Document = dict[str, Any]


def text_of(length: int) -> String:
    """Return the type of texts that compare by code point, as SQLite has it on every machine."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")
