"""Mail from outside is proved by SPF or DKIM for the domain in From (SPEC 4; RFC 7489); authheaders is the oracle."""

import base64
import dataclasses
import functools
import itertools
import time
from contextlib import asynccontextmanager

import authheaders
import dkim
import pytest
import spf
from authres import SPFAuthenticationResult

from gateway.core.admission import Refusal
from gateway.core.register import Account, AccountState, Role
from gateway.errors import Transient
from gateway.inbound.smtp.dmarc import DomainProof, Policy, read_policy
from gateway.inbound.smtp.nameserver import NameServer
from gateway.inbound.smtp.sender import Claim, Verified
from gateway.inbound.smtp.senderpolicy import SenderPolicy
from gateway.inbound.smtp.signatures import hashes_for, holds, read_signatures
from tests.inbound.smtp.house import HEAD as REGISTERED
from tests.inbound.smtp.house import People, house
from tests.inbound.smtp.zone import SILENCE, TROUBLE, key, name_server, signed

PEER, ELSEWHERE = "192.0.2.1", "203.0.113.9"
BODY = b"Dear team,\r\n\r\nthe file.  \r\n\r\n"
MESSAGE = b"From: Hilary Ashdown <h.ashdown@example.org>\r\nSubject: A file\r\nTo: files@gateway.test\r\n\r\n" + BODY
HEAD = dataclasses.replace(REGISTERED, email="h.ashdown@example.org")  # authheaders knows no list of .example
COUNTY = Account("cara", "C", "Oak", "c@b.derbyshire.sch.uk", Role.STAFF, AccountState.ACTIVE, schools=("8302000",))


def zone(**more):
    found = {
        ("example.org", "TXT"): ["v=spf1 ip4:192.0.2.0/24 -all"],
        ("m.example.org", "TXT"): ["v=spf1 ip4:192.0.2.0/24 -all"],
        ("example.net", "TXT"): ["v=spf1 +all"],
        ("s._domainkey.example.org", "TXT"): [key()[1]],
        ("s._domainkey.m.example.org", "TXT"): [key()[1]],
        ("s._domainkey.example.net", "TXT"): [key()[1]],
        ("_dmarc.example.org", "TXT"): ["v=DMARC1; p=reject"],
    }
    return {**found, **{tuple(name.split()): value for name, value in more.items()}}


@asynccontextmanager
async def prover(records, *accounts):
    async with name_server(records) as (server, port):
        names = NameServer(servers=["127.0.0.1"], port=port, seconds=0.3)
        proof = DomainProof(names=names, register=People(*(accounts or (HEAD,))))
        try:
            yield proof, server
        finally:
            proof.close()


def claim(message, *, mail_from="", peer=PEER):
    header, _, body = message.partition(b"\r\n\r\n")
    header += b"\r\n"
    hashes = hashes_for(header)
    if hashes is not None:
        hashes.feed(body)
    return Claim(mail_from=mail_from, header=header, peer=peer, hello="mail.example.org", body_hashes=hashes)


async def outcome(proof, made):
    try:
        found = await proof.verify(made)
    except Transient:
        return "later"
    return found.code if isinstance(found, Refusal) else found.how.rpartition(" ")[2]


# The whole table: what SPF says, what the signature is, and how their domains stand to the one in From.
SPF = {"pass": PEER, "fail": ELSEWHERE, "none": PEER, "trouble": PEER}
DKIM = ["pass", "broken", "none", "trouble"]
DOMAINS = {"same": "example.org", "below": "m.example.org", "other": "example.net"}
POLICIES = {"relaxed": "v=DMARC1; p=none", "strict": "v=DMARC1; p=reject; adkim=s; aspf=s"}
TABLE = list(itertools.product(SPF, DOMAINS, DKIM, DOMAINS, POLICIES))


def case(spf_says, spf_domain, dkim_says, dkim_domain, policy):
    """Return the zone and the claim of one row of the table."""
    records = zone() | {("_dmarc.example.org", "TXT"): [POLICIES[policy]]}
    sender, signer = DOMAINS[spf_domain], DOMAINS[dkim_domain]
    if spf_says in ("none", "trouble"):
        records[(sender, "TXT")] = [] if spf_says == "none" else TROUBLE
    if spf_says == "fail":
        records[(sender, "TXT")] = ["v=spf1 ip4:192.0.2.0/24 -all"]
    message = MESSAGE if dkim_says == "none" else signed(MESSAGE, domain=signer)
    if dkim_says == "broken":
        message += b"more\r\n"
    if dkim_says == "trouble":
        records[(f"s._domainkey.{signer}", "TXT")] = TROUBLE
    return records, claim(message, mail_from=f"x@{sender}", peer=SPF[spf_says]), message


