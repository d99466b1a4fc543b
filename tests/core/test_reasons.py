"""The words of a rejection: every code has its sentence, and the exact ones say what was found in this very name."""

import re
from dataclasses import replace

import pytest

from gateway.core.names import read_name
from gateway.core.reasons import NameWarning, Reason, advice_for, sentence_for
from gateway.core.routing import Catalogue, Service
from tests.core.derbyshire import CLOSED, CONVERTED, CONVERTED_LONG_AGO, LEYS, OPEN, PROPOSED, RULES, THIRD, TODAY

# SPEC 3: the codes are stable, and others build on them.
SPEC_FAULTS = (
    "unsafe-name no-dfe-number unknown-la unknown-school closed-school not-your-school no-service-code "
    "unknown-service-code type-not-allowed"
)
SPEC_FURTHER = (
    "empty-file too-large infected not-scannable unsafe-archive truncated no-file encrypted-message cloud-link-only "
    "rejected-by-officer"
)
SPEC_WARNINGS = "separator description no-date date-partial date-not-real date-ahead no-extension old-dfe-number"


def test_the_codes_are_those_of_the_specification_in_its_order() -> None:
    assert " ".join(Reason) == f"{SPEC_FAULTS} {SPEC_FURTHER}"
    assert " ".join(NameWarning) == SPEC_WARNINGS


@pytest.mark.parametrize("code", [*Reason])
def test_every_reason_has_a_sentence_that_fits_everybody(code: str) -> None:
    assert_readable(sentence_for(code))


@pytest.mark.parametrize("code", [*NameWarning])
def test_every_warning_says_how_to_do_it_next_time(code: str) -> None:
    assert_readable(advice_for(code))
    assert "please" in advice_for(code)


def assert_readable(text: str) -> None:
    """Plain ASCII, one line, ends with a stop, and short enough for a client's window."""
    assert re.fullmatch(r"[ -~]{30,300}", text)
    assert text.endswith((".", ".)"))
    assert not re.search(r"  | \. |[{}]|None", text)


def test_a_headteacher_is_not_told_that_an_officer_gave_a_reason_who_gave_none() -> None:
    assert "if one was given" in sentence_for("rejected-by-officer")


def test_a_code_that_is_none_has_no_sentence() -> None:
    with pytest.raises(ValueError, match="tea-break"):
        sentence_for("tea-break")


def said(name: str, *own: str) -> str:
    reading = read_name(name, RULES, on=TODAY, schools=frozenset(own) if own else None)
    assert re.fullmatch(r"[ -~]{1,300}", reading.sentence)
    return reading.sentence


@pytest.mark.parametrize("name", ["photo.pdf", "con.pdf", "1102_INFOeyfs.pdf"])
def test_the_example_has_the_number_of_the_school_in_whose_folder_the_file_was_put(name: str) -> None:
    """Who sends for several would copy another one's, and send the file in its name."""
    schools = frozenset({OPEN, LEYS})
    for school in schools:
        reading = read_name(name, RULES, on=TODAY, schools=schools, put_for=school)
        assert f"as in {school}_" in reading.sentence
    assert f"as in {LEYS}_" not in read_name(name, RULES, on=TODAY, schools=frozenset({OPEN}), put_for=LEYS).sentence


def test_the_sentence_of_a_missing_code_begins_with_the_portals_words() -> None:
    assert sentence_for("no-service-code").startswith("No Service Code in filename")
    for name in ("8301102_phonics.pdf", "8301102INFOphonics.pdf", "8301102.pdf"):
        assert said(name).startswith("No Service Code in filename")


def test_a_name_with_neither_number_nor_code_says_both() -> None:
    for name in ("Acronyms.doc", "Excel Test Blank .xls", "20261122 report.pdf"):
        assert "DfE number" in said(name)
        assert "No Service Code in filename" in said(name)
    assert "No Service Code" not in said("INFOphonics.pdf")


