"""Which schools a document is for: its name or an explicit order, and no odd name ever reaches another (SPEC 7)."""

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.core.documents import Order
from gateway.core.publishing import Direction, HeldFor, Passed, direct
from gateway.core.register import Directory, School, SchoolStatus, Succession
from gateway.core.unsafe import what_is_unsafe

TODAY = date(2026, 11, 20)
OPEN = ("8301102", "8302000", "8303308", "8304053")
CLOSED, FOLLOWED, PROPOSED = "8305555", "8306666", "8307777"
DIRECTORY = Directory(
    schools={
        **{number: School(number, f"School {number}") for number in OPEN},
        CLOSED: School(CLOSED, "Gone", status=SchoolStatus.CLOSED),
        FOLLOWED: School(FOLLOWED, "Was", status=SchoolStatus.CLOSED),
        PROPOSED: School(PROPOSED, "Not yet", status=SchoolStatus.PROPOSED),
    },
    successions={FOLLOWED: Succession(FOLLOWED, "8304053", date(2026, 12, 31))},
)
EVERYONE = Order("general", everyone=True)
LIST = Order("general", schools=("8301102", CLOSED, FOLLOWED, "8309999"))


def to(name: str, order: Order = Order("general"), *, on: date = TODAY) -> Direction:  # noqa: B008  # frozen
    return direct(name, order, directory=DIRECTORY, la_codes=frozenset({"830"}), on=on)


# (name as published, the one school that it is for, the name that the school sees)
GOOD = [
    ("8301102 Offer of a place.pdf", "8301102", "Offer of a place.pdf"),
    ("8302000_SENletter20261120.docx", "8302000", "SENletter20261120.docx"),
    ("8303308 - Term dates.pdf", "8303308", "Term dates.pdf"),
    ("8301102letter.pdf", "8301102", "letter.pdf"),
    ("8301102 transfer to 8302000.pdf", "8301102", "transfer to 8302000.pdf"),
    ("8301102 no ending", "8301102", "no ending"),
    (f"{FOLLOWED} Budget.xlsx", "8304053", "Budget.xlsx"),
]


@pytest.mark.parametrize(("name", "school", "shown"), GOOD)
def test_the_number_in_front_says_the_school_and_is_not_shown(name: str, school: str, shown: str) -> None:
    found = to(name)
    assert (found.schools, found.shown, found.reason) == ((school,), shown, None)


# (name as published, why it is held)
HELD = [
    ("Offer of a place.pdf", HeldFor.NO_DFE_NUMBER),
    ("1102 Offer.pdf", HeldFor.NO_DFE_NUMBER),
    ("83011021 Offer.pdf", HeldFor.NO_DFE_NUMBER),
    ("(8301102) Offer.pdf", HeldFor.NO_DFE_NUMBER),
    ("Offer 8301102.pdf", HeldFor.NO_DFE_NUMBER),
    ("８３０１１０２ Offer.pdf", HeldFor.NO_DFE_NUMBER),
    ("8301102٣ Offer.pdf", HeldFor.NO_DFE_NUMBER),
    ("8311102 Offer.pdf", HeldFor.UNKNOWN_LA),
    ("8309999 Offer.pdf", HeldFor.UNKNOWN_SCHOOL),
    (f"{CLOSED} Offer.pdf", HeldFor.CLOSED_SCHOOL),
    (f"{PROPOSED} Offer.pdf", HeldFor.CLOSED_SCHOOL),
    ("8301102.pdf", HeldFor.NO_NAME),
    ("8301102 _ .pdf", HeldFor.NO_NAME),
    ("8301102", HeldFor.NO_NAME),
    ("8301102_CON.pdf", HeldFor.NO_NAME),
    ("8301102/../8302000 Offer.pdf", HeldFor.UNSAFE_NAME),
    ("8301102 Offer\u202efdp.exe", HeldFor.UNSAFE_NAME),
    ("", HeldFor.UNSAFE_NAME),
]


