"""Parameters: what a template demands, what it is given, and what of that may be told.

A secret (``secureString``, ``secureObject``) is never shown: neither its value nor a part of a
message that quotes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .language import TemplateError
from .scopes import Scope
from .values import is_integer, kind_of, same, text_of

MOST = 256
"""ARM's limit: how many parameters, variables and outputs a template has at most."""
SECRETS = ("securestring", "secureobject")
_KINDS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "string": ("String", lambda value: isinstance(value, str)),
    "securestring": ("SecureString", lambda value: isinstance(value, str)),
    "int": ("Int", is_integer),
    "bool": ("Bool", lambda value: isinstance(value, bool)),
    "object": ("Object", lambda value: isinstance(value, dict)),
    "secureobject": ("SecureObject", lambda value: isinstance(value, dict)),
    "array": ("Array", lambda value: isinstance(value, list)),
}
_HELP = "Please see https://aka.ms/arm-create-parameter-file for usage details."


@dataclass
class Bound:
    """Parameters with their values: by lower-case name, as the wire shows them, and secrets."""

    values: dict[str, Any] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)


def failed(message: str) -> TemplateError:
    """Return what ARM says of a template that it has read and found wrong."""
    return TemplateError(f"Deployment template validation failed: '{message}'.")


def type_of(name: str, told: Mapping[str, Any], where: str) -> str:
    """Return the lower-case type of a parameter or output. Raises ``TemplateError``."""
    wanted = told.get("type")
    if not isinstance(wanted, str) or wanted.lower() not in _KINDS:
        allowed = ", ".join(shown for shown, _ in _KINDS.values())
        raise failed(
            f"The type '{text_of(wanted)[:60]}' of the template {where} '{name}' is not valid; "
            f"allowed: {allowed}. Please see https://aka.ms/arm-syntax-parameters for usage "
            "details."
        )
    return wanted.lower()


def shown_type(folded: str) -> str:
    """Return a type as answers spell it."""
    return _KINDS[folded][0]


def is_of(value: Any, folded: str) -> bool:
    """Tell whether a value is of a type."""
    return _KINDS[folded][1](value)


def bind(
    defined: Mapping[str, Mapping[str, Any]],
    given: Mapping[str, Any],
    scope: Scope,
) -> tuple[Bound, Scope]:
    """Return the parameters of a template with what they are given, and the scope that has them.

    Raises ``TemplateError``.
    """
    bound = Bound()
    inner = replace(scope, parameters=bound.values)
    sent = _sent(defined, given)
    pending: list[str] = []
    for name, told in defined.items():
        if name.lower() in sent:
            _put(bound, name, told, sent[name.lower()])
        elif "defaultValue" in told or told.get("nullable") is True:
            pending.append(name)
        else:
            raise failed(f"The value for the template parameter '{name}' is not provided. {_HELP}")
    _put_defaults(bound, defined, pending, replace(inner, is_default=True))
    return bound, inner


