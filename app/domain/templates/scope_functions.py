"""The functions of templates that ask for what is around them: names, loops, ids, the time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import ids, instants
from . import functions, resource_names
from .lambda_functions import LAMBDAS
from .language import Call, Node, TemplateError
from .scopes import Scope, Special, not_expected
from .values import is_integer, kind_of, part_of


def _texts(scope: Scope, node: Call) -> list[str]:
    found = scope.arguments(node)
    for each in found:
        if not isinstance(each, str):
            raise functions.unable(
                node.name, f"it expects strings, an argument is of type '{kind_of(each)}'"
            )
    return found


def _one_name(scope: Scope, node: Call) -> str:
    given = _texts(scope, node)
    if len(given) != 1:
        raise functions.unable(node.name, f"it expects one argument, '{len(given)}' are given")
    return given[0]


def _parameters(scope: Scope, node: Call) -> Any:
    name = _one_name(scope, node)
    if name.lower() not in scope.parameters:
        raise TemplateError(
            f"The template parameter '{name}' is not found. Please see "
            "https://aka.ms/arm-syntax-parameters for usage details."
        )
    return scope.parameters[name.lower()]


def _variables(scope: Scope, node: Call) -> Any:
    return scope.variables.get(_one_name(scope, node), scope)


def _local(scope: Scope, node: Call) -> Any:
    name = _one_name(scope, node)
    if name.lower() not in scope.local:
        raise functions.unable(node.name, f"there is no lambda variable '{name}' here")
    return scope.local[name.lower()]


def _copy_index(scope: Scope, node: Call) -> int:
    given = scope.arguments(node)
    offset = given.pop() if given and is_integer(given[-1]) else 0
    name = given.pop(0) if given else scope.loop
    if given or (name is not None and not isinstance(name, str)):
        raise functions.unable(node.name, "it expects a loop's name, an offset, or both")
    if name is None or name.lower() not in scope.copies:
        raise TemplateError(
            "The template function 'copyIndex' is not expected at this location. The function can "
            "only be used in a resource, property, variable or output with copy specified. Please "
            "see https://aka.ms/arm-copy for usage details."
        )
    return scope.copies[name.lower()] + int(offset)


def _if(scope: Scope, node: Call) -> Any:
    if len(node.arguments) != 3:
        raise functions.unable(
            node.name, f"it expects three arguments, '{len(node.arguments)}' are given"
        )
    return scope.evaluate(node.arguments[1 if _truth(scope, node, node.arguments[0]) else 2])


def _truth(scope: Scope, node: Call, argument: Node) -> bool:
    value = scope.evaluate(argument)
    if not isinstance(value, bool):
        raise functions.unable(
            node.name, f"it expects a boolean, the argument is of type '{kind_of(value)}'"
        )
    return value


def _and(scope: Scope, node: Call) -> bool:
    _at_least(node, 2)
    return all(_truth(scope, node, each) for each in node.arguments)


def _or(scope: Scope, node: Call) -> bool:
    _at_least(node, 2)
    return any(_truth(scope, node, each) for each in node.arguments)


def _coalesce(scope: Scope, node: Call) -> Any:
    _at_least(node, 1)
    found = (scope.evaluate(each) for each in node.arguments)
    return next((value for value in found if value is not None), None)


def _at_least(node: Call, count: int) -> None:
    if len(node.arguments) < count:
        raise functions.unable(node.name, f"it expects {count} arguments or more")


def _try_get(scope: Scope, node: Call) -> Any:
    _at_least(node, 2)
    value, *keys = scope.arguments(node)
    for key in keys:
        try:
            value = part_of(value, key)
        except TemplateError:
            return None
    return value


def _no_arguments(node: Call) -> None:
    if node.arguments:
        raise functions.unable(node.name, "it expects no arguments")


def _surrounding(name: str) -> Special:
    def give(scope: Scope, node: Call) -> Any:
        _no_arguments(node)
        found = getattr(scope.surroundings, name)
        if found is None:
            raise not_expected(node.name)
        return found

    return give


def _resource_id(scope: Scope, node: Call) -> str:
    return resource_names.resource_id(scope.surroundings.base, _texts(scope, node))


def _subscription_id(scope: Scope, node: Call) -> str:
    base = str(scope.surroundings.subscription["id"])
    return resource_names.subscription_resource_id(base, _texts(scope, node))


def _tenant_id(scope: Scope, node: Call) -> str:
    return resource_names.id_below("", _texts(scope, node))


def _extension_id(scope: Scope, node: Call) -> str:
    given = _texts(scope, node)
    if not given:
        raise functions.unable(node.name, "it expects a resource id, a type and names")
    return resource_names.id_below(given[0].rstrip("/"), given[1:])


def _reference(scope: Scope, node: Call) -> Any:
    given = _texts(scope, node)
    if not 1 <= len(given) <= 3:
        raise functions.unable(
            node.name, "it expects a resource, an API version, and 'Full' or nothing"
        )
    if scope.reach is None:
        raise not_expected(node.name)
    full = len(given) == 3 and given[2].lower() == "full"
    return scope.reach.reference(given[0], full=full)


def _utc_now(scope: Scope, node: Call) -> str:
    given = _texts(scope, node)
    if not scope.is_default:
        raise TemplateError(
            "The template function 'utcNow' is not expected at this location. It can only be used "
            "in the default value of a parameter. Please see https://aka.ms/arm-functions for "
            "usage details."
        )
    moment = instants.to_datetime(scope.surroundings.now)
    written = _DATE_FORMATS.get(given[0] if given else "")
    if written is None:
        raise functions.unable(
            node.name,
            f"the format '{given[0][:40]}' is not emulated by rsvault; those that are: "
            f"{', '.join(name for name in _DATE_FORMATS if name)}",
        )
    return f"{moment:{written}}"


_DATE_FORMATS = {
    "": "%Y%m%dT%H%M%SZ",
    "u": "%Y-%m-%d %H:%M:%SZ",
    "d": "%-m/%-d/%Y",
    "yyyy-MM-dd": "%Y-%m-%d",
    "yyyyMMdd": "%Y%m%d",
    "yyyyMMddHHmmss": "%Y%m%d%H%M%S",
    "yyyy-MM-ddTHH:mm:ssZ": "%Y-%m-%dT%H:%M:%SZ",
    "yyyyMMddTHHmmssZ": "%Y%m%dT%H%M%SZ",
}


def _new_guid(scope: Scope, node: Call) -> str:
    _no_arguments(node)
    if not scope.is_default:
        raise not_expected(node.name)
    about = scope.surroundings
    return ids.guid(ids.md5_hex(f"newGuid/{about.base}/{about.deployment['name']}/{about.now}"))


SPECIAL: Mapping[str, Special] = {
    "parameters": _parameters,
    "variables": _variables,
    "lambdavariables": _local,
    "copyindex": _copy_index,
    "if": _if,
    "and": _and,
    "or": _or,
    "coalesce": _coalesce,
    "tryget": _try_get,
    "resourcegroup": _surrounding("group"),
    "subscription": _surrounding("subscription"),
    "tenant": _surrounding("tenant"),
    "environment": _surrounding("environment"),
    "deployment": _surrounding("deployment"),
    "resourceid": _resource_id,
    "subscriptionresourceid": _subscription_id,
    "tenantresourceid": _tenant_id,
    "extensionresourceid": _extension_id,
    "reference": _reference,
    "utcnow": _utc_now,
    "newguid": _new_guid,
    **LAMBDAS,
}
"""The functions by their lower-case names."""
