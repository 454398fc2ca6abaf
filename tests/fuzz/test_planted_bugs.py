"""The fuzz finds what it is there to find: bugs planted at endpoints of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import Field

from app.arm.bodies import Body
from app.arm.calls import Answer, Call, Endpoint, endpoint
from app.main import create_app
from app.server import start
from app.settings import Settings
from tests.conftest import START
from tests.fuzz.harness import Depth, Report, fuzz

PLACE = "/subscriptions/{subscriptionId}/providers/Planted.Bugs"
EVERYTHING = Depth(phases=("examples", "coverage", "fuzzing"), drawn=20)


class Crate(Body):
    """What the planted endpoints are sent."""

    EXAMPLE = {"apples": 3}

    apples: int = Field(ge=0, le=100)


@endpoint("PUT", f"{PLACE}/crashes/{{vaultName}}", "Planted_Crash", tag="Planted", body=Crate)
def crash(call: Call, body: Crate) -> Answer:
    """Raise for one number of apples: the largest."""
    apples = 100 // (100 - body.apples)
    return Answer(body=_resource(call, "crashes", apples))


@endpoint(
    "GET", f"{PLACE}/statuses/{{vaultName}}", "Planted_Status", tag="Planted", query=("color",)
)
def answer_a_status_of_its_own(call: Call) -> Answer:
    """Answer a status that is not declared, as soon as a color is named."""
    return Answer(208 if "color" in call.query else 200, _resource(call, "statuses", 0))


@endpoint("GET", f"{PLACE}/shapes/{{vaultName}}", "Planted_Shape", tag="Planted")
def answer_a_shape_of_its_own(call: Call) -> Answer:
    """Answer a resource whose name is a number."""
    return Answer(body=_resource(call, "shapes", 0) | {"name": 7})


@endpoint("POST", f"{PLACE}/headers", "Planted_Header", tag="Planted", statuses=(202,))
def leave_out_a_header(_call: Call) -> Answer:
    """Accept without saying where to poll."""
    return Answer(202)


@endpoint("GET", f"{PLACE}/sound/{{vaultName}}", "Planted_Sound", tag="Planted")
def answer_as_declared(call: Call) -> Answer:
    """Answer what is declared: nothing is wrong here."""
    return Answer(body=_resource(call, "sound", 0))


PLANTED = (
    crash,
    answer_a_status_of_its_own,
    answer_a_shape_of_its_own,
    leave_out_a_header,
    answer_as_declared,
)


def _resource(call: Call, kind: str, apples: int) -> dict[str, Any]:
    return {
        "id": call.url_path,
        "name": call.path["vaultName"],
        "type": f"Planted.Bugs/{kind}",
        "properties": {"apples": apples},
    }


class NoWorld:
    """The planted endpoints look nothing up."""

    def begin(self, operation: str) -> None:
        """Begin nothing."""

    def known(self, operation: str) -> dict[str, str]:
        """Know only the subscription."""
        return {"subscriptionId": "11111111-1111-1111-1111-111111111111"}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Report]:
    """What the fuzz reports of the planted endpoints."""
    home: Path = tmp_path_factory.mktemp("home")
    settings = Settings(port=0, https_port=None, clock_mode="frozen", start_time=START, home=home)
    with start(settings, create=lambda chosen: create_app(chosen, PLANTED)) as server:
        document = httpx.get(f"{server.http_url}/openapi.json").json()
        planted = {path: own for path, own in document["paths"].items() if PLACE in path}
        yield fuzz(server.http_url, document | {"paths": planted}, NoWorld(), EVERYTHING)


@pytest.mark.parametrize(
    ("bug", "check"),
    [
        (crash, "not_a_server_error"),
        (crash, "status_code_conformance"),
        (answer_a_status_of_its_own, "status_code_conformance"),
        (answer_a_shape_of_its_own, "response_schema_conformance"),
        (leave_out_a_header, "response_headers_conformance"),
    ],
    ids=lambda each: each.operation_id if isinstance(each, Endpoint) else each,
)
def test_a_planted_bug_is_found(report: Report, bug: Endpoint, check: str) -> None:
    assert (bug.operation_id, check) in report.found, str(report)


def test_nothing_is_found_where_nothing_is_wrong(report: Report) -> None:
    assert not [where for where in report.found if where[0] == answer_as_declared.operation_id]
    assert report.errors == []
