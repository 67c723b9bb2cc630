"""Discord seen through people's eyes: one server, its channels with a thread each, people's direct messages."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Self

from aiohttp import web

from bridge.types import Chat, User
from tests.emulators.discord import hostile
from tests.emulators.discord.gateway import Gateway
from tests.emulators.discord.interactions import BUTTON, COMMAND, LOADING, SUGGEST, Interactions
from tests.emulators.discord.rest import Rest
from tests.emulators.discord.screen import show
from tests.emulators.discord.world import SUPPRESS_EMBEDS, Payload, Said, World
from tests.platform import Bubble, Place, SharedFile, Voice

CROSSPOSTED = 1 << 1
"""A message's flag: it was published in another channel, which this one follows."""
COMING_ONLINE = 5.0
"""Seconds that a person waits for a bot which has logged in but is not connected yet."""


class DiscordPlatform:
    """`speed` divides the seconds of Discord's rate limits, and of the pause that the bot is told to make.

    `message_content` tells whether the privileged intent is switched on in the developer portal.
    """

    channel = "discord"
    bubble_length = 2000
    shows_typing = True

    def __init__(self, *, speed: float = 10.0, message_content: bool = True, heartbeat: float = 5.0) -> None:
        self.world = World(lambda: f"http://127.0.0.1:{self.port}")
        self.world.message_content_granted = message_content
        self.token = f"{self.world.bot['id']}.loopback.not-a-real-token"
        self.secrets: Sequence[str] = (self.token,)
        self._speed = speed
        self.gateway = Gateway(self.world, self.token, lambda: self._gateway_url, heartbeat)
        self.interactions = Interactions(
            self.world,
            self.gateway,
            lambda *args, **more: self.rest.publish(*args, **more),
            lambda *args: self.rest.rewrite(*args),
        )
        self.rest = Rest(
            self.world,
            self.gateway,
            self.interactions,
            self.token,
            edits=(5, 5.0 / speed),
            posts=(5, 5.0 / speed),
            old_edits=(3, 20.0 / speed),
        )
        self.port = 0

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 << 20, middlewares=[self.rest.middleware])
        self.rest.routes(app)
        app.router.add_get("/", self.gateway.serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.gateway.cut(1001)
        await self._runner.cleanup()

    @property
    def _gateway_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/"

    def environment(self) -> dict[str, str]:
        return {
            "DISCORD_TOKEN": self.token,
            "DISCORD_API_URL": f"http://127.0.0.1:{self.port}/api/v10",
            "DISCORD_GATEWAY_URL": self._gateway_url,
            "DISCORD_EDIT_INTERVAL": str(1.25 / self._speed),
        }

    def user(self, who: str = "mia") -> User:
        person = self.world.person(who)
        return User("discord", person["id"], person["global_name"])

    def chat(self, place: Place = "direct", who: str = "mia") -> Chat:
        if place == "direct":
            return Chat("discord", self.user(who).id, direct=True)
        group, topic = self._room(place)
        return Chat("discord", group, thread=topic)

    def place(self, place: Place = "direct", who: str = "mia") -> str:
        """The id of the channel that `place` is."""
        if place == "direct":
            return self.world.dm(self.world.person(who)["id"])
        group, topic = self._room(place)
        return topic or group

    def _room(self, place: Place) -> tuple[str, str]:
        """The channel that `place` is or lies in, and its thread where it is one."""
        kind, _, name = place.partition(":")
        group, topic = self.world.room(name) if name else (self.world.group, self.world.topic)
        return group, topic if kind == "topic" else ""

    async def say(
        self,
        text: str,
        *,
        who: str = "mia",
        place: Place = "direct",
        mention: bool = False,
        reply_to: str = "",
        voice: Voice = "person",
        forwarded: bool = False,
        files: Sequence[SharedFile] = (),
        ago: float = 0.0,
        **more: Any,
    ) -> str:
        """As `Platform.say`; `ago` seconds earlier than now, with `more` of the API's own fields.

        Who sees a bot that is just coming online waits for its dot to turn green.
        """
        await self._online()
        author = self.world.person(who)
        if voice == "group":
            raise LookupError("nobody speaks as a server on Discord")
        if voice in ("bot", "channel"):
            author = {**author, "bot": True}
        if voice == "channel":  # a post of a channel that is followed comes through a webhook
            more |= {"webhook_id": author["id"], "flags": CROSSPOSTED}
        if mention:
            text = self._addressed(text)
        cdn = self.world.cdn
        stickers = [
            cdn.sticker(file.name, file.content, moves=file.mime != "image/png")
            for file in files
            if file.kind == "sticker"
        ]
        if stickers:
            more["sticker_items"] = stickers
        attachments = [
            cdn.keep(file.name, file.content, mime=file.mime, description=file.caption)
            for file in files
            if file.kind != "sticker"
        ]
        if forwarded:
            more |= self.world.forwarded(text, attachments)
            text = ""
        elif attachments:
            more["attachments"] = attachments
        if reply_to:
            target = self.world.messages.get(reply_to)
            reference = {"message_id": reply_to, "channel_id": self.place(place, who)}
            more |= {
                "type": 19,
                "message_reference": reference,
                "referenced_message": self.world.seen_by_bot(target.payload) if target else None,
            }
        loop_time = asyncio.get_running_loop().time()
        said = self.world.say(self.place(place, who), author, text, loop_time, ago=ago, **more)
        await self.gateway.message_create(said.payload)
        return said.id

    async def edit(
        self, message: str, text: str, *, who: str = "mia", place: Place = "direct", mention: bool = False
    ) -> None:
        said = self.world.messages[message]
        now = asyncio.get_running_loop().time()
        self.world.rewrite(said, self._addressed(text) if mention else text, now)
        await self.gateway.message_update(said.payload)

    async def touch(self, message: str, **fields: Any) -> None:
        """Discord changes something about a message that its author did not write: a preview, a pin, a thread."""
        said = self.world.messages[message]
        said.payload |= fields
        await self.gateway.message_update(said.payload)

    async def delete(self, message: str, *, who: str = "mia", place: Place = "direct") -> None:
        await self.purge([message])

    async def purge(self, messages: Sequence[str]) -> None:
        """Somebody takes messages of one channel away, all at once."""
        said = [self.world.messages[each] for each in messages]
        for each in said:
            self.world.delete(each)
        await self.gateway.message_delete(said[0].channel, messages)

    def _addressed(self, text: str) -> str:
        return f"<@{self.world.bot['id']}> {text}"

    async def _online(self) -> None:
        """Wait while a bot has logged in and is not connected yet."""
        loop = asyncio.get_running_loop()
        patience = loop.time() + COMING_ONLINE
        while self.rest.login_at > self.gateway.lost_at and not self.gateway.connected and loop.time() < patience:
            await asyncio.sleep(0.01)

    async def press(
        self, bubble: str, label: str, *, who: str = "mia", place: Place = "direct", command: str = ""
    ) -> None:
        await self._online()
        said = self.world.messages[bubble]
        button = next(each for each in _buttons(said.payload) if each["label"] == label)
        data = {"custom_id": f"0:{command}" if command else button["custom_id"], "component_type": 2}
        person = self.world.person(who)
        await self.interactions.begin(BUTTON, said.channel, person, data, message=said.payload)

    async def react(self, bubble: str, *, who: str = "mia", place: Place = "direct", down: bool = True) -> None:
        await self._online()
        said, person = self.world.messages[bubble], self.world.person(who)
        await self.gateway.message_reaction_add(said.payload, person, "👎🏿" if down else "👍")

    async def slash(
        self, command: str, argument: str = "", *, who: str = "mia", place: Place = "direct", voice: Voice = "person"
    ) -> None:
        """A person picks a command from the menu; returns once it is acknowledged, or has failed."""
        if voice != "person":
            raise LookupError("only people pick a command")
        person = self.world.person(who)
        data = self._command(command, argument)
        await self.interactions.begin(COMMAND, self.place(place, who), person, data)

    async def suggestions(
        self, command: str, typed: str, *, who: str = "mia", place: Place = "direct"
    ) -> list[tuple[str, str]]:
        """What is offered while a person types a command's argument: names and values."""
        data = self._command(command, typed)
        data["options"][0]["focused"] = True
        person = self.world.person(who)
        interaction = await self.interactions.begin(SUGGEST, self.place(place, who), person, data)
        return [(each["name"], each["value"]) for each in interaction.response["data"]["choices"]]

    def _command(self, name: str, argument: str) -> Payload:
        command = next((each for each in self.rest.commands if each["name"] == name), None)
        if command is None:
            raise LookupError(f"the menu does not list /{name}")
        data: Payload = {"id": command["id"], "name": name, "type": 1}
        if command.get("options"):
            option = {"name": command["options"][0]["name"], "type": 3, "value": argument}
            data["options"] = [option] if argument or command["options"][0].get("autocomplete") else []
        return data

    def bubbles(self, place: Place = "direct", who: str = "mia") -> list[Bubble]:
        return self._seen(place, who, [*self.world.messages.values(), *self.world.ephemeral.values()])

    def ever_shown(self, place: Place = "direct", who: str = "mia") -> list[Bubble]:
        """As `bubbles`, with those that have been deleted since."""
        world = self.world
        return self._seen(place, who, [*world.messages.values(), *world.ephemeral.values(), *world.deleted])

    def _seen(self, place: Place, who: str, said: Sequence[Said]) -> list[Bubble]:
        here, person = self.place(place, who), self.world.person(who)["id"]
        own = [m for m in said if m.channel == here and m.payload["author"] is self.world.bot]
        seen = [m for m in own if m.only_for in ("", person)]
        return [self._bubble(m) for m in sorted(seen, key=lambda m: int(m.id))]

    def _bubble(self, said: Said) -> Bubble:
        screen = show(said.content, self.world.names)
        return Bubble(
            id=said.id,
            text=screen.text,
            code=screen.code,
            buttons=[button["label"] for button in _buttons(said.payload)],
            reply_to=str(said.payload.get("message_reference", {}).get("message_id", "")),
            writes=[(at, show(content, self.world.names).text) for at, content in said.writes],
            streaming=bool(said.payload["flags"] & LOADING),
            aside=screen.aside,
            files=[self.world.cdn.shared(each) for each in said.payload["attachments"]],
        )

    def typing(self, place: Place = "direct", who: str = "mia") -> int:
        return self.rest.typing[self.place(place, who)]

    async def redeliver(self, message: str) -> None:
        await self.gateway.message_create(self.world.messages[message].payload)

    async def hostile(self) -> int:
        await self._online()
        events = list(hostile.events(self.world))
        for event, data in events:
            await self.gateway.dispatch(event, data)
        return len(events)

    def flood(self, seconds: float, times: int = 1) -> None:
        self.rest.floods += [seconds] * times

    def lose_answers(self, times: int = 1) -> None:
        self.rest.lost_answers += times

    def drop_requests(self, times: int = 1) -> None:
        self.rest.dropped_requests += times

    @property
    def downloads(self) -> int:
        return len(self.world.cdn.downloads)

    @property
    def refusals(self) -> int:
        return len(self.rest.refused)

    def pinged(self) -> list[str]:
        """Everyone whom a message of the bot's has notified by name."""
        return [each for said in self.world.messages.values() for each in said.pinged]

    def previews(self) -> int:
        """How many of the bot's messages show a preview of a link."""
        own = [said for said in self.world.messages.values() if said.payload["author"] is self.world.bot]
        return sum(show(said.content, {}).unfurls and not said.payload["flags"] & SUPPRESS_EMBEDS for said in own)


def _buttons(message: Payload) -> list[Payload]:
    return [button for row in message["components"] for button in row["components"]]
