"""The client itself: is it installed, which version, and does it do its first step."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from .. import connections
from ..connections import Place, Run
from .findings import Finding, Findings, Tell, ok, skipped, wrong

_SECONDS = 120
Environment = Mapping[str, str]

_PYTHON = """
import os
from importlib.metadata import version
from azure.identity import DefaultAzureCredential
DefaultAzureCredential().get_token(os.environ["RSVAULT_HTTPS_URL"] + "/.default")
print("azure-identity", version("azure-identity"))
"""
_NODE = """
fetch(process.env.RSVAULT_HTTPS_URL + "/metadata/endpoints?api-version=2022-09-01")
  .then(answer => answer.json())
  .then(cloud => console.log(cloud.name),
        problem => { console.error(String(problem.cause || problem)); process.exit(1); });
"""
_FIRST_WITH_CLOUD = (3, 19)
"""The first azure.azcollection known to take a cloud by its address."""


class Failed(Exception):
    """A program ended with an error; the text is its last line."""


def tool(client: str, place: Place, environment: Environment, tell: Tell) -> Findings:
    """Look for a client on PATH and, where it has a first step, let it do that.

    It runs as ``rsvault env`` would have it, whatever the shell holds, and leaves nothing behind.
    """
    names = {"python": ("python3", "python"), "azapi": ("terraform",)}.get(client, (client,))
    path = next((found for name in names if (found := _which(name, environment))), None)
    if path is None:
        yield skipped("tool", f"{names[0]} is not on PATH")
        return
    connected = _connected(client, place, environment)
    tell(f"asking {path} for its version")
    try:
        yield ok("tool", f"{_VERSIONS[client](path, connected)} ({path})")
    except Failed as problem:
        yield wrong("tool", f"{path}: {problem}", "the program itself does not run: reinstall it")
        return
    yield _RUNS[client](path, place, connected, tell)


def _which(name: str, environment: Environment) -> str | None:
    return shutil.which(name, path=environment.get("PATH", os.defpath))


def _connected(client: str, place: Place, environment: Environment) -> dict[str, str]:
    """Return an environment as ``rsvault env`` leaves it."""
    connected = dict(environment)
    for each in connections.variables(client, place):
        connected.pop(each.name, None)
        if each.value is not None:
            connected[each.name] = each.value
    if not place.proxy:
        urls = (place.http_url, place.https_url)
        hosts = [connections.host_of(url) for url in urls]
        excepted = connections.no_proxy(environment, hosts)
        connected |= {"NO_PROXY": excepted, "no_proxy": excepted}
    return connected


def _run(environment: Environment, *words: str) -> str:
    """Run a program and return what it printed. Raises ``Failed``."""
    try:
        done = subprocess.run(
            words,
            env=dict(environment),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise Failed(str(problem)) from None
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip() or "no word of why").splitlines()
        raise Failed(f"{' '.join(words[1:3])}: {lines[-1][:300]}")
    return done.stdout


# --- versions -----------------------------------------------------------------------------


def _version_of_az(path: str, environment: Environment) -> str:
    with tempfile.TemporaryDirectory(prefix="rsvault-doctor-") as folder:
        told = _run({**environment, "AZURE_CONFIG_DIR": folder}, path, "version", "-o", "json")
    return f"azure-cli {_field(told, 'azure-cli')}"


def _version_of_terraform(path: str, environment: Environment) -> str:
    told = _run(environment, path, "version", "-json")
    return f"terraform {_field(told, 'terraform_version')}"


def _field(told: str, name: str) -> str:
    try:
        return str(json.loads(told)[name])
    except (ValueError, KeyError, TypeError):
        raise Failed(f"it told no {name}") from None


def _first_line(path: str, environment: Environment) -> str:
    return (_run(environment, path, "--version").strip().splitlines() or ["of no version"])[0]


def _version_of_node(path: str, environment: Environment) -> str:
    return f"node {_first_line(path, environment)}"


_VERSIONS: Mapping[str, Callable[[str, Environment], str]] = {
    "az": _version_of_az,
    "terraform": _version_of_terraform,
    "azapi": _version_of_terraform,
    "ansible": _first_line,
    "python": _first_line,
    "node": _version_of_node,
}


# --- a first step -------------------------------------------------------------------------


def _run_az(path: str, place: Place, environment: Environment, tell: Tell) -> Finding:
    """Register the cloud, sign in and show the account, in a profile that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="rsvault-doctor-") as folder:
        apart = {**environment, "AZURE_CONFIG_DIR": folder}
        own = replace(place, config_dir=Path(folder))
        steps = [each.words[1:] for each in connections.lines("az", own) if isinstance(each, Run)]
        steps.append(("account", "show", "--query", "id", "--output", "tsv"))
        told = ""
        try:
            for words in steps:
                tell(f"az {' '.join(words[:2])}")
                told = _run(apart, path, *words).strip()
        except Failed as problem:
            return wrong("az login", str(problem), "mend what is wrong above, then try again")
    return ok("az login", f"signed in to {place.cloud}, subscription {told}")


def _run_python(path: str, _place: Place, environment: Environment, tell: Tell) -> Finding:
    tell("DefaultAzureCredential().get_token")
    try:
        told = _run(environment, path, "-c", _PYTHON).strip()
    except Failed as problem:
        if "No module named" in str(problem):
            return skipped("credential", f"azure-identity is not installed for {path}")
        return wrong("credential", str(problem), "mend what is wrong above, then try again")
    return ok("credential", f"an untouched DefaultAzureCredential got a token ({told})")


def _run_node(path: str, place: Place, environment: Environment, tell: Tell) -> Finding:
    tell("node fetch")
    try:
        told = _run(environment, path, "-e", _NODE).strip()
    except Failed as problem:
        return wrong("fetch", str(problem), "NODE_EXTRA_CA_CERTS is read when node starts")
    return ok("fetch", f"node trusts {place.https_url}, the cloud {told}")


def _run_terraform(_path: str, _place: Place, _environment: Environment, _tell: Tell) -> Finding:
    return skipped("provider", "a provider is only there after 'terraform init': try a plan")


def _run_ansible(path: str, place: Place, environment: Environment, tell: Tell) -> Finding:
    """Tell whether the collection can be told an address, or needs the proxy."""
    tell("ansible-galaxy collection list")
    galaxy = Path(path).with_name("ansible-galaxy")
    try:
        told = _run(environment, str(galaxy), "collection", "list", "azure.azcollection")
    except Failed as problem:
        return skipped("collection", f"azure.azcollection was not found: {problem}")
    found = re.search(r"azure\.azcollection\s+(\d+)\.(\d+)\.(\d+)", told)
    if found is None:
        return skipped("collection", "azure.azcollection is not installed")
    version = ".".join(found.groups())
    if (int(found[1]), int(found[2])) >= _FIRST_WITH_CLOUD or place.proxy:
        return ok("collection", f"azure.azcollection {version}")
    return wrong(
        "collection",
        f"azure.azcollection {version} cannot be told an address",
        "run 'rsvault proxy', and both commands with --proxy http://127.0.0.1:8888",
    )


_RUNS: Mapping[str, Callable[[str, Place, Environment, Tell], Finding]] = {
    "az": _run_az,
    "terraform": _run_terraform,
    "azapi": _run_terraform,
    "ansible": _run_ansible,
    "python": _run_python,
    "node": _run_node,
}
