"""One running server a database for a whole run of the tests, and an empty world for each test.

Everything that touches a database runs on SQLite and on PostgreSQL. The clock stands at
2026-01-01T00:00:00Z and moves only when a test moves it, or when a client waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.server import RunningServer, start
from app.settings import Settings
from tests.az.figures import AzFigures
from tests.clients.operation_figures import OperationFigures
from tests.declared import check_status
from tests.postgresql import PostgreSQL

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
API_VERSION = "2025-04-01"
START = datetime(2026, 1, 1, tzinfo=UTC)

ON_ONE_DATABASE = [
    Path(__file__).parent / each
    for each in (
        "az",
        "clients/azurerm",
        "clients/test_alert_rules_sdk.py",
        "clients/test_archive_sdk.py",
        "wire/test_action_groups.py",
        "wire/test_alert_processing_rules.py",
        "wire/test_azurerm_file_shares.py",
        "wire/test_azurerm_other_policies.py",
        "wire/test_client_dates.py",
        "wire/test_companions.py",
        "wire/test_control_token.py",
        "wire/test_customer_managed_keys.py",
        "wire/test_deployments.py",
        "wire/test_deliveries.py",
        "wire/test_disk_exclusion.py",
        "wire/test_disks.py",
        "wire/test_enhanced_policies.py",
        "wire/test_explorer.py",
        "wire/test_file_recoveries.py",
        "wire/test_front_door.py",
        "wire/test_home.py",
        "wire/test_multi_user_authorization.py",
        "wire/test_policies.py",
        "wire/test_protection_validations.py",
        "wire/test_rbac.py",
        "clients/test_alerts_sdk.py",
        "clients/test_faults_sdk.py",
        "wire/test_alerts_management.py",
        "wire/test_faults_at_the_door.py",
        "wire/test_recovery_point_details.py",
        "wire/test_refused_transitions.py",
        "wire/test_rehydrations.py",
        "wire/test_restore_choices.py",
        "wire/test_restore_validations.py",
        "wire/test_restored_vms.py",
        "wire/test_success_codes.py",
        "wire/test_tiering_costs.py",
        "wire/test_tokens.py",
        "wire/test_vault_settings.py",
        "wire/test_virtual_machines.py",
        "wire/test_virtual_networks.py",
    )
]
"""Clients' whole ways, and what is about spelling, bodies, rights and refusals rather than rows.

What these write and read, others write and read on both databases; the oracle, the cuts, the
machine and the kills hold the two equal.
"""

Advance = Callable[[str], None]
FreshDatabase = Callable[[], str]
"""Makes an empty database and returns what ``--database`` takes."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a machine without PostgreSQL run the rest; let be written down what clients ran."""
    parser.addoption("--no-postgresql", action="store_true", help="leave PostgreSQL out")
    parser.addoption("--az-figures", type=Path, help="write a table of the az commands that ran")
    parser.addoption("--operations", type=Path, help="fail if the SDKs' operations are others")
    parser.addoption("--write-operations", type=Path, help="write the table of SDKs' operations")


def pytest_configure(config: pytest.Config) -> None:
    """Collect what az ran where all workers report, and what the SDKs asked."""
    if config.getoption("--operations") or config.getoption("--write-operations"):
        config.pluginmanager.register(OperationFigures(config))
    file = config.getoption("--az-figures")
    if file is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(AzFigures(file))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave PostgreSQL's half out: everywhere if that was asked for, and of what needs one only.

    Overriding ``dialect`` in a folder would not do: ``fresh_world`` is kept for a whole run, and
    would go on to give that folder's database to the tests of the other one.
    """
    everywhere = config.getoption("--no-postgresql")
    left_out = [
        each
        for each in items
        if _dialect_of(each) == "postgresql" and (everywhere or _is_on_one_database(each))
    ]
    config.hook.pytest_deselected(items=left_out)
    gone = {id(each) for each in left_out}
    items[:] = [each for each in items if id(each) not in gone]


def _is_on_one_database(item: pytest.Item) -> bool:
    return any(item.path.is_relative_to(folder) for folder in ON_ONE_DATABASE)


def _dialect_of(item: pytest.Item) -> str | None:
    call = getattr(item, "callspec", None)
    return call.params.get("dialect") if call else None


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """The database that a test runs on: every test that asks for this runs once on each."""
    return str(request.param)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server, started when the first test needs it."""
    with closing(PostgreSQL()) as server:
        yield server


