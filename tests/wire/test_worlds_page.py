"""docs/worlds.md: its example is seeded, its program runs, its mistakes are told as it says.

``python -m tests.wire.test_worlds_page`` writes the JSON schema after a change.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
from pathlib import Path

import pytest

import app
import app.client
from app.server import RunningServer
from app.worlds import documents
from tests.wire.builders import refused

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "worlds.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "docs" / "examples" / "world.yaml"
SCHEMA = ROOT / "docs" / "world.schema.json"


def block(name: str) -> str:
    found = re.search(rf"<!-- worlds:{name} -->\n```\w*\n(.*?)```\n", PAGE, re.DOTALL)
    assert found is not None, name
    return found[1]


def schema() -> str:
    return json.dumps(documents.schema(), indent=2) + "\n"


@pytest.fixture
def as_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The checkout's ``app`` is called ``rsvault`` once it is installed."""
    monkeypatch.setitem(sys.modules, "rsvault", app)
    monkeypatch.setitem(sys.modules, "rsvault.client", app.client)
    monkeypatch.chdir(ROOT)


@pytest.mark.usefixtures("as_installed")
def test_the_program_prints_what_the_page_shows(world: RunningServer) -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(block("run"), {"URL": world.http_url})
    with app.client.ControlPlane(world.http_url) as control:
        assert control.worlds.delete("two-years")
    assert printed.getvalue() == block("printed")


def test_the_example_is_the_file_and_the_schema_is_the_programs(arm: object) -> None:
    assert block("example") == EXAMPLE.read_text(encoding="utf-8")
    told = "run python -m tests.wire.test_worlds_page"
    assert SCHEMA.read_text(encoding="utf-8") == schema(), told


def test_a_mistake_is_told_as_the_page_says(world: RunningServer) -> None:
    import httpx

    answer = httpx.post(f"{world.http_url}/_emulator/seed", content=block("mistake"))
    assert refused(answer) == (400, "InvalidWorld")
    told = [each["message"] for each in answer.json()["error"]["details"]]
    assert "\n".join(told) + "\n" == block("told")


def test_the_page_names_every_key() -> None:
    definitions = documents.schema()
    parts = [definitions, *definitions["$defs"].values()]
    keys = {key for part in parts for key in part.get("properties", {})}
    known = {"name", "location", "kind", "plan", "type", "resourceGroups", "count"}
    assert {key for key in keys - known if f"`{key}`" not in PAGE} == set()


if __name__ == "__main__":
    SCHEMA.write_text(schema(), encoding="utf-8")
