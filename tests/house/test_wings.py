"""Wings of the house: what is imported late is found by its words; a start imports none."""

from __future__ import annotations

import subprocess
import sys

import pytest

from app.arm.inner_calls import InnerCalls
from app.arm.paths import SCOPE
from app.arm.wings import Wing
from app.main import wings

WINGS = wings(InnerCalls())

LATE = (
    "app.providers.companions",
    "app.providers.recovery_services_backup",
    "app.providers.resources.deployments",
    "app.domain.templates",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.orm",
    "alembic",
    "cryptography",
    "yaml",
)
"""What a start in memory does without."""


@pytest.mark.parametrize("wing", WINGS, ids=lambda wing: wing.words[0])
def test_every_template_of_a_wing_has_a_word_of_it(wing: Wing) -> None:
    templates = {each.template for each in wing.endpoints()}
    assert templates
    for template in templates:
        words = [part for part in template.split("/") if not part.startswith("{")]
        assert not template.startswith(SCOPE), "what hangs off any resource is in no wing"
        assert wing.is_asked(words), f"main.py: {template} is found by no word of {wing.words}"


def test_a_start_imports_no_wing() -> None:
    script = "import sys, app.cli, app.server; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    imported = set(done.stdout.split())
    assert "app.main" in imported
    assert [name for name in LATE if name in imported] == []
