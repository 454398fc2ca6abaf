"""What a client sees of a world: every answer recorded, and read with Microsoft's own models."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from azure.core.exceptions import ODataV4Format
from azure.mgmt.recoveryservices import models as vault_models
from azure.mgmt.recoveryservices._utils.model_base import _deserialize as read_vault
from azure.mgmt.recoveryservicesbackup import models
from azure.mgmt.recoveryservicesbackup._utils.model_base import _deserialize as read_backup
from isodate import parse_duration

from app.server import RunningServer, start
from app.settings import Settings
from tests.conftest import API_VERSION, START
from tests.stateful.model import Facts
from tests.wire.builders import GROUP_ID, ROOT, STORAGE_ID, VAULT_ID, item_id

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BEGINNING = (START - EPOCH) // timedelta(microseconds=1)
RESTORED_ID = f"{ROOT}/resourceGroups/restored"
BACKUP_TASKS = ("Take Snapshot", "Transfer data to vault")
CLOCK = "/_emulator/clock"
_EPOCH_NUMBER = re.compile(r'"epoch":\d+')
_MODELS = {
    "backupjobs": models.JobResource,
    "backuppolicies": models.ProtectionPolicyResource,
    "recoverypoints": models.RecoveryPointResource,
    "protecteditems": models.ProtectedItemResource,
    "backupprotecteditems": models.ProtectedItemResource,
    "backupconfig": models.BackupResourceVaultConfigResource,
    "operationsstatus": models.OperationStatus,
    "backupoperations": models.OperationStatus,
    "vaults": vault_models.Vault,
}


def instant(text: str) -> int:
    """Read an instant of the wire, in microseconds since 1970."""
    moment = datetime.fromisoformat(text)
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - EPOCH) // timedelta(microseconds=1)


def text(micros: int) -> str:
    """Write an instant, in microseconds since 1970, for the wire."""
    return f"{EPOCH + timedelta(microseconds=micros):%Y-%m-%dT%H:%M:%S.%fZ}"


def length(duration: str) -> int:
    """Read a duration of the wire, in microseconds."""
    found: timedelta = parse_duration(duration)
    return found // timedelta(microseconds=1)


@dataclass(frozen=True)
class Exchange:
    """One request and what came back, without what names the server's port."""

    method: str
    path: str
    sent: Any
    status: int = 0
    body: str = ""
    polled: str = ""


class Place:
    """One database and a server on it, which can be stopped and started again."""

    def __init__(self, database: str, home: Path, **options: Any) -> None:
        chosen: dict[str, Any] = {"port": 0, "https_port": None, "skip_on_wait": "off"}
        chosen |= {"clock_mode": "frozen", "start_time": START, "database": database, "home": home}
        self.settings = Settings(**chosen | options)
        self.restarts = 0
        self._start()

    def _start(self) -> None:
        self._server: RunningServer = start(self.settings)
        self._line = HTTPConnection(urlsplit(self._server.http_url).netloc, timeout=60)

    def close(self) -> None:
        """Stop the server; a stored world stays."""
        self._line.close()
        self._server.stop()

    def restart(self) -> None:
        """Stop the server, and start another one on the same database."""
        self.close()
        self._start()
        self.restarts += 1

    def ask(self, method: str, path: str, sent: Any = None) -> Exchange:
        """Send a request and return the exchange; the plainest client is the fastest."""
        joint = "&" if "?" in path else "?"
        url = path if "api-version=" in path else f"{path}{joint}api-version={API_VERSION}"
        body = b"" if sent is None else json.dumps(sent).encode()
        self._line.request(method, url, body, {"content-type": "application/json"})
        answer = self._line.getresponse()
        base = self._server.http_url
        polled = answer.headers.get("azure-asyncoperation", "").removeprefix(base)
        text = _EPOCH_NUMBER.sub('"epoch":0', answer.read().decode()).replace(base, "")
        return Exchange(method, path, sent, answer.status, text, polled)


