"""What is offered instead of a name with a fault: rules (a) to (f) of SPEC 3 as a table."""

from dataclasses import replace

import pytest

from gateway.core.names import Rules
from gateway.core.routing import Catalogue, Service
from tests.core.derbyshire import CATALOGUE, RULES, service
from tests.core.rows import ONE, TWO, Row, bad, differences, title


def with_services(*services: Service, prefixes: tuple[str, ...] = ()) -> Rules:
    """Other services than Derbyshire's."""
    return replace(RULES, catalogue=Catalogue({s.code: s for s in services}, prefixes=prefixes))


AB = with_services(Service("AB", "Ab"), Service("ABCDE", "Abcde"))
RE = with_services(Service("RE", "Religious Education"), Service("SEN", "SEN"), prefixes=("RE ",))
EXE = frozenset({"exe"})
CODES_WITH_OTHER_TYPES = with_services(
    service("SP", accepts=frozenset({"pdf"})),
    service("SPSS", accepts=EXE),
    Service("SS", "Ss", accepts=EXE),
    service("SSF", accepts=frozenset({"pdf"})),
    Service("OTHER", "Other", aliases=("SP",), accepts=EXE),
)
OVERLAPPING_PREFIXES = replace(RULES, catalogue=replace(CATALOGUE, prefixes=("FW_", "FW_Copy of ")))
INFO_PREFIX = replace(RULES, catalogue=replace(CATALOGUE, prefixes=("-Info ",)))
DIGIT_PREFIX = replace(RULES, catalogue=replace(CATALOGUE, prefixes=("1", "No. 1 ")))
NOTHING_KNOWN = Rules(frozenset({"830"}), Catalogue(), RULES.directory)

