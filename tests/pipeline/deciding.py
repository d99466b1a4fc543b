"""A file that was sent, and those who decide about it: what the tests of decisions have in common."""

from dataclasses import replace

from gateway.core.admission import Refusal
from gateway.core.model import Drop, DropState, FileRecord, Status
from gateway.pipeline.decisions import Actor
from tests.scenarios.harness import STAFF, Scene

SEN = "8304053_SENplan20261120.docx"
SEND = "8304053_SENDplan20261120.docx"  # rejected, and its correction is certain
SAFE = "8304053_SAFEconcern20261120.docx"
OFFICER = "nadia.rowbotham"  # of SEN
OTHER_OFFICER = "callum.eastwick"  # of INFO and ADMISS
HEADTEACHER = "yusuf.demirel"  # of the school of STAFF
ADMINISTRATOR = Actor("it.admin", "it.admin")


def actor(scene: Scene, username: str) -> Actor:
    return Actor.of(scene.account(username))


async def sent(scene: Scene, name: str = SEN, data: bytes = b"a plan", *, by: str = STAFF) -> FileRecord:
    """Send a file and let it be delivered."""
    await scene.email(by, (name, data))
    await scene.idle()
    scene.promises.clear()  # what becomes of it is the test's own to say
    return await scene.file(name)


async def now(scene: Scene, file: FileRecord) -> FileRecord:
    found = await scene.house.ledger.file(file.id)
    assert found is not None
    return found


async def drops_of(scene: Scene, file: FileRecord) -> dict[str, Drop]:
    """Return the drops of a file by the kind of their target, those that are no longer owed left out."""
    drops = await scene.house.ledger.drops(file=file.id)
    return {d.target.partition(":")[0]: d for d in drops if d.state is not DropState.WITHDRAWN}


async def events(scene: Scene, file: FileRecord) -> list[tuple[str, str]]:
    return [(h.event, h.actor) for h in await scene.house.ledger.history(file.id)]


def set_service(scene: Scene, code: str, **values: object) -> None:
    policy = scene.house.policy
    services = dict(policy.current.catalogue.services)
    services[code] = replace(services[code], **values)  # type: ignore[arg-type]
    policy.current = replace(policy.current, catalogue=replace(policy.current.catalogue, services=services))


def subjects(scene: Scene, username: str) -> list[str]:
    return [mail.subject for mail in scene.notices_to(username)]


async def decide(scene: Scene, deed: str, file: FileRecord, by: Actor) -> FileRecord | Refusal:
    decisions = scene.house.decisions
    if deed == "reject":
        return await decisions.reject(file.id, by=by, why="Page two is missing.")
    if deed == "reroute":
        return await decisions.reroute(file.id, "EP", by=by)
    return await {"receive": decisions.receive, "recall": decisions.recall, "accept": decisions.accept}[deed](
        file.id, by=by
    )


async def add_drop(scene: Scene, file: FileRecord, drop: Drop) -> None:
    """Add a drop that was made to another kind of place, as if the service had such a target."""
    from gateway.core.model import Change, History

    past = History(file.id, scene.clock.now(), "a test", "deliver", Status.SENT)
    assert await scene.house.ledger.apply(Change(file, expected=Status.SENT, history=past, drops=(drop,)))


def collect(scene: Scene, code: str, name: str) -> None:
    """Take a file out of a drop folder, as its service does."""
    (scene.drop_folder(code) / name).unlink()
    scene.known.collected.add(f"{code}/{name}")
