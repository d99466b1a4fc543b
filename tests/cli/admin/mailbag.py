"""A file that really came: sealed, ingested and dropped, so that something can be decided about it."""

from gateway.app import House
from gateway.core.model import Channel, FileQuery, FileRecord
from tests.cli.conftest import Deployment

GOOD = "8301102_SENplan20261120.docx"
NEARLY = "8301102_SENDplan20261120.docx"  # rejected, and its correction is certain
HEAD = "ruth.ashdown"
OFFICER = "nadia.rowbotham"  # of SEN


def send(deployment: Deployment, name: str = GOOD, data: bytes = b"a plan") -> str:
    """Send a file over SFTP and let it be dropped; return its id."""

    async def work(house: House) -> str:
        intake = house.receive.begin()
        intake.write(data)
        await intake.seal(channel=Channel.SFTP, username=HEAD, verified_by="password", name=name)
        await house.ingest.pass_once()
        await house.dropper.pass_once()
        (file, *_) = await house.ledger.files(FileQuery(search=name))
        return file.id

    return deployment.in_house(work)


def find(deployment: Deployment, id: str) -> FileRecord:
    """Return a file as it is now."""

    async def work(house: House) -> FileRecord:
        found = await house.ledger.file(id)
        assert found is not None
        return found

    return deployment.in_house(work)
