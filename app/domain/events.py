"""What happens in a world that somebody may want to hear of: the kinds of events, and their order.

Of events at one instant that comes first whose kind stands first here, so that the same life is
always told the same way.
"""

from __future__ import annotations

from collections.abc import Mapping


class EventKind:
    """What an event says has happened."""

    WORLD_RESET = "world.reset"
    WORLD_RESTORED = "world.restored"
    JOB_STARTED = "job.started"
    SNAPSHOT_TAKEN = "job.snapshot_taken"
    POINT_CREATED = "recovery_point.created"
    POINT_VAULTED = "recovery_point.vaulted"
    POINT_ARCHIVED = "recovery_point.archived"
    POINT_REHYDRATED = "recovery_point.rehydrated"
    JOB_COMPLETED = "job.completed"
    JOB_COMPLETED_WITH_WARNINGS = "job.completed_with_warnings"
    JOB_FAILED = "job.failed"
    JOB_CANCELLED = "job.cancelled"
    POINT_SOFT_DELETED = "recovery_point.soft_deleted"
    POINT_UNDELETED = "recovery_point.undeleted"
    POINT_EXPIRED = "recovery_point.expired"
    SNAPSHOT_EXPIRED = "recovery_point.snapshot_expired"
    POINT_DELETED = "recovery_point.deleted"
    ALERT_FIRED = "alert.fired"
    ALERT_RESOLVED = "alert.resolved"


TOLD: Mapping[str, str] = {
    EventKind.WORLD_RESET: "The world, or one subscription of it, was emptied.",
    EventKind.WORLD_RESTORED: "A saved world, or one subscription of it, was restored or seeded.",
    EventKind.JOB_STARTED: "A job has begun.",
    EventKind.SNAPSHOT_TAKEN: "The first phase of a backup, Take Snapshot, is over.",
    EventKind.POINT_CREATED: "A recovery point is there, in the tier of `status`.",
    EventKind.POINT_VAULTED: "A recovery point is in the vault tier.",
    EventKind.POINT_ARCHIVED: "A recovery point was moved to the archive tier.",
    EventKind.POINT_REHYDRATED: "A recovery point of the archive is back for some days.",
    EventKind.JOB_COMPLETED: "A job has completed.",
    EventKind.JOB_COMPLETED_WITH_WARNINGS: "A job has completed with warnings.",
    EventKind.JOB_FAILED: "A job has failed, for the reason of `errorCode`.",
    EventKind.JOB_CANCELLED: "A job was cancelled.",
    EventKind.POINT_SOFT_DELETED: "A recovery point was soft-deleted, alone or with its item.",
    EventKind.POINT_UNDELETED: "A recovery point came back with its item.",
    EventKind.POINT_EXPIRED: "A recovery point was deleted: its retention is over.",
    EventKind.SNAPSHOT_EXPIRED: "A recovery point left the snapshot tier; its vault tier stays.",
    EventKind.POINT_DELETED: "A recovery point was deleted for good with its item.",
    EventKind.ALERT_FIRED: "An alert was raised; `alert` is the name of its rule.",
    EventKind.ALERT_RESOLVED: "What an alert was raised for is over.",
}
"""The kinds, in the order in which they are told of one instant, and what each says."""

KINDS = tuple(TOLD)
MOST_KEPT = 1_000_000
USUALLY_KEPT = 10_000
"""How many of the latest events are kept where nobody says."""
