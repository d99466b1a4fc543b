"""The pages among the files: a spreadsheet opens them, and what a name holds stays text (Source: SPEC 5)."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.model import Channel, FileRecord, Status
from gateway.core.pages import COLUMNS, REASON_ENDING, info_of, reason_text, status_csv
from gateway.core.reasons import Reason, sentence_for

AT = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)  # half past midnight on the first of July in London
LONDON = ZoneInfo("Europe/London")
CONTACT = "the files team, files-help@la.example"
SENT = FileRecord(
    id="f-01",
    submission="f",
    name="8302000_SENreview20260630.pdf",
    school="8302000",
    service="SEN",
    status=Status.SENT,
    channel=Channel.SFTP,
    sent_by="Petra Varga",
    sent_by_user="p.varga",
    sent_at=AT,
    size=59,
    sha256="00",
    expires_at=AT + timedelta(days=90),
    place="8302000/2026-07/f-01",
)
REJECTED = replace(
    SENT,
    name="8302000_info20260630.pdf",
    service=None,
    status=Status.REJECTED,
    reason=Reason.NO_SERVICE_CODE,
    faults=(Reason.NO_SERVICE_CODE,),
    detail="No Service Code in filename: after 8302000 come an underscore and the code.",
    expires_at=AT + timedelta(days=14),
)
FORMULAS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def table(*files: FileRecord) -> list[list[str]]:
    """Return what a spreadsheet reads."""
    return list(csv.reader(io.StringIO(status_csv(files, LONDON).decode("utf-8-sig"), newline="")))


def reason(file: FileRecord, contact: str = CONTACT) -> list[str]:
    return reason_text(file, LONDON, contact=contact).decode("utf-8").split("\r\n")


# Status.csv


def test_the_table_is_utf8_with_its_mark_and_lines_end_as_windows_wants_them() -> None:
    data = status_csv([SENT, REJECTED], LONDON)
    assert data.startswith(b'\xef\xbb\xbf"File name",')
    assert data.endswith(b"\r\n")
    assert data.count(b"\n") == data.count(b"\r\n") == 3


def test_an_empty_table_has_its_headings() -> None:
    assert table() == [list(COLUMNS)]


def test_the_columns_are_those_of_the_portal() -> None:
    assert [word.lower() for word in COLUMNS] == [
        "file name", "sent by", "date sent", "status", "info", "received on", "received by"
    ]  # fmt: skip


def test_a_row_tells_a_file_in_the_authoritys_time() -> None:
    received = replace(
        SENT, status=Status.RECEIVED, received_at=AT + timedelta(hours=10), received_by="Nadia Rowbotham"
    )
    assert table(received)[1] == [
        "8302000_SENreview20260630.pdf", "Petra Varga", "01/07/2026 00:30", "Received", "",
        "01/07/2026 10:30", "Nadia Rowbotham",
    ]  # fmt: skip


def test_what_is_absent_is_an_empty_cell() -> None:
    assert table(SENT)[1][4:] == ["", "", ""]


def test_files_stand_in_the_order_in_which_they_are_given() -> None:
    assert [row[0] for row in table(SENT, REJECTED)[1:]] == [SENT.name, REJECTED.name]


@pytest.mark.parametrize("start", [*FORMULAS, "\t=", "\r=", "\n+", "\u200b=", " =", "\uff1d", " \uff20"])
def test_no_cell_starts_a_formula(start: str) -> None:
    evil = f"{start}cmd|'/c calc'!A1"
    row = table(replace(SENT, name=evil, sent_by=evil, remark=evil, received_by=evil))[1]
    for cell in (row[0], row[1], row[4], row[6]):
        assert not cell.lstrip().startswith(FORMULAS), start


@pytest.mark.parametrize("start", FORMULAS)
def test_no_formula_starts_behind_a_semicolon_where_that_parts_cells(start: str) -> None:
    """In many languages Excel parts at semicolons alone, and quotes that stand behind a comma count for nothing."""
    evil = f"8302000_SENa; {start}cmd|'/c calc'!A1;{start}1;\"{start}2;b.csv"
    data = status_csv([replace(SENT, name=evil, remark=evil)], LONDON).decode("utf-8-sig")
    for line in data.splitlines():
        for cell in line.split(";")[1:]:
            assert not cell.lstrip(' "').startswith(FORMULAS), cell


def test_every_cell_is_quoted_for_a_program_that_parts_at_semicolons_too() -> None:
    """LibreOffice does: the remark "not scanned; Delivered" would push what stands behind it one column on."""
    data = status_csv([replace(SENT, remark="not scanned; Delivered")], LONDON).decode("utf-8-sig")
    rows = data.splitlines()
    assert all(row.startswith('"') and row.endswith('"') and row.count('","') == 6 for row in rows)
    assert '"not scanned; Delivered"' in rows[1]


def test_the_sentence_of_a_rejection_starts_no_formula_either() -> None:
    row = table(replace(REJECTED, detail="=HYPERLINK(1)"))[1]
    assert row[4] == "'=HYPERLINK(1)"


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        ("commas and quotes stay in their cell", 'a,"b",c.pdf'),
        ("an apostrophe is a letter", "o'neill.pdf"),
        ("other alphabets", "żółć.pdf"),
        ("a hyphen within", "a-b=c+d@e.pdf"),
    ],
)
def test_an_honest_name_stands_in_the_table_as_it_is(rule: str, name: str) -> None:
    assert table(replace(SENT, name=name))[1][0] == name, rule


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), min_size=3, max_size=3))
def test_whatever_a_file_is_called_it_is_one_row_of_seven_cells(words: list[str]) -> None:
    name, person, remark = words
    data = status_csv([replace(SENT, name=name, sent_by=person, remark=remark)], LONDON)
    assert data.count(b"\n") == 2
    (_, row) = table(replace(SENT, name=name, sent_by=person, remark=remark))
    assert len(row) == len(COLUMNS)
    assert not any(cell.lstrip().startswith(FORMULAS) for cell in row)


# The information of a file


def test_a_remark_is_told_and_without_one_nothing_is() -> None:
    assert (info_of(replace(SENT, remark="not scanned")), info_of(SENT)) == ("not scanned", "")


@pytest.mark.parametrize("code", Reason)
def test_a_rejection_tells_its_sentence(code: Reason) -> None:
    assert info_of(replace(REJECTED, reason=code, detail=None)) == sentence_for(code)
    assert info_of(replace(REJECTED, reason=code)) == REJECTED.detail


def test_who_rejected_it_is_told() -> None:
    by_officer = replace(REJECTED, detail="It is for another school.", rejected_by="Nadia Rowbotham")
    assert info_of(by_officer) == "It is for another school. (by Nadia Rowbotham)"


# The reason beside a file


def test_the_reason_opens_on_windows_too() -> None:
    data = reason_text(REJECTED, LONDON, contact=CONTACT)
    assert data.endswith(b"\r\n")
    assert data.count(b"\n") == data.count(b"\r\n")
    assert REASON_ENDING == ".reason.txt"


def test_the_reason_says_what_when_and_by_whom() -> None:
    assert reason(REJECTED)[:3] == [
        "8302000_info20260630.pdf was rejected on 1 July 2026 by the gateway.",
        "",
        "No Service Code in filename: after 8302000 come an underscore and the code.",
    ]
    assert "by Nadia Rowbotham." in reason(replace(REJECTED, rejected_by="Nadia Rowbotham"))[0]


def test_a_file_that_is_held_goes_by_a_rename_and_its_term_is_told() -> None:
    lines = reason(replace(REJECTED, correction="8302000_INFO20260630.pdf"))
    assert "To send it, rename it here to:" in lines
    assert "    8302000_INFO20260630.pdf" in lines
    assert "We keep the file until 15 July 2026, then it is destroyed." in lines


def test_a_file_of_which_no_byte_was_kept_is_sent_again_under_the_right_name() -> None:
    refused = replace(REJECTED, correction="8302000_INFO20260630.pdf", place=None, size=None, expires_at=None)
    lines = reason(refused)
    assert "Send it again in Send Files under this name:" in lines
    assert "    8302000_INFO20260630.pdf" in lines
    assert not any("rename it here" in line or "We keep the file" in line for line in lines)


def test_a_held_file_without_a_certain_name_can_still_be_renamed() -> None:
    assert any("rename it here, or send it again" in line for line in reason(REJECTED))


def test_a_file_whose_content_is_wrong_is_not_mended_by_a_rename() -> None:
    infected = replace(REJECTED, reason=Reason.INFECTED, faults=(), detail=None)
    lines = reason(infected)
    assert not any("rename" in line for line in lines)
    assert sentence_for(Reason.INFECTED) in lines


def test_every_fault_is_told() -> None:
    faults = (Reason.UNKNOWN_LA, Reason.NO_SERVICE_CODE)
    text = "\n".join(reason(replace(REJECTED, reason=faults[0], faults=faults, detail=None)))
    assert sentence_for(faults[0]) in text
    assert "No Service Code in filename" in text


def test_whom_to_ask_stands_at_the_end_when_it_is_known() -> None:
    assert reason(REJECTED)[-2:] == [f"Questions: {CONTACT}", ""]
    assert not any(line.startswith("Questions") for line in reason(REJECTED, contact=""))
