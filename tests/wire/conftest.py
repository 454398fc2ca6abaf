"""Worlds to begin from, and servers whose options differ from the usual ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.server import RunningServer, start
from app.settings import Settings
from tests.conftest import HOOKS, START, FreshDatabase
from tests.wire.builders import Served, protect, put_group, put_policy, put_vault, put_vm, set_clock
from tests.wire.receivers import WebhookReceiver


@pytest.fixture
def world(server: RunningServer, connection: httpx.Client) -> Iterator[RunningServer]:
    """The server with an empty world at the start time, whose clock is left as it was found."""
    connection.post("/_emulator/reset").raise_for_status()
    yield server
    set_clock(connection, mode="frozen", skipOnWait="finish")


@pytest.fixture
def vault(arm: httpx.Client) -> httpx.Client:
    """A client of a world with a group, a vault that is ready and a daily policy at 22:00."""
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    arm.post("/_emulator/clock/advance", json={"until": "idle"}).raise_for_status()
    return arm


@pytest.fixture
def protected(vault: httpx.Client) -> httpx.Client:
    """A client of a world whose VM ``vm-1`` is protected by the daily policy."""
    put_vm(vault)
    protect(vault)
    return vault


@pytest.fixture
def serve(tmp_path: Path, fresh_world: FreshDatabase) -> Iterator[Served]:
    """Start a server with options of its own and return a client of it."""
    with ExitStack() as stack:

        def start_one(**options: Any) -> httpx.Client:
            chosen: dict[str, Any] = {"port": 0, "https_port": None, "home": tmp_path}
            chosen |= {"clock_mode": "frozen", "start_time": START, "database": fresh_world()}
            chosen |= options
            running = stack.enter_context(start(Settings(**chosen)))
            client = httpx.Client(base_url=running.http_url, event_hooks=HOOKS, timeout=30)
            return stack.enter_context(client)

        yield start_one


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    """A receiver that answers 200, unless it is told otherwise."""
    with WebhookReceiver() as found:
        yield found
