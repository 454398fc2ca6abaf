"""A span of time that was lived through leaves what an advance over it leaves.

One world is advanced in one go. The other runs: its clock is scaled, APScheduler wakes the
engine in real time, and only the last stretch is advanced to reach the same instant.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from app.client import ControlPlane
from app.server import start
from app.settings import Settings
from tests.wire.builders import (
    ITEM_ID,
    POINTS,
    VAULT_ID,
    back_up,
    done,
    protect,
    put_group,
    put_policy,
    put_vault,
    put_vm,
)

START = datetime(2026, 1, 1, 21, 50, tzinfo=UTC)
END = START + timedelta(days=20)
LOOKS = 100_000


def lived(home: Path, *, live: bool) -> dict[str, Any]:
    """Build a world, let twenty days pass in it, and return what it then shows."""
    settings = Settings(
        port=0, https_port=None, home=home, seed=3, clock_mode="frozen", start_time=START
    )
    with start(settings) as server, ControlPlane(server.http_url) as control:
        hooks = {"params": {"api-version": "2026-10-01"}}
        with httpx.Client(base_url=server.http_url, params=hooks["params"]) as arm:
            put_group(arm)
            put_vault(arm)
            put_vm(arm, gigabytes=4000)
            put_vm(arm, "vm-2", os="Windows")
            put_policy(arm, days=7)
            protect(arm)
            protect(arm, "vm-2")
            back_up(arm)
            if live:
                control.set_clock(mode="scaled", rate=2_000_000)
                reached = (control.clock().now > START + timedelta(days=15) for _ in range(LOOKS))
                assert any(reached), "the clock did not run"
                control.set_clock(mode="frozen")
            control.advance(to=END)
            paths = (f"{VAULT_ID}/backupJobs", POINTS, ITEM_ID, f"{VAULT_ID}/backupProtectedItems")
            return {path: done(arm.get(path)).json() for path in paths}


def test_time_that_was_lived_leaves_what_an_advance_leaves(tmp_path: Path) -> None:
    advanced = lived(tmp_path, live=False)
    assert len(advanced[f"{VAULT_ID}/backupJobs"]["value"]) > 40
    assert lived(tmp_path, live=True) == advanced
