"""Postfix as it comes, delivering into a maildir on one disk with us: what the trade makes of the same load."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.bench.contenders import Server, free_port

MAIN = """
compatibility_level = 3.6
myhostname = bench.test
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
mydestination =
alias_maps =
smtp_dns_support_level = disabled
smtpd_relay_restrictions = permit_mynetworks, reject
message_size_limit = 0
virtual_mailbox_limit = 0
virtual_mailbox_domains = gateway.test
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:all/
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
proxymap  unix - - n - - proxymap
virtual   unix - n n - - virtual
error     unix - - n - - error
retry     unix - - n - - error
anvil     unix - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
"""


@contextmanager
def postfix(beside: Path) -> Iterator[Server | None]:
    """Run one on the disk of `beside`; None where it is not installed, or this is not root."""
    binary = shutil.which("postfix") or shutil.which("postfix", path="/usr/sbin")
    if binary is None or os.geteuid() != 0:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="postfix-", dir=beside.parent))  # its users must reach it: not below `beside`
    port = free_port()
    _lay_out(folder, port)
    command = [binary, "-c", str(folder / "etc")]
    subprocess.run([*command, "start"], check=True, capture_output=True)
    try:
        _wait_for(port)
        yield Server("postfix", 0, {"relay": port}, folder)
    finally:
        subprocess.run([*command, "abort"], check=False, capture_output=True)
        shutil.rmtree(folder)


def _lay_out(folder: Path, port: int) -> None:
    user = pwd.getpwnam("postfix")
    folder.chmod(0o755)
    for name in ("queue", "data", "etc", "mail"):
        (folder / name).mkdir(mode=0o755)
    for name in ("data", "mail"):
        os.chown(folder / name, user.pw_uid, user.pw_gid)
    values = {"folder": folder, "uid": user.pw_uid, "gid": user.pw_gid}
    (folder / "etc" / "main.cf").write_text(MAIN.format(**values))
    (folder / "etc" / "master.cf").write_text(MASTER.format(port=port).lstrip())


def _wait_for(port: int) -> None:
    for _ in range(100):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            if client.recv(3) == b"220":
                return
        time.sleep(0.1)
    raise SystemExit("Postfix did not listen")
