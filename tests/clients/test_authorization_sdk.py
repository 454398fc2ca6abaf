"""Roles through Microsoft's client: found by name, assigned, listed and taken away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.identity import ClientSecretCredential
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.recoveryservices import RecoveryServicesClient

from app.domain.tenancy import principal_id
from app.server import RunningServer, start
from app.settings import Settings
from tests.conftest import SUBSCRIPTION, FreshDatabase

ADMIN = "dddddddd-0000-0000-0000-000000000001"
GUEST = "eeeeeeee-0000-0000-0000-000000000002"
SCOPE = f"subscriptions/{SUBSCRIPTION}"
NAME = "99999999-0000-0000-0000-000000000001"


@pytest.fixture
def guarded(
    fresh_world: FreshDatabase,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[RunningServer]:
    """A server that asks for roles."""
    settings = Settings(
        port=0,
        https_port=0,
        database=fresh_world(),
        home=tmp_path_factory.mktemp("home"),
        auth="rbac",
        auth_admins=(ADMIN,),
    )
    with start(settings) as running:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(running.ca_file))
        yield running


def credential(server: RunningServer, client_id: str) -> ClientSecretCredential:
    assert server.https_url is not None
    return ClientSecretCredential(
        "99999999-8888-7777-6666-555555555555",
        client_id,
        "any",
        authority=server.https_url,
        disable_instance_discovery=True,
    )


def test_a_role_opens_to_the_sdk_what_was_closed(guarded: RunningServer) -> None:
    url = str(guarded.https_url)
    scopes = [f"{url}/.default"]
    with (
        credential(guarded, ADMIN) as admin,
        credential(guarded, GUEST) as guest,
        AuthorizationManagementClient(
            admin, SUBSCRIPTION, base_url=url, credential_scopes=scopes
        ) as roles,
        RecoveryServicesClient(
            guest, SUBSCRIPTION, base_url=url, credential_scopes=scopes
        ) as vaults,
    ):
        with pytest.raises(HttpResponseError) as refusal:
            vaults.vaults.get("group-1", "vault-1")
        assert refusal.value.status_code == 403
        assert refusal.value.error is not None
        assert refusal.value.error.code == "AuthorizationFailed"
        (reader,) = roles.role_definitions.list(SCOPE, filter="roleName eq 'Backup Reader'")
        wanted: Any = {"role_definition_id": reader.id, "principal_id": principal_id(GUEST)}
        made = roles.role_assignments.create(SCOPE, NAME, wanted)
        assert roles.role_assignments.get(SCOPE, NAME).principal_id == made.principal_id
        with pytest.raises(ResourceExistsError):
            roles.role_assignments.create(SCOPE, principal_id("x"), wanted)
        assert list(vaults.vaults.list_by_subscription_id()) == []
        (listed,) = roles.role_assignments.list_for_subscription(filter="atScope()")
        assert listed.id == made.id
        assert listed.scope == f"/{SCOPE}"
        assert roles.role_assignments.delete(SCOPE, NAME).id == made.id
        assert roles.role_assignments.delete(SCOPE, NAME) is None