def expected(spf_says, spf_domain, dkim_says, dkim_domain, policy):
    aligned = ("same",) if policy == "strict" else ("same", "below")
    by_spf = spf_says if spf_domain in aligned else "none"
    by_dkim = dkim_says if dkim_domain in aligned else "none"
    if by_dkim == "pass" or by_spf == "pass":
        return "dkim" if by_dkim == "pass" else "spf"
    return "later" if "trouble" in (by_spf, by_dkim) else "not-genuine"


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("dkim_says", DKIM)
@pytest.mark.parametrize("spf_says", SPF)
async def test_the_table_of_proofs(spf_says, dkim_says, policy):
    for spf_domain, dkim_domain in itertools.product(DOMAINS, DOMAINS):
        row = (spf_says, spf_domain, dkim_says, dkim_domain, policy)
        records, made, _ = case(*row)
        async with prover(records) as (proof, _):
            assert await outcome(proof, made) == expected(*row), row


def oracle(row, monkeypatch):
    """Ask authheaders whether DMARC passes for a row of the table."""
    records, made, message = case(*row)
    texts = lambda name: records.get((name.rstrip("."), "TXT")) or []  # noqa: E731
    look_up = lambda name, kind, *_: [((name, kind), (t.encode(),)) for t in texts(name) if kind == "TXT"]  # noqa: E731
    monkeypatch.setattr(spf, "DNSLookup", look_up)
    found, _ = spf.check2(made.peer, made.mail_from, made.hello)
    by_spf = SPFAuthenticationResult(result=found, smtp_mailfrom=made.mail_from)

    def ask(name, *_, **__):
        name = name.decode() if isinstance(name, bytes) else name
        return next(iter(texts(name)), None)

    by_dkim = authheaders.check_dkim(message, dnsfunc=ask)
    return authheaders.check_dmarc(message, by_spf, by_dkim, dnsfunc=ask).result


@pytest.mark.parametrize("policy", POLICIES)
async def test_an_independent_checker_finds_the_same(policy, monkeypatch):
    of_domain = functools.cache(authheaders.get_org_domain)  # it reads the suffix list again for each question
    monkeypatch.setattr(authheaders, "get_org_domain", of_domain)
    monkeypatch.setattr(authheaders.dmarc_lookup, "get_org_domain", of_domain)
    for row in TABLE:
        if "trouble" not in row and row[4] == policy:
            assert (oracle(row, monkeypatch) == "pass") == (expected(*row) in ("dkim", "spf")), row


async def test_a_proved_sender_is_the_registered_account():
    async with prover(zone()) as (proof, _):
        found = await proof.verify(claim(signed(MESSAGE, domain="example.org")))
    assert found == Verified("head", "dmarc example.org by dkim", HEAD.email)


async def test_a_proved_stranger_is_not_registered():
    message = MESSAGE.replace(b"h.ashdown@example.org", b"x@example.net")
    async with prover(zone()) as (proof, _):
        assert await outcome(proof, claim(signed(message, domain="example.net"))) == "not-registered"


async def test_who_is_registered_is_not_told_to_whom_proves_nothing():
    async with prover(zone()) as (proof, _):
        known = await proof.verify(claim(MESSAGE, peer=ELSEWHERE, mail_from=HEAD.email))
        unknown = await proof.verify(
            claim(MESSAGE.replace(b"h.ashdown", b"nobody"), peer=ELSEWHERE, mail_from="nobody@example.org")
        )
    assert known == unknown


async def test_two_schools_below_one_county_are_not_aligned():
    message = MESSAGE.replace(b"h.ashdown@example.org", COUNTY.email.encode())
    records = {
        ("s._domainkey.a.derbyshire.sch.uk", "TXT"): [key()[1]],
        ("s._domainkey.derbyshire.sch.uk", "TXT"): [key()[1]],
        ("s._domainkey.mail.b.derbyshire.sch.uk", "TXT"): [key()[1]],
    }
    async with prover(records, COUNTY) as (proof, _):
        for domain, found in (
            ("a.derbyshire.sch.uk", "not-genuine"),
            ("derbyshire.sch.uk", "not-genuine"),
            ("mail.b.derbyshire.sch.uk", "dkim"),
        ):
            assert await outcome(proof, claim(signed(message, domain=domain))) == found


