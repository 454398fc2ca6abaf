"""Request bodies: JSON as ARM reads it, and the one base of every body's model.

Unknown keys and nulls are ignored, as the service ignores them, and so is the casing of known
ones; a wrong type is a refusal that names the field.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, ClassVar, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from ..domain.errors import Kind, Refused, invalid, invalid_request_content
from . import lenient_json

LARGEST = 4 * 1024 * 1024
"""ARM refuses request bodies over 4 MB."""
LARGEST_FORM = 64 * 1024
"""A form of a sign-in holds a token or two."""
DEEPEST = 100
"""How many objects and lists may be inside one another."""

FORM = "application/x-www-form-urlencoded"
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


class Body(BaseModel):
    """A request body or a part of one; wire names are camelCase.

    ``EXAMPLE`` of a whole body is what the explorer sends; a test does too. ``KEEPS_NULLS``
    names the objects in it whose members are removed by a null. A ``LENIENT`` body is read as
    templates are: what is no strict JSON gets a second reading, and every null is kept. One that
    is a ``TEXT`` has it in its field ``text``; its handler reads it. ``LARGEST`` is in bytes.
    """

    EXAMPLE: ClassVar[Mapping[str, Any]] = {}
    KEEPS_NULLS: ClassVar[frozenset[str]] = frozenset()
    LENIENT: ClassVar[bool] = False
    TEXT: ClassVar[bool] = False
    LARGEST: ClassVar[int] = LARGEST

    model_config = ConfigDict(
        alias_generator=to_camel, extra="ignore", frozen=True, defer_build=True
    )

    @model_validator(mode="before")
    @classmethod
    def _take_any_casing(cls, sent: Any) -> Any:
        """Read ``instantRpDetails`` as ``instantRPDetails``: az sends names as it prints them."""
        if not isinstance(sent, dict):
            return sent
        names = wire_names(cls)
        return {_spelled(name, names, sent): value for name, value in sent.items()}

    def wire(self) -> dict[str, Any]:
        """Return what was sent, as a document with wire names and without nulls."""
        return self.model_dump(by_alias=True, exclude_none=True, mode="json")


@cache
def wire_names(model: type[Body]) -> dict[str, str]:
    """Return the wire names of a body's members by their folded spelling."""
    fields = model.model_fields.items()
    found = (field.alias or to_camel(member) for member, field in fields)
    return {name.lower(): name for name in found}


def _spelled(sent: str, names: Mapping[str, str], document: Mapping[str, Any]) -> str:
    """Return a name as its body spells it; one that is spelled so itself comes first."""
    name = names.get(sent.lower(), sent)
    return sent if name in document else name


def demands(*names: str) -> ConfigDict:
    """Return the configuration of a body whose schema names what only its handler can demand.

    The model leaves these out of its own demands, so that the refusal has Azure's code for them.
    """
    return ConfigDict(json_schema_extra={"required": list(names)})


AnyBody = TypeVar("AnyBody", bound=Body)


def read(content: bytes, model: type[AnyBody], *, optional: bool) -> tuple[AnyBody, dict[str, Any]]:
    """Return the body that the bytes hold, and the document it was. Raises ``Refused``."""
    if len(content) > model.LARGEST:
        raise Refused(
            Kind.TOO_LARGE,
            "RequestContentTooLarge",
            f"The request content is {len(content)} bytes; at most {model.LARGEST} are allowed.",
        )
    if not content.strip():
        if optional:
            return _validated({}, model), {}
        raise invalid("InvalidRequestContent", "The request content is empty; a body is required.")
    if model.TEXT:
        return model.model_construct(text=_text(content)), {}
    document = _parse(content, model)
    if not isinstance(document, dict):
        raise invalid("InvalidRequestContent", "The request content must be a JSON object.")
    return _validated(document, model), document


def read_form(content: bytes, kind: str) -> dict[str, str]:
    """Return the fields of a form; of a repeated one the first counts.

    What is no form, or larger than any, has no fields: whoever reads it misses the first one.
    """
    if not kind.lower().startswith(FORM) or len(content) > LARGEST_FORM:
        return {}
    pairs = parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True)
    return dict(reversed(pairs))


def is_storable(text: str) -> bool:
    """Tell whether a database can keep a text: JSON may hold U+0000 and half surrogate pairs."""
    return _UNSTORABLE.search(text) is None


def _parse(content: bytes, model: type[Body]) -> Any:
    try:
        text = content.decode("utf-8-sig")
        document = _loads(text, lenient=model.LENIENT)
        kept = None if model.LENIENT else model.KEEPS_NULLS
        document = _without_nulls(document, DEEPEST, kept)
        if "\\u" in text or model.LENIENT:
            _check_characters(document)
    except RecursionError:
        raise invalid(
            "InvalidRequestContent",
            f"The request content is nested too deeply; at most {DEEPEST} levels are allowed.",
        ) from None
    except ValueError as problem:
        raise invalid(
            "InvalidRequestContent",
            f"The request content was invalid and could not be deserialized: '{problem}'.",
        ) from None
    return document


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise invalid("InvalidRequestContent", "The request content is no text in UTF-8.") from None


def _loads(text: str, *, lenient: bool) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except ValueError:
        if not lenient:
            raise
    return lenient_json.loads(text, DEEPEST)


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"the number {text} is out of range")
    return number


def _without_nulls(
    value: Any, levels: int, keeps: frozenset[str] | None = frozenset(), *, kept: bool = False
) -> Any:
    """Return a document without its nulls, but for those in what ``keeps`` names; none is all."""
    if not isinstance(value, dict | list):
        return value
    if not levels:
        raise RecursionError
    if isinstance(value, list):
        return [_without_nulls(part, levels - 1, keeps) for part in value]
    return {
        key: _without_nulls(part, levels - 1, keeps, kept=keeps is not None and key in keeps)
        for key, part in value.items()
        if kept or keeps is None or part is not None
    }


def _check_characters(document: Any) -> None:
    for text in _texts(document):
        if not is_storable(text):
            raise ValueError(f"{text!a} holds U+0000 or half a surrogate pair, not allowed")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def _validated(document: dict[str, Any], model: type[AnyBody]) -> AnyBody:
    try:
        return model.model_validate(document)
    except ValidationError as problem:
        raise invalid_request_content(
            [
                (".".join(str(part) for part in error["loc"]) or "(body)", error["msg"])
                for error in problem.errors(include_url=False, include_context=False)
            ]
        ) from None
