"""What the front door makes of paths, versions, bodies, headers and hosts, however they come."""

from __future__ import annotations

import socket
import ssl
from typing import Any

import httpx
import pytest

from app.arm.shapes import Shape
from app.main import endpoints
from app.server import RunningServer
from tests.wire.builders import (
    FABRIC_ID,
    GROUP_ID,
    ITEM_ID,
    POINTS,
    ROOT,
    SUBSCRIPTION,
    VAULT_ID,
    code_of,
    container_id,
    item_body,
    listed,
    policy_body,
    refused,
    vm_id,
)

GUID = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
REFRESH = f"{FABRIC_ID}/refreshContainers"


def raw(server: RunningServer, request: bytes) -> tuple[int, bytes, bytes]:
    """Send bytes as they are and return the status, the head and the body of the answer."""
    url = httpx.URL(server.http_url)
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        connection.sendall(request)
        answer = httpx_free_read(connection)
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), head, body


def httpx_free_read(connection: socket.socket) -> bytes:
    received = b""
    while chunk := connection.recv(65_536):
        received += chunk
    return received


def get(path: bytes, *headers: bytes, version: bytes = b"1.1", host: bytes = b"localhost") -> bytes:
    lines = [b"GET " + path + b" HTTP/" + version, b"Connection: close", *headers]
    if host:
        lines.append(b"Host: " + host)
    return b"\r\n".join([*lines, b"", b""])


# --- paths -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelling",
    [
        str.lower,
        str.upper,
        lambda path: path.replace("/", "//"),
        lambda path: f"{path}/",
        lambda path: f"{path}///",
        lambda path: path.replace(";", "%3B"),
        lambda path: path.replace(";", "%3b"),
        lambda path: path.replace("resourceGroups", "resourcegroups"),
        lambda path: path.replace("/vaults/", "/vault%73/"),
    ],
)
def test_a_path_is_understood_in_every_spelling_and_answered_in_one(
    protected: httpx.Client, spelling: Any
) -> None:
    answer = protected.get(f"{protected.base_url}{spelling(ITEM_ID)}")
    assert answer.status_code == 200, answer.text
    assert answer.json()["id"] == ITEM_ID
    assert not answer.history


def test_ids_are_canonical_whatever_casing_created_the_resource(arm: httpx.Client) -> None:
    arm.put(GROUP_ID.upper(), json={"location": "westeurope"})
    sent = f"{GROUP_ID.upper()}/providers/MICROSOFT.RECOVERYSERVICES/VAULTS/Vault-1"
    made = arm.put(sent, json={"location": "West Europe"})
    canonical = (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/GROUP-1"
        "/providers/Microsoft.RecoveryServices/vaults/Vault-1"
    )
    assert made.json()["id"] == canonical
    assert arm.get(VAULT_ID).json()["id"] == canonical
    assert arm.get(f"{VAULT_ID}/backuppolicies/DEFAULTPOLICY").json()["id"] == (
        f"{canonical}/backupPolicies/DefaultPolicy"
    )


