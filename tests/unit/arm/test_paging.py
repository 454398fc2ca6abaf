"""Lists come in pages; following ``nextLink`` shows every row once, whatever comes or goes."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from app.arm import paging
from app.arm.calls import Call
from app.arm.paging import PAGE_SIZE
from app.domain.errors import Refused
from app.engine.rules import Rules

NO_CONNECTION = cast(Connection, None)
PATH = "/subscriptions/s/resourceGroups/grün & co/providers/P/vaults/v;1/backupJobs"


def call(query: dict[str, str] | None = None) -> Call:
    return Call(
        connection=NO_CONNECTION,
        rules=Rules(),
        now=0,
        path={},
        query=query or {},
        base_url="http://localhost:8080",
        url_path=PATH,
        client_request_id=None,
        retry_after=1,
    )


def answer(rows: Sequence[int], request: Call) -> dict[str, Any]:
    body: dict[str, Any] = paging.page(
        request, rows[: PAGE_SIZE + 1], lambda row: {"number": row}, lambda row: [row, f"job{row}"]
    ).body
    return body


def follow(link: str) -> Call:
    """Return the call that a nextLink leads to; the front door folds the query's names."""
    pairs = parse_qsl(urlsplit(link).query, keep_blank_values=True)
    return call({name.lower(): value for name, value in pairs})


def pages(rows: Sequence[int], request: Call) -> Iterator[list[int]]:
    while True:
        start = paging.after(request, int, str)
        body = answer([row for row in rows if start is None or row > start[0]], request)
        yield [shown["number"] for shown in body["value"]]
        if "nextLink" not in body:
            return
        request = follow(body["nextLink"])


def token(key: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


@given(st.integers(0, 3 * PAGE_SIZE + 1))
def test_following_the_links_shows_every_row_once(count: int) -> None:
    shown = list(pages(range(count), call()))
    assert [row for page in shown for row in page] == list(range(count))
    assert [len(page) for page in shown[:-1]] == [PAGE_SIZE] * (len(shown) - 1)
    assert len(shown[-1]) > 0 or count == 0


@pytest.mark.parametrize(("count", "has_more"), [(0, False), (200, False), (201, True)])
def test_there_is_a_link_only_while_there_is_more(count: int, has_more: bool) -> None:
    assert ("nextLink" in answer(range(count), call())) is has_more


def test_a_link_is_absolute_and_keeps_the_query() -> None:
    asked = {"api-version": "2026-10-01", "$filter": "name eq 'a&b=c d+e'", "odd&name": "ü"}
    link = answer(range(300), call(asked))["nextLink"]
    assert link.startswith("http://localhost:8080/subscriptions/s/resourceGroups/gr%C3%BCn%20")
    assert link.isascii()
    assert " " not in link
    query = dict(follow(link).query)
    assert paging.after(follow(link), int, str) == (199, "job199")
    assert query.pop("$skiptoken")
    assert query == asked


def test_the_first_page_begins_after_nothing() -> None:
    assert paging.after(call(), int, str) is None


@given(st.integers(-(1 << 63) + 1, (1 << 63) - 1), st.text().filter(lambda text: "\0" not in text))
def test_a_key_comes_back_as_it_was_given(number: int, name: str) -> None:
    assert paging.after(call({"$skiptoken": token([number, name])}), int, str) == (number, name)


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "x",
        "not base64!",
        "ü",
        token("text"),
        token(None),
        token({"a": 1}),
        token([]),
        token([1]),
        token(["1", "a"]),
        token([1, 2]),
        token([True, "a"]),
        token([1.0, "a"]),
        token([1, "a", 2]),
        token([1 << 63, "a"]),
        token([1, "\0"]),
        token([1, "\ud800"]),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
        base64.urlsafe_b64encode(b"[" + b"9" * 5000 + b', "a"]').decode(),
        base64.urlsafe_b64encode(b'[1, "\xed\xa0\x80"]').decode(),
        base64.urlsafe_b64encode(b'[NaN, "a"]').decode(),
    ],
)
def test_a_token_that_is_none_of_ours_is_refused(sent: str) -> None:
    with pytest.raises(Refused) as raised:
        paging.after(call({"$skiptoken": sent}), int, str)
    assert raised.value.code == "InvalidSkipToken"


@given(st.text())
def test_no_text_breaks_the_reading_of_tokens(sent: str) -> None:
    with pytest.raises(Refused):
        paging.after(call({"$skiptoken": sent}), int, str)
