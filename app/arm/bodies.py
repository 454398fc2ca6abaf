"""Request bodies: JSON as ARM reads it, and the one base of every body's model.

Unknown keys and nulls are ignored, as the service ignores them; a wrong type is a refusal that
names the field.
"""

from __future__ import annotations

import json
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from ..domain.errors import Kind, Refused, invalid, invalid_request_content

LARGEST = 4 * 1024 * 1024
"""ARM refuses request bodies over 4 MB."""


class Body(BaseModel):
    """A request body or a part of one; wire names are camelCase."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="ignore", frozen=True, defer_build=True
    )

    def wire(self) -> dict[str, Any]:
        """Return what was sent, as a document with wire names and without nulls."""
        return self.model_dump(by_alias=True, exclude_none=True, mode="json")


AnyBody = TypeVar("AnyBody", bound=Body)


def read(content: bytes, model: type[AnyBody], *, optional: bool) -> AnyBody:
    """Return the body that the bytes hold. Raises ``Refused``."""
    if len(content) > LARGEST:
        raise Refused(
            Kind.TOO_LARGE,
            "RequestContentTooLarge",
            f"The request content is {len(content)} bytes; at most {LARGEST} are allowed.",
        )
    if not content.strip():
        if optional:
            return _validated({}, model)
        raise invalid("InvalidRequestContent", "The request content is empty; a body is required.")
    document = _parse(content)
    if not isinstance(document, dict):
        raise invalid("InvalidRequestContent", "The request content must be a JSON object.")
    return _validated(_without_nulls(document), model)


def _parse(content: bytes) -> Any:
    try:
        document = json.loads(content, parse_constant=_refuse_constant)
        if b"\\u" in content:
            _check_characters(json.dumps(document, ensure_ascii=False))
    except RecursionError:
        raise invalid("InvalidRequestContent", "The request content is nested too deeply.") from None
    except ValueError as problem:
        raise invalid(
            "InvalidRequestContent",
            f"The request content was invalid and could not be deserialized: '{problem}'.",
        ) from None
    return document


def _check_characters(text: str) -> None:
    """Refuse lone surrogates and NUL: they are JSON, but no database can keep them."""
    text.encode()
    if "\\u0000" in text:
        raise ValueError("the character U+0000 is not allowed")


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(part) for key, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_without_nulls(part) for part in value]
    return value


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
