"""The real ``az``, signed in to a server of this worker, and an empty world for each test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from app.server import RunningServer
from tests.az.environment import azure_cli
from tests.az.figures import PROPERTY
from tests.az.runner import Az
from tests.conftest import SUBSCRIPTION
from tests.wire.builders import set_clock

CLIENT = "44444444-4444-4444-4444-444444444444"


@pytest.fixture(scope="session")
def signed_in(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Az]:
    """An ``az`` that knows the server as its cloud and has signed in; use ``az``."""
    folder = tmp_path_factory.mktemp("az")
    variables = {
        "AZURE_CONFIG_DIR": str(folder / "config"),
        "REQUESTS_CA_BUNDLE": str(server.ca_file),
        "AZURE_CORE_INSTANCE_DISCOVERY": "false",
        "AZURE_CORE_COLLECT_TELEMETRY": "false",
    }
    with closing(Az(azure_cli(), folder, variables)) as az:
        az(f"cloud register --name rsvault --endpoint-resource-manager {server.https_url}")
        az("cloud set --name rsvault")
        az(
            f"login --service-principal -u {CLIENT} -p any --tenant contoso.com "
            f"--skip-subscription-discovery --subscription {SUBSCRIPTION}"
        )
        yield az


@pytest.fixture
def az(signed_in: Az, arm: httpx.Client, request: pytest.FixtureRequest) -> Iterator[Az]:
    """The ``az`` of an empty world; what it ran goes into the figures.

    A reset leaves alone how time runs, which a test may have changed.
    """
    yield signed_in
    set_clock(arm, skipOnWait="finish")
    # Another worker's report is sent in plain values.
    request.node.user_properties += [(PROPERTY, list(ran)) for ran in signed_in.ran]
    signed_in.ran.clear()
