"""No message costs more than its limits, and what a limit stops is never presented as whole (Source: SPEC 4)."""

import io

import pytest

from gateway.inbound.smtp.limits import Allowance, MessageLimits
from gateway.inbound.smtp.message import read_message
from tests.inbound.smtp import tnef_files as tnef
from tests.inbound.smtp.letters import (
    BASE64,
    PDF,
    PLAIN,
    QP,
    MemorySink,
    attachment,
    base64_lines,
    check,
    multipart,
    part,
    read,
)
from tests.inbound.smtp.sound_letters import uuencoded

MESSAGE = "Content-Type: message/rfc822"


def test_the_limits_that_nobody_chose():
    limits = MessageLimits()
    assert limits.cpu_seconds == 1.7
    assert limits.name_chars == 2048
    assert limits.depth == 16


# Parts.


def test_as_many_parts_as_are_allowed_and_no_more():
    raw = multipart(*(attachment(b"%d" % n, str(n)) for n in range(6)))
    assert read(raw, MessageLimits(parts=6)).message.faults == ()
    found = read(raw, MessageLimits(parts=5))
    assert found.message.faults == ("too-many-parts",)
    assert len(found.parts) == 5
    assert found.names == ["0", "1", "2", "3", "4"]  # they ended before the limit was reached


CONTAINERS = {
    "an attached letter": part(multipart(attachment(b"1", "1"), attachment(b"2", "2"), boundary=b"in"), MESSAGE),
    "an envelope of Outlook": part(
        base64_lines(tnef.envelope(tnef.file(b"1", tnef.name_of("1")), tnef.file(b"2", tnef.name_of("2")))),
        "Content-Type: application/ms-tnef",
        BASE64,
    ),
    "a text with files in it": part(uuencoded(b"1", "1") + uuencoded(b"2", "2"), PLAIN),
    "a multipart": multipart(attachment(b"0"), attachment(b"1", "1"), attachment(b"2", "2"), boundary=b"in"),
}


@pytest.mark.parametrize("rule", CONTAINERS)
def test_parts_within_parts_count(rule):
    raw = multipart(CONTAINERS[rule], attachment())
    assert read(raw, MessageLimits(parts=4)).message.faults == ()
    assert read(raw, MessageLimits(parts=3)).message.faults == ("too-many-parts",)
    found = read(raw, MessageLimits(parts=2))
    assert found.message.faults == ("too-many-parts",)
    assert len(found.parts) == 2


def test_empty_multiparts_count():
    raw = multipart(*(multipart(boundary=b"x") for _ in range(9)))
    assert len(read(raw, MessageLimits(parts=5)).parts) == 5


# The size of a part.


@pytest.mark.parametrize("headers", [(BASE64,), (QP,), ()])
def test_a_part_over_its_size_is_cut_and_the_next_is_not(headers):
    body = base64_lines(b"x" * 100) if BASE64 in headers else b"x" * 100
    raw = multipart(part(body, "Content-Type: a/b", *headers), attachment(b"y" * 100, "y"))
    assert read(raw, MessageLimits(part_bytes=100)).message.faults == ()
    found = read(raw, MessageLimits(part_bytes=99))
    assert found.kinds == ["part-too-large", "part-too-large"]
    assert found.message.faults == ("part-too-large",)
    assert [each.size for each in found.parts] == [100, 100]
    assert (
        read(
            multipart(part(body + b"x" * 99, "Content-Type: a/b", *headers), attachment(b"y")),
            MessageLimits(part_bytes=100),
        ).kinds[1]
        == "file"
    )


@pytest.mark.parametrize("rule", ["an envelope of Outlook", "a text with files in it"])
def test_a_file_within_a_part_has_its_own_size(rule):
    inner = {
        "an envelope of Outlook": part(
            base64_lines(tnef.envelope(tnef.file(b"x" * 900, tnef.name_of("1")), tnef.file(b"2", tnef.name_of("2")))),
            "Content-Type: application/ms-tnef",
            BASE64,
        ),
        "a text with files in it": part(uuencoded(b"x" * 900, "1") + uuencoded(b"2", "2"), PLAIN),
    }[rule]
    found = read(inner, MessageLimits(part_bytes=899))
    assert found.kinds[1:] == ["part-too-large", "file"]
    assert found.file == b"2"


