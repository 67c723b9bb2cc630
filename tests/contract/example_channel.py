"""A whole channel for Courier, a made-up platform: plain text, no edits, no buttons, direct chats and groups."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Self, TypeVar

import httpx
import msgspec
import structlog
from msgspec import Struct
from pydantic import SecretStr

from bridge.channel import Channel, Command, Host, Limits, Memory
from bridge.channel_settings import ChannelSettings
from bridge.diagnostics import Diagnostic, SettingPrompt
from bridge.errors import ChannelError, Gone, RateLimited, Refused, TooLong, Unsure
from bridge.inbound import Deleted, Edited, Inbound, Said
from bridge.types import Attachment, AttachmentKind, Body, Chat, User
from bridge.words import Language
from channels.kit.probe import Probe, Unreachable
from channels.kit.text import clean

log = structlog.get_logger(__name__)
T = TypeVar("T")

MAX_LENGTH = 1000
"""Characters of one message."""
EDIT_INTERVAL_SECONDS = 1.0
POLL_SECONDS = 20
"""How long the server holds a request for events while there are none."""
RETRY_SECONDS = 2.0
CURSOR = "cursor"
"""What `Memory` calls our place in the platform's list of events."""


class Settings(ChannelSettings):
    """Read from the environment and `.env`."""

    required: ClassVar[tuple[str, ...]] = ("courier_token",)

    courier_token: SecretStr = SecretStr("")
    courier_url: str = "https://api.courier.example"

    def open_channel(self, memory: Memory) -> Channel:
        http = httpx.AsyncClient(
            base_url=self.courier_url,
            headers=self._headers(),
            proxy=self.proxy_for(self.courier_url) or None,
            trust_env=False,
            timeout=POLL_SECONDS + 10,
        )
        return Courier(http, memory)

    @classmethod
    def questions(cls, language: Language) -> Sequence[SettingPrompt]:
        return [
            SettingPrompt("COURIER_TOKEN", "Token of the bot", "Courier, Settings, Bots", "40 letters", secret=True)
        ]

    async def check(self, language: Language, *, thorough: bool) -> AsyncIterator[Diagnostic]:
        proxy = self.proxy_for(self.courier_url)
        async with Probe(self.courier_url, headers=self._headers(), proxy=proxy) as api:
            try:
                me = await api.get("/me")
            except Unreachable:
                yield Diagnostic("wrong", "courier", f"{self.courier_url} does not answer.", "Check COURIER_URL.")
                return
        if me.status == 200:
            yield Diagnostic("ok", "courier", "The token works.")
        else:
            yield Diagnostic("wrong", "courier", "The token is not accepted.", "Make a new one: Settings, Bots.")

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.courier_token.get_secret_value()}"}


class _File(Struct):
    id: str
    name: str
    mime: str = ""
    size: int = 0


class _Event(Struct):
    """One thing that happened, as the platform tells it; `group` is empty in a direct chat."""

    kind: str
    id: str
    sender: str
    at: float
    name: str = ""
    group: str = ""
    text: str = ""
    to_bot: bool = False
    replies_to: str = ""
    file: _File | None = None


class _Events(Struct):
    events: list[Any]
    next: str


class _Id(Struct):
    id: str


