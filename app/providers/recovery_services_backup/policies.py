"""Backup policies: create, get, list and delete (azure-cli-wire 4.4, terraform-wire 2.3)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import Row, bindparam, delete, func, insert, select, update

from ...arm import filters
from ...arm.bodies import Body, demands
from ...arm.calls import Answer, Call, endpoint
from ...arm.paging import after, page, row_limit
from ...arm.words import Whole
from ...domain import ids, policy_documents
from ...domain.documents import Document
from ...domain.errors import invalid, invalid_policy_input, not_emulated
from ...domain.jobs import Operation
from ...domain.policies import read
from ...domain.policy_documents import DEFAULT_POLICIES, default_policies
from ...domain.resource_ids import VAULT_TYPE
from ...domain.retention_rules import MONTHS, WEEKDAYS, WEEKS
from ...domain.schedule_documents import INTERVALS
from ...engine import jobs, protection
from ...store import room
from ...store.statements import Statement
from ...store.tables import items, policies
from ...store.vaults import find_policy, get_policy
from . import vocabulary
from .paths import VAULT, vault_of

TAG = "Backup policies"
POLICIES = f"{VAULT}/backupPolicies"
POLICY = f"{POLICIES}/{{policyName}}"
POLICY_TYPE = f"{VAULT_TYPE}/backupPolicies"
POLICY_KINDS = ("AzureIaasVM", "AzureWorkload", "AzureStorage", "MAB", "DPM")


# Azure Backup has one code for almost every wrong policy, so words and ranges are checked in the
# domain; here they only stand in the schemas.


def _one_of(*words: str) -> Any:
    return Field(None, examples=[words[0]], json_schema_extra={"enum": list(words)})


RunTimes = Annotated[
    list[Annotated[str, Field(json_schema_extra={"format": "date-time"})]] | None,
    Field(
        examples=[["2026-01-01T22:00:00Z"]],
        description="On the hour or the half hour",
        json_schema_extra={"minItems": 1, "maxItems": 1},
    ),
]


def _several_of(*words: str) -> Any:
    return Field(
        None,
        examples=[[words[0]]],
        json_schema_extra={"minItems": 1, "items": {"type": "string", "enum": list(words)}},
    )


class RetentionDuration(Body):
    """A length of retention: 7 to 9999 days, 1 to 5163 weeks, 1188 months or 99 years."""

    model_config = demands("count", "durationType")

    count: Whole | None = Field(
        None, examples=[30], json_schema_extra={"minimum": 1, "maximum": 9999}
    )
    duration_type: str | None = _one_of("Days", "Weeks", "Months", "Years")


class RetentionSchedule(Body):
    """How long the points of one category are kept."""

    model_config = demands("retentionTimes", "retentionDuration")

    retention_times: RunTimes = None
    retention_duration: RetentionDuration | None = None


class WeeklyRetentionSchedule(RetentionSchedule):
    """Which days' points are kept as weekly ones, and how long."""

    model_config = demands("daysOfTheWeek", "retentionTimes", "retentionDuration")

    days_of_the_week: list[str] | None = _several_of(*WEEKDAYS)


class Day(Body):
    """A day of the month: a date from 1 to 28, or the last one."""

    date: Whole | None = Field(None, examples=[1], json_schema_extra={"maximum": 28})
    is_last: bool | None = Field(None, examples=[False])


class DailyRetentionFormat(Body):
    """Days by their number in the month."""

    model_config = demands("daysOfTheMonth")

    days_of_the_month: list[Day] | None = None


class WeeklyRetentionFormat(Body):
    """Days by weekday and week of the month."""

    model_config = demands("daysOfTheWeek", "weeksOfTheMonth")

    days_of_the_week: list[str] | None = _several_of(*WEEKDAYS)
    weeks_of_the_month: list[str] | None = _several_of(*WEEKS)


class MonthlyRetentionSchedule(RetentionSchedule):
    """Which days' points are kept as monthly ones, and how long."""

    model_config = demands("retentionScheduleFormatType", "retentionTimes", "retentionDuration")

    retention_schedule_format_type: str | None = _one_of("Weekly", "Daily")
    retention_schedule_daily: DailyRetentionFormat | None = None
    retention_schedule_weekly: WeeklyRetentionFormat | None = None


