"""Signed tokens: the key beside the certificate authority, and what is said under its name.

PyJWT and cryptography are imported when the first token is asked for: they take longer than all
the rest of a start.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..domain import ids
from ..domain.instants import SECOND
from ..domain.tenancy import principal_id
from ..engine.clock import real_now
from ..store import private_files
from .refusals import SignInRefused

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

LIFETIME = 24 * 3600
"""Seconds. azurerm takes a token for spent twenty minutes before its end (terraform-wire.md 1.2),
and the longest run should not have to ask twice."""
REFRESH_LIFETIME = 90 * LIFETIME
KEY_FILE = "token-key.pem"
_ALGORITHM = "RS256"


def seconds_now() -> int:
    """Return the wall clock's second: clients judge a token by their own clock."""
    return real_now() // SECOND


def issuer_of(tenant: str) -> str:
    """Return the issuer of a tenant's access tokens, the one that Resource Manager asks for."""
    return f"https://sts.windows.net/{tenant}/"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signs in: an application by its client id, and a user if there is one."""

    client_id: str
    user: str | None = None
    credential: str = "1"
    """How an application proved itself, as ``appidacr`` says it: 1 a secret, 2 a certificate."""
    resource_id: str | None = None

    @property
    def object_id(self) -> str:
        """The principal that roles are assigned to."""
        return principal_id(self.user or self.client_id)


class InvalidToken(Exception):
    """A token that this server has not signed, or that is none."""


class Issuer:
    """Signs tokens, and reads back what it has signed; processes on one folder share the key."""

    def __init__(self, home: Path) -> None:
        self._home = home

    @cached_property
    def _key(self) -> RSAPrivateKey:
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            key = load_pem_private_key(_key_bytes(self._home), None)
        except OSError as problem:
            raise SignInRefused(
                "temporarily_unavailable",
                90033,
                f"The key that tokens are signed with cannot be kept in {self._home} "
                f"({problem.strerror}); give 'rsvault serve' another folder with --home.",
                status=503,
            ) from problem
        assert isinstance(key, RSAPrivateKey)
        return key

    @cached_property
    def _key_id(self) -> str:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        public = self._key.public_key()
        content = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")[:27]

    def public_keys(self) -> list[dict[str, Any]]:
        """Return the public half of the key, as a JWKS has it."""
        from jwt.algorithms import RSAAlgorithm

        found = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        own = {"use": "sig", "alg": _ALGORITHM, "kid": self._key_id, "x5t": self._key_id}
        return [{"kty": found["kty"], **own, "n": found["n"], "e": found["e"]}]

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return claims as a signed token."""
        import jwt

        header = {"kid": self._key_id, "x5t": self._key_id}
        return jwt.encode(dict(claims), self._key, algorithm=_ALGORITHM, headers=header)

    def read(self, token: str) -> dict[str, Any]:
        """Return the claims of a token that was signed here. Raises ``InvalidToken``.

        What they say of time and audience is for the reader to judge.
        """
        import jwt

        try:
            if jwt.get_unverified_header(token).get("kid") != self._key_id:
                raise InvalidToken
            options: Any = {"verify_signature": True}
            options |= dict.fromkeys(
                ("verify_exp", "verify_nbf", "verify_iat", "verify_aud", "verify_iss"), False
            )
            return jwt.decode(
                token, self._key.public_key(), algorithms=[_ALGORITHM], options=options
            )
        except (jwt.PyJWTError, ValueError, RecursionError) as problem:
            raise InvalidToken from problem


def access_claims(who: Identity, tenant: str, audience: str) -> dict[str, Any]:
    """Return the claims of an access token as Resource Manager's have them (version 1.0)."""
    now = seconds_now()
    issuer = issuer_of(tenant)
    claims: dict[str, Any] = {
        "aud": audience,
        "iss": issuer,
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME,
        "appid": who.client_id,
        "appidacr": who.credential if who.user is None else "0",
        "idp": issuer,
        "oid": who.object_id,
        "sub": who.object_id,
        "tid": tenant,
        "uti": _unique(who, audience, now),
        "ver": "1.0",
    }
    if who.user is not None:
        claims |= _user_claims(who.user)
        return claims | {"scp": "user_impersonation", "idtyp": "user", "amr": ["pwd"]}
    claims["idtyp"] = "app"
    if who.resource_id is not None:
        claims["xms_mirid"] = who.resource_id
    return claims


def id_claims(who: Identity, tenant: str, base_url: str, nonce: str | None) -> dict[str, Any]:
    """Return the claims of an id token: who the user is, for the client to read (version 2.0)."""
    now = seconds_now()
    claims = {
        "aud": who.client_id,
        "iss": f"{base_url}/{tenant}/v2.0",
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME,
        "oid": who.object_id,
        "sub": who.object_id,
        "tid": tenant,
        "ver": "2.0",
        **_user_claims(who.user or who.client_id),
    }
    return claims if nonce is None else claims | {"nonce": nonce}


def _user_claims(user: str) -> dict[str, Any]:
    names = dict.fromkeys(("upn", "unique_name", "preferred_username"), user)
    return {**names, "name": user.partition("@")[0]}


def _unique(who: Identity, audience: str, now: int) -> str:
    digest = ids.md5_hex(f"token/{who.object_id}/{audience}/{now}")
    return urlsafe_b64encode(bytes.fromhex(digest)).decode().rstrip("=")


def _key_bytes(home: Path) -> bytes:
    """Return the key as PEM, made by whoever needs it first."""
    private_files.make_folder(home)
    file = home / KEY_FILE
    with private_files.only_one(home):
        if not file.exists():
            private_files.write(file, _new_key())
        return file.read_bytes()


def _new_key() -> bytes:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
