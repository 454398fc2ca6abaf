"""What depends on what: as a template says, and as its expressions refer to one another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from . import resource_names
from .language import TemplateError, is_expression, read
from .parameters import failed
from .planned import OF_THE_TEMPLATE, Planned, evaluated
from .resource_names import DEPLOYMENT
from .scopes import reads


class Directory:
    """Finds resources of a template by what it calls them, in any casing."""

    def __init__(self, resources: Iterable[Planned]) -> None:
        ways: tuple[dict[str, list[Planned]], ...] = tuple({} for _ in range(6))
        for each in resources:
            path = resource_names.interleaved(each.type, each.name)
            names = (each.symbol, each.id.strip("/"), path, each.loop, each.name)
            for way, name in zip(ways, (*names, each.name.rpartition("/")[2]), strict=True):
                if name is not None:
                    way.setdefault(name.lower(), []).append(each)
        self._ways = ways

    def named(self, text: str) -> list[Planned]:
        """Return the resources that a text names.

        It is a symbol, an id, a type and names, a loop, a name, or a name without those of its
        parents; the first of these that finds any is it.
        """
        folded = text.strip("/").lower()
        for way in self._ways:
            found = way.get(folded) or way.get(resource_names.split(folded))
            if found:
                return found
        return []


def connect(resources: list[Planned], loops: set[str]) -> None:
    """Note of each resource after which others it comes. Raises ``TemplateError``.

    ``loops`` are the lower-case names of all loops: one may make no resource, and yet be named.
    """
    directory = Directory(resources)
    for each in resources:
        each.after.extend(_dependencies(each, directory, loops))


def _dependencies(each: Planned, directory: Directory, loops: set[str]) -> list[Planned]:
    found = _told(each, directory, loops)
    found += [other for text in _referred(each) for other in directory.named(text)]
    return [
        other
        for other in {id(other): other for other in found}.values()
        if other is not each and other.is_deployed
    ]


def _told(each: Planned, directory: Directory, loops: set[str]) -> list[Planned]:
    found: list[Planned] = []
    for text in each.source.get("dependsOn") or ():
        wanted = evaluated(each.scope, text, each.name)
        if not isinstance(wanted, str):
            raise failed(
                f"A dependency of the template resource '{each.name}' is not a string. Please see "
                "https://aka.ms/arm-syntax-resources for usage details."
            )
        named = directory.named(wanted)
        if not named and wanted.lower() not in loops:
            raise failed(
                f"The resource '{wanted}' is not defined in the template. Please see "
                "https://aka.ms/arm-syntax for usage details."
            )
        found += named
    return found


def _referred(each: Planned) -> Iterator[str]:
    """Yield what the expressions of a resource refer to, as far as that is known by now."""
    for text in _texts(each):
        for call in reads(read(text)):
            try:
                named = each.scope.evaluate(call.arguments[0])
            except TemplateError:
                continue
            if isinstance(named, str):
                yield named


def _texts(each: Planned) -> Iterator[str]:
    parts: list[Any] = [
        part for name, part in each.source.items() if name.lower() not in OF_THE_TEMPLATE
    ]
    while parts:
        part = parts.pop()
        if isinstance(part, str):
            if is_expression(part):
                yield part
        elif isinstance(part, dict):
            parts.extend(
                inner
                for name, inner in part.items()
                if not (each.type.lower() == DEPLOYMENT and name == "template")
            )
        elif isinstance(part, list):
            parts.extend(part)


def in_order(resources: list[Planned]) -> Iterator[Planned]:
    """Yield the resources so that each comes after those it depends on, else as written."""
    left = list(resources)
    done: set[int] = set()
    while left:
        ready = [each for each in left if all(id(other) in done for other in each.after)]
        if not ready:
            raise failed(
                f"Circular dependency detected on resource: '{left[0].id}'. Please see "
                "https://aka.ms/arm-syntax-resources for usage details."
            )
        for each in ready:
            done.add(id(each))
            yield each
        left = [each for each in left if id(each) not in done]