class Courier:
    name = "courier"

    def __init__(self, http: httpx.AsyncClient, memory: Memory) -> None:
        self.account = ""
        self.set_aside = 0
        self._http = http
        self._memory = memory

    async def __aenter__(self) -> Self:
        try:
            self.account = (await self.call("GET", "/me", _Id)).id
        except BaseException:
            await self._http.aclose()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._http.aclose()

    def limits(self, chat: Chat) -> Limits:
        return Limits(MAX_LENGTH, EDIT_INTERVAL_SECONDS, "none")

    async def listen(self, host: Host) -> AsyncGenerator[Sequence[Inbound], None]:
        while True:
            after = await self._memory.get(CURSOR)
            try:
                found = await self.call("GET", "/events", _Events, params={"after": after, "wait": POLL_SECONDS})
            except Refused:
                raise
            except ChannelError as error:
                log.info("courier not heard", error=str(error))
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if batch := [event for raw in found.events if (event := self._read(raw)) is not None]:
                yield batch
            # Here the next batch has been asked for: the last one is in the inbox, and need not come again.
            await self._memory.put(CURSOR, found.next)

    def _read(self, raw: object) -> Inbound | None:
        """What one event means to us; None where it is not understood, which is counted."""
        try:
            event = msgspec.convert(raw, _Event)
        except msgspec.ValidationError:
            self.set_aside += 1
            log.warning("courier event unreadable")
            return None
        chat = Chat(self.name, f"#{event.group}") if event.group else Chat(self.name, event.sender, direct=True)
        match event.kind:
            case "said":
                return self._said(event, chat)
            case "edited":
                return Edited(self._said(event, chat))
            case "deleted":
                return Deleted(event.id, chat)
            case _:
                self.set_aside += 1
                return None

    def _said(self, event: _Event, chat: Chat) -> Said:
        attachments: tuple[Attachment, ...] = ()
        if (file := event.file) is not None:
            kind: AttachmentKind = "image" if file.mime.startswith("image/") else "file"
            attachments = (Attachment(kind, file.name, file.id, file.mime, file.size),)
        return Said(
            event.id,
            chat,
            User(self.name, event.sender, event.name),
            event.text,
            addressed=chat.direct or event.to_bot or event.text.startswith("/"),
            quoted=event.replies_to,
            attachments=attachments,
            sent_at=event.at,
        )

    async def post(
        self, chat: Chat, body: Body, *, key: str, reply_to: str = "", final: bool, retry: bool = False
    ) -> CourierMessage:
        # Courier drops the second message of a key, so `retry` needs nothing more.
        message = {"to": chat.id, "text": _plain(body), "key": key, "replies_to": reply_to}
        return CourierMessage(self, (await self.call("POST", "/messages", _Id, json=message)).id)

    def posted(self, chat: Chat, ref: str) -> CourierMessage:
        return CourierMessage(self, ref)

    async def fetch(self, attachment: Attachment) -> AsyncGenerator[bytes, None]:
        try:
            async with self._http.stream("GET", f"/files/{attachment.ref}") as response:
                _raise_for(response)
                async for piece in response.aiter_bytes():
                    yield piece
        except httpx.HTTPError as error:
            raise ChannelError(f"the file stopped coming: {type(error).__name__}") from None

    async def typing(self, chat: Chat) -> None:
        """Courier shows nothing of the kind."""

    async def publish(self, commands: Sequence[Command], admins: Sequence[User]) -> None:
        """Courier has no menu."""

    async def branch(self, chat: Chat, title: str) -> Chat | None:
        return None

    def hint(self, chat: Chat, language: str) -> str:
        return ""

    def link(self, code: str) -> str:
        return ""

    async def call(self, method: str, path: str, kind: type[T], **content: Any) -> T:
        """Return the platform's answer, JSON of that kind. Raises ChannelError and what is below it."""
        try:
            response = await self._http.request(method, path, **content)
        except httpx.ConnectError:
            raise ChannelError("Courier cannot be reached") from None
        except httpx.HTTPError as error:
            raise Unsure(f"Courier's answer was lost: {type(error).__name__}") from None
        _raise_for(response)
        try:
            return msgspec.json.decode(response.content, type=kind)
        except ValueError:
            raise Unsure("Courier's answer cannot be read") from None


class CourierMessage:
    def __init__(self, courier: Courier, ref: str) -> None:
        self.ref = ref
        self._courier = courier

    async def edit(self, body: Body, *, final: bool) -> None:
        raise Refused("a message on Courier cannot be edited")

    async def delete(self) -> None:
        with suppress(Gone):
            await self._courier.call("DELETE", f"/messages/{self.ref}", _Id)


def _plain(body: Body) -> str:
    """The body as plain text: the aside as a quotation above the text, as far as there is room for it."""
    text, aside = clean(body.text), clean(body.aside)
    quoted = "\n".join(f"> {line}" for line in aside.splitlines())[: max(0, MAX_LENGTH - len(text) - 2)]
    return f"{quoted}\n\n{text}" if quoted else text


def _raise_for(response: httpx.Response) -> None:
    """Translate a status into the bridge's errors: here and nowhere else."""
    match response.status_code:
        case status if status < 300:
            return
        case 401 | 403:
            raise Refused("Courier does not accept COURIER_TOKEN")
        case 404:
            raise Gone("Courier no longer has it")
        case 413:
            raise TooLong("Courier finds the text too long")
        case 429:
            raise RateLimited(float(response.headers.get("Retry-After", RETRY_SECONDS)))
        case status if status < 500:
            raise Refused(f"Courier refuses: {status}")
        case status:
            raise Unsure(f"Courier failed: {status}")
