"""One keyboard-interactive conversation: the password or the code, then whatever is missing, then in.

Owns the questions and their order: the acceptable use policy and AGREE, a password of the person's own, each mistake
explained. Nothing is changed before all of it is settled. Who is unknown hears the same question as everybody, and
nothing more (Source: SPEC 9; RFC 4256; FIELD-NOTES B.2).
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from gateway.core.admission import Refusal
from gateway.core.agreement import AcceptableUse
from gateway.core.passwords import PasswordRules
from gateway.core.prepare import prepared
from gateway.core.proof import Proof
from gateway.core.register import AccountState
from gateway.core.standing import CURABLE, OF_THE_POLICY, Approach
from gateway.errors import NotThere
from gateway.inbound.sftp.door import Door
from gateway.inbound.sftp.tries import Tries
from gateway.pipeline.people.accounts import Wish
from gateway.pipeline.people.login import Proven

Challenge = tuple[str, str, str, Sequence[tuple[str, bool]]]  # title, instruction, language, prompts with their echo
_SECRET_QUESTION: Challenge = ("", "", "", [("Password: ", False)])

_MOST_MISTAKES = 5  # at one question
_PAGE = 900  # bytes; OpenSSH shows 1,024 of an instruction


@dataclass(frozen=True)
class Caller:
    """Who speaks with us, and how to answer."""

    door: Door
    username: str
    peer: str
    tries: Tries
    say: Callable[[str], None]  # a sentence that the program shows, if it shows any
    proved: Callable[[], None]  # they are who they say: from now on they may take their time

    async def prove(self, typed: str) -> Proven | None:
        """Return who it is, or None after the wait of a wrong one."""
        if not await self.tries.begin():
            return None
        found = await self.door.login.prove(self.username, typed, peer=self.peer, by=Approach.PASSWORD)
        if isinstance(found, Refusal):
            await self.tries.wrong(wait=self.door.slowing.after_failure(self.peer, self.door.clock.monotonic()))
            return None
        self.tries.right()
        self.proved()
        return found

    async def refuse(self, sentence: str) -> None:
        """Say what is wrong after the right password; that it was right spares nobody the wait."""
        self.say(sentence)
        if await self.tries.begin():
            await self.tries.wrong(wait=self.door.slowing.after_failure(self.peer, self.door.clock.monotonic()))

    async def settle(self, proof: Proof, wish: Wish) -> bool:
        """Put in force what was settled; False, with a sentence, where what was proved counts no more."""
        return await self._unless_refused(self.door.accounts.settle(proof, wish))

    async def use_up(self, proof: Proof) -> bool:
        """Take the code that stood beside the password; False, with a sentence, where it counts no more."""
        return await self._unless_refused(self.door.accounts.use_up(proof))

    async def _unless_refused(self, deed: Awaitable[object]) -> bool:
        try:
            await deed
        except NotThere as refused:
            self.say(str(refused))
            return False
        finally:
            await self.door.directory.fresh()
        return True


class Conversation:
    """Asks and hears until the person is in, or is not."""

    def __init__(self, caller: Caller, *, knows: Proof | None = None) -> None:
        """Take who is there; `knows` is what a key has proved of somebody who only has to agree."""
        self._caller = caller
        self._door = caller.door
        self._proven = Proven(knows, None) if knows else None
        self._by_key = knows is not None
        self._hearer: Callable[[Sequence[str]], Awaitable[Challenge | bool]] = self._hear_secret
        self._mistakes = 0
        self._agrees_to: AcceptableUse | None = None
        self._shown: AcceptableUse | None = None  # the policy, as it is when it is asked about
        self._pages: list[str] = []  # of it, that are still to be shown
        self._password: str | None = None

    async def begin(self) -> Challenge | bool:
        """Return the first question."""
        return await self._go_on(self._proven) if self._proven else _SECRET_QUESTION

    async def hear(self, answers: Sequence[str]) -> Challenge | bool:
        """Take the answers; return the next question, or whether the person is in."""
        return await self._hearer([prepared(answer) for answer in answers] or [""])

    def ended(self) -> str:
        """Return who was asked for another password than an expired one and has left without; "" for nobody."""
        proven, self._proven = self._proven, None
        asked = proven is not None and self._hearer == self._hear_password and self._password is None
        is_expired = asked and proven is not None and not proven.by_code and not proven.wants_change
        return proven.account.username if proven is not None and is_expired else ""

    async def _hear_secret(self, said: Sequence[str]) -> Challenge | bool:
        proven = await self._caller.prove(said[0])
        if proven is None:
            return False
        if (refusal := hopeless(proven)) is not None:
            await self._caller.refuse(refusal.sentence)
            return False
        self._proven = proven
        self._password = proven.new_password
        if self._password is not None and (faults := await self._faults(self._password)):
            return self._ask_password(faults)
        return await self._go_on(proven)

    async def _go_on(self, proven: Proven) -> Challenge | bool:
        """Ask for what is missing; when nothing is, settle it all at once."""
        door = self._door
        if self._agrees_to is None and must_agree(proven, door):
            self._shown = use = door.policy.current.accounts.acceptable_use
            self._pages = list(pages_of(use.text))
            return self._turn_page(f"The acceptable use policy, version {use.version}")
        if self._password is None and not self._by_key and must_choose(proven, door):
            return self._ask_password(())
        if self._password is None and self._agrees_to is None:
            return await self._caller.use_up(proven.proof) if proven.with_code else True
        return await self._caller.settle(proven.proof, Wish(self._password, self._agrees_to, self._caller.peer))

    def _turn_page(self, title: str = "") -> Challenge:
        """Show the next page of the policy, which asks nothing; behind the last one, the question."""
        if not self._pages:
            return self._ask(_agreement_question(""), self._hear_agreement)
        return self._ask((title, f"{self._pages.pop(0)}\n", "", []), self._hear_page)

    async def _hear_page(self, _: Sequence[str]) -> Challenge | bool:
        return self._turn_page()

    async def _hear_agreement(self, said: Sequence[str]) -> Challenge | bool:
        assert self._proven is not None, "asked only after the password"
        if said[0].strip().casefold() == "agree":
            self._agrees_to = self._shown
            return await self._go_on(self._proven)
        again = _agreement_question(f'"{said[0][:40]}" is not AGREE. Without it the gateway can\'t be used.')
        return self._after_mistake(again, "You did not agree to the acceptable use policy, so you can't come in.")

    async def _hear_password(self, said: Sequence[str]) -> Challenge | bool:
        assert self._proven is not None, "asked only after the password"
        faults = await self._faults(said[0]) if said[0] == said[-1] else ("The two were not the same.",)
        if not faults:
            self._password = said[0]
            return await self._go_on(self._proven)
        question = _password_question(faults, self._door.policy.current.accounts.passwords)
        return self._after_mistake(question, "No new password was chosen, so nothing was changed.")

    def _ask_password(self, faults: Sequence[str]) -> Challenge:
        self._password = None
        return self._ask(_password_question(faults, self._door.policy.current.accounts.passwords), self._hear_password)

    def _ask(self, question: Challenge, hearer: Callable[[Sequence[str]], Awaitable[Challenge | bool]]) -> Challenge:
        self._mistakes, self._hearer = 0, hearer
        return question

    def _after_mistake(self, question: Challenge, sentence: str) -> Challenge | bool:
        self._mistakes += 1
        if self._mistakes < _MOST_MISTAKES:
            return question
        self._caller.say(sentence)
        return False

    async def _faults(self, password: str) -> tuple[str, ...]:
        assert self._proven is not None, "asked only after the password"
        return await self._door.passwords.judge(password, of=self._proven.account)


def hopeless(proven: Proven) -> Refusal | None:
    """Return what somebody can't put right at the door: it is for the authority."""
    refusal = proven.refusal
    if refusal is None:
        return None
    # A password alone does not begin an account: the code shows that its address is the person's own.
    is_unready = proven.account.state is AccountState.VERIFIED and not proven.by_code
    return refusal if refusal.code not in CURABLE or is_unready else None


