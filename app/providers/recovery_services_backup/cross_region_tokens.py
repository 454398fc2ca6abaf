"""Access tokens: leave to restore one recovery point in the secondary region (azure-cli-wire 9).

A client fetches what the secondary region is in Azure AD, sends it to the vault, and sends what it
gets for it to the secondary region. All that counts is in the signed token; what stands beside it
repeats it and must not differ. Tokens are judged by the world's clock, and signed with a key that
follows from its seed, so that every server of a world knows it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Row

from ...arm import filters
from ...arm.bodies import Body
from ...arm.calls import Call, endpoint
from ...arm.shapes import Shape
from ...arm.words import Word
from ...domain import ids
from ...domain.errors import Refused, invalid, invalid_input
from ...domain.instants import HOUR, SECOND, human, wire
from ...domain.regions import GEO_CODE, REGIONS
from ...domain.tenancy import TENANT_ID, principal_id
from ...workloads.table import WORKLOADS, of_management
from ...workloads.workload import CrossRegion
from . import vocabulary
from .cross_region import (
    TAG,
    get_point_or_log,
    region_of,
    restorable_item,
    secondary_of,
    service,
    traits_of,
)
from .item_documents import policy_name_of
from .paths import LOCATION, POINT, container_name, item_id
from .recovery_points import POINT_TYPE

LIFETIME = HOUR
_ALGORITHM = "HS256"
_CLAIMS = (
    "nbf",
    "exp",
    "region",
    "vault",
    "vaultKey",
    "container",
    "item",
    "itemKey",
    "recoveryPoint",
)
_JUDGED_HERE: Any = {
    "require": list(_CLAIMS),
    **dict.fromkeys(("verify_exp", "verify_nbf", "verify_iat", "verify_aud"), False),
}
_FIELD = "crossRegionRestoreAccessDetails"
_NOT_COMPARED = ("tokenExtendedInformation", "accessTokenString", "objectType")
"""az calls every token of a VM by one name, and the rest is no address."""

Text = Annotated[str | None, Field(max_length=4000)]


# --- who the secondary region is ---------------------------------------------------------


_USUAL = "IaasCoord"
"""The service that takes the tokens of VMs; a region names it too if nobody says for what."""


def _aad_properties(region: str, service_name: str = _USUAL) -> dict[str, str]:
    audience = f"https://RecoveryServices/{service_name}/aadmgmt/{GEO_CODE.get(region, region)}"
    return {
        "tenantId": TENANT_ID,
        "audience": audience,
        "servicePrincipalObjectId": principal_id(audience),
    }


class AadProperties(Body):
    """What the secondary region is in Azure AD."""

    tenant_id: Text = None
    audience: Text = None
    service_principal_object_id: Text = None


class AadPropertiesBody(Body):
    """What ``backupAadProperties`` of the secondary region has shown."""

    EXAMPLE = {"properties": _aad_properties("northeurope")}

    properties: AadProperties


@endpoint(
    "GET",
    f"{LOCATION}/backupAadProperties",
    "AadProperties_Get",
    tag=TAG,
    query=("$filter",),
    answers=Shape.OBJECT,
)
def get_aad_properties(call: Call) -> dict[str, Any]:
    """Show what a region is in Azure AD: who an access token for it is made out to."""
    terms = filters.read(call.query.get("$filter"), ("backupManagementType",))
    kind = filters.one_of(terms, "backupManagementType", vocabulary.MANAGEMENT_TYPES)
    workload = of_management(kind or "")
    traits = workload and workload.cross_region
    return {"properties": _aad_properties(region_of(call), traits.audience if traits else _USUAL)}


# --- getting a token ---------------------------------------------------------------------


@endpoint(
    "POST",
    f"{POINT}/accessToken",
    "RecoveryPoints_GetAccessToken",
    tag=TAG,
    body=AadPropertiesBody,
    answers=Shape.RESOURCE,
)
def get_access_token(call: Call, body: AadPropertiesBody) -> dict[str, Any]:
    """Give leave to restore a recovery point in the secondary region, for an hour."""
    vault, item = restorable_item(call)
    region = secondary_of(vault)
    point = get_point_or_log(call, vault, item)
    _check_made_out_to(region, traits_of(item), body.properties.wire())
    name = call.path["recoveryPointId"]
    token = _sign(call, vault, item, region)
    return {
        "id": f"{item_id(vault, item)}/recoveryPoints/{name}",
        "name": name,
        "type": POINT_TYPE,
        "properties": {**_details(call, vault, item, point, name), "accessTokenString": token},
    }


def _check_made_out_to(region: str, traits: CrossRegion, sent: dict[str, str]) -> None:
    """Refuse what is not the secondary region in Azure AD.

    Microsoft's article on databases asks who it is without a filter, and so gets the service of
    VMs; az asks with one. Either will do for a database.
    """
    known = [_aad_properties(region, name) for name in (traits.audience, _USUAL)]
    folded = {name: value.lower() for name, value in sent.items()}
    if any(folded == _folded(each) for each in known):
        return
    for name, value in known[0].items():
        if folded.get(name, "") != value.lower():
            raise invalid_input(
                f"properties.{name}",
                f"'{sent.get(name, '')}' must be '{value}', as backupAadProperties of '{region}' "
                "shows it",
            )


def _folded(properties: dict[str, str]) -> dict[str, str]:
    return {name: value.lower() for name, value in properties.items()}


def _details(
    call: Call, vault: Row[Any], item: Row[Any], point: Row[Any] | None, name: str
) -> dict[str, Any]:
    """Return all that an access token says in clear, in the words of Microsoft's examples.

    That of a log is of no certain instant: what is restored is said with the restore.
    """
    workload, traits = WORKLOADS[item.workload], traits_of(item)
    _, _, subscription, _, group, *_ = vault.id.split("/")
    protecting = service(vault.location, "prot1-int")
    taken = {} if point is None else {"recoveryPointTime": human(point.taken_at)}
    told = {
        "objectType": traits.token,
        "subscriptionId": subscription,
        "resourceGroupName": group,
        "resourceName": vault.name,
        "resourceId": str(vault.key),
        "protectionContainerId": ids.hash_60(f"{vault.key}/{item.container_name}") % 10**6,
        "recoveryPointId": name,
        **taken,
        "containerName": item.container_name,
        "containerType": workload.container_types[0],
        "backupManagementType": workload.management_type,
        "datasourceType": workload.name,
        "datasourceName": item.friendly_name,
        "datasourceId": str(item.entropy % 10**18),
        "datasourceContainerName": item.container_name,
        "coordinatorServiceStampUri": service(vault.location, traits.coordinator),
        "protectionServiceStampId": ids.guid(ids.md5_hex(protecting)),
        "protectionServiceStampUri": protecting,
        "bMSActiveRegion": REGIONS[vault.location].display_name.replace(" ", ""),
    }
    return told | traits.details(item, point, told, policy_name_of(call, item))


def _key(call: Call) -> bytes:
    return hashlib.sha256(ids.natural(call.rules.seed, "access-token").encode()).digest()


def _sign(call: Call, vault: Row[Any], item: Row[Any], region: str) -> str:
    import jwt

    now = call.now // SECOND
    who = _aad_properties(region, traits_of(item).audience)
    claims = {
        "aud": who["audience"],
        "iss": f"https://sts.windows.net/{TENANT_ID}/",
        "tid": TENANT_ID,
        "oid": who["servicePrincipalObjectId"],
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME // SECOND,
        "region": region,
        "vault": vault.id,
        "vaultKey": str(vault.key),
        "container": container_name(item),
        "item": item.name,
        "itemKey": str(item.key),
        "recoveryPoint": call.path["recoveryPointId"],
    }
    return jwt.encode(claims, _key(call), algorithm=_ALGORITHM)


# --- using one ---------------------------------------------------------------------------


class AccessDetails(Body):
    """An access token as the vault gave it; a client sends it back untouched."""

    object_type: Annotated[
        Literal["CrrAccessToken", "WorkloadCrrAccessToken"],
        Word("CrrAccessToken", "WorkloadCrrAccessToken"),
    ]
    access_token_string: str = Field(max_length=8000)
    subscription_id: Text = None
    resource_group_name: Text = None
    resource_name: Text = None
    resource_id: Text = None
    protection_container_id: int | None = None
    recovery_point_id: Text = None
    recovery_point_time: Text = None
    container_name: Text = None
    container_type: Text = None
    backup_management_type: Text = None
    datasource_type: Text = None
    datasource_name: Text = None
    datasource_id: Text = None
    datasource_container_name: Text = None
    token_extended_information: Text = None
    b_ms_active_region: Text = Field(None, alias="bMSActiveRegion")
    container_id: Text = None
    protectable_object_unique_name: Text = None
    protectable_object_friendly_name: Text = None
    protectable_object_workload_type: Text = None
    protectable_object_container_host_os_name: Text = None
    protectable_object_parent_logical_container_name: Text = None


EXAMPLE = {"objectType": "CrrAccessToken", "accessTokenString": "e30.e30.e30"}
"""A token that nobody has signed."""


@dataclass(frozen=True, slots=True)
class Leave:
    """What a token gives leave to: the restore of one point, in one region."""

    region: str
    vault: str
    container: str
    item: str
    point: str
    vault_key: str
    item_key: str

    @property
    def path(self) -> dict[str, str]:
        """The names in the path of the point."""
        _, _, subscription, _, group, *_, vault = self.vault.split("/")
        return {
            "subscriptionId": subscription,
            "resourceGroupName": group,
            "vaultName": vault,
            "fabricName": "Azure",
            "containerName": self.container,
            "protectedItemName": self.item,
            "recoveryPointId": self.point,
        }


def read(call: Call, details: AccessDetails) -> Leave:
    """Return what a token gives leave to. Raises ``Refused``: it is foreign, altered or expired."""
    import jwt

    try:
        claims = jwt.decode(
            details.access_token_string,
            _key(call),
            algorithms=[_ALGORITHM],
            options=_JUDGED_HERE,
        )
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise _wrong("was not signed here; get one from the recovery point's accessToken") from None
    now = call.now // SECOND
    if not claims["nbf"] <= now < claims["exp"]:
        raise invalid(
            "UserErrorCrrAccessTokenExpired",
            f"{_FIELD}.accessTokenString: the token was valid from {wire(claims['nbf'] * SECOND)} "
            f"until {wire(claims['exp'] * SECOND)}; get a new one.",
            target=f"{_FIELD}.accessTokenString",
        )
    return Leave(
        claims["region"],
        claims["vault"],
        claims["container"],
        claims["item"],
        claims["recoveryPoint"],
        claims["vaultKey"],
        claims["itemKey"],
    )


def check(
    call: Call,
    leave: Leave,
    details: AccessDetails,
    vault: Row[Any],
    item: Row[Any],
    point: Row[Any] | None,
) -> None:
    """Refuse a token whose vault or item was made anew, or beside which something was altered."""
    if (leave.vault_key, leave.item_key) != (str(vault.key), str(item.key)):
        raise _wrong("is for an item that is gone; get a new one")
    issued = _details(call, vault, item, point, leave.point)
    for name, sent in details.wire().items():
        if name not in _NOT_COMPARED and sent != issued.get(name):
            raise invalid(
                "UserErrorInvalidCrrAccessToken",
                f"{_FIELD}.{name}: '{sent}' is not what the token was given with, "
                f"'{issued.get(name, '')}'; send the whole of it back untouched.",
                target=f"{_FIELD}.{name}",
            )


def _wrong(why: str) -> Refused:
    field = f"{_FIELD}.accessTokenString"
    return invalid("UserErrorInvalidCrrAccessToken", f"{field}: the token {why}.", target=field)


ENDPOINTS = (get_aad_properties, get_access_token)
