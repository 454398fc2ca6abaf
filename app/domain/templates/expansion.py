"""What a template comes to: its resources with their ids, in the order they can be deployed.

    expand(template, given, surroundings) -> Expanded

Names, conditions, loops and dependencies are evaluated here; the rest of a resource only once
those that it depends on are there, as it may refer to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from . import resource_names
from .dependencies import Directory, connect, in_order
from .language import TemplateError
from .parameters import SECRETS as SECRET_TYPES
from .parameters import Bound, bind, failed, is_of, shown_type, type_of
from .planned import Planned, evaluated
from .resource_names import DEPLOYMENT
from .scope_functions import SPECIAL
from .scopes import Reach, Scope, Surroundings, Variables, count_of, is_loop
from .template import Template, check_resource
from .values import check_size, text_of

MOST_RESOURCES = 800
"""ARM's limit: how many resources a template comes to at most."""


@dataclass(frozen=True, slots=True)
class Expanded:
    """A template with its parameters, and its resources in the order they are deployed."""

    template: Template
    bound: Bound
    scope: Scope
    resources: tuple[Planned, ...]

    def named(self, text: str) -> Planned | None:
        """Return the resource that ``reference`` names: by id, by name or by its symbol."""
        found = Directory(self.resources).named(text)
        return found[0] if found else None

    def outputs(self, reach: Reach) -> dict[str, Any]:
        """Return the outputs as the wire shows them. Raises ``TemplateError``."""
        scope = replace(self.scope, reach=reach)
        return {
            name: shown
            for name, told in self.template.outputs.items()
            if (shown := _output(scope, name, told)) is not None
        }


def expand(template: Template, given: Mapping[str, Any], surroundings: Surroundings) -> Expanded:
    """Return what a template comes to with these parameters. Raises ``TemplateError``."""
    variables = Variables(dict(_variables(template.variables)))
    bare = Scope(surroundings, {}, variables, SPECIAL, custom=template.functions)
    bound, scope = bind(template.parameters, given, bare)
    found: list[Planned] = []
    for symbol, told in template.resources:
        for each in _planned(scope, told, symbol, None):
            found.append(each)
            if len(found) > MOST_RESOURCES:
                raise failed(
                    f"The number of template resources limit exceeded. Limit: '{MOST_RESOURCES}'. "
                    "Please see https://aka.ms/arm-template-limits for usage details."
                )
    _refuse_doubles(found)
    connect(found, set(_loops(template)))
    return Expanded(template, bound, scope, tuple(in_order(found)))


