"""Who wrote a message: the account behind it, or the sentence that refuses it.

Owns the decision for somebody who signed in and for mail from a trusted relay; SPF, DKIM and DMARC checked by ourselves
are `dmarc`, behind the same protocol. Asked at the end of DATA, before anything was promised. Trouble of ours or of DNS
is Transient, never a refusal. The From header of a message from somebody who signed in decides nothing.

Source: SPEC 4; FIELD-NOTES A.3 ("Identity").
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Protocol

from gateway.core.admission import Refusal, may_send
from gateway.core.register import Account, Directory
from gateway.core.standing import Approach
from gateway.errors import Transient
from gateway.inbound.smtp.alignment import are_aligned, domain_of
from gateway.inbound.smtp.bodyhash import BodyHashes
from gateway.inbound.smtp.headers import read_headers
from gateway.inbound.smtp.heading import Authorship, read_authorship
from gateway.inbound.smtp.limits import MessageLimits
from gateway.inbound.smtp.results import AuthenticationResults, Result, read_results


@cache
def _limits_of(max_headers: int) -> MessageLimits:
    """Return how far a header block is read whose bytes were counted as they came."""
    return MessageLimits(header_bytes=sys.maxsize, header_lines=max_headers)


@dataclass(frozen=True)
class Claim:
    """What is known of a message and its session when the sender is judged."""

    mail_from: str
    header: bytes  # the header block, each line with its CRLF
    peer: str = ""  # address of the client
    hello: str = ""  # the name that it gave
    account: Account | None = None  # who signed in
    is_for_intake: bool = True  # whether a submission would come of it
    is_publication: bool = False  # whether documents for schools would
    is_reply: bool = False  # whether nothing would come of it but the answer to a message of ours
    body_hashes: BodyHashes | None = None  # for DKIM; None where no verifier asked for them
    max_headers: int = 1000  # with more fields nobody is looked for in the header

    @cached_property
    def authorship(self) -> Authorship:
        """Return what the header says of the sender, and of its way."""
        return read_authorship(read_headers(self.header, _limits_of(self.max_headers)))


@dataclass(frozen=True)
class Verified:
    """The account that a message is from, and how we know."""

    username: str  # "" for the bounce of a notice of ours: nobody is believed to have written it
    how: str  # "password", "relay mx.example.org: dmarc school.example", "dmarc school.example by spf"
    address: str  # the verified address


class SenderVerifier(Protocol):
    """Says who wrote a message. Raises Transient when that can't be known just now."""

    def hashes_for(self, header: bytes) -> BodyHashes | None:
        """Return what it wants fed with the body behind this header block, if anything."""
        ...

    async def verify(self, claim: Claim) -> Verified | Refusal:
        """Return the sender, or the sentence that refuses the message."""
        ...


class Register(Protocol):
    """The people, and whether they may come in: `pipeline.people.access`."""

    async def directory(self) -> Directory:
        """Return the register as it stands."""
        ...

    def refusal(self, account: Account, by: Approach) -> Refusal | None:
        """Return what stops an account on a path."""
        ...


class SignedIn:
    """Verifies who signed in with SMTP AUTH: the account must still open the door."""

    def __init__(self, register: Register) -> None:
        """Ask this register."""
        self._register = register

    def hashes_for(self, _: bytes) -> None:
        """Want nothing of the body."""

    async def verify(self, claim: Claim) -> Verified | Refusal:
        """Return the account as it stands now, which may have changed since the password was checked."""
        assert claim.account is not None, "asked only about somebody who signed in"
        account = (await self._register.directory()).account(claim.account.username)
        if account is None:
            return _unknown()
        return _stands(self._register, account, claim) or Verified(account.username, "password", account.email)


