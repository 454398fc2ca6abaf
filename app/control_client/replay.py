"""A journal asked once more of another world, and the first answer that is not the same.

Secrets are placeholders in a journal. What the new world answers in a placeholder's place is
sent where the journal has it again; one that the client brought gets a stand-in. Ids of requests,
and what sign-in says of real time, are not compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..domain.message_bodies import compact, content_of, exact, shown
from ..domain.redaction import PLACEHOLDER, Redactor
from .connection import Connection, ControlError

if TYPE_CHECKING:
    import httpx

_LINES = 24
"""How much of a difference is told."""
_SIGN_IN = re.compile(r"/oauth2/|/discovery/|/\.well-known/|^/metadata/|^/msi/", re.IGNORECASE)
_ASIDE = frozenset(
    {
        "cache-control",
        "connection",
        "content-length",
        "date",
        "expires",
        "pragma",
        "server",
        "transfer-encoding",
        "x-content-type-options",
        "x-ms-correlation-request-id",
        "x-ms-request-id",
        "x-ms-routing-request-id",
    }
)
"""Headers that differ from one request to the next, or say nothing."""


@dataclass(frozen=True)
class Difference:
    """The first answer that is another one: to what, and how it differs, as a small diff."""

    sequence: int
    method: str
    path: str
    operation_id: str | None
    diff: str


@dataclass(frozen=True)
class Replayed:
    """What came of a replay.

    ``asked`` requests were sent; the answers to ``equal`` of them are equal to the byte, those
    to the others (control plane, sign-in, bodies that were not kept) have the same status. It
    ended at ``difference``, if there is one. ``worlds`` tells how the worlds themselves differ,
    one sentence each.
    """

    asked: int
    equal: int
    difference: Difference | None
    worlds: tuple[str, ...]


def replay(connection: Connection, document: Mapping[str, Any], *, reset: bool) -> Replayed:
    """Ask what a saved journal holds, in order, and compare the answers.

    With ``reset`` the server's world is emptied first; without, it has to be as it began. Raises
    ``ControlError``: the journal cannot be replayed, or this world is in use; nothing was asked.
    """
    entries = _replayable(document)
    began = document["world"]["began"]
    here = connection.call("GET", "/journal?until=0", patient=True)["world"]
    if not (here["new"] or reset):
        raise ControlError(
            "WorldInUse",
            "this server's world has been used. Start one of its own for the replay, with --clock "
            f"frozen --seed {began['seed']} --start-time {began['startTime']}, or allow this "
            "world to be emptied (--reset; reset=True in Python)",
        )
    clock = {"mode": "frozen", "skipOnWait": began["skipOnWait"]}
    now = connection.call("PATCH", "/clock", clock)
    if reset:
        now = connection.call("POST", "/reset")
    worlds = tuple(_differences(began, now, document["world"]["rules"], here["rules"]))
    return _Run(connection).all_of(entries, worlds)


def _replayable(document: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the exchanges of a journal that holds all since its world began."""
    try:
        world, entries = document["world"], document["value"]
        expected = range(world["beganAfter"] + 1, document["last"] + 1)
        problem = _problem_of(world, entries, expected)
    except (KeyError, TypeError, AttributeError) as strange:
        raise ControlError(
            "NotAJournal", f"this is no journal that 'rsvault journal save' wrote ({strange!r})"
        ) from strange
    if problem is not None:
        raise ControlError("NotReplayable", f"this journal cannot be replayed: {problem}")
    found: Sequence[Mapping[str, Any]] = entries
    return found


def _problem_of(
    world: Mapping[str, Any], entries: Sequence[Mapping[str, Any]], expected: range
) -> str | None:
    if world["began"] is None:
        return "its server took up a world that was there before; begin with 'rsvault reset'"
    if not world["complete"]:
        return (
            "what was asked first is lost; begin with 'rsvault reset', and give 'rsvault serve' "
            "more --journal-entries and --journal-megabytes"
        )
    if [each["sequence"] for each in entries] != list(expected):
        return "it was saved with a filter; 'rsvault journal save' without one keeps it whole"
    if world["began"]["mode"] != "frozen":
        return "its clock was not frozen, so that its answers hang on real time"
    for each in entries:
        if "request" not in each:
            return "it was saved without bodies"
        if content_of(each["request"]) is None:
            return f"the body of request {each['sequence']} had more bytes than are kept"
        if _lets_time_run(each):
            return f"request {each['sequence']} let the clock run by itself"
    return None


def _lets_time_run(entry: Mapping[str, Any]) -> bool:
    sent = entry["request"].get("body")
    is_change = entry["operationId"] == "Emulator_UpdateClock" and entry["status"] == 200
    return is_change and isinstance(sent, dict) and sent.get("mode") in ("live", "scaled")


def _differences(
    began: Mapping[str, Any],
    now: Mapping[str, Any],
    rules: Mapping[str, Any],
    here: Mapping[str, Any],
) -> Iterator[str]:
    facts = [(name, began[name], now[name]) for name in ("seed", "startTime")]
    facts += [(name, rules[name], here.get(name)) for name in rules if name != "seed"]
    for name, recorded, found in facts:
        if recorded != found:
            yield f"{name} was {recorded} in the journal and is {found} here"


