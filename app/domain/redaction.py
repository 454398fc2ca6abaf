"""Secrets in messages are written ``{secret-1}``, ``{secret-2}``; equal ones get equal numbers.

A secret is known by the name of what holds it (``adminPassword``), by its neighbour (a storage
account's key, beside its ``keyName``), by the template that declares it (``secureString``), or by
its own looks (the signature of a SAS, a signed token, a private key). Of a URI that an action
group calls, the user and the values of the query are secrets, whatever they are called. What only
looks like one by its name, such as ``$skipToken`` or ``[parameters('adminPassword')]``,
is shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

PLACEHOLDER = re.compile(r"\{secret-\d+\}")

_NAMED = re.compile(
    r"(?:password|passwd|passphrase|secret|token|tokenstring|assertion|connectionstring"
    r"|sharedkey|accesskey|accountkey|privatekey|securitypin|sasuri)s?$"
    r"|^(?:pin|pwd|sas|sig|customdata|protectedsettings|scriptcontent|scriptnamesuffix)$"
)
"""Names without dashes and underscores, in lower case. Of a VM's ``secrets`` see ``_HARMLESS``."""
_HARMLESS = frozenset({"secrets", "skiptoken", "nextpagetoken", "continuationtoken", "tokens"})
_IN_FORMS = re.compile(r"(?:code|key)$")
"""Further names of secrets where values stand in a form or a query: sign-in has its own words."""
_VALUES = frozenset({"value", "defaultvalue"})
"""What holds the secret in an object that is called by a secret's name, as parameters are."""
_URIS = frozenset({"serviceuri", "callbackurl", "httptriggerurl"})
"""What action groups call: whoever knows such a URI may call it too."""
_USER = re.compile(r"(?P<before>^[a-z][a-z0-9+.-]*://)(?P<user>[^/?#@]*)@", re.IGNORECASE)
_EXPRESSION = re.compile(r"\[\w+\(.*\)[^\]]*\]", re.DOTALL)
_LOOKS = re.compile(
    r"(?P<before>(?:[?&;]|&amp;|^)sig=)[^&;\s\"'<>]+"
    r"|(?P<pair>\b(?:AccountKey|SharedAccessKey|SharedAccessSignature|Password|Pwd)=)[^;\s\"'<>]+"
    r"|(?P<bearer>\bBearer )[\w~+/.=-]{8,}"
    r"|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_MEMBER = re.compile(
    r"""(?P<name>["']?(?P<word>[\w.$-]+)["']?\s*:\s*)(?P<quoted>"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?)"""
)
"""A member of what was meant to be JSON and is none."""
_FIELD = re.compile(r"(?P<before>(?:^|[&?])(?P<name>[^=&?]+)=)(?P<value>[^&]*)")