def _sent(defined: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    known = {name.lower() for name in defined}
    unknown = [name for name in given if name.lower() not in known]
    if unknown:
        raise failed(
            f"The template parameters '{', '.join(unknown)}' in the parameters file are not valid; "
            "they are not present in the original template and can therefore not be provided at "
            f"deployment time. The only supported parameters for this template are "
            f"'{', '.join(defined)}'. Please see https://aka.ms/arm-pass-parameter-values for "
            "usage details."
        )
    return {name.lower(): _value(name, each) for name, each in given.items() if each is not None}


def _value(name: str, sent: Any) -> Any:
    if isinstance(sent, dict) and "reference" in sent:
        raise TemplateError(
            f"The template parameter '{name}' is a reference to a secret of a key vault, whose "
            "data plane is not emulated by rsvault; give its value.",
            "KeyVaultParameterReferenceNotSupported",
        )
    if not isinstance(sent, dict) or "value" not in sent:
        raise failed(
            f"The value for the template parameter '{name}' is not provided: it must be an object "
            f"with a 'value'. {_HELP}"
        )
    return sent["value"]


def _put_defaults(
    bound: Bound, defined: Mapping[str, Mapping[str, Any]], pending: list[str], scope: Scope
) -> None:
    """Evaluate default values: one may name a parameter that has one, too."""
    while pending:
        left: list[str] = []
        problem: TemplateError | None = None
        for name in pending:
            try:
                value = scope.resolve(defined[name].get("defaultValue"))
            except TemplateError as found:
                problem = problem or found
                left.append(name)
                continue
            _put(bound, name, defined[name], value)
        if problem is not None and len(left) == len(pending):
            raise problem
        pending = left


def _put(bound: Bound, name: str, told: Mapping[str, Any], value: Any) -> None:
    folded = type_of(name, told, "parameter")
    is_secret = folded in SECRETS
    if not (value is None and told.get("nullable") is True):
        _check(name, told, folded, value)
    bound.values[name.lower()] = value
    bound.shown[name] = {"type": shown_type(folded)}
    if is_secret:
        bound.secrets.extend(_secrets_in(value))
    else:
        bound.shown[name]["value"] = value


def _secrets_in(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if value else []
    if isinstance(value, dict | list):
        parts = value.values() if isinstance(value, dict) else value
        return [each for part in parts for each in _secrets_in(part)]
    return []


def _check(name: str, told: Mapping[str, Any], folded: str, value: Any) -> None:
    if not is_of(value, folded):
        raise failed(
            f"The provided value for the template parameter '{name}' is not valid. Expected a "
            f"value of type '{shown_type(folded)}', but received a value of type "
            f"'{kind_of(value)}'. {_HELP}"
        )
    shown = "***" if folded in SECRETS else text_of(value)[:200]
    allowed = told.get("allowedValues")
    if isinstance(allowed, list) and not _is_allowed(value, allowed):
        listed = ",".join(text_of(each) for each in allowed)
        raise failed(
            f"The provided value '{shown}' for the template parameter '{name}' is not valid. The "
            f"value '{shown}' is not part of the allowed value(s): '{listed}'."
        )
    _check_limits(name, told, value)


def _is_allowed(value: Any, allowed: list[Any]) -> bool:
    """An array may hold any of the allowed values; else it is one of them, in any casing."""
    if isinstance(value, list) and not any(isinstance(each, list) for each in allowed):
        return all(_is_allowed(each, allowed) for each in value)
    if isinstance(value, str):
        return value.lower() in {each.lower() for each in allowed if isinstance(each, str)}
    return any(same(value, each) for each in allowed)


def _check_limits(name: str, told: Mapping[str, Any], value: Any) -> None:
    measured = value if is_integer(value) else None
    if isinstance(value, str | list | dict):
        measured = len(value)
    limits = ("minValue", "maxValue") if is_integer(value) else ("minLength", "maxLength")
    least, most = (told.get(each) for each in limits)
    word = "value" if is_integer(value) else "length"
    if measured is None:
        return
    if is_integer(least) and measured < int(least or 0):
        raise failed(
            f"The provided value for the template parameter '{name}' is not valid. The {word} "
            f"'{measured}' of the value must be greater than or equal to '{least}'."
        )
    if is_integer(most) and measured > int(most or 0):
        raise failed(
            f"The provided value for the template parameter '{name}' is not valid. The {word} "
            f"'{measured}' of the value must be less than or equal to '{most}'."
        )


def hidden(value: Any, secrets: list[str]) -> Any:
    """Return a document with the secrets that its texts quote made unreadable."""
    if isinstance(value, str):
        for each in sorted(secrets, key=len, reverse=True):
            value = value.replace(each, "***")
        return value
    if isinstance(value, list):
        return [hidden(each, secrets) for each in value]
    if isinstance(value, dict):
        return {name: hidden(part, secrets) for name, part in value.items()}
    return value
