"""Every way a request can be refused, drawn as one tree.

    Refused(kind, code, message, target, details)
        kind: what sort of refusal it is; the front door alone turns it into an HTTP status

Constructors are named for Azure's codes where Azure has one. A message names the field, the
value and what is allowed, and says what to do next.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum


class Kind(Enum):
    """The sorts of refusal."""

    INVALID = "invalid"
    NOT_FOUND = "not found"
    CONFLICT = "conflict"
    FORBIDDEN = "forbidden"
    PRECONDITION = "precondition"
    METHOD_NOT_ALLOWED = "method not allowed"
    NOT_ACCEPTABLE = "unsupported media type"
    TOO_LARGE = "too large"
    UNAVAILABLE = "unavailable"
    FULL = "no space left"
    UNAUTHENTICATED = "unauthenticated"


class Refused(Exception):
    """A request that is turned down; nothing of it has happened."""

    def __init__(
        self,
        kind: Kind,
        code: str,
        message: str,
        *,
        target: str | None = None,
        details: Sequence[Refused] = (),
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.kind = kind
        self.code = code
        self.message = message
        self.target = target
        self.details = tuple(details)


def invalid(code: str, message: str, *, target: str | None = None) -> Refused:
    """Something in the request is wrong (HTTP 400)."""
    return Refused(Kind.INVALID, code, message, target=target)


def conflict(code: str, message: str, *, target: str | None = None) -> Refused:
    """The request is right but the state of the resource forbids it (HTTP 409)."""
    return Refused(Kind.CONFLICT, code, message, target=target)


def not_found(code: str, message: str, *, target: str | None = None) -> Refused:
    """Something the request names does not exist (HTTP 404)."""
    return Refused(Kind.NOT_FOUND, code, message, target=target)


def invalid_request_content(problems: Sequence[tuple[str, str]]) -> Refused:
    """The body is not what the operation takes: one detail for each field at fault."""
    details = [invalid("InvalidRequestContent", text, target=field) for field, text in problems]
    first_field, first_text = problems[0]
    more = f" ({len(problems) - 1} more in details)" if len(problems) > 1 else ""
    return Refused(
        Kind.INVALID,
        "InvalidRequestContent",
        f"The request content was invalid: '{first_field}': {first_text}{more}",
        target=first_field,
        details=details,
    )


def resource_group_not_found(name: str) -> Refused:
    """ARM's answer for a group that does not exist."""
    return not_found("ResourceGroupNotFound", f"Resource group '{name}' could not be found.")


def resource_not_found(resource_type: str, name: str, group: str) -> Refused:
    """ARM's answer for a resource that does not exist."""
    return not_found(
        "ResourceNotFound",
        f"The Resource '{resource_type}/{name}' under resource group '{group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
    )


def invalid_policy_input(field: str, message: str) -> Refused:
    """Azure Backup's one code for almost every wrong policy body."""
    return invalid("BMSUserErrorInvalidPolicyInput", f"{field}: {message}", target=field)


def invalid_policy_retention(field: str, message: str) -> Refused:
    """Azure Backup's code for lengths of retention that databases do not have."""
    return invalid("BMSUserErrorPolicyRetentionInvalid", f"{field}: {message}", target=field)


def invalid_input(field: str, message: str) -> Refused:
    """Azure Backup's code for malformed input other than policies."""
    return invalid("BMSUserErrorInvalidInput", f"{field}: {message}", target=field)


NOT_EMULATED = "NotSupported"


def not_emulated(field: str, message: str) -> Refused:
    """A real feature that this emulator does not have: refused by name, never half done."""
    return invalid(NOT_EMULATED, f"{field}: {message} (not emulated by rsvault)", target=field)


def soft_delete_is_always_on(field: str) -> Refused:
    """Azure Backup's answer to switching off a soft delete that is always on."""
    return invalid(
        "BMSUserErrorSoftDeleteStateAlwaysOn",
        f"{field}: soft delete of this vault is AlwaysON and cannot be changed to another state. "
        "Start rsvault with --soft-delete enabled to get vaults where it can.",
        target=field,
    )