@pytest.mark.parametrize("twin", ["vaults/vault-1/backupProtectedItems", "recoveryPoints"])
def test_a_trailing_slash_on_two_lists_asks_for_the_secondary_region(
    protected: httpx.Client, twin: str
) -> None:
    path = POINTS if twin == "recoveryPoints" else f"{VAULT_ID}/backupProtectedItems"
    assert protected.get(path).status_code == 200
    answer = protected.get(f"{path}/")
    assert refused(answer) == (400, "BMSUserErrorCrossRegionRestoreNotEnabled")
    assert protected.get(f"{VAULT_ID}/").json() == protected.get(VAULT_ID).json()


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/nothing", "NotFound"),
        (f"{ROOT}/nothing", "NotFound"),
        (f"{VAULT_ID}/nothing/else", "InvalidResourceType"),
        (f"{ROOT}/providers/Microsoft.Quantum/cats/tom", "InvalidResourceType"),
        (f"{GROUP_ID}/providers/Microsoft.ClassicStorage/domains/one", "InvalidResourceType"),
        ("/_emulator/nothing", "NotFound"),
        ("/_emulator", "NotFound"),
        ("/docs/nothing", "NotFound"),
        ("/openapi.json/nothing", "NotFound"),
        ("/assets", "NotFound"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_path_that_leads_nowhere_is_refused_in_arms_envelope(
    arm: httpx.Client, method: str, path: str, code: str
) -> None:
    answer = arm.request(method, path)
    assert refused(answer) == (404, code)


def test_a_resource_type_that_is_not_emulated_is_named(arm: httpx.Client) -> None:
    answer = arm.get(f"{GROUP_ID}/providers/Microsoft.ClassicStorage/domains/one")
    message = answer.json()["error"]["message"]
    assert "'domains'" in message
    assert "'Microsoft.ClassicStorage'" in message
    assert "not emulated" in message


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", VAULT_ID, "DELETE, GET, PATCH, PUT"),
        ("PATCH", ITEM_ID, "DELETE, GET, PUT"),
        ("DELETE", f"{VAULT_ID}/backupJobs", "GET"),
        ("GET", f"{ITEM_ID}/backup", "POST"),
        ("OPTIONS", VAULT_ID, "DELETE, GET, PATCH, PUT"),
        ("GET", "/_emulator/reset", "POST"),
        ("TRACE", GROUP_ID, "DELETE, GET, HEAD, PATCH, PUT"),
    ],
)
def test_a_wrong_method_is_told_every_right_one(
    arm: httpx.Client, method: str, path: str, allowed: str
) -> None:
    answer = arm.request(method, path)
    assert refused(answer) == (405, "MethodNotAllowed")
    assert answer.headers["allow"] == allowed
    assert f"allowed: {allowed}." in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json"])
def test_a_wrong_method_on_a_page_is_refused_in_the_same_way(arm: httpx.Client, path: str) -> None:
    answer = arm.delete(path)
    assert refused(answer) == (405, "MethodNotAllowed")
    assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize("path", ["//docs", "/docs/", "/DOCS", "//openapi.json", "///"])
def test_a_page_is_found_in_every_spelling_too(arm: httpx.Client, path: str) -> None:
    assert arm.get(f"{str(arm.base_url).rstrip('/')}{path}").status_code == 200


@pytest.mark.parametrize("subscription", ["mine", "1234", f"{SUBSCRIPTION}0", "%20", "{x}"])
def test_a_subscription_that_is_no_guid_is_refused(arm: httpx.Client, subscription: str) -> None:
    answer = arm.get(f"/subscriptions/{subscription}/resourceGroups")
    assert refused(answer) == (400, "InvalidSubscriptionId")


@pytest.mark.parametrize(
    "segment",
    [b"a%00b", b"a%0ab", b"a%7fb", b"%ff%fe", b"%c3%28", b"a%2fb", b"%ed%a0%80", b"x" * 401],
)
def test_what_no_name_can_hold_is_refused_in_a_path(server: RunningServer, segment: bytes) -> None:
    path = f"{ROOT}/resourceGroups/".encode() + segment + b"?api-version=2026-10-01"
    status, _, body = raw(server, get(path))
    assert status == 400, body
    assert b"InvalidRequestUri" in body


@pytest.mark.parametrize(
    "segment", ["%F0%9F%90%B1", "%C3%A9%CC%81", "%E2%80%AE", "%25", "%5C..%5C"]
)
def test_any_other_letter_in_a_path_is_only_not_found(server: RunningServer, segment: str) -> None:
    path = f"{ROOT}/resourceGroups/{segment}?api-version=2026-10-01".encode()
    assert raw(server, get(path))[0] == 404


