"""Secrets are known by their names, their neighbours and their looks; what only looks so stays."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.redaction import Redactor

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "document",
    [
        {"adminPassword": "swordfish"},
        {"properties": {"osProfile": {"customData": "swordfish"}}},
        {"client_secret": "swordfish"},
        {"storageAccountConnectionString": "swordfish"},
        {"properties": {"accessTokenString": "swordfish"}},
        {"securityPIN": "swordfish", "token": "swordfish"},
        {"keys": [{"keyName": "key1", "value": "swordfish", "permissions": "FULL"}]},
        {"protectedSettings": {"storage": {"key": ["swordfish"]}}},
        {"parameters": {"adminPassword": {"value": "swordfish"}}},
        {"template": {"parameters": {"door": {"type": "secureString"}}},
         "parameters": {"DOOR": {"value": "swordfish"}}},
        {"template": {"parameters": {"all": {"type": "SecureObject"}}},
         "parameters": {"all": {"value": {"deep": ["swordfish"]}}}},
        {"url": "https://a.blob.core.windows.net/c?sv=1&sig=swordfish&se=2"},
        {"text": "AccountName=a;AccountKey=swordfish;EndpointSuffix=b"},
        {"text": "Server=a;Password=swordfish"},
        {"header": "Bearer swordfish-and-more".replace("-and-more", "0123456789")},
        {"key": "-----BEGIN RSA PRIVATE KEY-----\nswordfish\n-----END RSA PRIVATE KEY-----"},
        {"scriptNameSuffix": "swordfish"},
        {"serviceUri": "https://hook.example/in?whatever=swordfish"},
        {"serviceUri": "https://me:swordfish@hook.example/in"},
        {"logicAppReceivers": [{"callbackUrl": "https://logic.example/run?a=swordfish"}]},
    ],
)  # fmt: skip
def test_a_secret_in_a_document_is_hidden(document: Any) -> None:
    shown = Redactor().document(document)
    assert "swordfish" not in str(shown)
    assert "{secret-1}" in str(shown)


@pytest.mark.parametrize(
    "document",
    [
        {"disablePasswordAuthentication": True},
        {"adminPassword": "[parameters('adminPassword')]"},
        {"parameters": {"adminPassword": {"type": "securestring", "metadata": {"a": "b"}}}},
        {"secretName": "one", "keyVaultSecretUrl": "https://kv/secrets/one"},
        {"permissions": {"secrets": ["get"], "keys": ["list"]}},
        {"nextLink": "https://here/x?$skipToken=abc"},
        {"serviceUri": "https://hook.example/in/here"},
        {"serviceUri": "[parameters('hook')]"},
        {"token_type": "Bearer", "adminPassword": None, "tags": {"env": "test"}},
        {"publicKeys": [{"path": "/home/me", "keyData": "ssh-rsa AAAA"}]},
        {"resourceGuardOperationRequests": ["/subscriptions/x"], "keyUri": "https://kv/keys/k"},
    ],
)
def test_what_only_looks_like_a_secret_is_shown(document: Any) -> None:
    assert Redactor().document(document) == document


def test_equal_secrets_have_equal_numbers_everywhere() -> None:
    redact = Redactor()
    assert redact.header("authorization", f"Bearer {TOKEN}") == "Bearer {secret-1}"
    assert redact.document({"password": "other", "text": TOKEN}) == {
        "password": "{secret-2}",
        "text": "{secret-1}",
    }
    form = f"grant_type=x&client_secret=other&client_assertion={TOKEN}&code=c&scope=s"
    assert redact.query(form) == (
        "grant_type=x&client_secret={secret-2}&client_assertion={secret-1}&code={secret-3}&scope=s"
    )
    assert redact.query("a=1&sig=zzz&$skipToken=t") == "a=1&sig={secret-4}&$skipToken=t"
    assert redact.header("x-ms-authorization-auxiliary", "aux") == "{secret-5}"
    assert redact.header("content-type", "application/json") == "application/json"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"adminPassword": "a\\"b", "x": 1', '{"adminPassword": "{secret-1}", "x": 1'),
        ("{adminPassword: 'ab', name: 'c'}", "{adminPassword: '{secret-1}', name: 'c'}"),
        ('{"password": "never closed', '{"password": "{secret-1}"'),
    ],
)
def test_a_secret_in_broken_json_is_hidden_too(text: str, shown: str) -> None:
    assert Redactor().broken_json(text) == shown
