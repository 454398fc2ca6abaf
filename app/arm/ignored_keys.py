"""The members of a body that nobody reads: the service ignores them, and the journal names them.

They are found from the body's model when somebody asks, so that no request waits for it. What
the model takes as a document of any shape is its handler's, and none of it counts as ignored.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from .bodies import Body, wire_names

_READ_BY_THE_DOOR = frozenset({"etag"})


def ignored(model: type[Body], document: Any) -> list[str]:
    """Return the paths of the members that a body's model does not know, as they were sent.

    ``properties.colour`` is a member of an object, ``disks[0].colour`` one in a list.
    """
    if model.LENIENT or not isinstance(document, dict):
        return []
    found = _in_object(model, document, "")
    return [path for path in found if path.lower() not in _READ_BY_THE_DOOR]


def _in_object(model: type[Body], document: dict[str, Any], place: str) -> Iterator[str]:
    if model.model_config.get("extra") == "allow":
        return
    names = wire_names(model)
    by_name = {field.alias or name: field for name, field in model.model_fields.items()}
    for key, value in document.items():
        field = by_name.get(names.get(key.lower(), key))
        if field is None:
            yield f"{place}{key}"
        else:
            yield from _in_value(field.annotation, value, f"{place}{key}")


def _in_value(annotation: Any, value: Any, place: str) -> list[str]:
    """Return what is ignored of a value, in order; of a union, what each of its members ignores."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _in_value(get_args(annotation)[0], value, place)
    if origin in (Union, UnionType):
        takers = [each for each in get_args(annotation) if _could_take(each, value)]
        found = [_in_value(each, value, place) for each in takers]
        return [path for path in found[0] if all(path in each for each in found)] if found else []
    if isinstance(value, list) and origin is list:
        (inner,) = get_args(annotation)
        parts = (_in_value(inner, each, f"{place}[{at}]") for at, each in enumerate(value))
        return [path for part in parts for path in part]
    if not isinstance(value, dict):
        return []
    if origin is dict:
        inner = get_args(annotation)[1]
        parts = (_in_value(inner, each, f"{place}.{key}") for key, each in value.items())
        return [path for part in parts for path in part]
    if isinstance(annotation, type) and issubclass(annotation, Body):
        return list(_in_object(annotation, value, f"{place}."))
    return []


def _could_take(annotation: Any, value: Any) -> bool:
    """Tell whether a member of a union may be what a value was read as."""
    if annotation is NoneType:
        return False
    origin = get_origin(annotation)
    if origin is Annotated:
        return _could_take(get_args(annotation)[0], value)
    if annotation is Any or isinstance(value, dict):
        is_body = isinstance(annotation, type) and issubclass(annotation, Body)
        return annotation is Any or is_body or origin is dict or annotation is dict
    return origin is list if isinstance(value, list) else True
