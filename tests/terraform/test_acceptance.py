"""azurerm's own acceptance tests of Azure Backup, as they are."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from app.server import RunningServer
from tests.terraform.results import can_run
from tests.terraform.workspace import environment

pytestmark = pytest.mark.terraform

PATIENCE = 1800
"""Seconds for one test; the longest sleeps some fifty of its own at each of several steps."""


@pytest.mark.parametrize("name", can_run())
def test_a_test_of_azurerm_passes_unchanged(
    name: str, acceptance: Path, world: RunningServer, tmp_path: Path
) -> None:
    regions = {
        "TF_ACC": "1",
        "ARM_TEST_LOCATION": "westeurope",
        "ARM_TEST_LOCATION_ALT": "northeurope",
        "ARM_TEST_LOCATION_ALT2": "eastus2",
    }
    own = {each: os.environ[each] for each in ("TF_CLI_CONFIG_FILE",) if each in os.environ}
    ran = subprocess.run(
        [str(acceptance), "-test.v", f"-test.run=^{name}$"],
        cwd=tmp_path,
        env=environment(world, tmp_path) | regions | own,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert f"--- PASS: {name}" in ran.stdout, f"{ran.stdout}\n{ran.stderr}"
