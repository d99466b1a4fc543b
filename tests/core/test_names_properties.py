"""What holds of every name, whatever somebody typed: found by hypothesis in names made of the pieces that matter."""

import re
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.names import Reading, read_name
from gateway.core.reasons import NameWarning, Reason
from tests.core.derbyshire import (
    ACADEMY,
    CATALOGUE,
    CLOSED,
    CONVERTED,
    CONVERTED_LONG_AGO,
    LEYS,
    NOT_IN_REGISTER,
    OPEN,
    RULES,
    TODAY,
)

ANYTHING = st.text(st.characters(exclude_categories=()))  # lone surrogates too


def often(*usual: str, seldom: Sequence[str]) -> st.SearchStrategy[str]:
    """Pieces of which every second one is as it should be, so that names are mended, routed and refused alike."""
    return st.booleans().flatmap(lambda as_usual: st.sampled_from(usual if as_usual else seldom))


SCHOOLS = (OPEN, LEYS, ACADEMY, CONVERTED, CLOSED, CONVERTED_LONG_AGO, NOT_IN_REGISTER)
NO_SCHOOLS = (
    "8309999",
    "8311102",
    "1102",
    "112641",
    "83011022",
    "８３０１１０２",
    "8301102２",
    "(830)1102",
    "830nnnn",
    "",
)
CODES = tuple(cased(word) for word in CATALOGUE.services for cased in (str, str.lower, str.title, str.swapcase))
NAMES = st.builds(
    "{}{}{}{}{}{}{}".format,
    often("", seldom=[*CATALOGUE.prefixes, " ", "_", "../"]),
    often(OPEN, LEYS, seldom=[*SCHOOLS, *NO_SCHOOLS]),
    often("_", seldom=[" ", "-", "__", " - ", "–", " – ", "\u00a0", "", "+", "\u2212"]),
    often(*CATALOGUE.services, seldom=[*CODES, "SEND", "SENR", "SPS", "CTF", "ABCD", "I", ""]),
    st.one_of(
        often("report", seldom=["Report", "_eyfs_return_", " phonics ", "", "É", "8302000"]), st.text(max_size=5)
    ),
    often("20261122", seldom=["202611", "22112026", "20991231", "V01", "V1.0", "v1", "", " (1)", "20261122 (2)"]),
    often(".pdf", seldom=[".PDF", ".docx", ".exe", ".zip.zip", "", ".", " .xls", ".pdf ", ".2026"]),
)
SENDERS = st.one_of(st.none(), st.just(frozenset([OPEN])), st.frozensets(st.sampled_from(SCHOOLS)))
EXAMPLES = settings(max_examples=250, deadline=None)  # a busy machine is no fault
# The grammar of a routed name, said a second time and shorter.
ROUTED = re.compile(r"([0-9]{7})[_ -]+([A-Z]+)(?![A-Z])")


def read(name: str, schools: frozenset[str] | None) -> Reading:
    return read_name(name, RULES, on=TODAY, schools=schools)


@EXAMPLES
@given(st.one_of(ANYTHING, NAMES), SENDERS)
def test_any_text_is_read_and_none_raises(name: str, schools: frozenset[str] | None) -> None:
    reading = read(name, schools)
    assert set(reading.faults) <= set(Reason)
    assert set(reading.warnings) <= set(NameWarning)
    assert (reading.verdict == "accept") == (reading.faults == ()) == (reading.sentence == "")
    assert reading.reason == next(iter(reading.faults), None)


@EXAMPLES
@given(NAMES, SENDERS)
def test_no_name_is_routed_but_by_the_whole_run_of_capitals(name: str, schools: frozenset[str] | None) -> None:
    reading = read(name, schools)
    if reading.verdict == "accept":
        routed = ROUTED.match(reading.name)
        assert routed is not None
        assert routed[2] == reading.service
        assert routed[2] in CATALOGUE.services
        assert routed[1] == reading.number


@EXAMPLES
@given(NAMES, SENDERS)
def test_a_corrected_name_reads_without_a_fault(name: str, schools: frozenset[str] | None) -> None:
    reading = read(name, schools)
    if reading.correction is not None:
        assert reading.verdict == "reject"
        assert read(reading.correction, schools).faults == ()


@EXAMPLES
@given(NAMES, SENDERS)
def test_no_name_widens_who_may_read(name: str, schools: frozenset[str] | None) -> None:
    """A file belongs to a school of the sender, or to nobody; so does what may be offered in its place."""
    reading = read(name, schools)
    if schools is not None:
        assert reading.school is None or reading.school in schools
        assert reading.verdict == "reject" or reading.school in schools
        assert reading.correction is None or read(reading.correction, schools).school in schools


@EXAMPLES
@given(NAMES, SENDERS)
def test_no_correction_changes_a_number(name: str, schools: frozenset[str] | None) -> None:
    reading = read(name, schools)
    if reading.correction is None:
        return
    offered = read(reading.correction, schools).number
    opening = re.match(r"\d*", reading.name)
    assert opening is not None
    if len(opening[0]) == 4:
        assert schools == {offered}
        assert str(offered).endswith(opening[0])
    elif opening[0]:
        assert offered == opening[0]


@EXAMPLES
@given(NAMES)
def test_a_sender_never_gains_by_being_judged(name: str) -> None:
    """Knowing the sender only takes away: what is refused unjudged is refused for everybody."""
    if read(name, None).faults:
        assert read(name, frozenset([OPEN, LEYS])).faults


@EXAMPLES
@given(NAMES, SENDERS)
def test_reading_twice_reads_the_same(name: str, schools: frozenset[str] | None) -> None:
    reading = read(name, schools)
    assert read(reading.name, schools) == reading
