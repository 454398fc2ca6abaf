"""RecoveryVault, which the fixture is a thin skin over: its options, its clients, its ends."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
import pytest
from azure.core.credentials import SupportsTokenInfo, TokenCredential
from azure.core.credentials_async import AsyncSupportsTokenInfo, AsyncTokenCredential
from azure.core.exceptions import HttpResponseError
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.subscriptions import SubscriptionClient

from app.client import ControlError
from app.double.option_words import words
from app.testing import RecoveryVault, RecoveryVaultError

START = datetime(2026, 1, 1, tzinfo=UTC)
GROUP = {"location": "westeurope"}


@pytest.fixture(scope="module")
def kept() -> Iterator[RecoveryVault]:
    with RecoveryVault() as vault:
        yield vault


@pytest.fixture
def vault(kept: RecoveryVault) -> RecoveryVault:
    kept.reset()
    return kept


def groups(vault: RecoveryVault) -> list[str]:
    return [str(each.name) for each in vault.clients.resources.resource_groups.list()]


# --- its world ----------------------------------------------------------------------------


def test_a_reset_empties_the_world_and_brings_back_how_time_passes(vault: RecoveryVault) -> None:
    vault.clients.resources.resource_groups.create_or_update("web", GROUP)
    assert groups(vault) == ["web"]
    vault.clock.run("scaled", rate=3600, skip_on_wait="off")
    vault.reset()
    assert groups(vault) == []
    vault.journal.assert_never_asked("ResourceGroups_CreateOrUpdate")
    clock = vault.control.clock()
    assert (clock.now, clock.mode, clock.skip_on_wait) == (START, "frozen", "finish")


def test_a_world_of_a_file_is_there_again_after_each_reset(tmp_path: Path) -> None:
    file = tmp_path / "estate.yaml"
    file.write_text(
        "now: 2026-02-01T00:00:00Z\nresourceGroups: [{name: web, location: westeurope}]\n"
    )
    with RecoveryVault(world=file) as vault:
        for _ in range(2):
            vault.reset()
            assert groups(vault) == ["web"]
            assert vault.clock.now == datetime(2026, 2, 1, tzinfo=UTC)
            vault.clients.resources.resource_groups.create_or_update("more", GROUP)
            vault.clock.run("scaled", rate=60)
            vault.faults.arm("throttled")
        assert vault.reset().mode == "frozen"
        assert vault.faults.list() == []


@pytest.mark.parametrize(
    ("text", "message"),
    [(None, "No such file"), ("resourceGroups: 7\n", "line 1, column 1: resourceGroups")],
)
def test_what_is_wrong_in_a_world_is_told(tmp_path: Path, text: str | None, message: str) -> None:
    file = tmp_path / "estate.yaml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ValueError, match=f"world {file}: .*{message}"):
        RecoveryVault(world=file).start()


def test_the_clock_stands_until_it_is_advanced(vault: RecoveryVault) -> None:
    assert vault.clock.now == vault.clock.now == START
    assert vault.clock.advance("P1D") == START + timedelta(days=1)
    assert vault.clock.advance(timedelta(hours=1)) == START + timedelta(hours=25)
    assert vault.clock.advance(to="2027-01-01T00:00:00Z") == datetime(2027, 1, 1, tzinfo=UTC)
    with pytest.raises(ControlError, match="never goes back"):
        vault.clock.advance(to=START)


def test_a_backup_is_waited_for_by_its_job(vault: RecoveryVault) -> None:
    """As an SDK's client returns it, by its id, by its ARM id, as JSON, or with all others."""
    item = protected(vault)
    backup = vault.clients.backup
    vault.clock.run(skip_on_wait="off")
    for how in ("object", "name", "id", "json", "idle"):
        trigger(vault, item)
        running = "status eq 'InProgress' and operation eq 'Backup'"
        (job,) = backup.backup_jobs.list("safe", "web", filter=running)
        named: dict[str, Any] = {
            "object": job, "name": job.name, "id": job.id, "json": job.as_dict(), "idle": "idle"
        }  # fmt: skip
        vault.advance_until(named[how])
        done = backup.job_details.get("safe", "web", str(job.name))
        assert done.properties is not None
        assert done.properties.status == "Completed", how
    with pytest.raises(TypeError, match="is no job"):
        vault.advance_until(7)
    with pytest.raises(ControlError, match="JobNotFound"):
        vault.advance_until("5b6cd8e8-6b1c-4c02-a6a3-0f3ad5cd9c7b")