async def test_the_organization_speaks_for_a_domain_without_a_policy():
    records = zone() | {("_dmarc.example.org", "TXT"): ["v=DMARC1; p=none; adkim=s"]}
    async with prover(records) as (proof, server):
        assert await proof.policy_of("m.example.org") == Policy(True, strict_dkim=True)
        assert server.asked == [("_dmarc.m.example.org", "TXT"), ("_dmarc.example.org", "TXT")]


@pytest.mark.parametrize(
    ("records", "policy"),
    [
        ([], None),
        ([b"v=DMARC1; p=none"], Policy(True)),
        ([b"v = DMARC1 ;p=none; ADKIM=S ; aspf = s"], Policy(True, strict_dkim=True, strict_spf=True)),
        ([b"v=DMARC1; p=none", b"v=DMARC1; p=reject"], None),
        ([b"something else", b"v=DMARC1; aspf=r"], Policy(True)),
        ([b"p=none; v=DMARC1"], None),
        ([b"v=DMARC1;;;=;adkim"], Policy(True)),
    ],
)
def test_a_policy_is_read(records, policy):
    assert read_policy(records) == policy


# Signatures that prove nothing, each for one reason.
async def test_a_signature_of_a_part_of_the_body_proves_nothing():
    message = signed(MESSAGE, domain="example.org", length=True)
    assert read_signatures(message.partition(b"\r\n\r\n")[0] + b"\r\n") == []
    async with prover(zone()) as (proof, _):
        assert await outcome(proof, claim(message)) == "not-genuine"


async def test_a_signature_without_from_proves_nothing():
    message = b"DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=s; h=subject; bh=AAAA; b=AAAA\r\n" + MESSAGE
    assert read_signatures(message.partition(b"\r\n\r\n")[0] + b"\r\n") == []


async def test_sha1_proves_nothing():
    message = signed(MESSAGE, domain="example.org", signature_algorithm=b"rsa-sha1")
    async with prover(zone()) as (proof, _):
        assert await outcome(proof, claim(message)) == "not-genuine"


ADDED = [
    b"Subject: RECALL",
    b"Content-Type: multipart/mixed; boundary=words-that-the-school-quoted",
    b"content-type : text/x",
    b"Content-Transfer-Encoding: base64",
    b"To: files@gateway.test",
]


@pytest.mark.parametrize("added", ADDED)
@pytest.mark.parametrize("is_on_top", [True, False])
async def test_a_field_that_was_added_to_a_signed_one_breaks_the_signature(added, is_on_top):
    """Else who caught a letter of a school's could make a file of the words in it, and send that in its name."""
    whole = MESSAGE.replace(b"To:", b"Content-Type: text/plain\r\nContent-Transfer-Encoding: 7bit\r\nTo:")
    message = signed(whole, domain="example.org")
    signature, _, rest = message.partition(b"From:")
    lines = (added, b"X-Pad: " + b"p" * 300_000)  # longer than a header that is read as shipped
    forged = b"\r\n".join((*lines, message)) if is_on_top else signature + added + b"\r\nFrom:" + rest
    async with prover(zone()) as (proof, _):
        assert await outcome(proof, claim(message)) == "dkim"
        assert await outcome(proof, claim(forged)) == "not-genuine"


async def test_a_field_that_nobody_signed_may_stand_there_twice():
    message = signed(MESSAGE, domain="example.org")
    async with prover(zone()) as (proof, _):
        assert await outcome(proof, claim(b"Received: a\r\nReceived: b\r\nCc: x@y.example\r\n" + message)) == "dkim"


@pytest.mark.parametrize("changed", [b"Subject: Another file", b"Subject:  A file \t"])
async def test_a_changed_header_breaks_a_signature_and_folding_does_not(changed):
    message = signed(MESSAGE, domain="example.org").replace(b"Subject: A file", changed)
    async with prover(zone()) as (proof, _):
        assert await outcome(proof, claim(message)) == ("not-genuine" if b"Another" in changed else "dkim")


