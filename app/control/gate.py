"""Who may drive the control plane: no web page, nobody under a name we do not know, and with a
control token nobody without it."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection, Mapping
from urllib.parse import urlsplit

from ..domain.errors import Kind, Refused

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def gate(hosts: Collection[str], token: str | None) -> Callable[[Mapping[str, str]], None]:
    """Return the check of a control request's headers, for a server known by these names.

    Who has the token is no web page that found an open door, whatever it calls the server.
    """
    known = LOOPBACK | {host.lower() for host in hosts}

    def check(headers: Mapping[str, str]) -> None:
        if token is not None:
            _check_token(headers, token)
            return
        host = headers.get("host", "localhost")
        if _name(f"//{host}") not in known:
            raise _forbidden("Host", host)
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            raise _forbidden("Origin", origin)

    return check


def _check_token(headers: Mapping[str, str], token: str) -> None:
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    sent = headers.get("x-rsvault-control-token")
    if sent is None:
        sent = bearer.strip() if scheme.lower() == "bearer" else ""
    if not hmac.compare_digest(sent.encode(), token.encode()):
        raise Refused(
            Kind.UNAUTHENTICATED,
            "ControlTokenRequired",
            "This control plane asks for the token that 'rsvault serve --control-token' was "
            "given: send 'Authorization: Bearer <token>' or 'x-rsvault-control-token: <token>'.",
            target="Authorization",
        )


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
