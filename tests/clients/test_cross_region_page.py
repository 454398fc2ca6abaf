"""docs/cross-region-restore.md: its program is run, and prints what the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import httpx

from app.server import RunningServer
from app.settings import Settings
from tests.processes import PROJECT
from tests.wire.secondary import DISKS, replicated

PAGE = (PROJECT / "docs" / "cross-region-restore.md").read_text(encoding="utf-8")


def test_the_program_of_the_page_prints_what_it_says(
    arm: httpx.Client, world: RunningServer
) -> None:
    replicated(arm)
    (program,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (printed,) = re.findall(r"It prints:\n\n```\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    given = {
        "RSVAULT_HTTPS_URL": str(world.https_url),
        "REQUESTS_CA_BUNDLE": str(world.ca_file),
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.stderr, done.stdout) == ("", printed)
    assert len(arm.get(DISKS).json()["value"]) == 2


def test_the_page_names_the_options_and_what_they_are_by_default() -> None:
    text = " ".join(PAGE.split())
    for option, hours in (
        ("--replication-lag-hours", Settings.replication_lag_hours),
        ("--cross-region-delay-hours", Settings.cross_region_delay_hours),
    ):
        assert f"{hours} hours" in text
        assert option in text
