"""One raw update in, one `Arrival` out: what it says, to whom, and whether more belongs to it.

Nothing here asks the network or remembers anything. What cannot be understood raises ValueError; what needs no
answer (service messages, other bots, posts copied from a channel) is None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from msgspec.structs import replace

from bridge.inbound import ChatMoved, Edited, Inbound, Pressed, Reacted, Said, is_thumb_down
from bridge.types import Attachment, AttachmentKind, Chat, User
from channels.telegram.wire import (
    WireAuthored,
    WireChat,
    WireEntity,
    WireFile,
    WireMembership,
    WireMenu,
    WireMessage,
    WirePress,
    WireReaction,
    WireUser,
    one_line,
)

CHANNEL = "telegram"
KINDS = ("message", "edited_message", "callback_query", "my_chat_member", "message_reaction")
"""The updates we ask for. Of deleted messages Telegram tells bots nothing; of reactions in groups only admins (Bot API,
Update)."""
GENERAL_TOPIC = 1

_COMMAND = re.compile(r"/(\w{1,32})(?:@(\w{1,64}))?(?=\s|$)", re.ASCII)
_AFTER_MENTION = " \t\n,:;，：、"
_BEFORE_WHICH_NO_SPACE = ("", "\n", *".,:;!?。，：；！？、")
_MEDIA: dict[str, tuple[AttachmentKind, str]] = {
    "animation": ("video", ""),
    "document": ("file", ""),
    "audio": ("audio", ""),
    "voice": ("audio", "audio/ogg"),
    "video": ("video", ""),
    "video_note": ("video", "video/mp4"),
}
"""What can be fetched, with its MIME type where Telegram gives none. An animation is announced as a document too."""
_DOCUMENT_KINDS: dict[str, AttachmentKind] = {"image": "image", "audio": "audio", "video": "video"}
"""What a document is by the first part of its MIME type; any other is a plain file."""
_OTHER = (
    *("story", "location", "venue", "contact", "poll", "checklist", "dice", "game", "invoice"),
    *("paid_media", "giveaway", "rich_message"),
)
"""What cannot be fetched."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Me:
    """The bot itself."""

    id: int
    username: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """What one update reports, and what joins it to others."""

    event: Inbound
    album: str = ""
    """Messages with the same are one album."""
    text_only: bool = False
    """Might go on a text that the client split: words alone, no command."""
    units: int = 0
    """The length of the text in UTF-16 units, as clients count."""
    query: str = ""
    """The press to be acknowledged to the client, which shows a spinner until then."""


def read(update: Mapping[str, Any], me: Me) -> Arrival | None:
    """Raises ValueError for what cannot be understood, an update of another kind too."""
    if "message" in update:
        return _message(WireMessage.model_validate(update["message"]), update["message"], me)
    if "edited_message" in update:
        return _edited(WireMessage.model_validate(update["edited_message"]), update["edited_message"], me)
    if "callback_query" in update:
        return _press(WirePress.model_validate(update["callback_query"]))
    if "my_chat_member" in update:
        standing = WireMembership.model_validate(update["my_chat_member"])
        _log.info("our standing in a chat changed", chat=standing.chat.id, status=standing.new_chat_member.status)
        return None
    if "message_reaction" in update:
        return _reaction(WireReaction.model_validate(update["message_reaction"]), update)
    raise ValueError("an update of a kind that was not asked for")


def _message(message: WireMessage, raw: Mapping[str, Any], me: Me) -> Arrival | None:
    if moved := _moved(message):
        return moved
    said = _said(message, raw, me)
    if said is None:
        return None
    words = bool(message.text) and all(each.quoted for each in said.attachments)
    return Arrival(
        said,
        album=message.media_group_id,
        text_only=words and not _COMMAND.match(said.text),
        units=len(message.text.encode("utf-16-le")) // 2,
    )


def _edited(message: WireMessage, raw: Mapping[str, Any], me: Me) -> Arrival | None:
    """Read an edit. A live location is edited whenever it moves, and a poll with each vote: both say nothing new."""
    said = _said(message, raw, me)
    changed = said and (said.text or said.quoted or any(each.ref and not each.quoted for each in said.attachments))
    return Arrival(Edited(said)) if said and changed else None