@pytest.mark.parametrize("path", [b"/%2e%2e/%2e%2e/etc/passwd", b"/assets/../../conftest.py", b"*"])
def test_nothing_outside_the_house_can_be_reached(server: RunningServer, path: bytes) -> None:
    status, _, body = raw(server, get(path + b"?api-version=2026-10-01"))
    assert status in (400, 404), body


def test_the_longest_path_is_refused_without_a_fault(server: RunningServer) -> None:
    path = b"/subscriptions/" + b"a/" * 20_000 + b"?api-version=2026-10-01"
    assert raw(server, get(path))[0] in (400, 404, 414)


# --- queries -----------------------------------------------------------------------------


def test_a_request_without_an_api_version_is_refused(arm: httpx.Client) -> None:
    for query in ("", "?api-version=", "?version=2026-10-01"):
        answer = httpx.get(f"{arm.base_url}{VAULT_ID}{query}")
        assert refused(answer) == (400, "MissingApiVersionParameter")


@pytest.mark.parametrize(
    "version", ["latest", "2026", "2026-1-1", "2026-10-01-", "2026-10-01 ", "x" * 99]
)
def test_a_malformed_api_version_is_refused(arm: httpx.Client, version: str) -> None:
    answer = arm.get(VAULT_ID, params={"api-version": version})
    assert refused(answer) == (400, "InvalidApiVersionParameter")


@pytest.mark.parametrize(
    "version", ["2015-12-01", "2021-11-15", "2026-10-01", "2999-01-01", "2019-05-13-preview"]
)
def test_any_well_formed_api_version_is_accepted(vault: httpx.Client, version: str) -> None:
    assert vault.get(VAULT_ID, params={"api-version": version}).status_code == 200


def test_the_names_of_query_parameters_ignore_case(vault: httpx.Client) -> None:
    url = f"{vault.base_url}{VAULT_ID}/backupJobs?API-Version=2026-10-01&%24FILTER=operation+eq+'x'"
    assert refused(vault.get(url)) == (400, "BMSUserErrorInvalidInput")


@pytest.mark.parametrize("value", ["%00", "%ff", "%ed%b0%80"])
def test_what_no_text_can_hold_is_refused_in_a_query(vault: httpx.Client, value: str) -> None:
    for name in ("$filter", "$skipToken", "anything"):
        url = f"{vault.base_url}{VAULT_ID}/backupJobs?api-version=2026-10-01&{name}={value}"
        assert vault.get(url).status_code == 400


FILTERED = [
    f"{VAULT_ID}/backupJobs",
    f"{VAULT_ID}/backupPolicies",
    f"{VAULT_ID}/backupProtectedItems",
    f"{VAULT_ID}/backupProtectableItems",
    f"{VAULT_ID}/backupProtectionContainers",
    f"{VAULT_ID}/backupDeletedProtectionContainers",
    POINTS,
]


@pytest.mark.parametrize(
    "text",
    [
        "colour eq 'red'",
        "backupManagementType",
        "backupManagementType eq",
        "backupManagementType ne 'AzureIaasVM'",
        "backupManagementType eq 'Toaster'",
        "backupManagementType eq 'AzureIaasVM' and",
        "backupManagementType eq 'AzureIaasVM' or operation eq 'Backup'",
        "backupManagementType eq 'AzureIaasVM' and backupManagementType eq 'AzureIaasVM'",
        "backupManagementType eq 'AzureIaasVM",
        "'",
        "startTime eq 'yesterday'",
        "startDate eq '2026-13-45'",
        "((((",
        "\U0001f431 eq 'cat'",
        "a" * 5000,
    ],
)
def test_a_filter_that_is_not_understood_is_refused(protected: httpx.Client, text: str) -> None:
    for path in FILTERED:
        answer = protected.get(path, params={"$filter": text})
        assert refused(answer) == (400, "BMSUserErrorInvalidInput")
        assert answer.json()["error"]["target"] == "$filter"


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "",
        "e30=",
        "WzFd",
        "WyJ4Il0=",
        "bnVsbA==",
        "[]",
        "W1tdXQ==",
        "WzFlOTld",
        "WzkyMjMzNzIwMzY4NTQ3NzU4MDhd",
    ],
)
def test_a_skip_token_that_is_none_of_ours_is_never_a_fault(
    protected: httpx.Client, token: str
) -> None:
    for path in FILTERED:
        answer = protected.get(path, params={"$skipToken": token})
        if answer.status_code != 200:
            assert refused(answer) == (400, "InvalidSkipToken")


