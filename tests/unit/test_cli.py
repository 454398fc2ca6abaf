"""The command line's options mean what they say, and its refusals say what to do."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from app import cli
from app.settings import Settings


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.rsvault, arguments)


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for name, command in group.commands.items():
        inner = commands(command, (*path, name)) if isinstance(command, click.Group) else []
        found += inner or [(*path, name)]
    return found


def test_help_does_not_import_what_is_heavy() -> None:
    script = (
        "import sys; from app.cli import rsvault; rsvault(['--help'], standalone_mode=False);"
        "heavy = {'fastapi', 'sqlalchemy', 'httpx', 'uvicorn', 'trustme', 'apscheduler'};"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("path", commands(cli.rsvault), ids=" ".join)
def test_every_command_teaches_with_an_example(path: tuple[str, ...]) -> None:
    result = run(*path, "--help")
    assert result.exit_code == 0
    example = "$(rsvault ca)" if path == ("ca",) else f"    rsvault {' '.join(path)}"
    assert example in result.output


def test_every_setting_has_an_option() -> None:
    apart = {"clock_mode", "clock_rate", "given"}  # clock mode and rate share an option
    serve = cli.rsvault.commands["serve"]
    options = {option.name for option in serve.params}
    assert {setting.name for setting in fields(Settings)} - apart == options - {"clock"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("serve", "--port", "99999"), "--port cannot be '99999'"),
        (("serve", "--expiry-sweep-hours", "7"), "--expiry-sweep-hours cannot be '7'"),
        (("serve", "--webhook-waits", "5,9999"), "--webhook-waits cannot be '5,9999'"),
        (("worker", "--database", "sqlite:///x", "--webhook-key", "x"), "--webhook-key cannot be"),
        (("serve", "--clock", "scaled:0"), "--clock-rate cannot be '0'"),
        (("serve", "--limit", "vms-per-valt=9"), "it must be vms-per-vault, or another one of"),
        (("serve", "--limit", "backups-per-day=0"), "--limit cannot be 'backups-per-day=0'"),
        (("worker",), "a worker cannot share a database in memory"),
        (("worker", "--database", "sqlite://"), "a worker cannot share a database in memory"),
    ],
)
def test_a_value_that_cannot_be_is_told_in_one_line(
    arguments: tuple[str, ...], message: str
) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("serve", "--clock", "fast"), "scaled:60"),
        (("serve", "--clock", "scaled"), "scaled:60"),
        (("serve", "--clock", "live:2"), "scaled:60"),
        (("serve", "--https-port", "none"), "neither a port nor off"),
        (("serve", "--start-time", "tomorrow"), "2030-01-01T00:00:00Z"),
        (("serve", "--limit", "backup-per-day=many"), "backups-per-day=20 or backups-per-day=off"),
        (("serve", "--limit", "restores-per-day"), "is not like restores-per-day=20"),
        (("clock", "advance"), "--by, --to, --until and --job"),
        (("clock", "advance", "--by", "P1D", "--until", "idle"), "--by, --to, --until and --job"),
        (("clock", "set"), "live, scaled:RATE, frozen, or --skip-on-wait"),
    ],
)
def test_a_wrong_use_names_what_is_right(arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [("health",), ("reset",), ("clock", "show"), ("clock", "advance", "--by", "P1D")],
    ids=" ".join,
)
def test_a_server_that_is_not_there_is_told_in_one_line(arguments: tuple[str, ...]) -> None:
    result = run(*arguments, "--url", "http://127.0.0.1:1")
    assert result.exit_code == 1
    assert "is 'rsvault serve' running there?" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_waits_are_read_as_they_are_written() -> None:
    assert cli.settings_of(()).webhook_waits == (5, 20, 5, 40, 5)
    assert cli.settings_of(("--webhook-waits", "1,0.5")).webhook_waits == (1, 0.5)
    assert cli.settings_of(("--webhook-waits", "none")).webhook_waits == ()
    assert "none nor like 5,20,5" in run("serve", "--webhook-waits", "soon").output


def test_the_server_can_be_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RSVAULT_URL", "http://127.0.0.1:2")
    assert "http://127.0.0.1:2" in run("health").stderr


def test_ca_makes_the_authority_once_and_prints_its_file(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first, second = run("ca", "--home", str(home)), run("ca", "--home", str(home))
    assert first.output == second.output == f"{home / 'ca.pem'}\n"
    assert (home / "ca.pem").exists()
