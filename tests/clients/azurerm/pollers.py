"""How azurerm waits, rule by rule: its two HTTP stacks without their sleeps (terraform-wire 2.1).

Vaults and everything beside Azure Backup go through hashicorp/go-azure-sdk's base layer
(sdk/client/resourcemanager/poller*.go), Azure Backup through Azure/go-autorest
(autorest/azure/async.go, whose words for a failure are kept). A poller returns the seconds it
would have slept before each of its polls.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import httpx

PATIENCE = 20
"""Polls after which a poller is taken to wait for ever; with skip-on-wait one or two will do."""
AUTOREST_DELAY = 30.0
BASE_DELAY = 10.0
TERMINAL = ("succeeded", "failed", "canceled")


class PollingError(AssertionError):
    """The provider would have stopped with an error, or would never have stopped."""


def await_base_layer(client: httpx.Client, started: httpx.Response) -> list[float]:
    """Wait as go-azure-sdk does: by header, by the resource's state, or until a 404.

    An answer without a content type is taken to have its request's, which is JSON.

    Raises ``PollingError`` where the provider fails.
    """
    method = started.request.method
    header = _header_of(started)
    selfish = urlsplit(header).path.lower() == started.request.url.path.lower()
    if started.status_code in (200, 201, 202) and header and method != "DELETE" and not selfish:
        return _await_operation(client, started, header)
    if method == "DELETE" and started.status_code in (200, 201, 202, 204):
        return _await_absence(client, started)
    stateful = started.status_code in (200, 201) or (started.status_code == 202 and selfish)
    if stateful and (_is_json(started) or "content-type" not in started.headers):
        return _await_provisioning(client, started)
    raise PollingError("no applicable pollers were found for the response")


def _header_of(answer: httpx.Response) -> str:
    return str(answer.headers.get("azure-asyncoperation") or answer.headers.get("location", ""))


def _is_json(answer: httpx.Response) -> bool:
    return "application/json" in answer.headers.get("content-type", "").lower()


def _base_delay(answer: httpx.Response, otherwise: float) -> float:
    """Read Retry-After as ParseInt does: what is no whole number is passed over."""
    sent = answer.headers.get("retry-after", "")
    return float(sent) if re.fullmatch(r"[+-]?\d+", sent) else otherwise


def _await_operation(client: httpx.Client, started: httpx.Response, header: str) -> list[float]:
    if not urlsplit(header).netloc:
        raise PollingError(f"invalid polling URL {header!r} in response: URL was not absolute")
    parts = urlsplit(header)
    path = f"{parts.path}?{parts.query}"  # the header's host is not looked at
    first = _base_delay(started, BASE_DELAY)
    slept = [first]
    while len(slept) <= PATIENCE:
        answer = client.get(path)
        if _operation_is_over(answer):
            return slept
        slept.append(_base_delay(answer, first))
    raise PollingError(f"{path} polls for ever")


def _operation_is_over(answer: httpx.Response) -> bool:
    if answer.status_code not in (200, 201, 202, 204, 404):
        raise PollingError(f"unexpected status {answer.status_code}: {answer.text}")
    if answer.status_code in (202, 404):
        return False
    if answer.status_code == 200 and not answer.content:
        return True
    if not _is_json(answer):
        raise PollingError(f"Content-Type {answer.headers.get('content-type')!r} not implemented")
    state = _base_state(answer.json())
    if state in ("failed", "canceled"):
        raise PollingError(answer.text)
    return state == "succeeded"


def _base_state(body: dict[str, Any]) -> str:
    inner = (body.get("properties") or {}).get("provisioningState")
    for each in (body.get("status"), inner):
        if each and each.lower() in TERMINAL:
            return str(each.lower())
    return "inprogress"


def _await_provisioning(client: httpx.Client, started: httpx.Response) -> list[float]:
    path, version = _resource(started)
    slept = []
    for _ in range(PATIENCE):
        slept.append(BASE_DELAY)
        answer = client.get(path, params=version)
        if answer.status_code != 200:
            raise PollingError(f"unexpected status {answer.status_code}: {answer.text}")
        body = answer.json()
        state = (body.get("properties") or {}).get("provisioningState") or body.get("status") or ""
        if state.lower() in ("canceled", "cancelled", "failed"):
            raise PollingError(answer.text)
        if state.lower() in ("", "succeeded"):
            return slept
    raise PollingError(f"{path} never becomes Succeeded")


def _await_absence(client: httpx.Client, started: httpx.Response) -> list[float]:
    path, version = _resource(started)
    for polls in range(1, PATIENCE):
        answer = client.get(path, params=version)
        if answer.status_code == 404:
            return [BASE_DELAY] * polls
        if answer.status_code != 200:
            raise PollingError(f"unexpected status {answer.status_code} after deletion")
    raise PollingError(f"{path} is never gone")


def _resource(started: httpx.Response) -> tuple[str, dict[str, str]]:
    """Return the path of the resource, an even number of segments, and the api-version."""
    version = started.request.url.params.get("api-version")
    if not version:
        raise PollingError("unable to determine `api-version`")
    segments = started.request.url.path.lstrip("/").split("/")
    even = segments[: len(segments) // 2 * 2]
    return f"/{'/'.join(even)}", {"api-version": version}


def await_autorest(client: httpx.Client, started: httpx.Response) -> list[float]:
    """Wait as go-autorest's ``Future`` does. Raises ``PollingError`` where the provider fails."""
    state = _first_state(started)
    by_status, url = _polling_url(started)
    if started.status_code == 202 and not url:
        raise PollingError("didn't get any suitable polling URLs in 202 response")
    method, answer = started.request.method, started
    first = _autorest_delay(started)
    slept = [] if first is None else [first]
    while state.lower() not in TERMINAL:
        if len(slept) > PATIENCE:
            raise PollingError(f"{url} polls for ever")
        answer = client.get(url or str(started.request.url))
        if answer.status_code == 404 and method == "DELETE":
            return slept
        state = _polled_state(answer, by_status, method, bool(url))
        found, newer = _polling_url(answer)
        if newer:
            by_status, url = found, newer
        if state.lower() not in TERMINAL:
            delay = _autorest_delay(answer)
            slept.append(AUTOREST_DELAY if delay is None else delay)
    if state.lower() != "succeeded":
        raise PollingError(answer.text)
    return slept


