"""The text of a web page, for a model that wants to read it."""

from __future__ import annotations

import aiohttp

from bridge.media.documents import ExtractError, ExtractLimits, extract
from bridge.media.download import as_file
from bridge.media.errors import Unreadable
from bridge.media.public_web import PublicWeb

MAX_PAGE_BYTES = 3_000_000
PAGE_SECONDS = 20.0
MAX_PAGE_CHARACTERS = 20_000
_ACCEPT = "text/html, text/plain, application/json, application/pdf;q=0.9, */*;q=0.5"


class WebPages:
    def __init__(self, web: PublicWeb | None = None) -> None:
        self._web = web or PublicWeb()

    async def read(self, url: str) -> str:
        """Return what the page or the document at `url` says, as Markdown. Raises Unreadable, with why as its kind."""
        try:
            found = await self._web.get(url, _ACCEPT, MAX_PAGE_BYTES, PAGE_SECONDS)
        except TimeoutError:
            raise Unreadable("it did not come in time") from None
        except ValueError as error:
            raise Unreadable(str(error)) from None
        except (aiohttp.ClientError, OSError) as error:
            # An address of a private network comes as an error of the resolver; nothing more is said of either.
            raise Unreadable(f"it cannot be reached ({type(error).__name__})") from None
        with as_file(found.content) as file:
            name = found.url.partition("?")[0].rpartition("/")[2][-100:]
            limits = ExtractLimits(max_chars=MAX_PAGE_CHARACTERS, max_bytes=MAX_PAGE_BYTES)
            try:
                text = await extract(file, name=name, mime=found.mime, limits=limits)
            except ExtractError as error:
                raise Unreadable(f"it cannot be read as text ({error.kind})") from None
        return f"{found.url}\n\n{text.text}" + ("\n\n[The page is longer.]" if text.truncated else "")
