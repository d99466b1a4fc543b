"""`python -m tests.bench`: everything in one run, the contenders in turn, medians and ratios, a table and JSON."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from tests.bench import mail, sftp
from tests.bench.contenders import Server, gateway, openssh, stock_aiosmtpd

Measure = Callable[[Server, str], dict[str, float]]


def in_turn(rounds: int, ours: Server, theirs: Server, measure: Measure, unit: str) -> dict[str, object]:
    """Measure both, one after the other, `rounds` times; the ratio is taken round by round."""
    results: dict[str, list[float]] = {ours.name: [], theirs.name: []}
    for number in range(rounds):
        for server in (ours, theirs):
            results[server.name].append(measure(server, f"r{number}{time.strftime('%M%S')}")[unit])
            settle(ours)
    ratios = [a / b for a, b in zip(results[ours.name], results[theirs.name], strict=True)]
    return {
        "unit": unit,
        ours.name: statistics.median(results[ours.name]),
        theirs.name: statistics.median(results[theirs.name]),
        "ratio": statistics.median(ratios),
        "ratios": [round(r, 2) for r in ratios],
    }


def settle(server: Server) -> None:
    """Wait until the gateway has worked off its spool: what it still does must not slow the other."""
    ready = server.folder / "data" / "spool" / "ready"
    for _ in range(1200):
        if not any(ready.iterdir()):
            return
        time.sleep(0.05)


def measure_mail(folder: Path, rounds: int, small: bool) -> dict[str, object]:
    found: dict[str, object] = {}
    with gateway(folder) as ours, stock_aiosmtpd(folder) as theirs:
        for size, senders, count in ((100_000, 1, 200), (100_000, 20, 400), (10_000_000, 1, 10), (10_000_000, 20, 40)):
            count = max(senders, count // 10) if small else count
            name = f"mail, {size // 1000} KB, {senders} sender{'s' if senders > 1 else ''}"
            unit = "a_second" if size < 1_000_000 else "mb_a_second"

            def one(server: Server, _: str, size: int = size, senders: int = senders, count: int = count):
                return mail.measure(server.ports["relay"], size=size, senders=senders, count=count)

            found[name] = in_turn(rounds, ours, theirs, one, unit)
            say(name, found[name])
        found["mail, peak memory (MB)"] = {ours.name: ours.peak_memory(), theirs.name: theirs.peak_memory()}
        found["mail, longest stall (ms)"] = {ours.name: ours.longest_stall()}
    return found


def measure_sftp(folder: Path, rounds: int, small: bool) -> dict[str, object]:
    found: dict[str, object] = {}
    large = folder / "large.bin"
    size = (64 << 20) if small else (1 << 30)
    with large.open("wb") as out:
        for _ in range(size >> 20):
            out.write(os.urandom(1 << 20))
    count, sessions = (100, 10) if small else (1000, 50)
    with gateway(folder) as ours, openssh(folder) as theirs:
        table: tuple[tuple[str, Measure, str], ...] = (
            (
                f"sftp, {count} files of 100 KB",
                lambda s, r: sftp.many_small(s, folder, f"{s.name}{r}", count=count, size=100_000, sync=False),
                "a_second",
            ),
            (
                f"sftp -f, {count} files of 100 KB",
                lambda s, r: sftp.many_small(s, folder, f"{s.name}f{r}", count=count, size=100_000, sync=True),
                "a_second",
            ),
            (f"sftp, upload of {size >> 20} MB", lambda s, r: sftp.one_large(s, large, f"{s.name}{r}"), "mb_a_second"),
            (
                f"sftp, {sessions} sessions of one file, 10 at once",
                lambda s, r: sftp.many_sessions(s, folder, f"{s.name}{r}", count=sessions, at_once=10),
                "a_second",
            ),
        )
        for name, measure, unit in table:
            found[name] = in_turn(rounds, ours, theirs, measure, unit)
            say(name, found[name])
        name = f"sftp, download of {size >> 20} MB"
        found[name] = in_turn(rounds, ours, theirs, lambda s, _: sftp.download(s, _large_in(s), size), "mb_a_second")
        say(name, found[name])
        found["sftp, peak memory (MB)"] = {ours.name: ours.peak_memory()}
        found["sftp, longest stall (ms)"] = {ours.name: ours.longest_stall()}
    return found


def _large_in(server: Server) -> str:
    if server.name == "openssh":
        return "Send Files/" + next(p.name for p in (server.folder / "Send Files").iterdir() if "large" in p.name)
    listing = subprocess.run(
        sftp.client(server),
        input=f'ls -1 "Sent Files/{date.today():%Y-%m}"\n'.encode(),
        capture_output=True,
        check=True,
    ).stdout.decode()
    return next(line.strip() for line in listing.splitlines() if "large" in line)


def say(name: str, row: object) -> None:
    print(f"  {name}: {json.dumps(row)}", flush=True)


def machine() -> str:
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, Linux {platform.release()}, Python {platform.python_version()}"
    )


def table(found: dict[str, object]) -> str:
    lines = ["| what | gateway | the other | ratio |", "|---|---|---|---|"]
    for name, row in found.items():
        assert isinstance(row, dict)
        other = next((k for k in row if k in ("aiosmtpd", "openssh")), None)
        unit = {"a_second": " /s", "mb_a_second": " MB/s"}.get(str(row.get("unit")), "")
        theirs = f"{row[other]:.1f}{unit} ({other})" if other else ""
        ratio = f"{row['ratio']:.2f}" if "ratio" in row else ""
        lines.append(f"| {name} | {row['gateway']:.1f}{unit} | {theirs} | {ratio} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", action="store_true", help="a short run, to see that everything works")
    parser.add_argument("--only", choices=("mail", "sftp"))
    options = parser.parse_args()
    found: dict[str, object] = {}
    for part, measure in (("mail", measure_mail), ("sftp", measure_sftp)):
        if options.only in (None, part):
            with tempfile.TemporaryDirectory(prefix="gateway-bench-", dir=os.environ.get("BENCH_DIR")) as folder:
                found |= measure(Path(folder), options.rounds, options.small)
    print(f"\n{machine()}; medians of {options.rounds} rounds, ratio round by round\n\n{table(found)}")
    results = Path("bench-results")
    results.mkdir(exist_ok=True)
    file = results / f"{time.strftime('%Y%m%d-%H%M%S')}.json"
    file.write_text(json.dumps({"machine": machine(), "rounds": options.rounds, "results": found}, indent=2) + "\n")
    print(f"\n{file}", file=sys.stderr)


if __name__ == "__main__":
    main()