class YearlyRetentionSchedule(MonthlyRetentionSchedule):
    """Which days' points are kept as yearly ones, and how long."""

    months_of_year: list[str] | None = _several_of(*MONTHS)


class RetentionPolicy(Body):
    """How long recovery points are kept in the vault: daily of daily schedules, weekly of weekly.

    The rest is added as one likes; the longest rule that a point falls under governs it.
    """

    model_config = demands("retentionPolicyType")

    retention_policy_type: str | None = _one_of("LongTermRetentionPolicy")
    daily_schedule: RetentionSchedule | None = None
    weekly_schedule: WeeklyRetentionSchedule | None = None
    monthly_schedule: MonthlyRetentionSchedule | None = None
    yearly_schedule: YearlyRetentionSchedule | None = None


class HourlySchedule(Body):
    """Backups at an interval (hours) from the start of a window on, for some hours."""

    model_config = demands("interval", "scheduleWindowStartTime", "scheduleWindowDuration")

    interval: Whole | None = Field(None, examples=[4], json_schema_extra={"enum": list(INTERVALS)})
    schedule_window_start_time: str | None = Field(
        None, examples=["2026-01-01T08:00:00Z"], json_schema_extra={"format": "date-time"}
    )
    schedule_window_duration: Whole | None = Field(
        None, examples=[12], json_schema_extra={"minimum": 4, "maximum": 24}
    )


class DailySchedule(Body):
    """Backups once a day."""

    model_config = demands("scheduleRunTimes")

    schedule_run_times: RunTimes = None


class WeeklySchedule(Body):
    """Backups once on some days of the week."""

    model_config = demands("scheduleRunDays", "scheduleRunTimes")

    schedule_run_days: list[str] | None = _several_of(*WEEKDAYS)
    schedule_run_times: RunTimes = None


class SchedulePolicy(Body):
    """When backups run: every so many hours, once a day, or on some days of the week.

    A Standard policy has run times and days, an Enhanced one the part of its frequency.
    """

    model_config = demands("schedulePolicyType", "scheduleRunFrequency")

    schedule_policy_type: str | None = _one_of("SimpleSchedulePolicy", "SimpleSchedulePolicyV2")
    schedule_run_frequency: str | None = _one_of("Daily", "Weekly", "Hourly")
    schedule_run_days: list[str] | None = Field(
        None, description="Of weekly schedules", examples=[["Sunday"]]
    )
    schedule_run_times: RunTimes = None
    schedule_weekly_frequency: Whole | None = None
    hourly_schedule: HourlySchedule | None = None
    daily_schedule: DailySchedule | None = None
    weekly_schedule: WeeklySchedule | None = None


class TieringPolicy(Body):
    """When points move to the archive; it is kept as data."""

    model_config = demands("tieringMode")

    tiering_mode: str | None = _one_of("DoNotTier", "TierRecommended", "TierAfter")
    duration: Whole | None = Field(None, description="Of TierAfter", examples=[0])
    duration_type: str | None = _one_of("Invalid", "Days", "Weeks", "Months", "Years")


class InstantRPDetails(Body):
    """How the resource group of the snapshots is named."""

    azure_backup_rg_name_prefix: str | None = Field(
        None,
        alias="azureBackupRGNamePrefix",
        max_length=400,
        description="What stands before the number of the group; at most 74 with the suffix",
    )
    azure_backup_rg_name_suffix: str | None = Field(
        None,
        alias="azureBackupRGNameSuffix",
        max_length=400,
        description="What stands after the number of the group; only with a prefix",
    )


class PolicyProperties(Body):
    """What a policy says."""

    model_config = demands("backupManagementType", "schedulePolicy", "retentionPolicy")

    backup_management_type: str = Field(
        examples=["AzureIaasVM"], json_schema_extra={"enum": ["AzureIaasVM"]}
    )
    policy_type: str | None = _one_of("V1", "V2")
    schedule_policy: SchedulePolicy | None = None
    retention_policy: RetentionPolicy | None = None
    instant_rp_retention_range_in_days: Whole | None = Field(
        None,
        examples=[2],
        description="1 to 5 of a daily Standard schedule, 5 of a weekly one, 1 to 17 of an "
        "Enhanced one every 4 hours, 1 to 22 every 6, else 1 to 30",
        json_schema_extra={"minimum": 1, "maximum": 30},
    )
    instant_rp_details: InstantRPDetails | None = Field(None, alias="instantRPDetails")
    instant_access_snapshot_enabled: bool | None = Field(None, examples=[False])
    snapshot_consistency_type: str | None = Field(
        None,
        description="Of policyType V2 only",
        json_schema_extra={"enum": ["OnlyCrashConsistent"]},
    )
    tiering_policy: dict[str, TieringPolicy | None] | None = Field(
        None, description="The only tier is ArchivedRP", examples=[{}]
    )
    time_zone: str | None = Field(None, description="A Windows name", examples=["UTC"])


