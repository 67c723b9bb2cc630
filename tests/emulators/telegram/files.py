"""The files behind the emulated Bot API: what is stored, and how a message shows it in JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Form = Literal["photo", "audio", "voice", "video", "document", "sticker"]
"""How a message carries a file: the name of the field in its JSON."""

FOLDERS: dict[Form, str] = {
    "photo": "photos",
    "audio": "music",
    "voice": "voice",
    "video": "videos",
    "document": "documents",
    "sticker": "stickers",
}
MIMES: dict[Form, str] = {
    "photo": "image/jpeg",
    "audio": "audio/mpeg",
    "voice": "audio/ogg",
    "video": "video/mp4",
    "document": "application/octet-stream",
    "sticker": "image/webp",
}
"""What a file of this form is taken for, where nobody says."""

_PHOTO_SIZE = (1280, 853)
"""Of a person's photo whose bytes are no picture."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    id: str
    path: str
    data: bytes
    size: int
    """In bytes; may be more than there is data, to play a file that is too big."""
    form: Form
    name: str = ""
    mime: str = ""

    def json(self) -> dict[str, Any]:
        return {"file_id": self.id, "file_unique_id": f"u{self.id}", "file_size": self.size}


def media_json(file: StoredFile, *, thumbnail: StoredFile | None = None, seconds: int = 3, emoji: str = "👍") -> Any:
    """The field of a message that carries `file`; `thumbnail` is a photo's smaller size, or a still of what moves."""
    named = {"file_name": file.name} if file.name else {}
    still = {"thumbnail": {"width": 320, "height": 180, **thumbnail.json()}} if thumbnail is not None else {}
    match file.form:
        case "photo":
            width, height = dimensions(file.data) or _PHOTO_SIZE
            sizes = [{"width": width, "height": height, **file.json()}]
            if thumbnail is not None:
                sizes.insert(0, {"width": 90, "height": 60, **thumbnail.json()})
            return {"photo": sizes}
        case "sticker":
            looks = {"type": "regular", "width": 512, "height": 512, "emoji": emoji}
            moves = file.mime == "application/x-tgsticker"
            return {"sticker": {**looks, "is_animated": moves, "is_video": False, **file.json(), **still}}
        case "document":
            return {"document": {**named, "mime_type": file.mime, **file.json()}}
        case "voice":
            return {"voice": {"duration": seconds, "mime_type": file.mime, **file.json()}}
        case "audio":
            return {"audio": {"duration": seconds, "mime_type": file.mime, **named, **file.json()}}
        case "video":
            size = {"width": 640, "height": 360, "duration": seconds}
            return {"video": {**size, "mime_type": file.mime, **named, **file.json(), **still}}


def dimensions(data: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG, JPEG or GIF; those of another picture are not read, and (1, 1) stands for them.

    None where the bytes are no picture.
    """
    if data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) >= 24:
        return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    if data.startswith((b"GIF87a", b"GIF89a")) and len(data) >= 10:
        return int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg_dimensions(data)
    return (1, 1) if (data[:4], data[8:12]) == (b"RIFF", b"WEBP") or data.startswith(b"BM") else None


def _jpeg_dimensions(data: bytes) -> tuple[int, int] | None:
    """From the frame header, behind whatever segments come first."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(data[at + 7 : at + 9]), int.from_bytes(data[at + 5 : at + 7])
        at += 2 + length
    return None