def _said(message: WireMessage, raw: Mapping[str, Any], me: Me) -> Said | None:
    sender = _author(message)
    text, entities = (message.text, message.entities) if message.text else (message.caption, message.caption_entities)
    attachments = _attachments(message, raw)
    if sender is None or message.is_automatic_forward or not (text or attachments):
        return None
    chat = _chat(message.chat, message)
    addressed, words = _addressed(text, entities, message, me)
    quoted, replied = _quoted(message), _replied(message)
    forwarded = message.forward_origin is not None
    if forwarded:
        # The words are another's: no command in them is the sender's, and no name calls us.
        addressed, words, quoted = chat.direct, "", text
    elif replied is not None:
        theirs = _attachments(replied, raw["reply_to_message"])
        attachments += tuple(replace(each, quoted=True) for each in theirs)
    return Said(
        id=str(message.message_id),
        chat=chat,
        sender=sender,
        text=words,
        addressed=addressed,
        quoted=quoted,
        replied_to=_replied_to(message),
        reply_to=str(replied.message_id) if replied is not None and not forwarded else "",
        attachments=attachments,
        language=message.sender.language_code if message.sender else "",
        sent_at=float(message.date),
        forwarded=forwarded,
    )


def _press(press: WirePress) -> Arrival:
    pressed = Pressed(
        id=f"press:{press.id}",
        chat=_chat(press.message.chat, press.message),
        sender=_user(press.sender),
        command=press.data,
        message=str(press.message.message_id),
        language=press.sender.language_code,
    )
    return Arrival(pressed, query=press.id)


def _reaction(reaction: WireReaction, update: Mapping[str, Any]) -> Arrival | None:
    """Read a thumb down that was not there before."""
    is_down = [
        any(is_thumb_down(each.emoji) for each in side) for side in (reaction.old_reaction, reaction.new_reaction)
    ]
    if is_down != [False, True] or reaction.sender is None or reaction.sender.is_bot:
        return None
    chat = reaction.chat
    title = chat.title or one_line(f"{chat.first_name} {chat.last_name}")
    reacted = Reacted(
        id=f"reaction:{update.get('update_id')}",
        chat=Chat(CHANNEL, str(chat.id), direct=chat.type == "private", title=title),
        sender=_user(reaction.sender),
        message=str(reaction.message_id),
        language=reaction.sender.language_code,
        sent_at=float(reaction.date),
    )
    return Arrival(reacted)


def _moved(message: WireMessage) -> Arrival | None:
    """The news that a group became a supergroup. It comes in the old chat and in the new one; both say the same."""
    here = message.chat.id
    if message.migrate_to_chat_id is not None:
        old, new = here, message.migrate_to_chat_id
    elif message.migrate_from_chat_id is not None:
        old, new = message.migrate_from_chat_id, here
    else:
        return None
    title = message.chat.title
    moved = ChatMoved(f"moved:{new}", Chat(CHANNEL, str(old), title=title), Chat(CHANNEL, str(new), title=title))
    return Arrival(moved)


def _chat(chat: WireChat, message: WireMessage | WireMenu) -> Chat:
    """Only a forum's topics are chats of their own; plain replies are numbered as threads too."""
    topic = message.message_thread_id if message.is_topic_message else 0
    thread = str(topic) if topic not in (0, GENERAL_TOPIC) else ""
    title = chat.title or one_line(f"{chat.first_name} {chat.last_name}")
    return Chat(CHANNEL, str(chat.id), thread, direct=chat.type == "private", title=title)


def _author(message: WireAuthored) -> User | None:
    """Return the author; None where that is a bot or nobody.

    People who speak as a chat (an anonymous admin, a channel) go by that chat's id, which is negative and so
    no person's: an id that several people share must never be trusted like a person's.
    """
    if message.sender_chat is not None:
        return User(CHANNEL, str(message.sender_chat.id), message.sender_chat.title)
    if message.sender is None or message.sender.is_bot:
        return None
    return _user(message.sender)


