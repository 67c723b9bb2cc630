"""discord.py's messages and interactions, as what a channel yields."""

from __future__ import annotations

import re
import time
from collections.abc import Collection
from typing import TYPE_CHECKING

import discord
from cachetools import LRUCache

from bridge.inbound import Pressed, Reacted, Said, is_thumb_down
from bridge.types import Chat, User
from channels.discord.attachments import attachments_of

NAME = "discord"
CUSTOM_ID = re.compile(r"\d+:(.*)", re.DOTALL)
"""A button's custom_id: its place among the buttons, which makes it unique, and its command."""
REPEAT_SECONDS = 30.0
"""Within which the same reaction of the same person may be the same one told again."""
MAX_PEOPLE = 1000
"""People whose language is remembered."""
_COMMAND = re.compile(r"/([a-z0-9_]{1,32})(?:\s|$)")
_USER = re.compile(r"<@!?(\d{1,20})>")
_ROLE = re.compile(r"<@&(\d{1,20})>")
_EMOJI = re.compile(r"<a?(:\w{2,32}:)\d{1,20}>")
_BY_PEOPLE = frozenset({discord.MessageType.default, discord.MessageType.reply})

if TYPE_CHECKING:
    from discord.abc import MessageableChannel
    from discord.interactions import InteractionChannel

    Place = MessageableChannel | InteractionChannel | discord.abc.PrivateChannel | None


def is_by_person(message: discord.Message) -> bool:
    """Whether a person wrote it; neither a bot, a webhook nor Discord itself."""
    return message.type in _BY_PEOPLE and not message.author.bot and message.webhook_id is None


def user_of(author: discord.abc.User) -> User:
    return User(NAME, str(author.id), author.display_name)


def chat_of(channel: Place, author: discord.abc.User) -> Chat:
    """The chat that a channel is, to the person who writes there. Raises ValueError where there is none."""
    if channel is None:
        raise ValueError("no channel")
    return group_of(channel) or Chat(NAME, str(author.id), direct=True, title=author.display_name)


def group_of(channel: Place) -> Chat | None:
    """The chat that a server's channel or thread is; None for anything else."""
    guild = getattr(channel, "guild", None)
    if channel is None or (guild is None and getattr(channel, "guild_id", None) is None):
        return None
    name = getattr(channel, "name", "")
    title = f"{guild.name} #{name}" if guild is not None and name else ""
    if isinstance(channel, discord.Thread):
        return Chat(NAME, str(channel.parent_id), thread=str(channel.id), title=title)
    return Chat(NAME, str(channel.id), title=title)


def groups_of(person: discord.abc.User) -> tuple[str, ...]:
    """The server that somebody spoke in and their roles there, by id; nothing in a direct chat."""
    return tuple(str(role.id) for role in person.roles) if isinstance(person, discord.Member) else ()


