"""The protobuf wire format, as much of it as the stand-in provider speaks.

https://protobuf.dev/programming-guides/encoding/: whole numbers (type 0), bytes (type 2).
"""

WHOLE, BYTES = 0, 2


def varint(number: int) -> bytes:
    """A whole number, seven bits to a byte, the lowest first."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def whole(field: int, number: int) -> bytes:
    """A field that holds a whole number; 0 is the default and left out."""
    return varint(field << 3 | WHOLE) + varint(number) if number else b""


def data(field: int, content: bytes | str) -> bytes:
    """A field that holds text, bytes or a message."""
    raw = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | BYTES) + varint(len(raw)) + raw


def fields(message: bytes) -> dict[int, bytes]:
    """The fields of a message that hold bytes; of repeated ones the first. Numbers are skipped.

    Raises ValueError for types of fields that the plugin protocol does not use.
    """
    found: dict[int, bytes] = {}
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        size, at = _varint(message, at)  # of a whole number: the number itself
        if key & 7 == BYTES:
            found.setdefault(key >> 3, message[at : at + size])
            at += size
        elif key & 7 != WHOLE:
            raise ValueError(f"field {key >> 3} has type {key & 7}")
    return found


def _varint(message: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = message[at]
        at += 1
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return number, at