# --- bodies ------------------------------------------------------------------------------


MALFORMED = [
    b"",
    b"   ",
    b"{",
    b"}",
    b"[]",
    b"7",
    b'"text"',
    b"null",
    b"true",
    b"{'location': 'westeurope'}",
    b'{"location": "westeurope",}',
    b'{"location": "westeurope"} {}',
    b'{"location": NaN}',
    b'{"location": Infinity}',
    b'{"location": 1e999}',
    b'{"location": "\xff\xfe"}',
    b'{"location": "\\ud800"}',
    b'{"location": "west\\u0000europe"}',
    b'{"location": "west\neurope"}',
    b"{" * 100_000,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b"[" * 100_000 + b"]" * 100_000,
    b"\x00\x01\x02",
    "{}".encode("utf-16"),
    b'{"location": ' + b"9" * 5_000 + b"}",
]


@pytest.mark.parametrize("content", MALFORMED, ids=range(len(MALFORMED)))
def test_json_that_is_malformed_is_refused_and_changes_nothing(
    vault: httpx.Client, content: bytes
) -> None:
    before = listed(vault, f"{ROOT}/resourceGroups")
    answer = vault.put(
        f"{ROOT}/resourceGroups/other",
        content=content,
        headers={"content-type": "application/json"},
    )
    assert refused(answer) in [(400, "InvalidRequestContent"), (400, "LocationRequired")]
    assert listed(vault, f"{ROOT}/resourceGroups") == before


def test_a_byte_order_mark_before_the_json_is_no_fault(arm: httpx.Client) -> None:
    content = b'\xef\xbb\xbf{"location": "westeurope"}'
    answer = arm.put(GROUP_ID, content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 201


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x"]
)
def test_a_body_that_is_not_said_to_be_json_is_refused(arm: httpx.Client, kind: str) -> None:
    answer = arm.put(
        GROUP_ID, content=b'{"location": "westeurope"}', headers={"content-type": kind}
    )
    assert refused(answer) == (415, "UnsupportedMediaType")


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=utf-8", "text/json"]
)
def test_a_body_that_is_said_to_be_json_is_read(arm: httpx.Client, kind: str) -> None:
    answer = arm.put(
        GROUP_ID, content=b'{"location": "westeurope"}', headers={"content-type": kind}
    )
    assert answer.status_code == 201


def test_a_body_that_is_too_large_is_refused(arm: httpx.Client) -> None:
    big = b'{"location": "westeurope", "filler": "' + b"x" * (4 << 20) + b'"}'
    answer = arm.put(GROUP_ID, content=big, headers={"content-type": "application/json"})
    assert refused(answer) == (413, "RequestContentTooLarge")
    assert arm.get(GROUP_ID).status_code == 404


def test_unknown_keys_and_nulls_in_a_body_are_ignored(vault: httpx.Client) -> None:
    body = policy_body(makePolicyConsistent=True, timeZone=None)
    body["tags"] = None
    body["resourceGroup"] = 7
    body["properties"]["retentionPolicy"]["monthlySchedule"] = None
    answer = vault.put(f"{VAULT_ID}/backupPolicies/other", json=body)
    assert answer.status_code == 200
    assert "makePolicyConsistent" not in answer.json()["properties"]


