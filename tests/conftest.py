"""One running server for a whole run of the tests, and an empty world for each test.

Its clock stands at 2026-01-01T00:00:00Z and moves only when a test moves it, or when a client
waits for an operation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.server import RunningServer, start
from app.settings import Settings

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
API_VERSION = "2025-04-01"
START = datetime(2026, 1, 1, tzinfo=UTC)

Advance = Callable[[str], None]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with a memory database on free ports, over HTTP and HTTPS."""
    home: Path = tmp_path_factory.mktemp("home")
    settings = Settings(port=0, https_port=0, clock_mode="frozen", start_time=START, home=home)
    with start(settings) as running:
        yield running


@pytest.fixture(scope="session")
def connection(server: RunningServer) -> Iterator[httpx.Client]:
    """The one keep-alive connection to the server; use ``arm``, which empties the world first."""
    hooks = {"request": [with_api_version]}
    with httpx.Client(base_url=server.http_url, event_hooks=hooks, timeout=30) as client:
        yield client


def with_api_version(request: httpx.Request) -> None:
    """Add an api-version where there is none; a client's own params would replace a nextLink's."""
    if "api-version" not in request.url.params:
        request.url = request.url.copy_merge_params({"api-version": API_VERSION})


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
