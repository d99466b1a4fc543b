"""The door itself: who gets a session, by what, and how many (SPEC 5, 9; FIELD-NOTES B.1, B.2)."""

import asyncio
import shutil
from dataclasses import replace

import asyncssh
import pytest
from asyncssh.constants import MSG_IGNORE

from gateway.core.register import AccountState
from gateway.errors import ConfigError
from gateway.inbound.sftp.server import CIPHERS, read_host_key
from gateway.store.ledger import open_ledger
from tests.inbound.sftp.live import PASSWORD, WRONG, door_in, eventually
from tests.inbound.sftp.person import GOOD, JONAS, NADIA, PDF, RUTH, SAMIR, YUSUF

needs_openssh = pytest.mark.skipif(not shutil.which("ssh"), reason="OpenSSH's client is not installed")


async def comes_in(door, username, **options):
    """Return None when a person gets a portal, else the kind of the refusal."""
    try:
        async with door.connect(username, **options) as connection, connection.start_sftp_client() as client:
            await client.listdir(".")
    except (asyncssh.Error, OSError) as refusal:
        return type(refusal)
    return None


# ---- Who comes in ----


async def test_a_key_opens(door):
    assert await comes_in(door, SAMIR) is None


async def test_a_password_opens(door):
    await door.give_password(SAMIR)
    assert await comes_in(door, SAMIR, password=PASSWORD) is None


async def test_who_came_in_and_how_is_recorded(door):
    async with door.connect(SAMIR):
        await eventually(lambda: _came_in(door, SAMIR))


async def _came_in(door, username):
    return username in await door.scene.house.ledger.logins()


@pytest.mark.parametrize("username", [SAMIR, "nobody.at.all", "root", "", "x" * 200])
async def test_a_wrong_password_and_no_such_account_look_the_same(door, username):
    await door.give_password(SAMIR)
    assert await comes_in(door, username or "-", password=WRONG, client_keys=None) is asyncssh.PermissionDenied


async def test_another_persons_key_opens_nothing(door):
    await door.key_of(RUTH)
    assert await comes_in(door, SAMIR, client_keys=[door.keys[RUTH]]) is asyncssh.PermissionDenied


async def test_a_key_that_was_taken_away_opens_nothing(door):
    await door.key_of(SAMIR)
    await door.scene.set_account(SAMIR, keys=())
    assert await comes_in(door, SAMIR, client_keys=[door.keys[SAMIR]]) is asyncssh.PermissionDenied


@pytest.mark.parametrize("state", [s for s in AccountState if s is not AccountState.ACTIVE])
@pytest.mark.parametrize("by", ["key", "password"])
async def test_only_an_active_account_comes_in(door, state, by):
    await door.give_password(SAMIR)
    await door.key_of(SAMIR)
    await door.scene.set_account(SAMIR, state=state)
    options = {"client_keys": [door.keys[SAMIR]]} if by == "key" else {"password": PASSWORD, "client_keys": None}
    assert await comes_in(door, SAMIR, **options) is not None


@needs_openssh
async def test_that_an_account_is_suspended_is_said_after_the_right_key(door):
    await door.key_of(SAMIR)
    await door.scene.set_account(SAMIR, state=AccountState.SUSPENDED)
    done = await door.sftp(SAMIR, "ls")
    assert done.code != 0
    assert "Your account is suspended" in done.err


async def test_that_an_account_is_suspended_is_not_said_to_a_guesser(door):
    await door.give_password(SAMIR)
    await door.scene.set_account(SAMIR, state=AccountState.SUSPENDED)
    told = []

    class Client(asyncssh.SSHClient):
        def auth_banner_received(self, msg, lang):
            told.append(msg)

    for password in (WRONG, PASSWORD):
        with pytest.raises(asyncssh.Error):
            async with door.connect(SAMIR, password=password, client_keys=None, client_factory=Client):
                pass
        assert bool(told) == (password == PASSWORD)
    assert "suspended" in told[0]


# ---- Both together, where the policy says so ----


@pytest.fixture
async def strict(live_scene):
    """A door that asks for key and password together."""
    async with door_in(live_scene, require=(("publickey", "password"),)) as door:
        await door.give_password(SAMIR)
        await door.key_of(SAMIR)
        yield door


async def test_both_together_open(strict):
    assert await comes_in(strict, SAMIR, password=PASSWORD, client_keys=[strict.keys[SAMIR]]) is None


@pytest.mark.parametrize("offers", ["key", "password", "right key and wrong password", "right password and wrong key"])
async def test_one_of_two_is_not_enough(strict, offers):
    await strict.key_of(RUTH)
    options = {
        "key": {"client_keys": [strict.keys[SAMIR]]},
        "password": {"client_keys": None, "password": PASSWORD},
        "right key and wrong password": {"client_keys": [strict.keys[SAMIR]], "password": WRONG},
        "right password and wrong key": {"client_keys": [strict.keys[RUTH]], "password": PASSWORD},
    }[offers]
    assert await comes_in(strict, SAMIR, **options) is asyncssh.PermissionDenied