# Depth.


def nested(depth, leaf, *, of):
    raw = leaf
    for level in range(depth):
        raw = multipart(raw, boundary=b"b%d" % level) if of == "multiparts" else part(raw, MESSAGE)
    return raw


@pytest.mark.parametrize("of", ["multiparts", "letters"])
def test_what_is_too_deep_is_cut(of):
    raw = nested(5, attachment(), of=of)
    assert read(raw, MessageLimits(depth=5)).file == PDF
    found = read(raw, MessageLimits(depth=4))
    assert found.kinds[-1] == "too-deep"
    assert found.message.faults == ("too-deep",)
    assert found.files == []


def test_what_stands_beside_the_deepest_is_kept():
    raw = multipart(nested(9, attachment(), of="multiparts"), attachment(b"2", "2"), boundary=b"outer")
    found = read(raw, MessageLimits(depth=3))
    assert (found.kinds, found.file) == (["too-deep", "file"], b"2")


@pytest.mark.parametrize("of", ["multiparts", "letters"])
def test_any_depth_can_be_sent(of):
    raw = nested(5000, attachment(), of=of)
    assert read(raw).kinds[-1] == "too-deep"


def test_an_operator_may_allow_some_depth():
    assert read(nested(60, attachment(), of="letters"), MessageLimits(depth=60)).file == PDF
    assert read(nested(300, attachment(), of="multiparts"), MessageLimits(depth=300)).file == PDF


# CPU.


def clock_that_leaps(after):
    """Stands still for so many looks."""
    looks = iter([0.0] * after)
    return lambda: next(looks, 10.0)


def test_when_the_cpu_is_spent_what_was_whole_stays_and_what_was_open_is_cut():
    raw = multipart(attachment(b"1" * 100_000, "1"), attachment(b"2" * 100_000, "2"), attachment(b"3", "3"))
    seen = set()
    for looks in range(1, 40):
        found = read(raw, cpu_clock=clock_that_leaps(looks))
        assert all(data[:1] * len(data) == data for data in found.files)
        assert all(len(data) in (1, 100_000) for data in found.files)
        assert found.message.faults == ("cpu",) or len(found.files) == 3
        seen.add(tuple(found.kinds))
    assert seen >= {("cpu",), ("file", "cpu"), ("file", "file", "file")}


@pytest.mark.parametrize("rule", CONTAINERS)
def test_the_cpu_may_be_spent_anywhere(rule):
    raw = multipart(CONTAINERS[rule], attachment())
    whole = read(raw)
    for looks in range(1, 60):
        found = read(raw, cpu_clock=clock_that_leaps(looks))
        assert len(found.parts) <= len(whole.parts)
        assert set(found.files) <= set(whole.files)


def test_an_allowance_once_spent_stays_spent():
    times = iter([0.0, 5.0, 0.0, 0.0])
    allowance = Allowance(MessageLimits(), lambda: next(times))
    assert not allowance.check_cpu()
    assert allowance.is_spent
    assert not allowance.check_cpu()
    assert allowance.take_part() is None
    assert allowance.why == "cpu"


# What the caller's own stream and sink do.


def test_a_stream_of_another_size_is_told():
    raw = attachment()
    assert read(raw).message.faults == ()
    for size in (len(raw) - 1, len(raw) + 1):
        sink = MemorySink()
        message = read_message(io.BytesIO(raw), size, sink)
        check(message, sink)
        assert message.faults == ("size-mismatch",)


class FullSink(MemorySink):
    """Has room for so many bytes."""

    def open(self, number):
        stream = super().open(number)
        stream.write = self.refuse
        return stream

    def refuse(self, data):
        raise OSError("No space left on device")


def test_what_the_sink_raises_comes_out():
    with pytest.raises(OSError, match="No space"):
        read_message(io.BytesIO(attachment()), 1, FullSink())


def test_what_the_stream_raises_comes_out():
    class Broken(io.BytesIO):
        def read(self, size=-1):
            raise OSError("Input/output error")

    with pytest.raises(OSError, match="Input"):
        read_message(Broken(), 1, MemorySink())
