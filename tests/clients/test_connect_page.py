"""docs/connect.md: what it says to type is typed, where the client is on this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.connections import CLIENTS
from app.server import RunningServer
from tests.processes import PROJECT

PAGE = (PROJECT / "docs" / "connect.md").read_text(encoding="utf-8")


def block(heading: str, language: str) -> str:
    """Return the block of a language in a section."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.fixture
def shell(world: RunningServer, tmp_path: Path) -> list[str]:
    """A shell that has ``rsvault`` on its PATH and the server's addresses."""
    return shell_of(world, tmp_path)


def shell_of(world: RunningServer, folder: Path, *programs: Path) -> list[str]:
    """Return how a shell is begun that finds ``rsvault`` and the programs of some folders."""
    assert world.ca_file is not None
    command = folder / "rsvault"
    command.write_text(f'#!/bin/sh\ncd "{PROJECT}" && exec "{sys.executable}" -m app "$@"\n')
    command.chmod(0o755)
    first = ":".join(str(each) for each in (folder, *programs, Path(sys.executable).parent))
    given = {
        "PATH": f"{first}:{os.environ['PATH']}",
        "RSVAULT_URL": world.http_url,
        "RSVAULT_HTTPS_URL": str(world.https_url),
        "RSVAULT_HOME": str(world.ca_file.parent),
    }
    return ["env", *(f"{name}={value}" for name, value in given.items())]


def run(shell: list[str], script: str, timeout: int = 120) -> str:
    done = subprocess.run(
        [*shell, "bash", "-euo", "pipefail", "-c", script],
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done.stdout


def test_python_needs_no_more_than_the_page_says(shell: list[str], tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(block("Python", "python"))
    assert run(shell, f'eval "$(rsvault env python)"; python "{program}"') == "[]\n"


@pytest.mark.skipif(shutil.which("terraform") is None, reason="there is no terraform here")
def test_terraform_needs_no_more_than_the_page_says(shell: list[str]) -> None:
    assert "WRONG" not in run(shell, block("Terraform", "sh"))


def has_node_packages() -> bool:
    if shutil.which("node") is None:
        return False
    script = "require('@azure/arm-recoveryservices'); require('@azure/identity')"
    return subprocess.run(["node", "-e", script], capture_output=True).returncode == 0


@pytest.mark.skipif(not has_node_packages(), reason="NODE_PATH leads to no Azure packages")
def test_node_needs_no_more_than_the_page_says(shell: list[str], tmp_path: Path) -> None:
    program = tmp_path / "program.js"
    program.write_text(block("Node", "js"))
    assert run(shell, f'eval "$(rsvault env node)"; node "{program}"') == "done\n"


def test_the_page_names_every_client() -> None:
    text = " ".join(PAGE.split())
    assert [name for name in CLIENTS if name not in text] == []
