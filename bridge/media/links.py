"""Pictures that a model gives as links, fetched: from public addresses only, bounded in bytes, time and number.

A link comes from a model, and so from whatever the model has read. Each address that its host has is looked at, and the
connection goes to the one that was looked at; a redirect is a link like any other. What is not fetched stays a link.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import unquote, urlsplit

import aiohttp
import structlog
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bridge.blocks import scan
from bridge.events import Picture

log = structlog.get_logger(__name__)

MAX_LINKS = 6
"""Links of one answer that are fetched."""
MAX_LINK_BYTES = 5_000_000
LINK_SECONDS, ALL_LINKS_SECONDS = 10.0, 15.0
MAX_REDIRECTS = 3

Address = IPv4Address | IPv6Address
_MARKDOWN = re.compile(
    r"!\[([^\[\]\n]{0,500})\]\(\s?<?(https?://[^\s<>()]{1,2000}(?:\([^\s<>()]{0,200}\)[^\s<>()]{0,500})?)"
)
_CODE_SPAN = re.compile(r"(?<!`)(`{1,3})(?!`)[^`\n]*\1(?!`)")
_MAGIC = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"))


def is_public(address: Address) -> bool:
    """Whether `address` is one of the internet's and of nobody's own network."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is not None and not is_public(inner):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


class _Resolver(AbstractResolver):
    """Finds only addresses that may be asked; a host with any other is refused whole."""

    def __init__(self, allowed: Callable[[Address], bool]) -> None:
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        if not all(self._allowed(ip_address(str(address[0]).partition("%")[0])) for *_, address in found):
            raise OSError("an address of a private network")
        return [
            ResolveResult(hostname=host, host=str(address[0]), port=port, family=kind, proto=proto, flags=0)
            for kind, _, proto, _, address in found
        ]

    async def close(self) -> None: ...


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
    """`allowed` says of an address whether it may be asked."""

    def __init__(self, allowed: Callable[[Address], bool] = is_public) -> None:
        self._allowed = allowed

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
            async with asyncio.timeout(LINK_SECONDS):
                content = await self._follow(picture.url)
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

    async def _follow(self, url: str) -> bytes:
        connector = aiohttp.TCPConnector(resolver=_Resolver(self._allowed), use_dns_cache=False, limit=4)
        timeout = aiohttp.ClientTimeout(total=LINK_SECONDS)
        headers = {"Accept": "image/*", "User-Agent": "cherry-bridge"}
        async with aiohttp.ClientSession(
            connector=connector, timeout=timeout, headers=headers, trust_env=False
        ) as http:
            for _ in range(MAX_REDIRECTS + 1):
                self._check(url)
                async with http.get(url, allow_redirects=False) as answer:
                    if answer.status in (301, 302, 303, 307, 308) and (there := answer.headers.get("Location")):
                        url = str(answer.url.join(URL(there)))
                        continue
                    if answer.status != 200 or (answer.content_length or 0) > MAX_LINK_BYTES:
                        raise ValueError("not a picture that can be had")
                    content = bytearray()
                    async for piece in answer.content.iter_chunked(1 << 16):
                        content += piece
                        if len(content) > MAX_LINK_BYTES:
                            raise ValueError("too large")
                    return bytes(content)
        raise ValueError("too many redirects")

    def _check(self, url: str) -> None:
        """Raise ValueError where `url` is not to be asked, as far as it says so itself."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise ValueError("no address of a picture")
        try:
            literal = ip_address(parts.hostname)
        except ValueError:
            return  # a name: the resolver looks at its addresses
        if not self._allowed(literal):
            raise ValueError("an address of a private network")


def _host(url: str) -> str:
    """Return the host alone: the rest of a link may hold what was said."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
