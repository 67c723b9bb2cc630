"""Who and where: people, bots, private chats, groups and their topics, in the Bot API's JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from .messages import Message

RoomType = Literal["private", "group", "supergroup", "channel"]
Standing = Literal["creator", "administrator", "member", "left", "kicked"]

GENERAL_TOPIC = 1
"""A forum's first topic. Its messages carry no thread id, and none may be sent with this one."""

_RIGHTS = (
    "can_manage_chat",
    "can_change_info",
    "can_delete_messages",
    "can_invite_users",
    "can_restrict_members",
    "can_pin_messages",
    "can_manage_topics",
    "can_promote_members",
    "can_manage_video_chats",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
)


@dataclass(frozen=True, slots=True)
class Person:
    """Someone with an account; a bot is one too."""

    id: int
    first_name: str
    username: str = ""
    language: str = ""
    is_bot: bool = False

    def json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        if self.username:
            shown["username"] = self.username
        if self.language:
            shown["language_code"] = self.language
        return shown


ANONYMOUS_ADMIN = Person(1087968824, "Group", "GroupAnonymousBot", is_bot=True)
CHANNEL_AUTHOR = Person(136817688, "Channel", "Channel_Bot", is_bot=True)
TELEGRAM = Person(777000, "Telegram")
"""Who copies a channel's posts into the group that belongs to it."""


@dataclass(eq=False, slots=True)
class Room:
    """A chat the bot can see, and how things stand between them there."""

    id: int
    type: RoomType
    title: str
    numbers: Iterator[int]
    """The next message's number: one counter for all private chats and basic groups, one for each supergroup."""
    person: Person | None = None
    """Whose private chat it is."""
    is_forum: bool = False
    topics: dict[int, str] = field(default_factory=dict)
    """The names of the forum's topics, by thread id; General is not among them."""
    members: dict[int, tuple[Person, Standing]] = field(default_factory=dict)
    bot: Standing = "member"
    started: bool = True
    """Private: whether they ever pressed Start; a bot cannot begin a conversation."""
    blocked: bool = False
    deleted_account: bool = False
    moved_to: Room | None = None
    """The supergroup that this basic group has become."""
    messages: dict[int, Message] = field(default_factory=dict)
    last_bot: int = 0
    """The bot that spoke last here; 0 while none has."""

    @property
    def is_private(self) -> bool:
        return self.type == "private"

    def json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"id": self.id, "type": self.type}
        if self.person is not None:
            shown["first_name"] = self.person.first_name
            if self.person.username:
                shown["username"] = self.person.username
        else:
            shown["title"] = self.title
            if self.is_forum:
                shown["is_forum"] = True
            if self.type == "group":
                shown["all_members_are_administrators"] = False
        return shown

    def full_json(self) -> dict[str, Any]:
        """What getChat adds."""
        gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
        shown = self.json() | {
            "accent_color_id": self.id % 7,
            "max_reaction_count": 11,
            "accepted_gift_types": dict.fromkeys(gifts, False),
        }
        if not self.is_private:
            shown["permissions"] = {"can_send_messages": True, "can_add_web_page_previews": True}
        return shown


def member_json(person: Person, standing: Standing) -> dict[str, Any]:
    """A ChatMember."""
    shown: dict[str, Any] = {"user": person.json(), "status": standing}
    if standing == "creator":
        shown["is_anonymous"] = False
    elif standing == "administrator":
        shown |= {"can_be_edited": False, "is_anonymous": False, **dict.fromkeys(_RIGHTS, True)}
    elif standing == "kicked":
        shown["until_date"] = 0
    return shown
