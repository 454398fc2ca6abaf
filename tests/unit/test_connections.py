"""What ``rsvault env`` prints is taken by real shells, twice over, whatever paths are called."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app import connections
from app.cli import rsvault
from app.connections import CLIENTS, Note, Place, Run
from app.shells import SHELLS, written

ODD = 'it\'s a "home" with $HOME and \\ in it'
SHOW = f"{sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'"


def place(home: Path = Path("/home/you/.rsvault"), proxy: str | None = None) -> Place:
    return Place(
        "http://127.0.0.1:8080", "https://localhost:8443", home / "ca.pem", home / "az", proxy=proxy
    )


def env(*arguments: str, **environment: str) -> Result:
    apart = {"HTTPS_PROXY": None, "HTTP_PROXY": None, "NO_PROXY": None, "no_proxy": None}
    return CliRunner(env={**apart, **environment}).invoke(rsvault, ["env", *arguments])


def variables_after(script: str, *shell: str) -> dict[str, str]:
    """Return the environment that a script leaves, which is run twice over."""
    given = {"PATH": os.environ["PATH"], "ARM_PROVIDER_ENHANCED_VALIDATION": ""}
    told = subprocess.run(
        [*shell, f"{script}\n{script}\n{SHOW}"], env=given, capture_output=True, text=True
    )
    assert (told.returncode, told.stderr) == (0, "")
    found: dict[str, str] = json.loads(told.stdout)
    return found


def wanted(client: str, at: Place) -> Mapping[str, str | None]:
    return {each.name: each.value for each in connections.variables(client, at)}


SHELL_COMMANDS = {
    "dash": ("sh", ("dash", "-euc")),
    "bash": ("sh", ("bash", "--norc", "-euo", "pipefail", "-c")),
    "zsh": ("sh", ("zsh", "-f", "-euc")),
    "fish": ("fish", ("fish", "--no-config", "-c")),
}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("program", SHELL_COMMANDS)
def test_a_shell_takes_every_variable(program: str, client: str, tmp_path: Path) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"the shell {program} is not installed")
    words, shell = SHELL_COMMANDS[program]
    at = place(tmp_path / ODD)
    lines = [each for each in connections.lines(client, at) if not isinstance(each, Run)]
    found = variables_after(written(lines, words), *shell)
    for name, value in wanted(client, at).items():
        assert found.get(name) == value


def test_powershell_is_told_in_its_own_words() -> None:
    text = written(connections.lines("az", place(Path("/it's"))), "powershell")
    assert "$env:AZURE_CONFIG_DIR = '/it''s/az'\n" in text
    assert "Remove-Item Env:ARM_CLOUD_METADATA_URL -ErrorAction SilentlyContinue\n" in text
    assert "--output none *> $null; if ($LASTEXITCODE -ne 0) { az cloud register " in text


def test_a_dotenv_file_has_variables_and_nothing_else_that_is_read() -> None:
    text = written(connections.lines("az", place()), "dotenv")
    read = dict(
        line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#")
    )
    assert read == {k: v for k, v in wanted("az", place()).items() if v is not None}
    assert "# run: az login --service-principal" in text


@pytest.mark.parametrize("shell", SHELLS)
def test_what_no_line_can_hold_is_refused(shell: str) -> None:
    with pytest.raises(ValueError, match="AZURE_CONFIG_DIR cannot hold"):
        written(connections.lines("az", place(Path("/a\nb"))), shell)


@pytest.mark.parametrize("client", CLIENTS)
def test_every_line_of_a_client_is_explained(client: str) -> None:
    lines = connections.lines(client, place())
    assert isinstance(lines[0], Note)
    assert lines[0].text.startswith(f"{client}: ")
    assert sum(isinstance(each, Note) for each in lines) >= 4


def test_az_gets_a_cloud_for_each_address_and_a_profile_of_its_own(tmp_path: Path) -> None:
    home = str(tmp_path)
    first = env("az", "--home", home).stdout
    second = env("az", "--home", home, "--https-url", "https://127.0.0.1:9443/").stdout
    assert f"AZURE_CONFIG_DIR={tmp_path}/az\n" in first
    assert "az cloud register --name rsvault-localhost-8443 " in first
    assert "--endpoint-resource-manager https://127.0.0.1:9443 " in second
    assert "az cloud set --name rsvault-127.0.0.1-9443 " in second
    assert (tmp_path / "ca.pem").exists(), "the file that it names is there"


def test_az_keeps_its_profile_where_it_is_told(tmp_path: Path) -> None:
    told = env("az", "--home", str(tmp_path), "--config-dir", str(tmp_path / "mine")).stdout
    assert f"AZURE_CONFIG_DIR={tmp_path}/mine\n" in told


def test_terraform_is_told_host_and_port_alone(tmp_path: Path) -> None:
    told = env("terraform", "--home", str(tmp_path), "--https-url", "https://[::1]:9443").stdout
    assert "ARM_METADATA_HOSTNAME='[::1]:9443'\n" in told


def test_who_signs_in_can_be_chosen(tmp_path: Path) -> None:
    who = ("--subscription", "s-1", "--tenant", "contoso.com", "--client-id", "c-1")
    told = env("terraform", "--home", str(tmp_path), *who).stdout
    for name, value in (("SUBSCRIPTION", "s-1"), ("TENANT", "contoso.com"), ("CLIENT", "c-1")):
        assert f"export ARM_{name}_ID={value}\n" in told


def test_ansible_without_a_cloud_of_its_own_goes_through_the_proxy(tmp_path: Path) -> None:
    told = env("ansible", "--home", str(tmp_path), "--proxy", "http://127.0.0.1:8888").stdout
    assert "export HTTPS_PROXY=http://127.0.0.1:8888\n" in told
    assert "unset AZURE_CLOUD_ENVIRONMENT\n" in told
    refused = env("az", "--home", str(tmp_path), "--proxy", "http://127.0.0.1:8888")
    assert refused.exit_code == 2
    assert "--proxy is for ansible" in refused.stderr


def test_a_proxy_of_the_shell_is_kept_away_from_the_server_and_only_once(tmp_path: Path) -> None:
    home = ("--home", str(tmp_path))
    around = {"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "a.example"}
    told = env("python", *home, **around).stdout
    assert "export NO_PROXY=a.example,localhost,127.0.0.1\n" in told
    again = env("python", *home, **around | {"NO_PROXY": "a.example,localhost,127.0.0.1"}).stdout
    assert "NO_PROXY" not in again
    assert "NO_PROXY" not in env("python", *home).stdout


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://p"}, "HTTPS_PROXY"),
        ({"https_proxy": "http://p", "HTTPS_PROXY": "http://q"}, "https_proxy"),
        ({"ALL_PROXY": "http://p"}, "ALL_PROXY"),
        ({"HTTP_PROXY": "http://p"}, None),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "*"}, None),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "other, vault.example"}, None),
        ({"HTTPS_PROXY": "http://p", "no_proxy": ".example"}, None),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "ample"}, "HTTPS_PROXY"),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": ""}, "HTTPS_PROXY"),
    ],
)
def test_which_proxy_a_client_would_ask(environment: dict[str, str], found: str | None) -> None:
    assert connections.proxied(environment, "https://vault.example:8443") == found


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--url", "https://localhost:8080"),
        ("--url", "127.0.0.1:8080"),
        ("--https-url", "http://localhost:8443"),
        ("--https-url", "https://localhost:port"),
        ("--https-url", "https://localhost:8443/path"),
        ("--https-url", "https://you@localhost:8443"),
        ("--https-url", "https://"),
    ],
)
def test_an_address_that_is_none_is_refused(option: str, value: str, tmp_path: Path) -> None:
    told = env("az", "--home", str(tmp_path), option, value)
    assert told.exit_code == 2
    assert "must be like http" in told.stderr
