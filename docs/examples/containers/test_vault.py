"""Tests against rsvault in a container, by testcontainers and Microsoft's SDK.

    pip install pytest testcontainers azure-mgmt-resource
    docker build --tag rsvault PATH_OF_RSVAULT
    pytest test_vault.py

Where RSVAULT_URL, RSVAULT_HTTPS_URL and RSVAULT_CA_FILE name a server, as `rsvault env python` sets
them, no container is started.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from azure.core.credentials import AccessToken
from azure.mgmt.resource.resources import ResourceManagementClient

IMAGE = os.environ.get("RSVAULT_IMAGE", "rsvault")
COMMAND = "serve --host 0.0.0.0 --clock frozen"
SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"


class AnyToken:
    """A credential: rsvault takes any token unless it is told otherwise."""

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        return AccessToken("any", 2_000_000_000)


@dataclass(frozen=True)
class Vault:
    url: str
    https_url: str
    ca_file: str

    def control(self, path: str, body: Any = None) -> Any:
        """Ask the control plane, such as `control("clock/advance", {"by": "P30D"})`."""
        content = json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        with urlopen(Request(f"{self.url}/_emulator/{path}", content, headers)) as answer:
            return json.load(answer)

    def resources(self) -> ResourceManagementClient:
        return ResourceManagementClient(
            AnyToken(), SUBSCRIPTION, base_url=self.https_url,
            credential_scopes=[f"{self.https_url}/.default"], connection_verify=self.ca_file,
        )


@contextmanager
def container(folder: Path) -> Iterator[Vault]:
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    made = DockerContainer(IMAGE, command=COMMAND, ports=[8080, 8443])
    with made.waiting_for(LogMessageWaitStrategy("rsvault ready")) as running:
        authority = folder / "ca.pem"
        authority.write_bytes(running.exec(["cat", "/data/ca.pem"]).output)
        http, https = running.get_exposed_port(8080), running.get_exposed_port(8443)
        yield Vault(f"http://localhost:{http}", f"https://localhost:{https}", str(authority))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    if "RSVAULT_URL" in os.environ:
        there = ("RSVAULT_URL", "RSVAULT_HTTPS_URL", "RSVAULT_CA_FILE")
        yield Vault(*(os.environ[name] for name in there))
        return
    with container(tmp_path_factory.mktemp("rsvault")) as vault:
        yield vault


@pytest.fixture
def vault(server: Vault) -> Vault:
    server.control("reset")
    return server


def test_a_group_lives_on(vault: Vault) -> None:
    with vault.resources() as client:
        client.resource_groups.create_or_update("web", {"location": "westeurope"})
        vault.control("clock/advance", {"by": "P30D"})
        assert [each.name for each in client.resource_groups.list()] == ["web"]


def test_the_next_test_finds_nothing(vault: Vault) -> None:
    with vault.resources() as client:
        assert list(client.resource_groups.list()) == []
