"""Files: what the bot uploads, what people have sent, and what of it can be downloaded."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from aiohttp import BodyPartReader, web

from tests.emulators.feishu.rules import Fault
from tests.emulators.feishu.tenant import Stored, Tenant

_FILE_TYPES = ("opus", "mp4", "pdf", "doc", "xls", "ppt", "stream")
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"RIFF", "image/webp"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\0\0\1\0", "image/x-icon"),
)


class Resources:
    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def routes(self) -> list[tuple[str, str, str, Any]]:
        return [
            ("POST", "/im/v1/images", "upload.image", self.upload_image),
            ("POST", "/im/v1/files", "upload.file", self.upload_file),
            ("GET", "/im/v1/messages/{message}/resources/{key}", "download", self.download),
        ]

    async def upload_image(self, request: web.Request) -> dict[str, Any]:
        form = await _form(request)
        content = form.get("image", b"")
        if form.get("image_type") not in (b"message", b"avatar"):
            raise Fault(234001, "Invalid request param.")
        self._check_size(content, self._tenant.rules.image_bytes)
        mime = next((mime for magic, mime in _MAGIC if content.startswith(magic)), "")
        if not mime:
            raise Fault(234011, "Can't recognize image format.")
        most = 2000 if mime == "image/gif" else 12000
        if max(_size(content, mime)) > most:
            raise Fault(234039, "Image resolution exceeds limit.")
        return {"data": {"image_key": self._tenant.store(Stored("image", "", mime, content))}}

    async def upload_file(self, request: web.Request) -> dict[str, Any]:
        form = await _form(request)
        kind, name, content = form.get("file_type", b"").decode(), form.get("file_name", b"").decode(), form.get("file")
        if kind not in _FILE_TYPES or not name or content is None:
            raise Fault(234001, "Invalid request param.")
        self._check_size(content, self._tenant.rules.file_bytes)
        mime = "audio/ogg" if kind == "opus" else "application/octet-stream"
        stored = Stored(kind, name, mime, content, int(form.get("duration", b"0")))
        return {"data": {"file_key": self._tenant.store(stored)}}

    def _check_size(self, content: bytes, most: int) -> None:
        if not content:
            raise Fault(234010, "File's size can't be 0.")
        if len(content) > most:
            raise Fault(234006, "The file size exceed the max value.")

    async def download(self, request: web.Request) -> web.StreamResponse:
        message, key = self._tenant.message(request.match_info["message"]), request.match_info["key"]
        if message.kind in ("interactive", "sticker"):
            raise Fault(234043, "Unsupported message type.")  # of stickers only that they cannot be had is told
        stored = self._tenant.stored.get(key)
        # What a forward holds is handed out under its own id and no other (NousResearch/hermes-agent#66729).
        contents = [each.content for each in message.held or [message]]
        if stored is None or key not in json.dumps(contents):
            raise Fault(234003, "File not in msg.")
        if request.query.get("type") != ("image" if stored.kind == "image" else "file"):
            raise Fault(234001, "Invalid request param.")
        if len(stored.content) > self._tenant.rules.download_bytes:
            raise Fault(234037, "The size of the downloaded file exceeds the limit.")
        disposition = f"attachment; filename*=UTF-8''{quote(stored.name or key)}"
        response = web.StreamResponse(headers={"Content-Type": stored.mime, "Content-Disposition": disposition})
        response.content_length = len(stored.content)
        await response.prepare(request)
        for at in range(0, len(stored.content), 64 * 1024):
            await response.write(stored.content[at : at + 64 * 1024])
            self._tenant.sent_bytes += len(stored.content[at : at + 64 * 1024])
        await response.write_eof()
        return response


async def _form(request: web.Request) -> dict[str, bytes]:
    """The fields of a form, each whole."""
    if not request.content_type.startswith("multipart/form-data"):
        raise Fault(234001, "Invalid request param.")
    fields: dict[str, bytes] = {}
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        fields[part.name or ""] = bytes(await part.read())
    return fields


def _size(content: bytes, mime: str) -> tuple[int, int]:
    """Width and height in pixels, of the formats that tell them in the same place."""
    match mime:
        case "image/png":
            return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
        case "image/gif":
            return int.from_bytes(content[6:8], "little"), int.from_bytes(content[8:10], "little")
    return 0, 0
