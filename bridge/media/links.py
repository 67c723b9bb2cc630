"""Pictures that a model gives as links, fetched: from public addresses only, bounded in bytes, time and number.

A link comes from a model, and so from whatever the model has read. What is not fetched stays a link.
"""

from __future__ import annotations

import asyncio
import re
from urllib.parse import unquote, urlsplit

import aiohttp
import structlog

from bridge.blocks import scan
from bridge.events import Picture
from bridge.media.public_web import PublicWeb

log = structlog.get_logger(__name__)

MAX_LINKS = 6
"""Links of one answer that are fetched."""
MAX_LINK_BYTES = 5_000_000
LINK_SECONDS, ALL_LINKS_SECONDS = 10.0, 15.0

_MARKDOWN = re.compile(
    r"!\[([^\[\]\n]{0,500})\]\(\s?<?(https?://[^\s<>()]{1,2000}(?:\([^\s<>()]{0,200}\)[^\s<>()]{0,500})?)"
)
_CODE_SPAN = re.compile(r"(?<!`)(`{1,3})(?!`)[^`\n]*\1(?!`)")
_MAGIC = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"))


def linked_pictures(text: str) -> list[Picture]:
    """Return the pictures that `text`, in Markdown, links to; not those in code."""
    found: dict[str, Picture] = {}
    for alt, url in _MARKDOWN.findall(_outside_code(text)):
        found.setdefault(url, Picture(url=url, alt=alt.strip()))
    return list(found.values())[:MAX_LINKS]


def _outside_code(text: str) -> str:
    lines = text.split("\n")
    kept = [line for block in scan(lines) if block.kind != "code" for line in lines[block.start : block.end]]
    return _CODE_SPAN.sub("", "\n".join(kept))


class PictureLinks:
    def __init__(self, web: PublicWeb | None = None) -> None:
        self._web = web or PublicWeb()

    async def fetch_all(self, pictures: list[Picture]) -> list[Picture]:
        """Return those of `pictures`, in order, whose content could be had. Raises nothing."""
        tasks = [asyncio.create_task(self.fetch(picture)) for picture in pictures]
        try:
            if tasks:
                await asyncio.wait(tasks, timeout=ALL_LINKS_SECONDS)
            return [found for task in tasks if task.done() and (found := task.result()) is not None]
        finally:
            for task in tasks:
                task.cancel()

    async def fetch(self, picture: Picture) -> Picture | None:
        """Return `picture` with its content; None where that is not to be had. Raises nothing."""
        try:
            content = (await self._web.get(picture.url, "image/*", MAX_LINK_BYTES, LINK_SECONDS)).content
        except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
            log.info("linked picture not fetched", host=_host(picture.url), why=type(error).__name__)
            return None
        mime = next((mime for magic, mime in _MAGIC if content.startswith(magic)), "")
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            mime = "image/webp"
        if not mime:
            log.info("linked picture is none", host=_host(picture.url))
            return None
        return Picture(
            data=content, mime=mime, alt=picture.alt or unquote(urlsplit(picture.url).path.rpartition("/")[2])
        )


def _host(url: str) -> str:
    """Return the host alone: the rest of a link may hold what was said."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
