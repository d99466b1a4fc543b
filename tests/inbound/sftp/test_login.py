"""The login against who tries to get round it: by haste, by another method's proof, by old signatures (SPEC 5, 9)."""

import asyncio
from datetime import timedelta

import asyncssh
import pytest
from asyncssh.packet import Boolean, String

from tests.inbound.sftp.live import PASSWORD, WRONG, door_in, eventually
from tests.inbound.sftp.person import RUTH, SAMIR
from tests.inbound.sftp.test_server import comes_in

_REQUEST = 50  # USERAUTH_REQUEST, RFC 4252, 6
CONNECTION = String("ssh-connection")


class Raw(asyncssh.SSHClient):
    """A client that says at its login what a test wants, all at once, and heeds no answer but that it is in."""

    def __init__(self, *said):
        self.said = said

    def connection_made(self, conn):
        self.conn = conn

    async def password_auth_requested(self):
        self.conn._auth = Deaf()
        self.conn.try_next_auth = lambda **_: None
        for username, method, *rest in self.said:
            self.conn.send_packet(_REQUEST, String(username), CONNECTION, String(method), *rest)
        await asyncio.Event().wait()


class Deaf:
    """What hears answers, and does nothing."""

    def process_packet(self, *_):
        return True

    def log_received_packet(self, *_):
        pass

    def cancel(self):
        pass

    auth_failed = auth_succeeded = cancel


def password(username, secret):
    """Return a password as a packet has it."""
    return username, "password", Boolean(False), String(secret)


def probe(username, key):
    """Return a question whether a key would do: no signature."""
    return username, "publickey", Boolean(False), String(key.algorithm), String(key.public_data)


async def says(door, *said, seconds=30.0):
    """Return whether a client that says all this at once is logged in, before it is shown out or its time is over."""
    client = Raw(*said)
    try:
        async with asyncio.timeout(seconds), door.connect(SAMIR, client_keys=None, client_factory=lambda: client):
            return True
    except (asyncssh.Error, OSError, TimeoutError):
        return False


async def test_a_guess_that_is_cancelled_by_the_next_is_a_try(live_scene):
    """Else who never listens guesses as often as they like, and waits for none."""
    async with door_in(live_scene, auth_tries=3) as door:
        await door.give_password(SAMIR)
        assert not await says(door, *[password(SAMIR, WRONG)] * 3, password(SAMIR, PASSWORD))
        assert await says(door, *[password(SAMIR, WRONG)] * 2, password(SAMIR, PASSWORD))


@pytest.fixture
async def strict(live_scene):
    """A door that asks for key and password together, and soon shows out who has not both."""
    async with door_in(live_scene, require=(("publickey", "password"),), login_seconds=15) as door:
        for username in (SAMIR, RUTH):
            await door.give_password(username)
            await door.key_of(username)
        yield door


@pytest.mark.parametrize("whose", [SAMIR, RUTH], ids=["their own key", "another's key"])
async def test_a_question_about_a_key_proves_none(strict, whose):
    """Neither beside the right password, nor before or after it."""
    ask, right = probe(SAMIR, strict.keys[whose]), password(SAMIR, PASSWORD)
    tried = [(right, ask), (ask, right), (right, ask, right), (ask, right, ask, right), (right, right)]
    assert not any(await asyncio.gather(*(says(strict, *said, seconds=4.0) for said in tried)))
    assert await comes_in(strict, SAMIR, password=PASSWORD, client_keys=[strict.keys[SAMIR]]) is None


@pytest.mark.parametrize("first", ["publickey", "password"])
async def test_both_together_open_in_either_order(strict, first):
    second = {"publickey": "password", "password": "publickey"}[first]
    options = {"password": PASSWORD, "client_keys": [strict.keys[SAMIR]], "preferred_auth": f"{first},{second}"}
    assert await comes_in(strict, SAMIR, **options) is None


@pytest.mark.parametrize("first", ["publickey", "password"])
async def test_a_key_of_one_and_a_password_of_another_open_neither(strict, first):
    """A connection that changes its name in between begins anew."""
    second = {"publickey": "password", "password": "publickey"}[first]

    class Client(asyncssh.SSHClient):
        def connection_made(self, conn):
            self.conn = conn
            self.left = ["password", "publickey"]  # each once

        def password_auth_requested(self):
            self.conn._username = RUTH if first == "publickey" else SAMIR
            return PASSWORD if self._once("password") else None

        def public_key_auth_requested(self):
            self.conn._username = SAMIR if first == "publickey" else RUTH
            return strict.keys[self.conn._username] if self._once("publickey") else None

        def _once(self, method):
            is_left = method in self.left
            self.left = [m for m in self.left if m != method]
            return is_left

    options = {"client_keys": None, "preferred_auth": f"{first},{second}", "client_factory": Client}
    assert await comes_in(strict, SAMIR, **options) is not None


