"""One attachment, read: fetched, opened in a child process, kept in the store, and returned as parts for a model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import Protocol

import structlog
from msgspec.structs import replace

from bridge.errors import ChannelError
from bridge.media.download import ATTEMPTS, downloaded, is_transient
from bridge.media.errors import Unreadable
from bridge.media.limits import Extent, MediaLimits, check
from bridge.media.speech import SpeechServer
from bridge.types import Attachment, AttachmentKind, Chat, File, Image, Media, Part, Text

log = structlog.get_logger(__name__)

RETRY_SECONDS = 0.5


class FileSource(Protocol):
    """Where attachments are fetched from: a `Channel`, or the files of this machine."""

    @property
    def name(self) -> str: ...

    def fetch(self, attachment: Attachment) -> AsyncGenerator[bytes, None]: ...


class MediaKeeper(Protocol):
    """What is used of a `MediaStore`."""

    async def put(self, chat: Chat, content: bytes, mime: str, name: str = "") -> Media: ...

    async def get(self, chat: Chat, digests: Iterable[str]) -> dict[str, bytes]: ...

    async def parts(self, chat: Chat, source: str) -> tuple[Part, ...] | None: ...

    async def put_parts(self, chat: Chat, source: str, parts: tuple[Part, ...]) -> None: ...

    async def set_document(self, chat: Chat, attachment: Attachment) -> None: ...


Read = Callable[[Chat, Attachment, Path, "Extent"], Awaitable[tuple[Part, ...]]]


class AttachmentReader:
    """Reads each attachment once: what was read from it is kept, and found by the platform's reference to it."""

    def __init__(
        self,
        media: MediaKeeper,
        limits: MediaLimits,
        *,
        speech: SpeechServer | None = None,
        estimate: Callable[[str], int] = len,
    ) -> None:
        """Recordings are read where there is a `speech` server; `estimate` tells how many tokens a text has."""
        self._media = media
        self._estimate = estimate
        self._limits = limits
        self._speech = speech

    def check(self, attachment: Attachment) -> None:
        """Raise Unreadable where it is known before a download that `attachment` is not read."""
        if attachment.kind == "sticker" and attachment.name and not _is_still(attachment):
            return
        check(attachment, self._limits, can_hear=self._speech is not None)
        if self._reading(attachment) is None:
            raise Unreadable("unsupported", attachment.name)

    async def read(
        self,
        chat: Chat,
        source: FileSource,
        attachment: Attachment,
        tokens: int,
        pages: range | None = None,
    ) -> tuple[Part, ...]:
        """Return what is in `attachment`; of a document up to `tokens`, by estimate, from these `pages`.

        Raises Unreadable, StoreError.
        """
        self.check(attachment)
        if attachment.still and (attachment.kind == "sticker" or self._speech is None):
            attachment = _still_of(attachment)
        if attachment.kind == "sticker" and not _is_still(attachment):
            return (Text(f"[sticker: {attachment.name}]"),)
        origin = f"{source.name}:{attachment.ref}"
        if attachment.kind == "file":
            origin += f"#{tokens}:{f'{pages.start}-{pages.stop}' if pages else ''}"
        if (known := await self._media.parts(chat, origin)) is not None:
            return known
        extent = Extent(tokens, pages)
        if attachment.kind == "video" and attachment.still:
            parts = await self._watch(chat, source, attachment, extent)
        else:
            parts = await self._fetch(chat, source, attachment, extent)
        if attachment.kind == "sticker":
            parts = _optional(parts)
        await self._media.put_parts(chat, origin, parts)
        return parts

    async def text(self, chat: Chat, source: FileSource, attachment: Attachment, tokens: int) -> str:
        """Return the text of a document, so many `tokens` of it by estimate; empty where it has none.

        Raises Unreadable, StoreError.
        """
        from bridge.media.document import without_head

        parts = await self.read(chat, source, attachment, tokens)
        digests = [part.media.digest for part in parts if isinstance(part, File)]
        contents = await self._media.get(chat, digests)
        texts = [contents[digest].decode(errors="replace") for digest in digests if digest in contents]
        return "\n\n".join(map(without_head, texts))

    async def _fetch(self, chat: Chat, source: FileSource, attachment: Attachment, extent: Extent) -> tuple[Part, ...]:
        reading = self._reading(attachment)
        assert reading is not None, "checked before"
        for attempt in range(1, ATTEMPTS + 1):
            try:
                pieces = source.fetch(attachment)
                async with downloaded(pieces, max_bytes=self._limits.file_bytes, name=attachment.name) as content:
                    return await reading(chat, attachment, content, extent)
            except ChannelError as error:
                log.info("attachment not fetched", chat=str(chat), attempt=attempt, error=type(error).__name__)
                if attempt == ATTEMPTS or not is_transient(error):
                    break
                await asyncio.sleep(RETRY_SECONDS * 2**attempt)
        raise Unreadable("unreachable", attachment.name)

    async def _watch(self, chat: Chat, source: FileSource, video: Attachment, extent: Extent) -> tuple[Part, ...]:
        """Return a still of `video`, and what is said in it; one of the two is enough."""
        heard: tuple[Part, ...] = ()
        try:
            heard = await self._fetch(chat, source, video, extent)
        except Unreadable as problem:
            if problem.kind != "nothing_said":
                raise
        try:
            seen = _optional(await self._fetch(chat, source, _still_of(video), extent))
        except Unreadable as problem:
            log.info("still not read", chat=str(chat), why=problem.kind)
            if not heard:
                raise
            seen = ()
        return (*seen, *heard)

    def _reading(self, attachment: Attachment) -> Read | None:
        """What opens an attachment of this kind; None where nothing does."""
        if attachment.mime == "image/svg+xml":
            return self._document  # a program that draws; of its words, none is run
        if attachment.kind == "image" or (attachment.kind == "sticker" and _is_still(attachment)):
            return self._picture
        if attachment.kind == "file":
            return self._document
        return self._recording if attachment.kind in ("audio", "video") else None

    async def _document(self, chat: Chat, attachment: Attachment, content: Path, extent: Extent) -> tuple[Part, ...]:
        from bridge.media.document import excerpt_of, headed, read_document

        name = attachment.name
        try:
            found = await read_document(content, attachment, extent, self._limits.file_bytes, self._estimate)
        except Unreadable as problem:
            if problem.kind == "document:picture":
                return await self._picture(chat, attachment, content, extent)
            raise
        parts: list[Part] = []
        for number, page in enumerate(found.scanned, found.pages_read.start):
            media = await self._media.put(chat, page, "image/jpeg", name)
            parts.append(Image(media, f"{name}, page {number}"))
        if found.text.strip():
            media = await self._media.put(chat, headed(found, name).encode(errors="replace"), "text/markdown", name)
            parts.append(File(media, excerpt_of(found)))
        await self._media.set_document(chat, attachment)
        return tuple(parts)

    async def _picture(self, chat: Chat, attachment: Attachment, content: Path, _extent: Extent) -> tuple[Part, ...]:
        from bridge.media.pictures import scaled

        picture = await scaled(content, name=attachment.name)
        media = await self._media.put(chat, picture.content, picture.mime, attachment.name)
        return (Image(media, f"sticker: {attachment.name}" if attachment.kind == "sticker" else ""),)

    async def _recording(self, _chat: Chat, attachment: Attachment, content: Path, _extent: Extent) -> tuple[Part, ...]:
        assert self._speech is not None, "checked before"
        return (Text(await self._speech.transcribe(content, name=attachment.name, mime=attachment.mime)),)


def _still_of(attachment: Attachment) -> Attachment:
    """Return the picture that the platform has of something that moves."""
    kind: AttachmentKind = "sticker" if attachment.kind == "sticker" else "image"
    return replace(attachment, kind=kind, ref=attachment.still, mime="image/jpeg", size=0, still="")


def _optional(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    return tuple(replace(part, optional=True) if isinstance(part, Image) else part for part in parts)


def _is_still(attachment: Attachment) -> bool:
    """Whether a sticker is a picture that can be fetched; others move, and their name or emoji stands for them."""
    return bool(attachment.ref) and attachment.mime.startswith("image/") and attachment.mime != "image/gif"
