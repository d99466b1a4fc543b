"""The way in: the methods by which one connection shows whose it is, until the policy asks for no more.

Owns which methods are asked for, what each proved, the tries, and the same words and the same work whether or not an
account exists. What is behind the door is `connection` (Source: SPEC 5, 9; FIELD-NOTES B.1, B.2).
"""

from collections.abc import Sequence

import asyncssh

from gateway import log
from gateway.core.admission import Refusal
from gateway.core.proof import Proof, Way
from gateway.core.publickeys import fingerprint_of
from gateway.core.register import Account
from gateway.core.standing import OF_THE_POLICY, Approach
from gateway.inbound.sftp.conversation import Caller, Challenge, Conversation
from gateway.inbound.sftp.door import Door
from gateway.inbound.sftp.passwordlogin import PasswordLogin
from gateway.inbound.sftp.requirements import NOT_BY
from gateway.inbound.sftp.tries import Tries
from gateway.pipeline.people.login import Proven

PUBLIC_KEY, PASSWORD = "publickey", "password"
_BROKEN = {b"ssh-rsa", b"ssh-dss"}  # signatures over SHA-1
_TOO_MANY_SESSIONS = "You have too many connections open. Close one, then try again."


class WayIn(asyncssh.SSHServer):
    """What asyncssh asks of a server while somebody logs in."""

    def __init__(self, door: Door) -> None:
        """Take what is shared."""
        self._door = door
        self._limits = door.limits  # a reload is for those who come after it
        self._tries = Tries(door.clock, most=self._limits.auth_tries, used_up=self._show_out)
        self._how = ""  # the method that is looked at; it counts once, and only while it is
        self._proved: set[str] = set()  # methods that this username got right
        self._proving: Account | None = None  # whose methods they are, as the account was then
        self._username = ""
        self._key: asyncssh.SSHKey | None = None  # that was shown last and is one of theirs
        self._account: Account | None = None  # once it is logged in
        self._passwords: PasswordLogin | None = None  # once a username was said
        self._conversation: Conversation | None = None
        self._has_to_agree: Account | None = None  # whom a key proved
        self._is_settled = False  # by a password, with all that was to be settled beside it
        self._login_until = 0.0  # of who is known and still has to answer; 0 is asyncssh's own end
        self.peer = ""

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Take who comes."""
        self._conn = conn
        peer = conn.get_extra_info("peername")
        self.peer = peer[0] if peer else ""

    def _ask_for_all(self, conn: asyncssh.SSHServerConnection) -> None:
        """Let nobody in by one method where the policy asks for more."""
        self._welcome = conn.send_userauth_success
        conn.send_userauth_success = self._prove  # type: ignore[method-assign]

    def connection_lost(self, exc: Exception | None) -> None:
        """Send a code to who left with a password that had expired."""
        left = {asked.ended() for asked in (self._passwords, self._conversation) if asked}
        for username in left - {""}:
            self._door.begin(self._door.accounts.send_expired_code(username))

    # The methods

    async def begin_auth(self, username: str) -> bool:
        """Begin: everybody must log in; what another username got right counts for nothing."""
        await self._door.directory.fresh()  # who was let in a moment ago, or shut out, is so now
        self._username = username
        self._proving, self._proved = None, set()
        self._has_to_agree = None
        self._passwords = PasswordLogin(self._caller())
        return True

    def public_key_auth_supported(self) -> bool:
        """Whether a key is asked for, still."""
        return self._is_asked_for(PUBLIC_KEY)

    def password_auth_supported(self) -> bool:
        """Whether a password is asked for, still."""
        return self._is_asked_for(PASSWORD)

    def kbdint_auth_supported(self) -> bool:
        """Whether questions can be answered: for a password, or for what a key alone does not settle."""
        return self._is_asked_for(PASSWORD) or self._has_to_agree is not None

    async def get_kbdint_challenge(self, username: str, lang: str, submethods: str) -> Challenge | bool:
        """Begin the conversation."""
        self._how = ""
        self._conversation = Conversation(self._caller(), knows=self._proof_by_key())
        return await self._after(await self._conversation.begin())

    async def validate_kbdint_response(self, username: str, responses: Sequence[str]) -> Challenge | bool:
        """Go on with the conversation."""
        self._how = ""
        return await self._after(await self._conversation.hear(responses)) if self._conversation else False

    async def _after(self, answer: Challenge | bool) -> Challenge | bool:
        if answer is True:
            is_by_key, self._has_to_agree = self._has_to_agree is not None, None
            if is_by_key and not self._still_opens():
                return False
            self._how = PUBLIC_KEY if is_by_key else PASSWORD
            self._settled_by_us()
        elif answer is False:
            self._has_to_agree = None  # or a program that answers by itself would be asked again, without end
        return answer

    def _proof_by_key(self) -> Proof | None:
        """Return what a key proved of somebody who has to agree; None where that is not what is left."""
        if self._has_to_agree is None or self._key is None:
            return None
        return Proof(self._has_to_agree, Way.KEY, fingerprint_of(self._key.public_data))

    def _still_opens(self) -> bool:
        """Whether the key that was shown is still one of theirs: they may have taken minutes to agree."""
        return self._key is not None and self._door.keys.opens(self._username, self._key)

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Compare with the account's keys; asyncssh checks the signature after it, and SHA-1 is not good enough."""
        self._how = ""
        if not self._door.keys.opens(username, key):
            self._tries.count()
            return False
        key.all_sig_algorithms = key.all_sig_algorithms - _BROKEN
        self._how = PUBLIC_KEY
        self._key = key
        return True

    async def validate_password(self, username: str, password: str) -> bool:
        """Compare with the account's password; who is wrong waits for the answer."""
        self._how = ""
        return self._let_in(await self._passwords.hear(password) if self._passwords else None)

    async def change_password(self, username: str, old_password: str, new_password: str) -> bool:
        """Take the old password with a new one (RFC 4252, 8)."""
        self._how = ""
        return self._let_in(await self._passwords.change(old_password, new_password) if self._passwords else None)

    def _let_in(self, proven: Proven | None) -> bool:
        if proven is not None:
            self._how = PASSWORD
            self._settled_by_us()
        return proven is not None

    def _settled_by_us(self) -> None:
        """Take the account as it is now: what this person settled at this login takes nothing away from it."""
        self._is_settled = True
        now = self._door.directory.current.account(self._username)
        if now is not None and self._proving is not None and now.keys == self._proving.keys:
            self._proving = now

    def _caller(self) -> Caller:
        return Caller(
            door=self._door,
            username=self._username,
            peer=self.peer,
            tries=self._tries,
            say=lambda sentence: self._conn.send_auth_banner(sentence + "\r\n"),
            proved=self._take_your_time,
        )

    def _take_your_time(self) -> None:
        """Let who is known read the policy and think of a password: the login has a longer end from now on."""
        self._conn._cancel_login_timer()
        minutes = self._door.policy.current.accounts.login_minutes
        self._login_until = self._login_until or self._door.clock.monotonic() + 60 * minutes

    def auth_completed(self) -> None:
        """Let the person in."""
        account = self._who()
        if self._is_turned_away(account) or account is None:
            return
        self._account = account
        self._door.begin(self._door.login.note(account, peer=self.peer, channel="sftp", how=self._proved_by))
        if self._used_key is not None:
            self._door.begin(self._door.note_use(account, self._used_key))

    def _is_turned_away(self, account: Account | None) -> bool:
        """Show out whom the policy or the register refuses, and who holds too many sessions."""
        refusal = self._why_not(account) if account else Refusal("unknown", "There is no such account.")
        if refusal is None:
            return False
        log.login_refused(channel="sftp", why=refusal.code)
        self._conn.disconnect(asyncssh.DISC_NO_MORE_AUTH_METHODS_AVAILABLE, refusal.sentence)
        return True

    async def _prove(self) -> None:
        """Note a method that was got right; it is enough when the policy asks for no more beside it."""
        how, self._how = self._how, ""
        account = self._door.directory.current.account(self._username)
        if account != self._proving:  # changed meanwhile: a key that was taken away proves nothing any more
            self._proving, self._proved = account, set()
        if how and self._limits.requirements.takes(how, account):
            self._proved.add(how)
        elif how:
            self._conn.send_auth_banner(NOT_BY[how] + "\r\n")
            how = ""
        if not how or not self._is_enough() or self._asks_to_agree(how):
            self._conn.send_userauth_failure(bool(how))  # "partial success", RFC 4252, 5.1
        elif not self._is_turned_away(self._who()):
            # Not before it: who hears of success asks for a channel at once, and may lose our sentence on the way.
            await self._welcome()

    def _asks_to_agree(self, how: str) -> bool:
        """Whether a key is good, and its owner has yet to agree to the policy: one question more, with no password."""
        account = self._door.directory.current.account(self._username)
        refusal = self._door.access.refusal(account, Approach.KEY) if account and how == PUBLIC_KEY else None
        if account is None or refusal is None or refusal.code not in OF_THE_POLICY:
            return False
        self._has_to_agree = account
        self._take_your_time()
        self._conn.send_auth_banner(refusal.sentence + "\r\n")
        return True

    def _why_not(self, account: Account | None) -> Refusal | None:
        if not self._is_enough():
            return Refusal("not-enough", "More is asked for than that.")
        is_key = self._is_settled or PASSWORD not in self._proved  # a password that expired stops no key
        approach = Approach.KEY if is_key else Approach.PASSWORD
        if account is not None and (refusal := self._door.access.refusal(account, approach)):
            return refusal
        if account is not None and self._door.sessions_of(account.username) >= self._limits.sessions_per_account:
            return Refusal("too-many-sessions", _TOO_MANY_SESSIONS)
        return None

    def _is_enough(self) -> bool:
        return self._limits.requirements.is_met(self._proved, self._who())

    def _is_asked_for(self, method: str) -> bool:
        """Whether a method is asked for beside what was got right; of who proved nothing yet, the same for all."""
        return self._limits.requirements.asks_for(method, self._proved, self._who())

    def _who(self) -> Account | None:
        return self._door.directory.current.account(self._username)

    def _show_out(self) -> None:
        """A connection has only so many tries."""
        log.refused(channel="sftp", reason="too-many-tries")
        self._conn.disconnect(asyncssh.DISC_NO_MORE_AUTH_METHODS_AVAILABLE, "Too many tries.")

    # What came of it

    @property
    def _proved_by(self) -> str:
        """The methods that opened the door, as the records have them."""
        return " and ".join(sorted(self._proved, reverse=True))

    @property
    def _used_key(self) -> asyncssh.SSHKey | None:
        """The key that opened the door; None where there was none."""
        return self._key if PUBLIC_KEY in self._proved else None
