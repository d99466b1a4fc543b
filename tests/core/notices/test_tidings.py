"""What a sender is told of a decision: the right code where it belongs in the name, and no more than is so (SPEC 6)."""

from dataclasses import replace

import pytest

from gateway.core.model import Status
from gateway.core.notices.samples import _AT, _CATALOGUE, _HEAD, _SENDER, _SENT
from gateway.core.notices.tidings import Tidings, tidings
from gateway.core.remarks import joined, with_delivered, without_delivered


def told_of(name: str, **values: object) -> Tidings:
    before = replace(_SENT, name=name)
    after = replace(before, service="INFO", **values)  # type: ignore[arg-type]
    return tidings(before, after, by="Olive", at=_AT, reader=_SENDER, head=_HEAD, catalogue=_CATALOGUE, can_reply=True)


@pytest.mark.parametrize(
    ("name", "example"),
    [
        ("8302000_SENreview20261120.zip", "8302000_INFOreview20261120.zip"),
        ("8302000-SENreview.zip", "8302000-INFOreview.zip"),
        ("8302000_EPSENreview.zip", "8302000_INFOreview.zip"),  # handed on before: the run is what counts
        ("8302000_SENabsent SEN.zip", "8302000_INFOabsent SEN.zip"),
        ("odd", "odd"),
    ],
)
def test_the_example_is_the_name_with_the_right_code(name: str, example: str) -> None:
    assert told_of(name).example == example


def test_a_recall_is_offered_only_while_it_would_work() -> None:
    assert told_of("8302000_SENa.zip").can_recall
    assert not told_of("8302000_SENa.zip", status=Status.RECEIVED).can_recall
    assert told_of("8302000_SENa.zip", expires_at=None).reply_until == ""


@pytest.mark.parametrize(
    ("remark", "delivered", "plain"),
    [
        (None, "Delivered", None),
        ("not scanned", "not scanned; Delivered", "not scanned"),
        ("leaves at 09:05", "Delivered", None),
        ("not scanned; leaves at 09:05 on 3 May 2027", "not scanned; Delivered", "not scanned"),
        ("Delivered", "Delivered", None),
        ("re-routed from SEN; Delivered", "re-routed from SEN; Delivered", "re-routed from SEN"),
    ],
)
def test_a_remark_says_where_a_file_is_and_no_more(remark: str | None, delivered: str, plain: str | None) -> None:
    assert with_delivered(remark) == delivered
    assert without_delivered(remark) == plain
    assert with_delivered(with_delivered(remark)) == delivered


def test_remarks_stand_in_a_row_each_once() -> None:
    assert joined("a", None, "b; a", "") == "a; b"
    assert joined(None, "") is None
