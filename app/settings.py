"""Everything that can be chosen when a server starts: one frozen value, read once.

It holds plain values and knows of the house only limits and bounds; only the rooms at
the top read it and hand what is needed further down.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, get_args

from .domain import waiting, webhook_signatures
from .domain.deliveries import WAITS
from .domain.events import MOST_KEPT
from .domain.limits import HIGHEST, LIMITS

ClockMode = Literal["live", "scaled", "frozen"]
SoftDelete = Literal["always-on", "enabled", "disabled"]
VaultSoftDelete = Literal["on", "off"]
RecoveryPointVisibility = Literal["snapshot", "vault"]
AzuresLimits = Literal["on", "off"]
LogLevel = Literal["debug", "info", "warning", "error", "critical"]
LogFormat = Literal["text", "json"]
Auth = Literal["any", "rbac"]
ClientDates = Literal["as-sent", "shifted"]

_CHOICES = {
    "clock_mode": get_args(ClockMode),
    "soft_delete": get_args(SoftDelete),
    "vault_soft_delete": get_args(VaultSoftDelete),
    "recovery_point_visibility": get_args(RecoveryPointVisibility),
    "limits": get_args(AzuresLimits),
    "log_level": get_args(LogLevel),
    "log_format": get_args(LogFormat),
    "auth": get_args(Auth),
    "client_dates": get_args(ClientDates),
}
# A clock may run no faster than a year in a second.
_RANGES = {
    "port": (0, 65_535),
    "https_port": (0, 65_535),
    "clock_rate": (1, 31_536_000),
    "seed": (0, 2**63 - 1),
    "retry_after": (1, 86_400),
    "start_jitter_minutes": (0, 120),
    "replication_lag_hours": (0, 168),
    "cross_region_delay_hours": (0, 168),
    "plan_backups": (1, 1_000_000_000),
    "journal_entries": (0, 1_000_000),
    "journal_megabytes": (1, 65_536),
    "events": (0, MOST_KEPT),
    "webhook_timeout": (1, 600),
}


_MOST_WAITS = 20
_LONGEST_WAIT = 3600


def default_home() -> Path:
    """Return the folder for what outlives a world: ``$RSVAULT_HOME``, or ``~/.rsvault``."""
    return Path(os.environ.get("RSVAULT_HOME") or Path.home() / ".rsvault")


@dataclass(frozen=True)
class Settings:
    """The options of one server; a wrong value is refused when the settings are made."""

    host: str = "127.0.0.1"
    """The address to listen on; anything but loopback lets others drive the emulator."""

    port: int = 8080
    """The port for HTTP; 0 picks a free one."""

    https_port: int | None = 8443
    """The port for HTTPS; 0 picks a free one, ``None`` leaves HTTPS out."""

    database: str = "memory"
    """Where the world is kept: ``memory``, or a SQLAlchemy URL such as ``sqlite:///world.db``."""

    clock_mode: ClockMode = "live"
    """How virtual time passes: with real time, faster, or only when it is advanced."""

    clock_rate: int = 1
    """How many virtual seconds pass in a real one; more than 1 is for the mode ``scaled``."""

    skip_on_wait: str = waiting.FINISH
    """What a poll of an operation or a job that still runs does to the clock."""

    start_time: datetime | None = None
    """The first instant of a new world, in UTC; ``None`` takes the wall clock's."""

    seed: int = 0
    """What every id, duration and size is derived from; equal seeds give equal worlds."""

    soft_delete: SoftDelete = "always-on"
    """The soft-delete state that a new vault starts with."""

    vault_soft_delete: VaultSoftDelete = "on"
    """Whether a vault that holds nothing but soft-deleted items can be deleted."""

    recovery_point_visibility: RecoveryPointVisibility = "snapshot"
    """When a recovery point is first listed: after its snapshot, or once it is in the vault."""

    retry_after: int = 1
    """How many whole seconds a client is told to wait before it polls again."""

    client_dates: ClientDates = "as-sent"
    """Whether a date that a client worked out by its own clock is moved into virtual time."""

    expiry_sweep_hours: int = 1
    """How many virtual hours lie between two sweeps of expired recovery points; divides 24."""

    start_jitter_minutes: int = 0
    """Up to how many minutes after its slot a scheduled backup starts."""

    replication_lag_hours: int = 12
    """How many virtual hours after it came to the vault a point is in the secondary region."""

    cross_region_delay_hours: int = 48
    """For how many virtual hours after the opt-in nothing is in the secondary region."""

    plan_backups: int = 100_000
    """How much a request for a plan may live through, in backups: these take some ten seconds."""

    journal_entries: int = 10_000
    """How many of the latest requests the journal keeps; 0 keeps none."""

    journal_megabytes: int = 64
    """How much memory the journal may take, whatever it keeps."""

    events: int = 0
    """How many of the latest events are kept; 0 records none until a client asks for them."""

    limits: AzuresLimits = "on"
    """Whether the limits of Azure Backup hold, such as 200 policies in a vault."""

    limit: Mapping[str, int | None] = field(default_factory=dict)
    """Limits with a number of their own, by name; ``None`` switches one off."""

    home: Path = field(default_factory=default_home)
    """The folder that holds the certificate authority and the server's certificate."""

    hostnames: tuple[str, ...] = ()
    """Further names and addresses that the certificate is made out to."""

    log_level: LogLevel = "info"
    """How much is written to stderr; ``info`` has a line for each request."""

    log_format: LogFormat = "text"
    """How it is written: lines for people, or one JSON object a line."""

    control_token: str | None = field(default=None, repr=False)
    """What a request to the control plane has to bring; ``None`` asks for nothing."""

    webhook_key: str | None = field(default=None, repr=False)
    """What webhooks are signed with, such as whsec_MfKQ...; ``None`` takes a key of the seed."""

    webhook_waits: tuple[float, ...] = WAITS
    """The seconds between the attempts to call a webhook that does not answer."""

    webhook_timeout: int = 10
    """How many seconds a webhook has to answer."""

    auth: Auth = "any"
    """Whether every token will do, and none; or only one that was issued here, with a role."""

    auth_admins: tuple[str, ...] = ()
    """The client ids, user names or object ids that own everything where roles are enforced."""

    given: frozenset[str] = frozenset()
    """Which fields were asked for outright: these may not contradict a stored world."""

    generic_resources: bool = False
    """Whether resources of types that are not emulated are kept as plain documents."""

    world: Path | None = None
    """The document of a world that a new database begins with; one that holds a world keeps it."""

    run_engine: bool = True
    """Whether this process runs the engine, or leaves it to ``rsvault worker``."""

    def __post_init__(self) -> None:
        self._check_choices()
        self._check_numbers()
        self._check_limits()
        self._check_clock()
        self._check_names()
        self._check_webhooks()

    def _check_choices(self) -> None:
        for name, allowed in _CHOICES.items():
            value = getattr(self, name)
            if value not in allowed:
                raise _refusal(name, value, f"one of {', '.join(allowed)}")

    def _check_numbers(self) -> None:
        for name, (lowest, highest) in _RANGES.items():
            value = getattr(self, name)
            if name == "https_port" and value is None:
                continue
            if not _is_whole(value) or not lowest <= value <= highest:
                raise _refusal(name, value, f"a whole number from {lowest} to {highest}")
        if self.port == self.https_port != 0:
            raise _refusal("https_port", self.https_port, f"a port other than HTTP's {self.port}")
        hours = self.expiry_sweep_hours
        if not _is_whole(hours) or hours < 1 or 24 % hours:
            raise _refusal("expiry_sweep_hours", hours, "one of 1, 2, 3, 4, 6, 8, 12, 24")

    def _check_limits(self) -> None:
        for name, value in self.limit.items():
            if name not in LIMITS:
                nearest = get_close_matches(name, LIMITS, n=1, cutoff=0)[0]
                raise _refusal("limit", name, f"{nearest}, or another one of {', '.join(LIMITS)}")
            if value is not None and not (_is_whole(value) and 1 <= value <= HIGHEST):
                right = f"{name}=off, or a whole number from 1 to {HIGHEST}"
                raise _refusal("limit", f"{name}={value}", right)

    def _check_clock(self) -> None:
        try:
            object.__setattr__(self, "skip_on_wait", waiting.spelled(self.skip_on_wait))
        except (TypeError, ValueError):
            raise _refusal("skip_on_wait", self.skip_on_wait, f"one of {waiting.WORDS}") from None
        if self.clock_rate != 1 and self.clock_mode != "scaled":
            raise _refusal(
                "clock_rate", self.clock_rate, f"1 with a {self.clock_mode} clock, or use scaled"
            )
        start = self.start_time
        if start is not None and (start.utcoffset() != timedelta(0) or start.year < 1970):
            raise _refusal(
                "start_time", start, "a time in UTC since 1970, such as 2030-01-01T00:00:00Z"
            )

    def _check_names(self) -> None:
        token = self.control_token
        if token is not None and not (token.isascii() and token.isprintable() and token.strip()):
            # The token itself is no matter for a message.
            raise _refusal("control_token", "...", "printable ASCII, and not empty")
        for name in ("host", "database"):
            if not getattr(self, name):
                raise _refusal(name, getattr(self, name), "a text that is not empty")
        if self.database != "memory" and "://" not in self.database:
            raise _refusal("database", self.database, "memory, or a URL such as sqlite:///world.db")
        if self.auth_admins and self.auth != "rbac":
            raise _refusal("auth", self.auth, "rbac where there is an auth-admin")
        for admin in self.auth_admins:
            if not admin.strip() or len(admin) > 200:
                raise _refusal("auth_admin", admin, "a client id, a user name or an object id")
        for hostname in self.hostnames:
            if not hostname or any(character in hostname for character in " /,@"):
                raise _refusal("hostnames", hostname, "host names or IP addresses, one in each")

    def _check_webhooks(self) -> None:
        if self.webhook_key is not None:
            try:
                webhook_signatures.read_key(self.webhook_key)
            except ValueError:
                # The key itself is no matter for a message.
                raise _refusal("webhook_key", "...", webhook_signatures.KEY_RULE) from None
        if len(self.webhook_waits) > _MOST_WAITS or not all(
            0 <= each <= _LONGEST_WAIT for each in self.webhook_waits
        ):
            shown = ",".join(f"{each:g}" for each in self.webhook_waits)
            right = f"at most {_MOST_WAITS} numbers of seconds from 0 to {_LONGEST_WAIT}"
            raise _refusal("webhook_waits", shown, right)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _refusal(name: str, value: object, allowed: str) -> ValueError:
    """Name the option as a user types it, the value, and what would be right."""
    option = "hostname" if name == "hostnames" else name.replace("_", "-")
    return ValueError(f"{option} cannot be {str(value)!r}: it must be {allowed}")
