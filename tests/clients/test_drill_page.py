"""docs/disaster-drill.md: its program is run on a new world, and prints the page's transcript."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.server import start
from app.settings import Settings
from tests.processes import PROJECT

PAGE = PROJECT / "docs" / "disaster-drill.md"
PROGRAM = PROJECT / "docs" / "examples" / "disaster_drill.py"


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the program prints on a server that was started as the page says."""
    settings = Settings(
        port=0,
        https_port=0,
        clock_mode="frozen",
        start_time=datetime(2026, 1, 1, 12, tzinfo=UTC),
        home=tmp_path_factory.mktemp("drill"),
    )
    with start(settings) as server:
        where = {
            "RSVAULT_URL": server.http_url,
            "RSVAULT_HTTPS_URL": str(server.https_url),
            "RSVAULT_CA_FILE": str(server.ca_file),
        }
        done = subprocess.run(
            [sys.executable, "-W", "error", str(PROGRAM)],
            env=os.environ | where,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert done.stderr == ""
    return done.stdout


def test_the_program_prints_the_transcript_of_the_page(printed: str) -> None:
    found = re.search(r"It prints:\n\n```\n(.*?)^```", Path(PAGE).read_text(), re.M | re.S)
    assert found is not None
    assert printed == found[1]