def _variables(sources: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the variables by lower-case name; a loop at the top makes one for each of its names."""
    for name, value in sources.items():
        if name.lower() == "copy" and is_loop(value):
            for loop in value:
                # An object of one loop, of which only the array is wanted.
                own = f"$copy {loop['name']}".lower()
                yield own, {"copy": [loop]}
                yield (
                    str(loop["name"]).lower(),
                    f"[variables('{own}')['{str(loop['name']).replace(chr(39), chr(39) * 2)}']]",
                )
        else:
            yield name.lower(), value


# --- resources ---------------------------------------------------------------------------


def _planned(
    scope: Scope, told: Mapping[str, Any], symbol: str | None, parent: Planned | None
) -> Iterator[Planned]:
    """Yield a resource for each turn of its loop, each with those that are written inside it."""
    loop = told.get("copy")
    if loop is None:
        yield from _with_children(_one(scope, told, symbol, None, parent))
        return
    name = str(loop["name"])
    for turn in range(count_of(scope, loop)):
        yield from _with_children(_one(scope.inside(name, turn), told, symbol, name, parent))


def _with_children(planned: Planned) -> Iterator[Planned]:
    yield planned
    for at, child in enumerate(planned.source.get("resources") or ()):
        place = f"{planned.name}.resources[{at}]"
        if not isinstance(child, dict):
            raise failed(f"The resource at '{place}' is not an object")
        check_resource(child, place)
        yield from _planned(planned.scope, child, None, planned)


def _one(
    scope: Scope,
    told: Mapping[str, Any],
    symbol: str | None,
    loop: str | None,
    parent: Planned | None,
) -> Planned:
    type_name, name = str(told["type"]), _text(scope, told, "name")
    if parent is not None:
        type_name, name = f"{parent.type}/{type_name}", f"{parent.name}/{name}"
    return Planned(
        id=_id(scope, told, type_name, name, parent),
        type=type_name,
        name=name,
        api_version=_text(scope, told, "apiVersion"),
        scope=scope,
        source=told,
        symbol=symbol,
        loop=loop,
        is_wanted=_is_wanted(scope, told, name) and (parent is None or parent.is_wanted),
        is_existing=told.get("existing") is True,
    )


def _text(scope: Scope, told: Mapping[str, Any], field_name: str) -> str:
    value = evaluated(scope, told[field_name], str(told["name"]))
    if not isinstance(value, str) or not value:
        raise failed(
            f"The '{field_name}' of the template resource '{text_of(told['name'])[:100]}' must be "
            "a string that is not empty. Please see https://aka.ms/arm-syntax-resources for usage "
            "details."
        )
    return value


def _is_wanted(scope: Scope, told: Mapping[str, Any], name: str) -> bool:
    wanted = evaluated(scope, told.get("condition", True), name)
    if isinstance(wanted, str) and wanted.lower() in ("true", "false"):
        wanted = wanted.lower() == "true"
    if not isinstance(wanted, bool):
        raise failed(
            f"The condition of the template resource '{name}' must be a boolean. Please see "
            "https://aka.ms/arm-conditional-resources for usage details."
        )
    return wanted


def _id(
    scope: Scope, told: Mapping[str, Any], type_name: str, name: str, parent: Planned | None
) -> str:
    base = scope.surroundings.base
    if parent is not None:
        base = parent.id[: len(parent.id) - len(_end_of(parent)) - len("/providers/")]
    elif "resourceGroup" in told or "subscriptionId" in told:
        base = _target(scope, told, type_name, name)
    elif told.get("scope") is not None:
        base = _scope_id(base, _text(scope, told, "scope"))
    return resource_names.id_of(base, type_name, name)


def _end_of(parent: Planned) -> str:
    return resource_names.interleaved(parent.type, parent.name)


def _target(scope: Scope, told: Mapping[str, Any], type_name: str, name: str) -> str:
    """Return what a nested deployment deploys to, which only it can choose."""
    if type_name.lower() != DEPLOYMENT:
        raise failed(
            f"The template resource '{name}' of type '{type_name}' has a resourceGroup or a "
            "subscriptionId; only nested deployments may have them. Please see "
            "https://aka.ms/arm-cross-scope-deployment for usage details."
        )
    base = str(scope.surroundings.subscription["id"])
    if told.get("subscriptionId") is not None:
        base = f"/subscriptions/{_text(scope, told, 'subscriptionId')}"
    if told.get("resourceGroup") is not None:
        base = f"{base}/resourceGroups/{_text(scope, told, 'resourceGroup')}"
    return base


def _scope_id(base: str, sent: str) -> str:
    """Return the id of what a resource extends: it is sent as an id, or as a type with names."""
    if sent == "/":
        raise failed(
            "The scope '/' of a template resource is the tenant, which rsvault does not emulate"
        )
    if sent.startswith("/"):
        return sent.rstrip("/")
    return f"{base}/providers/{_halved_or_paired(sent)}"


def _halved_or_paired(text: str) -> str:
    # With one pair both spellings are the same; with more, Bicep writes all types first.
    return resource_names.split(text) if text.count("/") > 2 else text.strip("/")


def _loops(template: Template) -> Iterator[str]:
    """Yield the lower-case names of all loops: one may make no resource, and yet be named."""
    for symbol, told in template.resources:
        if told.get("copy") is not None:
            yield str(told["copy"]["name"]).lower()
            yield str(symbol).lower()


def _refuse_doubles(found: list[Planned]) -> None:
    seen: set[str] = set()
    for each in found:
        if not each.is_deployed:
            continue
        if each.id.lower() in seen:
            raise failed(
                f"The resource '{each.id}' is defined multiple times in a template. Please see "
                "https://aka.ms/arm-syntax-resources for usage details."
            )
        seen.add(each.id.lower())


# --- outputs ------------------------------------------------------


def _output(scope: Scope, name: str, told: Mapping[str, Any]) -> dict[str, Any] | None:
    folded = type_of(name, told, "output")
    try:
        if scope.resolve(told.get("condition", True)) is not True:
            return None
        if folded in SECRET_TYPES:
            return {"type": shown_type(folded)}
        value = _output_value(scope, name, told)
    except TemplateError as problem:
        raise TemplateError(
            f"The template output '{name}' is not valid: {problem.message}",
            "DeploymentOutputEvaluationFailed",
        ) from None
    if not is_of(value, folded) and not (value is None and told.get("nullable") is True):
        raise TemplateError(
            f"The template output '{name}' is not valid: The type of the value of the output is "
            f"not '{shown_type(folded)}'.",
            "DeploymentOutputEvaluationFailed",
        )
    return {"type": shown_type(folded), "value": value}


def _output_value(scope: Scope, name: str, told: Mapping[str, Any]) -> Any:
    loop = told.get("copy")
    if isinstance(loop, dict) and {"count", "input"} <= set(loop):
        return scope.resolve({"copy": [{**loop, "name": name}]})[name]
    return check_size(scope.resolve(told.get("value")))
