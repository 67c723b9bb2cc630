"""Where Discord keeps attachments: behind links that are signed, and that expire after a day."""

from __future__ import annotations

import hashlib
import hmac
import mimetypes
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from aiohttp import web

from tests.platform import SharedFile

Payload = dict[str, Any]

LINK_SECONDS = 24 * 3600.0
VOICE_MESSAGE = 1 << 13
"""A message's flag."""
VOICE_SECONDS = 2.5
"""How long every recording lasts here."""


@dataclass
class Stored:
    name: str
    mime: str
    content: bytes


class Cdn:
    def __init__(self, url: Callable[[], str], snowflake: Callable[[], str]) -> None:
        self._url, self._snowflake = url, snowflake
        self._secret = secrets.token_bytes(16)
        self._files: dict[str, Stored] = {}
        self._gone: set[str] = set()
        self._ahead = 0.0
        self.downloads: list[str] = []
        """The attachment that each download asked for, by id, whether it got it or not."""
        self.elsewhere = ""
        """Where links lead instead, if anywhere."""

    def keep(self, name: str, content: bytes, *, mime: str = "", description: str = "") -> Payload:
        """Store a file; return what the API tells of it, but for its links. Its name tells what kind it is."""
        guessed = mime or mimetypes.guess_type(name)[0]
        told: Payload = {"id": self._snowflake(), "filename": name, "size": len(content)}
        told |= {"content_type": guessed} if guessed else {}
        told |= {"description": description} if description else {}
        if (guessed or "").startswith(("audio/", "video/")):
            told["duration_secs"] = VOICE_SECONDS
        self._files[told["id"]] = Stored(name, guessed or "", content)
        return told

    def sticker(self, name: str, content: bytes, *, moves: bool = False) -> Payload:
        """Keep a sticker in PNG, or one in Lottie which `moves`; return what a message tells of it."""
        id = self._snowflake()
        self._files[f"{id}.{'json' if moves else 'png'}"] = Stored(name, "image/png", content)
        return {"id": id, "name": name, "format_type": 3 if moves else 1}

    async def serve_sticker(self, request: web.Request) -> web.StreamResponse:
        file = request.match_info["file"]
        self.downloads.append(file)
        stored = self._files.get(file)
        if stored is None:
            return web.Response(status=404)
        return web.Response(body=stored.content, headers={"Content-Type": stored.mime})

    def forget(self, attachments: Iterable[Payload]) -> None:
        """Their message was deleted."""
        self._gone.update(each["id"] for each in attachments)

    def shared(self, attachment: Payload) -> SharedFile:
        """An attachment as a person sees it."""
        stored = self._files[attachment["id"]]
        kind = stored.mime.partition("/")[0]
        return SharedFile(
            kind if kind in ("image", "audio", "video") else "file",
            stored.name,
            stored.mime,
            stored.content,
            attachment.get("description", ""),
        )

    def told(self, message: Payload) -> Payload:
        """The message with links that work from now on for a day, those of the messages within it too."""
        told = dict(message)
        if "attachments" in told:
            told["attachments"] = [
                self._signed(each, str(message.get("channel_id", "0"))) for each in told["attachments"]
            ]
        if told.get("referenced_message"):
            told["referenced_message"] = self.told(told["referenced_message"])
        if "message_snapshots" in told:
            told["message_snapshots"] = [{"message": self.told(each["message"])} for each in told["message_snapshots"]]
        return told

    def expire_links(self) -> None:
        """Let a day pass: every link that was handed out stops working."""
        self._ahead += LINK_SECONDS + 1

    def _signed(self, attachment: Payload, channel: str) -> Payload:
        if "url" in attachment:
            return attachment
        now = int(time.time() + self._ahead)
        path = f"/attachments/{channel}/{attachment['id']}/{quote(attachment['filename'])}"
        issued, expires = f"{now:x}", f"{int(now + LINK_SECONDS):x}"
        query = f"?ex={expires}&is={issued}&hm={self._signature(path, expires, issued)}&"
        url = (self.elsewhere or self._url()) + path + query
        return {**attachment, "url": url, "proxy_url": url}

    def _signature(self, path: str, expires: str, issued: str) -> str:
        return hmac.new(self._secret, f"{path} {expires} {issued}".encode(), hashlib.sha256).hexdigest()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        id = request.match_info["attachment"]
        self.downloads.append(id)
        expires, issued = request.query.get("ex", ""), request.query.get("is", "")
        signature = self._signature(request.raw_path.partition("?")[0], expires, issued)
        stored = self._files.get(id)
        valid = hmac.compare_digest(signature, request.query.get("hm", ""))
        if stored is None or id in self._gone or not valid or int(expires, 16) < time.time() + self._ahead:
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=stored.content, headers={"Content-Type": stored.mime or "application/octet-stream"})
