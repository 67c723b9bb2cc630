"""The long connection's frames, through the protobuf library. The only place that touches its untyped modules.

The message is built here as protoc would from:

    message Header { required string key = 1; required string value = 2; }
    message Frame {
      required uint64 SeqID = 1;          required uint64 LogID = 2;
      required int32 service = 3;         required int32 method = 4;
      repeated Header headers = 5;        optional string payload_encoding = 6;
      optional string payload_type = 7;   optional bytes payload = 8;
      optional string LogIDNew = 9;
    }
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

CONTROL = 0
"""The method of a ping or a pong; an event has another."""

_PACKAGE = "feishu.longconn"
_HEADER = (("key", "STRING", "REQUIRED"), ("value", "STRING", "REQUIRED"))
_FRAME = (
    ("SeqID", "UINT64", "REQUIRED"),
    ("LogID", "UINT64", "REQUIRED"),
    ("service", "INT32", "REQUIRED"),
    ("method", "INT32", "REQUIRED"),
    ("headers", "MESSAGE", "REPEATED"),
    ("payload_encoding", "STRING", "OPTIONAL"),
    ("payload_type", "STRING", "OPTIONAL"),
    ("payload", "BYTES", "OPTIONAL"),
    ("LogIDNew", "STRING", "OPTIONAL"),
)


def _frame_class() -> Any:
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="feishu_longconn.proto", package=_PACKAGE, syntax="proto2")
    for name, fields in (("Header", _HEADER), ("Frame", _FRAME)):
        message = file.message_type.add(name=name)
        for number, (key, kind, label) in enumerate(fields, 1):
            added = message.field.add(
                name=key, number=number, type=getattr(field, f"TYPE_{kind}"), label=getattr(field, f"LABEL_{label}")
            )
            if kind == "MESSAGE":
                added.type_name = f".{_PACKAGE}.Header"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Frame"))


_Frame = _frame_class()


class Frame:
    """One frame, as it came or as it is to go."""

    def __init__(self, message: Any) -> None:
        self._message = message

    @classmethod
    def decode(cls, data: bytes) -> Frame:
        """Raises ValueError on anything that is no frame."""
        try:
            message = _Frame.FromString(data)
        except DecodeError as error:
            raise ValueError("not a frame") from error
        if not message.IsInitialized():
            raise ValueError("half a frame")
        return cls(message)

    @classmethod
    def ping(cls, service: int) -> Frame:
        frame = cls(_Frame(SeqID=0, LogID=0, service=service, method=CONTROL))
        frame._message.headers.add(key="type", value="ping")
        return frame

    @property
    def method(self) -> int:
        return int(self._message.method)

    @property
    def headers(self) -> dict[str, str]:
        return {str(header.key): str(header.value) for header in self._message.headers}

    @property
    def payload(self) -> bytes:
        return bytes(self._message.payload)

    def answer(self, payload: bytes, milliseconds: int) -> Frame:
        """The same frame back, with another payload and the time that took."""
        message = _Frame()
        message.CopyFrom(self._message)
        message.headers.add(key="biz_rt", value=str(milliseconds))
        message.payload = payload
        return Frame(message)

    def encode(self) -> bytes:
        return bytes(self._message.SerializeToString())
