"""Letters: what we asked people, and where their replies go; and mail of ours that comes back.

Owns which letter a reply belongs to. What an answer means is `review`, `addresses` and
`forms` (Source: SPEC 9).
"""

from gateway.core.contents import Unpacked
from gateway.core.mail import Notice
from gateway.core.register import Account
from gateway.core.submission import Envelope
from gateway.core.tokens import TokenKind
from gateway.errors import NotThere
from gateway.pipeline.people.addresses import Addresses
from gateway.pipeline.people.forms import Forms
from gateway.pipeline.people.review import AccessReview
from gateway.pipeline.tokens import Known
from gateway.ports import Ledger


class Letters:
    """Everything that is answered and is about no submission."""

    def __init__(self, *, ledger: Ledger, review: AccessReview, addresses: Addresses, forms: Forms) -> None:
        """Take the parts."""
        self._forms = forms
        self._ledger = ledger
        self._review = review
        self._addresses = addresses

    async def take(self, known: Known, envelope: Envelope, unpacked: Unpacked) -> tuple[Notice, ...]:
        """Do what a reply to a letter says, unless it expired; return the notices that it is answered with."""
        if known.kind in (TokenKind.AGREE, TokenKind.FORM):
            return await self._forms.take(known, envelope, unpacked)
        id, text = known.letter or "", unpacked.comment
        if known.expires_at <= envelope.received_at:
            return ()
        letter = await self._ledger.letter(id)
        if letter is not None:
            return await self._review.take(letter, text, envelope=envelope, message_id=unpacked.message_id or None)
        change = await self._ledger.address_change(id)
        if change is None:
            return ()
        try:
            return await self._addresses.take(change, id, text, envelope=envelope)
        except NotThere:
            return ()  # it is written down why; the administrator sees it

    async def came_back(self, owner: Account) -> bool:
        """Take mail of ours that came back; return whether that is news."""
        return await self._addresses.came_back(owner)
