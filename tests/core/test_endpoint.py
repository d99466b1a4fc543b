"""Where to listen and to connect: what can be written, and what it becomes."""

import pytest

from gateway.core.endpoint import Address, Relay, Scanner, SocketPath, is_loopback


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.0.0.0:25", Address("0.0.0.0", 25)),
        ("[::1]:25", Address("::1", 25)),  # an IPv6 address stands in brackets
        ("mail.derbyshire.example:587", Address("mail.derbyshire.example", 587)),
        ("127.0.0.1:0", Address("127.0.0.1", 0)),  # 0 takes a free port
        ("127.0.0.1:65535", Address("127.0.0.1", 65535)),
    ],
)
def test_a_listen_is_a_host_and_a_port(text: str, expected: Address) -> None:
    assert Address.parse(text) == expected
    assert str(expected) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "25",
        ":25",
        "host",
        "host:",
        "host:99999",
        "host:-1",
        "host:２５",
        "::1:25",
        "[::1:25",
        "[x]:25",
        "a b:25",
        "u@h:25",
    ],
)
def test_anything_else_is_no_listen(text: str) -> None:
    with pytest.raises(ValueError, match='expected "host:port"'):
        Address.parse(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("smtp+starttls://mail.example:587", Relay("mail.example", 587, "starttls")),
        ("smtps://mail.example", Relay("mail.example", 465, "tls")),  # the usual port
        ("smtp://127.0.0.1:1025", Relay("127.0.0.1", 1025, "plain")),
        ("smtp://[::1]:1025", Relay("::1", 1025, "plain")),
        ("smtp://localhost", Relay("localhost", 25, "plain")),
    ],
)
def test_a_relay_is_a_url(text: str, expected: Relay) -> None:
    assert Relay.parse(text) == expected
    assert Relay.parse(str(expected)) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("smtp://mail.example:25", "plain smtp:// would send notices unprotected to mail.example"),
        ("smtp://127.0.0.1.mail.example", "plain"),  # not this host, whatever it begins with
        ("https://mail.example", "expected"),
        ("mail.example:587", "expected"),
        ("smtps://", "expected"),
        ("smtps://me:secret@mail.example", "expected"),
        ("smtps://mail.example/path", "expected"),
        ("smtps://mail.example:0", "expected"),
        ("smtps://mail.example:x", "expected"),
        ("smtps://[mail.example", "expected"),
    ],
)
def test_a_relay_that_is_none_says_what_was_expected(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Relay.parse(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("none", None),
        ("clamd:127.0.0.1:3310", Scanner(Address("127.0.0.1", 3310))),
        ("clamd:/run/clamav/clamd.ctl", Scanner(SocketPath("/run/clamav/clamd.ctl"))),
    ],
)
def test_a_scanner_is_none_or_a_clamd(text: str, expected: Scanner | None) -> None:
    assert Scanner.parse(text) == expected
    assert str(expected).lower() == text


@pytest.mark.parametrize("text", ["", "clamav", "clamd:", "clamd:host", "None"])
def test_anything_else_is_no_scanner(text: str) -> None:
    with pytest.raises(ValueError, match='expected "none"'):
        Scanner.parse(text)


def test_only_this_host_is_loopback() -> None:
    assert [h for h in ("localhost", "127.8.0.1", "::1", "10.0.0.1", "mail.example", "::") if is_loopback(h)] == [
        "localhost",
        "127.8.0.1",
        "::1",
    ]
