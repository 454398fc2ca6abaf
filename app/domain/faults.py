"""The table of faults: what can be made to go wrong, where it strikes, and what it shows.

A fault is one row. Those of jobs show one of Azure's documented errors (``domain/jobs.py`` has
their words); those of the front door what Resource Manager answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from . import documented_errors as documented
from . import jobs
from .instants import MINUTE, SECOND


class Point:
    """Where a fault strikes."""

    SNAPSHOT = "snapshot"
    TRANSFER = "transfer"
    STREAM = "stream"
    RESTORE = "restore"
    BUILD = "build"
    DOOR = "door"
    OPERATION = "operation"
    LIST = "list"
    CONFIGURATION = "configuration"
    REGION = "region"

    OF_JOBS = (SNAPSHOT, TRANSFER, STREAM, RESTORE, BUILD)
    LAGGING = (LIST, CONFIGURATION)


WHERE: Mapping[str, str] = {
    Point.SNAPSHOT: "when the snapshot of a VM would be there: the job is Failed, and there is no "
    "recovery point",
    Point.TRANSFER: "when the data would be in the vault: the job is CompletedWithWarnings, and "
    "the recovery point has its snapshot only, as long as that is kept. A backup of a file share "
    "has one phase, and is Failed",
    Point.STREAM: "when the backup of a database would be over: the job is Failed, and there is no "
    "recovery point",
    Point.RESTORE: "when a restore would be over: the job is Failed, and nothing was made",
    Point.BUILD: "when a restored VM would be built: the job is Failed, and nothing was made",
    Point.DOOR: "when a request comes in",
    Point.OPERATION: "when a request has begun an asynchronous operation",
    Point.LIST: "when something was created, changed or deleted",
    Point.CONFIGURATION: "when a vault's configuration was changed",
    Point.REGION: "at once, or at the instant of 'after'",
}
"""The points in the order of the table, and what it means to strike there."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the front door answers in place of an operation."""

    status: int
    message: str
    tells_when: bool = False
    """Whether ``Retry-After`` says how long to wait."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One row of the table.

    ``code`` is Azure's, of a job's error or of an ARM error. ``takes`` says what the fault's
    duration is, if it has one, ``duration`` what it is unless it is given (microseconds, ``None``
    is as long as the fault is armed), ``longest`` how long it may be.
    """

    name: str
    points: tuple[str, ...]
    code: str | None
    effect: str
    reply: Reply | None = None
    takes: str | None = None
    duration: int | None = None
    longest: int | None = None

    @property
    def is_of_jobs(self) -> bool:
        """Whether it makes jobs fail."""
        return self.points[0] in Point.OF_JOBS

    @property
    def error(self) -> documented.JobError | None:
        """The words of a job that fails with it."""
        return jobs.ERRORS[self.code] if self.is_of_jobs and self.code is not None else None


def _of_job(name: str, code: str, effect: str, *points: str) -> Fault:
    return Fault(name, points or (Point.SNAPSHOT,), code, effect)


_DOOR = (Point.DOOR,)
_WAIT = "how long Retry-After tells the client to wait, in whole seconds"
_AN_HOUR = 60 * MINUTE


def _reply(name: str, code: str, status: int, message: str, effect: str) -> Fault:
    return Fault(name, _DOOR, code, effect, Reply(status, message))