class PolicyBody(Body):
    """A policy to create or to replace."""

    EXAMPLE = {
        "properties": {
            "backupManagementType": "AzureIaasVM",
            "schedulePolicy": {
                "schedulePolicyType": "SimpleSchedulePolicy",
                "scheduleRunFrequency": "Daily",
                "scheduleRunTimes": ["2026-01-01T22:00:00Z"],
            },
            "retentionPolicy": {
                "retentionPolicyType": "LongTermRetentionPolicy",
                "dailySchedule": {
                    "retentionTimes": ["2026-01-01T22:00:00Z"],
                    "retentionDuration": {"count": 30, "durationType": "Days"},
                },
            },
            "instantRpRetentionRangeInDays": 2,
            # So that the snapshots of the examples are in group-1, where their restore points
            # are looked for.
            "instantRPDetails": {"azureBackupRGNamePrefix": "group-"},
            "timeZone": "UTC",
        }
    }

    properties: PolicyProperties


@endpoint("PUT", POLICY, "ProtectionPolicies_CreateOrUpdate", tag=TAG, body=PolicyBody)
def create_or_update(call: Call, body: PolicyBody) -> Answer:
    """Create a policy, or edit one: the edit reaches every item under it and their points."""
    vault = vault_of(call)
    name = call.path["policyName"]
    stored = find_policy(call.connection, vault.key, name)
    document = document_of(name, body, stored.document if stored else None, call.now)
    if stored is None:
        room.for_policy(call.connection, call.rules.limits, vault)
        _note_change(call, vault)
        _insert(call, vault, name, document)
    elif stored.document != document:
        _note_change(call, vault)
        _edit(call, stored, document)
    return _show(call, vault, name)


def _note_change(call: Call, vault: Row[Any]) -> None:
    """Count a policy that is created or edited. Raises ``Refused`` if there were too many."""
    room.for_policy_change(call.connection, call.rules.limits, vault, call.now)
    room.note_policy_change(call.connection, vault, call.now)


def document_of(name: str, body: PolicyBody, stored: Document | None, now: int) -> Document:
    """Return what a PUT of a policy stores in place of ``stored``. Raises ``Refused``."""
    policy_documents.check_name(name)
    sent = body.properties.wire()
    kind = sent["backupManagementType"]
    if kind.lower() != "azureiaasvm":
        known = next((word for word in POLICY_KINDS if word.lower() == kind.lower()), None)
        if known is not None:
            raise not_emulated("properties.backupManagementType", f"{known} policies")
        raise policy_documents.unknown_management_type(kind)
    if stored is not None and read(stored) is None:
        raise invalid_policy_input(
            "properties.backupManagementType",
            f"'{name}' is an {stored['backupManagementType']} policy and stays one; send another "
            "policy name",
        )
    return policy_documents.vm_policy(sent, stored, now)


def _insert(call: Call, vault: Row[Any], name: str, document: dict[str, Any]) -> None:
    call.connection.execute(
        insert(policies).values(
            key=ids.key(call.rules.seed, "policy", vault.key, name.lower()),
            vault_key=vault.key,
            folded_name=name.lower(),
            name=name,
            document=document,
            changed_at=call.now,
        )
    )


def _edit(call: Call, stored: Row[Any], document: dict[str, Any]) -> None:
    call.connection.execute(
        update(policies)
        .where(policies.c.key == stored.key)
        .values(document=document, changed_at=call.now)
    )
    policy = read(document)
    assert policy is not None, "what is not run is not edited"
    protection.edit_policy(call.connection, call.rules, stored.key, policy, call.now)
    jobs.start_under(
        call.connection,
        call.rules,
        stored,
        Operation.CONFIGURE_BACKUP,
        call.now,
        activity_id=call.client_request_id,
        detail={"policy_name": stored.name},
    )


