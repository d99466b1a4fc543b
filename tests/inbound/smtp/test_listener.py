"""Where the email door listens: a place that can't be had is told by the key that names it (SPEC 11)."""

import os
import socket
import stat
from types import SimpleNamespace
from typing import cast

import pytest

from gateway.core.endpoint import Address
from gateway.errors import ConfigError
from gateway.inbound.smtp.desk import Desk, Entrance
from gateway.inbound.smtp.listener import Listening, SmtpListeners
from tests.fakes import ManualClock
from tests.inbound.smtp.house import house


def _desk() -> Desk:
    return cast(Desk, SimpleNamespace(tls=None, limits=None))  # nobody connects


@pytest.mark.parametrize(
    ("entrance", "key"),
    [
        ("smtp", "[smtp] listen"),
        ("smtps", "[smtp] listen_tls"),
        ("relay", "[[smtp.relay]] listen"),
        ("lmtp", "[lmtp] listen"),
    ],
)
async def test_a_place_that_is_taken_is_told_by_its_key(entrance: str, key: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = Address("127.0.0.1", taken.getsockname()[1])
        listeners = SmtpListeners(listens=[Listening(place, Entrance(entrance))], desks=_desk, clock=ManualClock())
        with pytest.raises(ConfigError) as refused:
            await listeners.open()
        await listeners.close(grace=0)
    assert f"{key}: can't listen on {place}" in str(refused.value)


async def test_a_socket_is_for_its_user_and_the_group_of_its_folder(tmp_path):
    async with house(lmtp=str(tmp_path / "lmtp")):
        assert stat.S_IMODE(os.stat(tmp_path / "lmtp").st_mode) == 0o660
