"""The wiring: what is set reaches the part that it is meant for, and a reload changes all of it or nothing."""

import zipfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.app import House, open_house
from gateway.cli.init import lay_out, shipped_folder
from gateway.cli.load import StayingCourier
from gateway.configfile import Key
from gateway.core.admission import Refusal
from gateway.core.endpoint import Scanner
from gateway.core.mail import Mail
from gateway.core.standing import Approach
from gateway.daemon import Daemon, make_data_folder
from gateway.errors import ConfigError
from gateway.parameters import (
    archive_limits_of,
    courier_of,
    guess_limits_of,
    message_limits_of,
    policy_of,
    relay_password,
    scanner_of,
)
from gateway.sample import set_keys
from gateway.settings import Settings, read_settings
from gateway.store.threads import DiskThreads
from gateway.tables import read_deployment
from tests.fakes import ManualClock
from tests.outbound.relay import relay


@dataclass(frozen=True)
class Place:
    """A deployment of the test's own."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "gateway.toml"

    def set(self, table: str, key: str, value: object) -> Settings:
        """Change one key, and read the settings."""
        self.config.write_text(set_keys(self.config.read_text(), {(table, key): value}))
        return read_settings(self.config)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    lay_out(tmp_path / "place", source=shipped_folder(), sample=True)
    return Place(tmp_path / "place")


@pytest.fixture
async def house(place: Place) -> AsyncIterator[House]:
    settings, tables = read_deployment(place.config)
    async with open_house(settings, tables, clock=ManualClock(), courier=StayingCourier()) as opened:
        yield opened


# What is set becomes what the parts are told


ROWS: list[tuple[Key, object, str, object]] = [
    (("authority", "la_codes"), ["830", "831"], "la_codes", {"830", "831"}),
    (("authority", "timezone"), "Europe/Paris", "zone", ZoneInfo("Europe/Paris")),
    (("authority", "name"), "Testshire", "notices.authority", "Testshire"),
    (("authority", "contact"), "Ada, ada@la.example", "notices.contact", "Ada, ada@la.example"),
    (("retention", "days"), 0, "terms.days", 0),
    (("retention", "rejected_days"), 3, "terms.rejected_days", 3),
    (("retention", "quarantine_days"), 4, "terms.quarantine_days", 4),
    (("notices", "from"), "no-reply@la.example", "notices.sender", "no-reply@la.example"),
    (("smtp", "addresses"), ["in@la.example"], "notices.sender", "in@la.example"),
    (("notices", "names"), "full", "notices.full_names", True),
    (("notices", "headteacher_copies"), False, "notices.headteacher_copies", False),
    (("notices", "max_per_hour"), 7, "notices.an_hour", 7),
    (("notices", "max_per_day"), 8, "notices.a_day", 8),
    (("notices", "give_up_hours"), 2, "notice_retry.give_up_after", 7200.0),
    (("routing", "undo_seconds"), 90, "undo_seconds", 90.0),
    (("sftp", "max_file_bytes"), 12345, "max_file_bytes", 12345),
    (("sftp", "unfinished_hours"), 5, "unfinished_hours", 5),
]


def part(value: object, path: str) -> object:
    for name in path.split("."):
        value = getattr(value, name)
    return value


@pytest.mark.parametrize(("key", "value", "path", "becomes"), ROWS, ids=[".".join(map(str, row[0])) for row in ROWS])
def test_a_key_becomes_a_rule(place: Place, key: Key, value: object, path: str, becomes: object) -> None:
    _, tables = read_deployment(place.config)
    before = part(policy_of(read_settings(place.config), tables), path)
    if isinstance(value, bool):
        place.config.write_text(place.config.read_text().replace(f"{key[-1]} = true", f"{key[-1]} = false"))
    else:
        place.set(str(key[0]), str(key[1]), value)
    after = part(policy_of(read_settings(place.config), tables), path)
    assert after == becomes
    assert before != after  # or this row would hold for a rule that nobody sets


def test_guessing_is_limited_as_it_is_set(place: Place) -> None:
    for number, key in enumerate(
        ("max_failures_per_account", "max_failures_per_address", "window_seconds", "shut_out_seconds"), start=3
    ):
        settings = place.set("guessing", key, number)
    limits = guess_limits_of(settings)
    assert (limits.tries, limits.address_tries, limits.window, limits.shut_for) == (3, 4, 5.0, 6.0)


MESSAGE_KEYS = ("max_header_bytes", "max_headers", "max_parts", "max_part_bytes", "max_depth", "max_comment_chars")


def test_archives_and_messages_are_limited_as_it_is_set(place: Place) -> None:
    for table, keys in (
        ("inspect", ("max_entries", "max_unpacked_bytes", "max_ratio")),
        ("message", MESSAGE_KEYS),
    ):
        for number, key in enumerate(keys, start=3):
            settings = place.set(table, key, number)
    archive, message = archive_limits_of(settings), message_limits_of(settings)
    assert (archive.entries, archive.unpacked_bytes, archive.ratio) == (3, 4, 5)
    assert (message.header_bytes, message.header_lines, message.parts) == (3, 4, 5)
    assert (message.part_bytes, message.depth, message.comment_chars) == (6, 7, 8)


def test_a_scanner_is_made_only_where_one_is_set(place: Place) -> None:
    threads = DiskThreads("test", count=1)
    try:
        assert scanner_of(read_settings(place.config), threads) is None
        assert scanner_of(place.set("inspect", "scanner", "clamd:127.0.0.1:3310"), threads) is not None
    finally:
        threads.close()
    assert place.set("inspect", "scanner", "clamd:/run/clamd").inspect.scanner == Scanner.parse("clamd:/run/clamd")


# The password of the relay


def with_password(place: Place, content: bytes | None) -> Settings:
    if content is not None:
        (place.folder / "relay-password").write_bytes(content)
    text = set_keys(place.config.read_text(), {("notices", "username"): "gateway"})
    place.config.write_text(set_keys(text, {("notices", "password_file"): "relay-password"}))
    return read_settings(place.config)


@pytest.mark.parametrize("content", [b"Sesame 1 ", b"Sesame 1 \n", b"Sesame 1 \r\n"])
def test_the_password_is_the_line_as_it_stands(place: Place, content: bytes) -> None:
    assert relay_password(with_password(place, content).notices) == "Sesame 1 "


def test_without_a_login_there_is_no_password(place: Place) -> None:
    assert relay_password(read_settings(place.config).notices) == ""


@pytest.mark.parametrize(
    ("content", "said"), [(None, "can't be read: No such file"), (b"\xff\xfe", "holds no text; expected the relay's")]
)
def test_a_password_that_cant_be_read_is_a_fault_of_the_configuration(
    place: Place, content: bytes | None, said: str
) -> None:
    settings = with_password(place, content)
    with pytest.raises(ConfigError) as refused:
        courier_of(settings, ManualClock())
    assert said in str(refused.value)
    assert "[notices] password_file" in str(refused.value)


async def test_a_command_needs_no_password(place: Place) -> None:
    with_password(place, None)
    settings, tables = read_deployment(place.config)
    async with open_house(settings, tables, courier=StayingCourier()) as house:
        assert house.directory.current.schools


# A house


async def test_a_house_opens_no_door(house: House, place: Place) -> None:
    assert not (place.folder / "data" / "run").exists()
    assert house.directory.current.account("ruth.ashdown") is not None  # the register is read


async def test_a_house_can_be_opened_twice_and_after_each_other(house: House) -> None:
    """A command beside the daemon, and one after it."""
    settings, tables = read_deployment(house.settings.file)
    for _ in range(2):
        async with open_house(settings, tables, courier=StayingCourier()) as other:
            assert len(other.directory.current.schools) == len(house.directory.current.schools)


# A reload


async def test_a_reload_puts_new_rules_in_force_where_old_ones_were(house: House, place: Place) -> None:
    old = house.policy.current
    place.set("retention", "days", 7)
    template = place.folder / "config" / "notices" / "receipt.txt"
    template.write_text(template.read_text().replace("Subject: ", "Subject: TEST ", 1))
    before = house.templates.current
    in_force = house.prepare(*read_deployment(place.config))
    assert house.policy.current is old  # prepared is not yet done
    in_force()
    assert (old.terms.days, house.policy.current.terms.days) == (90, 7)
    assert house.templates.current is not before


def reloaded(house: House, place: Place) -> None:
    house.prepare(*read_deployment(place.config))()


async def test_a_reload_limits_guessing_anew(house: House, place: Place) -> None:
    async def guess() -> str:
        answer = await house.login.verify_password("ruth.ashdown", "Wrong-1", peer="192.0.2.9", by=Approach.MAIL_LOGIN)
        return answer.code if isinstance(answer, Refusal) else ""

    assert [await guess(), await guess()] == ["wrong", "wrong"]
    place.set("guessing", "max_failures_per_account", 3)
    reloaded(house, place)
    assert [await guess(), await guess()] == ["wrong", "shut-out"]  # those before it count


async def test_a_scanner_that_is_set_is_asked_from_the_reload_on(house: House, place: Place, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"text")

    async def inspect() -> tuple[str, str | None]:
        found = await house.live.inspect.inspect(str(path), size=4, extension="txt", accepts=frozenset())
        return found.verdict, found.remark

    assert await inspect() == ("clean", "not scanned")
    place.set("inspect", "scanner", f"clamd:{tmp_path}/nobody-is-there")
    reloaded(house, place)
    assert await inspect() == ("wait", None)  # nothing passes unscanned


async def test_a_reload_limits_archives_and_messages_anew(house: House, place: Place, tmp_path: Path) -> None:
    path = tmp_path / "file.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", "")
        archive.writestr("b", "")
    place.set("inspect", "max_entries", 1)
    place.set("message", "max_parts", 3)
    reloaded(house, place)
    size = path.stat().st_size
    found = await house.live.inspect.inspect(str(path), size=size, extension="zip", accepts=frozenset())
    assert found.reason == "unsafe-archive"
    assert house.live.unpacker.limits.parts == 3


async def test_notices_leave_by_the_relay_that_a_reload_names(place: Place) -> None:
    mail = Mail("ada@school.example", "Subject", "Text", "<1@gateway.test>")
    async with relay() as (old, old_port), relay() as (new, new_port):
        place.set("notices", "relay", f"smtp://127.0.0.1:{old_port}")
        settings, tables = read_deployment(place.config)
        async with open_house(settings, tables, clock=ManualClock()) as house:
            courier = house.live.courier
            assert [posted.outcome for posted in await courier.send([mail])] == ["sent"]
            place.set("notices", "relay", f"smtp://127.0.0.1:{new_port}")
            reloaded(house, place)
            assert [posted.outcome for posted in await courier.send([mail])] == ["sent"]
    assert (len(old.letters), len(new.letters)) == (1, 1)


Spoil = Callable[[Place], object]
SPOILED: list[tuple[str, Spoil]] = [
    ("a key", lambda place: place.config.write_text(place.config.read_text() + "\nnonsense = 1\n")),
    ("a table", lambda place: (place.folder / "routing" / "services.toml").write_text("[[service]]\n")),
    ("a notice", lambda place: (place.folder / "config" / "notices" / "receipt.txt").write_text("{{ nobody.knows }}")),
    ("the certificate", lambda place: (place.folder / "tls" / "certificate.pem").write_text("rubbish")),
    ("its key", lambda place: (place.folder / "tls" / "key.pem").unlink()),
    ("the relay's authorities", lambda place: place.set("notices", "ca_file", "none.pem")),
    ("the relay's password", lambda place: with_password(place, None)),
]


@pytest.fixture
async def running(place: Place) -> AsyncIterator[House]:
    """A house as the daemon opens it: with a way to the relay."""
    place.set("notices", "relay", "smtps://localhost:465")
    settings, tables = read_deployment(place.config)
    async with open_house(settings, tables, clock=ManualClock()) as opened:
        yield opened


@pytest.mark.parametrize(("what", "spoil"), SPOILED, ids=[what for what, _ in SPOILED])
async def test_a_reload_with_one_fault_changes_nothing_and_says_it(
    running: House, place: Place, capsys: pytest.CaptureFixture[str], what: str, spoil: Spoil
) -> None:
    daemon = Daemon(running, place.config)
    desk = daemon._doors._desk
    policy, templates = running.policy.current, running.templates.current
    place.set("retention", "days", 7)
    spoil(place)
    daemon.reload()
    assert running.policy.current is policy
    assert running.templates.current is templates
    assert daemon._doors._desk is desk
    assert "reload-refused" in "".join(capsys.readouterr()), what


async def test_what_was_refused_is_taken_once_it_is_mended(
    house: House, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon = Daemon(house, place.config)
    good = place.config.read_text()
    place.config.write_text("nonsense")
    daemon.reload()
    place.config.write_text(good.replace("\ndays = 90", "\ndays = 7"))
    daemon.reload()
    assert house.policy.current.terms.days == 7
    assert "reloaded" in "".join(capsys.readouterr())


def test_a_data_folder_that_cannot_be_made_is_a_fault_of_its_key(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError) as refused:
        make_data_folder(tmp_path / "file" / "data")
    assert "[storage] data: the folder" in str(refused.value)
