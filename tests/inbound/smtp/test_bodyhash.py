"""Bodies are digested as DKIM signs them, wherever they are cut (RFC 6376 3.4.3, 3.4.4); dkimpy is the oracle."""

import hashlib
import itertools

import pytest
from dkim.canonicalization import CanonicalizationPolicy
from hypothesis import given
from hypothesis import strategies as st

from gateway.inbound.smtp.bodyhash import BodyHashes

KINDS = ["simple", "relaxed"]


def expected(kind, body):
    return hashlib.sha256(
        CanonicalizationPolicy.from_c_value(b"simple/" + kind.encode()).canonicalize_body(body)
    ).digest()


def digest(kind, pieces):
    hashes = BodyHashes([kind])
    for piece in pieces:
        hashes.feed(piece)
    return hashes.of(kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\r\n",
        b"\r\n\r\n",
        b"a",
        b"a\r\n",
        b"a\r\n\r\n\r\n",
        b" \r\n",
        b"a \t b \r\n \r\n",
        b" a",
        b"\r\n\r\na",
        b"a\r\n b",
    ],
)
def test_the_ends_of_a_body_are_digested_as_signed(kind, body):
    assert digest(kind, [body]) == expected(kind, body)


@pytest.mark.parametrize("kind", KINDS)
@given(st.lists(st.sampled_from([b"a", b" ", b"\t", b"\r\n", b"=", b".", b"  "])), st.lists(st.integers(0, 60)))
def test_any_cut_gives_the_same_digest(kind, words, cuts):
    words = [*words, b"\r\n"] if words else words  # over SMTP a body ends with a line end, or there is none
    places = [0, *sorted(min(cut, len(words)) for cut in cuts), len(words)]
    pieces = [b"".join(words[a:b]) for a, b in itertools.pairwise(places)]
    assert digest(kind, pieces) == expected(kind, b"".join(words))


def test_a_flood_of_empty_lines_is_counted_and_not_kept():
    hashes = BodyHashes(KINDS)
    for _ in range(100):
        hashes.feed(b" \r\n" * 10_000)
    hashes.feed(b"end\r\n")
    assert hashes.of("relaxed") == hashlib.sha256(b"\r\n" * 1_000_000 + b"end\r\n").digest()
    assert hashes.of("simple") == hashlib.sha256(b" \r\n" * 1_000_000 + b"end\r\n").digest()


def test_what_was_not_asked_for_is_not_known():
    assert BodyHashes(["simple"]).of("relaxed") is None
