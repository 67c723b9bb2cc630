"""The long connection's frames, coded by hand; the adapter uses the protobuf library, so each checks the other.

Frame{1 SeqID u64, 2 LogID u64, 3 service i32, 4 method i32 (0 control, 1 data), 5 headers{1 key, 2 value}*,
6 payload_encoding, 7 payload_type, 8 payload, 9 LogIDNew}, proto2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

CONTROL, DATA = 0, 1
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


@dataclass
class Frame:
    method: int
    headers: dict[str, str]
    payload: bytes = b""
    service: int = 0
    seq: int = 0
    log: int = 0
    extra: dict[int, bytes] = field(default_factory=dict)

    def encode(self) -> bytes:
        numbers = ((1, self.seq), (2, self.log), (3, self.service), (4, self.method))
        out = b"".join(_varint(number << 3 | _VARINT) + _varint(value) for number, value in numbers)
        for key, value in self.headers.items():
            out += _bytes(5, _bytes(1, key.encode()) + _bytes(2, value.encode()))
        for number, data in {**self.extra, 8: self.payload}.items():
            out += _bytes(number, data) if data else b""
        return out

    @classmethod
    def decode(cls, data: bytes) -> Frame:
        frame = cls(-1, {})
        for number, value in _fields(data):
            if isinstance(value, int):
                name = {1: "seq", 2: "log", 3: "service", 4: "method"}[number]
                setattr(frame, name, value)
            elif number == 5:
                pair = dict(_fields(value))
                key, text = pair[1], pair[2]
                assert isinstance(key, bytes) and isinstance(text, bytes)
                frame.headers[key.decode()] = text.decode()
            elif number == 8:
                frame.payload = value
            else:
                frame.extra[number] = value
        return frame


def _varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _bytes(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(data)) + data


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0

    def varint() -> int:
        nonlocal at
        number = shift = 0
        while True:
            byte = data[at]
            at += 1
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    while at < len(data):
        tag = varint()
        kind = tag & 7
        if kind == _VARINT:
            yield tag >> 3, varint()
            continue
        size = {_FIXED64: 8, _FIXED32: 4}.get(kind) or varint()
        yield tag >> 3, data[at : at + size]
        at += size
