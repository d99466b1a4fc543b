"""The rooms of a house that are about people: who comes in, who may, and who looks after it.

Owns their putting together.
"""

from dataclasses import dataclass

from gateway.parameters import guess_limits_of
from gateway.pipeline.people.access import Access
from gateway.pipeline.people.accounts import Accounts
from gateway.pipeline.people.addresses import Addresses
from gateway.pipeline.people.codes import CodeMail
from gateway.pipeline.people.forms import Forms
from gateway.pipeline.people.keys import Keys
from gateway.pipeline.people.letters import Letters
from gateway.pipeline.people.login import Login
from gateway.pipeline.people.passwords import Passwords
from gateway.pipeline.people.renewals import Renewals
from gateway.pipeline.people.review import AccessReview
from gateway.pipeline.people.suspend import Suspend
from gateway.pipeline.people.upkeep import Upkeep
from gateway.rooms.ground import Ground


@dataclass(frozen=True)
class PeopleRooms:
    """What commands and doors use of them."""

    access: Access
    login: Login
    accounts: Accounts
    codes: CodeMail
    passwords: Passwords
    forms: Forms
    letters: Letters
    review: AccessReview
    addresses: Addresses
    keys: Keys
    suspend: Suspend
    renewals: Renewals
    upkeep: Upkeep


def build_people_rooms(ground: Ground) -> PeopleRooms:
    """Make every one of them; does nothing."""
    telling, ledger, clock, hasher = ground.telling, ground.ledger, ground.clock, ground.hasher
    access = Access(telling.directory, telling.policy, clock)
    passwords = Passwords(ledger, telling.policy, hasher)
    codes = CodeMail(telling, passwords)
    accounts = Accounts(telling, passwords, codes)
    review, addresses, forms = AccessReview(telling), Addresses(telling), Forms(telling, access, accounts)
    return PeopleRooms(
        access=access,
        login=Login(access, ledger, clock, hasher, guess_limits_of(ground.settings), passwords=passwords),
        accounts=accounts,
        codes=codes,
        passwords=passwords,
        forms=forms,
        letters=Letters(ledger=ledger, review=review, addresses=addresses, forms=forms),
        review=review,
        addresses=addresses,
        keys=Keys(telling),
        suspend=Suspend(ledger, clock),
        renewals=Renewals(telling),
        upkeep=Upkeep(telling, review),
    )
