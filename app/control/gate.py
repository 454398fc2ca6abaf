"""Who may drive the control plane: no web page, and nobody under a name we do not know."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from urllib.parse import urlsplit

from ..domain.errors import Kind, Refused

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def gate(hosts: Collection[str]) -> Callable[[Mapping[str, str]], None]:
    """Return the check of a control request's headers, for a server known by these names."""
    known = LOOPBACK | {host.lower() for host in hosts}

    def check(headers: Mapping[str, str]) -> None:
        host = headers.get("host", "localhost")
        if _name(f"//{host}") not in known:
            raise _forbidden("Host", host)
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            raise _forbidden("Origin", origin)

    return check


def _name(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _forbidden(header: str, value: str) -> Refused:
    return Refused(
        Kind.FORBIDDEN,
        "ControlPlaneForbidden",
        f"{header}: '{value}' may not drive the control plane; name this server with "
        "--hostname if it is yours.",
        target=header,
    )
