"""How answers are shown: nothing from outside commands a terminal, and JSON is the same everywhere."""

import json
import os
import pty
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import click
import pytest
from click.testing import CliRunner

from gateway.cli.render import Column, Kind, Row, Screen, iso, print_json, size_text
from gateway.core.visible import visible

LONDON = ZoneInfo("Europe/London")
COLUMNS = (Column("name", "Name"), Column("at", "Sent", Kind.TIME), Column("size", "Size", Kind.SIZE))
EVIL = "a\x1b]0;owned\x07b\x9b31mc\u202ed\rE\ud800.docx"


def shown(rows: list[Row], *, as_json: bool = False) -> str:
    """Return what a listing prints into a pipe."""

    @click.command()
    def listing() -> None:
        Screen(as_json, LONDON).listing(rows, COLUMNS, empty="There is none.")

    return CliRunner().invoke(listing, catch_exceptions=False).stdout


def test_in_a_pipe_a_table_is_plain_text_in_columns() -> None:
    rows: list[Row] = [
        {"name": "8301102_INFOa20260601.docx", "at": "2026-06-01T10:00:00+00:00", "size": 123},
        {"name": "b.pdf", "at": None, "size": 12_345_678},
    ]
    assert shown(rows).splitlines() == [
        "Name                        Sent                   Size",
        "8301102_INFOa20260601.docx  2026-06-01 11:00  123 bytes",
        "b.pdf                                           12.3 MB",
    ]


def test_nothing_to_show_is_said_to_people_and_an_empty_array_for_programs() -> None:
    assert shown([]) == "There is none.\n"
    assert json.loads(shown([], as_json=True)) == []


def test_no_control_character_reaches_a_terminal() -> None:
    text = shown([{"name": EVIL, "at": None, "size": None}])
    assert all(c.isprintable() or c == "\n" for c in text)
    assert r"a\x1b]0;owned\x07b\x9b31mc\u202ed\rE\ud800.docx" in text


def test_json_escapes_what_a_terminal_could_obey_and_loses_nothing() -> None:
    text = shown([{"name": EVIL + "\U000e0001"}], as_json=True)
    assert all(c.isprintable() or c == "\n" for c in text)
    assert json.loads(text) == [{"name": EVIL + "\U000e0001"}]


def test_json_is_utf8_whatever_the_locale_says() -> None:
    code = "from gateway.cli.render import print_json; print_json({'name': 'Zoë – 8301102 ✓'})"
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONIOENCODING": "latin-1"}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=environment)
    assert ran.stdout == '{\n  "name": "Zoë – 8301102 ✓"\n}\n'.encode()


@pytest.mark.parametrize("text", ["plain", "Zoë – Ångström", "日本語", "a b"])
def test_ordinary_text_is_shown_as_it_is(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1500, "1.5 kB"), (25_000_000, "25.0 MB"), (10**10, "10.0 GB")],
)
def test_sizes_are_written_as_people_read_them(size: int, text: str) -> None:
    assert size_text(size) == text


def test_times_for_programs_are_in_utc_with_the_offset_and_of_one_length() -> None:
    summer = datetime(2026, 6, 1, 11, 0, tzinfo=timezone(timedelta(hours=1)))
    assert iso(summer) == "2026-06-01T10:00:00.000000+00:00"
    assert iso(datetime(2026, 6, 1, 10, 0, 0, 5, UTC)) == "2026-06-01T10:00:00.000005+00:00"
    assert iso(None) is None


def on_a_terminal(**environment: str) -> str:
    """Return what a listing prints on a terminal."""
    code = (
        "from gateway.cli.render import *; from zoneinfo import ZoneInfo\n"
        "Screen(False, ZoneInfo('UTC')).listing([{'name': '[red]a[/red] :smile:\\x1b[2J', 'size': 5}], "
        "[Column('name', 'Name'), Column('size', 'Size', Kind.SIZE)], empty='')"
    )
    ours, theirs = pty.openpty()
    env = {"PATH": os.environ["PATH"], "TERM": "xterm", "COLUMNS": "100", **environment}
    subprocess.run([sys.executable, "-c", code], stdout=theirs, stderr=theirs, check=True, env=env)
    os.close(theirs)
    said = os.read(ours, 65536).decode()
    os.close(ours)
    return said


def test_on_a_terminal_a_name_is_neither_markup_nor_command() -> None:
    said = on_a_terminal(NO_COLOR="1")
    assert r"[red]a[/red] :smile:\x1b[2J" in said
    assert "\x1b[2J" not in said
    assert "─" in said


@pytest.mark.parametrize(("columns", "is_table"), [("40", True), ("34", True), ("20", False)])
def test_no_word_is_broken_however_narrow_the_terminal_is(columns: str, is_table: bool) -> None:
    said = on_a_terminal(NO_COLOR="1", COLUMNS=columns)
    assert r":smile:\x1b[2J" in said
    assert ("─" in said) == is_table


def test_no_color_is_honoured() -> None:
    assert "\x1b[1m" in on_a_terminal()
    assert "\x1b[3" not in on_a_terminal(NO_COLOR="1")


def test_an_action_answers_with_the_object_or_a_sentence() -> None:
    @click.command()
    @click.option("--json", "as_json", is_flag=True)
    def act(as_json: bool) -> None:
        Screen(as_json, LONDON).action({"username": "zoë"}, sentence="Added zo\x07ë.")

    assert CliRunner().invoke(act).stdout == "Added zo\\x07ë.\n"
    assert json.loads(CliRunner().invoke(act, ["--json"]).stdout) == {"username": "zoë"}


def test_print_json_ends_with_one_line_break() -> None:
    @click.command()
    def act() -> None:
        print_json([])

    assert CliRunner().invoke(act).stdout == "[]\n"
