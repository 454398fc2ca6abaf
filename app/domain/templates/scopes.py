"""Where an expression is evaluated: what its names mean, and the functions that ask for them.

    Scope(surroundings, parameters, variables).resolve({"name": "[parameters('name')]"})

While a template is expanded nothing of it is there yet: ``reference`` and ``list...`` are refused.
When a resource is deployed, and for outputs, a ``Reach`` answers them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from . import functions
from .language import Access, Call, Literal, Node, TemplateError, is_expression, read, walk
from .values import check_size, is_integer, measure, part_of, text_of

MOST_COPIES = 800
"""ARM's limit: how many times a loop runs at most."""


Special = Callable[["Scope", Call], Any]
"""A function that asks for more than its arguments."""


class Reach(Protocol):
    """Answers what only the world knows."""

    def reference(self, named: str, *, full: bool) -> Any:
        """Return a resource's properties, or all of it. Raises ``TemplateError``."""

    def ask(self, verb: str, named: str, body: Any) -> Any:
        """Return what a ``list...`` action of a resource answers. Raises ``TemplateError``."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a deployment lies in: what ``subscription()``, ``resourceGroup()`` and such give."""

    subscription: Mapping[str, Any]
    tenant: Mapping[str, Any]
    group: Mapping[str, Any] | None
    environment: Mapping[str, Any]
    deployment: Mapping[str, Any]
    now: int

    @property
    def base(self) -> str:
        """The id that resources of the deployment lie under."""
        return str((self.group or self.subscription)["id"])


MOST_STEPS = 250_000
"""How many steps the expressions of one template may take: lambdas can ask for any number."""


@dataclass
class Budget:
    """How many steps are left."""

    left: int = MOST_STEPS

    def weigh(self, value: Any) -> Any:
        """Return a value that was just made; the larger it is, the more steps it took.

        Raises ``TemplateError``.
        """
        self.spend(measure(value) // 20)
        return value

    def spend(self, steps: int) -> None:
        """Take steps off. Raises ``TemplateError`` once there are none left."""
        self.left -= steps
        if self.left < 0:
            raise TemplateError(
                "The template's expressions take too long to evaluate: at most "
                f"'{MOST_STEPS}' steps are allowed."
            )


@dataclass
class Variables:
    """A template's variables: each is evaluated when it is first asked for."""

    sources: Mapping[str, Any]
    known: dict[str, Any] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)

    def get(self, name: str, scope: Scope) -> Any:
        """Return a variable. Raises ``TemplateError``."""
        folded = name.lower()
        if folded not in self.known:
            self.known[folded] = self._evaluate(name, folded, scope)
        return self.known[folded]

    def _evaluate(self, name: str, folded: str, scope: Scope) -> Any:
        if folded not in self.sources:
            raise TemplateError(
                f"The template variable '{name}' is not found. Please see "
                "https://aka.ms/arm-syntax-variables for usage details."
            )
        if folded in self.pending:
            raise TemplateError(
                f"The template variable '{name}' is defined by itself. Please see "
                "https://aka.ms/arm-syntax-variables for usage details."
            )
        self.pending.add(folded)
        alone = replace(scope, copies={}, loop=None, local={}, reach=None, is_default=False)
        try:
            return check_size(alone.resolve(self.sources[folded]))
        finally:
            self.pending.discard(folded)


