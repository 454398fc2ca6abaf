"""Servers that register with a vault by agent: MARS, DPM and Azure Backup Server. None can here."""

from __future__ import annotations

from pydantic import Field

from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...domain.errors import not_emulated
from ...store.vaults import get_vault
from .vaults import VAULT

TAG = "Registrations"


class RawCertificate(Body):
    """A certificate, in base 64."""

    auth_type: str | None = Field(None, max_length=60)
    certificate: str | None = Field(None, max_length=100_000)


class CertificateBody(Body):
    """The certificate that a server is to prove itself with."""

    EXAMPLE = {"properties": {"authType": "AAD", "certificate": "MIIB"}}

    properties: RawCertificate


@endpoint(
    "PUT",
    f"{VAULT}/certificates/{{certificateName}}",
    "VaultCertificates_Create",
    tag=TAG,
    body=CertificateBody,
)
def create_certificate(call: Call, _body: CertificateBody) -> Answer:
    """Upload the certificate of a server to register: refused, as agents are not emulated."""
    _check_vault(call)
    raise not_emulated("certificates", "the registration of servers by MARS, DPM or Site Recovery")


@endpoint(
    "DELETE",
    f"{VAULT}/registeredIdentities/{{identityName}}",
    "RegisteredIdentities_Delete",
    tag=TAG,
    statuses=(204,),
)
def delete_registered_identity(call: Call) -> Answer:
    """Unregister a server; none is registered."""
    _check_vault(call)
    return Answer(204)


def _check_vault(call: Call) -> None:
    get_vault(call.connection, call.subscription, call.group, call.path["vaultName"])


ENDPOINTS = (create_certificate, delete_registered_identity)
