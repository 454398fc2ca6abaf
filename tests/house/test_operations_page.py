"""docs/operations.md speaks of every operation of Microsoft's three SDKs, and of no other.

What it says of them is compared with what the tests asked by a run with ``--operations``.
"""

from __future__ import annotations

from pathlib import Path

from app.arm.journal import Exchange
from tests.clients.operation_figures import (
    NOT_THERE,
    REAL,
    Row,
    came_of,
    differences,
    page,
    rows_of,
)
from tests.clients.sdk_operations import SDKS, builders_of, operations_of

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
VAULT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.RecoveryServices/vaults/v"
CLIENT = f"azsdk-python-{SDKS[0].moniker} Python/3.11.7"


def test_every_request_of_the_sdks_is_an_operation_of_the_page() -> None:
    for sdk in SDKS:
        assert len(operations_of(sdk)) == builders_of(sdk)
    assert set(rows_of(PAGE)) == {each.key for sdk in SDKS for each in operations_of(sdk)}


def test_the_page_is_what_its_rows_become() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(rows_of(PAGE))


def test_what_is_not_there_is_not_called_anything_else() -> None:
    rows = rows_of(PAGE)
    served = {each.key: each.is_served for sdk in SDKS for each in operations_of(sdk)}
    gone = {key for key, is_served in served.items() if not is_served}
    assert {key for key, row in rows.items() if row.state == NOT_THERE} == gone
    for row in rows.values():
        assert (row.state == REAL) == bool(row.test)


def exchange(method: str, status: int, path: str = VAULT, client: str = CLIENT) -> Exchange:
    return Exchange(method, path, "", "ignored", status, "id", 0.001, None, client)


def test_a_write_is_real_once_the_same_client_has_read_state_back() -> None:
    write, poll = exchange("PATCH", 202), exchange("GET", 200, f"{VAULT}/operationStatus/1")
    updated = f"{SDKS[0].moniker} vaults.begin_update"
    assert updated not in came_of([write, poll])[0], "a poll shows no state"
    assert updated not in came_of([write, exchange("GET", 200, client="python-httpx")])[0]
    assert updated not in came_of([exchange("GET", 200), write])[0], "read before"
    assert updated not in came_of([exchange("PATCH", 400), exchange("GET", 200)])[0], "refused"
    assert updated in came_of([write, poll, exchange("GET", 200)])[0]


def test_a_page_that_a_run_contradicts_is_told_so() -> None:
    written = {"a": Row(REAL, "test_a"), "b": Row(NOT_THERE)}
    assert differences(written, written) == []
    assert differences(written, written | {"a": Row("refused")}) == [
        "a: the page says real (test_a), the run refused"
    ]
    assert len(differences(written, written | {"b": Row(REAL, "test_b")})) == 1