SENTENCES = [
    (
        "Acronyms.doc",
        (OPEN,),
        "The name does not begin with a DfE number. There is also No Service Code in filename: it comes after the "
        "number, in capitals. Please name the file as in 8301102_ADMISSreport20261122.pdf, and send it again.",
    ),
    (
        "1102_INFOeyfs.docx",
        (OPEN,),
        "The name begins with 4 digits, and a DfE number has seven: the LA code comes first. Please name the file as "
        "in 8301102_INFOreport20261122.pdf, and send it again.",
    ),
    (
        "112641_INFOeyfs.docx",
        (OPEN,),
        "The name begins with 6 digits, and a DfE number has seven (six may be a school's URN). Please name the file "
        "as in 8301102_INFOreport20261122.pdf, and send it again.",
    ),
    (
        "20261122_INFOeyfs.docx",
        (),
        "The name begins with 8 digits, and a DfE number has seven (eight may be a date, which comes last). Please "
        "name the file as in 830nnnn_INFOreport20261122.pdf, and send it again.",
    ),
    (
        "8nnnnnn_INFOeyfs.docx",
        (),
        "The name begins with 1 digit, and a DfE number has seven. Please name the file as in "
        "830nnnn_INFOreport20261122.pdf, and send it again.",
    ),
    (
        "(830)1102_INFOeyfs.docx",
        (OPEN,),
        "The DfE number is written with brackets: please write its seven digits and nothing else. Please name the "
        "file as in 8301102_INFOreport20261122.pdf, and send it again.",
    ),
    (
        "８３０１１０２_INFOeyfs.docx",
        (OPEN,),
        "The number at the start is not typed with the plain digits 0 to 9. Please name the file as in "
        "8301102_INFOreport20261122.pdf, and send it again.",
    ),
    (
        "101LLLL_DFESXXX_max15characters.xls",
        (OPEN,),
        "The name begins with 3 digits, and a DfE number has seven. Please name the file as in "
        "8301102_ADMISSreport20261122.pdf, and send it again. (DFESXXX marks a file for School to School (S2S): is it "
        "meant for that?)",
    ),
    (
        "8311102_INFOeyfs.docx",
        (OPEN,),
        "8311102 is a number of Derby City (831); the DfE numbers of our schools begin with 830. Please check the "
        "number, and send the file again, or send it to Derby City if it is for them. Yours is 8301102.",
    ),
    (
        "9991102_INFOeyfs.docx",
        (),
        "9991102 begins with 999; the DfE numbers of our schools begin with 830. Please check the number, and send "
        "the file again.",
    ),
    (
        "8309999_INFOeyfs.docx",
        (OPEN,),
        "8309999 is not the DfE number of any school in our register. Please check it digit by digit, and send the "
        "file again. Yours is 8301102.",
    ),
    (
        f"{CLOSED}_INFOeyfs.docx",
        (OPEN,),
        "The school with the DfE number 8303311 has closed. Please use the number that the school has today, and send "
        "the file again. Yours is 8301102.",
    ),
    (
        f"{CLOSED}_INFOeyfs.docx",
        (CLOSED,),
        "The school with the DfE number 8303311 has closed. Please use the number that the school has today, and send "
        "the file again. Your authority can tell you which one that is.",
    ),
    (
        f"{CONVERTED_LONG_AGO}_INFOeyfs.docx",
        ("8304010",),
        "The school with the DfE number 8303330 has closed, and 8304010 took its place. Please send the file again "
        "with 8304010 in front.",
    ),
    (
        f"{CONVERTED_LONG_AGO}_INFOeyfs.docx",  # the successor is nothing to a sender who may not send for it
        (OPEN, LEYS),
        "The school with the DfE number 8303330 has closed. Please use the number that the school has today, and send "
        "the file again.",
    ),
    (
        f"{PROPOSED}_INFOeyfs.docx",
        (),
        "The school with the DfE number 8302400 is not open yet. Please send its files once it is.",
    ),
    (
        f"{LEYS}_INFOeyfs.docx",
        (OPEN, THIRD),
        "You are registered to send for 8301102 or 8303308, and this name begins with 8302000. Please use your own "
        "school's number, also for a pupil who came from another school.",
    ),
    (
        f"{CONVERTED}_INFOeyfs.docx",
        (OPEN, THIRD, "8301001", "8301003", "8301005", "8301007", "8301009"),
        "You are registered to send for 8301001, 8301003, 8301005, 8301007, 8301009 and 2 more, and this name begins "
        "with 8303320. Please use your own school's number, also for a pupil who came from another school.",
    ),
    (
        "8301102_phonics.docx",
        (),
        "No Service Code in filename: after 8301102 come an underscore and the service's code in capitals, as in "
        "8301102_ADMISSreport20261122.pdf for Admissions. Please rename the file and send it again.",
    ),
    (
        "8301102–INFOeyfs.docx",
        (),
        "No Service Code in filename: one underscore has to stand between the number and INFO, as in "
        "8301102_INFOreport20261122.pdf. Please rename the file and send it again.",
    ),
    (
        "8301102_SPSreport.docx",
        (),
        '"SPS" is not a service code. The nearest codes are SP and SPSS. The code is all the capitals after the DfE '
        "number, and the description after it is in lower case, as in 8301102_ADMISSreport20261122.pdf for Admissions. "
        "Please rename the file and send it again.",
    ),
    (
        "8301102_SENReport.docx",
        (),
        '"SENR" is not a service code. The nearest code is SEN. The code is all the capitals after the DfE number, '
        "and the description after it is in lower case, as in 8301102_SENreport20261122.pdf for SEN. Please rename the "
        "file and send it again.",
    ),
    (
        "8301102_CTF_8304000_001.xml",
        (),
        "CTF marks a file for School to School (S2S), which is not a service of ours. Please send it there; if it is "
        "meant for us, name it as in 8301102_ADMISSreport20261122.pdf for Admissions.",
    ),
    (
        "8301102_SENreport.exe",
        (),
        "SEN does not take .exe files. It takes: csv, doc, docx, eml, heic, jpeg, jpg, msg, ods, odt, pdf, png, ppt, "
        "pptx, rtf, tif, tiff, txt, xls, xlsx, xml, zip. Please save the file as one of these, and send it again.",
    ),
    (
        "8301102_SENreport.pdf ",
        (),
        "The name begins or ends with a space or a dot. Please rename the file, as in 8301102_SENreport20261122.pdf, "
        "and send it again.",
    ),
    (
        " 8301102_INFOeyfs.docx",
        (),
        "The name begins or ends with a space or a dot. Please rename the file, as in 8301102_INFOreport20261122.pdf, "
        "and send it again.",
    ),
    (
        "Excel Test Blank .xls",
        (),
        "The name does not begin with a DfE number. There is also No Service Code in filename: it comes after the "
        "number, in capitals. Please name the file as in 830nnnn_ADMISSreport20261122.pdf, and send it again.",
    ),
    (
        "CON.pdf",
        (),
        "The name is one that Windows keeps for itself (CON, PRN, AUX, NUL, COM1, LPT1 and the like). Please rename "
        "the file, as in 830nnnn_ADMISSreport20261122.pdf, and send it again.",
    ),
]


