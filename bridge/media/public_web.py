"""Fetch what is behind a link that somebody else chose: from public addresses only, bounded in bytes and time.

Each address that a host has is looked at, and the connection goes to the one that was looked at; a redirect is a link
like any other.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

MAX_REDIRECTS = 3

Address = IPv4Address | IPv6Address


class Fetched(NamedTuple):
    content: bytes
    mime: str
    url: str
    """Where it was in the end."""


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


class PublicWeb:
    """`allowed` says of an address whether it may be asked."""

    def __init__(self, allowed: Callable[[Address], bool] = is_public) -> None:
        self._allowed = allowed

    async def get(self, url: str, accept: str, max_bytes: int, seconds: float) -> Fetched:
        """Return what is at `url`. Raises ValueError with a sentence, OSError, aiohttp.ClientError, TimeoutError."""
        connector = aiohttp.TCPConnector(resolver=_Resolver(self._allowed), use_dns_cache=False, limit=4)
        headers = {"Accept": accept, "User-Agent": "cherry-bridge"}
        async with (
            asyncio.timeout(seconds),
            aiohttp.ClientSession(
                connector=connector, timeout=aiohttp.ClientTimeout(total=seconds), headers=headers, trust_env=False
            ) as http,
        ):
            for _ in range(MAX_REDIRECTS + 1):
                self._check(url)
                async with http.get(url, allow_redirects=False) as answer:
                    if answer.status in (301, 302, 303, 307, 308) and (there := answer.headers.get("Location")):
                        url = str(answer.url.join(URL(there)))
                        continue
                    if answer.status != 200:
                        raise ValueError(f"the server answers with status {answer.status}")
                    content = bytearray()
                    if (answer.content_length or 0) <= max_bytes:
                        async for piece in answer.content.iter_chunked(1 << 16):
                            content += piece
                            if len(content) > max_bytes:
                                break
                        else:
                            return Fetched(bytes(content), answer.content_type, url)
                    raise ValueError(f"it is larger than {max_bytes} bytes")
        raise ValueError("too many redirects")

    def _check(self, url: str) -> None:
        """Raise ValueError where `url` is not to be asked, as far as it says so itself."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise ValueError("this is no address of a web page")
        try:
            literal = ip_address(parts.hostname)
        except ValueError:
            return  # a name: the resolver looks at its addresses
        if not self._allowed(literal):
            raise ValueError("an address of a private network")
