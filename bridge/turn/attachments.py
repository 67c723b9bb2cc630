"""What came with a question, and the pictures of earlier ones, as a request holds them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from bridge import metrics
from bridge.gateway import Gateways, LoadedPictures
from bridge.inbound import Said
from bridge.knowledge import Problem
from bridge.media import (
    MAX_ATTACHMENTS,
    MAX_PICTURE_BYTES,
    AttachmentReader,
    FileSource,
    MediaKeeper,
    Unreadable,
    shrunk,
)
from bridge.types import Attachment, BodyFile, Chat, ChatMessage, File, Image, Media, Part, Text

log = structlog.get_logger(__name__)

PICTURE_QUESTIONS = 3
"""How many of the last questions are sent with their pictures; earlier ones are sent with a note in their place."""
MAX_OLD_PICTURES = 10
"""The most pictures of earlier questions and answers in one request."""
MAX_PICTURES_BYTES = 6_000_000
"""Of all pictures of one request together. Their Base64, and the request that holds it, take several times as much
memory while it is made."""
BYTES_PER_TOKEN = 4
"""Of UTF-8, about, in any language."""
MIN_PICTURE_BYTES = 4000
"""A picture that would have to be smaller to fit a gateway's request is left out."""


@dataclass(slots=True)
class Received:
    """What came with a question, as far as it has been read by now."""

    parts: list[Part] = field(default_factory=list)
    problems: list[Unreadable] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    """What recordings among them say."""
    knowledge: Problem = ""
    """Why the knowledge that was to be searched gave less than it should."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What messages refer to, as a request holds it."""

    texts: Mapping[str, str] = field(default_factory=dict)
    """Of documents, by digest."""
    pictures: LoadedPictures = field(default_factory=dict)

    def expand(self, messages: Sequence[ChatMessage]) -> list[ChatMessage]:
        """Return the messages, with the text of each document in its place, or a note where it is not loaded."""
        return [ChatMessage(each.role, tuple(map(self._expanded, each.parts))) for each in messages]

    def _expanded(self, part: Part) -> Part:
        if not isinstance(part, File):
            return part
        name = part.media.name or "no name"
        return Text(self.texts.get(part.media.digest, f"[document: {name}]\n\n"))