class Watcher:
    """A client that keeps every exchange, and reads every body with Microsoft's models."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.exchanges: list[Exchange] = []
        self._read: set[str] = set()
        self._details: dict[str, dict[str, Any]] = {}

    def ask(self, method: str, path: str, sent: Any = None) -> tuple[int, Any]:
        """Send a request; return the status and the body."""
        done = self.place.ask(method, path, sent)
        self.exchanges.append(done)
        body: Any = json.loads(done.body) if done.body else None
        assert done.status < 500 or done.status == HTTPStatus.SERVICE_UNAVAILABLE, done
        if done.status >= 400:
            assert ODataV4Format(body["error"]).code == body["error"]["code"], body
        elif body is not None:
            self._deserialise(path, body)
        return done.status, body

    def get(self, path: str) -> Any:
        """Return what is there."""
        status, body = self.ask("GET", path)
        assert status == 200, (path, status, body)
        return body

    def listed(self, path: str) -> list[dict[str, Any]]:
        """Return a list's every entry, page by page."""
        found: list[dict[str, Any]] = []
        while path:
            body = self.get(path)
            found += body["value"]
            path = body.get("nextLink", "")
        return found

    def polled(self) -> Any:
        """Poll the operation that the latest request has begun; the clock stays."""
        return self.get(self.exchanges[-1].polled)

    def now(self) -> int:
        """Return the world's time."""
        return instant(self.get(CLOCK)["now"])

    def _deserialise(self, path: str, body: Any) -> None:
        nouns = path.partition("?")[0].lower().split("/")
        noun = next((each for each in reversed(nouns) if each in _MODELS), "")
        for entry in body.get("value", [body]) if noun else ():
            if repr(entry) not in self._read:
                self._read.add(repr(entry))
                read = read_vault if noun == "vaults" else read_backup
                _check_every_field(read(_MODELS[noun], entry))

    # --- the whole world -----------------------------------------------------------------

    def look(self) -> Seen:
        """Return everything that a client can see of the vault, at one instant."""
        seen = Seen(self.now(), self.listed(f"{VAULT_ID}/backupJobs"))
        for entry in seen.jobs:
            if entry["properties"]["operation"] in ("Backup", "Restore"):
                seen.details[entry["name"]] = self._detail(entry)
        for entry in self.listed(f"{VAULT_ID}/backupProtectedItems"):
            name = entry["properties"]["friendlyName"]
            seen.items[name] = entry["properties"]
            seen.points[name] = self.listed(f"{item_id(name)}/recoveryPoints")
        return seen

    def _detail(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Return a job with its tasks; one that has ended stays as it is and is asked once."""
        name = entry["name"]
        known = self._details.get(name)
        if known is not None and "endTime" in known:
            assert {**known, "extendedInfo": None} == {**entry["properties"], "extendedInfo": None}
            return known
        found: dict[str, Any] = self.get(f"{VAULT_ID}/backupJobs/{name}")["properties"]
        self._details[name] = found
        return found

    def restored_prints(self) -> list[str]:
        """Return the fingerprints of the disks that restores have made."""
        path = f"{RESTORED_ID}/providers/Microsoft.Compute/disks"
        return sorted(each["properties"]["contentFingerprint"] for each in self.listed(path))


@dataclass
class Seen:
    """A world as a client sees it; items and points are by the name of their VM."""

    now: int
    jobs: list[dict[str, Any]]
    details: dict[str, dict[str, Any]] = field(default_factory=dict)
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    points: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def facts(self, name: str) -> Facts:
        """Return when a job's snapshot ended and when the job did, so far as they have."""
        job = self.details[name]
        ended = instant(job["endTime"]) if "endTime" in job else None
        tasks = {task["taskId"]: task for task in job["extendedInfo"]["tasksList"]}
        snapshot = tasks.get("Take Snapshot")
        if snapshot is None or snapshot["status"] != "Completed":
            return None, ended
        return instant(job["startTime"]) + length(snapshot["duration"]), ended

    def running_phases(self) -> Iterable[tuple[str, str]]:
        """Return the VM and the sub-task of each backup whose sub-task runs."""
        for job in self.details.values():
            for task in job["extendedInfo"]["tasksList"]:
                if task["taskId"] in BACKUP_TASKS and task["status"] == "InProgress":
                    yield job["entityFriendlyName"], task["taskId"]


def prints_of(point: dict[str, Any]) -> list[str]:
    """Return the fingerprints of the disks in a recovery point."""
    disks = point["properties"]["recoveryPointDiskConfiguration"]["includedDiskList"]
    return [disk["contentFingerprint"] for disk in disks]


def tiers_of(point: dict[str, Any]) -> dict[str, str]:
    """Return the status of each tier of a recovery point."""
    return {
        tier["type"]: tier["status"] for tier in point["properties"]["recoveryPointTierDetails"]
    }


def _check_every_field(value: Any) -> None:
    """Read every field of a model, as deep as it goes: a wrong type shows when it is read."""
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            _check_every_field(each)
        return
    for name in getattr(type(value), "_attr_to_rest_field", ()):
        _check_every_field(getattr(value, name))


def set_up(watcher: Watcher) -> None:
    """Empty the world and give it a vault, two groups and a storage account, ready."""
    watcher.ask("POST", "/_emulator/reset")
    watcher.exchanges.clear()
    for group in (GROUP_ID, RESTORED_ID):
        watcher.ask("PUT", group, {"location": "westeurope"})
    staging = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    watcher.ask("PUT", STORAGE_ID, staging)
    watcher.ask("PUT", VAULT_ID, {"location": "westeurope"})
    watcher.ask("POST", f"{CLOCK}/advance", {"until": "idle"})
