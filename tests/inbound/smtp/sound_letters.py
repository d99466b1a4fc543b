"""Letters of every shape, written as real software writes them, each with what it holds.

`rng` is any random.Random: the fuzzer's, or the one by which hypothesis decides, and shrinks what it found.
"""

import binascii
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from tests.inbound.smtp import tnef_files as tnef
from tests.inbound.smtp.letters import BASE64, HTML, PLAIN, QP, base64_lines, multipart, part

Named = tuple[str, bytes]

NAMES = [
    "8301102_SENreport20261122.pdf",
    "8302000_INFOphonics20261122.docx",
    "8301102_SENBeyoncé (1).pdf",
    "naïve plan; final.txt",
    "100% sure.xlsx",
    "Łódź – übergröße.odt",
    "日本語の報告.pdf",
    "no extension",
]
CHARSETS = ["utf-8", "iso-8859-1", "windows-1252", "utf-16-be"]
TYPES = [
    "application/pdf",
    "application/octet-stream",
    "text/csv",
    "application/vnd.ms-excel",
    "application/zip",
    "text/html",
]
LETTERS = ["Dear all\r\n\r\nattached as agreed.\r\n", "", "caf\u00e9\r\n-- \r\nMrs A. Example\r\n", "x" * 300 + "\r\n"]


@dataclass(frozen=True)
class Sound:
    """A letter, or an entity of one, and what is in it."""

    raw: bytes
    files: list[Named] = field(default_factory=list)  # in order
    others: int = 0  # parts that are listed and are no file
    stdlib_reads: bool = True  # it holds nothing that the standard library does not open


def sound_letter(rng: random.Random, *, depth: int = 3) -> Sound:
    """A whole message."""
    entity = _entity(rng, depth)
    head = [
        b"Received: from mail.leys.example (mail.leys.example [192.0.2.7])\r\n\tby gateway.la.example; date\r\n",
        b"From: Hannah Ashdown <h.ashdown@leys.example>\r\n",
        b"To: files@gateway.la.example\r\nSubject: =?utf-8?Q?Caf=C3=A9?= #urgent\r\nMIME-Version: 1.0\r\n",
    ]
    return Sound(b"".join(head) + entity.raw, entity.files, entity.others, entity.stdlib_reads)


def _entity(rng: random.Random, depth: int) -> Sound:
    kinds = _LEAVES if depth <= 0 else [*_LEAVES, _multipart, _multipart, _multipart, _attached_letter]
    return rng.choice(kinds)(rng, depth)


def _multipart(rng: random.Random, depth: int) -> Sound:
    inside = [_entity(rng, depth - 1) for _ in range(rng.randint(1, 4))]
    raw = multipart(
        *(each.raw for each in inside),
        subtype=rng.choice(["mixed", "mixed", "alternative", "related", "signed"]),
        boundary=b"=_%d/%d" % (depth, rng.randrange(1 << 30)),
        end=rng.choice([b"--", b"--", b"--\r\n\r\nepilogue\r\n--", b"-- \t"]),
    )
    if rng.random() < 0.2:
        raw = raw.replace(b"\r\n\r\n", b"\r\n\r\nThis is a message in MIME format.\r\n", 1)
    return _sum(raw, inside)


def _attached_letter(rng: random.Random, depth: int) -> Sound:
    inside = sound_letter(rng, depth=depth - 1)
    kind = "Content-Type: message/rfc822"
    return _sum(part(inside.raw, kind, "Content-Disposition: attachment"), [inside], more=1)


def _sum(raw: bytes, inside: list[Sound], *, more: int = 0) -> Sound:
    files = [file for each in inside for file in each.files]
    others = sum(each.others for each in inside) + more
    return Sound(raw, files, others, all(each.stdlib_reads for each in inside))


def _file(rng: random.Random, depth: int) -> Sound:
    name = rng.choice(NAMES)
    data = _data(rng)
    body, encoding, kept = rng.choice(_ENCODERS)(rng, data)
    headers = [*rng.choice(_NAMERS)(rng, name), *encoding]
    rng.shuffle(headers)
    return Sound(part(body, *headers), [(name, kept)])


def _data(rng: random.Random) -> bytes:
    kind = rng.randrange(4)
    if kind == 0:
        return rng.randbytes(rng.choice([0, 1, 2, 3, 56, 57, 58, 700]))
    if kind == 1:
        return rng.choice([b"", b"\r\n", b"\n", b"--", b"=\r\n", b"begin 644 x\r\n", b"From me\r\n.\r\n"])
    if kind == 2:
        return b"name,mark\r\n" * rng.randint(1, 40) + rng.choice([b"", b"end"])
    return "Zeugnis für Łukasz = 3\n".encode() * rng.randint(1, 30)


Encoded = tuple[bytes, list[str], bytes]  # the body, its header fields, the bytes that must come out


def _in_base64(rng: random.Random, data: bytes) -> Encoded:
    body = base64_lines(data, width=rng.choice([76, 60, 4, 72, 75, 5000]), end=rng.choice([b"\r\n", b"\n", b" \r\n"]))
    return body.rstrip(rng.choice([b"", b"", b"\r\n "])), [rng.choice([BASE64, BASE64.upper()])], data


def _in_quoted_printable(rng: random.Random, data: bytes) -> Encoded:
    body = binascii.b2a_qp(data, istext=False).replace(b"=\n", rng.choice([b"=\r\n", b"=\n"]))
    return body, [QP], data