def _user(user: WireUser) -> User:
    return User(CHANNEL, str(user.id), one_line(f"{user.first_name} {user.last_name}"))


def _replied_to(message: WireMessage) -> User | None:
    replied = _replied(message)
    if replied is None:
        return None
    return _author(replied) or (_user(replied.sender) if replied.sender else None)


def _replied(message: WireMessage) -> WireAuthored | None:
    """The message replied to. In a topic, what replies to nothing replies to the news that it was opened."""
    replied = message.reply_to_message
    return None if replied is None or replied.forum_topic_created is not None else replied


def _quoted(message: WireMessage) -> str:
    if message.quote is not None and message.quote.text:
        return message.quote.text
    replied = _replied(message)
    return (replied.text or replied.caption) if replied else ""


def _addressed(text: str, entities: list[WireEntity], message: WireMessage, me: Me) -> tuple[bool, str]:
    """Whether a message is meant for us, and what it says without our name."""
    said, named = _without_our_name(text, entities, me)
    if command := _COMMAND.match(said):
        if command[2] and command[2].lower() != me.username.lower():
            return message.chat.type == "private", said
        return True, said[: command.end(1)] + said[command.end() :]
    replied = _replied(message)
    to_us = replied is not None and replied.sender is not None and replied.sender.id == me.id
    return named or to_us or message.chat.type == "private", said


def _without_our_name(text: str, entities: list[WireEntity], me: Me) -> tuple[str, bool]:
    """The text without mentions of us, and whether there were any. Offsets are in UTF-16 units."""
    units = text.encode("utf-16-le")
    pieces: list[str] = []
    done = 0
    for each in sorted(entities, key=lambda entity: entity.offset):
        begin, end = 2 * each.offset, 2 * (each.offset + each.length)
        if not done <= begin < end <= len(units):
            continue
        name = units[begin:end].decode("utf-16-le", "replace")
        ours = each.type == "mention" and name[1:].lower() == me.username.lower()
        if ours or (each.type == "text_mention" and each.user is not None and each.user.id == me.id):
            pieces.append(units[done:begin].decode("utf-16-le", "replace"))
            done = end
    if not done:
        return text, False
    said = pieces[0]
    for piece in [*pieces[1:], units[done:].decode("utf-16-le", "replace")]:
        left, right = said.rstrip(" "), piece.lstrip(" ")
        apart = (said != left or piece != right) and right[:1] not in _BEFORE_WHICH_NO_SPACE
        said = f"{left} {right}" if apart else left + right
    return said.strip().lstrip(_AFTER_MENTION), True


def _attachments(message: WireAuthored, raw: Mapping[str, Any]) -> tuple[Attachment, ...]:
    if message.photo:
        return (_attachment(message.photo[-1], "image", "image/jpeg"),)  # photos are always sent as JPEG
    for field, (kind, mime) in _MEDIA.items():
        file: WireFile | None = getattr(message, field)
        if file is not None:
            kind = _DOCUMENT_KINDS.get(file.mime_type.partition("/")[0], kind) if field == "document" else kind
            return (_attachment(file, kind, mime),)
    if message.sticker is not None:
        return (_attachment(message.sticker, "sticker", _sticker_mime(message.sticker)),)
    return next(((Attachment("other", field),) for field in _OTHER if raw.get(field) is not None), ())


def _attachment(file: WireFile, kind: AttachmentKind, mime: str) -> Attachment:
    return Attachment(
        kind=kind,
        name=file.file_name or file.title or file.emoji,
        ref=file.file_id,
        mime=file.mime_type or mime,
        size=file.file_size,
        seconds=float(file.duration),
        still=file.thumbnail.file_id if file.thumbnail is not None and kind in ("video", "sticker") else "",
    )


def _sticker_mime(sticker: WireFile) -> str:
    """A sticker's format (Bot API, Sticker): still in WebP, animated in gzipped Lottie, or a video."""
    if sticker.is_animated:
        return "application/x-tgsticker"
    return "video/webm" if sticker.is_video else "image/webp"