CORRECTIONS = [
    bad("(a) an alias", "8301102_SENDreport.pdf", "unknown-service-code", offer="8301102_SENreport.pdf"),
    bad("(a) an alias, alone", "8301102_SEND.pdf", "unknown-service-code", offer="8301102_SEN.pdf"),
    bad("(a) keeps the separator", "8301102-SENDreport.pdf", "unknown-service-code", offer="8301102-SENreport.pdf"),
    bad("(a) the whole run is the alias", "8301102_SENDSreport.pdf", "unknown-service-code"),
    bad("(a) never for a code", "8301102_SPreport20261122.exe", "type-not-allowed", rules=CODES_WITH_OTHER_TYPES),
    bad("(a) not without a number", "SENDreport20261122.pdf", "no-dfe-number", "no-service-code", sender=ONE),
    bad("(b) a capital of the description", "8301102_SENReport20261122.pdf", "unknown-service-code",
        offer="8301102_SENreport20261122.pdf"),
    bad("(b) keeps the rest", "8301102 EHEXmas Party (1).PDF", "unknown-service-code",
        offer="8301102 EHExmas Party (1).PDF"),
    bad("(b) not where another code is as near", "8301102_SPSreport20261122.pdf", "unknown-service-code"),
    bad("(b) not where another code is as near: a letter changed", "8301102_FINSreport.pdf", "unknown-service-code",
        rules=with_services(service("FIN"), Service("FINE", "Fine"))),
    bad("(b) not where another code is as near: a letter dropped", "8301102_FINEreport.pdf", "unknown-service-code",
        rules=with_services(service("FIN"), Service("INE", "Ine"))),
    bad("(b) a code two letters away is not near", "8301102_FINEreport.pdf", "unknown-service-code",
        rules=with_services(service("FIN"), Service("FINESS", "Finess")), offer="8301102_FINereport.pdf"),
    bad("(b) a lower-case letter follows", "8301102_SENR20261122.pdf", "unknown-service-code"),
    bad("(b) a lower-case letter follows", "8301102_SENR_report.pdf", "unknown-service-code"),
    bad("(b) the run less its last letter", "8301102_SENREport20261122.pdf", "unknown-service-code"),
    bad("(b) not for an alias", "8301102_SENDreport.pdf", "unknown-service-code", offer="8301102_SENreport.pdf"),
    bad("(b) never for a code", "8301102_SSFoo.exe", "type-not-allowed", rules=CODES_WITH_OTHER_TYPES),
    bad("(c) lower case, before a separator", "8301102_info_phonics.docx", "no-service-code",
        offer="8301102_INFO_phonics.docx"),
    bad("(c) lower case, before a space", "8301102_info phonics.docx", "no-service-code",
        offer="8301102_INFO phonics.docx"),
    bad("(c) lower case, before a hyphen", "8301102_info-phonics.docx", "no-service-code",
        offer="8301102_INFO-phonics.docx"),
    bad("(c) mixed case, before a digit", "8301102_Info20260615.docx", "unknown-service-code",
        offer="8301102_INFO20260615.docx"),
    *[
        bad("(c) lower case, before any digit", f"8301102_info{digit}.docx", "no-service-code",
            offer=f"8301102_INFO{digit}.docx")
        for digit in "0123456789"
    ],
    bad("(c) mixed case, before the end", "8301102_iNFO.docx", "no-service-code", offer="8301102_INFO.docx"),
    bad("(c) mixed case, before the end", "8301102_INfo", "unknown-service-code", offer="8301102_INFO"),
    bad("(c) no certain boundary", "8301102_infophonics.docx", "no-service-code"),
    bad("(c) no certain boundary", "8301102_finalreport.docx", "no-service-code"),
    bad("(c) no certain boundary: a letter of another alphabet", "8301102_infoé.docx", "no-service-code"),
    bad("(c) no certain boundary: another dash", "8301102_info–phonics.docx", "no-service-code"),
    bad("(c) no letter of another alphabet", "8301102_ınfo_phonics.docx", "no-service-code"),
    bad("(c) an alias is no code", "8301102_send_report.docx", "no-service-code"),
    bad("(c) never for a code", "8301102_SPss_report.exe", "type-not-allowed", rules=CODES_WITH_OTHER_TYPES),
    bad("(c) not without a number", "-Info 8301102_SENreport20261122.pdf", "no-dfe-number", "no-service-code",
        rules=INFO_PREFIX, offer="8301102_SENreport20261122.pdf"),
    bad("(c) not without a number", "info_phonics.docx", "no-dfe-number", "no-service-code", sender=ONE),
    bad("(d) a code at the start", "INFOeyfs20260615.docx", "no-dfe-number", sender=ONE,
        offer="8301102_INFOeyfs20260615.docx"),
    bad("(d) a code after one separator", "-INFOeyfs20260615.docx", "no-dfe-number", sender=ONE,
        offer="8301102_INFOeyfs20260615.docx"),
    bad("(d) not after two", "__INFOeyfs20260615.docx", "no-dfe-number", "no-service-code", sender=ONE),
    bad("(d) one school exactly", "INFOeyfs20260615.docx", "no-dfe-number", sender=TWO),
    bad("(d) one school exactly", "INFOeyfs20260615.docx", "no-dfe-number", sender=()),
    bad("(d) one school exactly: not judged, not known", "INFOeyfs20260615.docx", "no-dfe-number"),
    bad("(d) the whole run is the code", "INFOEyfs20260615.docx", "no-dfe-number", "no-service-code", sender=ONE),
    bad("(d) an upper-case code", "info_eyfs20260615.docx", "no-dfe-number", "no-service-code", sender=ONE),
    bad("(d) the last four digits", "1102_INFOeyfs20260615.docx", "no-dfe-number", sender=ONE,
        offer="8301102_INFOeyfs20260615.docx"),
    bad("(d) of that school", "2000_INFOeyfs20260615.docx", "no-dfe-number", sender=ONE),
    bad("(d) exactly the last four", "01102_INFOeyfs20260615.docx", "no-dfe-number", sender=ONE),
    bad("(d) exactly the last four", "102_INFOeyfs20260615.docx", "no-dfe-number", sender=ONE),
    bad("(d) the last four, of one school exactly", "1102_INFOeyfs20260615.docx", "no-dfe-number", sender=TWO),
    bad("(d) the result must be good", "1102_eyfs20260615.docx", "no-dfe-number", "no-service-code", sender=ONE),
    bad("(d) the result must be good", "INFOeyfs20260615.exe", "no-dfe-number", "type-not-allowed", sender=ONE),
    bad("(d) another school's number is never corrected", "INFO_8302000_eyfs20260615.docx", "no-dfe-number",
        sender=ONE),
    bad("(d) the own number may stand in it", "INFO_8301102_eyfs20260615.docx", "no-dfe-number", sender=ONE,
        offer="8301102_INFO_8301102_eyfs20260615.docx"),
    bad("(d) a broken number is not one", "(830)1102_INFOeyfs20260615.docx", "no-dfe-number", sender=ONE),
    bad("(d) six digits are never corrected", "301102_INFOeyfs20260615.docx", "no-dfe-number", sender=ONE),
    bad("(e) Copy of", "Copy of 8301102_INFOeyfs20260615.docx", "no-dfe-number", "no-service-code",
        offer="8301102_INFOeyfs20260615.docx"),
    bad("(e) a listed prefix is no code", "FW_8301102_INFOeyfs20260615.docx", "no-dfe-number", "no-service-code",
        sender=ONE, offer="8301102_INFOeyfs20260615.docx"),
    bad("(e) a listed prefix", "RE 8301102_INFOeyfs20260615.docx", "no-dfe-number", "no-service-code",
        offer="8301102_INFOeyfs20260615.docx"),
    bad("(e) a listed prefix", "AW_8301102_INFOeyfs20260615.docx", "no-dfe-number", "no-service-code"),
    bad("(e) before a name without faults", "Copy of 8301102_infophonics.docx", "no-dfe-number", "no-service-code"),
    bad("(e) before a name without faults, for this sender", "Copy of 8302000_INFOeyfs.docx", "no-dfe-number",
        "no-service-code", sender=ONE),
    bad("(e) one prefix only", "FW_Copy of 8301102_INFOeyfs20260615.docx", "no-dfe-number", "no-service-code"),
    bad("(e) the prefix that leaves a good name", "FW_Copy of 8301102_INFOeyfs20260615.docx", "no-dfe-number",
        "no-service-code", rules=OVERLAPPING_PREFIXES, offer="8301102_INFOeyfs20260615.docx"),
    bad("(e) eight digits are never corrected", "18301102_INFOeyfs20260615.docx", "no-dfe-number", rules=DIGIT_PREFIX),
    bad("(e) a prefix with a digit is none", "No. 1 8301102_INFOeyfs.docx", "no-dfe-number", "no-service-code",
        rules=DIGIT_PREFIX),
    bad("(f) no separator", "8301102INFOeyfs20260615.docx", "no-service-code", offer="8301102_INFOeyfs20260615.docx"),
    bad("(f) an en dash", "8301102–INFOeyfs20260615.docx", "no-service-code", offer="8301102_INFOeyfs20260615.docx"),
    bad("(f) an em dash", "8301102—INFOeyfs20260615.docx", "no-service-code", offer="8301102_INFOeyfs20260615.docx"),
    bad("(f) a minus sign", "8301102\u2212INFOeyfs.docx", "no-service-code", offer="8301102_INFOeyfs.docx"),
    bad("(f) a no-break space", "8301102\u00a0INFOeyfs.docx", "no-service-code", offer="8301102_INFOeyfs.docx"),
    bad("(f) a dash between spaces", "8301102 – INFOeyfs.docx", "no-service-code", offer="8301102_INFOeyfs.docx"),
    bad("(f) needs a code behind", "8301102–eyfs20260615.docx", "no-service-code"),
    bad("(f) and nothing else mended", "8301102INFOEyfs20260615.docx", "no-service-code"),
    bad("(f) not for a number that is none", "83011022INFOeyfs.docx", "no-dfe-number", "no-service-code"),
    bad("(f) the result must be good", "8309999INFOeyfs.docx", "unknown-school", "no-service-code"),
    bad("(a)-(f) two rules, two names, no offer", "8301102_ABCde_report.pdf", "unknown-service-code", rules=AB),
    bad("(a)-(f) two rules, two names, no offer", "RE 8301102_SENreport20261122.pdf", "no-dfe-number", rules=RE,
        sender=ONE),
    bad("(a)-(f) one of the two alone is offered", "RE 8301102_SENreport20261122.pdf", "no-dfe-number", rules=RE,
        offer="8301102_SENreport20261122.pdf"),
    bad("(a)-(f) no rule changes a type", "8301102_SENReport20261122.exe", "unknown-service-code"),
    bad("(a)-(f) another school's number is never corrected", "8302000_SENReport20261122.pdf", "not-your-school",
        "unknown-service-code", sender=ONE),
    bad("(a)-(f) no services, no offers", "8301102_SENreport20261122.pdf", "unknown-service-code", rules=NOTHING_KNOWN),
]  # fmt: skip


@pytest.mark.parametrize("row", CORRECTIONS, ids=title)
def test_a_correction_is_offered_by_its_rule_alone(row: Row) -> None:
    assert differences(row) == {}
