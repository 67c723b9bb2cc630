"""discord.py's messages and interactions, in the bridge's words.

A direct chat is known by the person's id, as on other platforms, so that the bridge can also write to somebody
first; the channel that Discord keeps for it is looked up when it is needed.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

import discord

from bridge.types import Attachment, AttachmentKind, Chat, IncomingMessage, User

NAME = "discord"
PRESSED = re.compile(r"\d+:(.*)", re.DOTALL)
"""A button's custom_id: its place among the buttons, which makes it unique, and its command."""
_COMMAND = re.compile(r"/([a-z0-9_]{1,32})(?:\s|$)")
_USER = re.compile(r"<@!?(\d{1,20})>")
_ROLE = re.compile(r"<@&(\d{1,20})>")
_EMOJI = re.compile(r"<a?(:\w{2,32}:)\d{1,20}>")
_TALK = frozenset({discord.MessageType.default, discord.MessageType.reply})
_KINDS: dict[str, AttachmentKind] = {"image": "image", "audio": "audio", "video": "video"}

if TYPE_CHECKING:
    from discord.abc import MessageableChannel
    from discord.interactions import InteractionChannel

    Place = MessageableChannel | InteractionChannel | None


def is_talk(message: discord.Message) -> bool:
    """Whether a person said it; neither a bot, a webhook nor Discord itself."""
    return message.type in _TALK and not message.author.bot and message.webhook_id is None


def user_of(author: discord.abc.User) -> User:
    return User(NAME, str(author.id), author.display_name)


def chat_of(channel: Place, author: discord.abc.User) -> Chat:
    """The chat that a channel is, to the person who writes there. Raises ValueError where there is none."""
    if channel is None:
        raise ValueError("no channel")
    guild = getattr(channel, "guild", None)
    if guild is None and getattr(channel, "guild_id", None) is None:
        return Chat(NAME, str(author.id), direct=True, title=author.display_name)
    name = getattr(channel, "name", "")
    title = f"{guild.name} #{name}" if guild is not None and name else ""
    if isinstance(channel, discord.Thread):
        return Chat(NAME, str(channel.parent_id), thread=str(channel.id), title=title)
    return Chat(NAME, str(channel.id), title=title)


def groups_of(person: discord.abc.User) -> tuple[str, ...]:
    """The server that somebody spoke in and their roles there, by id; nothing in a direct chat."""
    return tuple(str(role.id) for role in person.roles) if isinstance(person, discord.Member) else ()


def incoming(
    message: discord.Message, me: int, *, commands: Collection[str], chat: Chat | None = None, language: str = ""
) -> IncomingMessage | None:
    """What a person said; None where there is nothing in it for us.

    `chat` is where it was said, if the message itself does not tell: the history of a channel names no server.
    Raises ValueError, TypeError or AttributeError where the message makes no sense.
    """
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
        or (command is not None and command[1] in commands)
    )
    attachments = _attachments(message)
    quoted = replied.content if replied is not None else ""
    if not quoted and message.message_snapshots:
        quoted = message.message_snapshots[0].content  # forwarded from elsewhere
    if not (addressed or text or attachments or quoted):
        return None  # without the message-content intent, what is not meant for us has no words
    return IncomingMessage(
        id=str(message.id),
        chat=chat,
        sender=user_of(message.author),
        text=text,
        addressed=addressed,
        quoted=quoted,
        replied_to=user_of(replied.author) if replied is not None else None,
        attachments=attachments,
        groups=groups_of(message.author),
        language=language,
        sent_at=message.created_at.timestamp(),
    )


def _words(message: discord.Message, me: int, own_roles: Collection[int]) -> str:
    """What was written, with names for ids, and without our own name where it only calls us."""
    if not isinstance(message.content, str):
        raise TypeError("a message without words")
    names = {user.id: user.display_name for user in message.mentions}
    text = _ROLE.sub(lambda found: f"<@{me}>" if int(found[1]) in own_roles else found[0], message.content)
    text = re.sub(rf"^\s*<@!?{me}>[\s,:]*|\s*<@!?{me}>\s*$", "", text)
    text = _USER.sub(lambda found: "@" + names.get(int(found[1]), found[1]), text)
    return _EMOJI.sub(r"\1", text).strip()


def _attachments(message: discord.Message) -> tuple[Attachment, ...]:
    files = [
        Attachment(_KINDS.get((each.content_type or "").partition("/")[0], "file"), each.filename)
        for each in message.attachments
    ]
    return (*files, *(Attachment("sticker", each.name) for each in message.stickers))


def chosen(interaction: discord.Interaction) -> IncomingMessage:
    """What a person says by a slash command or a button. Raises ValueError, KeyError or TypeError on anything else."""
    return IncomingMessage(
        id=f"i{interaction.id}",
        chat=chat_of(interaction.channel, interaction.user),
        sender=user_of(interaction.user),
        text=_picked(interaction),
        groups=groups_of(interaction.user),
        language=str(interaction.locale),
        sent_at=interaction.created_at.timestamp(),
    )


def _picked(interaction: discord.Interaction) -> str:
    """The command that a slash command or a button stands for. Raises KeyError, TypeError on anything else."""
    data: dict[str, object] = dict(interaction.data or {})
    if interaction.type is discord.InteractionType.component:
        id = str(data["custom_id"])
        found = PRESSED.fullmatch(id)
        return found[1] if found else id
    name, argument = option(interaction)
    return f"/{name} {argument}".rstrip()


def option(interaction: discord.Interaction) -> tuple[str, str]:
    """A slash command's name, and the one argument that may follow it."""
    data: dict[str, object] = dict(interaction.data or {})
    options = data.get("options")
    first = options[0] if isinstance(options, list) and options else {}
    return str(data["name"]), str(first.get("value", "")).strip()
