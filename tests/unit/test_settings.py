"""Settings are checked when they are made, and a refusal says what would have been right."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from app.settings import Settings, default_home


def test_the_defaults_are_valid_and_listen_on_loopback_only() -> None:
    settings = Settings()
    assert settings.host == "127.0.0.1"
    assert (settings.port, settings.https_port) == (8080, 8443)
    assert settings.database == "memory"


def test_settings_cannot_be_changed_afterwards() -> None:
    settings = Settings()
    with pytest.raises(FrozenInstanceError):
        settings.port = 1  # type: ignore[misc]


def test_both_ports_may_be_picked_by_the_system() -> None:
    settings = Settings(port=0, https_port=0)
    assert (settings.port, settings.https_port) == (0, 0)


def test_https_can_be_left_out() -> None:
    assert Settings(https_port=None).https_port is None


def test_the_home_folder_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RSVAULT_HOME", "/somewhere/else")
    assert Settings().home == Path("/somewhere/else")


def test_the_home_folder_is_the_users_when_the_environment_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("RSVAULT_HOME", raising=False)
    assert default_home() == Path.home() / ".rsvault"


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [
        ("port", 65_536, "from 0 to 65535"),
        ("port", -1, "from 0 to 65535"),
        ("port", True, "from 0 to 65535"),
        ("https_port", 70_000, "from 0 to 65535"),
        ("clock_mode", "fast", "live, scaled, frozen"),
        ("skip_on_wait", "always", "polls=N with N from 1 to 99"),
        ("soft_delete", "off", "always-on, enabled, disabled"),
        ("recovery_point_visibility", "archive", "snapshot, vault"),
        ("limits", "none", "on, off"),
        ("webhook_timeout", 0, "from 1 to 600"),
        ("log_level", "loud", "debug, info, warning, error, critical"),
        ("clock_rate", 0, "from 1 to"),
        ("seed", -1, "from 0 to"),
        ("retry_after", 0, "from 1 to"),
        ("expiry_sweep_hours", 5, "1, 2, 3, 4, 6, 8, 12, 24"),
        ("expiry_sweep_hours", 0, "1, 2, 3, 4, 6, 8, 12, 24"),
        ("expiry_sweep_hours", 48, "1, 2, 3, 4, 6, 8, 12, 24"),
        ("start_jitter_minutes", 121, "from 0 to 120"),
        ("replication_lag_hours", 169, "from 0 to 168"),
        ("cross_region_delay_hours", -1, "from 0 to 168"),
        ("host", "", "not empty"),
        ("database", "", "not empty"),
        ("database", "world.db", "sqlite:///world.db"),
    ],
)
def test_a_wrong_value_is_refused_with_its_option_and_what_is_allowed(
    option: str, value: Any, allowed: str
) -> None:
    with pytest.raises(ValueError, match="cannot be") as refusal:
        Settings(**{option: value})
    assert option.replace("_", "-") in str(refusal.value)
    assert str(value) in str(refusal.value)
    assert allowed in str(refusal.value)


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ({"vms-per-vaults": 5}, "limit cannot be 'vms-per-vaults': it must be vms-per-vault,"),
        ({"backups": 5}, "limit cannot be 'backups': it must be backups-per-day,"),
        ({"": 5}, "limit cannot be '': it must be "),
        ({"backups-per-day": 0}, "limit cannot be 'backups-per-day=0': it must be .*=off, or a"),
        ({"backups-per-day": True}, "limit cannot be 'backups-per-day=True'"),
        ({"backups-per-day": 2**40}, "from 1 to 1000000000"),
    ],
)
def test_a_wrong_limit_is_refused_with_the_nearest_right_one(limit: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Settings(limit=limit)


@pytest.mark.parametrize("key", ["whsec_swordfish", "c3dvcmRmaXNo", "whsec_c3dvcmRmaXNo", "whsec_"])
def test_a_wrong_webhook_key_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(ValueError, match="24 to 64 bytes") as told:
        Settings(webhook_key=key)
    assert str(told.value).startswith("webhook-key cannot be '...'")
    assert "c3dvcmRmaXNo" not in repr(Settings(webhook_key="whsec_" + "c3dvcmRmaXNo" * 3))


@pytest.mark.parametrize("waits", [(5.0, -1.0), (float("nan"),), (3601.0,), (1.0,) * 21])
def test_wrong_waits_are_refused(waits: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="at most 20 numbers of seconds from 0 to 3600"):
        Settings(webhook_waits=waits)
    assert Settings(webhook_waits=()).webhook_waits == ()


def test_a_host_name_with_a_path_is_refused() -> None:
    with pytest.raises(ValueError, match="hostname cannot be 'https://vault'"):
        Settings(hostnames=("https://vault",))


def test_one_port_cannot_serve_both_protocols() -> None:
    with pytest.raises(ValueError, match="https-port cannot be '8080'"):
        Settings(port=8080, https_port=8080)


def test_only_a_scaled_clock_has_a_rate() -> None:
    assert Settings(clock_mode="scaled", clock_rate=60).clock_rate == 60
    with pytest.raises(ValueError, match="clock-rate cannot be '60'"):
        Settings(clock_mode="live", clock_rate=60)


@pytest.mark.parametrize(
    "start",
    [
        datetime(2030, 1, 1),  # noqa: DTZ001 - naive on purpose
        datetime(2030, 1, 1, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_a_start_time_is_in_utc(start: datetime) -> None:
    with pytest.raises(ValueError, match="start-time"):
        Settings(start_time=start)


def test_a_start_time_in_utc_is_taken_as_it_is() -> None:
    start = datetime(2030, 1, 1, tzinfo=UTC)
    assert Settings(start_time=start).start_time == start


def test_every_setting_is_described_in_the_source() -> None:
    source = Path("app/settings.py").read_text(encoding="utf-8").splitlines()
    for setting in fields(Settings):
        line = next(i for i, text in enumerate(source) if text.startswith(f"    {setting.name}: "))
        assert source[line + 1].strip().startswith('"""'), setting.name


@pytest.mark.parametrize(
    "wrong", [{"auth": "roles"}, {"auth_admins": ("x",)}, {"auth": "rbac", "auth_admins": (" ",)}]
)
def test_who_may_do_what_is_one_of_two_and_administrators_have_names(wrong: Any) -> None:
    with pytest.raises(ValueError, match="auth"):
        Settings(**wrong)
