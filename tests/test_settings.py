"""`gateway.toml`: each key is documented where an administrator reads it, and becomes a value that can be used."""

import re
import tomllib
from datetime import time
from pathlib import Path

import pytest
from pydantic import BaseModel

from gateway.configfile import Key, key_lines
from gateway.core.endpoint import Address, Relay, SocketPath
from gateway.errors import ConfigError
from gateway.sample import sample_settings
from gateway.settings import Settings, read_settings

SHIPPED = Path(__file__).parent.parent / "gateway.toml"
MINIMAL = """
[authority]
la_codes = ["830"]
name = "Derbyshire"
contact = "the files team, Files-Help@derbyshire.example, 01632 960123"
[smtp]
addresses = ["Files@derbyshire.example", "second@derbyshire.example"]
"""
OWN = {  # shipped with a value of its own, beside those without a default
    ("smtp", "listen"),
    ("smtp", "listen_tls"),
    ("sftp", "listen"),
    ("notices", "relay"),
    ("smtp", "relay"),
}


def settings_of(place: Path, text: str) -> Settings:
    (place / "gateway.toml").write_text(MINIMAL + text, encoding="utf-8")
    return read_settings(place / "gateway.toml")


def uncommented(text: str) -> str:
    """Return the shipped text with the keys in force that stand behind a bare #."""
    return re.sub(r"(?m)^#(?=\S)", "", text)


def keys_of(model: type[BaseModel], at: Key = ()) -> set[Key]:
    found: set[Key] = set()
    for name, field in model.model_fields.items():
        inner = [
            each for each in (field.annotation, *getattr(field.annotation, "__args__", ())) if isinstance(each, type)
        ]
        tables = [each for each in inner if issubclass(each, BaseModel)]
        key = (*at, field.alias or name)
        found |= keys_of(tables[0], key) if tables else {key}
    return found


def documented_keys() -> set[Key]:
    text = uncommented(SHIPPED.read_text(encoding="utf-8"))
    keys = {tuple(part for part in key if isinstance(part, str)) for key in key_lines(text)}
    return {key for key in keys if not any(other[: len(key)] == key and other != key for other in keys)}


def test_the_shipped_file_documents_every_key_and_no_other() -> None:
    assert documented_keys() == keys_of(Settings)


def test_each_key_of_the_shipped_file_has_its_comment_above_it() -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    lines = text.split("\n")
    keys = {key: line for key, line in key_lines(uncommented(text)).items() if "=" in lines[line - 1]}
    assert len(keys) > 70
    assert [key for key, line in keys.items() if not re.match(r"# \S", lines[line - 2])] == []


def test_what_the_comment_calls_the_default_is_the_default(tmp_path: Path) -> None:
    shipped = read_settings(SHIPPED).model_dump()
    default = settings_of(tmp_path, "").model_dump()
    differing = {
        (table, key)
        for table, values in shipped.items()
        for key, value in values.items()
        if str(value).replace(str(SHIPPED.parent), "") != str(default[table][key]).replace(str(tmp_path), "")
    }
    assert differing == OWN - {("smtp", "relay")} | {("authority", "contact"), ("smtp", "addresses")}


def test_every_comment_names_its_default() -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    comments = re.findall(r"(?m)^((?:# .*\n)+)#?[a-z_]+ =", text)
    assert [comment for comment in comments if "default" not in comment] == []


