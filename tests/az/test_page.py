"""docs/az.md and the part on az of docs/connect.md: what they say to type is typed, by real az."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.server import RunningServer
from tests.az.environment import azure_cli
from tests.az.figures import MARK
from tests.az.runner import Az
from tests.clients.test_connect_page import block, run, shell_of
from tests.processes import PROJECT
from tests.wire.builders import (
    POINTS,
    advance,
    back_up,
    done,
    listed,
    protect,
    put_group,
    put_policy,
    put_storage,
    put_vault,
    put_vm,
    vm_id,
)
from tests.wire.shares import ACCOUNT_ID, protect_share, put_share, put_share_policy, register
from tests.wire.test_file_shares import back_up_share
from tests.wire.test_multi_user_authorization import map_to, put_guard

pytestmark = pytest.mark.az

PAGE = (PROJECT / "docs" / "az.md").read_text(encoding="utf-8")
LONG = 600
"""Seconds that two dozen az, each started from a shell, may take on a machine that is busy."""
ROW = re.compile(r"^\| `az ([^`]+)` \| `([^`]+)` \|", re.MULTILINE)


@pytest.fixture
def shell(world: RunningServer, tmp_path: Path) -> list[str]:
    """A shell that has ``rsvault`` and ``az`` on its PATH, and a home of its own."""
    return [*shell_of(world, tmp_path, azure_cli()), f"HOME={tmp_path}"]


def test_the_commands_of_the_page_end_with_restored_disks(shell: list[str]) -> None:
    (script,) = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    head, _, *rows = run(shell, script, LONG).splitlines()
    assert head.split()[:3] == ["Name", "Operation", "Status"]
    assert [row.split()[1:4] for row in rows] == [
        [operation, "Completed", "vm-1"] for operation in ("Restore", "Backup", "ConfigureBackup")
    ]


def test_az_is_connected_as_the_page_on_connecting_says(shell: list[str]) -> None:
    said = run(shell, f"{block('az', 'sh')}\nrsvault doctor az", LONG).splitlines()
    assert "DefaultPolicy" in said
    assert [line for line in said if line.startswith("WRONG")] == []


def test_what_az_cannot_do_ends_with_the_error_of_the_page(az: Az, arm: httpx.Client) -> None:
    put_group(arm)
    put_vault(arm, properties={"securitySettings": {"immutabilitySettings": {"state": "Unlocked"}}})
    put_policy(arm)
    put_storage(arm)
    for name in ("vm-1", "vm-2"):
        put_vm(arm, name)
        protect(arm, name)
    back_up(arm)
    put_storage(arm, ACCOUNT_ID)
    put_share(arm)
    put_share_policy(arm)
    register(arm)
    share = protect_share(arm)
    back_up_share(arm, share)
    advance(arm, until="idle")
    put_guard(arm)
    done(map_to(arm))
    values = {
        "$POINT": listed(arm, POINTS)[0]["name"],
        "$SHARE_POINT": listed(arm, f"{share}/recoveryPoints")[0]["name"],
        "$POLICY": json.dumps(az("backup policy show -g group-1 -v vault-1 -n daily")),
        "$VM": vm_id(),
    }
    rows = ROW.findall(PAGE)
    assert len(rows) == 6
    for command, error in rows:
        words = [values.get(word, word) for word in shlex.split(command)]
        said = " ".join(az.refused("", *words).split())
        assert error in said, command


def test_the_page_knows_every_command_of_az_backup(az: Az) -> None:
    missing = [command for command in commands(az, "backup") if f"`az {command}`" not in PAGE]
    assert missing == []
    assert MARK in PAGE


def commands(az: Az, group: str) -> Iterator[str]:
    """Tell every command of a group by its help, and of the groups in it."""
    subgroups, _, found = az.text(f"{group} --help").partition("\nCommands:")
    for name in re.findall(r"^    (\S+)\s", subgroups.partition("\nSubgroups:")[2], re.MULTILINE):
        yield from commands(az, f"{group} {name}")
    for name in re.findall(r"^    (\S+)\s", found, re.MULTILINE):
        yield f"{group} {name}"
