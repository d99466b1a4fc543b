"""What the DNS of a domain says about its mail, and whether such mail could be proved here.

Owns the words for an administrator who asks why a school's mail would or would not pass: SPF, DKIM and DMARC, each with
what was found and what to do. It tells of records, not of a message: which server a school sends from and with which
selector it signs, no record says. Trouble in the DNS is Transient. Source: SPEC 4; FIELD-NOTES A.3 ("Identity").
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from gateway.inbound.smtp.alignment import organization
from gateway.inbound.smtp.dmarc import Policy, read_policy
from gateway.inbound.smtp.nameserver import NameServer
from gateway.inbound.smtp.senderpolicy import SenderPolicy

Verdict: TypeAlias = Literal["proves", "may prove", "proves nothing"]

USUAL_SELECTORS = ("selector1", "selector2", "google", "default", "s1", "s2", "k1", "k2", "k3", "dkim", "mail", "smtp")
_NOBODYS = "192.0.2.1"  # RFC 5737: no mail server has this address, so a record that lets it send lets anybody
_MICROSOFT = b"spf.protection.outlook.com"
_UNSURE = "Which selectors a domain uses can't be known from outside"


@dataclass(frozen=True)
class Clue:
    """What one kind of record says."""

    kind: Literal["SPF", "DKIM", "DMARC"]
    verdict: Verdict  # of DMARC: "proves nothing", it only says how strictly the others count
    records: tuple[str, ...]  # as they are published; of DKIM: the names of the keys that were found
    sentence: str


@dataclass(frozen=True)
class Prospects:
    """All that was found."""

    domain: str
    clues: tuple[Clue, ...]

    @property
    def can_pass(self) -> bool:
        """Whether anything could prove mail of this domain."""
        return any(clue.verdict != "proves nothing" for clue in self.clues)


async def look_up(domain: str, *, names: NameServer) -> Prospects:
    """Ask for all records of a domain in ASCII. Raises Transient."""
    spf = await _spf(domain, names)
    dkim = await _dkim(domain, names, is_microsoft=any(_MICROSOFT in record.encode() for record in spf.records))
    return Prospects(domain, (spf, dkim, await _dmarc(domain, names)))


# SPF


async def _spf(domain: str, names: NameServer) -> Clue:
    records = [r for r in await names.texts(domain) if r.lower() == b"v=spf1" or r.lower().startswith(b"v=spf1 ")]
    if not records:
        return Clue("SPF", "proves nothing", (), f"{domain} has no SPF record, so SPF can't prove its mail.")
    is_for_nobody = len(records) == 1 and _lets_nobody(records[0])
    found = "nobody" if is_for_nobody else await _try_spf(domain, names)
    verdict, sentence = _SPF[found]
    return Clue("SPF", verdict, _shown(records), sentence)


def _lets_nobody(record: bytes) -> bool:
    """Whether no mechanism of a record can give a pass, whoever asks (RFC 7208 4.6.2); what redirects may."""
    terms = record.lower().split()[1:]
    return all(term.startswith((b"-", b"~", b"?", b"exp=")) for term in terms)


async def _try_spf(domain: str, names: NameServer) -> str:
    policy = SenderPolicy(names)
    try:
        return await policy.check(peer=_NOBODYS, mail_from=f"postmaster@{domain}", hello=domain)
    finally:
        policy.close()


_HONEST = (
    "SPF proves mail that leaves from the servers in this record, with an address of this domain as its sender "
    "(MAIL FROM); mail that was forwarded it can't prove."
)
_SPF: dict[str, tuple[Verdict, str]] = {
    "pass": (
        "proves",
        "The SPF record lets anybody in the world send for this domain: mail from there passes, and so does forged "
        'mail. Ask the school to end the record with "-all".',
    ),
    "fail": ("may prove", _HONEST),
    "softfail": ("may prove", _HONEST),
    "neutral": ("may prove", _HONEST),
    "none": ("may prove", _HONEST),
    "nobody": (
        "proves nothing",
        "The SPF record lets no server send for this domain, as that of a domain without mail does. Ask the school's "
        "IT whether that is meant, and to name the servers that it sends from.",
    ),
    "permerror": (
        "proves nothing",
        "The SPF record can't be used: there are several, one can't be read, or it needs more than ten DNS questions. "
        "Ask the school's IT to put it right.",
    ),
}

# DKIM


async def _dkim(domain: str, names: NameServer, *, is_microsoft: bool) -> Clue:
    found = [s for s in USUAL_SELECTORS if any(map(_is_key, await names.texts(f"{s}._domainkey.{domain}")))]
    if found:
        which = " and ".join(found)
        sentence = f"A key is published under {which}: mail that is signed with it for {domain} passes. {_UNSURE}."
        return Clue("DKIM", "may prove", tuple(f"{s}._domainkey.{domain}" for s in found), sentence)
    advice = _ADVICE_MICROSOFT if is_microsoft else ""
    sentence = f"No key was found under the usual selectors ({', '.join(USUAL_SELECTORS)}). {_UNSURE}.{advice}"
    return Clue("DKIM", "proves nothing", (), sentence)


_ADVICE_MICROSOFT = (
    " The school sends with Microsoft 365, which signs with the school's own domain only when that was switched on "
    "there; a signature of its onmicrosoft.com domain does not count."
)


def _is_key(record: bytes) -> bool:
    """Whether a record publishes a key: an empty p= takes one back (RFC 6376 3.6.1)."""
    tags = dict(part.partition(b"=")[::2] for part in record.replace(b" ", b"").split(b";"))
    return bool(tags.get(b"p")) and tags.get(b"v", b"DKIM1") == b"DKIM1"


# DMARC


async def _dmarc(domain: str, names: NameServer) -> Clue:
    for name in dict.fromkeys((domain, organization(domain))):
        records = [r for r in await names.texts(f"_dmarc.{name}") if r.replace(b" ", b"").startswith(b"v=DMARC1")]
        if records:
            return Clue("DMARC", "proves nothing", _shown(records), _alignment(read_policy(records), name))
    sentence = "There is no DMARC record, and none is needed: domains of the same organisation count as its own."
    return Clue("DMARC", "proves nothing", (), sentence)


def _alignment(policy: Policy | None, name: str) -> str:
    if policy is None:
        return f"_dmarc.{name} has several DMARC records, so none counts. Ask the school to keep one."
    strict = [kind for kind, is_strict in (("SPF", policy.strict_spf), ("DKIM", policy.strict_dkim)) if is_strict]
    if strict:
        return f"DMARC asks that {' and '.join(strict)} pass for exactly the domain in From, none above or below it."
    return "DMARC lets SPF or DKIM pass for any domain of the same organisation as the one in From."


def _shown(records: list[bytes]) -> tuple[str, ...]:
    return tuple(record.decode("ascii", "backslashreplace") for record in records)
