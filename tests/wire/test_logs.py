"""What a server writes to stderr, for people and for machines (docs/decisions/0033)."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.arm.journal import Exchange
from app.logs import JsonLines, TextLines
from tests.processes import PROJECT, run, serving
from tests.wire.builders import GROUP_ID, done

GUID = "8f6f1c1e-0000-4000-8000-000000000001"
FROZEN = ("--clock", "frozen", "--start-time", "2026-01-01T00:00:00Z")
KEYS = [
    "time", "level", "logger", "message", "method", "path", "query", "status", "milliseconds",
    "operationId", "correlationId", "command", "client",
]  # fmt: skip


def visit(url: str) -> None:
    """Ask for one thing of each kind; bring what must not be written down."""
    headers = {
        "Authorization": "Bearer top-secret-bearer",
        "x-ms-correlation-request-id": GUID,
        "CommandName": "group create",
    }
    with httpx.Client(base_url=url, headers=headers) as client:
        query = "?api-version=2024-03-01&sig=top-secret-signature&se=2030"
        done(client.put(GROUP_ID + query, json={"location": "westeurope"}))
        done(client.get("/_emulator/health"))
        done(client.post("/_emulator/clock/advance", json={"by": "P2D"}))
        done(client.patch("/_emulator/clock", json={"skipOnWait": "step"}))
        assert client.get("/nowhere").status_code == 404


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    with serving(tmp_path_factory.mktemp("home"), *FROZEN) as server:
        visit(server.url)
        return server.end()


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    options = (*FROZEN, "--log-format", "json", "--log-level", "debug")
    with serving(tmp_path_factory.mktemp("home"), *options) as server:
        visit(server.url)
        return [json.loads(line) for line in server.end().splitlines()]


def test_a_request_is_one_line_that_a_person_can_read(text: str) -> None:
    line = next(line for line in text.splitlines() if "ResourceGroups_CreateOrUpdate" in line)
    pattern = (
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} info     requests  PUT    201 +\d+\.\d ms  "
        rf"ResourceGroups_CreateOrUpdate +{GUID}  {re.escape(GROUP_ID)}"
        r"\?api-version=2024-03-01&sig=\.\.\.&se=2030  \[group create\]"
    )
    assert re.fullmatch(pattern, line), line
    nowhere = next(line for line in text.splitlines() if "/nowhere" in line)
    assert nowhere.index(GUID) == line.index(GUID)


def test_the_clock_tells_how_far_it_came(text: str) -> None:
    assert "clock     advance from 2026-01-01T00:00:00Z: {'by': 'P2D'}" in text
    assert "clock     advanced to 2026-01-03T00:00:00Z: 2 days, 0:00:00 of virtual time" in text
    assert "clock     runs frozen, rate 1, skip-on-wait step" in text


def test_what_machines_ask_all_day_is_not_shown(text: str) -> None:
    assert "Emulator_GetHealth" not in text
    assert "uvicorn" not in text


def test_nothing_secret_is_written_down(text: str, objects: list[dict[str, Any]]) -> None:
    assert "top-secret" not in text
    assert "top-secret" not in json.dumps(objects)


def test_json_lines_have_keys_that_stay(objects: list[dict[str, Any]]) -> None:
    requests = [each for each in objects if each["logger"] == "rsvault.requests"]
    assert {each["operationId"] for each in requests} >= {"Emulator_GetHealth", None}
    for each in requests:
        assert list(each) == KEYS
        assert (each["message"], each["correlationId"]) == ("request", GUID)
        assert each["command"] == "group create"
    for each in objects:
        assert list(each)[:4] == KEYS[:4]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", each["time"])


def test_the_lines_of_libraries_have_the_same_form(objects: list[dict[str, Any]]) -> None:
    assert {"uvicorn.error", "rsvault.clock"} <= {each["logger"] for each in objects}


def test_a_higher_level_shows_less(tmp_path: Path) -> None:
    with serving(tmp_path, *FROZEN, "--log-level", "warning") as server:
        visit(server.url)
        assert server.end() == ""


def record_of(message: Any, *arguments: Any, fails: bool = False) -> logging.LogRecord:
    try:
        if fails:
            raise KeyError("what was missing")
    except KeyError:
        found = sys.exc_info()
        return logging.LogRecord("rsvault.door", 40, "", 0, message, arguments, found)
    return logging.LogRecord("rsvault.door", 40, "", 0, message, arguments, None)


def test_a_fault_is_one_json_line_with_its_traceback() -> None:
    line = JsonLines().format(record_of("%s failed", "Vaults_Get", fails=True))
    told = json.loads(line)
    assert "\n" not in line
    assert (told["level"], told["message"]) == ("error", "Vaults_Get failed")
    assert told["exception"].startswith("Traceback")
    assert "what was missing" in told["exception"]


def test_a_fault_in_text_has_its_traceback_below() -> None:
    lines = TextLines().format(record_of("%s failed", "Vaults_Get", fails=True)).splitlines()
    assert lines[0].endswith("error    door      Vaults_Get failed")
    assert lines[-1] == "KeyError: 'what was missing'"


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("sig=abc", "sig=..."),
        ("sv=1&SIG=abc&se=2", "sv=1&SIG=...&se=2"),
        ("client_secret=x&access_token=y", "client_secret=...&access_token=..."),
        ("accountKey=x", "accountKey=..."),
        ("client_assertion=x&code=y&x=1", "client_assertion=...&code=...&x=1"),
        ("$skipToken=abc&api-version=1", "$skipToken=abc&api-version=1"),
        ("%24skipToken=abc", "%24skipToken=abc"),
        ("design=x&insight=y", "design=x&insight=y"),
        ("", ""),
    ],
)
def test_a_query_is_shown_without_what_opens_a_door(query: str, shown: str) -> None:
    exchange = Exchange("GET", "/path", query, None, 200, GUID, 0.001)
    assert exchange.fields()["query"] == shown
    assert str(exchange).endswith(f"/path?{shown}" if query else "/path")


def test_a_server_that_others_reach_without_a_token_says_so(tmp_path: Path) -> None:
    with serving(tmp_path, "--host", "0.0.0.0") as server:
        assert "warning  serve     whoever reaches 0.0.0.0" in server.end()
    with serving(tmp_path, "--host", "0.0.0.0", "--control-token", "x") as server:
        assert "whoever" not in server.end()


def test_a_server_that_nobody_may_use_says_how_to_get_in(tmp_path: Path) -> None:
    with serving(tmp_path, "--auth", "rbac") as server:
        assert "give --auth-admin <client id>" in server.end()
    with serving(tmp_path, "--auth", "rbac", "--auth-admin", GUID) as server:
        assert "nobody" not in server.end()


def test_the_command_line_knows_its_version() -> None:
    told = run("--version")
    assert (told.returncode, told.stderr) == (0, "")
    assert re.fullmatch(r"rsvault \d+\S*\n", told.stdout)


def test_the_authoritys_file_is_named_by_its_whole_path(tmp_path: Path) -> None:
    home = os.path.relpath(tmp_path, PROJECT)
    assert run("ca", "--home", home).stdout.strip() == str(tmp_path / "ca.pem")
