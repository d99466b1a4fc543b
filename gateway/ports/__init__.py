"""What the use-cases need from the world, as protocols: time, disk, spool, archive, ledger, ways out.

Owns no behaviour. The real ones live in `clock`, `store` and `outbound`; the tests' in `tests/fakes.py`, and
one contract suite a port runs on both. Every method may raise `errors.Transient`; what else it may raise, it says.
"""

from gateway.ports.digests import Digests
from gateway.ports.documents import Documents
from gateway.ports.files import Deliveries, Outbox, Submissions, Terms
from gateway.ports.keeping import Archive, Intake, Reader, Spool
from gateway.ports.ledger import Ledger
from gateway.ports.people import People, Trail, Uploads
from gateway.ports.reports import Reports
from gateway.ports.requests import Requests
from gateway.ports.ways import Courier, DropFolder, Mailbox, Pusher, Rendered, Renderer, Unpacker
from gateway.ports.world import Clock, Disk, Shares, Threads, Wake

__all__ = [
    "Archive",
    "Clock",
    "Courier",
    "Deliveries",
    "Digests",
    "Disk",
    "Documents",
    "DropFolder",
    "Intake",
    "Ledger",
    "Mailbox",
    "Outbox",
    "People",
    "Pusher",
    "Reader",
    "Rendered",
    "Renderer",
    "Reports",
    "Requests",
    "Shares",
    "Spool",
    "Submissions",
    "Terms",
    "Threads",
    "Trail",
    "Unpacker",
    "Uploads",
    "Wake",
]