def test_every_field_at_fault_is_named(vault: httpx.Client) -> None:
    answer = vault.put(
        f"{VAULT_ID.removesuffix('vault-1')}other", json={"location": 7, "tags": "none", "sku": 1}
    )
    error = answer.json()["error"]
    assert refused(answer) == (400, "InvalidRequestContent")
    assert {detail["target"] for detail in error["details"]} == {"location", "tags", "sku"}


# --- headers -----------------------------------------------------------------------------


def test_every_answer_can_be_traced_by_its_ids(arm: httpx.Client) -> None:
    sent = {"x-ms-client-request-id": GUID, "x-ms-correlation-request-id": GUID[::-1]}
    good, bad = arm.get(GROUP_ID, headers=sent), arm.get("/nothing", headers=sent)
    for answer in (good, bad):
        assert answer.headers["x-ms-client-request-id"] == GUID
        assert len(answer.headers["x-ms-request-id"]) == 36
        request_id = answer.headers["x-ms-request-id"]
        assert answer.headers["x-ms-routing-request-id"].endswith(request_id)
    assert good.headers["x-ms-request-id"] != bad.headers["x-ms-request-id"]


def test_a_correlation_id_is_taken_over_if_it_is_a_guid(arm: httpx.Client) -> None:
    taken = arm.get("/", headers={"x-ms-correlation-request-id": GUID})
    made = arm.get("/", headers={"x-ms-correlation-request-id": "no guid"})
    assert taken.headers["x-ms-correlation-request-id"] == GUID
    assert len(made.headers["x-ms-correlation-request-id"]) == 36


def test_a_job_remembers_the_client_request_id_that_started_it(protected: httpx.Client) -> None:
    protected.post(f"{ITEM_ID}/backup", headers={"x-ms-client-request-id": GUID})
    newest = listed(protected, f"{VAULT_ID}/backupJobs")[0]["properties"]
    assert newest["activityId"] == GUID


def test_no_answer_may_be_cached(arm: httpx.Client) -> None:
    headers = arm.get("/subscriptions").headers
    assert headers["cache-control"] == "no-cache"
    assert headers["pragma"] == "no-cache"
    assert headers["expires"] == "-1"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_polling_urls_lead_back_the_way_the_request_came(
    vault: httpx.Client, server: RunningServer, scheme: str, host: str
) -> None:
    url = httpx.URL(server.http_url if scheme == "http" else str(server.https_url))
    base = f"{scheme}://{host}:{url.port}"
    with httpx.Client(base_url=base, verify=trust(server)) as client:
        answer = client.post(f"{REFRESH}?api-version=2026-10-01")
        for name in ("azure-asyncoperation", "location"):
            assert answer.headers[name].startswith(f"{base}{FABRIC_ID}/operation")
            assert client.get(answer.headers[name]).status_code in (200, 204)


def trust(server: RunningServer) -> Any:
    return ssl.create_default_context(cafile=str(server.ca_file))


def test_polling_urls_name_the_host_of_a_proxy(vault: httpx.Client) -> None:
    answer = vault.post(REFRESH, headers={"host": "management.azure.com"})
    assert answer.headers["location"].startswith(f"http://management.azure.com{FABRIC_ID}/")


def test_polling_urls_spell_semicolons_as_they_are(protected: httpx.Client) -> None:
    answer = protected.post(f"{ITEM_ID.replace(';', '%3B').lower()}/backup")
    assert f"{ITEM_ID}/operationsStatus/" in answer.headers["azure-asyncoperation"]
    assert "api-version=2025-04-01" in answer.headers["azure-asyncoperation"]


def test_a_client_of_http_1_0_needs_no_host(server: RunningServer, vault: httpx.Client) -> None:
    path = f"{VAULT_ID}?api-version=2026-10-01".encode()
    status, _, body = raw(server, get(path, version=b"1.0", host=b""))
    assert (status, b'"vault-1"' in body) == (200, True)
    start = get(f"{REFRESH}?api-version=2026-10-01".encode(), version=b"1.0", host=b"")
    status, head, _ = raw(server, start.replace(b"GET ", b"POST ", 1))
    assert status == 202
    assert b"location: http://localhost" in head.lower()


