"""A provider for each release, at a server whose soft delete that release can cope with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from app.server import start
from app.settings import Settings
from tests.clients.azurerm.provider import Azurerm
from tests.clients.azurerm.releases import CURRENT, RELEASES, Release
from tests.conftest import HOOKS, START, FreshDatabase
from tests.wire.builders import put_group


@pytest.fixture(params=RELEASES, ids=str)
def release(request: pytest.FixtureRequest) -> Release:
    """A release of azurerm: every test that asks for this runs once for each."""
    found: Release = request.param
    return found


@pytest.fixture(scope="session")
def permissive(
    dialect: str, fresh_world: FreshDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A client of a server on which soft delete can be changed, as before 2025."""
    settings = Settings(
        port=0,
        https_port=None,
        database=fresh_world(),
        clock_mode="frozen",
        start_time=START,
        home=tmp_path_factory.mktemp(f"home-{dialect}"),
        soft_delete="enabled",
    )
    with ExitStack() as stack:
        server = stack.enter_context(start(settings))
        client = httpx.Client(base_url=server.http_url, event_hooks=HOOKS, timeout=60)
        yield stack.enter_context(client)


@pytest.fixture
def azurerm(release: Release, arm: httpx.Client, permissive: httpx.Client) -> Azurerm:
    """A release at an empty world with a resource group in it."""
    if release.dated:  # it sets soft delete with every vault, which today's vaults refuse
        arm = permissive
        arm.post("/_emulator/reset").raise_for_status()
    put_group(arm)
    return Azurerm(arm, release)


@pytest.fixture
def current(arm: httpx.Client) -> Azurerm:
    """The newest release at an empty world with a resource group in it."""
    put_group(arm)
    return Azurerm(arm, CURRENT)
