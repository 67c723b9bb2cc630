"""One Discord server with people on it: ids, users, channels and messages, in the shapes the API gives them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.emulators.discord.cdn import Cdn
from tests.emulators.discord.cdn import Payload as Payload

EPOCH_MS = 1420070400000
"""Discord's ids count milliseconds since the first second of 2015, shifted by 22 bits."""
MESSAGE_CONTENT = 1 << 15
MESSAGE_CONTENT_GRANTED = 1 << 19
"""An application's flag: the intent is switched on in the developer portal (for a bot in few servers)."""
SUPPRESS_EMBEDS = 1 << 2
TEXT, DM, THREAD = 0, 1, 11
EVERYTHING = str((1 << 50) - 1)


@dataclass
class Said:
    """A message as the server keeps it, with what the API does not tell."""

    payload: Payload
    born: float
    pinged: list[str] = field(default_factory=list)
    """Who was notified by a mention of the bot's."""
    only_for: str = ""
    """The id of the one person who sees it; empty where everybody does who sees its channel."""
    writes: list[tuple[float, str]] = field(default_factory=list)
    """Each content it has had, with the loop's time."""

    @property
    def id(self) -> str:
        return str(self.payload["id"])

    @property
    def channel(self) -> str:
        return str(self.payload["channel_id"])

    @property
    def content(self) -> str:
        return str(self.payload["content"])


