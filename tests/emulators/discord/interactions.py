"""Slash commands, buttons and suggestions: each waits three seconds to be acknowledged, then has failed."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.emulators.discord import faults
from tests.emulators.discord.checks import check_message, check_suggestions
from tests.emulators.discord.faults import Fault, answer
from tests.emulators.discord.gateway import Gateway
from tests.emulators.discord.world import Payload, Said, World

COMMAND, BUTTON, SUGGEST = 2, 3, 4
"""Types of interactions."""
MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE, SUGGESTIONS = 4, 5, 6, 7, 8
"""Types of acknowledgements."""
EPHEMERAL, LOADING = 1 << 6, 1 << 7
ALLOWED = {
    COMMAND: (MESSAGE, DEFERRED_MESSAGE),
    BUTTON: (MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE),
    SUGGEST: (SUGGESTIONS,),
}


@dataclass
class Interaction:
    payload: Payload
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)
    expired: bool = False
    response: Payload = field(default_factory=dict)
    message: Said | None = None
    born: float = field(default_factory=time.monotonic)

    @property
    def person(self) -> Payload:
        found: Payload = self.payload["member"]["user"] if "member" in self.payload else self.payload["user"]
        return found


class Interactions:
    def __init__(
        self, world: World, gateway: Gateway, publish: Callable[..., Said], rewrite: Callable[[Said, Payload], None]
    ) -> None:
        self._world, self._gateway, self._publish, self._rewrite = world, gateway, publish, rewrite
        self._open: dict[str, Interaction] = {}
        self.deadline = 3.0
        """Seconds for an acknowledgement."""
        self.token_lives = 900.0
        """Seconds for which a response can be changed by its interaction's token."""
        self.failed = 0
        """How often a person was told that the application did not respond."""

    @property
    def open(self) -> list[Interaction]:
        """All that were begun, in order."""
        return list(self._open.values())

    async def begin(self, kind: int, channel: str, person: Payload, data: Payload, **more: Any) -> Interaction:
        """A person does something; returns once the bot has acknowledged it, or has failed to in time."""
        world = self._world
        whole = world.channel(channel)
        assert whole is not None
        payload: Payload = {
            "id": world.snowflake(),
            "application_id": world.bot["id"],
            "type": kind,
            "token": secrets.token_hex(16),
            "version": 1,
            "channel_id": channel,
            "channel": {**whole, "permissions": "0"},
            "locale": "zh-CN" if person["username"] == "wei" else "en-US",
            "entitlements": [],
            "authorizing_integration_owners": {"0": world.guild if world.in_guild(channel) else "0"},
            "context": 0 if world.in_guild(channel) else 1,
            "app_permissions": "0",
            "attachment_size_limit": 10 << 20,
            "data": data,
            **more,
        }
        if world.in_guild(channel):
            payload |= {"guild_id": world.guild, "member": {**world.member(person), "permissions": "0"}}
        else:
            payload["user"] = person
        interaction = self._open[payload["id"]] = Interaction(payload)
        await self._gateway.dispatch("INTERACTION_CREATE", payload)
        try:
            await asyncio.wait_for(interaction.acknowledged.wait(), self.deadline)
        except TimeoutError:
            interaction.expired = True
            self.failed += 1
        return interaction

    async def callback(self, request: web.Request) -> web.Response:
        interaction = self._open.get(request.match_info["interaction"])
        if interaction is None or interaction.expired or interaction.payload["token"] != request.match_info["secret"]:
            raise Fault(404, faults.UNKNOWN_INTERACTION, "Unknown interaction")
        if interaction.acknowledged.is_set():
            raise Fault(400, faults.ALREADY_ACKNOWLEDGED, "Interaction has already been acknowledged.")
        body = await request.json()
        if body["type"] not in ALLOWED[interaction.payload["type"]]:
            raise faults.form_fault("type", "ENUM_TYPE_COERCE", "Not an answer to this kind of interaction")
        interaction.response = body
        self._carry_out(interaction, body["type"], body.get("data") or {})
        interaction.acknowledged.set()
        told: Payload = {"id": interaction.payload["id"], "type": interaction.payload["type"]}
        if interaction.message is None:
            return answer({"interaction": told})
        told |= {"response_message_id": interaction.message.id, "response_message_loading": body["type"] == 5}
        if not interaction.message.only_for:
            await self._gateway.message_create(interaction.message.payload)
        resource = {"type": body["type"], "message": interaction.message.payload}
        return answer({"interaction": told, **({"resource": resource} if body["type"] == MESSAGE else {})})

    def _carry_out(self, interaction: Interaction, kind: int, data: Payload) -> None:
        payload = interaction.payload
        if kind == SUGGESTIONS:
            check_suggestions(data["choices"])
        elif kind in (MESSAGE, DEFERRED_MESSAGE):
            loading = kind == DEFERRED_MESSAGE
            if not loading:
                check_message(data)
            flags = int(data.get("flags") or 0) | (LOADING if loading else 0)
            about = {
                "id": payload["id"],
                "type": payload["type"],
                "user": interaction.person,
                "authorizing_integration_owners": payload["authorizing_integration_owners"],
            }
            interaction.message = self._publish(
                payload["channel_id"], {**data, "flags": flags}, type=20, interaction_metadata=about
            )
            if flags & EPHEMERAL:
                self._world.show_only_to(interaction.person["id"], interaction.message)
        elif kind == UPDATE:
            said = self._world.messages[payload["message"]["id"]]
            check_message(data, before=said.payload)
            self._rewrite(said, data)

    async def edit_original(self, request: web.Request) -> web.Response:
        said = self._original(request)
        body = await request.json()
        check_message(body, before=said.payload)
        said.payload["flags"] &= ~LOADING
        self._rewrite(said, {key: body[key] for key in ("content", "components") if key in body})
        return answer(said.payload)

    async def delete_original(self, request: web.Request) -> web.Response:
        self._world.delete(self._original(request))
        return web.Response(status=204)

    def _original(self, request: web.Request) -> Said:
        """The response of the interaction whose token this is, be it one that only one person sees."""
        token = request.match_info["secret"]
        interaction = next((each for each in self.open if each.payload["token"] == token), None)
        if interaction is None or not interaction.acknowledged.is_set():
            raise Fault(404, faults.UNKNOWN_WEBHOOK, "Unknown Webhook")
        if time.monotonic() - interaction.born > self.token_lives:
            raise Fault(401, faults.BAD_WEBHOOK_TOKEN, "Invalid Webhook Token")
        said = interaction.message
        if said is None or (said.id not in self._world.messages and said.id not in self._world.ephemeral):
            raise Fault(404, faults.UNKNOWN_MESSAGE, "Unknown Message")
        return said
