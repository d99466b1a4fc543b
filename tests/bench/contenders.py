"""Who is measured: our daemon, a stock aiosmtpd handler that stores, OpenSSH's server; on loopback, on one disk.

Postfix is in `postfix`.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gateway.cli.init import lay_out, shipped_folder
from gateway.core.register import Account, AccountState, Role

RELAY_TABLE = """
[[smtp.relay]]
listen = ["127.0.0.1:0"]
from = ["127.0.0.1/32"]
authserv_id = "mx.bench.test"
"""
# One account at one address is all the clients here: what keeps such a one from being too many is switched off.
LIMITS = {
    "max_per_hour": 60,
    "max_per_day": 200,
    "max_commands": 500,
    "max_connections_per_address": 50,
    "max_sessions_per_account": 10,
    "max_logging_in_per_address": 20,
    "max_failures_per_account": 10,
    "max_failures_per_address": 50,
}
SENDER = "bench@leysjunior.example"


@dataclass
class Server:
    """A running server: where it listens and which process it is."""

    name: str
    pid: int  # 0 for one that is many processes
    ports: dict[str, int]
    folder: Path
    stall_file: Path | None = None
    extra: dict[str, str] = field(default_factory=dict)

    def memory(self, key: str) -> float:
        """MB of the process and its children: VmRSS is resident now, VmHWM the most of each since it started."""
        return sum(_memory_of(process, key) for process in self._family())

    def processor(self) -> float:
        """Seconds of processor time of it and its children, so far; 0 of a server that is many processes."""
        return sum(map(_processor_of, self._family())) if self.pid else 0.0

    def _family(self) -> list[int]:
        children = (path.read_text().split() for path in Path(f"/proc/{self.pid}/task").glob("*/children"))
        return [self.pid, *(int(child) for found in children for child in found)]

    def stalls(self) -> dict[str, float]:
        """Milliseconds: the longest stall, the longest without waiting for a processor, the longest turn's own time."""
        if self.stall_file is None or not self.stall_file.exists():
            return {}
        found = map(float, self.stall_file.read_text().split())
        names = (self.name, "without waiting for a processor", "processor time of the longest turn")
        return {name: seconds * 1000 for name, seconds in zip(names, found, strict=True)}

    def taken_apart(self) -> int:
        """How many messages have had their parts extracted and digested."""
        assert self.stall_file is not None
        return int.from_bytes(self.stall_file.with_suffix(".apart").read_bytes())


def _memory_of(process: int, key: str) -> float:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(key)), 0.0)


def _processor_of(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def gateway(folder: Path, meter: str = "stalls") -> Iterator[Server]:
    """Our daemon; see `metered` for what its meter finds out."""
    place = folder / "gateway"
    lay_out(place, source=shipped_folder(), sample=True)
    config = place / "gateway.toml"
    text = config.read_text() + RELAY_TABLE
    for key, usual in LIMITS.items():
        assert f"{key} = {usual}" in text, f"{key} has another default now"
        text = text.replace(f"{key} = {usual}", f"{key} = 1000000")
    config.write_text(text)
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    asyncio.run(_enrol(config, key.with_suffix(".pub").read_text()))
    stall = folder / "stall"
    log = (folder / "gateway.log").open("wb")
    command = [sys.executable, "-m", "tests.bench.metered", meter, str(stall), "-c", str(config), "run"]
    process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        places = _wait_for(place / "data" / "run" / "endpoints.json", process)
        ports = {k: int(v[0].rpartition(":")[2]) for k, v in places.items() if isinstance(v, list) and v}
        yield Server("gateway", process.pid, ports, place, stall, {"key": str(key)})
    finally:
        process.terminate()
        process.wait(timeout=60)


async def _enrol(config: Path, key: str) -> None:
    from gateway.app import open_house
    from gateway.tables import read_deployment

    settings, tables = read_deployment(config)
    async with open_house(settings, tables) as house:
        account = Account(
            "bench",
            "Bench",
            "Sender",
            SENDER,
            Role.STAFF,
            AccountState.ACTIVE,
            schools=("8302000",),
            password_hash=await house.hasher.hash("Harvest-Moon-42"),
            password_set_at=house.clock.now(),
            activated_at=house.clock.now(),
            policy_version=tables.acceptable_use.version,
            keys=(key,),
        )
        await house.ledger.add_account(account, actor="bench", at=house.clock.now())


def _wait_for(file: Path, process: subprocess.Popen[bytes]) -> dict[str, object]:
    for _ in range(300):
        if file.exists():
            return json.loads(file.read_text())
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise SystemExit("the gateway did not start; see gateway.log")


STOCK = """
import asyncio, sys
from aiosmtpd.smtp import SMTP
root = sys.argv[1]
class Store:
    n = 0
    async def handle_DATA(self, server, session, envelope):
        Store.n += 1
        with open(f"{root}/{Store.n}", "wb") as f:
            f.write(envelope.content)
        return "250 OK"
async def main():
    loop = asyncio.get_running_loop()
    make = lambda: SMTP(Store(), data_size_limit=400 << 20, loop=loop, hostname="stock")
    server = await loop.create_server(make, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


@contextmanager
def stock_aiosmtpd(folder: Path) -> Iterator[Server]:
    store = folder / "stock"
    store.mkdir()
    process = subprocess.Popen([sys.executable, "-c", STOCK, str(store)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield Server("aiosmtpd", process.pid, {"relay": int(process.stdout.readline())}, store)
    finally:
        process.kill()
        process.wait()


@contextmanager
def openssh(folder: Path) -> Iterator[Server]:
    binary = shutil.which("sshd") or "/usr/sbin/sshd"
    if not os.path.exists(binary):
        raise SystemExit("OpenSSH's server is needed: apt install openssh-server")
    place = folder / "openssh"
    (place / "files" / "Send Files").mkdir(parents=True)
    os.makedirs("/run/sshd", exist_ok=True)
    host, key = place / "host", folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(host)], check=True)
    if not key.exists():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    (place / "authorized_keys").write_text(key.with_suffix(".pub").read_text())
    port = free_port()
    (place / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {host}\nAuthorizedKeysFile {place}/authorized_keys\n"
        f"Subsystem sftp internal-sftp -d {place}/files\nStrictModes no\nUsePAM no\nPidFile none\n"
        "MaxStartups 500\nMaxSessions 500\n"
    )
    process = subprocess.Popen([binary, "-D", "-f", str(place / "sshd_config")], stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    try:
        yield Server("openssh", process.pid, {"sftp": port}, place / "files", None, {"key": str(key)})
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
