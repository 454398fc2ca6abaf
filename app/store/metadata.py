"""What all tables share: their metadata with its names for constraints, and the type of texts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, MetaData, String, event

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

POSTGRESQL_WHERE = "where on PostgreSQL"
"""Under which an index keeps, in its ``info``, a condition that SQLite spells otherwise."""


def _narrow(_metadata: MetaData, connection: Connection, **_: Any) -> None:
    """Give PostgreSQL the conditions of indexes: the tables tell them for SQLite alone.

    To name both there would import PostgreSQL's dialect at every start, for some 30 ms.
    """
    if connection.dialect.name != "postgresql":
        return
    for index in (each for table in metadata.tables.values() for each in table.indexes):
        condition = index.info.get(POSTGRESQL_WHERE, index.dialect_options["sqlite"]["where"])
        index.dialect_options["postgresql"]["where"] = condition


event.listen(metadata, "before_create", _narrow)


def text_of(length: int) -> String:
    """Return the type of texts that compare by code point, as SQLite has it on every machine."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")