class World:
    def __init__(self, url: Callable[[], str]) -> None:
        """`url` is where it can be reached."""
        self._last = 0
        self.cdn = Cdn(url, self.snowflake)
        self.bot = self._person("cherry", bot=True)
        self.people: dict[str, Payload] = {}
        self.threads: dict[str, str] = {}
        """The names of threads that were opened since."""
        self.guild = self.snowflake(ago=90 * 86400)
        self.bot_role = self.snowflake(ago=90 * 86400)
        self.groups: dict[str, tuple[str, str]] = {}
        """Channels by name, each with a thread in it."""
        self.group, self.topic = self.room("")
        self.direct: dict[str, str] = {}
        """DM channels, by person's id."""
        self.messages: dict[str, Said] = {}
        self.ephemeral: dict[str, Said] = {}
        """Messages that one person sees: they are in no channel's history and cannot be reached through it."""
        self.deleted: list[Said] = []
        self.message_content_granted = True

    def snowflake(self, ago: float = 0.0) -> str:
        wanted = (int((time.time() - ago) * 1000) - EPOCH_MS) << 22
        if ago:
            self._last += 1
            return str(wanted + self._last % 4096)
        self._last = max(wanted, self._last + 1)
        return str(self._last)

    def _person(self, name: str, *, bot: bool = False) -> Payload:
        return {
            "id": self.snowflake(ago=365 * 86400),
            "username": name,
            "global_name": None if bot else name.capitalize(),
            "discriminator": "0",
            "avatar": None,
            "bot": bot,
        }

    def person(self, who: str) -> Payload:
        if who not in self.people:
            self.people[who] = self._person(who)
        return self.people[who]

    def room(self, name: str) -> tuple[str, str]:
        """The channel of this name and its thread. Those that are there before a bot connects are told it then."""
        if name not in self.groups:
            self.groups[name] = self.snowflake(ago=90 * 86400), self.snowflake(ago=30 * 86400)
        return self.groups[name]

    def dm(self, person: str) -> str:
        """The DM channel of the bot and the person with this id; it comes to be when it is asked for."""
        if person not in self.direct:
            self.direct[person] = self.snowflake()
        return self.direct[person]

    @property
    def names(self) -> Mapping[str, str]:
        return {user["id"]: user["global_name"] or user["username"] for user in [self.bot, *self.people.values()]}

    def application(self) -> Payload:
        return {
            "id": self.bot["id"],
            "name": "cherry",
            "icon": None,
            "description": "",
            "bot_public": True,
            "bot_require_code_grant": False,
            "summary": "",
            "verify_key": "00",
            "flags": MESSAGE_CONTENT_GRANTED if self.message_content_granted else 0,
            "owner": self.person("owner"),
            "team": None,
            "rpc_origins": None,
        }

    def member(self, user: Payload | None) -> Payload:
        found: Payload = {
            "roles": [self.bot_role] if user is self.bot else [],
            "joined_at": "2026-01-01T00:00:00+00:00",
            "deaf": False,
            "mute": False,
            "flags": 0,
        }
        return found if user is None else {**found, "user": user}

    def channel(self, id: str) -> Payload | None:
        """What GET /channels/{id} tells; None where there is no such channel."""
        group = next((each for each in self.groups.values() if id in each), None)
        if group is not None and id == group[0]:
            return {
                "id": id,
                "type": TEXT,
                "guild_id": self.guild,
                "name": "general",
                "position": 0,
                "permission_overwrites": [],
                "nsfw": False,
                "topic": None,
                "parent_id": None,
                "rate_limit_per_user": 0,
                "last_message_id": None,
            }
        if group is not None or id in self.threads:
            return {
                "id": id,
                "type": THREAD,
                "guild_id": self.guild,
                "parent_id": group[0] if group is not None else self.group,
                "owner_id": self.person("mia")["id"],
                "name": self.threads.get(id, "plans"),
                "last_message_id": None,
                "message_count": 0,
                "member_count": 2,
                "rate_limit_per_user": 0,
                "flags": 0,
                "thread_metadata": {
                    "archived": False,
                    "auto_archive_duration": 1440,
                    "archive_timestamp": "2026-01-01T00:00:00+00:00",
                    "locked": False,
                },
            }
        for person, channel in self.direct.items():
            if channel == id:
                recipient = next(each for each in self.people.values() if each["id"] == person)
                return {"id": id, "type": DM, "last_message_id": None, "flags": 0, "recipients": [recipient]}
        return None

    def in_guild(self, channel: str) -> bool:
        return channel in self.threads or any(channel in each for each in self.groups.values())

    def guild_create(self) -> Payload:
        role = {"position": 0, "color": 0, "hoist": False, "managed": False, "mentionable": False, "flags": 0}
        everyone = {**role, "id": self.guild, "name": "@everyone", "permissions": EVERYTHING}
        tags = {"bot_id": self.bot["id"]}
        own = {**role, "id": self.bot_role, "name": "cherry", "permissions": "0", "managed": True, "tags": tags}
        nothing: list[Payload] = []
        return {
            "id": self.guild,
            "name": "orchard",
            "icon": None,
            "owner_id": self.person("owner")["id"],
            "region": "x",
            "verification_level": 0,
            "default_message_notifications": 0,
            "explicit_content_filter": 0,
            "mfa_level": 0,
            "nsfw_level": 0,
            "premium_tier": 0,
            "premium_progress_bar_enabled": False,
            "system_channel_flags": 0,
            "afk_timeout": 300,
            "preferred_locale": "en-US",
            "features": nothing,
            "emojis": nothing,
            "stickers": nothing,
            "member_count": 3,
            "large": False,
            "unavailable": False,
            "presences": nothing,
            "voice_states": nothing,
            "stage_instances": nothing,
            "guild_scheduled_events": nothing,
            "soundboard_sounds": nothing,
            "roles": [everyone, own],
            "members": [self.member(self.bot)],
            "channels": [self.channel(group) for group, _ in self.groups.values()],
            "threads": [self.channel(thread) for _, thread in self.groups.values()],
        }

    def say(
        self, channel: str, author: Payload, content: str, loop_time: float, *, ago: float = 0.0, **more: Any
    ) -> Said:
        """Keep a new message. Discord trims what is written."""
        born = time.time() - ago
        content = content.strip()
        payload: Payload = {
            "id": self.snowflake(ago),
            "channel_id": channel,
            "author": author,
            "content": content,
            "timestamp": iso(born),
            "edited_timestamp": None,
            "tts": False,
            "mention_everyone": False,
            "mentions": self._mentioned(content),
            "mention_roles": [self.bot_role] if f"<@&{self.bot_role}>" in content else [],
            "attachments": [],
            "embeds": [],
            "components": [],
            "pinned": False,
            "type": 0,
            "flags": 0,
            **more,
        }
        said = Said(payload, born, writes=[(loop_time, content)])
        self.messages[said.id] = said
        return said

    def show_only_to(self, person: str, said: Said) -> None:
        said.only_for = person
        self.ephemeral[said.id] = self.messages.pop(said.id)

    def delete(self, said: Said) -> None:
        self.cdn.forget(said.payload["attachments"])
        (self.ephemeral if said.only_for else self.messages).pop(said.id)
        self.deleted.append(said)

    def rewrite(self, said: Said, content: str, loop_time: float) -> None:
        """Its author changes what it says."""
        content = content.strip()
        said.payload |= {"content": content, "mentions": self._mentioned(content), "edited_timestamp": iso(time.time())}
        said.writes.append((loop_time, content))

    def _mentioned(self, content: str) -> list[Payload]:
        return [user for user in [self.bot, *self.people.values()] if re.search(rf"<@!?{user['id']}>", content)]

    def forwarded(self, content: str, attachments: Sequence[Payload] = ()) -> Payload:
        """What a message that forwards another one has, beside words of its own: it has none."""
        inner: Payload = {"type": 0, "content": content, "timestamp": iso(time.time()), "edited_timestamp": None}
        inner |= {"flags": 0, **{name: [] for name in ("mentions", "mention_roles", "embeds")}}
        inner["attachments"] = list(attachments)
        inner["components"] = []
        reference = {"type": 1, "message_id": self.snowflake(), "channel_id": self.group}
        return {"message_snapshots": [{"message": inner}], "message_reference": reference}

    def history(self, channel: str, query: Mapping[str, str]) -> list[Payload]:
        """Newest first, as the API answers; with `after` alone the oldest of those after it."""
        limit = int(query.get("limit", "50"))
        found = sorted((m for m in self.messages.values() if m.channel == channel), key=lambda m: int(m.id))
        if "before" in query:
            found = [m for m in found if int(m.id) < int(query["before"])]
        if "after" in query:
            found = [m for m in found if int(m.id) > int(query["after"])][:limit]
        return [self.seen_by_bot(m.payload) for m in reversed(found[-limit:])]

    def seen_by_bot(self, message: Payload) -> Payload:
        """Without the message-content intent a bot reads its own messages, DMs and those that mention it."""
        told = (
            self.message_content_granted
            or not self.in_guild(message["channel_id"])
            or message["author"]["id"] == self.bot["id"]
            or any(user["id"] == self.bot["id"] for user in message["mentions"])
        )
        if told:
            return self.cdn.told(message)
        return {**message, "content": "", "embeds": [], "attachments": [], "components": []}


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
