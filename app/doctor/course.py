"""The course of an examination: from the sockets outwards to the client."""

from __future__ import annotations

from collections.abc import Mapping

from ..connections import Place
from . import services, sockets, surroundings, tools
from .findings import Findings, Tell, skipped


def examine(
    client: str | None, place: Place, environment: Mapping[str, str], tell: Tell
) -> Findings:
    """Find, one by one, what keeps a client from a server; without a client, the server alone."""
    answers = sockets.http(place, tell)
    yield answers
    certificate = list(sockets.https(place, tell))
    yield from certificate
    if all(each.state == "ok" for each in certificate):
        yield from services.services(client, place, tell)
        if place.proxy:
            yield surroundings.redirect(place, tell)
    else:
        for name in services.NAMES:
            yield skipped(name, "not tried before HTTPS is right")
    if answers.state == "ok":
        yield services.control_plane(place, environment.get("RSVAULT_CONTROL_TOKEN"))
    else:
        yield skipped("control plane", "not tried before HTTP is right")
    if client is not None:
        yield from surroundings.variables(client, place, environment)
    if not place.proxy:
        yield surroundings.proxies(place, environment)
    if client is not None:
        yield from tools.tool(client, place, environment, tell)
