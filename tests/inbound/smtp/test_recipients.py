"""The gateway's own addresses (Source: SPEC 4)."""

import pytest

from gateway.inbound.smtp.recipients import AddressBook, Recipient, RecipientKind

BOOK = AddressBook(
    addresses=["Files@Gateway.test", "in@two.test"], codes=["SEN", "INFO"], folders=["send", "shared-hr"]
)

KNOWN = {
    "files@gateway.test": (RecipientKind.INTAKE, ""),
    "FILES@gateway.TEST": (RecipientKind.INTAKE, ""),
    "in@two.test": (RecipientKind.INTAKE, ""),
    "sen@gateway.test": (RecipientKind.SERVICE, "SEN"),
    "Sen@two.test": (RecipientKind.SERVICE, "SEN"),
    "postmaster@gateway.test": (RecipientKind.POSTMASTER, ""),
    "Postmaster": (RecipientKind.POSTMASTER, ""),
    "documents+send@gateway.test": (RecipientKind.DOCUMENTS, "send"),
    "Documents+Shared-HR@gateway.test": (RecipientKind.DOCUMENTS, "shared-hr"),
    "reply+ABCdef234567@gateway.test": (RecipientKind.REPLY, "abcdef234567"),
    "bounce+" + "a" * 50 + "@gateway.test": (RecipientKind.BOUNCE, "a" * 50),
}
NOBODY = [
    "files@elsewhere.test",
    "in@gateway.test",  # an intake address is whole, not its first half
    "se@gateway.test",
    "send@gateway.test",
    "sen+x@gateway.test",
    "documents@gateway.test",
    "documents+@gateway.test",
    "documents+other@gateway.test",
    "reply@gateway.test",
    "reply+@gateway.test",
    "reply+abc1@gateway.test",  # 1 is no letter of base32
    "reply+" + "a" * 51 + "@gateway.test",
    "bounce+abc=@gateway.test",
    "postmaster@elsewhere.test",
    "sen@sub.gateway.test",
    "",
]


@pytest.mark.parametrize("address", KNOWN)
def test_our_addresses_are_known_in_any_case(address):
    assert BOOK.read(address) == Recipient(KNOWN[address][0], address.lower(), KNOWN[address][1])


@pytest.mark.parametrize("address", NOBODY)
def test_everything_else_is_nobody(address):
    assert BOOK.read(address) is None


def test_only_some_kinds_are_taken_in_as_submissions():
    assert [kind for kind in RecipientKind if kind.is_intake] == ["intake", "service"]