class Reader:
    """Reads messages and interactions. Raises ValueError, KeyError, TypeError or AttributeError on nonsense."""

    def __init__(self, account: discord.Client, commands: Collection[str]) -> None:
        """`account` is logged in before anything is read; `commands` are the names of what is published by then."""
        self._account, self._commands = account, commands
        self._languages: LRUCache[int, str] = LRUCache(MAX_PEOPLE)
        """Only interactions tell a person's language; it goes for their messages too."""

    def said(self, message: discord.Message, chat: Chat | None = None) -> Said | None:
        """What a person wrote; None where there is nothing in it for us.

        `chat` is where they did, if the message itself does not tell: the history of a channel names no server.
        """
        me = self._account.user.id if self._account.user is not None else 0
        chat = chat or chat_of(message.channel, message.author)
        replied = message.reference.resolved if message.reference else None
        replied = replied if isinstance(replied, discord.Message) else None
        roles = {
            role.id for role in message.role_mentions if role.is_bot_managed() and role.tags and role.tags.bot_id == me
        }
        text = _words(message, me, roles)
        command = _COMMAND.match(text)
        addressed = (
            chat.direct
            or any(user.id == me for user in message.mentions)
            or bool(roles)
            or (replied is not None and replied.author.id == me)
            or (command is not None and command[1] in self._commands)
        )
        attachments = attachments_of(message)
        forwarded = bool(message.message_snapshots)
        quoted = ""
        if forwarded:
            quoted = _forwarded_text(message)
        elif replied is not None:
            quoted = replied.content or _forwarded_text(replied)
            attachments += attachments_of(replied, quoted=True)
        if not (addressed or text or attachments or quoted):
            return None  # without the message-content intent, what is not meant for us has no words
        return Said(
            id=str(message.id),
            chat=chat,
            sender=user_of(message.author),
            text=text,
            addressed=addressed,
            quoted=quoted,
            replied_to=user_of(replied.author) if replied is not None else None,
            reply_to=str(replied.id) if replied is not None else "",
            attachments=attachments,
            groups=groups_of(message.author),
            language=self._languages.get(message.author.id, ""),
            sent_at=message.created_at.timestamp(),
            forwarded=forwarded,
        )

    def command(self, interaction: discord.Interaction) -> Said:
        """A slash command, as if it had been typed."""
        name, argument = option(interaction)
        return Said(
            id=f"i{interaction.id}",
            chat=chat_of(interaction.channel, interaction.user),
            sender=user_of(interaction.user),
            text=f"/{name} {argument}".rstrip(),
            groups=groups_of(interaction.user),
            language=self._language(interaction),
            sent_at=interaction.created_at.timestamp(),
        )

    def press(self, interaction: discord.Interaction) -> Pressed:
        """A pressed button, with the command that it carries."""
        data: dict[str, object] = dict(interaction.data or {})
        id = str(data["custom_id"])
        found = CUSTOM_ID.fullmatch(id)
        return Pressed(
            id=f"i{interaction.id}",
            chat=chat_of(interaction.channel, interaction.user),
            sender=user_of(interaction.user),
            command=found[1] if found else id,
            message=str(interaction.message.id) if interaction.message is not None else "",
            groups=groups_of(interaction.user),
            language=self._language(interaction),
            sent_at=interaction.created_at.timestamp(),
        )

    def reaction(self, reaction: discord.RawReactionActionEvent, group: Chat | None) -> Reacted | None:
        """A thumb down, in any colour of skin, on a message of ours; None for any other. `group` is None in a direct
        chat, which is told by its person."""
        me = self._account.user.id if self._account.user is not None else 0
        down = is_thumb_down(reaction.emoji.name or "") and reaction.emoji.id is None
        is_bot = reaction.user_id == me or (reaction.member is not None and reaction.member.bot)
        if not down or is_bot or reaction.message_author_id != me or (group is None and reaction.guild_id is not None):
            return None
        name = reaction.member.display_name if reaction.member is not None else ""
        return Reacted(
            # Discord gives reactions no id. It tells each once, but for what it repeats when a connection resumes.
            id=f"reaction:{reaction.message_id}:{reaction.user_id}:{int(time.time() // REPEAT_SECONDS)}",
            chat=group or Chat(NAME, str(reaction.user_id), direct=True, title=name),
            sender=User(NAME, str(reaction.user_id), name),
            message=str(reaction.message_id),
            groups=groups_of(reaction.member) if reaction.member is not None else (),
            language=self._languages.get(reaction.user_id, ""),
        )

    def _language(self, interaction: discord.Interaction) -> str:
        self._languages[interaction.user.id] = language = str(interaction.locale)
        return language


def _forwarded_text(message: discord.Message) -> str:
    """What the message says that `message` forwards; empty where it forwards none."""
    return message.message_snapshots[0].content if message.message_snapshots else ""


def option(interaction: discord.Interaction) -> tuple[str, str]:
    """A slash command's name, and the one argument that may follow it."""
    data: dict[str, object] = dict(interaction.data or {})
    options = data.get("options")
    first = options[0] if isinstance(options, list) and options else {}
    return str(data["name"]), str(first.get("value", "")).strip()


def _words(message: discord.Message, me: int, own_roles: Collection[int]) -> str:
    """What was written, with names for ids, and without our own name where it only calls us."""
    if not isinstance(message.content, str):
        raise TypeError("a message without words")
    names = {user.id: user.display_name for user in message.mentions}
    text = _ROLE.sub(lambda found: f"<@{me}>" if int(found[1]) in own_roles else found[0], message.content)
    text = re.sub(rf"^\s*<@!?{me}>[\s,:]*|\s*<@!?{me}>\s*$", "", text)
    text = _USER.sub(lambda found: "@" + names.get(int(found[1]), found[1]), text)
    return _EMOJI.sub(r"\1", text).strip()
