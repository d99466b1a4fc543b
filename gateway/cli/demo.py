"""`gateway demo`: a school day on loopback, in a temporary folder, shown as it happens.

Owns the play: a real daemon in its own process, a secretary with a mail program and an SFTP client, a mail relay that
shows each notice. Nothing is pretended: what is shown is read from the records and folders of that daemon (Source:
SPEC 13).
"""

import asyncio
import contextlib
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.errors import Transient

if TYPE_CHECKING:
    from gateway.cli.demo_cast import Stage

_INTRO = """\
A school day at Leys Junior School (8302000), on this computer alone: all ports are on
loopback, all schools and people are invented, and everything lies in one folder:

    {folder}
"""
_BY_HAND = """\
To do the same by hand, in a folder of your own (the README goes on from there):

    gateway init my-gateway --sample
    cd my-gateway
    gateway run &
    gateway admin users add p.varga --forename Petra --surname Varga \\
        --email petra.varga@leysjunior.example --role staff --school 8302000 \\
        --key ~/.ssh/id_ed25519.pub --activate
    sftp -P PORT p.varga@127.0.0.1        (PORT: under "sftp" in data/run/endpoints.json)
    gateway name 8302000_info_phonics.pdf
    gateway admin files list
"""


@click.command("demo")
@click.option("--keep", is_flag=True, help="Leave the folder there afterwards, to look around in it.")
def demo_command(keep: bool) -> None:
    """Play a school day on loopback, in a temporary folder, and show what happens."""
    folder = Path(tempfile.mkdtemp(prefix="gateway-demo-"))
    try:
        asyncio.run(_play(folder))
    finally:
        if keep:
            click.echo(f"The folder stays at {folder}.")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    click.echo(_BY_HAND)


async def _play(folder: Path) -> None:
    from gateway.cli.demo_cast import Relay, set_the_stage
    from gateway.cli.demo_scenes import day

    click.echo(_INTRO.format(folder=folder))
    async with Relay() as relay:
        stage = await set_the_stage(folder / "gateway", relay)
        async with _daemon(stage):
            await day(stage)


@asynccontextmanager
async def _daemon(stage: "Stage") -> AsyncIterator[None]:
    """Run the real daemon in its own process, and stop it as a service manager would."""
    log = (stage.folder / "gateway.log").open("wb")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", "-c", str(stage.config), "run", stdout=log, stderr=log
    )
    try:
        await _listening(stage, process)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
        log.close()


async def _listening(stage: "Stage", process: asyncio.subprocess.Process) -> None:
    for _ in range(300):
        if stage.is_listening():
            return
        if process.returncode is not None:
            break
        await stage.clock.sleep(0.1)
    raise Transient(f"The gateway did not start. Its log: {(stage.folder / 'gateway.log').read_text()[-2000:]}")