@pytest.mark.parametrize(("name", "reason"), HELD)
def test_what_says_no_school_is_held_with_a_sentence(name: str, reason: HeldFor) -> None:
    found = to(name)
    assert (found.schools, found.reason) == ((), reason)
    assert found.sentence.endswith(".")


def test_an_old_number_is_taken_to_its_last_day_and_no_longer() -> None:
    assert to(f"{FOLLOWED} Budget.pdf", on=date(2026, 12, 31)).schools == ("8304053",)
    assert to(f"{FOLLOWED} Budget.pdf", on=date(2027, 1, 1)).reason == HeldFor.CLOSED_SCHOOL


class TestForMany:
    """Everyone, or a list: asked for explicitly."""

    def test_all_schools_are_those_that_are_open(self) -> None:
        assert to("Term dates 2026.pdf", EVERYONE).schools == OPEN

    def test_a_list_goes_to_those_of_it_that_are_open_or_followed(self) -> None:
        found = to("Term dates.pdf", LIST)
        assert found.schools == ("8301102", "8304053")
        assert found.passed == (
            Passed(CLOSED, "closed-school"),
            Passed(FOLLOWED, "closed-school", "8304053"),
            Passed("8309999", "unknown-school"),
        )

    def test_a_list_of_nobody_reaches_nobody(self) -> None:
        found = to("Term dates.pdf", Order("general", schools=(CLOSED,)))
        assert (found.schools, found.reason) == ((), HeldFor.NO_SCHOOLS)

    @pytest.mark.parametrize("order", [EVERYONE, LIST], ids=["everyone", "a list"])
    @pytest.mark.parametrize(
        "name",
        ["8301102 Offer.pdf", "Offer 8302000.pdf", "８３０１１０２ Offer.pdf", "(8309999).pdf", "1234567 Offer.pdf"],
    )
    def test_a_name_that_says_a_school_is_never_spread(self, name: str, order: Order) -> None:
        found = to(name, order)
        assert (found.schools, found.reason) == ((), HeldFor.CONTRADICTION)

    def test_one_school_asked_for_and_named_is_no_contradiction(self) -> None:
        order = Order("general", schools=("8301102",))
        assert to("8301102 Offer.pdf", order).shown == "Offer.pdf"
        assert to("Offer.pdf", order).schools == ("8301102",)
        assert to("8302000 Offer.pdf", order).reason == HeldFor.CONTRADICTION

    def test_a_date_is_no_school(self) -> None:
        assert to("Term dates 20261120.pdf", EVERYONE).schools == OPEN


DIGITS = st.sampled_from("0123456789８３０１２٣")
ODD = st.text(st.one_of(DIGITS, st.sampled_from("_ -.()/\\\u202e\u00a0"), st.characters()), max_size=30)
NAMES = st.one_of(
    ODD,
    st.builds("".join, st.tuples(st.sampled_from((*OPEN, CLOSED, FOLLOWED, "", " ", "(")), ODD)),
    st.builds("".join, st.tuples(ODD, st.sampled_from((*OPEN, CLOSED)), ODD)),
)


@given(NAMES)
@example("8301102\udcff.pdf")
@example("8301102\u0660 letter.pdf")
def test_no_name_however_odd_reaches_a_school_that_it_does_not_name(name: str) -> None:
    found = to(name)
    for school in found.schools:
        named = name[:7]
        assert school == named or DIRECTORY.successions[named].new == school
        assert not name[7:8].isdigit()
    assert len(found.schools) == (0 if found.reason else 1)
    assert bool(found.sentence) == bool(found.reason)
    if found.schools:
        assert what_is_unsafe(found.shown) is None
        assert not found.shown.startswith(name[:7])


@given(NAMES)
def test_no_name_however_odd_makes_an_order_wider(name: str) -> None:
    order = Order("general", schools=("8301102", "8302000"))
    assert set(to(name, order).schools) <= set(order.schools)
    if any(number in name for number in OPEN if not any(c.isdigit() for c in name.replace(number, ""))):
        assert to(name, order).schools == ()
        assert to(name, EVERYONE).schools == ()
