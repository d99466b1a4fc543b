"""Each key about senders reaches the limit that it names (SPEC 4)."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from gateway.doors import smtp_limits_of
from gateway.inbound.smtp.desk import SmtpLimits
from gateway.sample import set_keys
from gateway.settings import read_settings

KEYS = {  # limit -> the key that sets it
    **{field.name: ("smtp", field.name) for field in dataclasses.fields(SmtpLimits)},
    "max_header_bytes": ("message", "max_header_bytes"),
    "max_auth_failures_per_address": ("guessing", "max_failures_per_address"),
    "auth_window_seconds": ("guessing", "window_seconds"),
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