_ROWS = (
    _of_job(
        "snapshot-fails",
        documented.EXTENSION_FAILED,
        "the snapshot extension fails",
    ),
    _of_job("agent-not-ready", jobs.NO_GUEST_AGENT, "the VM agent does not answer"),
    _of_job(
        "snapshot-status-unknown",
        documented.AGENT_SNAPSHOT_STATUS,
        "the agent does not tell how the snapshot went",
    ),
    _of_job("vm-deleted", jobs.VM_NOT_FOUND, "the VM is not found, though it is there"),
    _of_job("vm-moved", documented.MOVED_OR_DELETED, "the VM is not found where it was"),
    _of_job(
        "vm-locked",
        documented.COLLECTION_LIMIT,
        "a lock on the group of its restore points keeps old ones from going",
    ),
    _of_job("vm-offline", documented.OFFLINE, "the extension cannot be installed"),
    _of_job("vm-provisioning-failed", documented.PROVISIONING_FAILED, "the VM is Failed"),
    _of_job("vm-in-transition", documented.NOT_IN_DESIRABLE_STATE, "the VM is between two states"),
    _of_job("vm-unresponsive", documented.VM_UNRESPONSIVE, "the VM is too busy"),
    _of_job("disks-unsupported", jobs.UNSUPPORTED_DISKS, "the disks are too large"),
    _of_job("disks-have-too-many-snapshots", documented.SNAPSHOT_LIMIT, "no snapshot is left"),
    _of_job("key-vault-denied", documented.KEY_VAULT_DENIED, "the keys cannot be read"),
    _of_job("policy-denies", documented.DISALLOWED_BY_POLICY, "Azure Policy forbids the snapshot"),
    _of_job("staging-full", documented.STAGING_FULL, "there is no space for the snapshot"),
    _of_job("no-network", documented.NO_NETWORK, "the VM has no network"),
    _of_job("no-secure-network", documented.NO_SECURE_NETWORK, "the VM has no TLS"),
    _of_job("com-fails", documented.COM_FAILED, "COM+ fails the snapshot"),
    _of_job("com-stops-extension", documented.COM_INSTALLATION, "COM+ stops the extension"),
    _of_job("msdtc-stops-extension", documented.MSDTC_INSTALLATION, "MSDTC stops the extension"),
    _of_job("vss-writer-fails", documented.VSS_WRITER, "a VSS writer is in a bad state"),
    _of_job("vss-service-fails", documented.VSS_SERVICE, "the VSS service is in a bad state"),
    _of_job("extension-stuck", documented.EXTENSION_STUCK, "the extension is never deleted"),
    _of_job("extension-misconfigured", documented.EXTENSION_CONFIG, "it reads no configuration"),
    _of_job("extension-lacks-runtime", documented.VC_REDIST, "its runtime is not installed"),
    _of_job("extension-blocked", documented.RESTORE_POINT_INTERNAL, "an antivirus blocks it"),
    _of_job("bitlocker-locks", documented.BITLOCKER, "BitLocker locks a drive"),
    _of_job("freeze-fails", documented.FREEZE_FAILED, "a Linux file system cannot be frozen"),
    _of_job(
        "transfer-fails",
        documented.INTERNAL_V2,
        "the data does not come to the vault; the next backup tries again",
        Point.TRANSFER,
        Point.STREAM,
    ),
    _of_job(
        "transfer-times-out",
        documented.COPY_TAKES_LONG,
        "copying is given up",
        Point.TRANSFER,
        Point.STREAM,
    ),
    _of_job(
        "vault-key-denied",
        documented.VAULT_KEY_DENIED,
        "the key of an encrypted vault cannot be used any more",
        Point.TRANSFER,
        Point.STREAM,
        Point.RESTORE,
    ),
    _of_job("database-gone", jobs.SQL_DATABASE_NOT_FOUND, "it is not found", Point.STREAM),
    _of_job("database-vm-stopped", jobs.VM_NOT_RUNNING, "its VM does not run", Point.STREAM),
    _of_job("database-vm-offline", documented.NO_INTERNET, "its VM has no internet", Point.STREAM),
    _of_job(
        "database-extension-silent",
        documented.EXTENSION_NOT_REACHABLE,
        "the workload extension does not answer",
        Point.STREAM,
    ),
    _of_job(
        "database-on-wrong-node",
        documented.BACKUP_PREFERENCE,
        "the availability group prefers another node",
        Point.STREAM,
    ),
    _of_job("log-chain-broken", documented.LSN_VALIDATION, "the log does not fit", Point.STREAM),
    _of_job("restore-fails", documented.INTERNAL, "the service fails", Point.RESTORE, Point.BUILD),
    _of_job(
        "restore-finds-no-snapshot",
        documented.INSTANT_POINT_GONE,
        "the snapshot of the point is gone",
        Point.RESTORE,
        Point.BUILD,
    ),
    _of_job("vm-size-unavailable", documented.SKU_NOT_AVAILABLE, "no such VM", Point.BUILD),
    _of_job("vm-image-unavailable", documented.MARKETPLACE_VM, "no such image", Point.BUILD),
    _of_job("vm-not-shut-down", jobs.VM_NOT_SHUT_DOWN, "the VM runs", Point.BUILD),
    _of_job("vm-loses-trusted-launch", documented.TRUSTED_LAUNCH, "it is refused", Point.BUILD),
    Fault(
        "throttled",
        _DOOR,
        "SubscriptionRequestsThrottled",
        "429 with Retry-After, and the x-ms-ratelimit-remaining-subscription-* header at 0; "
        "nothing is done",
        Reply(429, "The subscription has sent too many requests.", tells_when=True),
        takes=_WAIT,
        duration=5 * SECOND,
        longest=_AN_HOUR,
    ),
    _reply(
        "server-error",
        "InternalServerError",
        500,
        "The server met an internal error.",
        "500; nothing is done",
    ),
    _reply(
        "bad-gateway",
        "BadGateway",
        502,
        "The gateway got no valid answer of the service.",
        "502; nothing is done",
    ),
    Fault(
        "service-unavailable",
        _DOOR,
        "ServiceUnavailable",
        "503 with Retry-After; nothing is done",
        Reply(503, "The service is not available for the moment.", tells_when=True),
        takes=_WAIT,
        duration=5 * SECOND,
        longest=_AN_HOUR,
    ),
    _reply(
        "gateway-timeout",
        "GatewayTimeout",
        504,
        "The gateway got no answer of the service in time.",
        "504; nothing is done",
    ),
    Fault(
        "connection-dropped",
        _DOOR,
        None,
        "the connection ends without an answer; nothing is done",
    ),
    Fault(
        "answer-lost",
        _DOOR,
        None,
        "what was asked is done, and the connection ends without an answer",
    ),
    Fault(
        "slow-answer",
        _DOOR,
        None,
        "the request is only then looked at; others are served meanwhile",
        takes="how long it takes, in real time",
        duration=5 * SECOND,
        longest=10 * MINUTE,
    ),
    Fault(
        "operation-stuck",
        (Point.OPERATION,),
        None,
        "the operation stays InProgress; what it is about is done all the same",
        takes="how much longer it takes, in virtual time",
    ),
    Fault(
        "list-lags",
        (Point.LIST,),
        None,
        "lists go on showing what was there before, a GET of the thing itself does not",
        takes="for how long, in virtual time",
        duration=60 * SECOND,
    ),
    Fault(
        "configuration-lags",
        (Point.CONFIGURATION,),
        None,
        "a GET of backupconfig/vaultconfig goes on answering the old values",
        takes="for how long, in virtual time",
        duration=60 * SECOND,
    ),
    Fault(
        "region-down",
        (Point.REGION,),
        None,
        "the region of the subject goes down, as 'rsvault region down' does it, and is back at "
        "'until', or once it is disarmed",
    ),
)
FAULTS: Mapping[str, Fault] = {row.name: row for row in _ROWS}


@dataclass(frozen=True, slots=True)
class Arming:
    """A fault as it was armed.

    ``subject`` is folded; ``chance`` is in millionths; instants and lengths are microseconds.
    ``left`` is how often it may still strike, ``None`` for no end.
    """

    name: str
    subject: str | None
    subscription: str | None
    code: str | None
    count: int | None
    chance: int
    from_at: int
    until_at: int | None
    duration: int | None

    @property
    def fault(self) -> Fault:
        """Its row of the table."""
        return FAULTS[self.name]


CERTAIN = 1_000_000
"""The chance of what always happens, in millionths."""


@lru_cache(maxsize=256)
def points_in(text: str) -> frozenset[str]:
    """Return the points that a world's row keeps: where anything is armed."""
    return frozenset(text.split())


def points_of(names: list[str]) -> str:
    """Return what a world's row keeps of the faults that are armed."""
    return " ".join(sorted({point for name in names for point in FAULTS[name].points}))
