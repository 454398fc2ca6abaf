"""The two pollers fail where azurerm does: a wrong answer is planted, and they must find it."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.clients.azurerm.pollers import PollingError, await_autorest, await_base_layer

HOME = "http://planted.example"
RESOURCE = f"{HOME}/subscriptions/s/resourceGroups/g/providers/N/vaults/v?api-version=2025-08-01"
OPERATION = f"{HOME}/operations/1?api-version=2025-08-01"
Poller = Callable[[httpx.Client, httpx.Response], list[float]]


def answer(status: int, body: object = None, **headers: str) -> httpx.Response:
    sent = {name.replace("_", "-"): text for name, text in headers.items()}
    if body is None:
        return httpx.Response(status, headers=sent)
    return httpx.Response(status, headers=sent, json=body)


def polled(
    poller: Poller, method: str, first: httpx.Response, *later: httpx.Response
) -> list[float]:
    """Let a poller wait for an operation whose answers are these; the last one stays."""
    answers = list(later)
    first.request = httpx.Request(method, RESOURCE)

    def give(_request: httpx.Request) -> httpx.Response:
        return answers.pop(0) if len(answers) > 1 else answers[0]

    with httpx.Client(base_url=HOME, transport=httpx.MockTransport(give)) as client:
        return poller(client, first)


ASYNC = {"azure_asyncoperation": OPERATION}
LOCATION = {"location": OPERATION}
RUNNING = {"status": "InProgress"}
DONE = {"status": "Succeeded"}
FAILED = {"status": "Failed", "error": {"code": "Some", "message": "thing"}}
STATE = {"properties": {"provisioningState": "Succeeded"}}


def test_the_base_layer_waits_by_retry_after_and_ten_seconds_without() -> None:
    steps = (answer(202, **ASYNC, retry_after="3"), answer(200, RUNNING, retry_after="1"))
    assert polled(await_base_layer, "PATCH", *steps, answer(200, DONE)) == [3, 1]
    assert polled(await_base_layer, "PUT", answer(201, {}), answer(200, STATE)) == [10]
    assert polled(await_base_layer, "DELETE", answer(200), answer(200), answer(404)) == [10, 10]
    date = answer(202, **ASYNC, retry_after="Thu, 01 Jan 2026 00:00:00 GMT")
    assert polled(await_base_layer, "PATCH", date, answer(200, DONE)) == [10], "is passed over"


def test_the_base_layer_never_reads_the_headers_of_a_deletion() -> None:
    assert polled(await_base_layer, "DELETE", answer(202, **ASYNC), answer(404)) == [10]


@pytest.mark.parametrize(
    ("why", "method", "steps"),
    [
        ("no applicable", "PUT", [answer(204)]),
        ("no applicable", "PATCH", [answer(202)]),
        ("unexpected status 404", "POST", [answer(200), answer(404, {})]),
        ("not absolute", "PATCH", [answer(202, location="/operations/1")]),
        ("polls for ever", "PATCH", [answer(202, **ASYNC), answer(200, {"name": "1"})]),
        ("Content-Type", "PATCH", [answer(202, **LOCATION), answer(204)]),
        ("thing", "PATCH", [answer(202, **ASYNC), answer(200, FAILED)]),
        ("never becomes", "PUT", [answer(200, {}), answer(200, {"status": "Creating"})]),
        ("unexpected status 202", "DELETE", [answer(202), answer(202)]),
        ("never gone", "DELETE", [answer(202), answer(200)]),
    ],
)
def test_the_base_layer_fails_where_azurerm_does(
    why: str, method: str, steps: list[httpx.Response]
) -> None:
    with pytest.raises(PollingError, match=why):
        polled(await_base_layer, method, *steps)


def test_autorest_waits_by_retry_after_and_thirty_seconds_without() -> None:
    steps = (answer(202, **ASYNC, retry_after="1.9"), answer(200, RUNNING), answer(200, DONE))
    assert polled(await_autorest, "PUT", *steps) == [1, 30]
    assert polled(await_autorest, "PUT", answer(202, **LOCATION), answer(200, {"id": "1"})) == []
    for end in (answer(200), answer(204), answer(404)):
        assert polled(await_autorest, "DELETE", answer(202, **LOCATION), end) == []
    assert polled(await_autorest, "DELETE", answer(204), answer(500)) == [], "done at once"
    assert polled(await_autorest, "PUT", answer(200, {}), answer(500)) == [], "done at once"


@pytest.mark.parametrize(
    ("why", "method", "steps"),
    [
        ("suitable polling URLs", "PUT", [answer(202)]),
        ("invalid polling URL", "PUT", [answer(202, location="/operations/1")]),
        ("panic", "PUT", [answer(202, **ASYNC, retry_after="Thu, 01 Jan 2026 00:00:00 GMT")]),
        ("cannot be nil", "PUT", [answer(202, **ASYNC), answer(200)]),
        ("missing status", "PUT", [answer(202, **ASYNC), answer(200, {"name": "1"})]),
        ("thing", "PUT", [answer(202, **ASYNC), answer(200, FAILED)]),
        ("contain a body", "PUT", [answer(202, **LOCATION), answer(204)]),
        ("invalid status code", "DELETE", [answer(202, **LOCATION), answer(201)]),
        ("polls for ever", "DELETE", [answer(202, **ASYNC), answer(200, RUNNING)]),
        ("unexpected status 404", "PUT", [answer(202, **ASYNC), answer(404, {})]),
    ],
)
def test_autorest_fails_where_azurerm_does(
    why: str, method: str, steps: list[httpx.Response]
) -> None:
    with pytest.raises(PollingError, match=why):
        polled(await_autorest, method, *steps)