class TrustedRelay:
    """Verifies by what a mail server of the authority found out: its topmost Authentication-Results and no other."""

    def __init__(self, *, authserv_id: str, register: Register) -> None:
        """Believe the fields with this authserv-id."""
        self._authserv_id = authserv_id.lower()
        self._register = register

    def hashes_for(self, _: bytes) -> None:
        """Want nothing of the body."""

    async def verify(self, claim: Claim) -> Verified | Refusal:
        """Return the account of the one address in From, if the relay found that its domain sent the message."""
        address = author(claim.authorship)
        if isinstance(address, Refusal):
            return address
        shown = _judge(self._found(claim.authorship), domain_of(address))
        if isinstance(shown, Refusal):
            return shown
        how = f"relay {self._authserv_id}: {shown.method} {_domain_in(shown)}"
        return await registered(self._register, claim=claim, address=address, how=how)

    def _found(self, said: Authorship) -> AuthenticationResults | None:
        read = map(read_results, said.authentication_results)
        return next((results for results in read if results.authserv_id == self._authserv_id), None)


def author(said: Authorship) -> str | Refusal:
    """Return the one address in From; a message with none, or with several, has no author that we could verify."""
    if said.from_fields != 1 or len(said.from_addresses) != 1:
        return Refusal(
            "from", "The message must have exactly one From line with one address; please send it as one person"
        )
    address = said.from_addresses[0].address
    if not domain_of(address):
        return Refusal("from", "The address in From is not complete; please send from your school address")
    return address


async def registered(register: Register, *, claim: Claim, address: str, how: str) -> Verified | Refusal:
    """Return the account that a verified address is registered for."""
    directory = await register.directory()
    # Who is asked to confirm a new address answers from there, and does nothing else from there before.
    account = directory.by_address(address) or (directory.by_pending_address(address) if claim.is_reply else None)
    if account is None:
        return _unknown()
    return _stands(register, account, claim) or Verified(account.username, how, account.email)


def _unknown() -> Refusal:
    return Refusal("not-registered", "Your address is not registered with this gateway; to be registered ask {contact}")


def _stands(register: Register, account: Account, claim: Claim) -> Refusal | None:
    """Return why this account may not send this message."""
    by_file = Approach.SIGNED_IN if claim.account else Approach.EMAIL
    is_sent = claim.is_for_intake or claim.is_publication
    refusal = register.refusal(account, by_file if is_sent else Approach.REPLY)
    if refusal is None and claim.is_for_intake and not may_send(account):
        return Refusal("no-school", "Your account may not send files for a school by email; for help ask {contact}")
    return refusal


def _judge(found: AuthenticationResults | None, domain: str) -> Result | Refusal:
    """Return which of a relay's findings shows that this domain sent the message, or why none does."""
    if found is None:
        return Refusal("relay-silent", "The mail relay did not say whether the sender is genuine; please ask {contact}")
    if any(result.verdict == "fail" for result in found.of("dmarc")):
        return not_genuine()
    shown = next(filter(_shows(domain), found.results), None)
    if shown is not None:
        return shown
    if any(result.verdict == "temperror" for result in found.results):
        raise Transient("the relay could not check the sender just now")
    return not_genuine()


def not_genuine() -> Refusal:
    return Refusal(
        "not-genuine", "Your mail system does not prove that it sent this (SPF, DKIM); please show this to your IT"
    )


_PROVES = {  # method -> the properties that name who passed, the first that is there counts
    "dmarc": ("header.from",),  # the very domain: if it is another, the relay judged another From
    "dkim": ("header.d", "header.i"),
    "spf": ("smtp.mailfrom",),
}


def _shows(domain: str) -> Callable[[Result], bool]:
    """Return the test whether one result shows that the domain sent the message."""

    def shows(result: Result) -> bool:
        strict = result.method == "dmarc"
        return result.verdict == "pass" and are_aligned(_domain_in(result), domain, strict=strict)

    return shows


def _domain_in(result: Result) -> str:
    """Return the domain for which a result speaks; "" where it names none."""
    named = next(filter(None, map(result.property, _PROVES.get(result.method, ()))), "")
    return domain_of(named) or named
