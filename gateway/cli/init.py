"""`gateway init DIR`: a deployment laid out in a folder, ready to run (Source: SPEC 13).

Owns what lies where. Refuses a folder that holds anything and overwrites nothing; what it could not finish, it takes
away again. With `--sample` everything is on loopback, with invented schools and people.
"""

import asyncio
import shlex
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

import gateway
from gateway.cli.credentials import make_certificate, make_host_key, write_new
from gateway.cli.load import StayingCourier
from gateway.clock import SystemClock
from gateway.core.agreement import Agreement
from gateway.core.routing import Catalogue, TargetKind
from gateway.errors import NotThere
from gateway.outbound.folder import MARKER

if TYPE_CHECKING:
    from gateway.app import House
    from gateway.settings import Settings
    from gateway.tables import Tables

_ACTOR = "gateway init"


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--sample", is_flag=True, help="With invented schools and people, all on this host: to try things out.")
def init_command(folder: Path, sample: bool) -> None:
    """Lay out a deployment in DIR: gateway.toml, config/, routing/, keys, and empty folders."""
    place = folder.absolute()
    fingerprint = lay_out(place, source=shipped_folder(), sample=sample)
    click.echo(_what_next(place, fingerprint=fingerprint, sample=sample))


def lay_out(place: Path, *, source: Path, sample: bool) -> str:
    """Fill an empty or absent folder from the shipped one; return the fingerprint of the SSH host key.

    Raises NotThere when the folder can't be filled.
    """
    was_there = place.exists()
    _demand_empty(place)
    try:
        place.mkdir(parents=True, exist_ok=True)
        _copy_tables(source, place, sample=sample)
        return _furnish(place, sample=sample)
    except OSError as error:
        _clear(place, was_there=was_there)
        raise NotThere(f"{place} can't be filled: {error.strerror or error} ({error.filename}).") from None
    except BaseException:
        _clear(place, was_there=was_there)
        raise


def shipped_folder() -> Path:
    """Return where the shipped gateway.toml, config/ and routing/ lie: in an installed package, or in a checkout."""
    package = Path(gateway.__file__).parent
    return next(folder for folder in (package / "data", package.parent) if (folder / "gateway.toml").is_file())


def _demand_empty(place: Path) -> None:
    if place.is_dir() and not any(place.iterdir()):
        return
    if place.exists() or place.is_symlink():
        what = "is not empty" if place.is_dir() else "is no folder"
        raise NotThere(f"{place} {what}, and nothing is overwritten. Name a folder that is empty or not there yet.")


def _copy_tables(source: Path, place: Path, *, sample: bool) -> None:
    from gateway.sample import sample_settings

    unwanted = shutil.ignore_patterns(".*", "__pycache__", *(() if sample else ("sample",)))
    shutil.copytree(source / "config", place / "config", ignore=unwanted)
    shutil.copytree(source / "routing", place / "routing", ignore=unwanted)
    text = (source / "gateway.toml").read_text(encoding="utf-8")
    settings = sample_settings(text) if sample else text
    write_new(place / "gateway.toml", settings.encode("utf-8"), mode=0o644)


def _furnish(place: Path, *, sample: bool) -> str:
    """Make keys and folders where the settings say that they are; return the fingerprint of the host key."""
    from gateway.settings import read_settings
    from gateway.tables import read_tables

    settings = read_settings(place / "gateway.toml")
    tables = read_tables(settings)
    fingerprint = make_host_key(settings.sftp.host_keys[0])
    make_certificate(certificate=settings.smtp.certificate, key=settings.smtp.key, now=SystemClock().now())
    settings.storage.data.mkdir(mode=0o700)
    for folder in _drop_folders(tables.catalogue):
        folder.mkdir(mode=0o700, parents=True)
        write_new(folder / MARKER, b"The gateway writes into this folder only while this file is here.\n", mode=0o644)
    if sample:
        asyncio.run(_enrol_sample(settings, tables))
    return fingerprint


def _drop_folders(catalogue: Catalogue) -> list[Path]:
    targets = (target for service in catalogue.services.values() for target in service.targets)
    return [Path(target.path) for target in targets if target.kind is TargetKind.FOLDER]


async def _enrol_sample(settings: "Settings", tables: "Tables") -> None:
    """Write the invented register into a new ledger."""
    from gateway.app import open_house

    async with open_house(settings, tables, courier=StayingCourier()) as house:
        await _enrol(house)


async def _enrol(house: "House") -> None:
    from gateway.sample import read_sample

    sample = read_sample(house.settings.tables.config / "sample")
    now = house.clock.now()
    for school in sample.schools:
        await house.ledger.put_school(school, actor=_ACTOR, at=now)
    for link in sample.successions:
        await house.ledger.put_succession(link, actor=_ACTOR, at=now)
    policy = house.tables.acceptable_use
    agreed = Agreement(policy.version, policy.digest, now, "sample register")
    for account in sample.accounts:
        # Active, so that their mail is taken and notices reach them; without password and key nobody can log in.
        known = replace(account, activated_at=now)
        await house.ledger.add_account(known, actor=_ACTOR, at=now, why="sample register", agreed=agreed)


def _clear(place: Path, *, was_there: bool) -> None:
    """Take away what was laid out: the folder was empty before."""
    if not was_there:
        shutil.rmtree(place, ignore_errors=True)
        return
    for item in place.iterdir():
        shutil.rmtree(item, ignore_errors=True) if item.is_dir() else item.unlink()


def _what_next(place: Path, *, fingerprint: str, sample: bool) -> str:
    head = f"A gateway is laid out in {place}. Its SSH host key is {fingerprint}.\n\nWhat to do next:\n"
    return head + (_SAMPLE_STEPS if sample else _STEPS).format(place=shlex.quote(str(place)))


_STEPS = """\
  1. In gateway.toml, say whose gateway this is, where it listens, and where its mail relay is.
  2. In routing/services.toml, look through the codes of your services and where each takes its files.
  3. Put a certificate that others trust in the place of the self-signed one in tls/.
  4. cd {place}
     gateway check
     gateway run
     gateway admin users add --help"""
_SAMPLE_STEPS = """\
  cd {place}
  gateway check
  gateway run                    (the ports that it took stand in data/run/endpoints.json)
  gateway admin schools list     (the invented schools; each has a headteacher, nobody has a password or a key)
  gateway admin users add a.person --forename Ada --surname Person --email a.person@leysjunior.example \\
      --role staff --school 8302000 --key ~/.ssh/id_ed25519.pub --activate"""