@pytest.mark.parametrize("forms", list(itertools.product([b"simple", b"relaxed"], repeat=2)))
async def test_every_canonicalization_is_understood(forms):
    async with prover(zone()) as (proof, _):
        assert await outcome(proof, claim(signed(MESSAGE, domain="example.org", canonicalize=forms))) == "dkim"


async def test_a_broken_signature_on_top_does_not_hide_a_good_one():
    good = signed(MESSAGE, domain="example.org")
    async with prover(zone()) as (proof, _):
        for junk in (b"DKIM-Signature: junk\r\n", b"DKIM-Signature: v=1; a=x; b=y\r\n", b"DKIM-Signature: \xff=\r\n"):
            assert await outcome(proof, claim(junk + good)) == "dkim"
        assert (
            await outcome(proof, claim(b"DKIM-Signature: junk\r\n" * 5 + good)) == "not-genuine"
        )  # five are looked at


@pytest.mark.parametrize(
    "record",
    [
        "v=DKIM1; k=rsa; p=",
        "v=DKIM1; k=rsa; p=!!!!",
        "v=DKIM1; k=unknown; p=AAAA",
        "v=DKIM2; k=rsa; p=AAAA",
        "v=DKIM1; k=ed25519; p=AAAA",
        "no tags at all",
        "v=DKIM1; k=rsa; p=" + "A" * 5000,
    ],
)
async def test_a_bad_key_record_proves_nothing(record):
    records = zone() | {("s._domainkey.example.org", "TXT"): [record]}
    async with prover(records) as (proof, _):
        assert await outcome(proof, claim(signed(MESSAGE, domain="example.org"))) == "not-genuine"


def test_a_monstrous_key_does_not_hold_the_loop():
    """A public exponent as long as the modulus would cost seconds that nothing can interrupt."""
    record = monster(bits=11_900)
    assert dkim.evaluate_pk("s", record)[1] == 11_900  # dkimpy would take it
    made = claim(signed(MESSAGE, domain="example.org"))
    (signature,) = read_signatures(made.header)
    began = time.thread_time()
    assert not holds(signature, header=made.header, hashes=made.body_hashes, record=record)
    assert time.thread_time() - began < 0.05


_TAGS = b"v=1; a=rsa-sha256; d=example.org; s=s; h=%s; bh=AAAA; b=%s"
COSTLY = {
    "blanks that are gone back over": b"DKIM-Signature: " + _TAGS % (b"from", b"A" + b" " * 200_000 + b"!"),
    "blanks between the names of fields": b"DKIM-Signature: " + _TAGS % (b"from" + b"\t" * 200_000, b"AAAA"),
    "folds": b"DKIM-Signature: " + _TAGS % (b"from", b"A" + b"\r\n " * 60_000 + b"!"),
    "a field of very many lines": b"X-Long: "
    + b"y\r\n " * 60_000
    + b"\r\nDKIM-Signature: "
    + _TAGS % (b"from", b"AAAA"),
    "very many fields": b"A: b\r\n" * 40_000 + b"DKIM-Signature: " + _TAGS % (b"from", b"AAAA"),
    "very many names": b"DKIM-Signature: " + _TAGS % (b":".join(b"f%d" % n for n in range(40_000)), b"AAAA"),
}


@pytest.mark.parametrize("name", COSTLY)
def test_a_monstrous_signature_does_not_hold_the_loop(name):
    """A stranger's one header of 200 KB, before anything was proved, kept everybody waiting for minutes."""
    began = time.thread_time()
    read_signatures(COSTLY[name] + b"\r\nFrom: h.ashdown@example.org\r\n")
    assert time.thread_time() - began < 1  # it was a hundred seconds, and is some milliseconds


async def test_a_monstrous_signature_does_not_hide_a_good_one():
    good = signed(MESSAGE, domain="example.org")
    async with prover(zone()) as (proof, _):
        assert await outcome(proof, claim(COSTLY["folds"] + b"\r\n" + good)) == "dkim"


def monster(bits):
    """Return a record with a modulus and an exponent of so many bits."""
    size = (bits + 7) // 8 + 1
    numbers = ((1 << bits) - 1, (1 << bits) - 3)
    whole = b"".join(b"\x02\x82" + size.to_bytes(2) + number.to_bytes(size) for number in numbers)
    return b"v=DKIM1; p=" + base64.b64encode(b"\x30\x82" + len(whole).to_bytes(2) + whole)


