"""Public keys as people send them: each usual form is read, each usual mistake has its sentence."""

from pathlib import Path

import asyncssh
import pytest

from gateway.cli.admin.keys import read_public_keys
from gateway.errors import NotThere

ED25519 = asyncssh.generate_private_key("ssh-ed25519", comment="ada@desk")
RSA = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
SHORT_RSA = asyncssh.generate_private_key("ssh-rsa", key_size=1024)
LINE = ED25519.export_public_key().decode().strip()


def read(tmp_path: Path, content: bytes) -> tuple[str, ...]:
    """Return the keys of a file with this content."""
    path = tmp_path / "key"
    path.write_bytes(content)
    return read_public_keys(path)


@pytest.mark.parametrize(
    "content",
    [
        LINE.encode(),
        f"\ufeff{LINE}\r\n".encode(),  # from Notepad
        f"# my key\n\n{LINE}\n{LINE}\n".encode(),  # the same twice is one key
        ED25519.export_public_key("rfc4716"),  # as PuTTYgen saves it
    ],
    ids=["openssh", "notepad", "authorized_keys", "rfc4716"],
)
def test_every_usual_form_becomes_one_line(tmp_path: Path, content: bytes) -> None:
    (line,) = read(tmp_path, content)
    assert line.split()[:2] == LINE.split()[:2]


def test_a_file_may_hold_several_keys(tmp_path: Path) -> None:
    keys = read(tmp_path, LINE.encode() + b"\n" + RSA.export_public_key())
    assert [line.split()[0] for line in keys] == ["ssh-ed25519", "ssh-rsa"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (ED25519.export_private_key(), "holds a private key, which nobody but its owner may have"),
        (b"PuTTY-User-Key-File-3: ssh-ed25519\n", "holds a private key"),
        (SHORT_RSA.export_public_key(), "an RSA key of 1024 bits, which is too short"),
        (b"", "is empty; expected a public key"),
        (b"# nothing\n", "is empty; expected a public key"),
        (b"Dear LA, here is my key", "is no public key; expected"),
        (b"\xff\xfe\x00", "is no text; expected"),
        (f"{LINE}\nand more\n".encode(), "is no public key"),
    ],
    ids=["private", "putty-private", "short-rsa", "empty", "comment", "prose", "bytes", "more"],
)
def test_every_usual_mistake_has_its_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    with pytest.raises(NotThere, match="key") as refused:
        read(tmp_path, content)
    assert sentence in str(refused.value)


def test_a_private_key_is_not_shown(tmp_path: Path) -> None:
    content = ED25519.export_private_key()
    with pytest.raises(NotThere) as refused:
        read(tmp_path, content)
    assert content.decode().splitlines()[1] not in str(refused.value)


def test_a_file_that_cant_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotThere, match="can't be read: No such file"):
        read_public_keys(tmp_path / "missing.pub")
