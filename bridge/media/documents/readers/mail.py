"""Mail (RFC 5322, MIME): who wrote what to whom, and the names of what is attached."""

from __future__ import annotations

from email import policy
from email.message import EmailMessage, Message
from email.parser import BytesParser
from typing import BinaryIO

from bridge.media.documents.readers.encoding import decode
from bridge.media.documents.readers.html import read_html
from bridge.media.documents.readers.reading import MAX_TEXT_CHARS, Document, Flow, label

MAX_DEPTH = 3
"""Messages within messages that are read."""
MAX_PARTS = 500
_FIELDS = ("From", "To", "Cc", "Date", "Subject")
_MAX_FIELD_CHARS = 1000


def open_document(file: BinaryIO, kind: str) -> Document:
    content = file.read(MAX_TEXT_CHARS * 4)
    if content.startswith(b"From "):
        content = content.partition(b"\n")[2]
    try:
        message = BytesParser(policy=policy.default).parsebytes(content)
        text = _message(message, 0)
    except RecursionError:  # parts within parts, thousands deep: then as the text that it is
        text = decode(content)
    return Flow(kind, text)


def _message(message: Message, depth: int) -> str:
    lines = [f"{field}: {value}" for field in _FIELDS if (value := _field(message, field))]
    bodies: list[str] = []
    attached: list[str] = []
    _collect(message, bodies, attached, depth, [MAX_PARTS])
    if attached:
        lines.append("Attachments: " + ", ".join(attached))
    return "\n\n".join(["\n".join(lines), *filter(str.strip, bodies)])


def _field(message: Message, name: str) -> str:
    try:
        return label(str(message.get(name, "")), _MAX_FIELD_CHARS)
    except Exception:  # noqa: BLE001 - the standard library raises several kinds at malformed addresses
        return ""


def _collect(part: Message, bodies: list[str], attached: list[str], depth: int, left: list[int]) -> None:
    """Add the texts of `part` to `bodies`, and the names of its attachments to `attached`. `left` counts parts."""
    left[0] -= 1
    if left[0] < 0:
        return
    kind = part.get_content_type()
    if kind == "message/rfc822" and part.is_multipart():
        inner = part.get_payload(0)
        if depth < MAX_DEPTH and isinstance(inner, Message):
            quoted = _message(inner, depth + 1)
            bodies.append("\n".join(f"> {line}".rstrip() for line in quoted.split("\n")))
        else:
            attached.append("a message")
    elif kind == "multipart/alternative" and part.is_multipart():
        _collect(_plainest(part), bodies, attached, depth, left)
    elif part.is_multipart():
        for each in part.get_payload():
            if isinstance(each, Message):
                _collect(each, bodies, attached, depth, left)
    elif part.get_content_disposition() == "attachment" or kind not in ("text/plain", "text/html"):
        attached.append(label(part.get_filename() or kind))
    else:
        bodies.append(_body(part, kind))


def _plainest(part: Message) -> Message:
    """Of texts that say the same, the one that is read best: plain, else the first that is not HTML alone."""
    choices = [each for each in part.get_payload() if isinstance(each, Message)]
    plain = [each for each in choices if each.get_content_type() == "text/plain" and _body(each, "text/plain").strip()]
    return (plain or choices[::-1] or [EmailMessage()])[0]


def _body(part: Message, kind: str) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    charset = part.get_content_charset() or ""
    return read_html(content, charset)[1] if kind == "text/html" else decode(content, charset)