@dataclass(frozen=True)
class Scope:
    """What the names in an expression mean at one place of a template.

    ``copies`` has the index of each loop that the place is in by its lower-case name, ``loop`` is
    the innermost one; ``local`` are a lambda's variables.
    """

    surroundings: Surroundings
    parameters: Mapping[str, Any]
    variables: Variables
    special: Mapping[str, Special]
    custom: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    copies: Mapping[str, int] = field(default_factory=dict)
    loop: str | None = None
    local: Mapping[str, Any] = field(default_factory=dict)
    reach: Reach | None = None
    is_default: bool = False
    budget: Budget = field(default_factory=Budget)

    def inside(self, loop: str, index: int) -> Scope:
        """Return the scope of one turn of a loop."""
        return replace(self, copies={**self.copies, loop.lower(): index}, loop=loop.lower())

    # --- documents -----------------------------------------------------------------------

    def resolve(self, value: Any) -> Any:
        """Return a part of a template with all its expressions evaluated.

        Raises ``TemplateError``.
        """
        if isinstance(value, str):
            return self.evaluate(read(value)) if is_expression(value) else value
        if isinstance(value, list):
            return [self.resolve(each) for each in value]
        if isinstance(value, dict):
            return self._object(value)
        return value

    def _object(self, value: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, part in value.items():
            if name.lower() == "copy" and is_loop(part):
                for loop in part:
                    found[str(loop["name"])] = self._loop(loop)
            else:
                found[str(self.resolve(name))] = self.resolve(part)
        return found

    def _loop(self, loop: Mapping[str, Any]) -> list[Any]:
        name = str(loop["name"])
        turns = count_of(self, loop)
        found = [self.inside(name, turn).resolve(loop["input"]) for turn in range(turns)]
        check_size(found)
        return found

    # --- expressions ---------------------------------------------------------------------

    def evaluate(self, node: Node) -> Any:
        """Return what an expression comes to. Raises ``TemplateError``."""
        self.budget.spend(1)
        if isinstance(node, Literal):
            return node.value
        if isinstance(node, Access):
            return part_of(self.evaluate(node.of), self.evaluate(node.key))
        folded = node.name.lower()
        special = self.special.get(folded)
        if special is not None:
            return special(self, node)
        if "." in folded:
            return self._custom(node)
        if folded.startswith("list") and not functions.is_known(folded):
            return self._ask(node)
        if not functions.is_known(folded):
            raise not_valid(node.name)
        return self.budget.weigh(functions.call(node.name, self.arguments(node)))

    def arguments(self, node: Call) -> list[Any]:
        """Return what a call's arguments come to. Raises ``TemplateError``."""
        return [self.evaluate(each) for each in node.arguments]

    def _custom(self, node: Call) -> Any:
        wanted = self.custom.get(node.name.lower())
        if wanted is None:
            raise not_valid(node.name)
        names = [str(each.get("name", "")).lower() for each in wanted.get("parameters", ())]
        given = self.arguments(node)
        if len(names) != len(given):
            raise functions.unable(
                node.name, f"it has {len(names)} parameters, {len(given)} arguments are given"
            )
        inner = replace(
            self,
            parameters=dict(zip(names, given, strict=True)),
            variables=Variables({}),
            custom={},
            copies={},
            local={},
            reach=None,
        )
        return check_size(inner.resolve(wanted["output"].get("value")))

    def _ask(self, node: Call) -> Any:
        given = self.arguments(node)
        if not given or not isinstance(given[0], str):
            raise functions.unable(node.name, "it expects a resource and an API version")
        if self.reach is None:
            raise not_expected(node.name)
        return self.reach.ask(node.name, given[0], given[2] if len(given) > 2 else None)


def reads(node: Node) -> Sequence[Call]:
    """Return the calls in an expression that ask for another resource."""
    return [
        each
        for each in walk(node)
        if isinstance(each, Call) and each.arguments and _asks(each.name.lower())
    ]


def _asks(folded: str) -> bool:
    return folded == "reference" or (folded.startswith("list") and not functions.is_known(folded))


def is_loop(value: Any) -> bool:
    """Tell whether what stands under ``copy`` makes properties: a list of names and inputs."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(each, dict) and {"name", "count", "input"} <= set(each) for each in value
        )
    )


def count_of(scope: Scope, loop: Mapping[str, Any]) -> int:
    """Return how many times a loop runs. Raises ``TemplateError``."""
    count = scope.resolve(loop.get("count"))
    if not is_integer(count) or not 0 <= count <= MOST_COPIES:
        raise TemplateError(
            f"The template copy '{loop.get('name')}' has the count '{text_of(count)[:60]}'; it "
            f"must be an integer from 0 to {MOST_COPIES}. Please see https://aka.ms/arm-copy for "
            "usage details."
        )
    return int(count)


def not_valid(name: str) -> TemplateError:
    """ARM's answer to a function that it does not have."""
    return TemplateError(
        f"The template function '{name}' is not valid. Please see https://aka.ms/arm-functions "
        "for usage details."
    )


def not_expected(name: str) -> TemplateError:
    """ARM's answer to a function where nothing is deployed yet."""
    return TemplateError(
        f"The template function '{name}' is not expected at this location. Please see "
        "https://aka.ms/arm-functions for usage details."
    )
