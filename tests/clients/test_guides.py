"""The guides of docs/: what they say to run is run, on a new world, and prints what they say.

All blocks of one language on a page are one program. A ``text`` block is what the language before
it prints. A block that is not run has a comment above it which says why.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from app.domain import waiting
from app.server import RunningServer, start
from app.settings import Settings
from tests.clients.test_connect_page import run, shell_of
from tests.processes import PROJECT

DOCS = PROJECT / "docs"
GUIDES = (
    "alert-delivery",
    "alerts",
    "ci",
    "events",
    "javascript",
    "other-clients",
    "python",
    "time",
)
BLOCK = re.compile(
    r"^(?:<!-- not run: (?P<why>[^\n]+) -->\n)?```(?P<language>\w+)\n(?P<code>.*?)^```",
    re.MULTILINE | re.DOTALL,
)
COMMANDS = {
    "sh": 'bash -euo pipefail "{file}"',
    "python": 'eval "$(rsvault env python)"; python -W error "{file}"',
    "js": 'eval "$(rsvault env node)"; node "{file}"',
}
NODE_PACKAGES = ("identity", "arm-resources", "arm-recoveryservices", "arm-recoveryservicesbackup")


@dataclass
class Program:
    """The blocks of one language on a page, and what they print together."""

    blocks: list[str] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)


def programs(page: str) -> dict[str, Program]:
    """Return what a page has to run, by language."""
    found: dict[str, Program] = {}
    language = ""
    for block in BLOCK.finditer((DOCS / f"{page}.md").read_text(encoding="utf-8")):
        if block["language"] == "text":
            found[language].printed.append(block["code"])
        elif block["why"] is None:
            language = block["language"]
            found.setdefault(language, Program()).blocks.append(block["code"])
    return found


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server as the guides start it."""
    settings = Settings(
        port=0,
        https_port=0,
        clock_mode="frozen",
        start_time=datetime(2026, 1, 1, 12, tzinfo=UTC),
        home=tmp_path_factory.mktemp("guides"),
    )
    with start(settings) as server:
        yield server


def has_node_packages() -> bool:
    if shutil.which("node") is None:
        return False
    script = "".join(f"require('@azure/{name}');" for name in NODE_PACKAGES)
    return subprocess.run(["node", "-e", script], capture_output=True).returncode == 0


@pytest.mark.parametrize(
    ("page", "language"),
    [(page, language) for page in GUIDES for language in programs(page)],
)
def test_what_a_guide_says_to_run_prints_what_it_says(
    nursery: RunningServer, tmp_path: Path, page: str, language: str
) -> None:
    if language == "js" and not has_node_packages():
        needed = " ".join(f"@azure/{name}" for name in NODE_PACKAGES)
        pytest.skip(f"there is no node, or NODE_PATH leads to no {needed}: npm install them")
    program = programs(page)[language]
    file = tmp_path / f"program.{language}"
    file.write_text("\n".join(program.blocks), encoding="utf-8")
    (tmp_path / "rsvault_package").mkdir()
    (tmp_path / "rsvault_package" / "rsvault").symlink_to(PROJECT / "app")
    shell = [*shell_of(nursery, tmp_path), f"PYTHONPATH={tmp_path / 'rsvault_package'}"]
    run(shell, "rsvault reset; rsvault clock set frozen --skip-on-wait finish")
    said = run(shell, COMMANDS[language].format(file=file))
    if program.printed:
        assert said == "".join(program.printed)


def test_the_steps_of_the_page_on_ci_run_one_after_the_other(
    nursery: RunningServer, tmp_path: Path
) -> None:
    page = (DOCS / "ci.md").read_text(encoding="utf-8")
    workflow = yaml.safe_load(page.partition("```yaml\n")[2].partition("```")[0])
    _, serve, check = (each["run"] for each in workflow["jobs"]["backup"]["steps"])
    assert "rsvault serve --clock frozen --start-time 2026-01-01T12:00:00Z >" in serve
    _, _, waiting_and_variables = serve.partition("&\n")
    shell = shell_of(nursery, tmp_path)
    run(shell, "rsvault reset")
    run([*shell, f"GITHUB_ENV={tmp_path / 'env'}"], waiting_and_variables)
    variables = (tmp_path / "env").read_text(encoding="utf-8").split("\n")
    assert run([*shell, *filter(None, variables)], check) == "0 vaults\n"


def test_every_block_is_run_or_says_why_not() -> None:
    for page in GUIDES:
        assert set(programs(page)) <= set(COMMANDS), page


def test_every_page_of_the_folder_is_in_its_index_and_every_link_leads_somewhere() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    missing = [page.name for page in DOCS.glob("*.md") if f"({page.name})" not in index]
    assert [name for name in missing if name != "README.md"] == []
    broken = [
        (page.name, link)
        for page in DOCS.glob("*.md")
        for link in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not (DOCS / link).exists()
    ]
    assert broken == []


def test_the_page_on_time_has_every_word_for_waiting() -> None:
    page = (DOCS / "time.md").read_text(encoding="utf-8")
    words = re.findall(r"[a-z]+", waiting.PATTERN)
    assert [word for word in words if f"`{word}" not in page] == []
