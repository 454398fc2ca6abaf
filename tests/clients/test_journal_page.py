"""docs/journal.md: its commands are run, its program prints what the page says, its claims hold."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.server import RunningServer
from tests.clients.test_connect_page import run, shell_of
from tests.processes import PROJECT

PAGE = (PROJECT / "docs" / "journal.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def shell(world: RunningServer, tmp_path: Path) -> list[str]:
    """A shell that has ``rsvault`` on its PATH and the server's addresses."""
    return shell_of(world, tmp_path)


def test_the_commands_of_the_page_run_and_replay(shell: list[str], tmp_path: Path) -> None:
    *others, again = blocks("sh")
    for script in others:
        run(shell, script)
    ended = re.search(r"It ends with `([^`]+)`", PAGE)
    assert ended is not None
    assert (
        run(shell, again.replace("session.json", str(tmp_path / "session.json"))).splitlines()[-1]
        == ended[1]
    )


def test_the_program_of_the_page_prints_what_it_says(world: RunningServer) -> None:
    (program,) = blocks("python")
    (printed,) = re.findall(r"It prints:\n\n```\n(.*?)^```", PAGE, re.M | re.S)
    where = {
        "RSVAULT_URL": world.http_url,
        "RSVAULT_HTTPS_URL": str(world.https_url),
        "RSVAULT_CA_FILE": str(world.ca_file),
        "PYTHONPATH": str(PROJECT),
    }
    # The package is called `rsvault` once it is installed, and `app` in the checkout.
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program.replace("rsvault.client", "app.client")],
        env=os.environ | where, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.stderr, done.stdout) == ("", printed)