def _as_it_is(rng: random.Random, data: bytes) -> Encoded:
    data = data.replace(b"\r", b"").replace(b"--", b"")
    return data, rng.choice([[], ["Content-Transfer-Encoding: 8bit"], ["Content-Transfer-Encoding: binary"]]), data


def uuencoded(data: bytes, name: str = "x", *, end: bytes = b"\r\n") -> bytes:
    """As mailers did before MIME."""
    lines = [binascii.b2a_uu(data[at : at + 45], backtick=True).rstrip(b"\n") for at in range(0, len(data), 45)]
    return end.join([b"begin 644 " + name.encode(), *lines, b"`", b"end", b""])


def _in_uuencode(rng: random.Random, data: bytes) -> Encoded:
    return uuencoded(data), ["Content-Transfer-Encoding: x-uuencode"], data


_ENCODERS: list[Callable[[random.Random, bytes], Encoded]] = [
    _in_base64,
    _in_base64,
    _in_quoted_printable,
    _as_it_is,
    _in_uuencode,
]


def _raw_name(rng: random.Random, name: str) -> list[str]:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return [f"Content-Type: {rng.choice(TYPES)}", f'Content-Disposition: attachment; filename="{escaped}"']


def _extended_name(rng: random.Random, name: str) -> list[str]:
    return [f"Content-Type: {rng.choice(TYPES)}", f"Content-Disposition: inline;\r\n\tfilename*=utf-8''{quote(name)}"]


def _continued_name(rng: random.Random, name: str) -> list[str]:
    data, at, pieces = name.encode(), 0, []
    while at < len(data) or not pieces:
        size = rng.randint(1, 12)
        start = "utf-8'en'" if not pieces else ""
        pieces.append(f" filename*{len(pieces)}*={start}{quote(data[at : at + size])}")
        at += size
    rng.shuffle(pieces)
    return [f"Content-Type: {rng.choice(TYPES)}", "Content-Disposition: attachment;\r\n" + ";\r\n".join(pieces)]


def _worded_name(rng: random.Random, name: str) -> list[str]:
    encoded = binascii.b2a_base64(name.encode(), newline=False).decode()
    return [f'Content-Type: {rng.choice(TYPES)};\r\n name="=?UTF-8?B?{encoded}?="', "Content-Disposition: attachment"]


def _words_in_pieces(rng: random.Random, name: str) -> list[str]:
    size = rng.randint(1, 9)
    words = [name[at : at + size] for at in range(0, len(name), size)]
    written = ["=?utf-8?q?" + "".join(f"={byte:02X}" for byte in word.encode()) + "?=" for word in words]
    return [
        f"Content-Type: {rng.choice(TYPES)}",
        'Content-Disposition: attachment; filename="' + " ".join(written) + '"',
    ]


_NAMERS: list[Callable[[random.Random, str], list[str]]] = [
    _raw_name,
    _extended_name,
    _continued_name,
    _worded_name,
    _words_in_pieces,
]


def _body(rng: random.Random, depth: int) -> Sound:
    return Sound(part(rng.choice(LETTERS).encode(), rng.choice([PLAIN, HTML, PLAIN])), others=1)


def _empty(rng: random.Random, depth: int) -> Sound:
    return Sound(part(b""), others=1)


def _left_out(rng: random.Random, depth: int) -> Sound:
    headers = rng.choice(
        [
            ("Content-Type: text/calendar; method=REQUEST",),
            ("Content-Type: application/pkcs7-signature; name=smime.p7s", BASE64),
            ("Content-Type: application/octet-stream; name=leys.vcf",),
            ("Content-Type: text/plain; name=ATT00001.txt",),
        ]
    )
    return Sound(part(b"QkVHSU46\r\n", *headers), others=1)


def _old_letter(rng: random.Random, depth: int) -> Sound:
    name, data = rng.choice(["a.pdf", "8301102_SEN1.doc"]), _data(rng)
    text = b"As promised:\r\n" + uuencoded(data, name) + b"Yours\r\n"
    return Sound(part(text, PLAIN), [(name, data)], others=1, stdlib_reads=False)


def _winmail(rng: random.Random, depth: int) -> Sound:
    files = [(rng.choice(NAMES), _data(rng)) for _ in range(rng.randint(0, 3))]
    envelope = tnef.envelope(tnef.opening(), *(_in_winmail(rng, name, data) for name, data in files))
    headers = rng.choice(["Content-Type: application/ms-tnef; name=winmail.dat", "Content-Type: a/b; name=WINMAIL.DAT"])
    return Sound(part(base64_lines(envelope), headers, BASE64), files, others=1, stdlib_reads=False)


def _in_winmail(rng: random.Random, name: str, data: bytes) -> bytes:
    size = tnef.number(tnef.SIZE, len(data))
    match rng.randrange(3):
        case 0:
            return tnef.file(data, size, tnef.name_of(name), title=b"SHORT~1.DOC\0")
        case 1:
            return tnef.file(None, tnef.variable(tnef.BINARY, tnef.CONTENT, data), tnef.name_of(name))
        case _:
            inside = tnef.file(data, tnef.text8(tnef.SHORT_NAME, "SHORT~1.DOC"), tnef.name_of(name))
            return tnef.file(None, tnef.message(tnef.opening(), inside), tnef.text8(tnef.DISPLAY_NAME, "A letter"))


_LEAVES: list[Callable[[random.Random, int], Sound]] = [
    _file,
    _file,
    _file,
    _body,
    _empty,
    _left_out,
    _old_letter,
    _winmail,
]
