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
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from tests.bench import crowd, listing, mail, sftp
from tests.bench.contenders import Server, gateway, openssh, stock_aiosmtpd
from tests.bench.postfix import postfix

QUEUES = {"gateway": ("data/spool/ready",), "postfix": ("queue/incoming", "queue/active")}
Measure = Callable[[Server, str], dict[str, float]]
Results = dict[str, list[dict[str, float]]]  # by server, of each round


def in_turn(rounds: int, ours: Server, others: Sequence[Server], measure: Measure, unit: str) -> dict[str, object]:
    """Measure all, one after the other, `rounds` times, and return the row of one unit."""
    return row_of(all_in_turn(rounds, ours, others, measure), ours, others, unit)


def all_in_turn(rounds: int, ours: Server, others: Sequence[Server], measure: Measure) -> Results:
    """Measure all, one after the other, `rounds` times; return what each found in each round."""
    results: Results = {server.name: [] for server in (ours, *others)}
    for number in range(rounds):
        for server in (ours, *others):
            results[server.name].append(measure(server, f"r{number}{time.strftime('%M%S')}"))
            settle(ours, *others)
    return results


def row_of(results: Results, ours: Server, others: Sequence[Server], unit: str) -> dict[str, object]:
    """Return the medians of a unit; the ratios are taken round by round."""
    found = {name: [figures[unit] for figures in rounds] for name, rounds in results.items()}
    row: dict[str, object] = {"unit": unit, ours.name: statistics.median(found[ours.name])}
    for other in others:
        ratios = [a / b for a, b in zip(found[ours.name], found[other.name], strict=True)]
        row[other.name] = statistics.median(found[other.name])
        row[f"ratio to {other.name}"] = statistics.median(ratios)
        row[f"ratios to {other.name}"] = [round(r, 2) for r in ratios]
    return row


def settle(*servers: Server) -> None:
    """Wait until each has worked off its queues and what follows from them: what one still does must not slow the next.

    Behind our queue are drops and notices, which took as long again, and more. What a server that syncs nothing left in
    the system's memory is carried to the disk here: else the next one's fsyncs carry it.
    """
    os.sync()
    queues = [server.folder / queue for server in servers for queue in QUEUES.get(server.name, ())]
    used = [server.processor() for server in servers]
    for _ in range(600):
        time.sleep(0.2)
        before, used = used, [server.processor() for server in servers]
        is_quiet = all(now - then < 0.02 for now, then in zip(used, before, strict=True))
        if is_quiet and not any(any(path.is_file() for path in queue.rglob("*")) for queue in queues):
            return


LOADS = ((100_000, 1, 200), (100_000, 20, 400), (10_000_000, 1, 10), (10_000_000, 20, 40))  # bytes, senders, messages