@pytest.fixture(scope="session")
def fresh_world(dialect: str, postgresql: PostgreSQL) -> FreshDatabase:
    """Make an empty database of the dialect; SQLite's is in memory."""
    return postgresql.fresh if dialect == "postgresql" else lambda: "memory"


@pytest.fixture
def stored_world(fresh_world: FreshDatabase, dialect: str, tmp_path: Path) -> str:
    """An empty database of the dialect that outlives its server."""
    return f"sqlite:///{tmp_path / 'world.db'}" if dialect == "sqlite" else fresh_world()


@dataclass(frozen=True)
class Running:
    """A server and the one keep-alive connection to it."""

    server: RunningServer
    connection: httpx.Client


@pytest.fixture(scope="session")
def servers(postgresql: PostgreSQL) -> Iterator[dict[str, Running]]:
    """The servers that run, by dialect: tests of both may come in any order.

    They end before the database that one of them is on.
    """
    running: dict[str, Running] = {}
    yield running
    for each in running.values():
        each.connection.close()
        each.server.stop()


@pytest.fixture(scope="session")
def running(
    servers: dict[str, Running],
    dialect: str,
    fresh_world: FreshDatabase,
    tmp_path_factory: pytest.TempPathFactory,
) -> Running:
    """The dialect's server on free ports, over HTTP and HTTPS."""
    if dialect not in servers:
        settings = Settings(
            port=0,
            https_port=0,
            database=fresh_world(),
            clock_mode="frozen",
            start_time=START,
            home=tmp_path_factory.mktemp("home"),
        )
        server = start(settings)
        client = httpx.Client(base_url=server.http_url, event_hooks=HOOKS, timeout=60)
        servers[dialect] = Running(server, client)
    return servers[dialect]


@pytest.fixture(scope="session")
def server(running: Running) -> RunningServer:
    """A server whose clock stands; use ``world``, which empties it first."""
    return running.server


@pytest.fixture(scope="session")
def connection(running: Running) -> httpx.Client:
    """The one connection to the server; use ``arm``, which empties the world first."""
    return running.connection


def with_api_version(request: httpx.Request) -> None:
    """Add an api-version where there is none; a client's own params would replace a nextLink's."""
    if "api-version" not in request.url.params:
        request.url = request.url.copy_merge_params({"api-version": API_VERSION})


HOOKS: dict[str, list[Callable[..., Any]]] = {
    "request": [with_api_version],
    "response": [check_status],
}
"""What every client of the tests does to its requests and answers."""


@pytest.fixture
def world(server: RunningServer, connection: httpx.Client) -> RunningServer:
    """The server with an empty world, back at the start time."""
    connection.post("/_emulator/reset").raise_for_status()
    return server


@pytest.fixture
def arm(world: RunningServer, connection: httpx.Client) -> httpx.Client:
    """A client of an empty world; every request has an api-version unless it brings its own."""
    return connection


@pytest.fixture
def advance(connection: httpx.Client) -> Advance:
    """Move the clock by an ISO 8601 duration."""

    def by(duration: str) -> None:
        connection.post("/_emulator/clock/advance", json={"by": duration}).raise_for_status()

    return by


@pytest.fixture
def group(arm: httpx.Client) -> str:
    """The id of an empty resource group in West Europe."""
    answer: dict[str, Any] = arm.put(
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/group-1", json={"location": "westeurope"}
    ).json()
    return str(answer["id"])


@pytest.fixture
def vm(group: str) -> str:
    """The id that the tests give their VM; it is not there yet."""
    return f"{group}/providers/Microsoft.Compute/virtualMachines/vm-1"


@pytest.fixture
def disk(arm: httpx.Client, group: str) -> str:
    """The id of an empty disk of 16 GB."""
    disk_id = f"{group}/providers/Microsoft.Compute/disks/disk-1"
    properties = {"creationData": {"createOption": "Empty"}, "diskSizeGB": 16}
    sent = {"location": "westeurope", "properties": properties}
    arm.put(disk_id, json=sent).raise_for_status()
    return disk_id
