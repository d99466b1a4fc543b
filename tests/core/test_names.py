"""The grammar of SPEC 3 as a table: taking any rule out of it fails the row that shows the rule."""

from dataclasses import replace
from datetime import date

import pytest

from gateway.core.nameparts import cut
from gateway.core.names import Rules, read_name
from gateway.core.routing import Catalogue, Service
from tests.core.derbyshire import (
    ACADEMY,
    CLOSED,
    CONVERTED,
    CONVERTED_LONG_AGO,
    FOLLOWED_BY_CLOSED,
    LEYS,
    NOT_IN_REGISTER,
    OPEN,
    PROPOSED,
    RULES,
    THIRD,
    TODAY,
    service,
)
from tests.core.rows import ONE, TWO, Row, bad, differences, good, title

_PICKY_SERVICES = (
    service("SEN", accepts=frozenset({"pdf"})),
    service("VS", accepts=frozenset()),
    Service("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "All"),
)
PICKY = replace(RULES, catalogue=Catalogue({s.code: s for s in _PICKY_SERVICES}))

GRAMMAR = [
    good("3 the whole of it", "8301102_INFOeyfsreturn20170731.docx", school=OPEN, number=OPEN, service="INFO",
         description="eyfsreturn", date="20170731", version=None, extension="docx", reason=None, sentence=""),
    # 3.1 The DfE number: exactly seven ASCII digits, at the start.
    bad("3.1 seven digits", "830110_SENreport20261122.pdf", "no-dfe-number", service="SEN", school=None, number=None),
    bad("3.1 seven digits", "83011022_SENreport20261122.pdf", "no-dfe-number", service="SEN", sender=ONE),
    bad("3.1 seven ASCII digits", "８３０１１０２_SENreport20261122.pdf", "no-dfe-number", sender=ONE),
    bad("3.1 seven digits, none of another script behind", "8301102２_SENreport20261122.pdf", "no-dfe-number"),
    bad("3.1 seven digits, none of another script among them", "830110２_SENreport20261122.pdf", "no-dfe-number"),
    bad("3.1 seven digits, not raised", "8301102²_SENreport20261122.pdf", "no-dfe-number"),
    bad("3.1 digits and nothing else", "830nnnn_SENreport20261122.pdf", "no-dfe-number", service="SEN"),
    bad("3.1 at the start", "SENreport8301102_20261122.pdf", "no-dfe-number", service="SEN"),
    bad("3.1 an LA code served here", "8311102_SENreport20261122.pdf", "unknown-la", school=None, number="8311102"),
    bad("3.1 a school in the register", "8309999_SENreport20261122.pdf", "unknown-school", school=None),
    bad("3.1 an open school", f"{CLOSED}_SENreport20261122.pdf", "closed-school", school=None, number=CLOSED),
    bad("3.1 an open school: not one still proposed", f"{PROPOSED}_SENreport20261122.pdf", "closed-school"),
    good("3.1 a school of this sender", f"{OPEN}_SENreport20261122.pdf", sender=ONE, school=OPEN),
    good("3.1 a school of this sender", f"{THIRD}_SENreport20261122.pdf", sender=TWO, school=THIRD),
    bad("3.1 a school of this sender", f"{LEYS}_SENreport20261122.pdf", "not-your-school", sender=TWO,
        school=None, number=LEYS),
    bad("3.1 a sender with no school has none", f"{LEYS}_SENreport20261122.pdf", "not-your-school", sender=()),
    bad("3.1 one fault of the number at the most", "8311102_SENreport20261122.pdf", "unknown-la", sender=ONE),
    bad("3.1 one fault of the number at the most", "8309999_SENreport20261122.pdf", "unknown-school", sender=ONE),
    bad("3.1 one fault of the number at the most", f"{CLOSED}_SENreport20261122.pdf", "closed-school", sender=ONE),
    # 3.1 and 8: succession.
    good("8 an old number counts for its successor", f"{CONVERTED}_SENreport20261122.pdf", "old-dfe-number",
         school=ACADEMY, number=CONVERTED),
    good("8 an old number counts for its successor", f"{NOT_IN_REGISTER}_SENreport20261122.pdf", "old-dfe-number",
         school=ACADEMY),
    good("8 the sender needs the successor", f"{CONVERTED}_SENreport20261122.pdf", "old-dfe-number", sender=(ACADEMY,),
         school=ACADEMY),
    bad("8 the sender needs the successor, not the old school", f"{CONVERTED}_SENreport20261122.pdf", "not-your-school",
        sender=(CONVERTED,), school=None, warnings=()),
    bad("8 for a set time", f"{CONVERTED_LONG_AGO}_SENreport20261122.pdf", "closed-school", school=None),
    bad("8 a successor that is open", f"{FOLLOWED_BY_CLOSED}_SENreport20261122.pdf", "closed-school"),
    good("8 the successor's own number is no old one", f"{ACADEMY}_SENreport20261122.pdf", school=ACADEMY),
    # 3.2 The separator.
    good("3.2 an underscore", "8301102_SENreport20261122.pdf"),
    good("3.2 a space", "8301102 SENreport20261122.pdf", "separator", service="SEN"),
    good("3.2 a hyphen", "8301102-SENreport20261122.pdf", "separator", service="SEN"),
    good("3.2 several are one", "8301102 - _SENreport20261122.pdf", "separator", service="SEN"),
    good("3.2 several are one", "8301102__SENreport20261122.pdf", "separator", service="SEN"),
    bad("3.2 no other dash", "8301102–SENreport20261122.pdf", "no-service-code", offer="8301102_SENreport20261122.pdf",
        service=None, school=OPEN),
    bad("3.2 no other sign", "8301102+SENreport20261122.pdf", "no-service-code"),
    # 3.3 The service code: the whole run.
    good("3.3 the whole run: SPSS is not SP", "8301102_SPSSreport20261122.pdf", service="SPSS", description="report"),
    good("3.3 the whole run: SP", "8301102_SPreport20261122.pdf", service="SP", description="report"),
    good("3.3 the whole run: of every letter", "8301102_ABCDEFGHIJKLMNOPQRSTUVWXYZreport20261122.pdf", rules=PICKY,
         service="ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    good("3.3 the run ends at a separator", "8301102_SEN_Report20261122.pdf", "description", service="SEN"),
    good("3.3 upper-case ASCII: a letter of another script ends the run", "8301102_SENÉcole20261122.pdf", "description",
         service="SEN"),
    good("3.3 after composition: E and an accent are one letter, which is not E", "8301102_SENE\u0301cole20261122.pdf",
         "description", service="SEN", name="8301102_SENÉcole20261122.pdf"),
    bad("3.3 a code and more", "8301102_SENXYreport 20261122.pdf", "unknown-service-code", service=None, school=OPEN,
        description=None, warnings=()),
    bad("3.3 a code and a version", "8301102_SENV01.pdf", "unknown-service-code"),
    bad("3.3 part of a code", "8301102_NGAGEreport20261122.pdf", "unknown-service-code", service=None),
    bad("3.3 no other alphabet", "8301102_SЕNreport20261122.pdf", "unknown-service-code"),  # the E is Cyrillic
    bad("3.3 no other alphabet", "8301102_ＳＥＮreport20261122.pdf", "no-service-code"),
    bad("3.3 no upper-case run", "8301102_phonics20261122.pdf", "no-service-code", school=OPEN),
    bad("3.3 no upper-case run", "8301102_.pdf", "no-service-code"),
    bad("3.3 no separator", "8301102report20261122.pdf", "no-service-code"),
    bad("3.3 neither number nor code", "report20261122.pdf", "no-dfe-number", "no-service-code", date="20261122"),
    bad("3.3 neither number nor code", "FINALreport20261122.pdf", "no-dfe-number", "no-service-code", service=None),
    bad("3.3 a code without a number is told", "SENreport20261122.pdf", "no-dfe-number", service="SEN", warnings=()),
    bad("3.3 a code without a number, after one separator", "_SENreport20261122.pdf", "no-dfe-number", service="SEN"),
    bad("3.3 a code without a number, not after two", "__SENreport.pdf", "no-dfe-number", "no-service-code"),
    bad("3.3 a code without a number, not after another dash", "–SENreport.pdf", "no-dfe-number", "no-service-code"),
    bad("3.3 no code after a broken number without separator", "1102SENreport.pdf", "no-dfe-number", "no-service-code"),
    bad("3.3 a name for another system", "8301102_CTF_8304000_001.xml", "unknown-service-code", service=None),
    # 3.4 The description.
    good("3.4 lower case, digits, hyphens", "8301102_SENks2-report20261122.pdf", description="ks2-report"),
    good("3.4 lower case of every alphabet", "8301102_SENrésumé20261122.pdf", description="résumé"),
    good("3.4 no capitals", "8301102_SENrEport20261122.pdf", "description", description="rEport"),
    good("3.4 no spaces", "8301102_SENmy report20261122.pdf", "description", description="my report"),
    good("3.4 no underscores", "8301102_SENmy_report20261122.pdf", "description", description="my_report"),
    good("3.4 no underscore before the date", "8301102_SENreport_20261122.pdf", "description", description="report"),
    good("3.4 no loose hyphen", "8301102_SENreport-20261122.pdf", "description", description="report"),
    good("3.4 not nothing", "8301102_SEN20261122.pdf", "description", description=None, date="20261122"),
    good("3.4 not nothing", "8301102_SEN.pdf", "description", "no-date", description=None),
    good("3.4 a browser's mark hides no date", "8301102_SENreport20261122 (1).pdf", "description",
         description="report", date="20261122"),
    good("3.4 a browser's mark hides no date", "8301102_SENreport20261122(12).pdf", "description", date="20261122"),
    good("3.4 brackets that are no such mark", "8301102_SENreport20261122 (a).pdf", "description", "no-date"),
    good("3.4 brackets that are no such mark", "8301102_SENreport20261122 ().pdf", "description", "no-date"),
    good("3.4 brackets that are no such mark", "8301102_SEN20261122).pdf", "description", "no-date",
         description="20261122)"),
    good("3.4 brackets that are no such mark", "8301102_SENreport20261122 (1.pdf", "description", "no-date"),
    good("3.4 a space before the dot hides no date", "8301102_SENreport20261122 .xls", "description", date="20261122"),
    good("3.4 short", f"8301102_SEN{'x' * 60}20261122.pdf"),
    good("3.4 short", f"8301102_SEN{'x' * 61}20261122.pdf", "description"),
    # 3.5 Date or version.
    good("3.5 a real date", "8301102_SENreport20240229.pdf", date="20240229"),
    good("3.5 a real date", "8301102_SENreport20250229.pdf", "date-not-real", date=None, description="report"),
    good("3.5 a real date, not the day first", "8301102_SENreport22112026.pdf", "date-not-real", date=None),
    good("3.5 a real date, of our time", "8301102_SENreport18991231.pdf", "date-not-real", date=None),
    good("3.5 a real date, of our time", "8301102_SENreport19000101.pdf", date="19000101"),
    good("3.5 the last eight digits", "8301102_SENreportks220261122.pdf", date="20261122", description="reportks2"),
    good("3.5 a year ahead", "8301102_SENreport20271123.pdf", date="20271123"),
    good("3.5 far ahead", "8301102_SENreport20271124.pdf", "date-ahead", date="20271124"),
    good("3.5 far ahead", "8301102_SENreport99991231.pdf", "date-ahead", date="99991231"),
    good("3.5 yyyymm", "8301102_SENreport202611.pdf", "date-partial", date=None, description="report"),
    good("3.5 yyyymm, a real month", "8301102_SENreport202613.pdf", "date-not-real", date=None, description="report"),
    good("3.5 seven digits are no date", "8301102_SENreport2026112.pdf", "date-not-real", date=None),
    good("3.5 none", "8301102_SENreport.pdf", "no-date", date=None, description="report"),
    good("3.5 none: five digits are part of the description", "8301102_SENreport12345.pdf", "no-date",
         description="report12345"),
    good("3.5 none: at the end only", "8301102_SEN20261122report.pdf", "no-date", date=None),
    good("3.5 none: digits of another script", "8301102_SENreport２０２６１１２２.pdf", "description", "no-date"),
    good("3.5 a version", "8301102_SENreportV01.pdf", version="V01", date=None, description="report"),
    good("3.5 a version: two digits", "8301102_SENreportV1.pdf", "description", "no-date", version=None),
    good("3.5 a version: two digits", "8301102_SENreportV001.pdf", "description", "no-date", version=None),
    good("3.5 a version: a capital V", "8301102_SENreportv01.pdf", "no-date", version=None, description="reportv01"),
    good("3.5 a version: digits alone are none", "8301102_SEN01.pdf", "no-date", version=None, description="01"),
    # 3.6 The extension.
    good("3.6 case is ignored", "8301102_SENreport20261122.PDF", extension="pdf"),
    good("3.6 none", "8301102_SENreport20261122", "no-extension", extension=None, date="20261122"),
    good("3.6 digits alone are none", "8301102_SENreport.20261122", "description", "no-extension", extension=None,
         date="20261122"),
    good("3.6 digits alone are none", "8301102_SENplanV1.0", "description", "no-date", "no-extension", extension=None),
    bad("3.6 without a dot there is none", "SEN", "no-dfe-number", service="SEN", extension=None),
    good("3.6 six letters are none", "8301102_SENreport20261122.abcdef", "description", "no-date", "no-extension"),
    good("3.6 five are", "8301102_VSreport20261122.abcde", rules=PICKY, extension="abcde"),
    good("3.6 one is", "8301102_VSreport20261122.c", rules=PICKY, extension="c"),
    good("3.6 digits with a letter are", "8301102_VSreport20261122.7z", rules=PICKY, extension="7z"),
    good("3.6 no other alphabet", "8301102_SENreport20261122.pdé", "description", "no-date", "no-extension"),
    good("3.6 letters and digits only", "8301102_SENreport20261122.p-f", "description", "no-date", "no-extension"),
    bad("3.6 the last dot", "8301102_SENreport20261122.pdf.exe", "type-not-allowed", service="SEN", school=OPEN,
        extension="exe"),
    good("3.6 the last dot", "8301102_SENreport20261122.exe.pdf", "description", "no-date", extension="pdf"),
    bad("3.6 a type of the service", "8301102_SENreport20261122.docx", "type-not-allowed", rules=PICKY),
    good("3.6 a type of the service", "8301102_SENreport20261122.pdf", rules=PICKY),
    good("3.6 a service that lists no types takes all", "8301102_VSreport20261122.exe", rules=PICKY),
    good("3.6 none is judged by the content", "8301102_SENreport20261122", "no-extension", rules=PICKY),
    # 3 The order of faults: all of them, none hides another.
    bad("3 all faults", "8309999_XYZreport.exe", "unknown-school", "unknown-service-code", school=None, service=None),
    bad("3 all faults", f"{LEYS}_SENreport.exe", "not-your-school", "type-not-allowed", sender=ONE),
    bad("3 all faults", "8301102_SEN\x00report.exe", "unsafe-name", "type-not-allowed", school=OPEN, service="SEN"),
    bad("3 all faults", f"{CLOSED}phonics20261122\x07.pdf", "unsafe-name", "closed-school", "no-service-code"),
    bad("3 all faults", "110_SENreport.exe", "no-dfe-number", "type-not-allowed", reason="no-dfe-number"),
    bad("3 all faults", "110_XYZreport.exe", "no-dfe-number", "unknown-service-code", reason="no-dfe-number"),
    Row("3 warnings stand in their order", f"{CONVERTED} SENReport202611".replace("SENR", "SEN R"),
        warnings=("separator", "description", "date-partial", "no-extension", "old-dfe-number")),
]  # fmt: skip

SEEDS = [
    good("the convention's own example, without extension", "8301102_INFOeyfsreturn20170731", "no-extension",
         school=OPEN, service="INFO", description="eyfsreturn", date="20170731"),
    bad("the convention's own pattern", "830nnnn_XXXdocumentdescriptionyyyymmdd", "no-dfe-number",
        "unknown-service-code"),
    bad("the number of a school, alone", "8302000", "no-service-code", school=LEYS),
    bad("neither number nor code", "Acronyms.doc", "no-dfe-number", "no-service-code", school=None, service=None),
    bad("neither number nor code, a space before the dot", "Excel Test Blank .xls", "no-dfe-number", "no-service-code",
        extension="xls"),
    good("a space, a month", "8303308 SSHRtestdoc202308.docx", "separator", "date-partial", school=THIRD,
         service="SSHR", description="testdoc", date=None),
    good("a space, a month", "8303308 SENtestdoc202308.docx", "separator", "date-partial", service="SEN"),
    good("a space, a month", "8303308 INFOtestdoc202308.docx", "separator", "date-partial", service="INFO"),
    bad("letters for digits", "830nnnn INFOtestdoc20230804.docx", "no-dfe-number", service="INFO", date="20230804"),
]  # fmt: skip

FIELD_NOTES = [
    good("a space for the underscore", "8301102 INFOeyfsreturn20170731.docx", "separator"),
    bad("a double extension", "8301102_INFOeyfsreturn20170731.docx.exe", "type-not-allowed"),
    good("a space before the extension", "8301102_INFOeyfsreturn20170731 .xls", "description", date="20170731"),
    good("a hyphen", "8301102-INFOeyfsreturn20170731.docx", "separator"),
    good("several underscores", "8301102_INFO_eyfs_return_2017", "description", "no-date", "no-extension",
         service="INFO", description="eyfs_return_2017"),
    bad("a lower-case code", "8301102_info20170731.docx", "no-service-code", offer="8301102_INFO20170731.docx"),
    bad("a lower-case code without a boundary", "8301102_infoeyfs20170731.docx", "no-service-code"),
    bad("a capital begins the description", "8301102_SENReport20261122", "unknown-service-code",
        offer="8301102_SENreport20261122"),
    bad("four digits", "1102_INFOeyfsreturn20170731.docx", "no-dfe-number"),
    bad("four digits, nothing else", "1102.docx", "no-dfe-number", "no-service-code", sender=ONE),
    bad("the URN", "112641_INFOeyfsreturn20170731.docx", "no-dfe-number", sender=ONE),
    bad("FW_", "FW_8301102_INFOeyfsreturn20170731.docx", "no-dfe-number", "no-service-code",
        offer="8301102_INFOeyfsreturn20170731.docx"),
    bad("Copy of", "Copy of 8301102_INFOeyfsreturn20170731.docx", "no-dfe-number", "no-service-code",
        offer="8301102_INFOeyfsreturn20170731.docx"),
    bad("Scan of", "Scan of 8301102_INFOeyfsreturn20170731.pdf", "no-dfe-number", "no-service-code",
        offer="8301102_INFOeyfsreturn20170731.pdf"),
    good("a browser's suffix", "8301102_INFOeyfsreturn20170731 (1).docx", "description", date="20170731"),
    good("_v2 FINAL", "8301102_INFOeyfsreturn20170731_v2 FINAL.docx", "description", "no-date", date=None),
    good("ddmmyyyy", "8301102_INFOeyfsreturn31072017.docx", "date-not-real"),
    good("ddmmyyyy of the first of a month", "8301102_INFOeyfsreturn01012010.docx", "date-not-real"),
    good("V01", "8301102_INFOeyfsreturnV01.docx", version="V01"),
    good("v1", "8301102_INFOeyfsreturnv1.docx", "no-date", version=None),
    good("V1.0", "8301102_INFOeyfsreturnV1.0.docx", "description", "no-date", version=None),
    bad("the pupil's previous school", "8302000_SENtransfer20261122.pdf", "not-your-school", sender=ONE),
    bad("brackets", "(830)1102_INFOeyfsreturn20170731.docx", "no-dfe-number", service="INFO", sender=ONE),
    bad("full-width digits", "８３０１１０２_INFOeyfsreturn20170731.docx", "no-dfe-number", sender=ONE),
    bad("an en dash", "8301102–INFOeyfsreturn20170731.docx", "no-service-code",
        offer="8301102_INFOeyfsreturn20170731.docx"),
    bad("S2S: a transfer file", "8301102_CTF_8304000_001.xml", "unknown-service-code"),
    bad("S2S: its own pattern", "101LLLL_DFESXXX_max15characters.xls", "no-dfe-number", "unknown-service-code"),
    good(".zip.zip", "8301102_INFOeyfsreturn20170731.zip.zip", "description", "no-date", extension="zip"),
    bad(".pdf.exe", "8301102_INFOeyfsreturn20170731.pdf.exe", "type-not-allowed"),
    bad("the neighbour's number", "8311102_INFOeyfsreturn20170731.docx", "unknown-la"),
]  # fmt: skip


@pytest.mark.parametrize("row", GRAMMAR, ids=title)
def test_a_name_reads_as_the_rule_says(row: Row) -> None:
    assert differences(row) == {}


@pytest.mark.parametrize("row", SEEDS, ids=title)
def test_a_name_of_the_portal_reads_as_its_people_would_expect(row: Row) -> None:
    assert differences(row) == {}


@pytest.mark.parametrize("row", FIELD_NOTES, ids=title)
def test_a_name_of_real_life_reads_as_its_people_would_expect(row: Row) -> None:
    assert differences(row) == {}


def test_the_last_day_of_a_succession_still_counts() -> None:
    name = f"{CONVERTED}_SENreport20261122.pdf"
    assert read_name(name, RULES, on=date(2027, 1, 31), schools=None).school == ACADEMY
    assert read_name(name, RULES, on=date(2027, 2, 1), schools=None).reason == "closed-school"


def test_the_day_of_reading_decides_what_is_far_ahead() -> None:
    name = "8301102_SENreport20271124.pdf"
    assert read_name(name, RULES, on=date(2026, 11, 22), schools=None).warnings == ("date-ahead",)
    assert read_name(name, RULES, on=date(2026, 11, 23), schools=None).warnings == ()
    assert read_name(name, RULES, on=date.max, schools=None).warnings == ()


def test_a_name_is_kept_as_typed_but_composed() -> None:
    assert read_name("cafe\u0301 .doc ", RULES, on=TODAY, schools=None).name == "caf\u00e9 .doc "


def test_the_parts_of_a_name_in_a_row_are_the_name() -> None:
    for row in (*GRAMMAR, *SEEDS, *FIELD_NOTES):
        parts = cut(row.name)
        assert parts.place + parts.separator + parts.run + parts.rest + parts.ending == row.name


def test_names_are_read_where_nothing_is_served() -> None:
    nothing = Rules(frozenset(), Catalogue(), RULES.directory)
    assert read_name("8301102_SENreport.pdf", nothing, on=TODAY, schools=None).faults == (
        "unknown-la",
        "unknown-service-code",
    )
    assert "as in nnnnnnn_CODEreport20261122.pdf," in read_name("", nothing, on=TODAY, schools=None).sentence
