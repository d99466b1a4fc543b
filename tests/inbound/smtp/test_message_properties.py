"""What holds of every message: each leaf comes out once, its bytes are those that were attached, nothing raises."""

import hashlib
import io
import random
import unicodedata
from base64 import b64encode
from functools import partial
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.inbound.smtp.addresses import read_addresses
from gateway.inbound.smtp.comment import find_tags, make_comment
from gateway.inbound.smtp.decode import UNPADDED, decoded, make_decoder
from gateway.inbound.smtp.headers import read_headers
from gateway.inbound.smtp.heading import read_authorship, read_heading
from gateway.inbound.smtp.limits import MessageLimits
from gateway.inbound.smtp.parameters import read_name, read_parameters
from gateway.inbound.smtp.words import decode_bytes, decode_text, decode_words
from tests.inbound.smtp import tnef_files as tnef
from tests.inbound.smtp.fuzz_message import any_letter, damaged, fuzz
from tests.inbound.smtp.letters import BASE64, Dribble, base64_lines, multipart, oracle, part, read
from tests.inbound.smtp.sound_letters import sound_letter, uuencoded

nfc = partial(unicodedata.normalize, "NFC")
at_any_pace = settings(deadline=None)
chances = st.randoms(use_true_random=False)
seeds = st.integers(0, 1 << 32)
names = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"\\'), min_size=1, max_size=40)
pieces_of = st.lists(st.integers(1, 200), max_size=30)


def cut(data, sizes):
    """The data in pieces of these sizes."""
    stream = io.BytesIO(data)
    pieces = [stream.read(size) for size in sizes]
    return iter([each for each in (*pieces, stream.read()) if each])


@at_any_pace
@given(chances, seeds)
def test_every_leaf_of_a_sound_letter_comes_out_once_with_its_bytes(chance, seed):
    letter = sound_letter(chance)
    found = read(letter.raw)
    assert list(zip(found.names, found.files, strict=True)) == letter.files
    assert len(found.parts) == len(letter.files) + letter.others
    assert found.message.faults == ()
    assert not found.parts[0].flaws
    in_pieces = read(letter.raw, stream=Dribble(letter.raw, seed))
    assert (in_pieces.message, in_pieces.files) == (found.message, found.files)


@at_any_pace
@given(chances)
def test_the_standard_library_finds_the_same_leaves_in_a_sound_letter(chance):
    letter = sound_letter(chance)
    if letter.stdlib_reads:
        ours = [each.sha256 for each in read(letter.raw).parts if each.why != "opened-message"]
        assert ours == [hashlib.sha256(data).hexdigest() for data in oracle(letter.raw)]


@at_any_pace
@given(chances, st.integers(1, 30), seeds)
def test_no_damage_raises_or_depends_on_how_the_letter_comes(chance, times, seed):
    raw = damaged(random.Random(seed), sound_letter(chance).raw, times)
    found = read(raw)
    in_pieces = read(raw, stream=Dribble(raw, seed))
    assert (in_pieces.message, in_pieces.files) == (found.message, found.files)


@at_any_pace
@given(st.binary(max_size=2000))
def test_no_bytes_raise(raw):
    read(raw)
    read(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + raw)
    read(part(raw, "Content-Type: application/ms-tnef"))
    read(part(tnef.envelope(raw), "Content-Type: application/ms-tnef"))


@at_any_pace
@given(seeds, st.integers(1, 6), st.integers(0, 60), st.integers(0, 4))
def test_no_limit_lets_more_through(seed, parts, size, depth):
    raw = any_letter(random.Random(seed))
    whole = read(raw)
    found = read(raw, MessageLimits(parts=parts, part_bytes=size, depth=depth))
    assert len(found.parts) <= parts
    assert all(len(data) <= size for data in found.files)
    assert bool(found.message.faults) >= (found.files != whole.files)


@at_any_pace
@given(
    st.binary(max_size=3000), st.sampled_from([76, 60, 64, 4, 75, 1000]), st.sampled_from([b"\r\n", b"\n"]), pieces_of
)
def test_base64_gives_back_what_was_encoded(data, width, end, sizes):
    decoder = make_decoder("base64")
    assert b"".join(decoded(decoder, cut(base64_lines(data, width=width, end=end), sizes))) == data
    assert decoder.flaw == ("" if len(data) % 3 else UNPADDED)


@at_any_pace
@given(
    st.lists(st.sampled_from([b"QUJD", b"QQ==", b"QUI=", b"Q", b"=", b"\r\n", b"\n", b" ", b"-", b"\xff"])), pieces_of
)
def test_odd_base64_is_the_same_however_it_comes(tokens, sizes):
    body = b"".join(tokens)
    at_once, in_pieces = make_decoder("base64"), make_decoder("base64")
    assert b"".join(decoded(at_once, iter([body]))) == b"".join(decoded(in_pieces, cut(body, sizes)))
    assert at_once.flaw == in_pieces.flaw


@at_any_pace
@given(st.binary(max_size=3000), pieces_of)
def test_uuencode_gives_back_what_was_encoded(data, sizes):
    decoder = make_decoder("uuencode")
    assert b"".join(decoded(decoder, cut(uuencoded(data), sizes))) == data
    assert decoder.flaw == ""


@at_any_pace
@given(st.binary(max_size=600), pieces_of)
def test_quoted_printable_is_the_same_however_it_comes(data, sizes):
    once = b"".join(decoded(make_decoder("quoted-printable"), iter([data])))
    assert b"".join(decoded(make_decoder("quoted-printable"), cut(data, sizes))) == once


@at_any_pace
@given(names, st.binary(max_size=100))
def test_a_file_in_an_envelope_of_outlook_comes_out_under_its_name(name, data):
    envelope = tnef.envelope(tnef.opening(), tnef.file(data, tnef.name_of(name)))
    found = read(multipart(part(base64_lines(envelope), "Content-Type: application/ms-tnef", BASE64)))
    assert found.file == data
    assert found.name == nfc(name).rstrip("\0")


@at_any_pace
@given(names)
def test_a_name_comes_back_from_every_way_to_write_it(name):
    word = b64encode(name.encode()).decode()
    ways = [f'filename="{name}"', f"filename*=utf-8''{quote(name)}", f'filename="=?utf-8?B?{word}?="']
    for way in ways if "=?" not in name else ways[1:2]:
        raw = part(b"x", "Content-Type: a/b", f"Content-Disposition: attachment; {way}".encode())
        assert read(raw).name == nfc(name)


texts = st.text(st.characters(), max_size=300) | st.text(
    st.sampled_from("=?utf-8QB*'%;\"\\()<>@,:# \t\r\n"), max_size=300
)


@at_any_pace
@given(texts)
def test_no_header_raises(text):
    found = read_parameters(text)
    read_name(found, found, limit=100)
    read_addresses(text)
    decode_words(text)
    find_tags(text)
    make_comment(text, "")
    make_comment("", text)


@at_any_pace
@given(
    st.binary(max_size=500),
    st.sampled_from(["", "utf-8", "utf-16", "utf-7", "iso-2022-jp", "hz", "rot13", "hex", "é\0"]),
)
def test_no_text_raises(data, charset):
    decode_bytes(data, charset)
    decode_text(data, charset)
    read_heading(read_headers(data))
    read_authorship(read_headers(data))


@settings(deadline=None, max_examples=3)
@given(st.integers(0, 1 << 40))
def test_a_short_run_of_the_fuzzer_breaks_no_promise(seed):
    assert sum(fuzz(200, seed).values()) == 200
