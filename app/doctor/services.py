"""What a client asks a server for before it does any work: cloud, authority, token, ARM."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..client import ControlError, ControlPlane
from ..connections import SECRET, Place
from .findings import Finding, Findings, Tell, ok, skipped, wrong
from .sockets import SECONDS

if TYPE_CHECKING:
    import httpx

OBJECT, ARRAY = "2022-09-01", "2019-05-01"
METADATA: Mapping[str, tuple[str, ...]] = {
    "az": (OBJECT,),
    "terraform": (OBJECT,),
    "azapi": (),
    "ansible": (ARRAY,),
    "python": (),
    "node": (),
}
"""In which form each client asks for the cloud's metadata; some never do."""
BY_IDENTITY = ("python", "node")
"""Whose token comes from the endpoint of a managed identity."""
NAMES = ("metadata", "OpenID", "token", "ARM")
_NOT_RSVAULT = "is that rsvault, and of the same version as this command?"


class Unexpected(Exception):
    """A server answered something that no client can use."""


def services(client: str | None, place: Place, tell: Tell) -> Findings:
    """Ask for everything in a client's order; what needs an answer that failed is left out."""
    import httpx

    trust = ssl.create_default_context(cafile=str(place.ca_file))
    with httpx.Client(
        base_url=place.https_url, verify=trust, trust_env=False, timeout=SECONDS
    ) as arm:
        for version in (OBJECT, ARRAY) if client is None else METADATA[client]:
            yield _tried("metadata", tell, lambda asked=version: _metadata(arm, place, asked))  # type: ignore[misc]
        yield _tried("OpenID", tell, lambda: _openid(arm, place))
        tokens: list[str] = []
        by_identity = client in BY_IDENTITY
        ask = _identity_token if by_identity else _token
        yield _tried("token", tell, lambda: ask(arm, place, tokens))
        if tokens:
            yield _tried("ARM", tell, lambda: _arm(arm, place, tokens[0]))
        else:
            yield skipped("ARM", "not tried without a token")


def _tried(check: str, tell: Tell, ask: Callable[[], str]) -> Finding:
    """Ask; whatever is wrong with the answer becomes the finding."""
    import httpx

    tell(f"asking for {check}")
    try:
        return ok(check, ask())
    except httpx.HTTPError as problem:
        return wrong(check, str(problem) or type(problem).__name__, _NOT_RSVAULT)
    except Unexpected as problem:
        found, advice = problem.args
        return wrong(check, found, advice)


def _json(answer: httpx.Response, what: str, advice: str = _NOT_RSVAULT) -> Any:
    """Return what an answer holds. Raises ``Unexpected``."""
    if not answer.is_success:
        text = answer.text[:200].replace("\n", " ")
        raise Unexpected(f"{what}: status {answer.status_code}: {text}", advice)
    try:
        return answer.json()
    except ValueError:
        raise Unexpected(f"{what}: the answer is no JSON", advice) from None


def _metadata(arm: httpx.Client, place: Place, version: str) -> str:
    what = f"/metadata/endpoints?api-version={version}"
    found = _json(arm.get(what), what)
    shape = "array" if version == ARRAY else "object"
    if isinstance(found, list) != (shape == "array"):
        raise Unexpected(f"{what} is no JSON {shape}", _NOT_RSVAULT)
    cloud = found[0] if isinstance(found, list) and found else found
    try:
        addresses = (cloud["resourceManager"], cloud["authentication"]["loginEndpoint"])
    except (KeyError, TypeError):
        raise Unexpected(f"{what} names no addresses", _NOT_RSVAULT) from None
    if set(addresses) != {place.https_url}:
        elsewhere = f"{what} leads to {' and '.join(addresses)}, not to {place.https_url}"
        raise Unexpected(elsewhere, "something between changes the Host header: go there directly")
    return f"{what}, a JSON {shape}, leads back here"


def _openid(arm: httpx.Client, place: Place) -> str:
    what = f"/{place.tenant}/v2.0/.well-known/openid-configuration"
    found = _json(arm.get(what), what, "--tenant takes a GUID or a domain")
    if not isinstance(found, dict) or not isinstance(found.get("token_endpoint"), str):
        raise Unexpected(f"{what} names no token_endpoint", _NOT_RSVAULT)
    return f"tokens of {place.tenant} are at {found['token_endpoint']}"


def _token(arm: httpx.Client, place: Place, tokens: list[str]) -> str:
    what = f"/{place.tenant}/oauth2/v2.0/token"
    form = {
        "grant_type": "client_credentials",
        "client_id": place.client_id,
        "client_secret": SECRET,
        "scope": f"{place.https_url}/.default",
    }
    tokens.append(_access_token(_json(arm.post(what, data=form), what), what))
    return f"the service principal {place.client_id} got one"


def _identity_token(_arm: httpx.Client, place: Place, tokens: list[str]) -> str:
    import httpx

    what = f"{place.http_url}/msi/token"
    answer = httpx.get(
        what,
        params={"api-version": "2019-08-01", "resource": place.https_url},
        headers={"X-IDENTITY-HEADER": SECRET},
        trust_env=False,
        timeout=SECONDS,
    )
    tokens.append(_access_token(_json(answer, what), what))
    return f"the managed identity got one at {what}"


def _access_token(found: Any, what: str) -> str:
    token = found.get("access_token") if isinstance(found, dict) else None
    if not isinstance(token, str):
        raise Unexpected(f"{what} gave no access_token", _NOT_RSVAULT)
    return token


def _arm(arm: httpx.Client, place: Place, token: str) -> str:
    what = f"/subscriptions/{place.subscription}"
    answer = arm.get(
        what,
        params={"api-version": "2022-12-01"},
        headers={"Authorization": f"Bearer {token}"},
    )
    roles = "the server runs with --auth rbac: give this principal a role, or --auth-admin its id"
    advice = roles if answer.status_code in (401, 403) else _NOT_RSVAULT
    found = _json(answer, what, advice)
    if not isinstance(found, dict) or "subscriptionId" not in found:
        raise Unexpected(f"{what} is no subscription", _NOT_RSVAULT)
    return f"{what} answers"


def control_plane(place: Place, token: str | None) -> Finding:
    """Read the clock: what 'rsvault clock' and the tests of a script will do."""
    try:
        with ControlPlane(place.http_url, control_token=token) as control:
            clock = control.clock()
    except ControlError as problem:
        advice = "set RSVAULT_CONTROL_TOKEN to what 'rsvault serve --control-token' was given"
        if problem.code != "ControlTokenRequired":
            advice = _NOT_RSVAULT
        return wrong("control plane", f"{problem.message} ({problem.code})", advice)
    shown = f"{clock.now:%Y-%m-%d %H:%M:%S}"
    return ok("control plane", f"it is {shown} there, {clock.mode}, skip {clock.skip_on_wait}")