def _first_state(started: httpx.Response) -> str:
    """Read the state of the first answer; its body is nothing or JSON."""
    body = started.json() if started.content else {}
    inner = (body.get("properties") or {}).get("provisioningState")
    states = {
        200: inner or "Succeeded",
        201: inner or "InProgress",
        202: "InProgress",
        204: "Succeeded",
    }
    if started.status_code not in states:
        raise PollingError(f"unexpected status {started.status_code}: {started.text}")
    return states[started.status_code]


def _polling_url(answer: httpx.Response) -> tuple[bool, str]:
    """Return whether the operation's status is polled, not its result, and the absolute URL."""
    for name in ("azure-asyncoperation", "location"):
        url = answer.headers.get(name, "")
        if url and not urlsplit(url).netloc:
            raise PollingError(f"invalid polling URL {url!r}")
        if url:
            return name == "azure-asyncoperation", url
    return False, ""


def _polled_state(answer: httpx.Response, by_status: bool, method: str, has_url: bool) -> str:
    if answer.status_code not in (200, 201, 202, 204):
        raise PollingError(f"unexpected status {answer.status_code}: {answer.text}")
    body = answer.json() if answer.content else {}
    if by_status:
        if not answer.content:
            raise PollingError("for Azure-AsyncOperation response body cannot be nil")
        if body.get("status") is None:
            raise PollingError("missing status property in Azure-AsyncOperation response body")
        return str(body["status"])
    if method == "PUT" and not body and not _header_of(answer):
        raise PollingError("the response did not contain a body")
    if answer.status_code == 202:
        return "InProgress"
    ends = (200, 204) if method == "DELETE" else (200, 201)
    if answer.status_code not in ends:
        raise PollingError("the response from the async operation has an invalid status code")
    return str((body.get("properties") or {}).get("provisioningState") or "Succeeded")


def _autorest_delay(answer: httpx.Response) -> float | None:
    """Read Retry-After as ParseDuration does, in whole seconds; a date is a panic."""
    sent = answer.headers.get("retry-after", "")
    if not sent:
        return None
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", sent):
        raise PollingError(f'panic: time: invalid duration "{sent}s"')
    return float(int(float(sent)))
