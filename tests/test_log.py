"""The log: its first line must not hold up who waits at a door (SPEC 11)."""

import subprocess
import sys

FIRST_LINE = """
import sys
from gateway import log

log.set_up(json=True)
assert "structlog" not in sys.modules, "most commands say nothing, and should not wait for it"
log.get_ready()
before = set(sys.modules)
log.started(places=1, pid=1)
assert set(sys.modules) == before, set(sys.modules) - before
"""


def test_whoever_got_ready_loads_nothing_for_the_first_line() -> None:
    ran = subprocess.run([sys.executable, "-c", FIRST_LINE], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert '"event": "started"' in ran.stderr
