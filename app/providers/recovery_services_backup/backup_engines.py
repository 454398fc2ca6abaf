"""Backup engines: DPM and Azure Backup Server; none can register here."""

from __future__ import annotations

from ...arm.calls import Answer, Call, endpoint
from ...domain.errors import resource_not_found
from ...domain.resource_ids import VAULT_TYPE
from .paths import VAULT, vault_of

TAG = "Protection containers"
ENGINES = f"{VAULT}/backupEngines"


@endpoint("GET", ENGINES, "BackupEngines_List", tag=TAG, query=("$filter", "$skipToken"))
def list_(call: Call) -> Answer:
    """List the backup engines registered with a vault: none."""
    vault_of(call)
    return Answer(body={"value": []})


@endpoint("GET", f"{ENGINES}/{{backupEngineName}}", "BackupEngines_Get", tag=TAG)
def get(call: Call) -> Answer:
    """Show a backup engine; there is none."""
    vault = vault_of(call)
    name = f"{vault.name}/{call.path['backupEngineName']}"
    raise resource_not_found(f"{VAULT_TYPE}/backupEngines", name, call.group)


ENDPOINTS = (list_, get)
