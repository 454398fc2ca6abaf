"""Tokens: every grant, every claim that clients read, and what the real endpoint refuses."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from app.domain.tenancy import TENANT_ID
from app.identity.tokens import KEY_FILE, Issuer, seconds_now
from app.server import RunningServer
from tests.wire.builders import Served

TENANT = "99999999-8888-7777-6666-555555555555"
CLIENT = "44444444-4444-4444-4444-444444444444"
ARM = "https://management.azure.com"
SECRET = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": "hush"}
APP = {**SECRET, "scope": f"{ARM}/.default"}


def post(
    world: RunningServer,
    form: dict[str, str],
    path: str = "oauth2/v2.0/token",
    tenant: str = TENANT,
) -> httpx.Response:
    return httpx.post(f"{world.http_url}/{tenant}/{path}", data=form)


def granted(world: RunningServer, form: dict[str, str], **where: str) -> dict[str, Any]:
    answer = post(world, form, **where)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"].startswith("no-store")
    found: dict[str, Any] = answer.json()
    return found


def verified(world: RunningServer, token: str, audience: str) -> dict[str, Any]:
    """Verify as a stranger would: by the key that the server shows."""
    keys = httpx.get(f"{world.http_url}/{TENANT}/discovery/v2.0/keys").json()["keys"]
    kid = jwt.get_unverified_header(token)["kid"]
    (key,) = [each for each in keys if each["kid"] == kid]
    claims: dict[str, Any] = jwt.decode(
        token, jwt.PyJWK(key), algorithms=["RS256"], audience=audience
    )
    return claims


def test_a_token_says_what_azurerm_and_az_read(world: RunningServer) -> None:
    # terraform-wire.md 1.2: integers are integers, or Go refuses to decode them.
    answer = granted(world, APP)
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] >= 3600
    claims = verified(world, answer["access_token"], ARM)
    assert claims["tid"] == TENANT
    assert claims["appid"] == CLIENT
    assert claims["iss"] == f"https://sts.windows.net/{TENANT}/"
    assert claims["ver"] == "1.0"
    assert claims["oid"] == claims["sub"] != CLIENT
    assert "scp" not in claims
    assert all(type(claims[name]) is int for name in ("exp", "iat", "nbf"))
    assert abs(claims["iat"] - seconds_now()) < 60, "clients read the wall clock, not ours"
    assert claims["exp"] - claims["iat"] == answer["expires_in"]
    parts = answer["access_token"].split(".")
    assert len(parts) == 3
    assert not any("=" in part for part in parts)


def test_an_object_id_follows_from_the_client_id(world: RunningServer) -> None:
    first, again = (claims_of(granted(world, APP)) for _ in range(2))
    other = claims_of(granted(world, {**APP, "client_id": TENANT}))
    assert first["oid"] == again["oid"] != other["oid"]


def claims_of(answer: dict[str, Any], name: str = "access_token") -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(answer[name], options={"verify_signature": False})
    return found


def test_an_audience_with_a_slash_keeps_it(world: RunningServer) -> None:
    # az writes two slashes: audiences[0] ends in one (clients.md 1.1).
    scope = "https://management.core.windows.net//.default"
    claims = claims_of(granted(world, {**SECRET, "scope": scope}))
    assert claims["aud"] == "https://management.core.windows.net/"


def test_version_one_takes_a_resource_and_writes_times_as_text(world: RunningServer) -> None:
    answer = granted(world, {**SECRET, "resource": f"{ARM}/"}, path="oauth2/token")
    assert answer["resource"] == f"{ARM}/"
    assert int(answer["expires_on"]) - int(answer["not_before"]) == int(answer["expires_in"])
    assert claims_of(answer)["aud"] == f"{ARM}/"


@pytest.mark.parametrize("tenant", ["contoso.onmicrosoft.com", "common", "adfs"])
def test_a_tenant_without_an_id_is_that_of_the_subscriptions(
    world: RunningServer, tenant: str
) -> None:
    assert claims_of(granted(world, APP, tenant=tenant))["tid"] == TENANT_ID


def test_a_password_gets_a_user_who_can_come_back(world: RunningServer) -> None:
    form = {"client_id": CLIENT, "scope": f"openid offline_access {ARM}/.default"}
    user = {"grant_type": "password", "username": "ada@contoso.com", "password": "x"}
    answer = granted(world, {**form, **user})
    claims = verified(world, answer["access_token"], ARM)
    assert claims["upn"] == "ada@contoso.com"
    assert claims["scp"] == "user_impersonation"
    about = verified(world, answer["id_token"], CLIENT)
    assert about["preferred_username"] == "ada@contoso.com"
    assert about["tid"] == TENANT
    again = granted(
        world, {**form, "grant_type": "refresh_token", "refresh_token": answer["refresh_token"]}
    )
    assert claims_of(again)["oid"] == claims["oid"]


def test_a_device_code_is_approved_at_once(world: RunningServer) -> None:
    sent = {"client_id": CLIENT, "scope": f"{ARM}/.default openid"}
    code = granted(world, sent, path="oauth2/v2.0/devicecode")
    assert code["interval"] >= 1
    assert code["user_code"] in code["message"]
    answer = granted(
        world,
        {
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "client_id": CLIENT,
            "device_code": code["device_code"],
        },
    )
    assert claims_of(answer)["aud"] == ARM


def assertion(**claims: Any) -> dict[str, str]:
    key = "a secret of thirty-two bytes or more than that"
    token = jwt.encode({"iss": CLIENT, "sub": CLIENT, **claims}, key, algorithm="HS256")
    return {
        "grant_type": "client_credentials",
        "client_id": CLIENT,
        "scope": f"{ARM}/.default",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": token,
    }


def test_an_assertion_stands_for_a_secret(world: RunningServer) -> None:
    answer = granted(world, assertion(exp=seconds_now() + 600))
    assert claims_of(answer)["appidacr"] == "2"


DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
REFUSED: list[tuple[dict[str, str], int, str, int]] = [
    ({}, 900144, "invalid_request", 400),
    ({**APP, "grant_type": "implicit"}, 70003, "unsupported_grant_type", 400),
    ({**APP, "grant_type": "authorization_code"}, 70003, "unsupported_grant_type", 400),
    ({**APP, "client_id": ""}, 900144, "invalid_request", 400),
    ({**APP, "client_id": "me"}, 700016, "unauthorized_client", 400),
    ({**APP, "client_secret": ""}, 7000216, "invalid_client", 401),
    (SECRET, 900144, "invalid_request", 400),
    ({**SECRET, "scope": "User.Read"}, 1002012, "invalid_scope", 400),
    ({**SECRET, "scope": f"{ARM}/.default https://b.c/.default"}, 1002012, "invalid_scope", 400),
    ({**SECRET, "scope": "no uri/.default"}, 1002012, "invalid_scope", 400),
    ({**SECRET, "scope": "what/.default"}, 500011, "invalid_resource", 400),
    ({**SECRET, "resource": "\x00"}, 500011, "invalid_resource", 400),
    ({**SECRET, "resource": "http://[::1"}, 500011, "invalid_resource", 400),
    ({**APP, "grant_type": "password"}, 900144, "invalid_request", 400),
    (
        {**APP, "grant_type": "password", "username": "ada", "password": "x"},
        50034,
        "invalid_grant",
        400,
    ),
    ({**APP, "grant_type": "refresh_token", "refresh_token": "x"}, 70000, "invalid_grant", 400),
    ({**APP, "grant_type": DEVICE, "device_code": "x.y.z"}, 70000, "invalid_grant", 400),
    ({**APP, "grant_type": DEVICE}, 900144, "invalid_request", 400),
    (assertion(exp=1), 700024, "invalid_client", 401),
    ({**assertion(), "client_assertion": "a.b"}, 50027, "invalid_client", 401),
    ({**assertion(exp=2**40), "client_assertion_type": ""}, 900144, "invalid_request", 400),
]


@pytest.mark.parametrize(("form", "code", "error", "status"), REFUSED)
def test_what_the_real_endpoint_refuses_is_refused_in_its_words(
    world: RunningServer, form: dict[str, str], code: int, error: str, status: int
) -> None:
    answer = post(world, form)
    body = answer.json()
    assert (body["error_codes"], body["error"], answer.status_code) == ([code], error, status)
    assert body["error_description"].startswith(f"AADSTS{code}: ")
    assert body["correlation_id"] in body["error_description"]
    assert "hush" not in answer.text


@pytest.mark.parametrize(
    "sent",
    [
        {"json": APP},
        {"content": b"grant_type=client_credentials", "headers": {"Content-Type": "text/plain"}},
        {"content": b"\xff\xfe=%zz&&&=", "headers": {"Content-Type": "application/json"}},
        {"data": {**APP, "padding": "x" * 70_000}},
        {"content": b"x" * 5_000_000},
        {},
    ],
)
def test_what_is_no_form_lacks_its_first_field(world: RunningServer, sent: dict[str, Any]) -> None:
    answer = httpx.post(f"{world.http_url}/{TENANT}/oauth2/v2.0/token", **sent)
    assert answer.status_code == 400
    assert answer.json()["error_codes"] == [900144]


def test_a_token_is_no_refresh_token(world: RunningServer) -> None:
    access = granted(world, APP)["access_token"]
    answer = post(world, {**APP, "grant_type": "refresh_token", "refresh_token": access})
    assert answer.json()["error_codes"] == [70000]


def test_only_the_public_half_of_the_key_is_shown(world: RunningServer) -> None:
    (key,) = httpx.get(f"{world.http_url}/common/discovery/keys").json()["keys"]
    assert key.keys() == {"kty", "use", "alg", "kid", "x5t", "n", "e"}


def test_the_key_is_its_owners_and_is_shared_by_the_servers_of_a_folder(
    serve: Served, tmp_path: Path
) -> None:
    first, second = serve(), serve()
    answer = first.post(f"/{TENANT}/oauth2/v2.0/token", data=APP).json()
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    kid = jwt.get_unverified_header(answer["access_token"])["kid"]
    keys = second.get("/common/discovery/v2.0/keys").json()["keys"]
    assert [key["kid"] for key in keys] == [kid]
    assert Issuer(tmp_path).read(answer["access_token"])["appid"] == CLIENT


def test_a_folder_that_cannot_hold_the_key_is_named(serve: Served, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    arm = serve(home=tmp_path / "file")
    answer = arm.post(f"/{TENANT}/oauth2/v2.0/token", data=APP)
    assert answer.status_code == 503
    assert "--home" in answer.json()["error_description"]


# --- managed identities ------------------------------------------------------------------


def test_a_vm_gets_a_token_from_its_metadata_service(world: RunningServer) -> None:
    answer = httpx.get(
        f"{world.http_url}/metadata/identity/oauth2/token",
        params={"api-version": "2018-02-01", "resource": f"{ARM}/", "client_id": CLIENT},
        headers={"Metadata": "true"},
    )
    body = answer.json()
    assert answer.status_code == 200
    assert int(body["expires_on"]) > seconds_now() + 3600
    assert isinstance(body["expires_in"], str)
    claims = verified(world, body["access_token"], f"{ARM}/")
    assert claims["appid"] == CLIENT
    assert claims["tid"] == TENANT_ID


@pytest.mark.parametrize(
    ("version", "header"), [("2019-08-01", "X-IDENTITY-HEADER"), ("2017-09-01", "secret")]
)
def test_an_app_gets_a_token_for_the_header_of_its_version(
    world: RunningServer, version: str, header: str
) -> None:
    url = f"{world.http_url}/msi/token"
    query = {"api-version": version, "resource": ARM}
    assert httpx.get(url, params=query).status_code == 401
    answer = httpx.get(url, params=query, headers={header: "x"})
    assert claims_of(answer.json())["aud"] == ARM


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ({"api-version": "2018-02-01", "resource": ARM}, {}),
        ({"api-version": "2018-02-01"}, {"Metadata": "true"}),
        ({"resource": ARM}, {"Metadata": "true"}),
        ({"api-version": "2018-02-01", "resource": "\x01"}, {"Metadata": "true"}),
        ({"api-version": "x", "resource": ARM, "client_id": "me"}, {"Metadata": "true"}),
        ({"api-version": "x", "resource": ARM, "object_id": CLIENT}, {"Metadata": "true"}),
    ],
)
def test_a_wrong_request_of_a_managed_identity_is_refused(
    world: RunningServer, query: dict[str, str], headers: dict[str, str]
) -> None:
    url = f"{world.http_url}/metadata/identity/oauth2/token"
    answer = httpx.get(url, params=query, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"


def test_secrets_are_neither_logged_nor_kept(
    serve: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    arm = serve(log_level="debug")
    query = {"client_secret": "hush-1", "code": "hush-2", "client_assertion": "hush-3"}
    sent = {**APP, "client_secret": "hush-4"}
    token = arm.post(f"/{TENANT}/oauth2/v2.0/token", data=sent, params=query).json()
    arm.get("/subscriptions", headers={"Authorization": f"Bearer {token['access_token']}"})
    told = "".join(capfd.readouterr())
    assert "hush" not in told
    assert token["access_token"] not in told
    assert "hush" not in json.dumps(token)