@needs_openssh
async def test_openssh_is_told_that_a_password_is_asked_for_too(strict):
    done = await strict.ssh(SAMIR, "-v", f"{SAMIR}@127.0.0.1")
    assert done.code != 0
    assert 'Authenticated using "publickey" with partial success' in done.err
    assert "Permission denied (keyboard-interactive,password)" in done.err


async def test_what_one_account_got_right_counts_for_no_other(strict):
    """A connection that shows its own key, then changes its name, has shown nothing."""
    await strict.give_password(RUTH)

    class Client(asyncssh.SSHClient):
        def connection_made(self, conn):
            self.conn = conn

        def password_auth_requested(self):
            self.conn._username = RUTH  # from here on the client says it is somebody else
            return PASSWORD

    with pytest.raises(asyncssh.PermissionDenied):
        async with strict.connect(SAMIR, client_keys=[strict.keys[SAMIR]], client_factory=Client):
            pass


async def test_a_policy_for_keys_alone_offers_no_password(live_scene):
    async with door_in(live_scene, require=(("publickey",),)) as door:
        await door.give_password(SAMIR)
        assert await comes_in(door, SAMIR, password=PASSWORD, client_keys=None) is asyncssh.PermissionDenied
        assert await comes_in(door, SAMIR) is None


# ---- Guessing ----


async def test_a_connection_has_only_so_many_tries(live_scene):
    async with door_in(live_scene, auth_tries=3) as door:
        tried = []

        class Client(asyncssh.SSHClient):
            def password_auth_requested(self):
                tried.append(WRONG)
                return WRONG

        with pytest.raises(asyncssh.Error):
            async with door.connect(SAMIR, client_keys=None, client_factory=Client):
                pass
        assert len(tried) == 3


async def test_keys_that_open_nothing_count_as_tries(live_scene):
    async with door_in(live_scene, auth_tries=3) as door:
        await door.key_of(SAMIR)
        strangers = [asyncssh.generate_private_key("ssh-ed25519") for _ in range(2)]
        assert await comes_in(door, SAMIR, client_keys=[*strangers, door.keys[SAMIR]]) is None
        strangers.append(asyncssh.generate_private_key("ssh-ed25519"))
        assert await comes_in(door, SAMIR, client_keys=[*strangers, door.keys[SAMIR]]) is not None


async def test_an_account_is_shut_after_too_many_wrong_passwords_also_for_the_right_one(door, scene_guesses):
    await door.give_password(SAMIR)
    for _ in range(scene_guesses):
        assert await comes_in(door, SAMIR, password=WRONG, client_keys=None) is not None
    assert await comes_in(door, SAMIR, password=PASSWORD, client_keys=None) is asyncssh.PermissionDenied
    assert await comes_in(door, SAMIR) is None, "a key can't be guessed"


@pytest.fixture
def scene_guesses(live_scene):
    """Make it three wrong passwords for an account, which are slowed for a second in all."""
    failures = live_scene.house.login._failures
    failures.limits = replace(failures.limits, tries=3)
    return 3


# ---- How many ----


@pytest.mark.parametrize(
    "limits",
    [{"connections": 2}, {"connections_per_address": 2}, {"sessions_per_account": 2}],
    ids=["of all", "of an address", "of an account"],
)
async def test_only_so_many_connections(live_scene, limits):
    async with door_in(live_scene, **limits) as door, door.connect(SAMIR):
        async with door.connect(SAMIR):
            assert await comes_in(door, SAMIR) is not None
        await eventually(lambda: _holds(door, 1))
        assert await comes_in(door, SAMIR) is None


async def _holds(door, number):
    return len(door.door.connections) == number


@pytest.mark.parametrize("limits", [{"logging_in": 3}, {"logging_in_per_address": 3}], ids=["of all", "of an address"])
async def test_only_so_many_connections_before_their_login(live_scene, limits):
    async with door_in(live_scene, **limits) as door, door.connect(SAMIR):  # logged in: it counts no more
        waiting = [await asyncio.open_connection("127.0.0.1", door.port) for _ in range(3)]
        for reader, _ in waiting:
            assert (await reader.readline()).startswith(b"SSH-2.0-")
        assert await comes_in(door, SAMIR) is not None
        for _, writer in waiting:
            writer.close()
            await writer.wait_closed()
        await eventually(lambda: _holds(door, 1))
        assert await comes_in(door, SAMIR) is None


async def test_a_login_has_its_time(live_scene):
    async with door_in(live_scene, login_seconds=0.2) as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        async with asyncio.timeout(5):
            await reader.read()
        writer.close()
        assert not door.door.connections


async def test_a_connection_has_only_so_many_channels(live_scene):
    async with door_in(live_scene, channels=2) as door, door.connect(SAMIR) as connection:
        first, _ = [await connection.start_sftp_client() for _ in range(2)]
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.start_sftp_client()
        first.exit()
        await first.wait_closed()
        await connection.start_sftp_client()


