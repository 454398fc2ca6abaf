"""What a handler gets and gives: a ``Call`` in, an ``Answer`` out, and the endpoint between.

An endpoint is declared where its handler is; ``main`` lists the modules. The decorator only
describes: nothing is created or registered at import time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from ..domain.outages import Outages
from ..domain.waiting import Span
from ..engine.rules import Rules
from .bodies import Body
from .shapes import Shape


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request: the principal, and the client id or user name that messages show."""

    object_id: str
    name: str
    is_owner: bool


@dataclass(frozen=True, slots=True)
class Call:
    """One request: its transaction has begun and its ``now`` is fixed.

    ``path`` holds the template's parameters as sent, ``query`` the query with lower-case keys;
    ``retry_after`` is how many seconds a client is told to wait; ``caller`` is only known where
    the server asks for tokens. ``ahead`` is by how many microseconds virtual time is ahead of
    real time (it may be negative), ``shifts_client_dates`` whether dates follow it
    (``arm/client_dates.py``). ``outages`` are those of regions, ``faults`` the points at which any
    is armed.
    """

    connection: Connection
    rules: Rules
    now: int
    path: Mapping[str, str]
    query: Mapping[str, str]
    base_url: str
    url_path: str
    client_request_id: str | None
    retry_after: int
    ahead: int = 0
    shifts_client_dates: bool = False
    caller: Caller | None = None
    outages: Outages = field(default_factory=Outages)
    faults: frozenset[str] = frozenset()

    @property
    def api_version(self) -> str:
        """The api-version of the request, well formed."""
        return self.query.get("api-version", "")

    @property
    def subscription(self) -> str:
        """The subscription in the path."""
        return self.path["subscriptionId"]

    @property
    def group(self) -> str:
        """The resource group in the path, as sent."""
        return self.path["resourceGroupName"]


@dataclass(frozen=True, slots=True)
class Visit:
    """A request as it came: of somebody who need not say who he is, or of a control verb.

    ``headers`` have lower-case names, ``form`` holds the fields of a form that was sent.
    """

    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    form: Mapping[str, str]
    base_url: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a poll waits for: the end of a span, or of a job, whose span the engine knows."""

    span: Span | None = None
    job_id: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: a status, a body (JSON, bytes, none, or a stream), and headers of its own.

    ``waiting`` marks the answer to a poll of something that still runs: with skip-on-wait the
    front door moves the clock and asks again, or answers and then moves it. ``content`` is what
    the eTag is made of where the body shows more than what is the resource's own.
    """

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    waiting: Waiting | None = None
    content: Any = None


Handler = Callable[..., Any]
Describe = Callable[[Handler], "Endpoint"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One Azure operation (or control verb) and the function that does it.

    ``statuses`` are those that its handler alone knows of, ``answers`` the shape of a 200 or 201
    where it is not the usual one, or a JSON schema of its own: ``arm/answers.py`` adds the rest.
    An ``anonymous`` endpoint gets a ``Visit`` and asks for no token; ``form`` has the fields
    of the form it takes, each with its example if it has one, ``headers`` those it demands.
    One that does not refuse as ARM does takes any api-version, or none. ``told`` replaces the
    first line of the handler's docstring where one function serves several types.
    """

    method: str
    template: str
    operation_id: str
    handler: Handler
    tag: str
    body: type[Body] | None
    statuses: tuple[int, ...]
    query: tuple[str, ...]
    optional_body: bool
    answers: Shape | Mapping[str, Any] | None
    anonymous: bool = False
    form: Mapping[str, str | None] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    refuses: Shape = Shape.ERROR
    told: str = ""

    @property
    def summary(self) -> str:
        """What the operation does, in one line of plain text."""
        line, _, _ = (self.handler.__doc__ or "").strip().partition("\n")
        return (self.told or line.strip()).replace("``", "")

    @property
    def description(self) -> str:
        """What else is to be said of it, as Markdown."""
        _, _, rest = (self.handler.__doc__ or "").strip().partition("\n")
        return " ".join(rest.split()).replace("``", "`")

    @property
    def writes(self) -> bool:
        """Whether the transaction may write; reads are rolled back."""
        return self.method not in ("GET", "HEAD")


def endpoint(
    method: str,
    template: str,
    operation_id: str,
    *,
    tag: str,
    body: type[Body] | None = None,
    statuses: tuple[int, ...] = (200,),
    query: tuple[str, ...] = (),
    optional_body: bool = False,
    answers: Shape | Mapping[str, Any] | None = None,
    anonymous: bool = False,
    form: Mapping[str, str | None] | None = None,
    headers: Mapping[str, str] | None = None,
    refuses: Shape = Shape.ERROR,
    told: str = "",
) -> Describe:
    """Describe the endpoint that a handler serves.

    ``answers`` is only needed where method and path do not tell the shape of the answer.
    """

    def describe(handler: Handler) -> Endpoint:
        return Endpoint(
            method,
            template,
            operation_id,
            handler,
            tag,
            body,
            statuses,
            query,
            optional_body,
            answers,
            anonymous,
            form or {},
            headers or {},
            refuses,
            told,
        )

    return describe