class _Run:
    """One replay: what the placeholders stand for is learned on the way."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[str, str] = {}

    def all_of(self, entries: Sequence[Mapping[str, Any]], worlds: tuple[str, ...]) -> Replayed:
        equal = 0
        for asked, entry in enumerate(entries, 1):
            answer = self._ask(entry)
            diff = self._difference(entry, answer)
            if diff:
                return Replayed(asked, equal, _told(entry, diff), worlds)
            equal += _is_compared(entry)
        return Replayed(len(entries), equal, None, worlds)

    def _ask(self, entry: Mapping[str, Any]) -> httpx.Response:
        request = entry["request"]
        headers = {name: self._filled(value) for name, value in request["headers"].items()}
        if entry["plane"] == "control":
            headers.pop("host", None)  # this server may be known by other names
            headers.pop("authorization", None)
        query = f"?{entry['query']}" if entry["query"] else ""
        message = {name: self._filled(request[name]) for name in request if name != "headers"}
        content = content_of(message) or b""
        return self._connection.send(entry["method"], entry["path"] + query, headers, content)

    def _filled(self, value: Any) -> Any:
        """Return what to send: with the new world's secrets in the place of the old one's."""
        if isinstance(value, str):
            return PLACEHOLDER.sub(lambda each: self._secret(each[0]), value)
        if isinstance(value, list):
            return [self._filled(each) for each in value]
        if isinstance(value, dict):
            return {key: self._filled(part) for key, part in value.items()}
        return value

    def _secret(self, placeholder: str) -> str:
        # A stand-in is good enough for the rules of passwords.
        return self._known.get(placeholder, f"Standin-{placeholder.strip('{}')}-aA1!")

    def _difference(self, entry: Mapping[str, Any], answer: httpx.Response) -> str:
        if answer.status_code != entry["status"]:
            text = Redactor().broken_json(answer.text[:300])
            return f"-status {entry['status']}\n+status {answer.status_code}: {text}"
        here = f"{answer.request.url.scheme}://"
        recorded = _with_scheme(entry["response"], entry, here)
        found = {"headers": dict(answer.headers), **shown(answer.content, "", exact)}
        if not _is_compared(entry):
            self._fits(recorded.get("body"), found.get("body"))  # it may tell secrets
            return self._time_differs(recorded, found)
        headers = [_telling(each["headers"]) for each in (recorded, found)]
        bodies = [{k: v for k, v in each.items() if k != "headers"} for each in (recorded, found)]
        if self._fits(*headers) and self._fits(*bodies):
            return ""
        pairs = zip(headers, bodies, strict=True)
        one, other = ({"headers": head, **body} for head, body in pairs)
        return _diff(one, self._as_recorded(one, other))

    def _time_differs(self, recorded: Mapping[str, Any], found: Mapping[str, Any]) -> str:
        """Compare what a control verb says of time, if it does."""
        bodies = [each.get("body") for each in (recorded, found)]
        instants = [each.get("now") if isinstance(each, dict) else None for each in bodies]
        return "" if instants[0] == instants[1] else f"-now {instants[0]}\n+now {instants[1]}"

    def _fits(self, recorded: Any, found: Any) -> bool:
        """Tell whether two values are the same but for secrets, and learn these."""
        if isinstance(recorded, str) and isinstance(found, str):
            return self._text_fits(recorded, found)
        if isinstance(recorded, list) and isinstance(found, list):
            # Not lazily: what stands behind a difference may tell secrets too.
            parts = [self._fits(*pair) for pair in zip(recorded, found, strict=False)]
            return len(recorded) == len(found) and all(parts)
        if isinstance(recorded, dict) and isinstance(found, dict):
            parts = [self._fits(recorded[key], found.get(key)) for key in recorded]
            return list(recorded) == list(found) and all(parts)
        return type(recorded) is type(found) and bool(recorded == found)

    def _text_fits(self, recorded: str, found: str) -> bool:
        placeholders = PLACEHOLDER.findall(recorded)
        if not placeholders:
            return recorded == found
        around = (re.escape(part) for part in PLACEHOLDER.split(recorded))
        match = re.fullmatch("(.+?)".join(around), found, re.DOTALL)
        if match is None:
            return False
        self._known.update(zip(placeholders, match.groups(), strict=True))
        return True

    def _as_recorded(self, recorded: Any, found: Any) -> Any:
        """Return what was found with placeholders for secrets, as far as it fits."""
        if isinstance(recorded, dict) and isinstance(found, dict):
            return {
                key: self._as_recorded(recorded[key], part)
                if key in recorded
                else Redactor().document({key: part})[key]
                for key, part in found.items()
            }
        if isinstance(recorded, list) and isinstance(found, list) and len(recorded) == len(found):
            return [self._as_recorded(*pair) for pair in zip(recorded, found, strict=True)]
        return recorded if self._fits(recorded, found) else Redactor().document(found)


def _told(entry: Mapping[str, Any], diff: str) -> Difference:
    return Difference(entry["sequence"], entry["method"], entry["path"], entry["operationId"], diff)


def _is_compared(entry: Mapping[str, Any]) -> bool:
    """Tell whether an answer is to be the same to the byte."""
    is_kept = "omitted" not in entry["response"]
    return entry["plane"] == "azure" and is_kept and not _SIGN_IN.search(entry["path"])


def _with_scheme(message: Any, entry: Mapping[str, Any], here: str) -> Any:
    """Return a message with the URLs of its server as it would write them under this scheme."""
    host = entry["request"]["headers"].get("host", "localhost")
    recorded = f"{entry['scheme']}://"
    if recorded == here:
        return message
    return json.loads(json.dumps(message).replace(recorded + host, here + host))


def _telling(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in sorted(headers) if name not in _ASIDE}


def _diff(recorded: Any, found: Any) -> str:
    one, other = (
        json.dumps(each, indent=1, ensure_ascii=False).splitlines() for each in (recorded, found)
    )
    if one == other:
        one, other = [compact(recorded)], [compact(found)]
    lines = unified_diff(one, other, "recorded", "replayed", lineterm="", n=1)
    return "\n".join(islice(lines, _LINES))
