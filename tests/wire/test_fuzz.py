"""Whatever is sent to whichever endpoint: never a fault, and a refusal changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import httpx
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.arm.calls import Endpoint
from app.arm.shapes import Shape
from app.domain.blob_paths import PREFIX
from app.main import endpoints
from tests.wire.builders import (
    ITEM_ID,
    POINTS,
    ROOT,
    SUBSCRIPTION,
    VAULT_ID,
    back_up,
    code_of,
    container_id,
    done,
    protect,
    put_group,
    put_policy,
    put_vault,
    put_vm,
)

STEERING = {"Emulator_Reset", "Emulator_UpdateClock", "Emulator_AdvanceClock"}
"""These change the clock by design, and have tests of their own."""
WATCHED = (
    f"{ROOT}/resourceGroups",
    f"{ROOT}/providers/Microsoft.RecoveryServices/vaults",
    f"{VAULT_ID}/backupPolicies",
    f"{VAULT_ID}/backupProtectedItems",
    f"{VAULT_ID}/backupJobs",
    POINTS,
    f"{ROOT}/providers/Microsoft.Compute/virtualMachines",
    f"{ROOT}/providers/Microsoft.Compute/disks",
)
EXISTING = {
    "subscriptionId": SUBSCRIPTION,
    "resourceGroupName": "group-1",
    "vaultName": "vault-1",
    "fabricName": "Azure",
    "policyName": "daily",
    "vmName": "vm-1",
    "containerName": container_id().rpartition("/")[2],
    "protectedItemName": ITEM_ID.rpartition("/")[2],
    "azureRegion": "westeurope",
    "location": "westeurope",
}

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
words = st.sampled_from(
    ["", "westeurope", "Daily", "P1D", "2026-01-01T22:00:00Z", "AlwaysON", VAULT_ID, ITEM_ID, "0"]
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([-1, 0, 7, 2**31, 2**63, 10**40])
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
    | words
)
junk = st.recursive(
    scalars, lambda part: st.lists(part, max_size=3) | st.dictionaries(texts, part, max_size=3)
)


def bodies(schema: dict[str, Any], defined: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return bodies that mostly look like a JSON schema's, with junk here and there."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return st.deferred(lambda: bodies(defined[name], defined))
    choices = [st.just(value) for value in schema.get("examples", schema.get("enum", ()))]
    choices += [bodies(each, defined) for each in schema.get("anyOf", ())]
    if schema.get("type") == "array":
        choices.append(st.lists(bodies(schema.get("items", {}), defined), max_size=3))
    if "properties" in schema:
        fields = {name: bodies(each, defined) for name, each in schema["properties"].items()}
        choices.append(st.fixed_dictionaries(fields))
        choices.append(st.fixed_dictionaries({}, optional=fields))
        return st.one_of(*choices)
    return st.one_of(*choices, junk)


def contents(endpoint: Endpoint) -> st.SearchStrategy[Any]:
    if endpoint.body is None:
        return st.none() | junk
    schema = endpoint.body.model_json_schema(by_alias=True)
    shaped = bodies(schema, schema.get("$defs", {}))
    return st.one_of(shaped, shaped, shaped, junk)


@dataclass(frozen=True)
class Asked:
    """One request, still without a host."""

    endpoint: Endpoint
    path: str
    query: dict[str, str]
    content: Any


@st.composite
def requests(draw: st.DrawFn) -> Asked:
    endpoint = draw(st.sampled_from(SERVED))
    parts = []
    for part in endpoint.template.strip("/").split("/"):
        if not part.startswith("{"):
            parts.append(part)
            continue
        right = EXISTING.get(part.strip("{}"), "name-1")
        likely = [st.just(right)] * 8
        parts.append(draw(st.one_of(*likely, st.just(right.upper()), texts, st.just("x" * 300))))
    query = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "$filter": texts | st.just("operation eq 'Backup'"),
                "$skipToken": texts,
                "api-version": st.sampled_from(["2026-10-01", "2023-01-01"]) | texts,
            },
        )
        | st.just({})
    )
    path = "/" + "/".join(quote(part, safe=";") for part in parts)
    return Asked(endpoint, path, query, draw(contents(endpoint)))


SERVED = [each for each in endpoints() if each.operation_id not in STEERING]


def begin(arm: httpx.Client) -> None:
    """A small world in which there is something behind most paths."""
    done(arm.post("/_emulator/reset"))
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    put_vm(arm)
    protect(arm)
    back_up(arm)
    done(arm.post("/_emulator/clock/advance", json={"until": "idle"}))


def watch(arm: httpx.Client) -> list[bytes]:
    return [arm.get(path).content for path in WATCHED]


def test_no_request_is_a_fault_and_a_refused_one_changes_nothing(arm: httpx.Client) -> None:
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(requests(), min_size=1, max_size=25))
    @example([])
    def check(asked: list[Asked]) -> None:
        begin(arm)
        before = watch(arm)
        for one in asked:
            answer = send(arm, one)
            assert answer.status_code < 500, (one, answer.text)
            after = watch(arm)
            if answer.is_client_error:
                assert one.endpoint.method == "HEAD" or told(one, answer), one
                assert after == before, one
            before = after

    check()


def told(one: Asked, answer: httpx.Response) -> Any:
    """Return why a request is refused: sign-in has codes of its own, once the path is read.

    A path of a file that becomes another one leads to blobs, which are refused in XML.
    """
    if answer.request.url.path.startswith(f"{PREFIX}/") and "xml" in answer.headers["content-type"]:
        return ElementTree.fromstring(answer.content).findtext("Code")
    is_sign_in = one.endpoint.refuses is Shape.SIGN_IN_ERROR
    return (is_sign_in and answer.json().get("error_codes")) or code_of(answer)


def send(arm: httpx.Client, one: Asked) -> httpx.Response:
    body = {} if one.content is None else {"json": one.content}
    return arm.request(one.endpoint.method, one.path, params=one.query, **body)
