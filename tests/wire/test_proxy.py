"""The redirect proxy: Azure's own addresses lead to this machine, and nothing else goes through."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from azure.mgmt.recoveryservices import RecoveryServicesClient
from azure.mgmt.recoveryservices.models import Sku, Vault, VaultProperties

from app.certificates import ensure_authority
from app.proxy import AZURE_HOSTS
from app.server import RunningServer, start
from app.settings import Settings
from tests.clients.test_compute_sdk import AnyToken
from tests.processes import command, ready, run
from tests.wire.builders import SUBSCRIPTION, VAULT_ID, put_group, put_vault

GROUPS = f"/subscriptions/{SUBSCRIPTION}/resourcegroups?api-version=2024-11-01"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[RunningServer]:
    """A server whose certificate does not name Azure's hosts yet."""
    with start(Settings(port=0, https_port=0, home=home)) as running:
        yield running


@pytest.fixture(scope="module")
def proxy(server: RunningServer, home: Path) -> Iterator[str]:
    assert server.https_url is not None
    options = ("--port", "0", "--https-url", server.https_url, "--home", str(home))
    with command("proxy", *options) as process:
        yield ready(process)["proxy"]


@pytest.fixture(scope="module")
def trust(home: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(ensure_authority(home)))


def ask(proxy: str, head: str) -> str:
    """Send a head to the proxy and return all that it answers."""
    host, port = proxy.removeprefix("http://").split(":")
    with closing(socket.create_connection((host, int(port)), timeout=10)) as connection:
        connection.sendall(head.encode())
        answer = b""
        while chunk := connection.recv(4096):
            answer += chunk
    return answer.decode()


def through(proxy: str, trust: ssl.SSLContext) -> httpx.Client:
    return httpx.Client(proxy=proxy, verify=trust, trust_env=False)


def test_arm_answers_under_its_own_name(proxy: str, trust: ssl.SSLContext) -> None:
    with through(proxy, trust) as client:
        for host in AZURE_HOSTS:
            answer = client.get(f"https://{host}{GROUPS}")
            assert answer.status_code == 200
            assert answer.json() == {"value": []}


def test_polling_urls_keep_the_name_that_was_asked(proxy: str, trust: ssl.SSLContext) -> None:
    with through(proxy, trust) as client:
        client.base_url = httpx.URL(f"https://{AZURE_HOSTS[0]}")
        client.params = {"api-version": "2025-02-01"}
        put_group(client)
        put_vault(client)
        answer = client.delete(VAULT_ID)
        assert answer.headers["location"].startswith(f"https://{AZURE_HOSTS[0]}/subscriptions/")


def test_microsofts_client_needs_no_endpoint(
    proxy: str, server: RunningServer, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with httpx.Client(base_url=server.http_url, params={"api-version": "2025-02-01"}) as arm:
        put_group(arm)
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ensure_authority(home)))
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with RecoveryServicesClient(AnyToken(), SUBSCRIPTION) as client:
        vault = Vault(location="westeurope", sku=Sku(name="Standard"), properties=VaultProperties())
        made = client.vaults.begin_create_or_update("group-1", "through-proxy", vault).result()
    assert made.name == "through-proxy"


@pytest.mark.parametrize(
    ("head", "status", "told"),
    [
        ("CONNECT example.com:443 HTTP/1.1\r\n\r\n", 403, "example.com:443 does not go through"),
        ("CONNECT management.azure.com:80 HTTP/1.1\r\n\r\n", 403, "does not go through"),
        ("CONNECT management.azure.com.evil.example:443 HTTP/1.1\r\n\r\n", 403, "only"),
        ("CONNECT 127.0.0.1:22 HTTP/1.1\r\n\r\n", 403, "does not go through"),
        ("CONNECT  HTTP/1.1\r\n\r\n", 403, "does not go through"),
        ("GET http://management.azure.com/ HTTP/1.1\r\n\r\n", 405, "tunnels for HTTPS"),
        ("\r\n\r\n", 405, "tunnels"),
    ],
)
def test_nothing_else_goes_through(proxy: str, head: str, status: int, told: str) -> None:
    answer = ask(proxy, head)
    assert answer.startswith(f"HTTP/1.1 {status} ")
    assert told in answer


def test_a_head_without_an_end_is_dropped(proxy: str) -> None:
    assert ask(proxy, "CONNECT " + "a" * 40_000) == ""


def test_a_server_that_is_not_there_is_told(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    url = f"https://127.0.0.1:{port}"
    with command("proxy", "--port", "0", "--https-url", url, "--home", str(home)) as process:
        answer = ask(ready(process)["proxy"], f"CONNECT {AZURE_HOSTS[0]}:443 HTTP/1.1\r\n\r\n")
        process.terminate()
        _, told = process.communicate(timeout=30)
    assert answer.startswith("HTTP/1.1 502 ")
    assert f"no rsvault answers at 127.0.0.1:{port}" in answer
    assert f"rsvault proxy: {url}: no server answers there yet" in told


def test_a_server_of_another_home_is_told(server: RunningServer, tmp_path: Path) -> None:
    options = ("--port", "0", "--https-url", str(server.https_url), "--home", str(tmp_path))
    with command("proxy", *options) as process:
        ready(process)
        process.terminate()
        _, told = process.communicate(timeout=30)
    assert "give both commands the same --home" in told


def test_a_taken_port_is_told(proxy: str, home: Path) -> None:
    told = run("proxy", "--port", proxy.rpartition(":")[2], "--home", str(home))
    assert told.returncode == 1
    assert "is --port" in told.stderr
