"""Postfix in front of the daemon, over SMTP and over LMTP, with the configuration of docs/postfix.md (SPEC 4)."""

import asyncio
import os
import pwd
import re
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiosmtplib
import pytest

from tests.scenarios.daemons import CLOCK, ROOT, Daemon, until
from tests.scenarios.harness import HEAD, letter
from tests.scenarios.invariants import Promise, sha256

POSTFIX = shutil.which("postfix") or shutil.which("postfix", path="/usr/sbin")
pytestmark = [
    pytest.mark.clients,
    pytest.mark.skipif(POSTFIX is None or os.geteuid() != 0, reason="postfix is not installed, or this is not root"),
]
WAYS = ["smtp", "lmtp", "lmtp-socket"]
FILE = "8301102_INFOmailed20261120.docx"
MX = "mx.derbyshire.example"
RELAY = f'\n[[smtp.relay]]\nlisten = ["127.0.0.1:0"]\nfrom = ["127.0.0.1"]\nauthserv_id = "{MX}"\n'
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
smtp      unix - - n - - smtp
relay     unix - - n - - smtp
lmtp      unix - - n - - lmtp
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""
OURS = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
alias_maps =
smtp_dns_support_level = disabled
smtp_tls_loglevel = 1
minimal_backoff_time = 1s
smtpd_sender_restrictions = check_sender_access inline:{{
    {{ millbeck.example = PREPEND X-Found: {mx}; dmarc=pass header.from=millbeck.example }} }}
"""  # the last setting and the next stand for OpenDMARC: they write what that would have found
FOUND = "header_checks = regexp:{ { /^X-Found: (.*)/ REPLACE Authentication-Results: $$1 } }, "


def documented(way: str) -> str:
    """Return the lines of main.cf that docs/postfix.md gives: those for both ways, and those for one."""
    text = (ROOT / "docs" / "postfix.md").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"```ini title=(\S+)\n(.*?)```", text, re.DOTALL))
    return f"{blocks['both']}{blocks[way]}"


@asynccontextmanager
async def postfix(way: str, *, folder: Path, gateway: str, ca: Path) -> AsyncIterator[tuple[int, Path]]:
    """Run a Postfix of our own that hands on to a port or a socket; yield where it listens, and its log."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for name in ("queue", "data", "etc"):
        (folder / name).mkdir(mode=0o755)
    os.chown(folder / "data", pwd.getpwnam("postfix").pw_uid, -1)
    main = documented(way).replace("[gateway.derbyshire.example]:2525", f"[localhost]:{gateway}")
    main = main.replace("header_checks = ", FOUND).replace("127.0.0.1:2424", f"127.0.0.1:{gateway}")
    main = main.replace("/run/gateway-lmtp/socket", gateway).replace("/etc/postfix/gateway-ca.pem", str(ca))
    main = main.replace("derbyshire.example", "gateway.test").replace("mx.gateway.test", MX)
    (folder / "etc" / "main.cf").write_text(main + OURS.format(folder=folder, mx=MX))
    (folder / "etc" / "master.cf").write_text(MASTER.format(port=port).lstrip())
    try:
        await _run(folder, "start")
        yield port, folder / "mail.log"
    finally:
        await _run(folder, "abort")


@contextmanager
def place() -> Iterator[tuple[Path, Path]]:
    """Make a folder for Postfix, and in it one for the socket as the page says; both are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="postfix-"))
    folder.chmod(0o755)
    inner = folder / "lmtp"
    inner.mkdir()
    os.chown(inner, -1, pwd.getpwnam("postfix").pw_gid)
    inner.chmod(0o2750)
    try:
        yield folder, inner / "socket"
    finally:
        shutil.rmtree(folder)


async def _run(folder: Path, word: str) -> None:
    command = await asyncio.create_subprocess_exec(
        str(POSTFIX), "-c", str(folder / "etc"), word, stdout=-3, stderr=-3, stdin=-3
    )
    async with asyncio.timeout(20):
        await command.wait()


async def send(port: int, message: bytes, *, sender: str) -> None:
    """Hand a message to Postfix, as a server in the Internet does."""
    for _ in range(100):
        try:
            async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, timeout=20, start_tls=False) as client:
                await client.sendmail(sender, ["files@gateway.test"], message)
            return
        except aiosmtplib.SMTPConnectError:
            await CLOCK.sleep(0.1)
    raise AssertionError("Postfix never listened")


@asynccontextmanager
async def gateway_behind_postfix(daemon: Daemon, way: str) -> AsyncIterator[tuple[int, Path]]:
    """Start both."""
    with place() as (folder, socket_path):
        listens = ["127.0.0.1:0", f"unix:{socket_path}"]
        await daemon.set_up(HEAD, lmtp__listen=listens, lmtp__authserv_id=MX)
        with daemon.config.open("a") as config:
            config.write(RELAY)
        await daemon.start()
        doors = {"smtp": str(daemon.port("relay")), "lmtp": str(daemon.port("lmtp")), "lmtp-socket": str(socket_path)}
        ca = folder / "ca.pem"
        shutil.copy(daemon.config.parent / "tls" / "certificate.pem", ca)
        async with postfix(way, folder=folder, gateway=doors[way], ca=ca) as front:
            yield front


@pytest.mark.parametrize("way", WAYS)
async def test_what_postfix_verified_is_taken(daemon: Daemon, way: str) -> None:
    data = bytes(range(256)) * 4000
    async with gateway_behind_postfix(daemon, way) as (port, log):
        await send(port, letter(daemon.address(HEAD), (FILE, data)), sender=daemon.address(HEAD))
        await until(lambda: "status=" in log.read_text() if log.exists() else False, "Postfix said what came of it")
        assert "status=sent (250 2.0.0 Accepted as" in log.read_text()
        assert (way == "smtp") == ("Verified TLS connection established to localhost" in log.read_text())
    daemon.promises.append(Promise(FILE, sha256(data), HEAD))
    await daemon.idle()
    assert daemon.dropped("INFO") == {FILE: data}
    assert [row["verified_by"] for row in daemon.rows("submissions")] == [f"relay {MX}: dmarc millbeck.example"]


FORGED = [
    b"Authentication-Results: %s; dmarc=pass header.from=millbeck.example",
    b'Authentication-Results: "%s"; dmarc=pass header.from=millbeck.example',
    b"Authentication-Results: (x) %s; dmarc=pass header.from=millbeck.example",
    b"authentication-results : %s; dmarc=pass header.from=millbeck.example",
    b"Authentication-Results:\r\n\t%s; dmarc=pass header.from=millbeck.example",
    b"Authentication-Results:\xc2\xa0%s; dmarc=pass header.from=millbeck.example",
]


@pytest.mark.parametrize("way", WAYS)
async def test_results_that_a_sender_wrote_itself_count_for_nothing(daemon: Daemon, way: str) -> None:
    async with gateway_behind_postfix(daemon, way) as (port, log):
        for number, forged in enumerate(FORGED, start=1):
            message = forged % MX.encode() + b"\r\n" + letter(daemon.address(HEAD), (FILE, b"x"))
            await send(port, message, sender="a@elsewhere.example")
            await until(lambda n=number: log.exists() and log.read_text().count("status=") >= n, "Postfix said so")
        assert log.read_text().count("status=bounced") >= len(FORGED)
        assert "status=sent (250 2.0.0 Accepted" not in log.read_text()
    assert daemon.rows("submissions") == []
