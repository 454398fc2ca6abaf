"""The plugin as a user has it: in a suite of their own, with workers, from a wheel."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugin.conftest import PROJECT, RunPytest, fresh_environment, run_in

TEN_LINES = """
GROUP = {"location": "westeurope"}


def test_a_group_is_made(recovery_vault):
    groups = recovery_vault.clients.resources.resource_groups
    groups.create_or_update("web", GROUP)
    recovery_vault.clock.advance("P30D")
    assert [each.name for each in groups.list()] == ["web"]
    recovery_vault.journal.assert_asked("ResourceGroups_CreateOrUpdate", times=1)


def test_the_world_is_new_and_the_clock_where_it_was(recovery_vault):
    assert list(recovery_vault.clients.resources.resource_groups.list()) == []
    assert recovery_vault.clock.now.isoformat() == "2026-01-01T00:00:00+00:00"
    recovery_vault.faults.arm("throttled")
"""

INSTALLED_HERE = """
import sys
import rsvault

assert rsvault.__file__.startswith(sys.prefix)
"""

ASYNCIO = """
import asyncio


def test_an_asynchronous_client(recovery_vault):
    async def ask():
        async with recovery_vault.async_clients() as clients:
            return [each async for each in clients.vaults.vaults.list_by_subscription_id()]

    assert asyncio.run(ask()) == []
"""

OPTIONS = """
import pytest


@pytest.mark.recovery_vault(start_time="2030-01-01T00:00:00Z", seed=7)
def test_a_marker_says_when_the_world_begins(recovery_vault):
    assert recovery_vault.clock.now.year == 2030


@pytest.mark.recovery_vault(clok="frozen")
def test_a_wrong_option(recovery_vault):
    pass


@pytest.fixture(scope="module")
def estate(recovery_vault_factory):
    with recovery_vault_factory(seed=3) as vault:
        yield vault


def test_a_vault_of_a_wider_scope(estate):
    assert estate.clock.now.year == 2026
"""


def test_a_run_that_uses_no_fixture_imports_one_file() -> None:
    script = (
        "import sys, pytest; before = {*sys.modules}\n"
        "import app.pytest_plugin; print(*{*sys.modules} - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) == {"app", "app.pytest_plugin"}


def test_each_test_has_a_world_of_its_own(suite: RunPytest) -> None:
    done = suite({"test_it.py": TEN_LINES}, "-q")
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_workers_have_a_server_each(suite: RunPytest) -> None:
    done = suite({"test_one.py": TEN_LINES, "test_two.py": TEN_LINES}, "-q", "-n", "2")
    assert "4 passed" in done.stdout, done.stdout + done.stderr


def test_options_of_a_test_and_a_vault_of_a_module(suite: RunPytest) -> None:
    done = suite({"test_it.py": OPTIONS}, "-q")
    assert "2 passed, 1 error" in done.stdout, done.stdout + done.stderr
    assert "recovery_vault: " in done.stdout
    assert "clok" in done.stdout


def test_the_wheel_brings_the_fixture_beside_another_app(installed: Path, tmp_path: Path) -> None:
    files = {
        "app/__init__.py": "MINE = True\n",
        "test_it.py": "import app\n" + INSTALLED_HERE + TEN_LINES,
    }
    done = run_in(
        tmp_path, files, [str(installed), "-m", "pytest", "-q", "-W", "error"], {"PYTHONPATH": "."}
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.deep
def test_it_is_installed_from_git(sources: Path, tmp_path: Path) -> None:
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a",
           "GIT_COMMITTER_EMAIL": "a@b", **os.environ}  # fmt: skip
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all of it"]):
        done = run_in(sources, {}, ["git", *words], who)
        assert done.returncode == 0, done.stderr
    python = fresh_environment(tmp_path / "environment", f"git+file://{sources}")
    files = {"test_it.py": INSTALLED_HERE + TEN_LINES}
    done = run_in(tmp_path, files, [str(python), "-m", "pytest", "-q"], {})
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_asyncio_has_clients_too(suite: RunPytest) -> None:
    done = suite({"test_it.py": ASYNCIO}, "-q")
    assert "1 passed" in done.stdout, done.stdout + done.stderr
