"""What runs inside a VM, as its tags, its image and a SQL virtual machine resource tell."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.domain import guest_databases
from app.domain.errors import Refused

UBUNTU = {"publisher": "Canonical"}


def read(
    tags: dict[str, str], image: dict[str, str] = UBUNTU, **hidden: bool
) -> dict[str, dict[str, str]]:
    """Return what is in a VM: the databases of each server, with their recovery models."""
    guest_databases.check(tags)
    document = {"tags": tags, "properties": {"storageProfile": {"imageReference": image}}}
    return {
        f"{server.workload}/{server.instance}": {
            each.name: each.recovery_model for each in server.databases
        }
        for server in guest_databases.servers(document, hidden)
    }


SYSTEM = {"master": "SIMPLE", "model": "FULL", "msdb": "SIMPLE"}


def test_a_tag_names_instances_with_their_databases_and_recovery_models() -> None:
    found = read({"rsvault-sql": "MSSQLSERVER/sales, hr=Simple,SQL2/crm=BulkLogged, model=simple"})

    assert found == {
        "SQLDataBase/MSSQLSERVER": SYSTEM | {"sales": "FULL", "hr": "SIMPLE"},
        "SQLDataBase/SQL2": SYSTEM | {"crm": "BULK_LOGGED", "model": "SIMPLE"},
    }


def test_several_tags_add_up_and_instances_are_the_same_in_any_casing() -> None:
    found = read({"rsvault-sql": "SQL2/", "RSVAULT-SQL-2": "sql2/a", "rsvault-sql-b": "Sql2/b"})

    assert found == {"SQLDataBase/SQL2": SYSTEM | {"a": "FULL", "b": "FULL"}}


def test_a_system_of_hana_always_has_its_system_database_and_no_recovery_models() -> None:
    assert read({"rsvault-hana": "HDB/ERP,BW"}) == {
        "SAPHanaDatabase/HDB": {"BW": "", "ERP": "", "SYSTEMDB": ""}
    }


def test_an_image_of_sql_server_or_its_resource_means_the_default_instance() -> None:
    default = {"SQLDataBase/MSSQLSERVER": SYSTEM}

    assert read({}) == {}
    assert read({}, {"publisher": "MicrosoftSQLServer"}) == default
    assert read({}, sql_registered=True) == default
    assert read({"rsvault-sql": "mssqlserver/sales"}, {"publisher": "MicrosoftSQLServer"}) == {
        "SQLDataBase/MSSQLSERVER": SYSTEM | {"sales": "FULL"}
    }


@pytest.mark.parametrize(
    ("tag", "value", "what"),
    [
        ("rsvault-sql", "", "must begin with its instance"),
        ("rsvault-sql", "sales,hr", "must begin with its instance"),
        ("rsvault-sql-2", "MSSQLSERVER/sales,,hr", "nothing before or after a comma"),
        ("rsvault-sql", "1SQL/sales", "'1SQL' is not allowed"),
        ("rsvault-sql", "SQL2/a;b", "'a;b' is not allowed"),
        ("rsvault-sql", "SQL2/a=Half", "'Half' is no recovery model of 'a'"),
        ("rsvault-sql", "SQL2/a,A", "'SQL2/a' stands twice"),
        ("rsvault-hana", "HANA/ERP", "'HANA' is not allowed"),
        ("rsvault-hana", "HDB/ERP=Full", "'Full' is no recovery model of 'ERP': nothing"),
    ],
)
def test_a_tag_that_cannot_be_read_is_refused_by_its_name(tag: str, value: str, what: str) -> None:
    with pytest.raises(Refused) as refused:
        guest_databases.check({tag: value})

    assert refused.value.target == f"tags.{tag}"
    assert what in refused.value.message


def test_the_page_shows_tags_that_can_be_read() -> None:
    page = (Path(__file__).parents[2] / "docs" / "databases.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\| `(rsvault-\w+)` \| `([^`]+)` \|", page, re.MULTILINE)

    assert len(shown) == 4
    assert all(read({tag: value}) for tag, value in shown)
