"""One resource of a template: where it lies, and what its provider is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .language import TemplateError, escape
from .resource_names import DEPLOYMENT
from .scopes import Reach, Scope
from .values import check_size

OF_THE_TEMPLATE = frozenset(
    {
        "type",
        "name",
        "apiversion",
        "dependson",
        "condition",
        "copy",
        "comments",
        "scope",
        "resources",
        "resourcegroup",
        "subscriptionid",
        "existing",
        "metadata",
        "options",
        "$options",
        "assertions",
    }
)
"""What a resource says to the template engine, and not to its provider."""


@dataclass
class Planned:
    """One resource to deploy, or one that is only referred to (``is_existing``)."""

    id: str
    type: str
    name: str
    api_version: str
    scope: Scope
    source: Mapping[str, Any]
    symbol: str | None
    loop: str | None
    is_wanted: bool
    is_existing: bool
    after: list[Planned] = field(default_factory=list)

    @property
    def is_deployed(self) -> bool:
        """Whether anything is to be done."""
        return self.is_wanted and not self.is_existing

    def body(self, reach: Reach) -> dict[str, Any]:
        """Return what its provider is sent. Raises ``TemplateError``."""
        sent = {
            name: part for name, part in self.source.items() if name.lower() not in OF_THE_TEMPLATE
        }
        scope = replace(self.scope, reach=reach)
        if self.type.lower() == DEPLOYMENT:
            return _nested(scope, sent)
        return dict(check_size(scope.resolve(sent)))


def _nested(scope: Scope, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a nested deployment.

    Unless it says otherwise, the expressions in its template are evaluated out here.
    """
    properties = sent.get("properties")
    if not isinstance(properties, dict) or not isinstance(properties.get("template"), dict):
        return dict(check_size(scope.resolve(dict(sent))))
    options = properties.get("expressionEvaluationOptions")
    where = scope.resolve(options.get("scope")) if isinstance(options, dict) else "outer"
    template = properties["template"]
    if not isinstance(where, str) or where.lower() != "inner":
        template = _escaped(scope.resolve(template))
    rest = {name: part for name, part in properties.items() if name != "template"}
    body = scope.resolve({**sent, "properties": rest})
    body["properties"]["template"] = template
    return dict(check_size(body))


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, list):
        return [_escaped(each) for each in value]
    if isinstance(value, dict):
        return {name: _escaped(part) for name, part in value.items()}
    return value


def evaluated(scope: Scope, value: Any, name: str) -> Any:
    """Return what a part of the resource of a name comes to. Raises ``TemplateError``."""
    try:
        return scope.resolve(value)
    except TemplateError as problem:
        raise unable(name, problem) from None


def unable(name: str, problem: TemplateError) -> TemplateError:
    """Return what ARM says of a resource that an expression of is wrong."""
    return TemplateError(
        f"Unable to process template language expressions for resource '{name}'. "
        f"'{problem.message}'",
        problem.code,
    )
