"""Azure's regions: names, where they lie, and which region backs another up.

The pairs are those of the az command's ``secondary_region_map`` (azure-backup-semantics 5.4):
direction matters, and a region that is not in the map has no Cross Region Restore.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

_ROWS = """
US             | eastus             | zones | East US
US             | eastus2            | zones | East US 2
US             | eastus3            | zones | East US 3
US             | centralus          | zones | Central US
US             | northcentralus     | -     | North Central US
US             | southcentralus     | zones | South Central US
US             | westcentralus      | -     | West Central US
US             | westus             | -     | West US
US             | westus2            | zones | West US 2
US             | westus3            | zones | West US 3
US             | southwestus        | -     | Southwest US
US             | southeastus        | -     | Southeast US
US             | southeastus3       | -     | Southeast US 3
US             | southeastus5       | -     | Southeast US 5
US             | northeastus5       | -     | Northeast US 5
US             | centraluseuap      | -     | Central US EUAP
US             | eastus2euap        | -     | East US 2 EUAP
Canada         | canadacentral      | zones | Canada Central
Canada         | canadaeast         | -     | Canada East
Mexico         | mexicocentral      | zones | Mexico Central
South America  | brazilsouth        | zones | Brazil South
South America  | brazilsoutheast    | -     | Brazil Southeast
South America  | chilecentral       | zones | Chile Central
Europe         | northeurope        | zones | North Europe
Europe         | westeurope         | zones | West Europe
Europe         | uksouth            | zones | UK South
Europe         | ukwest             | -     | UK West
Europe         | francecentral      | zones | France Central
Europe         | francesouth        | -     | France South
Europe         | germanywestcentral | zones | Germany West Central
Europe         | germanynorth       | -     | Germany North
Europe         | switzerlandnorth   | zones | Switzerland North
Europe         | switzerlandwest    | -     | Switzerland West
Europe         | norwayeast         | zones | Norway East
Europe         | norwaywest         | -     | Norway West
Europe         | swedencentral      | zones | Sweden Central
Europe         | swedensouth        | -     | Sweden South
Europe         | polandcentral      | zones | Poland Central
Europe         | italynorth         | zones | Italy North
Europe         | spaincentral       | zones | Spain Central
Europe         | austriaeast        | zones | Austria East
Europe         | belgiumcentral     | zones | Belgium Central
Europe         | denmarkeast        | zones | Denmark East
Asia Pacific   | eastasia           | zones | East Asia
Asia Pacific   | southeastasia      | zones | Southeast Asia
Asia Pacific   | australiaeast      | zones | Australia East
Asia Pacific   | australiasoutheast | -     | Australia Southeast
Asia Pacific   | australiacentral   | -     | Australia Central
Asia Pacific   | australiacentral2  | -     | Australia Central 2
Asia Pacific   | newzealandnorth    | zones | New Zealand North
Asia Pacific   | japaneast          | zones | Japan East
Asia Pacific   | japanwest          | zones | Japan West
Asia Pacific   | koreacentral       | zones | Korea Central
Asia Pacific   | koreasouth         | -     | Korea South
Asia Pacific   | centralindia       | zones | Central India
Asia Pacific   | southindia         | -     | South India
Asia Pacific   | westindia          | -     | West India
Asia Pacific   | jioindiacentral    | -     | Jio India Central
Asia Pacific   | jioindiawest       | -     | Jio India West
Asia Pacific   | indonesiacentral   | zones | Indonesia Central
Asia Pacific   | malaysiawest       | zones | Malaysia West
Asia Pacific   | malaysiasouth      | -     | Malaysia South
Asia Pacific   | taiwannorth        | -     | Taiwan North
Asia Pacific   | taiwannorthwest    | -     | Taiwan Northwest
Middle East    | uaenorth           | zones | UAE North
Middle East    | uaecentral         | -     | UAE Central
Middle East    | qatarcentral       | zones | Qatar Central
Middle East    | israelcentral      | zones | Israel Central
Africa         | southafricanorth   | zones | South Africa North
Africa         | southafricawest    | -     | South Africa West
US Government  | usgovvirginia      | zones | US Gov Virginia
US Government  | usgoviowa          | -     | US Gov Iowa
US Government  | usgovarizona       | -     | US Gov Arizona
US Government  | usgovtexas         | -     | US Gov Texas
US Government  | usdodcentral       | -     | US DoD Central
US Government  | usdodeast          | -     | US DoD East
China          | chinaeast          | -     | China East
China          | chinaeast2         | -     | China East 2
China          | chinaeast3         | -     | China East 3
China          | chinanorth         | -     | China North
China          | chinanorth2        | -     | China North 2
China          | chinanorth3        | zones | China North 3
"""

_PAIRS = """
eastus westus, westus eastus, eastus2 centralus, centralus eastus2, westus3 eastus,
eastus3 westus3, northcentralus southcentralus, southcentralus northcentralus,
westus2 westcentralus, westcentralus westus2, southwestus centralus, southeastus5 centralus,
northeastus5 centralus, centraluseuap eastus2euap, eastus2euap centraluseuap,
canadacentral canadaeast, canadaeast canadacentral,
brazilsouth southcentralus, brazilsoutheast brazilsouth,
northeurope westeurope, westeurope northeurope, uksouth ukwest, ukwest uksouth,
francecentral francesouth, francesouth francecentral,
germanywestcentral germanynorth, germanynorth germanywestcentral,
switzerlandnorth switzerlandwest, switzerlandwest switzerlandnorth,
norwayeast norwaywest, norwaywest norwayeast, swedencentral swedensouth,
swedensouth swedencentral,
australiaeast australiasoutheast, australiasoutheast australiaeast,
australiacentral australiacentral2, australiacentral2 australiacentral,
japaneast japanwest, japanwest japaneast, koreacentral koreasouth, koreasouth koreacentral,
eastasia southeastasia, southeastasia eastasia,
centralindia southindia, southindia centralindia, westindia southindia,
jioindiawest jioindiacentral, jioindiacentral jioindiawest, malaysiasouth japanwest,
taiwannorth taiwannorthwest, taiwannorthwest taiwannorth,
uaenorth uaecentral, uaecentral uaenorth,
southafricanorth southafricawest, southafricawest southafricanorth,
usgovvirginia usgovtexas, usgoviowa usgovvirginia, usgovarizona usgovtexas,
usgovtexas usgovarizona, usdodcentral usdodeast, usdodeast usdodcentral,
chinaeast chinanorth, chinanorth chinaeast, chinaeast2 chinanorth2, chinanorth2 chinaeast2,
chinaeast3 chinanorth3, chinanorth3 chinaeast3
"""

_GEO_CODES = """
eastus eus, eastus2 eus2, centralus cus, northcentralus ncus, southcentralus scus,
westcentralus wcus, westus wus, westus2 wus2, westus3 wus3, centraluseuap ccy, eastus2euap ecy,
canadacentral cnc, canadaeast cne, mexicocentral mxc, brazilsouth brs, brazilsoutheast bse,
northeurope ne, westeurope we, uksouth uks, ukwest ukw, francecentral frc, francesouth frs,
germanywestcentral gwc, germanynorth gn, switzerlandnorth szn, switzerlandwest szw,
norwayeast nwe, norwaywest nww, swedencentral sdc, swedensouth sds, polandcentral plc,
italynorth itn, spaincentral spc, eastasia ea, southeastasia sea, australiaeast ae,
australiasoutheast ase, australiacentral acl, australiacentral2 acl2, japaneast jpe,
japanwest jpw, koreacentral krc, koreasouth krs, centralindia inc, southindia ins, westindia inw,
jioindiacentral jic, jioindiawest jiw, uaenorth uan, uaecentral uac, qatarcentral qac,
israelcentral ilc, southafricanorth san, southafricawest saw,
usgovvirginia ugv, usgoviowa ugi, usgovarizona uga, usgovtexas ugt, usdodcentral udc,
usdodeast ude, chinaeast sha, chinaeast2 sha2, chinanorth bjb, chinanorth2 bjb2
"""


@dataclass(frozen=True, slots=True)
class Region:
    """A region: ``group`` is where it lies, ``zones`` whether it has availability zones."""

    name: str
    display_name: str
    group: str
    zones: bool


def _read_rows() -> dict[str, Region]:
    regions = {}
    for line in _ROWS.strip().splitlines():
        group, name, zones, display_name = (part.strip() for part in line.split("|"))
        regions[name] = Region(name, display_name, group, zones == "zones")
    return regions


REGIONS = MappingProxyType(_read_rows())
"""Every region by its short name, in the order that Azure lists them."""

SECONDARY_REGION = MappingProxyType(dict(pair.split() for pair in _PAIRS.split(",")))
"""The region that each region's backups are copied to; regions without one are not here."""

SECONDARY_VERSION = "2021-11-15"
"""The api-version of Microsoft's client for the secondary region, and of no other."""


def secondary_to(region: str) -> tuple[str, ...]:
    """Return the regions whose backups are copied to a region."""
    return tuple(each for each, pair in SECONDARY_REGION.items() if pair == region)


GEO_CODE = MappingProxyType(dict(pair.split() for pair in _GEO_CODES.split(",")))
"""Azure Backup's short code of a region, part of its private DNS zone; new regions have none yet.
"""

_NAMED_IN_REFUSALS = ("eastus", "eastus2", "westus2", "northeurope", "westeurope", "southeastasia")


def some_names() -> str:
    """Return a few regions for a refusal to name, and where the rest are."""
    more = len(REGIONS) - len(_NAMED_IN_REFUSALS)
    few = ", ".join(_NAMED_IN_REFUSALS)
    return f"{few} and {more} more (GET /subscriptions/{{id}}/locations)"
