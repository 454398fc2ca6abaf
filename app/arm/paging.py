"""Lists in pages: ``value`` and, while there is more, an absolute ``nextLink``.

A page begins after a key, not at a position, so rows that come or go never shift it.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from ..domain.errors import invalid
from .bodies import is_storable
from .calls import Answer, Call

PAGE_SIZE = 200
"""Azure Backup's page size."""
MOST_AT_ONCE = 1000
_COUNTED = ("$skiptoken", "$top")

Key = Sequence[str | int]


def after(call: Call, *types: type) -> tuple[Any, ...] | None:
    """Return the key that the page begins after, or ``None`` for the first page.

    Raises ``Refused`` for a token that is none of ours.
    """
    token = call.query.get("$skiptoken")
    if token is None:
        return None
    try:
        key = json.loads(base64.urlsafe_b64decode(token.encode()).decode())
    except (ValueError, binascii.Error, RecursionError):
        key = None
    shaped = (
        isinstance(key, list)
        and len(key) == len(types)
        and all(_fits(part, kind) for part, kind in zip(key, types, strict=True))
    )
    if not shaped:
        raise invalid(
            "InvalidSkipToken", "$skipToken: follow nextLink as it was sent.", target="$skipToken"
        )
    return tuple(key)


def _fits(part: Any, kind: type) -> bool:
    """Tell whether a part of a forged key could be handed to a database at all."""
    if kind is str:
        return isinstance(part, str) and is_storable(part)
    return type(part) is int and abs(part) < 1 << 63


def read_top(call: Call) -> int | None:
    """Return ``$top``, how many entries are wanted in all. Raises ``Refused``."""
    sent = call.query.get("$top")
    if sent is None:
        return None
    top = int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 5 else 0
    if not 1 <= top <= MOST_AT_ONCE:
        raise invalid(
            "InvalidTopInQueryString",
            f"$top: '{sent}' must be a number from 1 to {MOST_AT_ONCE}.",
            target="$top",
        )
    return top


def size(call: Call) -> int:
    """Return how many entries the page shows at most. Raises ``Refused``."""
    top = read_top(call)
    return PAGE_SIZE if top is None else min(top, PAGE_SIZE)


def row_limit(call: Call) -> int:
    """Return how many rows a page is made of: those it shows, and one that tells of more."""
    return size(call) + 1


def page(
    call: Call,
    rows: Sequence[Any],
    render: Callable[[Any], Any],
    key_of: Callable[[Any], Key],
) -> Answer:
    """Answer with one page; ``rows`` holds one more than a page if there is more.

    With ``$top`` the pages end when so many entries have been shown.
    """
    top, most = read_top(call), size(call)
    shown = rows[:most]
    body: dict[str, Any] = {"value": [render(row) for row in shown]}
    left = None if top is None else top - most
    if len(rows) > most and left != 0:
        body["nextLink"] = _next_link(call, key_of(shown[-1]), left)
    return Answer(body=body)


def link_to(call: Call, key: Key) -> str:
    """Return the link to the page after a key."""
    return _next_link(call, key, None)


def _next_link(call: Call, key: Key, left: int | None) -> str:
    token = base64.urlsafe_b64encode(json.dumps(list(key)).encode()).decode()
    kept = {name: value for name, value in call.query.items() if name not in _COUNTED}
    query = {**kept, **({} if left is None else {"$top": str(left)}), "$skipToken": token}
    pairs = "&".join(
        f"{quote(name, safe='$')}={quote(value, safe='')}" for name, value in query.items()
    )
    return f"{call.base_url}{quote(call.url_path, safe='/;$')}?{pairs}"