@endpoint("GET", POLICY, "ProtectionPolicies_Get", tag=TAG)
def get(call: Call) -> Answer:
    """Show a policy."""
    vault = vault_of(call)
    return _show(call, vault, _name(call))


def _show(call: Call, vault: Row[Any], name: str) -> Answer:
    policy = get_policy(call.connection, vault, name)
    shown = render(vault, policy, _count(call, policy.key))
    return Answer(body=shown, content=policy.document)  # who uses a policy does not change it


@endpoint("DELETE", POLICY, "ProtectionPolicies_Delete", tag=TAG, statuses=(200, 204))
def remove(call: Call) -> Answer:
    """Delete a policy that no item uses; the three default ones come back as they were born."""
    vault = vault_of(call)
    stored = find_policy(call.connection, vault.key, _name(call))
    if stored is None:
        return Answer(204)
    used = _count(call, stored.key)
    if used:
        raise invalid(
            "BMSUserErrorPolicyInUse",
            f"policyName: '{stored.name}' protects {used} item(s); move them to another policy or "
            "stop their protection, then delete it.",
            target="policyName",
        )
    call.connection.execute(delete(policies).where(policies.c.key == stored.key))
    if stored.name in DEFAULT_POLICIES:
        born = default_policies(call.rules.seed, vault.key, call.now)[stored.name]
        _insert(call, vault, stored.name, born)
    return Answer(200)


@endpoint("GET", POLICIES, "BackupPolicies_List", tag=TAG, query=("$filter", "$skipToken", "$top"))
def list_(call: Call) -> Answer:
    """List a vault's policies."""
    vault = vault_of(call)
    terms = filters.read(
        call.query.get("$filter"), ("backupManagementType", "workloadType", "fabricName")
    )
    kind = filters.one_of(terms, "backupManagementType", vocabulary.MANAGEMENT_TYPES)
    workload = filters.one_of(terms, "workloadType", vocabulary.WORKLOADS)
    filters.one_of(terms, "fabricName", vocabulary.FABRICS)
    start = after(call, str)
    found = select(policies).where(policies.c.vault_key == vault.key)
    if start is not None:
        found = found.where(policies.c.folded_name > start[0])
    rows = [
        row
        for row in call.connection.execute(found.order_by(policies.c.folded_name)).all()
        if _matches(row, kind, workload)
    ]
    counts = _counts(call, vault)
    return page(
        call,
        rows[: row_limit(call)],
        lambda row: render(vault, row, counts.get(row.key, 0)),
        lambda row: [row.folded_name],
    )


def _matches(policy: Row[Any], kind: str | None, workload: str | None) -> bool:
    document = policy.document
    if kind is not None and document["backupManagementType"] != kind:
        return False
    shown = document.get("workLoadType", "VM")
    return workload is None or shown.lower() == workload.lower()


def render(vault: Row[Any], policy: Row[Any], count: int) -> dict[str, Any]:
    """Return a policy as the wire shows it; the CLI needs the count of items to be a number."""
    return {
        "id": f"{vault.id}/backupPolicies/{policy.name}",
        "name": policy.name,
        "type": POLICY_TYPE,
        "properties": policy.document | {"protectedItemsCount": count},
    }


_COUNT = Statement(
    select(func.count()).select_from(items).where(items.c.policy_key == bindparam("policy"))
)


def _count(call: Call, policy_key: int) -> int:
    count: int = _COUNT.run(call.connection, policy=policy_key).fetchone()[0]
    return count


def _counts(call: Call, vault: Row[Any]) -> dict[int | None, int]:
    """Return how many items each policy of a vault has, in one query."""
    rows = call.connection.execute(
        select(items.c.policy_key, func.count())
        .where(items.c.vault_key == vault.key)
        .group_by(items.c.policy_key)
    ).all()
    return {key: count for key, count in rows}  # noqa: C416 - a dict of rows is not typed


def _name(call: Call) -> str:
    return call.path["policyName"]


ENDPOINTS = (create_or_update, get, remove, list_)
