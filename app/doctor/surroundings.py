"""The shell that a client would be started from: its variables, and its proxies."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path

from .. import connections
from ..connections import Place, Variable
from .findings import Finding, Findings, Tell, ok, wrong
from .sockets import SECONDS

_OWN = "RSVAULT_URL"
"""An option of this command: what it says is what is examined."""
_AZURE = "https://management.azure.com"


def variables(client: str, place: Place, environment: Mapping[str, str]) -> Findings:
    """Compare the variables with those that ``rsvault env`` sets: a line for each that is not."""
    advice = f'run: eval "$(rsvault env {client})"'
    wanted = [each for each in connections.variables(client, place) if each.name != _OWN]
    problems = [
        wrong("variables", found, advice)
        for each in wanted
        if (found := _difference(each, place, environment)) is not None
    ]
    yield from problems
    if not problems:
        yield ok("variables", f"all {len(wanted)} are as 'rsvault env {client}' sets them")


def _difference(wanted: Variable, place: Place, environment: Mapping[str, str]) -> str | None:
    """Return what is wrong with a variable, or ``None``."""
    name, found = wanted.name, environment.get(wanted.name)
    if wanted.value is None:
        if found is None:
            return None
        return f"{name} must not be set, {'not even empty' if not found else 'and is'}"
    if not found:
        return f"{name} is {'not set' if found is None else 'empty'}"
    if found == wanted.value or wanted.free:
        return None
    if wanted.trust:
        return None if _holds(found, place.ca_file) else f"{name}={found} lacks this authority"
    return f"{name}={found} should be {wanted.value}"


def _holds(bundle: str, ca_file: Path) -> bool:
    """Tell whether a file of certificates has the authority's among them."""
    try:
        return ca_file.read_text().strip() in Path(bundle).read_text()
    except (OSError, UnicodeDecodeError):
        return False


def proxies(place: Place, environment: Mapping[str, str]) -> Finding:
    """Tell whether a client would ask a proxy for the server, which is a neighbour."""
    urls = (place.https_url, place.http_url)
    found = {url: name for url in urls if (name := connections.proxied(environment, url))}
    if not found:
        return ok("proxies", "none stands between a client and the server")
    told = " and ".join(f"{name} would be asked for {url}" for url, name in found.items())
    excepted = connections.no_proxy(environment, [connections.host_of(url) for url in urls])
    return wrong("proxies", told, f"export NO_PROXY={excepted} no_proxy={excepted}")


def redirect(place: Place, tell: Tell) -> Finding:
    """Ask for Azure's own address through ``rsvault proxy``, as a tool would."""
    import httpx

    tell(f"asking for {_AZURE} through {place.proxy}")
    trust = ssl.create_default_context(cafile=str(place.ca_file))
    try:
        with httpx.Client(
            proxy=place.proxy, verify=trust, trust_env=False, timeout=SECONDS
        ) as client:
            answer = client.get(f"{_AZURE}/metadata/endpoints?api-version=2022-09-01")
        name = answer.json()["name"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as problem:
        told = f"{_AZURE} does not lead here through {place.proxy} ({problem})"
        advice = f"run 'rsvault proxy --https-url {place.https_url}' with the server's --home"
        return wrong("redirect", told, advice)
    return ok("redirect", f"{_AZURE} leads to {name} through {place.proxy}")