async def test_a_session_has_only_so_many_handles(live_scene):
    async with (
        door_in(live_scene, handles=2) as door,
        door.connect(SAMIR) as connection,
        connection.start_sftp_client() as client,
    ):
        held = [await client.open(f"/Send Files/{n}.part", "wb") for n in range(2)]
        with pytest.raises(asyncssh.SFTPFailure, match="2 files are open"):
            await client.open("/Send Files/3.part", "wb")
        await held[0].close()
        await client.open("/Send Files/3.part", "wb")


# ---- The end ----


@pytest.mark.parametrize("state", [AccountState.REVOKED, AccountState.SUSPENDED])
async def test_revoking_an_account_ends_its_session_and_its_upload_makes_no_file(door, state):
    """By another process, as a command does it."""
    scene = door.scene
    watching = asyncio.create_task(scene.house.directory.run())
    try:
        async with door.connect(SAMIR) as connection, connection.start_sftp_client() as client:
            upload = await client.open(f"/Send Files/{GOOD}", "wb")
            await upload.write(PDF)
            command = await open_ledger(str(scene.folder / "data" / "ledger.db"), clock=scene.clock)
            account = replace(scene.account(SAMIR), state=state)
            await command.put_account(account, actor="an administrator", at=scene.clock.now(), event="revoke")
            await command.close()
            async with asyncio.timeout(5):
                await connection.wait_closed()
    finally:
        watching.cancel()
    await door.door.settled()
    await scene.idle()
    assert await scene.files() == []
    assert await comes_in(door, SAMIR) is not None


async def test_a_colleague_neither_sees_nor_goes_on_with_an_upload(door):
    """Two of one school: what each has under way is their own, until it is sent."""
    async with door.connect(JONAS) as his, his.start_sftp_client() as jonas:
        async with jonas.open("Send Files/secret.pdf.part", "wb") as upload:
            await upload.write(PDF)
        assert await jonas.exists("Send Files/secret.pdf.part")
        async with door.connect(YUSUF) as others, others.start_sftp_client() as yusuf:
            assert not await yusuf.exists("Send Files/secret.pdf.part")
            assert [name for name in await yusuf.listdir("Send Files") if name not in (".", "..")] == []
            with pytest.raises(asyncssh.SFTPNoSuchFile):
                await yusuf.rename("Send Files/secret.pdf.part", "Send Files/8304053_SENplan20261120.pdf")


async def test_other_peoples_sessions_go_on_when_an_account_is_revoked(door):
    async with door.connect(RUTH) as connection, connection.start_sftp_client() as client:
        await door.scene.set_account(SAMIR, state=AccountState.REVOKED)
        assert "Send Files" in await client.listdir("/")


async def test_a_person_whose_rights_changed_logs_in_again(door):
    async with door.connect(NADIA) as connection:
        await door.scene.set_account(NADIA, services=("FIN",))
        async with asyncio.timeout(5):
            await connection.wait_closed()


async def test_an_idle_connection_is_ended(live_scene):
    async with door_in(live_scene, idle_seconds=0.5) as door, door.connect(SAMIR) as connection:
        async with asyncio.timeout(10):
            await connection.wait_closed()


async def test_closing_lets_an_upload_be_finished(live_scene):
    async with (
        door_in(live_scene) as door,
        door.connect(SAMIR) as connection,
        connection.start_sftp_client() as client,
    ):
        upload = await client.open(f"/Send Files/{GOOD}", "wb")
        await upload.write(PDF)
        closing = asyncio.create_task(_close(door, grace=10))
        await upload.close()
        async with asyncio.timeout(5):
            await closing
            await connection.wait_closed()
    await live_scene.idle()
    assert live_scene.dropped("SEN") == {GOOD: PDF}


async def _close(door, grace):
    await door.listeners.close(grace=grace)


# ---- Host keys ----


async def test_a_host_key_that_is_lost_is_never_made_anew(tmp_path):
    with pytest.raises(ConfigError, match="never made anew by itself"):
        read_host_key(tmp_path / "host_ed25519")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (lambda: asyncssh.generate_private_key("ssh-rsa", key_size=2048).export_private_key(), "expected Ed25519"),
        (lambda: b"nonsense", "can't be used"),
    ],
    ids=["rsa", "nonsense"],
)
async def test_a_host_key_that_clients_should_not_trust_is_refused(tmp_path, made, sentence):
    (tmp_path / "key").write_bytes(made())
    with pytest.raises(ConfigError, match=sentence):
        read_host_key(tmp_path / "key")


# ---- The wire ----


async def test_no_packet_is_sent_that_the_client_throws_away(door, monkeypatch):
    """Each is a system call for us, and wakes the client up for nothing."""
    thrown_away = []
    handlers = asyncssh.SSHClientConnection._packet_handlers
    monkeypatch.setitem(handlers, MSG_IGNORE, lambda receiver, *_: thrown_away.append(receiver))
    async with door.connect(SAMIR) as connection, connection.start_sftp_client() as client:
        await client.listdir(".")
        await client.put(str(await door.key_of(SAMIR)), f"Send Files/{GOOD}")
        assert connection not in thrown_away
    assert thrown_away, "asyncssh's client sends them, to the server"


def test_no_cipher_is_spoken_that_needs_such_packets():
    assert not [cipher for cipher in CIPHERS if "cbc" in cipher]
