"""Where alerts go once they are raised or resolved.

``engine/alerts.py`` calls ``route`` in the transaction that raises or resolves them, after their
rows are written; a cohort's alerts come in one call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row

from .rules import Rules


def route(connection: Connection, rules: Rules, alerts: Sequence[Row[Any]], now: int) -> None:
    """Send on alerts that were just raised (Fired) or resolved (Resolved), oldest first.

    The rows are those of ``store/alert_tables.py``. ``now`` is up to when the world is settled;
    when each alert changed is its ``changed_at``, whatever the span it was crossed in. Nobody
    listens yet, so nothing is inserted.
    """