def measure_mail(folder: Path, rounds: int, small: bool) -> dict[str, object]:
    found: dict[str, object] = {}
    loads = [(size, senders, max(senders, count // 10) if small else count) for size, senders, count in LOADS]

    def send(server: Server, load: tuple[int, int, int]) -> dict[str, float]:
        size, senders, count = load
        its: dict[str, Any] = {}
        if server.stall_file:  # ours: it goes on behind its acknowledgement
            its = {"taken_apart": server.taken_apart, "queue": server.folder / QUEUES[server.name][0]}
        return mail.measure(server.ports["relay"], size=size, senders=senders, count=count, **its)

    with gateway(folder, "rates") as ours, stock_aiosmtpd(folder) as stock, postfix(folder) as trade:
        others = [stock, trade] if trade else [stock]
        for load in loads:
            size, senders, _ = load
            name = f"mail, {size // 1000} KB, {senders} sender{'s' if senders > 1 else ''}"
            unit = "a_second" if size < 1_000_000 else "mb_a_second"
            results = all_in_turn(rounds, ours, others, lambda server, _, load=load: send(server, load))
            for suffix in mail.UNITS:
                found[f"{name}{suffix and ','}{suffix}"] = row = row_of(results, ours, others, f"{unit}{suffix}")
                say(f"{name}{suffix}", row)
        found["mail, peak memory (MB)"] = {ours.name: ours.memory("VmHWM"), stock.name: stock.memory("VmHWM")}
    found["mail, longest stall (ms)"] = stalls_of(folder, lambda ours: [send(ours, load) for load in loads])
    return found


def stalls_of(folder: Path, load: Callable[[Server], object]) -> dict[str, float]:
    """The longest stall under a load, in a daemon of its own: who is timed carries no meter."""
    with tempfile.TemporaryDirectory(dir=folder) as place, gateway(Path(place)) as ours:
        time.sleep(1.5)  # until the meter runs
        load(ours)
        settle(ours)
        say("stalls", ours.stalls())
        return ours.stalls()


def measure_tls(folder: Path, rounds: int, small: bool) -> dict[str, object]:
    """Twenty senders at once, over TLS: the memory above idle, and the longest stall of the loop."""
    size, rows = 5_000_000 if small else 25_000_000, []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(dir=folder) as place, gateway(Path(place)) as ours:
            time.sleep(1.5)  # until the meter runs
            idle = ours.memory("VmRSS")
            took = mail.send_over_tls(ours.ports["relay"], size=size, senders=20)
            settle(ours)
            rows.append({"seconds": took, "MB above idle": ours.memory("VmHWM") - idle, **ours.stalls()})
            say("tls", rows[-1])
    name = f"mail over TLS, 20 senders of {size // 1_000_000} MB at once"
    return {f"{name}: {key}": {"gateway": statistics.median(row[key] for row in rows)} for key in rows[0]}


def measure_sftp(folder: Path, rounds: int, small: bool) -> dict[str, object]:
    found: dict[str, object] = {}
    large = folder / "large.bin"
    size = (64 << 20) if small else (1 << 30)
    with large.open("wb") as out:
        for _ in range(size >> 20):
            out.write(os.urandom(1 << 20))
    count, sessions = (100, 10) if small else (1000, 50)
    with gateway(folder, "rates") as ours, openssh(folder) as theirs:
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
            (
                f"sftp, download of {size >> 20} MB",
                lambda s, _: sftp.download(s, _large_in(s), size),
                "mb_a_second",
            ),
        )
        for name, measure, unit in table:
            found[name] = in_turn(rounds, ours, [theirs], measure, unit)
            say(name, found[name])
        found["sftp, peak memory (MB)"] = {ours.name: ours.memory("VmHWM")}
    measures = [measure for _, measure, _ in table]
    found["sftp, longest stall (ms)"] = stalls_of(folder, lambda ours: [measure(ours, "s") for measure in measures])
    return found


def measure_crowd(folder: Path, rounds: int, small: bool) -> dict[str, object]:
    """Two hundred sessions at once, and the time that a wrong password takes."""
    count, rows, guesses = 20 if small else 200, [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(dir=folder) as place, gateway(Path(place)) as ours:
            time.sleep(1.5)  # until the meter runs
            before = ours.processor()
            row = crowd.all_at_once(ours, Path(place), count=count)
            row["processor seconds"] = ours.processor() - before
            rows.append({**row, "peak memory (MB)": ours.memory("VmHWM"), **ours.stalls()})
            say("crowd", rows[-1])
            guesses.append(crowd.guesses(ours, count=count // 2))
            say("guesses", guesses[-1])
    tables = ((f"sftp, {count} sessions at once, 1 MB each", rows), ("sftp, a wrong password (ms), account", guesses))
    return {
        f"{name}: {key}": {"gateway": statistics.median(row[key] for row in rows)}
        for name, rows in tables
        for key in rows[0]
    }


def measure_listing(folder: Path, rounds: int, small: bool) -> dict[str, object]:
    """A month of one school, alone and then among the files of sixty others; beside it, a folder of as many files."""
    count, found = 1_000 if small else 10_000, {}
    with gateway(folder) as ours, openssh(folder) as theirs:
        listing.lay(theirs, count)
        for beside, others in (("alone", 0), ("among four times as many of others", 4 * count)):
            listing.fill(ours, own=0 if others else count, others=others)
            rows = [(listing.listed(ours), listing.listed(theirs)) for _ in range(rounds)]
            for what in rows[0][0]:
                row = {"gateway": statistics.median(mine[what] for mine, _ in rows)}
                if what == listing.AT_THE_CLIENT:  # OpenSSH's server is many processes: their time is not known
                    row["openssh"] = statistics.median(its[what] for _, its in rows)
                found[f"sftp, a month of {count:,} files, {beside}, {what} (ms)"] = row
            say(beside, rows)
        found["sftp, longest stall of the loop (ms)"] = ours.stalls()
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
        unit = {"a_second": " /s", "mb_a_second": " MB/s"}.get(str(row.get("unit")).partition(" ")[0], "")
        others = [key for key in row if key not in ("unit", "gateway") and not key.startswith("ratio")]
        theirs = ", ".join(f"{row[other]:.1f}{unit} ({other})" for other in others)
        ratios = ", ".join(f"{row[f'ratio to {other}']:.2f}" for other in others if f"ratio to {other}" in row)
        lines.append(f"| {name} | {row['gateway']:.1f}{unit} | {theirs} | {ratios} |")
    return "\n".join(lines)


PARTS = (
    ("mail", measure_mail),
    ("tls", measure_tls),
    ("sftp", measure_sftp),
    ("crowd", measure_crowd),
    ("listing", measure_listing),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", action="store_true", help="a short run, to see that everything works")
    parser.add_argument("--only", choices=[name for name, _ in PARTS])
    options = parser.parse_args()
    found: dict[str, object] = {}
    for part, measure in PARTS:
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
