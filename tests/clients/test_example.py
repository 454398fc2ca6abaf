"""The README's example: the same text as the file, and the output that the README shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from app.server import start
from app.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
EXAMPLE = ROOT / "docs" / "examples" / "first_vault.py"


def block_after(words: str, language: str) -> str:
    """Return the first fenced block of a language after some words of the README."""
    text = README[README.index(words) :]
    found = re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_readme_shows_the_example_as_it_stands_in_its_file() -> None:
    assert block_after("which the tests run", "python") == EXAMPLE.read_text()


def test_the_example_prints_what_the_readme_says(tmp_path: Path) -> None:
    settings = Settings(
        port=0,
        https_port=0,
        clock_mode="frozen",
        start_time=datetime(2026, 1, 1, 12, tzinfo=UTC),
        home=tmp_path,
    )
    with start(settings) as server:
        where = {
            "RSVAULT_URL": server.http_url,
            "RSVAULT_HTTPS_URL": str(server.https_url),
            "RSVAULT_CA_FILE": str(server.ca_file),
        }
        done = subprocess.run(
            [sys.executable, "-W", "error", str(EXAMPLE)],
            env=os.environ | where,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert done.stderr == ""
    assert done.stdout == block_after("It prints:", "")