@pytest.mark.parametrize(("name", "own", "sentence"), SENTENCES, ids=lambda v: ascii(v)[:50])
def test_a_sentence_says_what_was_found_and_what_to_do(name: str, own: tuple[str, ...], sentence: str) -> None:
    assert said(name, *own) == sentence


def test_an_example_is_of_a_type_that_the_service_takes() -> None:
    picky = replace(RULES, catalogue=Catalogue({"FIN": Service("FIN", "Finance", accepts=frozenset({"xlsx", "ods"}))}))
    reading = read_name("8301102.pdf", picky, on=TODAY, schools=None)
    assert "as in 8301102_FINreport20261122.ods for Finance." in reading.sentence


def test_a_sender_without_a_school_is_told_so() -> None:
    reading = read_name(f"{LEYS}_INFOeyfs.docx", RULES, on=TODAY, schools=frozenset())
    assert reading.sentence == (
        "8302000 is not a school that you may send for: you are not registered for any school yet."
    )


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "The file has no name."),
        ("x" * 201, "The name is longer than 200 bytes."),
        ("a/b", "The name has a slash in it, as if it were a folder and a file."),
        ("a\tb", "The name has an invisible control character in it."),
        ("a\u202eb", "The name has an invisible mark that turns the writing round."),
        ("a\u0378b", "The name has a character in it that no alphabet knows."),
        ("a\ud800b", "The name was damaged on its way: it has half a character in it."),
        (" a", "The name begins or ends with a space or a dot."),
    ],
)
def test_an_unsafe_name_is_told_what_is_unsafe(name: str, problem: str) -> None:
    assert said(name).startswith(f"{problem} Please rename the file, as in 830nnnn_")


@pytest.mark.parametrize("name", ["8301102_SENannabell.exe", "8301102annabell.pdf", "annabell.pdf", "7annabell_x.pdf"])
def test_no_sentence_repeats_the_description(name: str) -> None:
    assert "annabell" not in said(name)
