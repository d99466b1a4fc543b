"""The first bytes of a stream: all of them, in any order, and not one of those behind."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.streams import FirstBytes

SEALED = b"0123456789" + b"the seal behind it"


def window(size: int = 10) -> FirstBytes:
    return FirstBytes(io.BytesIO(SEALED), size)


def test_a_read_ends_where_the_window_ends() -> None:
    assert window().read() == b"0123456789"
    assert window().read(None) == b"0123456789"
    assert window().read(100) == b"0123456789"


def test_reads_go_on_where_the_last_one_ended() -> None:
    stream = window()
    assert [stream.read(4), stream.read(4), stream.read(4), stream.read(4)] == [b"0123", b"4567", b"89", b""]
    assert stream.tell() == 10


def test_another_reader_of_the_stream_moves_nothing() -> None:
    below = io.BytesIO(SEALED)
    stream = FirstBytes(below, 10)
    stream.read(3)
    below.seek(15)
    assert stream.read(3) == b"345"


@pytest.mark.parametrize(
    ("offset", "whence", "at"),
    [(3, io.SEEK_SET, 3), (2, io.SEEK_CUR, 7), (-2, io.SEEK_CUR, 3), (-3, io.SEEK_END, 7), (-99, io.SEEK_END, 0)],
)
def test_a_seek_counts_from_where_it_is_told(offset: int, whence: int, at: int) -> None:
    stream = window()
    stream.seek(5)
    assert stream.seek(offset, whence) == at
    assert stream.read() == b"0123456789"[at:]


def test_behind_the_end_there_is_nothing() -> None:
    stream = window()
    stream.seek(14)
    assert stream.read() == b""
    stream.seek(4, io.SEEK_END)
    assert stream.read(5) == b""


def test_a_window_of_nothing_is_empty() -> None:
    assert window(0).read() == b""


def test_it_says_that_it_reads_and_seeks_and_that_it_does_not_write() -> None:
    assert (window().readable(), window().seekable(), window().writable()) == (True, True, False)


def test_a_stream_that_is_shorter_than_its_record_gives_what_there_is() -> None:
    assert FirstBytes(io.BytesIO(b"012"), 10).read() == b"012"


_MOVES = st.lists(st.tuples(st.integers(-30, 40), st.sampled_from([0, 1, 2]), st.integers(-1, 40)), max_size=8)


@given(size=st.integers(0, 28), moves=_MOVES)
def test_it_reads_as_a_file_of_those_bytes_alone_does(size: int, moves: list[tuple[int, int, int]]) -> None:
    stream, like = FirstBytes(io.BytesIO(SEALED), size), io.BytesIO(SEALED[:size])
    for offset, whence, count in moves:
        start = (0, like.tell(), size)[whence]
        like.seek(max(0, start + offset))
        assert stream.seek(offset, whence) == like.tell()
        assert stream.read(count) == like.read(count)
