"""Files that come with a message: named by a ref when they are heard, downloaded when they are wanted.

Discord signs the links of attachments, and they expire; a message that is asked for again brings fresh ones
(https://docs.discord.com/developers/reference#signed-attachment-cdn-urls; a day, as people measured). So a ref holds
no link but the ids of the channel, the message and the attachment.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import discord

from bridge.errors import ChannelError, Gone, Refused, Unsure
from bridge.types import Attachment, AttachmentKind
from channels.discord.calls import call
from channels.discord.settings import OFFICIAL, Settings

CDN_HOSTS = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
"""Where Discord keeps attachments."""
CHUNK_BYTES = 64 * 1024
SILENCE_SECONDS = 20.0
"""Seconds without a byte after which a download has failed."""
_REF = re.compile(r"(\d{1,20})/(\d{1,20})/(\d{1,20})")
_STICKER = re.compile(r"sticker/(\d{1,20})")
_KINDS: dict[str, AttachmentKind] = {"image": "image", "audio": "audio", "video": "video"}


def attachments_of(message: discord.Message, *, quoted: bool = False) -> tuple[Attachment, ...]:
    """The files of a message, those of a message that it forwards, and its stickers; `quoted` as in `Attachment`."""
    ours: list[discord.Attachment] = list(message.attachments)
    stickers: list[discord.StickerItem] = list(message.stickers)
    for forwarded in message.message_snapshots:
        ours += forwarded.attachments
        stickers += forwarded.stickers
    files = [_file(each, f"{message.channel.id}/{message.id}/{each.id}", quoted) for each in ours]
    return (*files, *(_sticker(each, quoted) for each in stickers))


def _sticker(sticker: discord.StickerItem, quoted: bool) -> Attachment:
    """One in PNG or APNG is a picture; one in Lottie or GIF moves, and goes by its name.

    https://docs.discord.com/developers/resources/sticker#sticker-object-sticker-format-types, and
    https://docs.discord.com/developers/reference#image-formatting: both kinds of PNG end in ``.png``.
    """
    if sticker.format in (discord.StickerFormatType.png, discord.StickerFormatType.apng):
        return Attachment("sticker", sticker.name, f"sticker/{sticker.id}", "image/png", quoted=quoted)
    return Attachment("sticker", sticker.name, quoted=quoted)


def _file(attachment: discord.Attachment, ref: str, quoted: bool) -> Attachment:
    mime = (attachment.content_type or "").partition(";")[0].strip().lower()
    return Attachment(
        kind=_KINDS.get(mime.partition("/")[0], "file"),
        name=_name(attachment),
        ref=ref,
        mime=mime,
        size=attachment.size,
        seconds=attachment.duration or 0.0,
        quoted=quoted,
    )


def _name(attachment: discord.Attachment) -> str:
    """The file's name as its sender knows it: `filename` has lost whatever is not ASCII, `title` has no ending."""
    return attachment.title + PurePath(attachment.filename).suffix if attachment.title else attachment.filename


class Downloads:
    """Fetches attachments, from Discord's own servers only."""

    def __init__(self, client: discord.Client, settings: Settings) -> None:
        self._client, self._settings = client, settings

    async def fetch(self, attachment: Attachment) -> AsyncGenerator[bytes]:
        """As `Channel.fetch`."""
        if sticker := _STICKER.fullmatch(attachment.ref):
            url = f"{self._cdn}/stickers/{sticker[1]}.png"
        elif found := _REF.fullmatch(attachment.ref):
            channel, message, file = (int(each) for each in found.groups())
            url = await self._link(channel, message, file)
        else:
            raise Refused("this attachment has nothing that can be downloaded")
        if not self._is_ours(url):
            raise Refused("Discord names a server for an attachment that is not one of its own")
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=SILENCE_SECONDS, sock_read=SILENCE_SECONDS)
        proxy = self._settings.proxy_for(url) or None
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as http,
                http.get(url, proxy=proxy, allow_redirects=False) as answer,
            ):
                if answer.status in (403, 404, 410):
                    raise Gone(f"Discord no longer has the attachment ({answer.status})")
                if answer.status != 200:
                    raise ChannelError(f"Discord answered {answer.status} for an attachment")
                async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
                    yield chunk
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unsure(f"a download from Discord broke off: {type(error).__name__}") from None

    async def _link(self, channel: int, message: int, file: int) -> str:
        """A fresh link to the attachment. Raises Gone where the message no longer has it."""
        payload: Mapping[str, Any] = await call(self._client.http.get_message(channel, message))
        for each in _attachments(payload):
            if str(each.get("id")) == str(file):
                return str(each.get("url", ""))
        raise Gone("the message no longer has the attachment")

    @property
    def _cdn(self) -> str:
        """Where stickers are: Discord's own server, or the one that takes its place."""
        if self._settings.discord_api_url == OFFICIAL:
            return "https://cdn.discordapp.com"
        parts = urlsplit(self._settings.discord_api_url)
        return f"{parts.scheme}://{parts.netloc}"

    def _is_ours(self, url: str) -> bool:
        """Whether `url` leads to Discord, or to the server that takes its place."""
        parts, api = urlsplit(url), urlsplit(self._settings.discord_api_url)
        if parts.scheme == "https" and parts.hostname in CDN_HOSTS:
            return True
        return self._settings.discord_api_url != OFFICIAL and (parts.scheme, parts.netloc) == (api.scheme, api.netloc)


def _attachments(payload: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    snapshots: Sequence[Mapping[str, Any]] = payload.get("message_snapshots") or ()
    for holder in (payload, *(each.get("message") or {} for each in snapshots)):
        yield from holder.get("attachments") or ()
