"""SFTP: files a second and MB/s, by OpenSSH's client against both servers."""

import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench.contenders import Server


def client(server: Server, *flags: str) -> list[str]:
    user = "bench" if server.name == "gateway" else "root"
    return [
        "sftp", *flags, "-q", "-b", "-", "-P", str(server.ports["sftp"]), "-i", server.extra["key"],
        "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
        "-o", "IdentitiesOnly=yes", "-c", "aes128-gcm@openssh.com", f"{user}@127.0.0.1",
    ]  # fmt: skip


def run(server: Server, batch: str, *flags: str) -> float:
    """Run one session; return seconds. A session that fails is a fault of the measurement."""
    start = time.perf_counter()
    done = subprocess.run(client(server, *flags), input=batch.encode(), capture_output=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"sftp to {server.name} failed: {done.stderr.decode()[-300:]}")
    return seconds


def many_small(server: Server, folder: Path, run_id: str, *, count: int, size: int, sync: bool) -> dict[str, float]:
    files = folder / f"small-{run_id}"
    files.mkdir()
    for n in range(count):
        (files / f"8302000_INFObench{run_id}x{n}.csv").write_bytes(os.urandom(size))
    seconds = run(server, f'cd "Send Files"\nput {files}/*\n', *(("-f",) if sync else ()))
    return {"seconds": seconds, "a_second": count / seconds, "mb_a_second": count * size / seconds / 1e6}


def one_large(server: Server, file: Path, run_id: str) -> dict[str, float]:
    size = file.stat().st_size
    up = run(server, f'put {file} "Send Files/8302000_INFOlarge{run_id}.csv"\n')
    return {"seconds": up, "mb_a_second": size / up / 1e6}


def download(server: Server, remote: str, size: int) -> dict[str, float]:
    seconds = run(server, f'get "{remote}" /dev/null\n')
    return {"seconds": seconds, "mb_a_second": size / seconds / 1e6}


def many_sessions(server: Server, folder: Path, run_id: str, *, count: int, at_once: int) -> dict[str, float]:
    file = folder / "one.csv"
    file.write_bytes(os.urandom(10_000))
    start = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        list(
            pool.map(
                lambda n: run(server, f'put {file} "Send Files/8302000_INFOsession{run_id}x{n}.csv"\n'), range(count)
            )
        )
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "a_second": count / seconds}
