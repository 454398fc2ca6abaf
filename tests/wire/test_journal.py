"""The journal over HTTP: what clients asked and got, filtered, bounded, without secrets."""

from __future__ import annotations

import gc
import json
import threading
import tracemalloc
from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    GROUP_ID,
    ROOT,
    STORAGE_ID,
    SUBSCRIPTION,
    VAULT_ID,
    Served,
    code_of,
    done,
    protect,
    put_group,
    put_policy,
    put_storage,
    put_vault,
    vm_body,
    vm_id,
)

JOURNAL = "/_emulator/journal"
CORRELATION = "8f6f1c1e-0000-4000-8000-000000000001"
OTHER = "99999999-2222-3333-4444-555555555555"


def journal(arm: httpx.Client, **filters: Any) -> list[dict[str, Any]]:
    answer: dict[str, Any] = done(arm.get(JOURNAL, params={"since": "reset", **filters})).json()
    found: list[dict[str, Any]] = answer["value"]
    return found


def test_an_exchange_is_shown_with_all_that_was_said(arm: httpx.Client) -> None:
    headers = {
        "x-ms-correlation-request-id": CORRELATION,
        "CommandName": "group create",
        "User-Agent": "AZURECLI/2.91.0",
        "Authorization": "Bearer top-secret-bearer",
    }
    sent = {"location": "westeurope", "tags": {"env": "test"}, "colour": "red"}
    answer = done(arm.put(GROUP_ID, json=sent, headers=headers))
    (found,) = journal(arm)
    noted = {name: found.pop(name) for name in ("milliseconds", "realTime", "sequence")}
    assert noted["milliseconds"] > 0
    assert noted["realTime"] > "2026"
    response = found.pop("response")
    assert response["body"] == answer.json()
    assert response["headers"]["x-ms-request-id"] == answer.headers["x-ms-request-id"]
    request = found.pop("request")
    assert request["body"] == sent
    assert request["headers"]["authorization"] == "Bearer {secret-1}"
    assert request["headers"]["content-type"] == "application/json"
    assert found == {
        "plane": "azure",
        "method": "PUT",
        "scheme": "http",
        "path": GROUP_ID,
        "query": "api-version=2025-04-01",
        "apiVersion": "2025-04-01",
        "operationId": "ResourceGroups_CreateOrUpdate",
        "status": 201,
        "errorCode": None,
        "correlationId": CORRELATION,
        "subscription": SUBSCRIPTION,
        "client": "AZURECLI/2.91.0",
        "command": "group create",
        "virtualTime": "2026-01-01T00:00:00Z",
        "ignoredKeys": ["colour"],
    }
    assert done(arm.get(f"{JOURNAL}/{noted['sequence']}")).json()["request"] == request


def test_keys_that_nobody_reads_are_named_where_they_stand(vault: httpx.Client) -> None:
    body = vm_body()
    body["properties"]["storageProfile"]["dataDisks"][0]["flavour"] = "vanilla"
    body["properties"]["oSProfile"] = {"computerName": "vm-1"}
    done(vault.put(vm_id(), json={**body, "etag": "*", "properties": body["properties"]}))
    (found,) = journal(vault, operationId="VirtualMachines_CreateOrUpdate")
    assert found["ignoredKeys"] == ["properties.storageProfile.dataDisks[0].flavour"]


def test_what_is_asked_is_found_by_every_filter(arm: httpx.Client) -> None:
    put_group(arm)
    put_vault(arm)
    other = f"/subscriptions/{OTHER}/resourceGroups/elsewhere"
    done(arm.put(other, json={"location": "westeurope"}, headers={
        "x-ms-correlation-request-id": CORRELATION}))  # fmt: skip
    assert arm.get(f"{VAULT_ID}-2").status_code == 404
    assert arm.get("/nowhere").status_code == 404
    done(arm.post("/_emulator/clock/advance", json={"until": "idle"}))

    def operations(**filters: Any) -> list[Any]:
        return [each["operationId"] for each in journal(arm, **filters)]

    groups = "ResourceGroups_CreateOrUpdate"
    asked = [groups, "Vaults_CreateOrUpdate", groups, "Vaults_Get", None, "Emulator_AdvanceClock"]
    assert operations() == asked
    assert operations(operationId="vaults_*") == ["Vaults_CreateOrUpdate", "Vaults_Get"]
    assert operations(operationId="Vaults_Get") == ["Vaults_Get"]
    assert operations(method="get") == ["Vaults_Get", None]
    assert operations(path="*/VAULTS/vault-1*") == ["Vaults_CreateOrUpdate", "Vaults_Get"]
    assert operations(status="404") == operations(status="4xx") == ["Vaults_Get", None]
    assert operations(status="2xx", plane="control") == ["Emulator_AdvanceClock"]
    assert operations(errorCode="ResourceNotFound") == ["Vaults_Get"]
    assert operations(correlationId=CORRELATION.upper()) == [groups]
    assert operations(subscription=OTHER) == [groups]
    assert operations(limit="2") == [None, "Emulator_AdvanceClock"]
    third = journal(arm)[2]["sequence"]
    assert operations(since=third) == asked[3:]
    assert operations(since=third, until=third + 1) == ["Vaults_Get"]
    assert "request" not in journal(arm, bodies="false")[0]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("operationid", "did you mean 'operationId'"),
        ("operation=x", "did you mean 'operationId'"),
        ("subscriptions=x", "did you mean 'subscription'"),
        ("status=40", "neither a status such as 404 nor a class like 4xx"),
        ("since=yesterday", "neither a sequence number nor 'reset'"),
        ("subscription=mine", "not a GUID"),
        ("plane=arm", "azure, control"),
        ("limit=0", "from 1 to 1000000"),
        ("wait=60", "from 0 to 30"),
        ("bodies=no", "true, false"),
        ("path=", "1 to 2000 characters"),
    ],
)
def test_a_filter_that_cannot_be_is_refused_with_what_is_right(
    connection: httpx.Client, query: str, told: str
) -> None:
    if query == "operationid":  # names ignore case, as everywhere
        assert connection.get(f"{JOURNAL}?{query}=x").status_code == 200
        return
    answer = connection.get(f"{JOURNAL}?{query}")
    assert (answer.status_code, code_of(answer)) == (400, "InvalidJournalFilter")
    assert told in answer.json()["error"]["message"]


