"""Builds winmail.dat: envelopes, attributes, MAPI properties, sound and broken (Source: MS-OXTNEF 2.1)."""

import struct

SIGNATURE = b"\x78\x9f\x3e\x22"
MESSAGE, ATTACHMENT = 1, 2  # levels

# Attributes, each with its type in the upper half.
VERSION, CODEPAGE, CLASS, MESSAGE_PROPERTIES = 0x00089006, 0x00069007, 0x00078008, 0x00069003
REND_DATA, TITLE, DATA, META_FILE, PROPERTIES = 0x00069002, 0x00018010, 0x0006800F, 0x00068011, 0x00069005

SHORT, LONG, DOUBLE, ERROR, BOOLEAN, OBJECT, LONG_LONG = 0x02, 0x03, 0x05, 0x0A, 0x0B, 0x0D, 0x14
STRING8, UNICODE, TIME, GUID, BINARY, MANY = 0x1E, 0x1F, 0x40, 0x48, 0x0102, 0x1000

LONG_NAME, SHORT_NAME, DISPLAY_NAME, CONTENT, MIME_TYPE = 0x3707, 0x3704, 0x3001, 0x3701, 0x370E
METHOD, FLAGS, HIDDEN, RENDERING, SIZE, EXTENSION = 0x3705, 0x3714, 0x7FFE, 0x3709, 0x0E20, 0x3703

MESSAGE_ID = bytes.fromhex("0703020000000000c000000000000046")
STORAGE_ID = bytes.fromhex("0b00000000000000c000000000000046")


def envelope(*attributes: bytes) -> bytes:
    """A whole winmail.dat."""
    return SIGNATURE + struct.pack("<H", 0x1234) + b"".join(attributes)


def attribute(level: int, id: int, data: bytes = b"") -> bytes:
    return struct.pack("<BII", level, id, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def opening(*, codepage: int = 1252) -> bytes:
    """What stands before the attachments of every real envelope."""
    return b"".join(
        [
            attribute(MESSAGE, VERSION, struct.pack("<I", 0x10000)),
            attribute(MESSAGE, CODEPAGE, struct.pack("<II", codepage, 0)),
            attribute(MESSAGE, CLASS, b"IPM.Microsoft Mail.Note\0"),
            attribute(MESSAGE, MESSAGE_PROPERTIES, properties(text8(0x0037, "A subject"))),
        ]
    )


def file(data: bytes | None, *properties_: bytes, title: bytes | None = None) -> bytes:
    """An attachment; None for one without the attribute that holds content."""
    parts = [attribute(ATTACHMENT, REND_DATA, b"\x01\x00" + b"\xff" * 8 + bytes(4))]
    if title is not None:
        parts.append(attribute(ATTACHMENT, TITLE, title))
    if data is not None:
        parts.append(attribute(ATTACHMENT, DATA, data))
    if properties_:
        parts.append(attribute(ATTACHMENT, PROPERTIES, properties(*properties_)))
    return b"".join(parts)


def properties(*each: bytes) -> bytes:
    return struct.pack("<I", len(each)) + b"".join(each)


def key(kind: int, id: int, *, named: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, id) + named


def number(id: int, value: int, kind: int = LONG, *, named: bytes = b"") -> bytes:
    """A property of a fixed size, filled up to four bytes."""
    size = {SHORT: 2, BOOLEAN: 2, LONG: 4, ERROR: 4, DOUBLE: 8, TIME: 8, LONG_LONG: 8, GUID: 16}[kind]
    data = value.to_bytes(size, "little")
    return key(kind, id, named=named) + data + bytes(-size % 4)


def numbers(id: int, values: list[int]) -> bytes:
    """A property of many numbers."""
    return key(LONG | MANY, id) + struct.pack("<I", len(values)) + b"".join(v.to_bytes(4, "little") for v in values)


def variable(kind: int, id: int, *values: bytes, named: bytes = b"") -> bytes:
    """A property of one value or more, each with its length and filled up to four bytes."""
    filled = [struct.pack("<I", len(value)) + value + bytes(-len(value) % 4) for value in values]
    return key(kind, id, named=named) + struct.pack("<I", len(values)) + b"".join(filled)


def text8(id: int, text: str, *, encoding: str = "cp1252", named: bytes = b"") -> bytes:
    return variable(STRING8, id, text.encode(encoding) + b"\0", named=named)


def unicode_text(id: int, text: str) -> bytes:
    return variable(UNICODE, id, text.encode("utf-16-le", "surrogatepass") + b"\0\0")


def name_of(text: str) -> bytes:
    """The long name of an attachment."""
    return unicode_text(LONG_NAME, text)


def named_by_number(number: int) -> bytes:
    return bytes(16) + struct.pack("<II", 0, number)


def named_by_text(text: str) -> bytes:
    data = text.encode("utf-16-le") + b"\0\0"
    return bytes(16) + struct.pack("<II", 1, len(data)) + data + bytes(-len(data) % 4)


def message(*attributes: bytes) -> bytes:
    """The property that holds a message attached to this one."""
    return variable(OBJECT, CONTENT, MESSAGE_ID + envelope(*attributes))
