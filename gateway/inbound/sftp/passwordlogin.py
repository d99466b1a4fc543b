"""The SSH method `password`: for programs that have a field for a password and show no questions.

Owns what such a program can still do: the request to change a password (RFC 4252, 8), and a new password behind the old
one in the same field. Where neither came, a one-time code is mailed once the connection is gone. What needs to be read
and answered, the acceptable use policy, is not for this method (Source: SPEC 9; FIELD-NOTES A.2, B.2).
"""

from asyncssh import PasswordChangeRequired

from gateway.inbound.sftp.conversation import Caller, hopeless, must_agree, must_choose
from gateway.pipeline.people.accounts import Wish
from gateway.pipeline.people.login import Proven

_NO_QUESTIONS = (
    "Before you go on there is something to read and to answer. Log in with a program that shows questions: sftp, "
    "WinSCP or PuTTY's psftp (keyboard-interactive)."
)
_STILL_EXPIRED = (
    "Your password has expired, and you came in with the code this once. To choose a new password, put it behind the "
    "old one and the next code: OLD CODE NEW."
)


class PasswordLogin:
    """One connection's passwords, as they come."""

    def __init__(self, caller: Caller) -> None:
        """Take who is there."""
        self._caller = caller
        self._door = caller.door
        self._asked: Proven | None = None  # who was asked for a new password and has not given one

    async def hear(self, typed: str) -> Proven | None:
        """Take a password; return who comes in by it. Raises PasswordChangeRequired."""
        proven = await self._prove(typed)
        if proven is None:
            return None
        if proven.new_password is not None:
            return await self._change_at_once(proven, proven.new_password)
        if must_choose(proven, self._door):
            self._asked = proven
            raise PasswordChangeRequired(self._request(()))
        if proven.with_code:
            if not await self._caller.use_up(proven.proof):
                return None
            self._caller.say(_STILL_EXPIRED)
        return proven

    async def change(self, typed: str, new: str) -> Proven | None:
        """Take the old password with a new one; return who comes in by it. Raises PasswordChangeRequired."""
        proven = await self._prove(typed)
        if proven is None:
            return None
        self._asked = proven
        return await self._change(proven, new)

    def ended(self) -> str:
        """Return who was asked for another password than an expired one and has left without; "" for nobody."""
        asked, self._asked = self._asked, None
        is_expired = asked is not None and not asked.by_code and not asked.wants_change
        return asked.account.username if asked is not None and is_expired else ""

    async def _prove(self, typed: str) -> Proven | None:
        proven = await self._caller.prove(typed)
        if proven is None:
            return None
        refusal = hopeless(proven)
        if refusal is None and not must_agree(proven, self._door):
            return proven
        await self._caller.refuse(refusal.sentence if refusal else _NO_QUESTIONS)
        return None

    async def _change_at_once(self, proven: Proven, new: str) -> Proven | None:
        """Set the password that came behind the old one; its faults are said, since nothing more can be asked."""
        faults = await self._door.passwords.judge(new, of=proven.account)
        if faults:
            await self._caller.refuse(f"The new password can't be used. {' '.join(faults)}")
            return None
        return await self._settle(proven, new)

    async def _change(self, proven: Proven, new: str) -> Proven | None:
        faults = await self._door.passwords.judge(new, of=proven.account)
        if faults:
            raise PasswordChangeRequired(self._request(faults))
        self._asked = None
        return await self._settle(proven, new)

    async def _settle(self, proven: Proven, new: str) -> Proven | None:
        settled = await self._caller.settle(proven.proof, Wish(new, peer=self._caller.peer))
        return proven if settled else None

    def _request(self, faults: tuple[str, ...]) -> str:
        """Return the words with which a program asks for the new password."""
        wanted = "; ".join(self._door.policy.current.accounts.passwords.sentences())
        told = "That can't be used. " + " ".join(faults) if faults else "A new password is needed."
        return f"{told}\nChoose one of your own: {wanted}.\n"
