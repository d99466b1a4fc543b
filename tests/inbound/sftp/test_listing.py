"""How a folder looks in a client: the long name, and the packets it comes in."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.inbound.sftp.flow import Limits
from gateway.inbound.sftp.listing import Entries, Entry, Listing
from tests.inbound.sftp import wire
from tests.inbound.sftp.memory import NOW, Session

AT_NOON = int(datetime(2026, 7, 1, 12, 0, tzinfo=UTC).timestamp())
MOST = Limits().max_names
BYTE = (0o100440, 1, AT_NOON)

LINES = [
    (
        Entry("8302000_SENplan20261122.pdf", 0o100640, 34816, int(NOW.timestamp()), "leys", "830"),
        "-rw-r-----   1 leys     830         34816 Nov 22 10:51 8302000_SENplan20261122.pdf",
    ),
    (
        Entry("Sent Files", 0o040550, 0, 0),
        "dr-xr-x---   1 -        -               0 Jan  1  1970 Sent Files",
    ),
    (Entry("nothing said", 0, 0, 0), "?---------   1 -        -               0 Jan  1  1970 nothing said"),
    (
        Entry("large.zip", 0o100600, 123456789012, AT_NOON, "a-long-user-name", "g"),
        "-rw-------   1 a-long-user-name g        123456789012 Jul  1 12:00 large.zip",
    ),
]


def long_name(entry: Entry, *, now: datetime) -> str:
    (encoded,) = Listing([entry], now=now).next_batch(MOST)
    name, rest = wire.take_string(encoded)
    line, _ = wire.take_string(rest)
    assert line.endswith(b" " + name)
    return line.decode()


@pytest.mark.parametrize(("entry", "line"), LINES, ids=[row[0].name for row in LINES])
def test_a_line_is_that_of_ls(entry, line):
    assert long_name(entry, now=NOW) == line


def test_the_hour_is_that_of_the_readers_time_zone():
    summer = datetime(2026, 7, 2, tzinfo=ZoneInfo("Europe/London"))
    assert " Jul  1 13:00 " in long_name(Entry("a", *BYTE), now=summer)


@pytest.mark.parametrize(("days", "shown"), [(181, "Jul  1 12:00"), (183, "Jul  1  2026"), (-183, "Jul  1  2026")])
def test_what_is_half_a_year_away_shows_its_year(days, shown):
    now = datetime(2026, 7, 1, 12, 0, tzinfo=UTC) + timedelta(days=days)
    assert shown in long_name(Entry("a", *BYTE), now=now)


def test_the_hour_is_right_on_the_days_on_which_clocks_are_moved():
    zone = ZoneInfo("Europe/London")
    now = datetime(2026, 12, 1, tzinfo=zone)
    for hour in range(48 * 4):
        then = datetime(2026, 10, 24, 12, 7, tzinfo=UTC) + timedelta(minutes=15 * hour)
        entry = Entry("a", 0o100440, 1, int(then.timestamp()))
        assert f" {then.astimezone(zone):%b %d %H:%M} a" in long_name(entry, now=now)


def test_a_folder_of_thousands_comes_in_packets_that_every_client_takes_each_name_once():
    names = [f"8302000_INFOreturn{number:06}.pdf" for number in range(5_000)]
    listing = Listing((Entry(name, *BYTE) for name in names), now=NOW)
    seen = []
    packets = 0
    while batch := listing.next_batch(MOST):
        assert sum(map(len, batch)) < MOST
        seen += [wire.take_string(encoded)[0].decode() for encoded in batch]
        packets += 1
    assert seen == names
    assert packets < 35
    assert listing.next_batch(MOST) == []


def test_many_at_once_are_told_as_each_by_itself():
    names = [f"8302000_INFO{'ü' * (n % 5)}return{n}.pdf" for n in range(500)]
    sizes = [7 ** (n % 16) for n in range(500)]
    times = [AT_NOON + n * 36_007 for n in range(500)]
    each = [Entry(*row) for row in zip(names, [0o100440] * 500, sizes, times, strict=True)]
    parts = (slice(0, 1), slice(0, 0), slice(1, 500))
    runs = [Entries(names[part], 0o100440, sizes[part], times[part]) for part in parts]
    together = Listing(runs, now=NOW)
    alone = Listing(each, now=NOW)
    while batch := together.next_batch(5_000):
        assert batch == alone.next_batch(5_000)
        assert sum(map(len, batch)) < 5_000
    assert alone.next_batch(5_000) == []


def test_an_opened_folder_is_read_to_its_end_and_closed_without_the_portal():
    session = Session()
    session.open("/a.pdf"), session.open("/b.pdf")
    (opened,) = session.ask(wire.on_path(wire.OPENDIR, 5, "/"))
    names, end, again, closed = session.ask(
        wire.on_handle(wire.READDIR, 6, opened.handle),
        wire.on_handle(wire.READDIR, 7, opened.handle),
        wire.on_handle(wire.READDIR, 8, opened.handle),
        wire.on_handle(wire.CLOSE, 9, opened.handle),
    )
    assert [name for name, _, _ in names.names] == [b"a.pdf", b"b.pdf"]
    assert names.names[0][1].startswith(b"-rw-r-----   1 leys ")
    assert (end.code, again.code, closed.code) == (wire.EOF, wire.EOF, wire.OK)
    assert session.portal.asked[2:] == [("opendir", "/")]


def test_a_name_that_is_not_utf8_is_listed_as_it_is():
    (encoded,) = Listing([Entry("caf\udce9", *BYTE)], now=NOW).next_batch(MOST)
    assert wire.take_string(encoded)[0] == b"caf\xe9"


@pytest.mark.parametrize("kind", [wire.READ, wire.FSTAT, wire.FSETSTAT, wire.WRITE])
def test_a_folder_is_no_file_and_a_file_no_folder(kind):
    session = Session()
    file = session.open()
    (opened,) = session.ask(wire.on_path(wire.OPENDIR, 2, "/"))
    on_folder, on_file = session.ask(
        wire.on_handle(kind, 3, opened.handle, bytes(12)), wire.on_handle(wire.READDIR, 4, file)
    )
    assert (on_folder.code, on_file.code) == (wire.FAILURE, wire.FAILURE)