class Attachments:
    """Reads what comes with questions, keeps pictures of answers, and loads what a request refers to."""

    def __init__(self, media: MediaKeeper, gateways: Gateways, reader: AttachmentReader, document_tokens: int) -> None:
        """`document_tokens`: how much of earlier documents goes with a question, by estimate."""
        self._document_tokens = document_tokens
        self._media = media
        self._gateways = gateways
        self._reader = reader

    def problems(self, message: Said) -> list[Unreadable]:
        """Return why attachments of `message` are not read, as far as that is known before anything is fetched."""
        found = []
        for attachment in message.attachments[:MAX_ATTACHMENTS]:
            try:
                self._reader.check(attachment)
            except Unreadable as problem:
                found.append(problem)
        if len(message.attachments) > MAX_ATTACHMENTS:
            found.append(Unreadable("too_many", limit=MAX_ATTACHMENTS))
        return found

    async def receive(self, message: Said, source: FileSource, received: Received, pages: range | None = None) -> None:
        """Read what came with `message`, one after another, into `received`; of documents, these `pages`.

        Raises StoreError.
        """
        received.problems += [problem for problem in self.problems(message) if problem.kind == "too_many"]
        tokens = await self._tokens_of_documents() if any(each.kind == "file" for each in message.attachments) else 0
        for attachment in message.attachments[:MAX_ATTACHMENTS]:
            try:
                parts = await self._reader.read(message.chat, source, attachment, tokens, pages)
            except Unreadable as problem:
                received.problems.append(problem)
                metrics.ATTACHMENTS.add(source.name, problem.kind)
                log.info("attachment not read", chat=str(message.chat), why=problem.kind, kind=attachment.kind)
            else:
                received.parts += parts
                if attachment.kind in ("audio", "video"):
                    received.heard += [part.text for part in parts if isinstance(part, Text)]
                metrics.ATTACHMENTS.add(source.name, "read")

    async def text_of(self, chat: Chat, source: FileSource, attachment: Attachment, tokens: int) -> str:
        """Return the text of a document, so many `tokens` of it by estimate; empty where it has none.

        Raises Unreadable, StoreError.
        """
        return await self._reader.text(chat, source, attachment, tokens)

    async def load(self, chat: Chat, messages: Sequence[ChatMessage]) -> Loaded:
        """Return the contents of the pictures and documents that go with `messages`, within what the gateway takes.

        Raises StoreError.
        """
        texts = await self._texts(chat, messages)
        return Loaded(texts, await self._pictures(chat, Loaded(texts).expand(messages)))

    async def _tokens_of_documents(self) -> int:
        """Return how much text of documents goes with a question, by estimate; less for a gateway that takes little."""
        limit = await self._gateways.max_body_bytes()
        return min(self._document_tokens, limit // (2 * BYTES_PER_TOKEN)) if limit else self._document_tokens

    async def _texts(self, chat: Chat, messages: Sequence[ChatMessage]) -> dict[str, str]:
        """Return the texts of documents: all of the question, and the newest of those before within the budget."""
        asked = [part.media for part in messages[-1].parts if isinstance(part, File)] if messages else []
        earlier = [part.media for each in reversed(messages[:-1]) for part in each.parts if isinstance(part, File)]
        texts: dict[str, str] = {}
        room = await self._tokens_of_documents() * BYTES_PER_TOKEN if earlier else 0
        for media in (*asked, *earlier):
            room -= 0 if media in asked else media.size
            if media.digest in texts or room < 0:
                continue
            for digest, content in (await self._media.get(chat, [media.digest])).items():
                texts[digest] = content.decode(errors="replace")
        return texts

    async def _pictures(self, chat: Chat, messages: Sequence[ChatMessage]) -> LoadedPictures:
        wanted = _wanted(messages)
        contents = await self._media.get(chat, (media.digest for media in wanted))
        loaded = {media.digest: (media.mime, contents[media.digest]) for media in wanted if media.digest in contents}
        room = MAX_PICTURES_BYTES
        if loaded and (limit := await self._gateways.max_body_bytes()) is not None:
            text = sum(len(message.text.encode(errors="replace")) + 60 for message in messages)
            room = min(room, (limit - text - 2000) * 3 // 4)
        return await _fitted(loaded, room)

    async def files(self, chat: Chat, answer: Sequence[ChatMessage]) -> list[BodyFile]:
        """Return the pictures of an answer, as far as they are still kept. Raises StoreError."""
        images = [part for message in answer for part in message.parts if isinstance(part, Image)]
        if not images:
            return []
        contents = await self._media.get(chat, [image.media.digest for image in images])
        return [
            BodyFile.of("image", image.media.name, image.media.mime, contents[image.media.digest], image.alt)
            for image in images
            if image.media.digest in contents
        ]

    async def keep(self, chat: Chat, files: Iterable[BodyFile]) -> list[Image]:
        """Keep the pictures of an answer, so that a later question can be about them. Raises StoreError."""
        return await asyncio.gather(*(self._keep(chat, file) for file in files if file.kind == "image"))

    async def _keep(self, chat: Chat, file: BodyFile) -> Image:
        try:
            picture = await shrunk(file.content, MAX_PICTURE_BYTES)
        except Unreadable as problem:
            log.info("picture of an answer not kept", chat=str(chat), why=problem.kind)
            return Image(Media(file.digest, file.mime, file.name), file.alt)
        return Image(await self._media.put(chat, picture.content, picture.mime, file.name), file.alt)


def _wanted(messages: Sequence[ChatMessage]) -> list[Media]:
    """Return the pictures to send, the newest first: all of the question, and some of what came before."""
    wanted: dict[str, Media] = {}
    questions = left = 0
    for message in reversed(messages):
        media = [part.media for part in message.parts if isinstance(part, Image)]
        if message.role != "user" or not media:
            continue
        if message is not messages[-1]:
            if questions == PICTURE_QUESTIONS or left + len(media) > MAX_OLD_PICTURES:
                break
            left += len(media)
        questions += 1
        for each in media:
            wanted.setdefault(each.digest, each)
    return list(wanted.values())


async def _fitted(loaded: LoadedPictures, room: int) -> LoadedPictures:
    """Return the pictures, as many as fit into `room` bytes, each as large as its share."""
    if sum(len(content) for _, content in loaded.values()) <= room:
        return loaded
    most = min(len(loaded), room // MIN_PICTURE_BYTES)
    if most <= 0:
        return {}
    share, fitted = room // most, {}
    for digest, (mime, content) in list(loaded.items())[:most]:
        if len(content) <= share:
            fitted[digest] = (mime, content)
            continue
        try:
            picture = await shrunk(content, share)
        except Unreadable:
            continue
        fitted[digest] = (picture.mime, picture.content)
    return fitted
