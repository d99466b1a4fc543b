"""What happens in `gateway demo`, and how it is told: four files, their fates, the folders and the table at the end.

Owns the script and its words. Facts come from the ledger, the disk and the relay.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.tree import Tree

from gateway.cli.admin.files import show_files
from gateway.cli.demo_cast import SECRETARY, Stage
from gateway.cli.demo_documents import letter_from_the_authority
from gateway.cli.render import Screen
from gateway.core.model import FileQuery, FileRecord, Status
from gateway.errors import Transient
from gateway.ports import Ledger
from gateway.store.ledger import open_ledger

_REPORT = b"%PDF-1.4\n% An invented report of an invented review.\n%%EOF\n"


@dataclass(frozen=True)
class Scene:
    """One file that the secretary sends."""

    title: str
    name: str
    content: bytes
    channel: str  # email or sftp
    subject: str = ""
    text: str = ""


SCENES = (
    Scene(
        "A well-named file, by email",
        "8302000_INFOeyfsreturn20261120.csv",
        b"pupil,score\n1,34\n2,31\n",
        "email",
        "EYFS return #eyfs",
        "Please find our return attached.\n\n-- \nPetra Varga, Leys Junior School\n",
    ),
    Scene(
        "A file whose code is in lower case, by email",
        "8302000_info_phonics20261120.pdf",
        _REPORT,
        "email",
        "Phonics",
        "And the phonics results.\n",
    ),
    Scene("A well-named file, over SFTP", "8302000_SENreview20261121.pdf", _REPORT, "sftp"),
    Scene("A file straight from the desktop, over SFTP", "Acronyms.pdf", _REPORT, "sftp"),
)


async def day(stage: Stage) -> None:
    """Play every scene, then show what is where."""
    ledger = await open_ledger(str(stage.folder / "data" / "ledger.db"), clock=stage.clock, read_only=True)
    try:
        for number, scene in enumerate(SCENES, start=1):
            _heading(f"{number}. {scene.title}")
            await _play(stage, ledger, scene)
        _heading(f"{len(SCENES) + 1}. A letter from the authority")
        await letter_from_the_authority(stage, _tell)
        _heading("What lies where")
        _show_folders(stage.folder)
        _heading("The status table (gateway admin files list)")
        everything = await ledger.files(FileQuery())
        show_files(Screen(as_json=False, zone=ZoneInfo("Europe/London")), everything, empty="")
        click.echo()
    finally:
        await ledger.close()


async def _play(stage: Stage, ledger: Ledger, scene: Scene) -> None:
    ways: dict[str, Callable[[], Awaitable[None]]] = {
        "email": lambda: _by_email(stage, scene),
        "sftp": lambda: _by_sftp(stage, scene),
    }
    await ways[scene.channel]()
    file = await _outcome(stage, ledger, scene.name)
    _tell_fate(file)
    notices = 1 if file.status is Status.SENT else 2  # of a rejection the headteacher gets a copy
    for _ in range(notices):
        _tell_notice(await stage.relay.next_notice())


async def _by_email(stage: Stage, scene: Scene) -> None:
    _tell("sends", f"{SECRETARY} emails {scene.name} to files@gateway.test, signed in, under TLS")
    answer = await stage.email(scene.name, scene.content, subject=scene.subject, text=scene.text)
    _tell("answer", answer)


async def _by_sftp(stage: Stage, scene: Scene) -> None:
    _tell("sends", f"{SECRETARY} puts {scene.name} into Send Files, with her key")
    refusal = await stage.upload(scene.name, scene.content)
    _tell("answer", f"refused before a byte was kept: {refusal}" if refusal else "taken: the file is durable")


async def _outcome(stage: Stage, ledger: Ledger, name: str) -> FileRecord:
    """Wait until the file is recorded, and delivered if it is on its way."""
    for _ in range(200):
        found = await ledger.files(FileQuery(search=name, limit=1))
        if found and (found[0].status is not Status.SENT or found[0].delivered_at):
            return found[0]
        await stage.clock.sleep(0.05)
    raise Transient(f"{name} did not arrive. See {stage.folder / 'gateway.log'}.")


def _tell_fate(file: FileRecord) -> None:
    if file.status is Status.SENT:
        _tell("read as", f"school {file.school}, service {file.service}, dated {file.date}")
        _tell("went to", f"the Inbox of {file.service} over SFTP, and drops/{file.service}/{file.name}")
        return
    _tell("read as", f"not a name that can be routed: {', '.join(file.faults)}")
    if file.correction:
        _tell("instead", f"{file.correction} (certain, so it is offered; nothing is ever routed on a guess)")
    _tell("went to", "no service; " + ("the bytes are held for the sender" if file.place else "no byte was kept"))


def _tell_notice(notice: EmailMessage) -> None:
    _tell("notice", f"to {notice['To']}: {notice['Subject']}")
    body = notice.get_body(("plain",))
    lines = body.get_content().splitlines() if body else []
    for line in [line for line in lines if line.strip()][1:9]:
        click.echo(f"             | {line}")
    click.echo("             | …")


def _show_folders(folder: Path) -> None:
    tree = Tree(folder.name)
    for top in ("drops", "data/archive"):
        branch = tree.add(top)
        for path in sorted(p for p in (folder / top).rglob("*") if p.is_file() and not p.name.startswith(".")):
            branch.add(str(path.relative_to(folder / top)))
    Console(highlight=False, soft_wrap=True).print(tree)


def _heading(text: str) -> None:
    click.echo()
    click.secho(text, bold=True)


def _tell(what: str, text: str) -> None:
    click.echo(f"  {what:>8}   {text}")