@pytest.mark.parametrize(
    "header",
    [
        b"Host: \xe9\xe8\xff",
        b"x-ms-client-request-id: \xf0\x9f\x90\xb1",
        b"x-ms-correlation-request-id: \xff",
        b"Content-Type: \xff\xfe",
        b"Authorization: Bearer \x80\x81",
        b"Accept: \xff",
        b"Origin: \xff",
    ],
)
def test_header_bytes_that_are_not_ascii_are_no_fault(
    server: RunningServer, vault: httpx.Client, header: bytes
) -> None:
    host = b"" if header.startswith(b"Host") else b"localhost"
    for path in (f"{VAULT_ID}?api-version=2026-10-01".encode(), b"/_emulator/clock", b"/"):
        status, _, body = raw(server, get(path, header, host=host))
        assert status in (200, 400, 403), body
    start = get(f"{REFRESH}?api-version=2026-10-01".encode(), header, host=host)
    status, _, body = raw(server, start.replace(b"GET ", b"POST ", 1))
    assert status in (202, 400), body


# --- who may drive the control plane ------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "10.0.0.1", "[::2]", ""]
)
def test_the_control_plane_is_closed_under_an_unknown_name(arm: httpx.Client, host: str) -> None:
    for method, path in (("GET", "clock"), ("POST", "reset"), ("GET", "health")):
        answer = arm.request(method, f"/_emulator/{path}", headers={"host": host})
        assert refused(answer) == (403, "ControlPlaneForbidden")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:99", "127.0.0.1:1", "[::1]:8080"])
def test_the_control_plane_is_open_under_its_own_names(arm: httpx.Client, host: str) -> None:
    assert arm.get("/_emulator/clock", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1", "x"])
def test_a_web_page_cannot_drive_the_control_plane(arm: httpx.Client, origin: str) -> None:
    answer = arm.post("/_emulator/reset", headers={"origin": origin})
    assert refused(answer) == (403, "ControlPlaneForbidden")


def test_the_explorer_of_this_server_may_drive_it(arm: httpx.Client, server: RunningServer) -> None:
    answer = arm.get("/_emulator/clock", headers={"origin": server.http_url})
    assert answer.status_code == 200


def test_the_control_plane_needs_no_api_version(server: RunningServer) -> None:
    assert httpx.get(f"{server.http_url}/_EMULATOR//clock/").status_code == 200


# --- everything at once -------------------------------------------------------------------


def test_every_endpoint_refuses_what_is_not_there_in_arms_envelope(arm: httpx.Client) -> None:
    values = {"subscriptionId": SUBSCRIPTION, "fabricName": "Azure", "operationId": GUID}
    values |= {"containerName": container_id().rpartition("/")[2], "jobName": GUID}
    values |= {"protectedItemName": ITEM_ID.rpartition("/")[2], "vmName": vm_id()[-4:]}
    for each in endpoints():
        if each.template.startswith("/_emulator"):
            continue
        names = [part[1:-1] for part in each.template.split("/") if part.startswith("{")]
        path = each.template.format(**{name: values.get(name, "nothing") for name in names})
        answer = arm.request(each.method, path, json={} if each.body else None)
        assert answer.status_code < 500, (each.operation_id, answer.text)
        if answer.is_error and each.method != "HEAD":
            is_sign_in = each.refuses is Shape.SIGN_IN_ERROR
            assert answer.json()["error_codes"] if is_sign_in else code_of(answer)


def test_a_refused_body_leaves_an_item_as_it_was(protected: httpx.Client) -> None:
    before = protected.get(ITEM_ID).content
    answer = protected.put(ITEM_ID, json=item_body(policyId=7))
    assert refused(answer) == (400, "InvalidRequestContent")
    assert protected.get(ITEM_ID).content == before
