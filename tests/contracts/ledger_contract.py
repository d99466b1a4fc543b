"""What every ledger keeps, whatever engine is below it (the port `Ledger`).

A suite for an engine is a class with this as its base, a fixture `ledger` that opens an empty one, and a fixture
`clock`, the ManualClock that it was opened with.
"""

from tests.contracts.ledger_digests import DigestContract
from tests.contracts.ledger_documents import DocumentContract
from tests.contracts.ledger_files import FileContract
from tests.contracts.ledger_owed import DropContract, NoticeContract
from tests.contracts.ledger_people import PeopleContract, TrailContract, UploadContract
from tests.contracts.ledger_reports import ReportContract
from tests.contracts.ledger_requests import RequestContract
from tests.contracts.ledger_suspensions import SuspensionContract
from tests.contracts.ledger_terms import TermContract


class LedgerContract(
    FileContract,
    DocumentContract,
    DropContract,
    NoticeContract,
    TermContract,
    PeopleContract,
    SuspensionContract,
    UploadContract,
    RequestContract,
    DigestContract,
    ReportContract,
    TrailContract,
):
    """All of it."""
