"""SQL virtual machines: what tells Azure that there is a SQL Server in a VM.

The resource has the name of its VM. Once it has named a VM, SQL Server is in there for good: to
delete the resource uninstalls nothing. Secrets are read and forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Row, update

from ...arm import examples
from ...arm.bodies import Body
from ...arm.calls import Call
from ...arm.words import Whole, Word
from ...domain.errors import invalid, not_emulated
from ...domain.guest_databases import SQL_REGISTERED
from ...domain.resource_ids import SQL_VM_TYPE, VM_TYPE
from ...store.metadata import Document
from ...store.resource_tables import resources
from . import links, store
from .store import CompanionType, Write, Written, missing_parameter
from .virtual_machines import NAME, NAME_RULE

Secret = Annotated[str | None, Field(exclude=True, description="Read and forgotten")]
Opaque = dict[str, Any]
"""A part that is refused when it is sent, whatever it holds."""
_DAYS = ("Everyday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
Weekday = Annotated[
    Literal[
        "Everyday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"
    ]
    | None,
    Word(*_DAYS),
]
License = Annotated[Literal["PAYG", "AHUB", "DR"] | None, Word("PAYG", "AHUB", "DR")]
Management = Annotated[
    Literal["Full", "LightWeight", "NoAgent"] | None, Word("Full", "LightWeight", "NoAgent")
]
Edition = Annotated[
    Literal["Developer", "Express", "Standard", "Enterprise", "Web"] | None,
    Word("Developer", "Express", "Standard", "Enterprise", "Web"),
]
Privilege = Annotated[Literal["Enabled", "NotSet"] | None, Word("Enabled", "NotSet")]
Layout = Annotated[Literal["NEW", "EXTEND", "ADD"] | None, Word("NEW", "EXTEND", "ADD")]


class AutoPatching(Body):
    """When Windows and SQL Server are patched."""

    enable: bool | None = None
    day_of_week: Weekday = None
    maintenance_window_starting_hour: Annotated[Whole, Field(ge=0, le=23)] | None = None
    maintenance_window_duration: Annotated[Whole, Field(ge=30, le=180)] | None = None


class AutoBackup(Body):
    """Backups that SQL Server makes by itself, to a storage account: recorded, never made."""

    enable: bool | None = None
    enable_encryption: bool | None = None
    retention_period: Annotated[Whole, Field(ge=1, le=90)] | None = None
    storage_account_url: str | None = Field(default=None, max_length=600)
    storage_container_name: str | None = Field(default=None, max_length=63)
    storage_access_key: Secret = None
    password: Secret = None
    backup_system_dbs: bool | None = None
    backup_schedule_type: Annotated[
        Literal["Manual", "Automated"] | None, Word("Manual", "Automated")
    ] = None
    full_backup_frequency: Annotated[Literal["Daily", "Weekly"] | None, Word("Daily", "Weekly")] = (
        None
    )
    days_of_week: list[str] | None = Field(default=None, max_length=7)
    full_backup_start_time: Annotated[Whole, Field(ge=0, le=23)] | None = None
    full_backup_window_hours: Annotated[Whole, Field(ge=1, le=23)] | None = None
    log_backup_frequency: Annotated[Whole, Field(ge=5, le=60)] | None = None


class KeyVaultCredential(Body):
    """Which key vault SQL Server may use."""

    enable: bool | None = None
    credential_name: str | None = Field(default=None, max_length=260)
    azure_key_vault_url: str | None = Field(default=None, max_length=600)
    service_principal_name: Secret = None
    service_principal_secret: Secret = None


class Connectivity(Body):
    """Who may connect."""

    connectivity_type: Annotated[
        Literal["LOCAL", "PRIVATE", "PUBLIC"] | None, Word("LOCAL", "PRIVATE", "PUBLIC")
    ] = None
    port: Annotated[Whole, Field(ge=1024, le=65_535)] | None = None
    sql_auth_update_user_name: Secret = None
    sql_auth_update_password: Secret = None


class WorkloadKind(Body):
    """What SQL Server is set up for."""

    sql_workload_type: Annotated[
        Literal["GENERAL", "OLTP", "DW"] | None, Word("GENERAL", "OLTP", "DW")
    ] = None


class Features(Body):
    """What is installed beside SQL Server."""

    is_r_services_enabled: bool | None = None


class InstanceSettings(Body):
    """How the instance is set."""

    collation: str | None = Field(default=None, max_length=128)
    max_dop: Annotated[Whole, Field(ge=0, le=32_767)] | None = None
    is_optimize_for_ad_hoc_workloads_enabled: bool | None = None
    min_server_memory_mb: Annotated[Whole, Field(ge=0, le=2_147_483_647)] | None = Field(
        default=None, alias="minServerMemoryMB"
    )
    max_server_memory_mb: Annotated[Whole, Field(ge=128, le=2_147_483_647)] | None = Field(
        default=None, alias="maxServerMemoryMB"
    )
    is_lpim_enabled: bool | None = None
    is_ifi_enabled: bool | None = None


class ServerConfigurations(Body):
    """How SQL Server is configured."""

    sql_connectivity_update_settings: Connectivity | None = None
    sql_workload_type_update_settings: WorkloadKind | None = None
    additional_features_server_configurations: Features | None = None
    sql_instance_settings: InstanceSettings | None = None


class Storage(Body):
    """Which disks files of one kind lie on."""

    luns: list[Whole] | None = Field(default=None, max_length=64)
    default_file_path: str | None = Field(default=None, max_length=260)
    use_storage_pool: bool | None = None


class TempStorage(Storage):
    """Where the files of tempdb lie, and how large they are."""

    data_file_size: Whole | None = None
    data_growth: Whole | None = None
    log_file_size: Whole | None = None
    log_growth: Whole | None = None
    data_file_count: Whole | None = None
    persist_folder: bool | None = None
    persist_folder_path: str | None = Field(default=None, max_length=260)


class StorageConfiguration(Body):
    """Where SQL Server puts its files."""

    sql_data_settings: Storage | None = None
    sql_log_settings: Storage | None = None
    sql_temp_db_settings: TempStorage | None = None
    sql_system_db_on_data_disk: bool | None = None
    disk_configuration_type: Layout = None
    storage_workload_type: Annotated[
        Literal["GENERAL", "OLTP", "DW"] | None, Word("GENERAL", "OLTP", "DW")
    ] = None


class AssessmentSchedule(Body):
    """When the server is assessed."""

    enable: bool | None = None
    weekly_interval: Annotated[Whole, Field(ge=1, le=6)] | None = None
    monthly_occurrence: Annotated[Whole, Field(ge=1, le=5)] | None = None
    day_of_week: Weekday = None
    start_time: str | None = Field(default=None, pattern=r"^\d\d:\d\d$")


class Assessment(Body):
    """Whether the server is assessed: recorded, never done."""

    enable: bool | None = None
    run_immediately: bool | None = None
    schedule: AssessmentSchedule | None = None


class SqlVirtualMachineProperties(Body):
    """What a SQL virtual machine can be told."""

    virtual_machine_resource_id: str | None = Field(
        default=None, max_length=600, examples=[examples.VM_ID]
    )
    sql_image_offer: str | None = Field(default=None, max_length=260)
    sql_image_sku: Edition = None
    sql_server_license_type: License = Field(default=None, examples=["PAYG"])
    sql_management: Management = None
    least_privilege_mode: Privilege = None
    enable_automatic_upgrade: bool | None = None
    auto_patching_settings: AutoPatching | None = None
    auto_backup_settings: AutoBackup | None = None
    key_vault_credential_settings: KeyVaultCredential | None = None
    server_configurations_management_settings: ServerConfigurations | None = None
    storage_configuration_settings: StorageConfiguration | None = None
    assessment_settings: Assessment | None = None
    sql_virtual_machine_group_resource_id: str | None = Field(default=None, max_length=600)
    wsfc_domain_credentials: Opaque | None = None
    wsfc_static_ip: str | None = Field(default=None, max_length=60)
    virtual_machine_identity_settings: Opaque | None = None


class SqlVirtualMachineBody(Body):
    """A SQL virtual machine to create, or to change."""

    EXAMPLE = {
        "location": "westeurope",
        "properties": {
            "virtualMachineResourceId": examples.VM_ID,
            "sqlServerLicenseType": "PAYG",
        },
    }

    location: str | None = Field(default=None, max_length=90, examples=["westeurope"])
    tags: dict[str, str] | None = None
    identity: Opaque | None = None
    properties: SqlVirtualMachineProperties = Field(default_factory=SqlVirtualMachineProperties)


class SqlVirtualMachinePatch(Body):
    """What to change: its tags."""

    EXAMPLE = {"tags": {"env": "test"}}

    tags: dict[str, str] | None = None


_NOT_EMULATED = (
    ("properties.sqlVirtualMachineGroupResourceId", "availability groups"),
    ("properties.wsfcDomainCredentials", "availability groups"),
    ("properties.wsfcStaticIp", "availability groups"),
    ("properties.virtualMachineIdentitySettings", "sign-in by Microsoft Entra"),
    ("identity", "identities of SQL virtual machines"),
)


def _write(write: Write) -> Written:
    for path, what in _NOT_EMULATED:
        if store.at(write.sent, path):
            raise not_emulated(path, what)
    properties = write.wanted.get("properties") or {}
    sent = properties.get("virtualMachineResourceId")
    if not sent:
        raise missing_parameter("properties.virtualMachineResourceId")
    machine = _machine(write, sent)
    born: Document = {
        "sqlServerLicenseType": "PAYG",
        "sqlManagement": "Full",
        "leastPrivilegeMode": "NotSet",
        "enableAutomaticUpgrade": False,
        **_image_of(machine),
    }
    fixed = {"virtualMachineResourceId": machine.id, "provisioningState": "Succeeded"}
    write.call.connection.execute(
        update(resources)
        .where(resources.c.folded == machine.folded)
        .values(hidden=machine.hidden | {SQL_REGISTERED: True})
    )
    return Written(write.wanted | {"properties": born | properties | fixed}, {})


def _machine(write: Write, sent: str) -> Row[Any]:
    """Return the VM that the resource is of. Raises ``Refused``."""
    field = "properties.virtualMachineResourceId"
    machine = links.get_linked(write, sent, field, VM_TYPE)
    if machine.name.lower() != write.name.lower():
        raise invalid(
            "InvalidParameterValue",
            f"{field}: the name of the SQL virtual machine, '{write.name}', must be that of its "
            f"virtual machine, '{machine.name}'.",
            target=field,
        )
    if machine.location != write.location:
        raise invalid(
            "InvalidParameterValue",
            f"location: the virtual machine '{machine.name}' is in '{machine.location}'; the SQL "
            "virtual machine must be too.",
            target="location",
        )
    return machine


def _image_of(machine: Row[Any]) -> Document:
    """Return the offer and the edition that the VM's image tells, if it is one of SQL Server."""
    image = machine.document["properties"]["storageProfile"].get("imageReference") or {}
    if image.get("publisher", "").lower() != "microsoftsqlserver":
        return {"sqlImageOffer": "Unknown", "sqlImageSku": "Developer"}
    sku = image.get("sku", "").lower()
    editions = ("Enterprise", "Standard", "Express", "Web")
    edition = next((each for each in editions if sku.startswith(each.lower())), "Developer")
    return {"sqlImageOffer": image.get("offer", "Unknown"), "sqlImageSku": edition}


def _render(_call: Call, found: Sequence[Row[Any]]) -> list[Document]:
    return [
        store.envelope(SQL_VIRTUAL_MACHINES, row) | {"properties": row.document["properties"]}
        for row in found
    ]


SQL_VIRTUAL_MACHINES = CompanionType(
    type_name=SQL_VM_TYPE,
    operations="SqlVirtualMachines",
    parameter="sqlVirtualMachineName",
    tag="SQL virtual machines",
    name_pattern=NAME,
    name_rule=NAME_RULE,
    body=SqlVirtualMachineBody,
    patch=SqlVirtualMachinePatch,
    write=_write,
    render=_render,
    expands=("*",),
    fixed=("properties.virtualMachineResourceId",),
    list_in_group="ListByResourceGroup",
    list_all="List",
)

ENDPOINTS = store.endpoints(SQL_VIRTUAL_MACHINES)
