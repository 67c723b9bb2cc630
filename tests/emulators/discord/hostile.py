"""Events that Discord should never send: fields missing, of the wrong kind, enormous. None can be understood."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.emulators.discord.world import World

HUGE = "9" * 4000
LONG = "word " * 200_000


def events(world: World) -> Iterator[tuple[str, Any]]:
    """Each event's name and data."""
    mia = world.person("mia")
    here = world.dm(mia["id"])
    good: dict[str, Any] = {
        "id": world.snowflake(),
        "channel_id": here,
        "author": mia,
        "content": "hello",
        "timestamp": "2026-11-21T00:00:00+00:00",
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "pinned": False,
        "type": 0,
    }
    yield "MESSAGE_CREATE", None
    yield "MESSAGE_CREATE", []
    yield "MESSAGE_CREATE", {}
    for name in ("id", "channel_id", "author"):
        yield "MESSAGE_CREATE", {key: value for key, value in good.items() if key != name}
    yield "MESSAGE_CREATE", {**good, "id": "not a number"}
    yield "MESSAGE_CREATE", {**good, "id": HUGE, "content": LONG}
    yield "MESSAGE_CREATE", {**good, "content": None}
    yield "MESSAGE_CREATE", {**good, "content": {"text": "hello"}}
    yield "MESSAGE_CREATE", {**good, "author": "mia", "content": LONG}
    yield "MESSAGE_CREATE", {**good, "author": {"id": None}}
    yield "MESSAGE_CREATE", {**good, "mentions": 7}
    yield "MESSAGE_CREATE", {**good, "attachments": [{"id": "1"}]}
    yield "MESSAGE_CREATE", {**good, "message_reference": "that one"}
    yield (
        "MESSAGE_CREATE",
        {**good, "guild_id": world.guild, "channel_id": world.group, "member": {"roles": [None]}},
    )
    yield "MESSAGE_UPDATE", None
    yield "MESSAGE_UPDATE", {}
    yield "MESSAGE_UPDATE", {**good, "author": None}
    yield "MESSAGE_UPDATE", {**good, "content": None, "edited_timestamp": "yesterday"}
    yield "MESSAGE_DELETE", None
    yield "MESSAGE_DELETE", {"id": good["id"]}
    yield "MESSAGE_DELETE", {"id": [], "channel_id": here}
    yield "MESSAGE_DELETE_BULK", {"ids": [LONG[:20]], "channel_id": here}
    button: dict[str, Any] = {"id": world.snowflake(), "application_id": world.bot["id"], "type": 3, "token": "x"}
    yield "INTERACTION_CREATE", None
    yield "INTERACTION_CREATE", button
    yield "INTERACTION_CREATE", {**button, "type": "three", "data": LONG}
    yield "INTERACTION_CREATE", {**button, "user": mia, "channel_id": here, "version": 1, "data": {}}
