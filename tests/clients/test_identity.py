"""Microsoft's own sign-in libraries, unmodified: azure-identity and MSAL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import msal
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    CertificateCredential,
    ClientSecretCredential,
    DefaultAzureCredential,
    ManagedIdentityCredential,
)
from azure.mgmt.recoveryservices import RecoveryServicesClient
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.server import RunningServer
from tests.conftest import SUBSCRIPTION

TENANT = "99999999-8888-7777-6666-555555555555"
CLIENT = "44444444-4444-4444-4444-444444444444"
ARM = "https://management.azure.com"
SCOPE = f"{ARM}/.default"


@pytest.fixture
def https(world: RunningServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address that clients sign in at; the authority is trusted by the environment."""
    assert world.https_url is not None
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(world.ca_file))
    return world.https_url


def claims_of(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def test_a_secret_opens_a_client_of_the_sdk(https: str) -> None:
    with (
        ClientSecretCredential(
            TENANT, CLIENT, "any", authority=https, disable_instance_discovery=True
        ) as credential,
        RecoveryServicesClient(
            credential,
            SUBSCRIPTION,
            base_url=https,
            credential_scopes=[f"{https}/.default"],
            retry_total=0,
        ) as client,
    ):
        assert list(client.vaults.list_by_subscription_id()) == []
        claims = claims_of(credential.get_token(SCOPE).token)
    assert claims["appid"] == CLIENT
    assert claims["tid"] == TENANT


def test_the_adfs_authority_needs_no_switch(https: str) -> None:
    with ClientSecretCredential("adfs", CLIENT, "any", authority=https) as credential:
        assert claims_of(credential.get_token(SCOPE).token)["aud"] == ARM


def test_a_certificate_stands_for_a_secret(https: str, tmp_path: Path) -> None:
    file = tmp_path / "client.pem"
    file.write_bytes(certificate())
    with CertificateCredential(
        TENANT,
        CLIENT,
        str(file),
        authority=https,
        disable_instance_discovery=True,
        send_certificate_chain=True,
    ) as credential:
        assert claims_of(credential.get_token(SCOPE).token)["appidacr"] == "2"


def certificate() -> bytes:
    """Return a self-signed certificate and its key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "client")])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=20_000))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + signed.public_bytes(Encoding.PEM)


def test_a_refusal_reaches_the_caller_with_its_code(https: str) -> None:
    with (
        ClientSecretCredential(
            TENANT, "me", "any", authority=https, disable_instance_discovery=True
        ) as credential,
        pytest.raises(ClientAuthenticationError, match="AADSTS700016"),
    ):
        credential.get_token(SCOPE)


def test_a_managed_identity_signs_in_over_plain_http(
    world: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{world.http_url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "x")
    with ManagedIdentityCredential(client_id=CLIENT) as credential:
        assert claims_of(credential.get_token(SCOPE).token)["appid"] == CLIENT


def test_a_credential_nobody_configured_finds_the_metadata_service(
    world: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", world.http_url)
    with DefaultAzureCredential(
        exclude_cli_credential=True,
        exclude_powershell_credential=True,
        exclude_developer_cli_credential=True,
    ) as credential:
        assert claims_of(credential.get_token(SCOPE).token)["idtyp"] == "app"


def test_a_device_code_is_a_login_without_a_browser(https: str) -> None:
    app = public(https)
    flow = app.initiate_device_flow([SCOPE])
    assert flow["user_code"] in flow["message"]
    found = app.acquire_token_by_device_flow(flow)
    assert claims_of(found["access_token"])["scp"] == "user_impersonation"
    (account,) = app.get_accounts()
    assert account["username"] == "user@rsvault.onmicrosoft.com"
    again = app.acquire_token_silent_with_error([SCOPE], account, force_refresh=True)
    assert again is not None
    assert "error" not in again
    assert claims_of(again["access_token"])["oid"] == claims_of(found["access_token"])["oid"]


def public(https: str) -> Any:
    return msal.PublicClientApplication(
        CLIENT, authority=f"{https}/{TENANT}", instance_discovery=False
    )


@pytest.mark.filterwarnings("ignore:This API has been deprecated")
def test_a_password_signs_in_where_no_realm_is_asked_for(https: str) -> None:
    # In other tenants MSAL asks for the user's realm, and drops the port (clients.md 1.2).
    app = msal.PublicClientApplication(CLIENT, authority=f"{https}/adfs")
    found = app.acquire_token_by_username_password("ada@contoso.com", "x", [SCOPE])
    assert claims_of(found["access_token"])["upn"] == "ada@contoso.com"