ITEM = ("Azure", "IaasVMContainer;iaasvmcontainerv2;web;vm-1", "VM;iaasvmcontainerv2;web;vm-1")


def protected(vault: RecoveryVault) -> tuple[str, str, str, str, str]:
    """Make a VM and a vault, and put it under the vault's daily policy."""
    clients = vault.clients
    clients.resources.resource_groups.create_or_update("web", GROUP)
    disk: dict[str, Any] = {"createOption": "FromImage", "diskSizeGB": 30}
    image = {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server",
             "version": "latest"}  # fmt: skip
    machine: Any = {
        "location": "westeurope",
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
            "storageProfile": {"imageReference": image, "osDisk": disk},
        },
    }
    vm = clients.compute.virtual_machines.begin_create_or_update("web", "vm-1", machine).result()
    safe: Any = {"location": "westeurope", "sku": {"name": "Standard"}, "properties": {}}
    clients.vaults.vaults.begin_create_or_update("web", "safe", safe).result()
    policy = clients.backup.protection_policies.get("safe", "web", "DefaultPolicy")
    body: Any = {
        "properties": {
            "protectedItemType": vm.type, "sourceResourceId": vm.id, "policyId": policy.id,
        }
    }  # fmt: skip
    item = ("safe", "web", *ITEM)
    clients.backup.protected_items.begin_create_or_update(*item, body).result()
    return item


def trigger(vault: RecoveryVault, item: tuple[str, str, str, str, str]) -> None:
    body: Any = {"properties": {"objectType": "IaasVMBackupRequest"}}
    vault.clients.backup.backups.trigger(*item, body)


# --- its options --------------------------------------------------------------------------


def test_options_are_those_of_serve_in_words_or_in_names() -> None:
    start = datetime(2030, 1, 1, tzinfo=UTC)
    limit = {"backups-per-day": 2, "policies-per-vault": None}
    with RecoveryVault("--seed", "7", start_time=start, limit=limit, clock="scaled:60") as vault:
        clock = vault.control.clock()
        assert (clock.mode, clock.rate, clock.now.year) == ("scaled", 60, 2030)
        kept = vault.control.limits()
        assert (kept["backups-per-day"], kept["policies-per-vault"]) == (2, None)
        assert httpx.get(f"{vault.http_url}/_emulator/clock").json()["seed"] == 7


def test_names_are_written_as_words() -> None:
    options = {"generic_resources": True, "hostname": ["a", "b"], "limits": False, "seed": 7}
    assert words(options) == [
        "--generic-resources", "--hostname", "a", "--hostname", "b", "--limits", "off",
        "--seed", "7",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sead": 7}, r"No such option '--sead'. Did you mean '--seed'\?"),
        ({"seed": -1}, "--seed cannot be '-1': it must be a whole number from 0 to"),
        ({"start_time": "soon"}, "'--start-time': 'soon'"),
        ({"limit": {"backup-per-day": 2}}, "it must be backups-per-day, or another one of"),
        ({"help": True}, "'rsvault serve --help' shows the options"),
        ({"database": "sqlite:////nowhere/world.db"}, "nowhere"),
    ],
)
def test_wrong_options_are_refused_as_serve_refuses_them(
    options: dict[str, Any], message: str
) -> None:
    before = threading.active_count()
    with pytest.raises(ValueError, match=message):
        RecoveryVault(**options).start()
    assert threading.active_count() == before


