"""What every ledger counts."""

from datetime import timedelta

from gateway.core.model import Channel, FileQuery, Status
from gateway.core.tallies import Tally
from gateway.ports import Ledger
from tests.contracts.ledger_values import SCHOOL, a_file, a_submission, refused_file
from tests.fakes import MORNING


class ReportContract:
    """Counts."""

    async def test_files_are_counted_by_what_they_have_in_common(self, ledger: Ledger) -> None:
        later = MORNING + timedelta(hours=1)
        files = [
            a_file(1),
            a_file(2, sent_at=later, size=800),
            a_file(3, channel=Channel.SFTP),
            refused_file(4, school=None),
        ]
        for file in files:
            await ledger.record(a_submission(file))
        sent = Tally(SCHOOL, "SEN", Status.SENT, None, Channel.EMAIL, 2, 2000, MORNING, later)
        assert await ledger.tallies(FileQuery()) == [
            Tally(None, None, Status.REJECTED, "no-dfe-number", Channel.EMAIL, 1, 0, MORNING, MORNING),
            sent,
            Tally(SCHOOL, "SEN", Status.SENT, None, Channel.SFTP, 1, 1200, MORNING, MORNING),
        ]
        narrowed = FileQuery(
            school=SCHOOL, service="SEN", status=(Status.SENT,), since=later, until=later + timedelta(seconds=1)
        )
        assert await ledger.tallies(narrowed) == [
            Tally(SCHOOL, "SEN", Status.SENT, None, Channel.EMAIL, 1, 800, later, later)
        ]
        assert await ledger.tallies(FileQuery(school="8302000")) == []