def test_what_only_watches_is_not_noted(arm: httpx.Client) -> None:
    for path in ("health", "metrics", "clock", "journal", "limits"):
        done(arm.get(f"/_emulator/{path}"))
    done(arm.get("/docs"))
    assert arm.get("/_emulator/nowhere").status_code == 404
    assert arm.patch("/_emulator/clock", json={"mode": "fast"}).status_code == 400
    (found,) = journal(arm)
    assert (found["operationId"], found["status"]) == ("Emulator_UpdateClock", 400)


def test_an_entry_that_is_not_kept_is_not_found(arm: httpx.Client) -> None:
    assert code_of(arm.get(f"{JOURNAL}/999999999")) == "JournalEntryNotFound"
    assert code_of(arm.get(f"{JOURNAL}/latest")) == "InvalidJournalFilter"


def test_a_subscription_is_forgotten_alone_and_numbers_go_on(arm: httpx.Client) -> None:
    done(arm.delete(JOURNAL))
    for subscription in (SUBSCRIPTION, OTHER, SUBSCRIPTION):
        done(arm.put(f"/subscriptions/{subscription}/resourceGroups/one", json={
            "location": "westeurope"}))  # fmt: skip
    last = journal(arm)[-1]["sequence"]
    wrong = arm.delete(JOURNAL, params={"status": "4xx"})
    assert code_of(wrong) == "InvalidJournalFilter"
    gone = done(arm.delete(JOURNAL, params={"subscription": SUBSCRIPTION})).json()
    assert gone == {"forgotten": 2}
    assert [each["subscription"] for each in journal(arm)] == [OTHER]
    answer = done(arm.get(JOURNAL)).json()
    assert (answer["lost"], answer["last"], answer["world"]["complete"]) == (last, last, False)
    done(arm.delete(JOURNAL))
    assert journal(arm) == []
    done(arm.get(f"{ROOT}/resourceGroups"))
    assert journal(arm)[0]["sequence"] == last + 1


def test_news_is_waited_for_and_told_at_once(arm: httpx.Client, connection: httpx.Client) -> None:
    last = done(arm.get(JOURNAL)).json()["last"]
    told: list[Any] = []

    def wait() -> None:
        with httpx.Client(base_url=connection.base_url, timeout=60) as other:
            asked = {"since": last, "wait": 30, "bodies": "false"}
            told.extend(other.get(JOURNAL, params=asked).json()["value"])

    waiting = threading.Thread(target=wait)
    waiting.start()
    put_group(arm)
    waiting.join(timeout=25)
    assert [each["operationId"] for each in told] == ["ResourceGroups_CreateOrUpdate"]
    assert done(arm.get(JOURNAL, params={"since": last + 9, "wait": 0})).json()["value"] == []


def test_a_body_that_is_no_json_is_kept_as_it_is(arm: httpx.Client) -> None:
    json_type = {"Content-Type": "application/json"}
    texts = ['{"password": "swordfish", ', "\ud83d\ude00 {", '{"a": "\\ud800"}', '{"n": NaN}', ""]
    for text in texts:
        sent = text.encode("utf-16", "surrogatepass").decode("utf-16").encode()
        assert arm.put(GROUP_ID, content=sent, headers=json_type).status_code == 400
    assert arm.put(GROUP_ID, content=b"\xff\xfe", headers=json_type).status_code == 400
    requests = [each["request"] for each in journal(arm)]
    assert requests[0]["text"] == '{"password": "{secret-1}", '
    assert [each.get("text") for each in requests[1:4]] == ["\U0001f600 {", *texts[2:4]]
    assert set(requests[4]) == {"headers"}
    assert requests[5]["base64"] == "//4="


SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
ADMIN = "aaaaaaaa-0000-4000-8000-000000000001"
SECRETS = ("swordfish-1A", "sw0rdfish-2B", "protected-3C", "custom-4D", "param-5E")


def test_no_secret_of_a_client_or_the_service_is_shown(serve: Served) -> None:
    arm = serve(auth="rbac", auth_admins=(ADMIN,), generic_resources=True)
    token = done(arm.post("/common/oauth2/v2.0/token", data={
        "grant_type": "client_credentials", "client_id": ADMIN, "client_secret": SECRETS[0],
        "scope": "https://management.azure.com/.default"})).json()["access_token"]  # fmt: skip
    arm.headers["Authorization"] = f"Bearer {token}"
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    body = vm_body()
    body["properties"]["osProfile"] = {
        "computerName": "vm-1", "adminUsername": "me", "adminPassword": SECRETS[1],
        "customData": SECRETS[3]}  # fmt: skip
    done(arm.put(vm_id(), json=body))
    extension = {"location": "westeurope", "properties": {
        "publisher": "Microsoft.Azure.Extensions", "type": "CustomScript",
        "typeHandlerVersion": "2.1",
        "protectedSettings": {"commandToExecute": SECRETS[2]}}}  # fmt: skip
    done(arm.put(f"{vm_id()}/extensions/one", json=extension))
    protect(arm)
    put_storage(arm)
    keys = done(arm.post(f"{STORAGE_ID}/listKeys"))
    pin = done(arm.post(f"{VAULT_ID}/backupSecurityPIN", json={})).json()["securityPIN"]
    template = {"$schema": SCHEMA, "contentVersion": "1.0.0.0",
                "parameters": {"door": {"type": "secureString"}}, "resources": []}  # fmt: skip
    deployment = {"properties": {
        "mode": "Incremental", "template": template,
        "parameters": {"door": {"value": SECRETS[4]}}}}  # fmt: skip
    done(arm.put(f"{GROUP_ID}/providers/Microsoft.Resources/deployments/one", json=deployment))
    text = done(arm.get(JOURNAL)).text
    made_here = [each["value"] for each in keys.json()["keys"]]
    for secret in (*SECRETS, token, pin, *made_here):
        assert json.dumps(secret)[1:-1] not in text, secret
    assert "adminPassword" in text
    # Whoever saw the token sent the same again: equal secrets have equal placeholders.
    shown = [each["request"]["headers"].get("authorization") for each in json.loads(text)["value"]]
    assert shown[1] == shown[-1] == "Bearer {secret-2}"


def test_the_journal_keeps_what_it_was_told_to_keep(serve: Served) -> None:
    arm = serve(journal_entries=3)
    for number in range(5):
        put_group(arm, f"{ROOT}/resourceGroups/group-{number}")
    answer = done(arm.get(JOURNAL)).json()
    assert [each["sequence"] for each in answer["value"]] == [3, 4, 5]
    assert (answer["last"], answer["lost"], answer["world"]["complete"]) == (5, 2, False)
    done(arm.post("/_emulator/reset"))
    assert done(arm.get(JOURNAL)).json()["world"]["complete"]
    none = serve(journal_entries=0)
    put_group(none)
    assert done(none.get(JOURNAL)).json()["value"] == []


def test_the_journal_takes_no_more_memory_than_it_may(serve: Served) -> None:
    arm = serve(journal_megabytes=1)
    for number in range(12):
        tags = {f"tag-{each}": f"{number}-" * 60 for each in range(45)}
        done(arm.put(GROUP_ID, json={"location": "westeurope", "tags": tags}))
    small = len(journal(arm))
    assert small == 12
    for _ in range(200):
        done(arm.put(GROUP_ID, json={"location": "westeurope", "tags": tags}))
    answer = done(arm.get(JOURNAL)).json()
    assert len(answer["value"]) < 110
    assert answer["value"][-1]["sequence"] == 212
    body = {"location": "westeurope", "tags": {"one": "x" * 1_200_000}}
    assert arm.put(GROUP_ID, json=body).status_code == 400
    latest = journal(arm)[-1]
    assert latest["request"]["omitted"] == "it has more bytes than the journal keeps"
    assert latest["errorCode"] is not None


def test_the_memory_that_is_counted_covers_what_is_taken(serve: Served) -> None:
    arm = serve()
    put_group(arm)
    put_vault(arm)

    def look(times: int) -> None:
        for _ in range(times):
            done(arm.get(VAULT_ID, headers={"Authorization": f"Bearer {'x' * 800}"}))

    tracemalloc.start()
    try:
        look(50)
        done(arm.delete(JOURNAL))
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        look(300)
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    counted = done(arm.get(JOURNAL, params={"limit": 1})).json()["bytes"]
    assert 0.5 * counted < taken < counted, (taken, counted)