# --- its clients --------------------------------------------------------------------------


def test_its_credentials_are_what_azure_core_asks_for(vault: RecoveryVault) -> None:
    credential: Any = vault.credential
    assert isinstance(credential, TokenCredential)
    assert isinstance(credential, SupportsTokenInfo)
    asynchronous: Any = vault.async_credential
    assert isinstance(asynchronous, AsyncTokenCredential)
    assert isinstance(asynchronous, AsyncSupportsTokenInfo)
    with vault.credential as credential:
        token = credential.get_token("https://management.azure.com/.default", enable_cae=True)
        info = credential.get_token_info("a scope", options={"tenant_id": "a tenant"})
    assert (info.token, info.expires_on, info.token_type) == (*token, "Bearer")

    async def both() -> tuple[Any, Any]:
        async with vault.async_credential as credential:
            return await credential.get_token("a scope"), await credential.get_token_info("a scope")

    assert asyncio.run(both()) == (token, info)


def test_a_client_of_any_of_microsofts_classes_is_made_once(vault: RecoveryVault) -> None:
    network = vault.client(NetworkManagementClient)
    assert vault.client(NetworkManagementClient) is network
    assert list(network.virtual_networks.list_all()) == []
    assert vault.client(NetworkManagementClient, polling_interval=1) is not network
    vault.clients.resources.resource_groups.create_or_update("web", GROUP)
    subscriptions = vault.client(SubscriptionClient).subscriptions.list()
    assert [each.subscription_id for each in subscriptions] == [vault.subscription]
    assert vault.clients.backup is vault.clients.backup
    with pytest.raises(AttributeError, match=r"among backup, vaults, .*client\(CLASS\)"):
        _ = vault.clients.network


