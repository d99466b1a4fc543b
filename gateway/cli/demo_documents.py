"""The other half of the day in `gateway demo`: a letter from the authority, and the secretary who finds it.

Owns this scene and its words. The letter is published by the real command, and found over SFTP (Source: SPEC 7).
"""

import asyncio
import json
import sys
from collections.abc import Callable

from gateway.cli.demo_cast import SECRETARY, USERNAME, Stage
from gateway.errors import Transient

LETTER = "8302000 Term dates 2027.pdf"
_BYTES = b"%PDF-1.4\n% Invented term dates.\n%%EOF\n"
_ROOM = "LA Documents/Derbyshire Documents"

Tell = Callable[[str, str], None]


async def letter_from_the_authority(stage: Stage, tell: Tell) -> None:
    """Publish a letter, and read it as the school does."""
    file = stage.folder / LETTER
    file.write_bytes(_BYTES)
    tell("sends", f"the authority publishes {LETTER}: gateway admin documents publish")
    answer = await _command(stage, "admin", "--as", "Olive Howarth", "documents", "publish", "--json", str(file))
    file.unlink()
    tell("went to", "the school whose number stands in front, and nobody else")
    async with stage.sftp() as sftp:
        path = str((await sftp.glob(f"{_ROOM}/*/*/*"))[0])
        async with sftp.open(path, "rb") as letter:
            is_whole = bool(await letter.read())
    tell("reads", f"{SECRETARY} finds {path}" + (", and reads it to its end" if is_whole else ""))
    told = await _command(stage, "admin", "documents", "show", json.loads(answer)["documents"][0]["id"])
    row = next((line for line in told.splitlines() if USERNAME in line), "")
    tell("record", f"who read it, and when: {' '.join(row.split())}")


async def _command(stage: Stage, *words: str) -> str:
    """Run one of our commands, as an administrator does; return what it says."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", "-c", str(stage.config), *words, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise Transient(f"gateway {' '.join(words)} left with {process.returncode}: {said.decode()}")
    return said.decode()