def test_the_shipped_file_is_right_with_its_disabled_keys_in_force(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text(uncommented(SHIPPED.read_text(encoding="utf-8")), encoding="utf-8")
    relay = read_settings(tmp_path / "gateway.toml").smtp.relay[0]
    assert relay.listen == (Address("192.0.2.10", 2525),)
    assert [str(network) for network in relay.networks] == ["192.0.2.25/32"]


def test_relative_paths_are_taken_from_the_folder_of_the_file(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, '[storage]\ndata = "../data"\n[notices]\nca_file = "/etc/ssl/own.pem"\n')
    assert settings.folder == tmp_path
    assert settings.storage.data == tmp_path / "../data"
    assert settings.notices.ca_file == Path("/etc/ssl/own.pem")
    assert settings.tables.routing == tmp_path / "routing"  # a default too
    assert settings.sftp.host_keys == (tmp_path / "ssh/host_ed25519",)


def test_a_relative_file_name_does_not_depend_on_a_later_change_of_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gateway.toml").write_text(MINIMAL)
    monkeypatch.chdir(tmp_path)
    assert read_settings(Path("gateway.toml")).storage.data == tmp_path / "data"


def test_texts_become_values(tmp_path: Path) -> None:
    settings = settings_of(
        tmp_path,
        'listen = ["[::1]:25"]\n[lmtp]\nlisten = ["unix:run/lmtp.sock", "127.0.0.1:24"]\nauthserv_id = "mx"\n'
        '[notices]\nrelay = "smtps://mail.derbyshire.example"\n[documents]\ndigest_at = "07:30"\n'
        '[inspect]\nscanner = "clamd:127.0.0.1:3310"\n',
    )
    assert settings.smtp.listen == (Address("::1", 25),)
    assert settings.lmtp.listen == (SocketPath(str(tmp_path / "run/lmtp.sock")), Address("127.0.0.1", 24))
    assert settings.notices.relay == Relay("mail.derbyshire.example", 465, "tls")
    assert settings.documents.digest_at == time(7, 30)
    assert str(settings.inspect.scanner) == "clamd:127.0.0.1:3310"


def test_addresses_are_lower_case_and_the_first_is_ours(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "")
    assert settings.smtp.addresses[0] == "files@derbyshire.example"
    assert settings.smtp.domain == "derbyshire.example"
    assert settings.notice_sender == "files@derbyshire.example"
    assert settings_of(tmp_path, '[notices]\nfrom = "Post@x.example"\n').notice_sender == "post@x.example"


@pytest.mark.parametrize(
    ("contact", "address"),
    [
        ("the files team, Files-Help@derbyshire.example, 01632 960123", "Files-Help@derbyshire.example"),
        ("Write to files-help@derbyshire.example.", "files-help@derbyshire.example"),
        ("01632 960123", None),
    ],
)
def test_the_contact_is_what_people_read_and_may_hold_an_address(
    tmp_path: Path, contact: str, address: str | None
) -> None:
    (tmp_path / "g.toml").write_text(re.sub(r'(?m)^contact = ".*"$', f'contact = "{contact}"', MINIMAL))
    authority = read_settings(tmp_path / "g.toml").authority
    assert (authority.contact, authority.contact_address) == (contact, address)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('["publickey"]', (("publickey",),)),  # a key, and nothing else
        ('["publickey", "password"]', (("publickey", "password"),)),  # both together
        ('[["publickey"], ["password"]]', (("publickey",), ("password",))),  # either
    ],
)
def test_what_opens_the_sftp_door(tmp_path: Path, text: str, expected: object) -> None:
    assert settings_of(tmp_path, f"[sftp]\nrequire = {text}\n").sftp.require == expected


def test_days_may_be_none_at_all(tmp_path: Path) -> None:
    assert settings_of(tmp_path, "[retention]\ndays = 0\n").retention.days == 0


def test_passwords_that_never_expire_need_no_reminder_in_time(tmp_path: Path) -> None:
    assert settings_of(tmp_path, "[passwords]\nexpire_days = 0\n").passwords.expire_days == 0


def test_two_doors_may_each_take_a_free_port(tmp_path: Path) -> None:
    settings_of(tmp_path, 'listen = ["127.0.0.1:0"]\nlisten_tls = ["127.0.0.1:0"]\n[sftp]\nlisten = ["127.0.0.1:0"]\n')


def test_settings_are_frozen_and_equal_when_they_say_the_same(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "")
    assert settings == settings_of(tmp_path, "")
    assert settings != settings_of(tmp_path, "[retention]\ndays = 1\n")
    with pytest.raises(ValueError, match="frozen"):
        settings.retention = settings.retention  # type: ignore[misc]


def test_a_password_in_a_url_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        settings_of(tmp_path, '[notices]\nrelay = "smtps://me:secret@mail.derbyshire.example"\n')
    assert "secret" not in str(caught.value)


def test_what_stands_inside_a_list_or_a_long_text_is_no_key(tmp_path: Path) -> None:
    text = 'max_errors = 0\nhostname = """\nmax_errors = 3\n[sftp]\n"""\nlisten = [\n  "x", # [lmtp]\n]\n'
    more = '[sftp]\nrequire = [\n  ["publickey"],\n  ["password"]\n]\nmax_handles = 0\n'
    with pytest.raises(ConfigError) as caught:
        settings_of(tmp_path, text + more)
    assert [fault.where for fault in caught.value.faults] == [
        "[smtp] max_errors, line 8",
        "[smtp] listen, line 13",
        "[sftp] max_handles, line 21",
    ]


def test_the_sample_keeps_every_comment_and_is_all_on_loopback(tmp_path: Path) -> None:
    shipped = SHIPPED.read_text(encoding="utf-8")
    sample = sample_settings(shipped)
    assert [line for line in sample.split("\n") if line.startswith("#")] == [
        line for line in shipped.split("\n") if line.startswith("#")
    ]
    assert tomllib.loads(sample).keys() == tomllib.loads(shipped).keys()
    (tmp_path / "gateway.toml").write_text(sample, encoding="utf-8")
    settings = read_settings(tmp_path / "gateway.toml")
    places = (*settings.smtp.listen, *settings.smtp.listen_tls, *settings.sftp.listen)
    assert {str(place) for place in places} == {"127.0.0.1:0"}
    assert settings.smtp.addresses == ("files@gateway.test",)
    assert str(settings.notices.relay) == "smtp://127.0.0.1:1025"
    assert settings.sftp.require == (("publickey",), ("password",))
    assert (settings.inspect.scanner, settings.smtp.relay, settings.lmtp.listen) == (None, (), ())
