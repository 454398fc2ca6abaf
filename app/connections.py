"""What connects each client to a server (clients.md, terraform-wire.md): variables, commands, why.

Plain values: ``rsvault env`` writes them for a shell, ``rsvault doctor`` compares them with the
shell it runs in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
TENANT = "00000000-0000-0000-0000-000000000001"
CLIENT_ID = "44444444-4444-4444-4444-444444444444"
SECRET = "any"
"""By default every id is known and every secret right."""


@dataclass(frozen=True)
class Place:
    """Where a server is, and who its client shall be.

    ``config_dir`` is az's, ``proxy`` the URL of ``rsvault proxy`` for what has Azure's addresses
    built in.
    """

    http_url: str
    https_url: str
    ca_file: Path
    config_dir: Path
    subscription: str = SUBSCRIPTION
    tenant: str = TENANT
    client_id: str = CLIENT_ID
    proxy: str | None = None

    @property
    def authority(self) -> str:
        """The HTTPS host and port, as they stand in a URL."""
        return urlsplit(self.https_url).netloc

    @property
    def cloud(self) -> str:
        """What az calls this server: one cloud for each address, so that none goes stale."""
        return f"rsvault-{self.authority.replace(':', '-').strip('[]')}"


@dataclass(frozen=True)
class Note:
    """A line that explains what follows."""

    text: str


@dataclass(frozen=True)
class Variable:
    """A variable of the environment; ``None`` is one that must not be set.

    ``free`` marks one where any other value does as well, ``trust`` one that names a file of
    certificates.
    """

    name: str
    value: str | None
    free: bool = False
    trust: bool = False


@dataclass(frozen=True)
class Run:
    """A command that has to be run once; where ``unless`` succeeds it has been already."""

    words: tuple[str, ...]
    unless: tuple[str, ...] = ()


Line = Note | Variable | Run


def lines(client: str, place: Place) -> list[Line]:
    """Return what connects a client, in order."""
    return [
        Note(f"{client}: {_TITLES[client]}"),
        Note("the 'rsvault' command itself, such as 'rsvault clock advance', goes there too"),
        Variable("RSVAULT_URL", place.http_url),
        *CLIENTS[client](place),
    ]


def variables(client: str, place: Place) -> list[Variable]:
    """Return the variables alone."""
    return [each for each in lines(client, place) if isinstance(each, Variable)]


def _unset(*names: str) -> list[Line]:
    return [Variable(name, None) for name in names]


def _az(place: Place) -> list[Line]:
    sign_in = (
        "az", "login", "--service-principal", "--username", place.client_id, "--password", SECRET,
        "--tenant", place.tenant, "--skip-subscription-discovery",
        "--subscription", place.subscription, "--output", "none", "--only-show-errors",
    )  # fmt: skip
    register = ("az", "cloud", "register", "--name", place.cloud)
    return [
        Note("a profile of its own: yours, with its clouds and logins, stays as it is"),
        Variable("AZURE_CONFIG_DIR", str(place.config_dir), free=True),
        Note("the authority that signed the server's certificate; az trusts no other then"),
        Variable("REQUESTS_CA_BUNDLE", str(place.ca_file), trust=True),
        Note("az would ask login.microsoftonline.com whether this authority is one"),
        Variable("AZURE_CORE_INSTANCE_DISCOVERY", "false"),
        Variable("AZURE_CORE_COLLECT_TELEMETRY", "false", free=True),
        Variable("ARM_CLOUD_METADATA_URL", None),
        Note("the cloud, known once; the login, again each time: it takes half a second"),
        Run(
            (*register, "--endpoint-resource-manager", place.https_url, "--only-show-errors"),
            unless=("az", "cloud", "show", "--name", place.cloud, "--output", "none"),
        ),
        Run(("az", "cloud", "set", "--name", place.cloud, "--only-show-errors")),
        Run(sign_in),
    ]


def _principal(place: Place) -> list[Line]:
    return [
        Note("any id and any secret will do, unless the server runs with --auth rbac"),
        Variable("ARM_SUBSCRIPTION_ID", place.subscription, free=True),
        Variable("ARM_TENANT_ID", place.tenant, free=True),
        Variable("ARM_CLIENT_ID", place.client_id, free=True),
        Variable("ARM_CLIENT_SECRET", SECRET, free=True),
        Variable("ARM_USE_CLI", "false"),
        Variable("ARM_USE_MSI", "false"),
        Variable("ARM_USE_OIDC", "false"),
        Note("what would be used instead of the secret, or contradict it"),
        *_unset(
            "ARM_CLIENT_CERTIFICATE",
            "ARM_CLIENT_CERTIFICATE_PATH",
            "ARM_CLIENT_ID_FILE_PATH",
            "ARM_CLIENT_SECRET_FILE_PATH",
        ),
    ]


_TRUST_OF_GO = (
    "Go reads the authority from here on Linux, besides those in the system's folders;"
    " on macOS and Windows put the file into the system's own store"
)


def _terraform(place: Place) -> list[Line]:
    return [
        Note("where azurerm learns all other addresses: host and port, without https://"),
        Variable("ARM_METADATA_HOSTNAME", place.authority),
        Note(_TRUST_OF_GO),
        Variable("SSL_CERT_FILE", str(place.ca_file), trust=True),
        *_principal(place),
        Note("azurerm 4 would register 66 resource providers first; for azurerm 3 unset this and"),
        Note("set ARM_SKIP_PROVIDER_REGISTRATION=true, which azurerm 4 takes for a contradiction"),
        Variable("ARM_RESOURCE_PROVIDER_REGISTRATIONS", "none"),
        *_unset("ARM_SKIP_PROVIDER_REGISTRATION"),
        Note("azurerm 5 ends at once if this is set, whatever to"),
        *_unset("ARM_PROVIDER_ENHANCED_VALIDATION"),
        Note("azurerm 4.67 and later need not sleep 10 seconds before each look at an operation"),
        Variable("GO_AZURE_SDK_SKIP_POLLING_DELAY", "true", free=True),
    ]


def _azapi(place: Place) -> list[Line]:
    return [
        Note("azapi has no metadata host: it is told each address"),
        Variable("ARM_ENVIRONMENT", "custom"),
        Variable("ARM_RESOURCE_MANAGER_ENDPOINT", place.https_url),
        Variable("ARM_RESOURCE_MANAGER_AUDIENCE", place.https_url),
        Variable("ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST", place.https_url),
        Variable("ARM_DISABLE_INSTANCE_DISCOVERY", "true"),
        Variable("ARM_SKIP_PROVIDER_REGISTRATION", "true"),
        Note("azurerm 4 takes the line above together with the next for a contradiction"),
        *_unset("ARM_RESOURCE_PROVIDER_REGISTRATIONS"),
        Note(_TRUST_OF_GO),
        Variable("SSL_CERT_FILE", str(place.ca_file), trust=True),
        *_principal(place),
    ]


def _ansible(place: Place) -> list[Line]:
    return [
        *(_ansible_proxied(place.proxy) if place.proxy else _ansible_cloud(place)),
        Note("any id and any secret will do, unless the server runs with --auth rbac"),
        Variable("AZURE_SUBSCRIPTION_ID", place.subscription, free=True),
        Variable("AZURE_TENANT", place.tenant, free=True),
        Variable("AZURE_CLIENT_ID", place.client_id, free=True),
        Variable("AZURE_SECRET", SECRET, free=True),
        Note("a profile without logins, so that those of your az are not used"),
        Variable("AZURE_CONFIG_DIR", str(place.config_dir), free=True),
        Variable("REQUESTS_CA_BUNDLE", str(place.ca_file), trust=True),
        Variable("SSL_CERT_FILE", str(place.ca_file), trust=True),
        Note("the Python that has the collection's requirements: ANSIBLE_PYTHON_INTERPRETER"),
    ]


def _ansible_cloud(place: Place) -> list[Line]:
    metadata = f"{place.https_url}/metadata/endpoints?api-version=2019-05-01"
    return [
        Note("azure.azcollection 3.19 and later take a cloud by its address; 3.12, the last one"),
        Note("for Python 3.11, cannot: for it run 'rsvault proxy' and"),
        Note("'rsvault env ansible --proxy http://127.0.0.1:8888'"),
        Variable("AZURE_CLOUD_ENVIRONMENT", place.https_url),
        Variable("ARM_CLOUD_METADATA_URL", metadata),
        Variable("AZURE_DISABLE_INSTANCE_DISCOVERY", "true"),
    ]


def _ansible_proxied(proxy: str) -> list[Line]:
    return [
        Note("Azure's own addresses lead here, through 'rsvault proxy', which has to run"),
        Variable("HTTPS_PROXY", proxy),
        Variable("NO_PROXY", "localhost,127.0.0.1", free=True),
        *_unset("AZURE_CLOUD_ENVIRONMENT", "ARM_CLOUD_METADATA_URL"),
    ]


def _managed_identity(place: Place) -> list[Line]:
    """What DefaultAzureCredential finds by itself: the managed identity of an App Service.

    Its token endpoint may be HTTP; every other way needs a switch in code, or HTTPS and a tenant.
    """
    return [
        Note("an untouched DefaultAzureCredential takes these for an App Service's identity;"),
        Note("with --auth rbac it is a principal of its own, which needs a role"),
        Variable("IDENTITY_ENDPOINT", f"{place.http_url}/msi/token"),
        Variable("IDENTITY_HEADER", "any", free=True),
        Note("it would take these first, or take the endpoint for another service's"),
        *_unset(
            "AZURE_CLIENT_SECRET",
            "AZURE_CLIENT_CERTIFICATE_PATH",
            "AZURE_USERNAME",
            "AZURE_FEDERATED_TOKEN_FILE",
            "AZURE_TOKEN_CREDENTIALS",
            "AZURE_CLIENT_ID",
            "IDENTITY_SERVER_THUMBPRINT",
        ),
        Variable("AZURE_SUBSCRIPTION_ID", place.subscription, free=True),
        Note("no variable names the endpoint: the client's constructor does, see below"),
        Variable("RSVAULT_HTTPS_URL", place.https_url),
    ]


def _python(place: Place) -> list[Line]:
    return [
        Note("the authority: for requests (what the SDKs use), then for aiohttp, httpx and ssl"),
        Variable("REQUESTS_CA_BUNDLE", str(place.ca_file), trust=True),
        Variable("SSL_CERT_FILE", str(place.ca_file), trust=True),
        *_managed_identity(place),
        Note("    url = os.environ['RSVAULT_HTTPS_URL']"),
        Note("    RecoveryServicesBackupClient("),
        Note("        DefaultAzureCredential(), os.environ['AZURE_SUBSCRIPTION_ID'],"),
        Note("        base_url=url, credential_scopes=[url + '/.default'])"),
    ]


def _node(place: Place) -> list[Line]:
    return [
        Note("read when node starts, so set it before; a program cannot set it for itself"),
        Variable("NODE_EXTRA_CA_CERTS", str(place.ca_file), trust=True),
        *_managed_identity(place),
        Note("    new RecoveryServicesBackupClient("),
        Note("      new DefaultAzureCredential(), process.env.AZURE_SUBSCRIPTION_ID,"),
        Note("      { endpoint: process.env.RSVAULT_HTTPS_URL })"),
    ]


CLIENTS: Mapping[str, Callable[[Place], list[Line]]] = {
    "az": _az,
    "terraform": _terraform,
    "azapi": _azapi,
    "ansible": _ansible,
    "python": _python,
    "node": _node,
}
_TITLES: Mapping[str, str] = {
    "az": "the Azure command line",
    "terraform": "the provider azurerm",
    "azapi": "the Terraform provider azapi",
    "ansible": "the collection azure.azcollection",
    "python": "Microsoft's SDKs for Python",
    "node": "Microsoft's SDKs for JavaScript",
}


# --- proxies of the environment -----------------------------------------------------------


def host_of(url: str) -> str:
    """Return the host of a URL, in lower case."""
    return (urlsplit(url).hostname or "").lower()


def proxied(environment: Mapping[str, str], url: str) -> str | None:
    """Return the variable whose proxy a client would ask for a URL, or ``None``."""
    names = (f"{urlsplit(url).scheme}_proxy", "all_proxy")
    spelled = [each for name in names for each in (name, name.upper())]
    found = next((name for name in spelled if environment.get(name)), None)
    return None if found is None or _is_excepted(environment, host_of(url)) else found


def no_proxy(environment: Mapping[str, str], hosts: list[str]) -> str:
    """Return NO_PROXY with hosts added to what it holds already."""
    kept = _exceptions(environment)
    return ",".join([*kept, *(host for host in dict.fromkeys(hosts) if host not in kept)])


def past_proxies(environment: Mapping[str, str], urls: Iterable[str]) -> dict[str, str]:
    """Return the variables that keep an environment's proxy, if it has one, from URLs."""
    urls = list(urls)
    if not any(proxied(environment, url) for url in urls):
        return {}
    excepted = no_proxy(environment, [host_of(url) for url in urls])
    return {"NO_PROXY": excepted, "no_proxy": excepted}


def _exceptions(environment: Mapping[str, str]) -> list[str]:
    text = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    return [each.strip() for each in text.split(",") if each.strip()]


def _is_excepted(environment: Mapping[str, str], host: str) -> bool:
    for each in _exceptions(environment):
        name = each.lower().partition(":")[0].removeprefix("*").removeprefix(".")
        if each == "*" or host == name or (name and host.endswith(f".{name}")):
            return True
    return False