class Redactor:
    """Hides the secrets of messages that are read one after the other, and numbers them."""

    def __init__(self) -> None:
        self._numbers: dict[str, str] = {}

    def hide(self, secret: str) -> str:
        """Return what is shown in a secret's place; nothing for nothing."""
        if not secret or PLACEHOLDER.fullmatch(secret):
            return secret
        return self._numbers.setdefault(secret, f"{{secret-{len(self._numbers) + 1}}}")

    def text(self, text: str) -> str:
        """Return a text without the secrets that are known by their looks."""
        return _LOOKS.sub(self._without_looks, text)

    def query(self, query: str) -> str:
        """Return a query, or a form, without the values whose names tell what they are."""
        return self.text(_FIELD.sub(self._without_value, query))

    def uri(self, value: Any) -> Any:
        """Return a URI that is called without its user, and without any value of its query."""
        if not isinstance(value, str) or _EXPRESSION.fullmatch(value):
            return self.document(value)
        address, mark, query = value.partition("?")
        address = _USER.sub(lambda found: f"{found['before']}{self.hide(found['user'])}@", address)
        hidden = _FIELD.sub(lambda found: found["before"] + self.hide(found["value"]), query)
        return self.text(address + mark + hidden)

    def broken_json(self, text: str) -> str:
        """Return what was meant to be JSON without the values whose names tell what they are."""
        return self.text(_MEMBER.sub(self._without_member, text))

    def header(self, name: str, value: str) -> str:
        """Return a header's value; its name is in lower case."""
        if name == "authorization":
            scheme, space, token = value.partition(" ")
            return f"{scheme}{space}{self.hide(token)}" if space else self.hide(value)
        if is_secret(name) or name == "x-ms-authorization-auxiliary":
            return self.hide(value)
        return self.text(value)

    def document(self, value: Any) -> Any:
        """Return a JSON document without its secrets; nothing else of it changes."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.document(each) for each in value]
        if not isinstance(value, dict):
            return value
        ways = _ways(value)
        return {key: ways.get(key, Redactor.document)(self, part) for key, part in value.items()}

    def everything(self, value: Any) -> Any:
        """Return what stands under a secret's name: every text of it is one."""
        if isinstance(value, str):
            return value if _EXPRESSION.fullmatch(value) else self.hide(value)
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, list):
            return [self.everything(each) for each in value]
        if isinstance(value, dict):
            return {key: self.everything(part) for key, part in value.items()}
        return self.hide(str(value))

    def parameter(self, value: Any) -> Any:
        """Return what stands under a secret's name: of an object that has a value, its value."""
        if not isinstance(value, dict):
            return self.everything(value)
        hidden = {key for key in value if key.lower() in _VALUES}
        return {
            key: self.everything(part) if key in hidden else self.document(part)
            for key, part in value.items()
        }

    def _without_looks(self, match: re.Match[str]) -> str:
        before = match["before"] or match["pair"] or match["bearer"] or ""
        return before + self.hide(match[0][len(before) :])

    def _without_value(self, match: re.Match[str]) -> str:
        name = match["name"].lower().replace("%24", "$")
        opens = is_secret(name) or _IN_FORMS.search(name) is not None
        return match["before"] + self.hide(match["value"]) if opens else match[0]

    def _without_member(self, match: re.Match[str]) -> str:
        if not is_secret(match["word"]):
            return match[0]
        quote = match["quoted"][0]
        inside = match["quoted"][1:].removesuffix(quote)
        return f"{match['name']}{quote}{self.hide(inside)}{quote}"


Way = Callable[[Redactor, Any], Any]


def is_secret(name: str) -> bool:
    """Tell whether what has this name opens a door."""
    word = re.sub(r"[^a-z]", "", name.lower())
    return word not in _HARMLESS and _NAMED.search(word) is not None


def _ways(document: Mapping[str, Any]) -> dict[str, Way]:
    """Return how the members of an object are read that are not read as usual."""
    ways: dict[str, Way] = {}
    for key, value in document.items():
        if key.lower() == "protectedsettings":
            ways[key] = Redactor.everything
        elif key.lower() in _URIS:
            ways[key] = Redactor.uri
        elif is_secret(key):
            ways[key] = Redactor.parameter
        elif key == "value" and isinstance(value, str) and _is_key(document):
            ways[key] = Redactor.everything
    secure = _secure_parameters(document)
    if secure:
        ways["parameters"] = _parameters_way(secure)
    return ways


def _parameters_way(secure: frozenset[str]) -> Way:
    """Return how the parameters of a deployment are read whose template declares these secure."""

    def hide(redactor: Redactor, parameters: Any) -> Any:
        if not isinstance(parameters, dict):
            return redactor.document(parameters)
        return {
            key: redactor.parameter(part)
            if key.lower() in secure or is_secret(key)
            else redactor.document(part)
            for key, part in parameters.items()
        }

    return hide


def _is_key(document: Mapping[str, Any]) -> bool:
    """Tell whether an object is one of a storage account's keys: a key's name and its value."""
    return any(key.lower() == "keyname" for key in document)


def _secure_parameters(document: Mapping[str, Any]) -> frozenset[str]:
    """Return the names, in lower case, of the parameters that a template declares to be secure."""
    template = document.get("template", document if "$schema" in document else None)
    declared = template.get("parameters") if isinstance(template, dict) else None
    if not isinstance(declared, dict):
        return frozenset()
    return frozenset(
        name.lower()
        for name, each in declared.items()
        if isinstance(each, dict) and str(each.get("type", "")).lower().startswith("secure")
    )
