"""``$filter`` of ARM's own lists: comparisons, and the two functions that clients send.

    key eq 'value'   key ne 'value'   substringof('value', key)   startswith(tagName, 'value')

joined by ``and``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ...arm.calls import Call
from ...domain.errors import Refused, invalid

_VALUE = r"'((?:[^']|'')*)'"
_COMPARED = re.compile(rf"\s*(\w+)\s+(eq|ne)\s+{_VALUE}\s*", re.IGNORECASE)
_CONTAINED = re.compile(rf"\s*(substringof)\(\s*{_VALUE}\s*,\s*(\w+)\s*\)\s*", re.IGNORECASE)
_BEGUN = re.compile(rf"\s*(startswith)\(\s*(\w+)\s*,\s*{_VALUE}\s*\)\s*", re.IGNORECASE)
_AND = re.compile(r"and\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Term:
    """One condition; ``verb`` is eq, ne, substringof or startswith."""

    key: str
    verb: str
    value: str

    def holds(self, own: str) -> bool:
        """Tell whether it holds for a value; casing does not matter."""
        found, wanted = own.lower(), self.value.lower()
        if self.verb == "substringof":
            return wanted in found
        if self.verb == "startswith":
            return found.startswith(wanted)
        return (found == wanted) is (self.verb == "eq")


def read(call: Call, allowed: Collection[str]) -> list[Term]:
    """Return the terms of ``$filter``, keys in the spelling of ``allowed``.

    Raises ``Refused`` with ARM's code.
    """
    text = call.query.get("$filter", "").strip()
    terms: list[Term] = []
    position = 0
    by_folded = {key.lower(): key for key in allowed}
    while position < len(text):
        term, position = _next(text, position)
        if term is None or term.key.lower() not in by_folded:
            raise _refusal(text, allowed)
        terms.append(Term(by_folded[term.key.lower()], term.verb, term.value))
        if position < len(text):
            joint = _AND.match(text, position)
            if joint is None or joint.end() == len(text):
                raise _refusal(text, allowed)
            position = joint.end()
    keys = {each.key for each in terms}
    if "tagValue" in keys and "tagName" not in keys:
        raise invalid(
            "InvalidFilterInQueryString", "$filter: tagValue needs a tagName.", target="$filter"
        )
    return terms


def _next(text: str, position: int) -> tuple[Term | None, int]:
    if found := _COMPARED.match(text, position):
        key, verb, value = found.groups()
    elif found := _CONTAINED.match(text, position):
        verb, value, key = found.groups()
    elif found := _BEGUN.match(text, position):
        verb, key, value = found.groups()
    else:
        return None, position
    return Term(key, verb.lower(), value.replace("''", "'")), found.end()


def tagged(tags: Mapping[str, str], terms: Collection[Term]) -> bool:
    """Tell whether one tag meets all that is asked of a tag's name and its value."""
    names = [each for each in terms if each.key == "tagName"]
    values = [each for each in terms if each.key == "tagValue"]
    if not names:
        return True
    return any(
        all(each.holds(name) for each in names)
        # Azure compares the values of tags with their casing.
        and all(each.value == value or each.verb != "eq" for each in values)
        for name, value in tags.items()
    )


def _refusal(text: str, allowed: Collection[str]) -> Refused:
    return invalid(
        "InvalidFilterInQueryString",
        f"Invalid $filter '{text}' specified in the query string. Write key eq 'value', "
        f"key ne 'value', substringof('value', key) or startswith(tagName, 'value'), joined by "
        f"'and'; the keys are {', '.join(sorted(allowed))}.",
        target="$filter",
    )
