"""Types and names of resources in templates, and the ids they come to.

A type has one part more than a name: ``Microsoft.Network/virtualNetworks/subnets`` and
``network/subnet`` are ``.../Microsoft.Network/virtualNetworks/network/subnets/subnet``.
"""

from __future__ import annotations

from collections.abc import Sequence

from .. import ids
from .language import TemplateError

DEPLOYMENT = "microsoft.resources/deployments"
GROUP = "microsoft.resources/resourcegroups"


def interleaved(type_name: str, name: str) -> str:
    """Return a type and a name as they stand in an id. Raises ``TemplateError``."""
    namespace, *kinds = type_name.split("/")
    names = name.split("/")
    if not namespace or not kinds or len(kinds) != len(names) or not all((*kinds, *names)):
        raise TemplateError(
            f"Deployment template validation failed: 'The template resource '{name}' for type "
            f"'{type_name}' has incorrect segment lengths. A nested resource type must have "
            "identical number of segments as its resource name. A root resource type must have "
            "segment length one greater than its resource name. Please see "
            "https://aka.ms/arm-syntax-resources for usage details.'."
        )
    return "/".join(
        (namespace, *(part for pair in zip(kinds, names, strict=True) for part in pair))
    )


def id_of(base: str, type_name: str, name: str) -> str:
    """Return the id of a resource below a scope; a group lies in its subscription."""
    if type_name.lower() == GROUP:
        return f"{base}/resourceGroups/{name}"
    return f"{base}/providers/{interleaved(type_name, name)}"


def split(text: str) -> str:
    """Return what ``Type/Type/name/name`` or an id's end reads as below ``providers``.

    Both ``Microsoft.Network/virtualNetworks/subnets/v/s`` and
    ``Microsoft.Network/virtualNetworks/v/subnets/s`` are in use; this is the second, of the first.
    """
    namespace, *parts = text.strip("/").split("/")
    half = len(parts) // 2
    pairs = zip(parts[:half], parts[half:], strict=False)
    return "/".join((namespace, *(part for pair in pairs for part in pair)))


def id_below(base: str, given: Sequence[str]) -> str:
    """Return the id of ``(type, name...)`` below a scope. Raises ``TemplateError``."""
    if not given or given[0].count("/") != len(given) - 1 or len(given) < 2:
        wanted = given[0].count("/") if given else 1
        raise TemplateError(
            "Unable to evaluate template language function 'resourceId': the type "
            f"'{given[0] if given else ''}' requires '{wanted}' resource name argument(s). "
            "Please see https://aka.ms/arm-resource-functions/#resourceid for usage details."
        )
    return id_of(base, given[0], "/".join(given[1:]))


def resource_id(base: str, given: Sequence[str]) -> str:
    """Return what ``resourceId([subscription], [group], type, name...)`` gives.

    ``base`` is the id of the group or subscription that is deployed to.
    """
    before, rest = _before_type(given)
    if len(before) > 2:
        raise TemplateError(
            "Unable to evaluate template language function 'resourceId': only a subscription id "
            "and a resource group may stand before the type. Please see "
            "https://aka.ms/arm-resource-functions/#resourceid for usage details."
        )
    if len(before) == 2:
        base = f"/subscriptions/{before[0]}/resourceGroups/{before[1]}"
    elif before and ids.parse_guid(before[0]):
        base = f"/subscriptions/{before[0]}{base[15 + 36 :]}"
    elif before:
        base = f"{base[: 15 + 36]}/resourceGroups/{before[0]}"
    return id_below(base, rest)


def subscription_resource_id(base: str, given: Sequence[str]) -> str:
    """Return what ``subscriptionResourceId([subscription], type, name...)`` gives."""
    before, rest = _before_type(given)
    return id_below(f"/subscriptions/{before[-1]}" if before else base, rest)


def _before_type(given: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    at = next((place for place, each in enumerate(given) if "/" in each), len(given))
    return given[:at], given[at:]
