"""The functions of templates that are given a lambda: ``map(array, lambda('x', ...))``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from . import functions
from .language import Call, Literal, Node
from .scopes import Scope, Special
from .values import kind_of, text_of


def _lambda(scope: Scope, node: Call) -> Any:
    raise functions.unable(node.name, f"it is an argument of {', '.join(_DONE_WITH_EACH)} only")


def _applied(scope: Scope, node: Call, argument: Node) -> Callable[..., Any]:
    """Return a lambda as what it does with its arguments."""
    if not isinstance(argument, Call) or argument.name.lower() != "lambda":
        raise functions.unable(node.name, "it expects a lambda")
    *names, body = argument.arguments or (Literal(""),)
    told = [str(scope.evaluate(each)).lower() for each in names]

    def apply(*values: Any) -> Any:
        local = {**scope.local, **dict(zip(told, values, strict=False))}
        return replace(scope, local=local).evaluate(body)

    return apply


def _each(scope: Scope, node: Call) -> Any:
    """Do what a function does that is given a collection and lambdas."""
    folded = node.name.lower()
    if len(node.arguments) < 2:
        raise functions.unable(node.name, "it expects a collection and a lambda")
    value = scope.evaluate(node.arguments[0])
    wanted = dict if folded == "mapvalues" else list
    if not isinstance(value, wanted):
        raise functions.unable(
            node.name, f"it expects a collection, the argument is of type '{kind_of(value)}'"
        )
    apply = _applied(scope, node, node.arguments[-1 if folded == "reduce" else 1])
    return scope.budget.weigh(_DONE_WITH_EACH[folded](scope, node, value, apply))


def _map(_scope: Scope, _node: Call, value: list[Any], apply: Callable[..., Any]) -> list[Any]:
    return [apply(each, at) for at, each in enumerate(value)]


def _map_values(
    _scope: Scope, _node: Call, value: dict[str, Any], apply: Callable[..., Any]
) -> dict[str, Any]:
    return {name: apply(each) for name, each in value.items()}


def _filter(_scope: Scope, node: Call, value: list[Any], apply: Callable[..., Any]) -> list[Any]:
    return [each for at, each in enumerate(value) if _holds(node, apply(each, at))]


def _holds(node: Call, found: Any) -> bool:
    if not isinstance(found, bool):
        raise functions.unable(node.name, "the lambda must give a boolean")
    return found


def _reduce(scope: Scope, node: Call, value: list[Any], apply: Callable[..., Any]) -> Any:
    if len(node.arguments) != 3:
        raise functions.unable(node.name, "it expects an array, an initial value and a lambda")
    found = scope.evaluate(node.arguments[1])
    for at, each in enumerate(value):
        found = scope.budget.weigh(apply(found, each, at))
    return found


def _sort(_scope: Scope, node: Call, value: list[Any], apply: Callable[..., Any]) -> list[Any]:
    found: list[Any] = []
    for each in value:
        at = next(
            (place for place, other in enumerate(found) if _holds(node, apply(each, other))),
            len(found),
        )
        found.insert(at, each)
    return found


def _to_object(
    scope: Scope, node: Call, value: list[Any], apply: Callable[..., Any]
) -> dict[str, Any]:
    if len(node.arguments) < 3:
        return {text_of(apply(each)): each for each in value}
    keep = _applied(scope, node, node.arguments[2])
    return {text_of(apply(each)): keep(each) for each in value}


_DONE_WITH_EACH: Mapping[str, Callable[..., Any]] = {
    "map": _map,
    "mapvalues": _map_values,
    "filter": _filter,
    "reduce": _reduce,
    "sort": _sort,
    "toobject": _to_object,
}

LAMBDAS: Mapping[str, Special] = {"lambda": _lambda, **dict.fromkeys(_DONE_WITH_EACH, _each)}
"""The functions by their lower-case names."""