async def test_a_key_that_is_taken_away_before_the_password_comes_proves_nothing(strict):
    class Client(asyncssh.SSHClient):
        is_first = True

        async def password_auth_requested(self):
            if not self.is_first:
                return None
            self.is_first = False
            await strict.scene.set_account(SAMIR, keys=())
            return PASSWORD

    options = {"client_keys": [strict.keys[SAMIR]], "preferred_auth": "publickey,password", "client_factory": Client}
    assert await comes_in(strict, SAMIR, **options) is asyncssh.PermissionDenied


async def test_what_was_proved_on_one_connection_counts_on_no_other(strict):
    by_key = {"client_keys": [strict.keys[SAMIR]]}
    assert await comes_in(strict, SAMIR, **by_key) is asyncssh.PermissionDenied
    assert await comes_in(strict, SAMIR, password=PASSWORD, client_keys=None) is asyncssh.PermissionDenied


async def test_a_password_in_answer_to_questions_is_the_same_method_once_more(strict):
    """Given twice, in both ways, it is no key."""

    class Client(asyncssh.SSHClient):
        def kbdint_auth_requested(self):
            return ""

        def kbdint_challenge_received(self, name, instructions, lang, prompts):
            return [PASSWORD] * len(prompts)

        def password_auth_requested(self):
            return PASSWORD

    for order in ("keyboard-interactive,password", "password,keyboard-interactive"):
        options = {"client_keys": None, "preferred_auth": order, "client_factory": Client}
        assert await comes_in(strict, SAMIR, **options) is not None


async def test_a_key_whose_owner_has_yet_to_agree_proves_nothing_once_it_is_taken_away(door):
    """The question may be looked at for minutes: what was known of the key before it must not count after it."""
    await door.key_of(SAMIR)
    await door.scene.set_account(SAMIR, policy_version=None)
    asked = []

    class Client(asyncssh.SSHClient):
        def kbdint_auth_requested(self):
            return ""

        async def kbdint_challenge_received(self, name, instructions, lang, prompts):
            asked.append(prompts)
            if prompts:
                await door.scene.set_account(SAMIR, keys=())
            return ["AGREE"] * len(prompts)

    options = {"client_keys": [door.keys[SAMIR]], "preferred_auth": "publickey,keyboard-interactive"}
    assert await comes_in(door, SAMIR, **options, client_factory=Client) is not None
    assert any(asked), "it was asked whether they agree"


async def test_a_key_opens_also_beside_a_password_that_has_expired(door):
    await door.give_password(SAMIR)
    await door.key_of(SAMIR)
    long_ago = door.scene.clock.now() - timedelta(days=400)
    await door.scene.set_account(SAMIR, password_set_at=long_ago)
    assert await comes_in(door, SAMIR) is None


async def test_a_password_that_is_right_beside_a_wrong_key_is_slowed_and_counted(live_scene):
    async with door_in(live_scene, require=(("publickey", "password"),), auth_tries=3) as door:
        await door.give_password(SAMIR)
        strangers = [asyncssh.generate_private_key("ssh-ed25519") for _ in range(3)]
        options = {"client_keys": strangers, "password": PASSWORD, "preferred_auth": "password,publickey"}
        assert await comes_in(door, SAMIR, **options) is asyncssh.PermissionDenied
        await eventually(lambda: _is_empty(door))


async def _is_empty(door):
    return not door.door.connections


@pytest.mark.parametrize(("algorithm", "opens"), [(b"ssh-rsa", False), (b"rsa-sha2-256", True)])
async def test_a_signature_over_sha_1_opens_nothing(door, algorithm, opens):
    key = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
    line = key.export_public_key().decode().strip()
    await door.scene.set_account(SAMIR, keys=(line,))
    pair = asyncssh.load_keypairs([key])[0]
    pair.set_sig_algorithm(algorithm)
    pair.set_sig_algorithm = lambda _: None  # whatever the server says that it takes
    assert (await comes_in(door, SAMIR, client_keys=[pair]) is None) == opens