@pytest.mark.parametrize("answer", [TROUBLE, SILENCE])
@pytest.mark.parametrize("name", ["_dmarc.example.org", "example.org"])
async def test_trouble_in_the_dns_is_never_a_refusal(name, answer):
    records = zone() | {(name, "TXT"): answer}
    async with prover(records) as (proof, _):
        assert await outcome(proof, claim(MESSAGE, mail_from="x@example.org")) == "later"


@pytest.mark.parametrize("record", ["v=spf1 a:x." + "a" * 12_000 + "! +all", "v=spf1 " + "a " * 9_000 + "+all"])
async def test_a_monstrous_spf_record_is_not_read(record):
    """A domain of anybody's can publish it: pyspf's expressions held the interpreter for seconds, and so all doors."""

    class Names:
        async def ask(self, name, kind):
            return [record.encode(), b"v=DKIM1; p=" + b"A" * 600] if kind == "TXT" else []

    policy = SenderPolicy(Names())
    began = time.process_time()
    assert await policy.check(peer=PEER, mail_from="x@example.org", hello="mail.example.org") == "permerror"
    assert time.process_time() - began < 1  # it was three seconds, and is some milliseconds
    policy.close()


async def test_a_long_text_that_is_no_spf_record_is_passed_over():
    records = zone() | {
        ("example.org", "TXT"): ["google-site-verification=" + "A" * 600, "v=spf1 ip4:192.0.2.0/24 -all"]
    }
    async with prover(records) as (proof, _):
        assert await outcome(proof, claim(MESSAGE, mail_from="x@example.org")) == "spf"


@pytest.mark.parametrize("end", ["-all", "~all", "?all", "", "-all redirect=example.net", "ip4:203.0.113.0/33 +all"])
async def test_nothing_but_a_pass_of_spf_proves(end):
    """A record that ends in ~all or ?all lets forged mail in elsewhere; here nobody sends in a school's name by it."""
    records = zone() | {("example.org", "TXT"): [f"v=spf1 ip4:192.0.2.0/24 {end}"]}
    async with prover(records) as (proof, _):
        assert await outcome(proof, claim(MESSAGE, mail_from="x@example.org", peer=ELSEWHERE)) == "not-genuine"


async def test_spf_follows_includes_names_and_addresses():
    records = zone() | {
        ("example.org", "TXT"): ["v=spf1 include:_spf.host.example mx -all"],
        ("_spf.host.example", "TXT"): ["v=spf1 a:out.host.example ~all"],
        ("out.host.example", "A"): ["198.51.100.7"],
        ("example.org", "MX"): ["10 mx.example.org."],
        ("mx.example.org", "A"): ["192.0.2.77"],
        ("mx.example.org", "AAAA"): ["2001:db8::7"],
    }
    async with prover(records) as (proof, _):
        for peer, found in (
            ("198.51.100.7", "spf"),
            ("192.0.2.77", "spf"),
            ("2001:db8::7", "spf"),
            ("192.0.2.78", "not-genuine"),
        ):
            assert await outcome(proof, claim(MESSAGE, mail_from="x@example.org", peer=peer)) == found


@pytest.mark.parametrize("record", ["v=spf1 include:example.org -all", "v=spf1 mx:", "v=spf1 ip4:300.1.1.1 +all"])
async def test_a_faulty_spf_record_proves_nothing(record):
    records = zone() | {("example.org", "TXT"): [record]}
    async with prover(records) as (proof, _):
        assert await outcome(proof, claim(MESSAGE, mail_from="x@example.org")) == "not-genuine"


async def test_a_message_is_proved_in_its_session_while_it_streams():
    async with name_server(zone()) as (_, port):
        names = NameServer(servers=["127.0.0.1"], port=port, seconds=1)
        proof = DomainProof(names=names, register=People(HEAD))
        async with house(verifier=proof) as home:
            for tampered in (b"", b"x"):
                client = await home.connect("smtps")
                await client.say("EHLO mail.example.org")
                assert await client.begin(sender="bounce@m.host.example") == 354
                client.send(signed(MESSAGE, domain="example.org")[:300])
                await client.writer.drain()
                reply = await client.say(signed(MESSAGE, domain="example.org")[300:] + tampered + b"\r\n.\r\n")
                assert reply == (550 if tampered else 250)
            ((envelope, _),) = home.spool.sealed.values()
            assert (envelope.username, envelope.verified_by) == ("head", "dmarc example.org by dkim")
        proof.close()
