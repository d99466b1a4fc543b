"""`gateway admin schools check-mail` tells why a school's mail would pass or not, by its DNS and the register."""

import asyncio
import json
from typing import Any

import pytest

from gateway.sample import set_keys
from tests.cli.conftest import Deployment
from tests.inbound.smtp.zone import TROUBLE, Zone, key, name_server

HOME = "leysjunior.example"  # where samir.okonjo, of the sample, has an address
SPF: Zone = {(HOME, "TXT"): ["some=other", "v=spf1 ip4:192.0.2.77 include:spf.protection.outlook.com ~all"]}
OUTLOOK: Zone = {("spf.protection.outlook.com", "TXT"): ["v=spf1 ip4:198.51.100.0/24 -all"]}
DKIM: Zone = {(f"google._domainkey.{HOME}", "TXT"): [key()[1]]}
TAKEN_BACK: Zone = {(f"selector1._domainkey.{HOME}", "TXT"): ["v=DKIM1; p="]}


async def ask(deployment: Deployment, zone: Zone, asked: str, *more: str, verifies: bool = True) -> tuple[int, str]:
    """Run the command with a name server that has this zone; return its exit code and what it said."""
    async with name_server(zone) as (_, port):
        keys = {
            ("smtp", "verify_domains"): verifies,
            ("dns", "servers"): ["127.0.0.1"],
            ("dns", "port"): port,
            ("dns", "timeout_seconds"): 1,
        }
        deployment.config.write_text(set_keys(deployment.config.read_text(encoding="utf-8"), keys), encoding="utf-8")
        ran = await asyncio.to_thread(deployment.run, "admin", "schools", "check-mail", asked, *more)
    return ran.exit_code, ran.output


async def findings(deployment: Deployment, zone: Zone, asked: str, *, verifies: bool = True) -> tuple[int, Any]:
    """Ask for JSON."""
    code, said = await ask(deployment, zone, asked, "--json", verifies=verifies)
    return code, json.loads(said)


RECORDS = [  # what the DNS holds; whether mail could pass; words of what is said of SPF, DKIM and DMARC
    (SPF | OUTLOOK, True, "leaves from the servers", "Microsoft 365", "none is needed"),
    (DKIM, True, "no SPF record", "google", "none is needed"),
    ({}, False, "no SPF record", "can't be known", "none is needed"),
    (TAKEN_BACK, False, "no SPF record", "No key was found", "none is needed"),
    ({(HOME, "TXT"): ["v=spf1 +all"]}, True, "anybody in the world", "No key", "none"),
    ({(HOME, "TXT"): ["v=spf1 -all"]}, False, "lets no server send", "No key", "none"),
    ({(HOME, "TXT"): ["V=SPF1 ?ip4:192.0.2.77 ~all exp=why.example"]}, False, "lets no server send", "No key", "none"),
    ({(HOME, "TXT"): ["v=spf1"]}, False, "lets no server send", "No key", "none"),
    ({(HOME, "TXT"): ["v=spf1 redirect=spf.protection.outlook.com"]} | OUTLOOK, True, "leaves from", "No key", "none"),
    ({(HOME, "TXT"): ["v=spf1 mx -all"]}, True, "leaves from the servers", "No key", "none"),
    ({(HOME, "TXT"): ["v=spf1 -all", "v=spf1 ~all"]}, False, "there are several", "No key", "none"),
    ({(HOME, "TXT"): ["v=spf1 nonsense:x -all"]}, False, "can't be used", "No key", "none"),
    (
        DKIM | {(f"_dmarc.{HOME}", "TXT"): ["v=DMARC1; p=none; adkim=s"]},
        True,
        "no SPF",
        "google",
        "asks that DKIM pass",
    ),
    (DKIM | {(f"_dmarc.{HOME}", "TXT"): ["v=DMARC1; p=none"]}, True, "no SPF", "google", "same organisation"),
    (
        DKIM | {(f"_dmarc.{HOME}", "TXT"): ["v=DMARC1; p=none", "v=DMARC1; p=reject"]},
        True,
        "no SPF",
        "google",
        "several DMARC",
    ),
]


@pytest.mark.parametrize(("zone", "passes", "spf", "dkim", "dmarc"), RECORDS)
async def test_each_record_is_told_of(
    deployment: Deployment, zone: Zone, passes: bool, spf: str, dkim: str, dmarc: str
) -> None:
    code, found = await findings(deployment, zone, HOME)
    assert (code, found["would_pass"]) == ((0, True) if passes else (65, False))
    assert [clue["kind"] for clue in found["records"]] == ["SPF", "DKIM", "DMARC"]
    for clue, words in zip(found["records"], (spf, dkim, dmarc), strict=True):
        assert words in clue["sentence"]


async def test_people_read_the_verdict_first_and_the_records_as_they_are(deployment: Deployment) -> None:
    code, said = await ask(deployment, SPF | OUTLOOK, f"samir.okonjo@{HOME}")
    assert code == 0
    assert said.startswith(f"Mail from samir.okonjo@{HOME} would pass, when it is what it says it is.")
    assert "v=spf1 ip4:192.0.2.77 include:spf.protection.outlook.com ~all" in said
    assert "some=other" not in said


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (f"nobody@{HOME}", "Nobody with this address is registered"),
        ("elsewhere.example", "Nobody with an address at elsewhere.example"),
    ],
)
async def test_who_is_not_registered_would_not_pass(deployment: Deployment, asked: str, why: str) -> None:
    zone = DKIM | {("google._domainkey.elsewhere.example", "TXT"): [key()[1]]}
    code, found = await findings(deployment, zone, asked)
    assert (code, len(found["hindrances"])) == (65, 1)
    assert why in found["hindrances"][0]


async def test_without_the_key_the_records_decide_nothing(deployment: Deployment) -> None:
    code, found = await findings(deployment, DKIM, HOME, verifies=False)
    assert code == 65
    assert "verify_domains is off" in found["hindrances"][0]
    assert found["accounts"] == ["samir.okonjo"]


async def test_trouble_in_the_dns_is_no_verdict(deployment: Deployment) -> None:
    code, said = await ask(deployment, {(HOME, "TXT"): TROUBLE}, HOME)
    assert code == 75
    assert f"What {HOME} says about its mail can't be known just now" in said
    assert "Please try again" in said


@pytest.mark.parametrize("asked", ["leys", "@", "a b@c d", f"@{HOME}", "x" * 300])
async def test_what_is_no_domain_is_asked_of_nobody(deployment: Deployment, asked: str) -> None:
    code, said = await ask(deployment, {}, asked)
    assert code == 65
    assert "neither a domain nor an email address" in said
