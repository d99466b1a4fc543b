"""Who wrote a message, by login or by a trusted relay (Source: SPEC 4; FIELD-NOTES A.3)."""

import dataclasses

import pytest

from gateway.core.admission import Refusal
from gateway.core.register import Account, AccountState, Role
from gateway.errors import Transient
from gateway.inbound.smtp.alignment import are_aligned, domain_of, normal_domain, organization
from gateway.inbound.smtp.replies import NOT_VERIFIED
from gateway.inbound.smtp.sender import Claim, SignedIn, TrustedRelay, Verified
from tests.inbound.smtp.house import COPIER, GONE, HEAD, OFFICER, People

SHARED = "shared@leys.example"  # registered for two people: it says nothing about either
ONE, OTHER = (
    Account(name, name.title(), "Two", SHARED, Role.STAFF, AccountState.ACTIVE, schools=("8302000",)) for name in "ab"
)
PEOPLE = People(HEAD, COPIER, OFFICER, GONE, ONE, OTHER)
RELAY = TrustedRelay(authserv_id="MX.la.example", register=PEOPLE)
FROM = "From: Hilary Ashdown <h.ashdown@leys.example>"
PASS = "Authentication-Results: mx.la.example; dmarc=pass header.from=leys.example"


def claim(*lines, **facts):
    header = "".join(f"{line}\r\n" for line in lines).encode()
    return Claim(**{"mail_from": HEAD.email, "header": header, "peer": "192.0.2.1", **facts})


# What the relay wrote, and what of it shows that the sender is genuine; each row is one rule.
FOUND = {
    "dmarc passed for the domain in From": ([PASS], "dmarc leys.example"),
    "the id in another case": ([PASS.replace("mx.la", "MX.LA")], "dmarc leys.example"),
    "aligned dkim will do": (
        ["Authentication-Results: mx.la.example; dkim=pass header.d=leys.example"],
        "dkim leys.example",
    ),
    "dkim of a subdomain is aligned": (
        ["Authentication-Results: mx.la.example; dkim=pass header.d=m.leys.example"],
        "dkim m.leys.example",
    ),
    "dkim by its identity": (
        ["Authentication-Results: mx.la.example; dkim=pass header.i=@leys.example"],
        "dkim leys.example",
    ),
    "aligned spf will do": (
        ["Authentication-Results: mx.la.example; spf=pass smtp.mailfrom=x@leys.example"],
        "spf leys.example",
    ),
    "spf by domain alone": (
        ["Authentication-Results: mx.la.example; spf=pass smtp.mailfrom=leys.example"],
        "spf leys.example",
    ),
    "one of two signatures": (
        ["Authentication-Results: mx.la.example; dkim=fail header.d=leys.example; dkim=pass header.d=leys.example"],
        "dkim leys.example",
    ),
    "no policy, but aligned spf": (
        ["Authentication-Results: mx.la.example; dmarc=none; spf=pass smtp.mailfrom=leys.example"],
        "spf leys.example",
    ),
    "nothing from the relay": ([], ""),
    "results of another server only": ([PASS.replace("mx.la", "mx.evil")], ""),
    "the topmost counts, not a forged one below": (
        ["Authentication-Results: mx.la.example; dmarc=fail header.from=leys.example", PASS],
        "",
    ),
    "results of another server above don't hide it": (
        ["Authentication-Results: scan.example; dmarc=fail header.from=leys.example", PASS],
        "dmarc leys.example",
    ),
    "a blank that hides the field from the relay": ([PASS.replace(":", " :", 1)], ""),
    "in the body, where no relay takes anything out": ([FROM, "a line that is no field", PASS], ""),
    "quotes that hide the name from the relay": ([PASS.replace("mx.la.example", '"mx.la.example"')], ""),
    "nothing was checked": (["Authentication-Results: mx.la.example; none"], ""),
    "dmarc failed though dkim passed": (
        ["Authentication-Results: mx.la.example; dkim=pass header.d=leys.example; dmarc=fail header.from=leys.example"],
        "",
    ),
    "dmarc passed for another domain": ([PASS.replace("leys", "evil")], ""),
    "dmarc passed for a subdomain is another From": ([PASS.replace("leys.", "m.leys.")], ""),
    "dmarc passed for nobody knows whom": (["Authentication-Results: mx.la.example; dmarc=pass"], ""),
    "dkim of another domain": (
        ["Authentication-Results: mx.la.example; dkim=pass header.d=onmicrosoft.example"],
        "",
    ),
    "spf of another domain": (["Authentication-Results: mx.la.example; spf=pass smtp.mailfrom=x@evil.example"], ""),
    "spf of the hello is not asked": (
        ["Authentication-Results: mx.la.example; spf=pass smtp.helo=leys.example"],
        "",
    ),
    "softfail is no pass": (["Authentication-Results: mx.la.example; spf=softfail smtp.mailfrom=leys.example"], ""),
    "a pass in a comment": (
        ["Authentication-Results: mx.la.example (dmarc=pass header.from=leys.example); none"],
        "",
    ),
    "an unknown method": (["Authentication-Results: mx.la.example; trust=pass header.from=leys.example"], ""),
}


@pytest.mark.parametrize("rule", FOUND)
async def test_a_relay_is_believed_by_its_topmost_results(rule):
    lines, shown = FOUND[rule]
    found = await RELAY.verify(claim(*lines, *(() if FROM in lines else (FROM,))))
    if shown:
        assert found == Verified("head", f"relay mx.la.example: {shown}", HEAD.email)
    else:
        assert isinstance(found, Refusal)
        assert found.code in ("relay-silent", "not-genuine")


