"""Each key about who comes reaches the limit that it names (SPEC 4, 5)."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from gateway.core.register import Role
from gateway.doors import sftp_limits_of, smtp_limits_of
from gateway.inbound.sftp.door import SftpLimits
from gateway.inbound.sftp.means import Shares
from gateway.inbound.smtp.desk import SmtpLimits
from gateway.sample import set_keys
from gateway.settings import read_settings

KEYS = {  # limit -> the key that sets it
    **{field.name: ("smtp", field.name) for field in dataclasses.fields(SmtpLimits)},
    "max_header_bytes": ("message", "max_header_bytes"),
    "max_headers": ("message", "max_headers"),
    "max_auth_failures_per_address": ("guessing", "max_failures_per_address"),
    "auth_window_seconds": ("guessing", "window_seconds"),
    "keep_free_bytes": ("storage", "keep_free_bytes"),
}
SEVERAL = ("shares", "require_by_role")  # of more than one key each
SFTP_KEYS = {  # limit -> the key of [sftp] that sets it, where that is not max_ and the limit
    **{field.name: f"max_{field.name}" for field in dataclasses.fields(SftpLimits) if field.name not in SEVERAL},
    "outstanding": "max_outstanding_requests",
    **{name: name for name in ("login_seconds", "idle_seconds", "keepalive_seconds", "require")},
}
SHARES_KEYS = {
    "recalls_a_minute": ("sftp", "max_recalls_per_minute"),
    "unfinished": ("sftp", "max_unfinished"),
    "keep_free_bytes": ("storage", "keep_free_bytes"),
}
SHIPPED = Path(__file__).parents[1] / "gateway.toml"


@pytest.mark.parametrize("limit", KEYS)
def test_each_limit_of_the_email_door_has_its_key(limit: str, tmp_path: Path) -> None:
    value: Any = {"bare_newlines": "normalise", "device_starttls": True}.get(limit, 77)
    file = tmp_path / "gateway.toml"
    file.write_text(set_keys(SHIPPED.read_text(encoding="utf-8"), {KEYS[limit]: value}), encoding="utf-8")
    before, after = smtp_limits_of(read_settings(SHIPPED)), smtp_limits_of(read_settings(file))
    assert getattr(before, limit) != value
    assert after == dataclasses.replace(before, **{limit: value})


@pytest.mark.parametrize("limit", SFTP_KEYS)
def test_each_limit_of_the_sftp_door_has_its_key(limit: str, tmp_path: Path) -> None:
    value: Any = {"require": (("publickey", "password"),), "outstanding_bytes": 262_177}.get(limit, 77)
    before, after = _sftp_before_and_after(tmp_path, ("sftp", SFTP_KEYS[limit]), value)
    assert getattr(before, limit) != value
    assert after == dataclasses.replace(before, **{limit: value})


@pytest.mark.parametrize("role", [Role.HEAD, Role.STAFF, Role.OFFICER])
def test_what_is_asked_of_each_role_has_its_key(role: Role, tmp_path: Path) -> None:
    both: Any = (("publickey", "password"),)
    before, after = _sftp_before_and_after(tmp_path, ("sftp", f"require_{role}"), both)
    assert after == dataclasses.replace(before, require_by_role={**before.require_by_role, role: both})
    assert before != after


def test_each_share_of_a_person_has_its_key(tmp_path: Path) -> None:
    assert set(SHARES_KEYS) == {field.name for field in dataclasses.fields(Shares)}
    for share, key in SHARES_KEYS.items():
        before, after = _sftp_before_and_after(tmp_path, key, 77)
        assert getattr(before.shares, share) != 77
        assert after == dataclasses.replace(before, shares=dataclasses.replace(before.shares, **{share: 77}))


def _sftp_before_and_after(folder: Path, key: tuple[str, str], value: Any) -> tuple[SftpLimits, SftpLimits]:
    file = folder / "gateway.toml"
    written = [list(methods) for methods in value] if isinstance(value, tuple) else value
    file.write_text(set_keys(SHIPPED.read_text(encoding="utf-8"), {key: written}), encoding="utf-8")
    return sftp_limits_of(read_settings(SHIPPED)), sftp_limits_of(read_settings(file))
