"""The sender of mail from outside, by SPF, DKIM and DMARC, checked here.

Owns what must pass: SPF or DKIM for a domain that is aligned with the one in From, by the alignment that the domain's
DMARC record asks for (relaxed where there is none). What a domain wants done with the rest doesn't matter: without
proof nothing is taken. Trouble in the DNS is Transient, unless something passed without it.

Source: RFC 7489 3.1, 6.6; SPEC 4.
"""

from dataclasses import dataclass

from gateway.core.admission import Refusal
from gateway.errors import Transient
from gateway.inbound.smtp.alignment import are_aligned, domain_of, organization
from gateway.inbound.smtp.bodyhash import BodyHashes
from gateway.inbound.smtp.nameserver import NameServer
from gateway.inbound.smtp.sender import Claim, Register, Verified, author, not_genuine, registered
from gateway.inbound.smtp.senderpolicy import SenderPolicy
from gateway.inbound.smtp.signatures import hashes_for, holds, read_signatures


@dataclass(frozen=True)
class Policy:
    """How strictly a domain wants to be aligned."""

    is_published: bool = False
    strict_dkim: bool = False
    strict_spf: bool = False


def read_policy(records: list[bytes]) -> Policy | None:
    """Return the policy of a name's TXT records; None when there is none, or more than one (RFC 7489 6.6.3)."""
    found = [record for record in records if record.replace(b" ", b"").startswith(b"v=DMARC1")]
    if len(found) != 1:
        return None
    pairs = (part.partition(b"=") for part in found[0].split(b";"))
    tags = {name.strip().lower(): value.strip().lower() for name, _, value in pairs}
    return Policy(True, strict_dkim=tags.get(b"adkim") == b"s", strict_spf=tags.get(b"aspf") == b"s")


class DomainProof:
    """A SenderVerifier that asks the DNS."""

    def __init__(self, *, names: NameServer, register: Register) -> None:
        """Ask these."""
        self._names = names
        self._policy = SenderPolicy(names)
        self._register = register

    def hashes_for(self, header: bytes) -> BodyHashes | None:
        """Return what is to be fed with the body."""
        return hashes_for(header)

    async def verify(self, claim: Claim) -> Verified | Refusal:
        """Return the account of the one address in From, if its domain proves that it sent the message."""
        address = author(claim.authorship)
        if isinstance(address, Refusal):
            return address
        method = await self.proof(claim, domain=domain_of(address))
        if method is None:
            return not_genuine()
        how = f"dmarc {domain_of(address)} by {method}"
        return await registered(self._register, claim=claim, address=address, how=how)

    async def proof(self, claim: Claim, *, domain: str) -> str | None:
        """Return what proves that a domain sent a message: dkim, spf, or None. Raises Transient."""
        policy = await self.policy_of(domain)
        trouble: Transient | None = None
        for method, prove in (("dkim", self._by_signature), ("spf", self._by_client)):
            try:
                if await prove(claim, domain, policy):
                    return method
            except Transient as error:
                trouble = error
        if trouble is not None:
            raise trouble
        return None

    async def policy_of(self, domain: str) -> Policy:
        """Return the policy of a domain, or of its organization."""
        for name in dict.fromkeys((domain, organization(domain))):
            policy = read_policy(await self._names.texts(f"_dmarc.{name}"))
            if policy is not None:
                return policy
        return Policy()

    def close(self) -> None:
        """Let go of what was begun."""
        self._policy.close()

    async def _by_signature(self, claim: Claim, domain: str, policy: Policy) -> bool:
        if claim.body_hashes is None:
            return False
        for signature in read_signatures(claim.header):
            if not are_aligned(signature.domain, domain, strict=policy.strict_dkim):
                continue
            records = await self._names.texts(signature.record_name)
            if any(holds(signature, header=claim.header, hashes=claim.body_hashes, record=r) for r in records[:2]):
                return True
        return False

    async def _by_client(self, claim: Claim, domain: str, policy: Policy) -> bool:
        sender = domain_of(claim.mail_from)
        if not sender or not are_aligned(sender, domain, strict=policy.strict_spf):
            return False
        return await self._policy.check(peer=claim.peer, mail_from=claim.mail_from, hello=claim.hello) == "pass"
