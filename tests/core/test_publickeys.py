"""A line of `authorized_keys` is read as OpenSSH does, and what is weak or no key is refused with its sentence."""

import asyncssh
import pytest

from gateway.core.publickeys import KeyRules, fingerprint_of, key_of, read_key, read_keys

RULES = KeyRules()


def line(kind: str, *, comment: str = "", **more: int) -> str:
    key = asyncssh.generate_private_key(kind, comment=comment or None, **more)
    return key.export_public_key().decode().strip()


GOOD = line("ssh-ed25519", comment="ada@desk")
SHORT, LONG = line("ssh-rsa", key_size=2048), line("ssh-rsa", key_size=3072)


@pytest.mark.parametrize("text", [GOOD, LONG, line("ecdsa-sha2-nistp256"), line("ecdsa-sha2-nistp521")])
def test_a_good_key_is_taken_whole(text: str) -> None:
    found = read_key(text, RULES)
    assert not isinstance(found, str)
    assert found.line == text
    assert found.fingerprint == asyncssh.import_public_key(text).get_fingerprint()
    assert key_of(text) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SHORT, "RSA key of 2048 bits, which is too short"),
        (line("ssh-dss"), "a DSA key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "private key, which nobody but you"),
        ("PuTTY-User-Key-File-3: ssh-ed25519", "private key, which nobody but you"),
        ("---- BEGIN SSH2 PUBLIC KEY ----", "put it as one line"),
        (f'command="rm" {GOOD}', "Options in front of a key"),
        (f"from=10.0.0.0/8 {GOOD}", "Options in front of a key"),
        ("hello world", "no public key"),
        ("ssh-ed25519", "no public key"),
        ("ssh-ed25519 ????", "no public key"),
        (GOOD.replace("ssh-ed25519", "ssh-rsa", 1), "no public key"),
        (" ".join([*GOOD.split()[:1], GOOD.split()[1][:-8]]), "no public key"),
        (
            "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAAA==",
            "a certificate",
        ),
        ("x11 AAAAA3gxMQ==", "a kind that is not taken"),
    ],
)
def test_what_is_weak_or_no_key_is_refused_with_its_sentence(text: str, words: str) -> None:
    found = read_key(text, RULES)
    assert isinstance(found, str)
    assert words in found


def test_a_file_has_each_key_once_and_every_line_that_is_not_taken() -> None:
    text, other = GOOD, line("ssh-ed25519")
    file = f"\ufeff# mine\n\n{text}\r\n{other}\n  {text} again\n{SHORT}\nnonsense\n"
    keys, unfit = read_keys(file, RULES)
    assert [key.line for key in keys] == [text, other]
    assert [str(each).partition(".")[0] for each in unfit] == [
        "Line 6: This is an RSA key of 2048 bits, which is too short (3072 are needed)",
        "Line 7: This is no public key; expected a line like the one in ~/",
    ]


def test_of_a_private_key_one_line_is_told_and_none_is_shown() -> None:
    key = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    keys, unfit = read_keys(key, RULES)
    assert (keys, len(unfit)) == ((), 1)
    assert key.splitlines()[1] not in str(unfit[0])


def test_too_many_keys_are_refused() -> None:
    _, unfit = read_keys("\n".join(line("ssh-ed25519") for _ in range(3)), KeyRules(most=2))
    assert "There are 3 keys" in str(unfit[0])


def test_a_comment_holds_nothing_that_a_terminal_obeys() -> None:
    found = read_key(f"{GOOD} \x1b[2J\u202e", RULES)
    assert not isinstance(found, str)
    assert found.comment == "ada@desk [2J"


def test_a_line_that_was_never_taken_opens_nothing() -> None:
    assert key_of("").fingerprint == fingerprint_of(b"")
