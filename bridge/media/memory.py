"""Media kept for as long as one question takes, where there is no store."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from bridge.types import Attachment, Chat, Media, Part


class MediaInMemory:
    """As `bridge.store.MediaStore`, for one chat."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}

    async def put(self, chat: Chat, content: bytes, mime: str, name: str = "") -> Media:
        digest = sha256(content).hexdigest()
        self._contents[digest] = content
        return Media(digest, mime, name, len(content))

    async def get(self, chat: Chat, digests: Iterable[str]) -> dict[str, bytes]:
        return {digest: self._contents[digest] for digest in digests if digest in self._contents}

    async def parts(self, chat: Chat, source: str) -> tuple[Part, ...] | None:
        """Nothing is read twice."""
        return None

    async def set_document(self, chat: Chat, attachment: Attachment) -> None: ...

    async def put_parts(self, chat: Chat, source: str, parts: tuple[Part, ...]) -> None: ...
