"""`gateway demo`: a school day that is really played, shown step by step, and gone afterwards."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

LONGEST = 30.0  # seconds, on a machine that does other things too


def play(folder: Path, *line: str) -> tuple[subprocess.CompletedProcess[str], float]:
    """Play the demo with a folder for temporary things; return what was seen, and the seconds that it took."""
    start = time.monotonic()
    ran = subprocess.run(
        [sys.executable, "-m", "gateway", "demo", *line],
        capture_output=True,
        text=True,
        timeout=LONGEST,
        env={**os.environ, "TMPDIR": str(folder), "COLUMNS": "120"},
        check=False,
    )
    return ran, time.monotonic() - start


def parts(text: str) -> dict[str, str]:
    """Return what stands below each heading of the day."""
    found = re.split(
        r"^(\d\. .*|What lies where|The status table.*|To do the same by hand.*)$", text, flags=re.MULTILINE
    )
    return dict(zip(found[1::2], found[2::2], strict=True))


@pytest.mark.timeout(60)
def test_a_school_day_is_played_and_shown_and_nothing_is_left(tmp_path: Path) -> None:
    ran, seconds = play(tmp_path)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
    assert seconds < LONGEST
    assert not any(tmp_path.iterdir())
    shown = parts(ran.stdout)
    emailed, misnamed, uploaded, refused, letter, tree, table, by_hand = shown.values()

    # Who sent what, what they were answered, how it was read, where it went, and the notice.
    for scene in (emailed, misnamed, uploaded, refused):
        assert [f"  {word}   " in scene for word in ("sends", "answer", "read as", "went to", "notice")] == [True] * 5

    assert "answer   250 " in emailed
    assert "school 8302000, service INFO, dated 20261120" in emailed
    assert "drops/INFO/8302000_INFOeyfsreturn20261120.csv" in emailed
    assert "to petra.varga@leysjunior.example: " in emailed

    assert "answer   250 " in misnamed  # a mailed file is judged after it is taken
    assert "no-service-code" in misnamed
    assert "instead   8302000_INFO_phonics20261120.pdf" in misnamed
    assert "to samir.okonjo@leysjunior.example: " in misnamed  # the headteacher too
    headteacher = misnamed.partition("to samir.okonjo")[2]
    assert "info_phonics" not in headteacher  # who gets no description

    assert "service SEN, dated 20261121" in uploaded
    assert "refused before a byte was kept: The name does not begin with a DfE number." in refused

    assert re.search(r"LA Documents/Derbyshire Documents/4 \w+ Files/General/Term dates 2027.pdf, and reads it", letter)
    assert re.search(r"record .*8302000 Leys Junior School .* p.varga 1", letter)

    for path in ("INFO/8302000_INFOeyfsreturn20261120.csv", "SEN/8302000_SENreview20261121.pdf", "8302000/"):
        assert path in tree
    assert "Acronyms" not in tree

    rows = [line for line in table.splitlines() if "Petra Varga" in line]
    assert [next(s for s in ("Sent", "Rejected") if f"  {s}  " in row) for row in rows] == [
        "Rejected", "Sent", "Rejected", "Sent",  # newest first
    ]  # fmt: skip
    assert "gateway init my-gateway --sample" in by_hand


@pytest.mark.timeout(60)
def test_the_folder_stays_when_it_is_asked_for(tmp_path: Path) -> None:
    ran, _ = play(tmp_path, "--keep")
    assert ran.returncode == 0
    (folder,) = tmp_path.iterdir()
    assert f"The folder stays at {folder}." in ran.stdout
    here = folder / "gateway"
    assert (here / "drops" / "SEN" / "8302000_SENreview20261121.pdf").read_bytes().startswith(b"%PDF-")
    assert not (here / "data" / "run" / "endpoints.json").exists()  # the daemon was stopped as it should be
    line = [sys.executable, "-m", "gateway", "-c", str(here / "gateway.toml"), "admin", "files", "list"]
    assert subprocess.run(line, capture_output=True, text=True, check=True).stdout.count("Petra Varga") == 4