async def test_trouble_at_the_relay_is_ours_to_wait_for():
    with pytest.raises(Transient):
        await RELAY.verify(
            claim("Authentication-Results: mx.la.example; dmarc=temperror header.from=leys.example", FROM)
        )


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["From: "],
        ["From: Hilary Ashdown"],
        ["From: h.ashdown@leys.example, x@leys.example"],
        [FROM, "From: x@evil.example"],
        ["From: x@evil.example", FROM],
        [FROM, "From: "],
        ["From: (x@evil.example)", FROM],
        ["From: " + "," * 9_000 + "h.ashdown@leys.example"],  # one mailbox, that the loop would be long to find
        ["From: h.ashdown@leys.example <x@evil.example>"],
        ["From: <h.ashdown@leys.example> <x@evil.example>"],
        ['From: "h.ashdown@leys.example, " <x@evil.example>'],
        ["From: group: h.ashdown@leys.example, x@evil.example;"],
        ["From: h.ashdown@leys.example@evil.example"],
    ],
)
async def test_only_one_from_with_one_mailbox_has_an_author(lines):
    assert isinstance(await RELAY.verify(claim(PASS, *lines)), Refusal)


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("nobody@leys.example", "not-registered"),
        (SHARED, "not-registered"),
        (GONE.email, "account-revoked"),
        ("H.ASHDOWN@LEYS.EXAMPLE", None),
    ],
)
async def test_the_address_must_be_an_active_accounts(address, code):
    found = await RELAY.verify(claim(PASS, f"From: <{address}>"))
    assert (found.code if isinstance(found, Refusal) else None) == code


async def test_an_officer_is_known_and_sends_no_files():
    lines = [PASS.replace("leys", "la"), f"From: {OFFICER.email}"]
    assert (await RELAY.verify(claim(*lines))).code == "no-school"
    assert (await RELAY.verify(claim(*lines, is_for_intake=False))).username == "officer"


async def test_the_from_header_of_who_signed_in_decides_nothing():
    found = await SignedIn(PEOPLE).verify(claim("From: x@evil.example", "From: y@evil.example", account=HEAD))
    assert found == Verified("head", "password", HEAD.email)


async def test_who_signed_in_must_still_be_active():
    people = People(dataclasses.replace(HEAD, state=AccountState.SUSPENDED))
    assert (await SignedIn(people).verify(claim(account=HEAD))).code == "account-suspended"
    assert (await SignedIn(People()).verify(claim(account=HEAD))).code == "not-registered"


@pytest.mark.parametrize(
    ("meant", "is_taken"),
    [
        ({}, False),
        ({"is_for_intake": False}, False),  # postmaster@
        ({"is_for_intake": False, "is_publication": True}, False),
        ({"is_for_intake": False, "is_reply": True}, True),
    ],
)
async def test_from_an_address_that_waits_for_its_confirmation_only_a_reply_is_taken(meant, is_taken):
    people = People(HEAD)
    people.pending["new@leys.example"] = HEAD.username
    relay = TrustedRelay(authserv_id="mx.la.example", register=people)
    found = await relay.verify(claim(PASS, "From: new@leys.example", **meant))
    assert isinstance(found, Verified) == is_taken
    assert is_taken or found.code == "not-registered"


async def test_every_sentence_fits_into_a_bounce():
    claims = [claim(), claim(FROM), claim(PASS, "From: x@leys.example"), claim(PASS.replace("pass", "fail"), FROM)]
    for each in claims:
        refusal = await RELAY.verify(each)
        line = NOT_VERIFIED.filled(sentence=refusal.sentence.replace("{contact}", "schools-gateway@derbyshire.example"))
        assert not str(line).endswith("...")
        assert str(line).isascii()


@pytest.mark.parametrize(
    ("one", "other", "is_aligned"),
    [
        ("leys.example", "mail.leys.example", True),
        ("a.derbyshire.sch.uk", "mail.a.derbyshire.sch.uk", True),
        ("a.derbyshire.sch.uk", "b.derbyshire.sch.uk", False),  # *.sch.uk is a public suffix
        ("derbyshire.sch.uk", "a.derbyshire.sch.uk", False),
        ("derbyshire.sch.uk", "derbyshire.sch.uk", True),
        ("leys.co.uk", "other.co.uk", False),
        ("co.uk", "leys.co.uk", False),
        ("LEYS.example.", "leys.EXAMPLE", True),
        ("", "", False),
        ("leys", "leys", False),
    ],
)
def test_alignment_goes_by_the_public_suffix_list(one, other, is_aligned):
    assert are_aligned(one, other) == are_aligned(other, one) == is_aligned


def test_strict_alignment_is_identity():
    assert are_aligned("leys.example", "Leys.example", strict=True)
    assert not are_aligned("leys.example", "m.leys.example", strict=True)


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("a@leys.example", "leys.example"),
        ("a@Leys.Example.", "leys.example"),
        ("a@schüle.example", "xn--schle-mva.example"),
        ("a@b@leys.example", "leys.example"),
        ("a@[192.0.2.1]", ""),
        ("a@leys..example", ""),
        ("a@-leys.example", ""),
        ("a@leys", ""),
        ("leys.example", ""),
        ("a@\ud800.example", ""),
        ("a@" + "x" * 64 + ".example", ""),
    ],
)
def test_a_domain_is_normal_or_none(address, domain):
    assert domain_of(address) == domain


def test_an_organization_is_one_label_below_its_suffix():
    assert organization("mail.myschool.derbyshire.sch.uk") == "myschool.derbyshire.sch.uk"
    assert normal_domain("MySchool.Derbyshire.Sch.UK") == "myschool.derbyshire.sch.uk"
