"""Environments for the programs that a test starts, as ``rsvault env`` makes them for a shell."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Mapping

from .. import connections
from ..connections import Place, Run


def environment(
    client: str, place: Place, found: Mapping[str, str], control_token: str | None
) -> dict[str, str]:
    """Return an environment like ``found`` that leads a client to a server.

    Raises ``ValueError`` for a client that is none of those that ``rsvault env`` knows.
    """
    if client not in connections.CLIENTS:
        raise ValueError(f"client cannot be {client!r}: one of {', '.join(connections.CLIENTS)}")
    made = dict(found)
    made |= {"RSVAULT_HTTPS_URL": place.https_url, "RSVAULT_CA_FILE": str(place.ca_file)}
    if control_token is not None:
        made["RSVAULT_CONTROL_TOKEN"] = control_token
    for each in connections.variables(client, place):
        if each.value is None:
            made.pop(each.name, None)
        else:
            made[each.name] = each.value
    made.update(connections.past_proxies(made, (place.http_url, place.https_url)))
    return made


def run_once(client: str, place: Place, made: Mapping[str, str]) -> None:
    """Run the commands that a client needs before its first: az knows its cloud, and signs in.

    Raises ``FileNotFoundError`` if the client is not on the PATH of its environment, and
    ``RuntimeError`` with what it said if a command of it fails.
    """
    for each in _commands(client, place):
        if not (each.unless and _run(each.unless, made).returncode == 0):
            done = _run(each.words, made)
            if done.returncode:
                raise RuntimeError(f"{' '.join(each.words[:3])} failed: {done.stderr.strip()}")


def _commands(client: str, place: Place) -> Iterable[Run]:
    return (each for each in connections.lines(client, place) if isinstance(each, Run))


def _run(words: tuple[str, ...], made: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    program = shutil.which(words[0], path=made.get("PATH"))
    if program is None:
        raise FileNotFoundError(f"{words[0]} is not on PATH")
    return subprocess.run(
        [program, *words[1:]], env=dict(made), capture_output=True, text=True, check=False
    )
