"""The bodies of virtual machines: what a client may send, in Compute's words.

Secrets are read so that their types are checked, and then left out for good.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ...arm.bodies import Body
from ...arm.words import Word
from ..managed_identities import NULLS, ManagedIdentity
from .disks import DiskSkuName, OsType, WholeNumber, Zones

Caching = Annotated[Literal["None", "ReadOnly", "ReadWrite"], Word("None", "ReadOnly", "ReadWrite")]
DeleteOption = Annotated[Literal["Delete", "Detach"], Word("Delete", "Detach")]
CreateOption = Annotated[
    Literal["FromImage", "Attach", "Empty", "Copy", "Restore"],
    Word("FromImage", "Attach", "Empty", "Copy", "Restore"),
]
Secret = Annotated[
    str | None, Field(exclude=True, description="Read and forgotten", json_schema_extra={})
]
Opaque = dict[str, Any]
"""A part that is refused when it is sent, whatever it holds."""


class Reference(Body):
    """Another resource, by its id."""

    id: str | None = Field(default=None, max_length=600)


class HardwareProfile(Body):
    """The size."""

    vm_size: str | None = Field(default=None, max_length=60, examples=["Standard_D2s_v5"])


class ImageReference(Body):
    """The image that the OS disk's first content comes from."""

    id: str | None = Field(default=None, max_length=600)
    publisher: str | None = Field(default=None, max_length=260, examples=["Canonical"])
    offer: str | None = Field(default=None, max_length=260, examples=["ubuntu-24_04-lts"])
    sku: str | None = Field(default=None, max_length=260, examples=["server"])
    version: str | None = Field(default=None, max_length=260, examples=["latest"])
    shared_gallery_image_id: str | None = Field(default=None, max_length=600)
    community_gallery_image_id: str | None = Field(default=None, max_length=600)


class ManagedDisk(Body):
    """The managed disk behind an entry."""

    id: str | None = Field(default=None, max_length=600)
    storage_account_type: DiskSkuName | None = None
    disk_encryption_set: Opaque | None = None
    security_profile: Opaque | None = None


class DiskEntry(Body):
    """A disk as a VM sees it."""

    name: str | None = Field(default=None, max_length=80)
    create_option: CreateOption | None = Field(default=None, examples=["FromImage"])
    caching: Caching | None = None
    disk_size_gb: WholeNumber | None = Field(default=None, alias="diskSizeGB", examples=[64])
    managed_disk: ManagedDisk | None = None
    delete_option: DeleteOption | None = None
    write_accelerator_enabled: bool | None = None
    vhd: Opaque | None = None
    image: Opaque | None = None


class OsDisk(DiskEntry):
    """The disk that the VM starts from."""

    os_type: OsType | None = None
    diff_disk_settings: Opaque | None = None
    encryption_settings: Opaque | None = None


class DataDisk(DiskEntry):
    """A further disk."""

    lun: WholeNumber | None = Field(default=None, examples=[0])
    to_be_detached: bool | None = None
    source_resource: Opaque | None = None


class StorageProfile(Body):
    """The disks, and the image of the first."""

    image_reference: ImageReference | None = None
    os_disk: OsDisk | None = None
    data_disks: list[DataDisk] | None = Field(default=None, max_length=256)
    disk_controller_type: Annotated[Literal["SCSI", "NVMe"] | None, Word("SCSI", "NVMe")] = None


class PatchSettings(Body):
    """How the guest is patched."""

    patch_mode: str | None = Field(default=None, max_length=40)
    assessment_mode: str | None = Field(default=None, max_length=40)
    enable_hotpatching: bool | None = None


class SshPublicKey(Body):
    """A key that may sign in."""

    path: str | None = Field(default=None, max_length=600)
    key_data: str | None = Field(default=None, max_length=16_000)


class Ssh(Body):
    """Who may sign in with a key."""

    public_keys: list[SshPublicKey] | None = Field(default=None, max_length=100)


class LinuxConfiguration(Body):
    """What only Linux has."""

    disable_password_authentication: bool | None = None
    ssh: Ssh | None = None
    provision_vm_agent: bool | None = Field(default=None, alias="provisionVMAgent")
    patch_settings: PatchSettings | None = None
    enable_vm_agent_platform_updates: bool | None = Field(
        default=None, alias="enableVMAgentPlatformUpdates"
    )


class WinRmListener(Body):
    """Where remote management listens."""

    protocol: Annotated[Literal["Http", "Https"] | None, Word("Http", "Https")] = None
    certificate_url: str | None = Field(default=None, max_length=600)


class WinRm(Body):
    """Remote management of Windows."""

    listeners: list[WinRmListener] | None = Field(default=None, max_length=10)


class WindowsConfiguration(Body):
    """What only Windows has."""

    provision_vm_agent: bool | None = Field(default=None, alias="provisionVMAgent")
    enable_automatic_updates: bool | None = None
    time_zone: str | None = Field(default=None, max_length=100)
    patch_settings: PatchSettings | None = None
    win_rm: WinRm | None = Field(default=None, alias="winRM")
    enable_vm_agent_platform_updates: bool | None = Field(
        default=None, alias="enableVMAgentPlatformUpdates"
    )


