"""docs/identity.md: what it says to type is typed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.domain.roles import ROLES
from app.server import RunningServer

PAGE = (Path(__file__).parents[2] / "docs" / "identity.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def run(world: RunningServer, *command: str) -> str:
    given = {
        "RSVAULT_HTTPS_URL": str(world.https_url),
        "RSVAULT_URL": world.http_url,
        "REQUESTS_CA_BUNDLE": str(world.ca_file),
    }
    done = subprocess.run(
        command, env={**os.environ, **given}, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_program_of_the_page_runs(world: RunningServer) -> None:
    assert run(world, sys.executable, "-c", block("python")) == "[]\n"


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page uses curl")
def test_the_commands_of_the_page_run(world: RunningServer) -> None:
    assert '"subscriptionId"' in run(world, "bash", "-euo", "pipefail", "-c", block("sh"))


def test_the_page_names_every_role() -> None:
    text = " ".join(PAGE.split())
    assert [role.name for role in ROLES.values() if role.name not in text] == []