def test_a_proxy_of_the_environment_is_not_asked(
    vault: RecoveryVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
    client = vault.client(NetworkManagementClient, logging_enable=True)
    assert list(client.virtual_networks.list_all()) == []


def test_without_an_sdk_the_message_says_what_to_install() -> None:
    script = (
        "import sys; sys.modules['azure'] = None\n"
        "from app.testing import RecoveryVault\n"
        "with RecoveryVault() as vault:\n"
        "    assert vault.credential.get_token('a scope').token\n"
        "    vault.clients.backup\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False
    )
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ModuleNotFoundError: clients.backup is RecoveryServicesBackupClient")
    assert last.endswith("pip install azure-mgmt-recoveryservicesbackup")


def test_where_roles_are_enforced_the_credential_owns_everything_and_others_nothing() -> None:
    with RecoveryVault(auth="rbac") as vault:
        vault.clients.resources.resource_groups.create_or_update("web", GROUP)
        other = vault.credential_of("55555555-5555-5555-5555-555555555555")
        stranger = vault.client(ResourceManagementClient, credential=other)
        with pytest.raises(HttpResponseError, match="AuthorizationFailed"):
            stranger.resource_groups.get("web")


# --- programs -------------------------------------------------------------------------------


def test_a_program_is_led_to_the_server_by_its_environment(vault: RecoveryVault) -> None:
    program = (
        "import os, azure.identity as i, azure.mgmt.recoveryservices as r\n"
        "url = os.environ['RSVAULT_HTTPS_URL']\n"
        "with i.DefaultAzureCredential() as who, r.RecoveryServicesClient(\n"
        "    who, os.environ['AZURE_SUBSCRIPTION_ID'], base_url=url,\n"
        "    credential_scopes=[f'{url}/.default']) as client:\n"
        "    print([vault.name for vault in client.vaults.list_by_subscription_id()])\n"
    )
    protected(vault)
    spoilt = os.environ | {"HTTP_PROXY": "http://127.0.0.1:1", "AZURE_CLIENT_SECRET": "mine"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=vault.environment("python", spoilt),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("['safe']\n", 0), done.stderr


def test_az_is_signed_in_once_by_its_own_commands(
    vault: RecoveryVault, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """By a program that takes az's place, as the real one has an environment of its own."""
    folder = tmp_path_factory.mktemp("programs")
    az, log = folder / "az", folder / "log"
    az.write_text(f'#!/bin/sh\necho "$1 $2" >> "{log}"\ntest "$2" != show\n')
    az.chmod(0o755)
    environ = {"PATH": f"{folder}:{os.environ['PATH']}"}
    made = vault.environment("az", environ)
    assert made["AZURE_CONFIG_DIR"].endswith("/az")
    assert made["REQUESTS_CA_BUNDLE"] == made["RSVAULT_CA_FILE"] == vault.ca_file
    assert vault.environment("az", environ) == made
    said = log.read_text().splitlines()
    assert said == ["cloud show", "cloud register", "cloud set", "login --service-principal"]


def test_a_client_that_is_not_there_is_named() -> None:
    with RecoveryVault() as vault:
        with pytest.raises(FileNotFoundError, match="az is not on PATH"):
            vault.environment("az", {"PATH": "/nowhere"})
        with pytest.raises(ValueError, match="'pulumi': one of az, terraform, azapi, ansible"):
            vault.environment("pulumi")


# --- its ends -----------------------------------------------------------------------------


def test_nothing_is_left_behind() -> None:
    before = set(threading.enumerate())
    vault = RecoveryVault()
    with pytest.raises(RecoveryVaultError, match=r"use a with block, or start\(\)"):
        _ = vault.url
    with vault:
        home = os.path.dirname(vault.ca_file)
        assert groups(vault) == []
    vault.close()
    assert set(threading.enumerate()) == before
    assert not os.path.exists(home)
    with pytest.raises(RecoveryVaultError, match="was stopped"):
        vault.reset()


def test_a_server_that_has_ended_is_told_with_its_reason() -> None:
    with RecoveryVault() as vault:
        end(thread_of(vault))
        with pytest.raises(RecoveryVaultError, match=r"has ended: SystemExit"):
            vault.check()
        with pytest.raises(RecoveryVaultError, match=r"has ended: SystemExit"):
            vault.reset()


def test_a_server_that_hangs_is_told_with_the_line_that_it_hangs_at() -> None:
    woken = threading.Event()
    try:
        with RecoveryVault(patience=0.2) as vault:
            loop_of(thread_of(vault)).call_soon_threadsafe(wait_for_nothing, woken)
            with pytest.raises(RecoveryVaultError, match="wait_for_nothing") as told:
                vault.reset()
        assert "does not answer" in str(told.value)
    finally:
        woken.set()


def wait_for_nothing(woken: threading.Event) -> None:
    woken.wait()


def thread_of(vault: RecoveryVault) -> threading.Thread:
    """Return the thread of the server that was started last."""
    assert vault.url
    return [each for each in threading.enumerate() if each.name == "rsvault"][-1]


def end(thread: threading.Thread) -> None:
    """Raise SystemExit in a thread, as nothing that a client sends could."""
    loop = loop_of(thread)
    loop.call_soon_threadsafe(sys.exit)
    thread.join(timeout=20)
    assert not thread.is_alive()


def loop_of(thread: threading.Thread) -> asyncio.AbstractEventLoop:
    """Return the event loop that a thread runs."""
    frame: FrameType | None = sys._current_frames()[thread.ident or 0]
    while frame is not None:
        runner = frame.f_locals.get("runner")
        if isinstance(runner, asyncio.Runner):
            return runner.get_loop()
        frame = frame.f_back
    raise AssertionError("no runner in this thread")


# --- what it tells ------------------------------------------------------------------------


def test_deliveries_are_waited_for_without_a_receiver(vault: RecoveryVault) -> None:
    assert vault.deliveries.wait() == {
        "Waiting": 0,
        "Sending": 0,
        "Delivered": 0,
        "Failed": 0,
        "NotSent": 0,
    }
    assert vault.deliveries.list() == []
    assert vault.deliveries.key().startswith("whsec_")
