"""What database servers run inside a VM; on Azure only the guest knows, here tags of the VM tell.

``rsvault-sql: MSSQLSERVER/sales,hr=Simple,SQL2/crm`` are two instances of SQL Server with their
databases, ``rsvault-hana: HDB/ERP,BW`` is a system of SAP HANA. A value of a tag has 256 characters
at most, so there may be several: ``rsvault-sql-2`` adds to ``rsvault-sql``. A VM that was made from
an image of SQL Server, or that a Microsoft.SqlVirtualMachine resource names, has the instance
MSSQLSERVER anyway. The databases that a server cannot be without are always there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import Refused, invalid
from .policies import HANA_DATABASE, SQL_DATABASE

SQL_TAG, HANA_TAG = "rsvault-sql", "rsvault-hana"
DEFAULT_INSTANCE = "MSSQLSERVER"
IMAGE_PUBLISHER = "microsoftsqlserver"
SQL_REGISTERED = "sql_registered"
"""What the hidden part of a VM says once a SQL virtual machine resource has named it."""

FULL_MODEL, SIMPLE_MODEL, BULK_LOGGED_MODEL = "FULL", "SIMPLE", "BULK_LOGGED"
_MODELS = {"full": FULL_MODEL, "simple": SIMPLE_MODEL, "bulklogged": BULK_LOGGED_MODEL}


@dataclass(frozen=True, slots=True)
class GuestDatabase:
    """A database by its server's instance (of SAP HANA: its system) and its name.

    Names mean the same in any casing. SAP HANA has no recovery models.
    """

    workload: str
    instance: str
    name: str
    recovery_model: str = FULL_MODEL

    @property
    def key(self) -> str:
        """What tells it from the others of its VM, in lower case."""
        return f"{self.workload}/{self.instance}/{self.name}".lower()


@dataclass(frozen=True, slots=True)
class GuestServer:
    """An instance of SQL Server, or a system of SAP HANA, with the databases in it, by name."""

    workload: str
    instance: str
    databases: tuple[GuestDatabase, ...]


@dataclass(frozen=True, slots=True)
class _Kind:
    """What one kind of server allows, and which databases its servers cannot be without."""

    workload: str
    tag: str
    instance: re.Pattern[str]
    instance_rule: str
    always: Mapping[str, str]
    models: Mapping[str, str]


_KINDS = (
    _Kind(
        SQL_DATABASE,
        SQL_TAG,
        re.compile(r"[A-Za-z_#][\w#$]{0,15}", re.ASCII),
        "the name of an instance has 1 to 16 letters, digits, '_', '#' or '$' and does not begin "
        f"with a digit, such as {DEFAULT_INSTANCE}",
        {"master": SIMPLE_MODEL, "model": FULL_MODEL, "msdb": SIMPLE_MODEL},
        _MODELS,
    ),
    _Kind(
        HANA_DATABASE,
        HANA_TAG,
        re.compile(r"[A-Za-z][A-Za-z0-9]{2}"),
        "the id of a system has a letter and two letters or digits, such as HDB",
        {"SYSTEMDB": ""},
        {},
    ),
)
_NAME = re.compile(r"[^\s;/,=%<>&\\?](?:[^;/,=%<>&\\?]{0,88}[^\s;/,=%<>&\\?])?")
_NAME_RULE = "a database's name has 1 to 90 characters, none of them ; / , = % < > & \\ ?"


def servers(document: Mapping[str, Any], hidden: Mapping[str, Any]) -> list[GuestServer]:
    """Return the servers in a VM, by name, as its resource's document and hidden part tell."""
    found: dict[tuple[str, str], dict[str, GuestDatabase]] = {}
    spelled: dict[tuple[str, str], str] = {}
    for kind, instance, database in _told(document, hidden):
        server = (kind.workload, instance.lower())
        name = spelled.setdefault(server, instance)
        there = found.setdefault(server, _born(kind, name))
        if database is not None:
            there[database.name.lower()] = GuestDatabase(
                kind.workload, name, database.name, database.recovery_model
            )
    return [
        GuestServer(server[0], spelled[server], tuple(there[name] for name in sorted(there)))
        for server, there in sorted(found.items())
    ]