class OsProfile(Body):
    """How the guest is set up when it first starts."""

    computer_name: str | None = Field(default=None, max_length=64)
    admin_username: str | None = Field(default=None, max_length=64, examples=["azureuser"])
    admin_password: Secret = None
    custom_data: Secret = None
    linux_configuration: LinuxConfiguration | None = None
    windows_configuration: WindowsConfiguration | None = None
    allow_extension_operations: bool | None = None
    require_guest_provision_signal: bool | None = None


class NetworkInterfaceProperties(Body):
    """How a VM uses a network interface."""

    primary: bool | None = None
    delete_option: DeleteOption | None = None


class NetworkInterfaceReference(Reference):
    """A network interface of the VM."""

    properties: NetworkInterfaceProperties | None = None


class NetworkProfile(Body):
    """The network interfaces; their existence is not checked."""

    network_interfaces: list[NetworkInterfaceReference] | None = Field(default=None, max_length=8)
    network_interface_configurations: list[Opaque] | None = None


class UefiSettings(Body):
    """What Trusted Launch measures."""

    secure_boot_enabled: bool | None = None
    v_tpm_enabled: bool | None = Field(default=None, alias="vTpmEnabled")


class SecurityProfile(Body):
    """What guards the VM from below."""

    security_type: Annotated[
        Literal["Standard", "TrustedLaunch", "ConfidentialVM"] | None,
        Word("Standard", "TrustedLaunch", "ConfidentialVM"),
    ] = None
    encryption_at_host: bool | None = None
    uefi_settings: UefiSettings | None = None


class BootDiagnostics(Body):
    """Where the console goes."""

    enabled: bool | None = None
    storage_uri: str | None = Field(default=None, max_length=600)


class DiagnosticsProfile(Body):
    """What can be seen of the boot."""

    boot_diagnostics: BootDiagnostics | None = None


class AdditionalCapabilities(Body):
    """What not every size can do."""

    ultra_ssd_enabled: bool | None = Field(default=None, alias="ultraSSDEnabled")
    hibernation_enabled: bool | None = None


class VirtualMachineProperties(Body):
    """What a VM can be told."""

    hardware_profile: HardwareProfile | None = None
    storage_profile: StorageProfile | None = None
    os_profile: OsProfile | None = None
    network_profile: NetworkProfile | None = None
    security_profile: SecurityProfile | None = None
    diagnostics_profile: DiagnosticsProfile | None = None
    additional_capabilities: AdditionalCapabilities | None = None
    availability_set: Reference | None = None
    proximity_placement_group: Reference | None = None
    license_type: str | None = Field(default=None, max_length=60)
    priority: Annotated[
        Literal["Regular", "Low", "Spot"] | None, Word("Regular", "Low", "Spot")
    ] = None
    eviction_policy: Annotated[
        Literal["Deallocate", "Delete"] | None, Word("Deallocate", "Delete")
    ] = None
    extensions_time_budget: str | None = Field(default=None, max_length=40)
    user_data: str | None = Field(default=None, max_length=65_536)
    virtual_machine_scale_set: Opaque | None = None


class Plan(Body):
    """The marketplace plan of the image."""

    name: str | None = Field(default=None, max_length=260)
    publisher: str | None = Field(default=None, max_length=260)
    product: str | None = Field(default=None, max_length=260)
    promotion_code: str | None = Field(default=None, max_length=260)


_EXAMPLE = {
    "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
    "storageProfile": {
        "imageReference": {
            "publisher": "Canonical",
            "offer": "ubuntu-24_04-lts",
            "sku": "server",
            "version": "latest",
        },
        "osDisk": {"createOption": "FromImage"},
        "dataDisks": [{"lun": 0, "createOption": "Empty", "diskSizeGB": 64}],
    },
}


class VirtualMachineBody(Body):
    """A VM to create or to change."""

    EXAMPLE = {"location": "westeurope", "properties": _EXAMPLE}
    KEEPS_NULLS = NULLS

    location: str | None = Field(default=None, max_length=90, examples=["westeurope"])
    tags: dict[str, str] | None = None
    zones: Zones | None = None
    plan: Plan | None = None
    identity: ManagedIdentity | None = None
    properties: VirtualMachineProperties = Field(
        default_factory=VirtualMachineProperties, examples=[_EXAMPLE]
    )


class VirtualMachinePatch(Body):
    """What to change of a VM."""

    EXAMPLE = {"tags": {"env": "test"}}
    KEEPS_NULLS = NULLS

    tags: dict[str, str] | None = None
    zones: Zones | None = None
    plan: Plan | None = None
    identity: ManagedIdentity | None = None
    properties: VirtualMachineProperties = Field(default_factory=VirtualMachineProperties)