def must_agree(proven: Proven, door: Door) -> bool:
    """Whether AGREE is asked for: at the first login, and when the days of grace are over."""
    if door.access.rules.has_agreed(proven.account):
        return False
    refusal = door.access.refusal(proven.account, Approach.KEY)
    return refusal is not None and refusal.code in ("account-verified", *OF_THE_POLICY)


def must_choose(proven: Proven, door: Door) -> bool:
    """Whether a new password is asked for: after a code, after the old one has expired, or when wished for."""
    expiry = None if proven.with_code else door.access.rules.expiry_of(proven.account)
    is_expired = expiry is not None and door.clock.now() >= expiry
    return proven.by_code or proven.wants_change or is_expired


def pages_of(text: str) -> Iterator[str]:
    """Yield a text in parts that OpenSSH shows whole: it cuts what is longer off. Never within a line."""
    page = ""
    for line in text.splitlines(keepends=True):
        if page and len((page + line).encode()) > _PAGE:
            yield page
            page = ""
        page += line
    yield page


def _agreement_question(mistake: str) -> Challenge:
    return ("", mistake, "", [("Type AGREE if you agree to it: ", True)])


def _password_question(faults: Sequence[str], rules: PasswordRules) -> Challenge:
    told = "".join(("That can't be used:\n", *(f"  - {fault}\n" for fault in faults), "\n")) if faults else ""
    wanted = "".join(f"  - {sentence}\n" for sentence in rules.sentences())
    text = f"{told}Choose a new password of your own:\n{wanted}"
    return ("Your password", text, "", [("New password: ", False), ("The same once more: ", False)])