def read(document: Mapping[str, Any], hidden: Mapping[str, Any]) -> list[GuestDatabase]:
    """Return the databases in a VM, by server and name."""
    return [each for server in servers(document, hidden) for each in server.databases]


def check(tags: Mapping[str, str]) -> None:
    """Raise ``Refused`` for tags of a VM that do not tell what is in it, naming the tag."""
    seen: set[str] = set()
    for tag, kind, value in _tags(tags):
        for _, instance, database in _entries(tag, kind, value):
            key = "" if database is None else f"{kind.workload}/{instance}/{database.name}".lower()
            if key in seen:
                raise _wrong(
                    tag, f"the database '{instance}/{key.rpartition('/')[2]}' stands twice"
                )
            seen.update({key} - {""})


_Entry = tuple[_Kind, str, GuestDatabase | None]


def _told(document: Mapping[str, Any], hidden: Mapping[str, Any]) -> Iterator[_Entry]:
    if hidden.get(SQL_REGISTERED) or _is_from_image(document):
        yield _KINDS[0], DEFAULT_INSTANCE, None
    for tag, kind, value in _tags(document.get("tags") or {}):
        yield from _entries(tag, kind, value)


def _is_from_image(document: Mapping[str, Any]) -> bool:
    image = document["properties"]["storageProfile"].get("imageReference") or {}
    return str(image.get("publisher", "")).lower() == IMAGE_PUBLISHER


def _tags(tags: Mapping[str, str]) -> Iterator[tuple[str, _Kind, str]]:
    for name in sorted(tags, key=str.lower):
        for kind in _KINDS:
            if name.lower() == kind.tag or name.lower().startswith(f"{kind.tag}-"):
                yield name, kind, tags[name]


def _entries(tag: str, kind: _Kind, value: str) -> Iterator[_Entry]:
    """Read a tag's value: an instance counts until another is named. Raises ``Refused``."""
    instance: str | None = None
    for text in (part.strip() for part in value.split(",")):
        named, slash, rest = text.rpartition("/")
        if slash:
            instance = _instance(tag, kind, named)
        if instance is None:
            raise _wrong(tag, f"'{text}' must begin with its instance, as <instance>/<database>")
        if not text:
            raise _wrong(tag, "there is nothing before or after a comma")
        yield kind, instance, _database(tag, kind, instance, rest) if rest else None


def _instance(tag: str, kind: _Kind, name: str) -> str:
    if kind.instance.fullmatch(name) is None:
        raise _wrong(tag, f"'{name}' is not allowed: {kind.instance_rule}")
    return name


def _database(tag: str, kind: _Kind, instance: str, text: str) -> GuestDatabase:
    name, equals, model = text.partition("=")
    if _NAME.fullmatch(name) is None:
        raise _wrong(tag, f"'{name}' is not allowed: {_NAME_RULE}")
    if not equals:
        return GuestDatabase(kind.workload, instance, name, _born_model(kind, name))
    known = kind.models.get(model.lower().replace("_", ""))
    if known is None:
        allowed = " or ".join(("Full", "Simple", "BulkLogged") if kind.models else ("nothing",))
        raise _wrong(tag, f"'{model}' is no recovery model of '{name}': {allowed}")
    return GuestDatabase(kind.workload, instance, name, known)


def _born(kind: _Kind, instance: str) -> dict[str, GuestDatabase]:
    return {
        name.lower(): GuestDatabase(kind.workload, instance, name, model)
        for name, model in kind.always.items()
    }


def _born_model(kind: _Kind, name: str) -> str:
    born = {each.lower(): model for each, model in kind.always.items()}
    return born.get(name.lower(), FULL_MODEL if kind.models else "")


def _wrong(tag: str, message: str) -> Refused:
    return invalid("InvalidParameter", f"tags.{tag}: {message}.", target=f"tags.{tag}")
