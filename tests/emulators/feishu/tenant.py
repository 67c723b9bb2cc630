"""One tenant of Feishu: its people, chats, messages and cards, and what of them can be seen."""

from __future__ import annotations

import asyncio
import itertools
import json
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from tests.emulators.feishu import screen
from tests.emulators.feishu.rules import Clock, Fault, Rates, Rules

APP_ID, APP_SECRET = "cli_loopback", "loopback-app-secret-0123456789"
BOT, BOT_NAME = "ou_bot", "Cherry"
GROUP, TOPIC_ROOT = "oc_group", "om_topic_root"
TENANT_KEY = "tenant_loopback"
PANEL = frozenset(
    [
        "tag",
        "element_id",
        "direction",
        "vertical_spacing",
        "horizontal_spacing",
        "vertical_align",
        "horizontal_align",
        "padding",
        "margin",
        "expanded",
        "background_color",
        "header",
        "border",
        "elements",
    ]
)
PANEL_HEADER = frozenset(
    ["title", "background_color", "width", "vertical_align", "padding", "icon", "icon_position", "icon_expanded_angle"]
)
ROOT = "0"
"""The department that all others are in."""


@dataclass
class Card:
    """A card entity: one card, sent once, written to by its id."""

    id: str
    data: dict[str, Any]
    opened_at: float
    made_at: float
    sequence: int = 0
    streaming: bool = False
    """Whether its text may be streamed now."""
    ended: bool = False
    """Whether its streaming has ended by itself and the bot has been told."""
    message: Message | None = None
    pressed: bool = False
    """A press is waiting for the bot's answer."""


@dataclass(frozen=True)
class Stored:
    """A file on the platform, by its key."""

    kind: str
    """``image``, or the type that it was uploaded as."""
    name: str
    mime: str
    content: bytes
    milliseconds: int = 0


@dataclass
class Message:
    """A message of anyone's."""

    id: str
    chat: str
    sender: str
    kind: str
    content: dict[str, Any]
    created: str
    parent: str = ""
    root: str = ""
    thread: str = ""
    card: Card | None = None
    deleted: bool = False
    edits: int = 0
    writes: list[tuple[float, str]] = field(default_factory=list)
    mentions: list[dict[str, Any]] = field(default_factory=list)
    """As an event tells them."""
    held: list[Message] = field(default_factory=list)
    """The messages in a forward."""
    event: dict[str, Any] = field(default_factory=dict)
    """The event that told the bot of it, where it is a person's."""

    def seen(self) -> screen.Seen:
        if self.kind == "interactive":
            return screen.card(self.card.data if self.card else self.content)
        return screen.message(self.kind, self.content)

    def shown(self) -> None:
        """Remember what can be read now."""
        self.writes.append((asyncio.get_running_loop().time(), self.seen().text))


class Tenant:
    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.clock = Clock(rules)
        self.rates = Rates()
        self.people: dict[str, str] = {}
        """Names by open_id."""
        self.departments: dict[str, str] = {}
        """The department above each."""
        self.members: dict[str, list[str]] = {}
        """The departments of each person, by open_id; a person in none is in the root."""
        self.messages: dict[str, Message] = {}
        self.cards: dict[str, Card] = {}
        self.stored: dict[str, Stored] = {}
        self.sent_bytes = 0
        """Of files that were downloaded."""
        self.uuids: dict[str, tuple[float, str]] = {}
        self.commands: dict[str, dict[str, Any]] = {}
        self.gone_chats: set[str] = set()
        self.groups: set[str] = set()
        self._numbers = itertools.count(7_300_000_000_000_000_001)
        self.room("")

    def room(self, name: str) -> tuple[str, str]:
        """The group of this name, and the message that began a topic in it."""
        group, topic = (f"{GROUP}_{name}", f"{TOPIC_ROOT}_{name}") if name else (GROUP, TOPIC_ROOT)
        if group not in self.groups:
            self.groups.add(group)
            thread = thread_of(topic)
            self.messages[topic] = Message(topic, group, "ou_tom", "text", {"text": "A topic"}, "0", thread=thread)
        return group, topic

    def new_message(
        self, chat: str, sender: str, kind: str, content: dict[str, Any], parent: Message | None
    ) -> Message:
        message = Message(f"om_{uuid4().hex}", chat, sender, kind, content, self.clock.now_ms())
        if parent is not None:
            message.parent = parent.id
            message.root = parent.root or parent.id
            message.thread = parent.thread
        self.messages[message.id] = message
        return message

    def new_card(self, data: dict[str, Any]) -> Card:
        now = self.clock.now()
        card = Card(str(next(self._numbers)), data, now, now)
        card.streaming = bool(data.get("config", {}).get("streaming_mode"))
        self.cards[card.id] = card
        return card

    def store(self, stored: Stored) -> str:
        """Keep a file; its key."""
        key = f"{'img' if stored.kind == 'image' else 'file'}_v3_{uuid4().hex}"
        self.stored[key] = stored
        return key

    def message(self, id: str) -> Message:
        """Raises Fault where there is none, or no longer."""
        message = self.messages.get(id)
        if message is None:
            raise Fault(230001, "Your request contains an invalid request parameter.")
        if message.deleted:
            raise Fault(230011, "The message is recalled.")
        if message.chat in self.gone_chats:
            raise Fault(230002, "The bot can not be outside the group.")
        return message

    def check_card(self, source: str, *, too_large: int) -> dict[str, Any]:
        """The card in this JSON. Raises Fault where Feishu would not show it."""
        if len(source.encode()) > self.rules.card_bytes:
            raise Fault(too_large, "Card content exceeds limit.")
        data: dict[str, Any] = json.loads(source)
        if data.get("schema") != "2.0":
            raise Fault(300303, "Only schema 2.0 is supported")
        if data.get("config", {}).get("update_multi") is False:
            raise Fault(300302, "update_multi property is false")
        check_panels(data)
        self.check_seen(screen.card(data))
        return data

    def check_seen(self, seen: screen.Seen) -> None:
        if len(set(seen.ids)) < len(seen.ids):
            raise Fault(300301, "Duplicate element_id in card component.")
        if seen.elements > self.rules.elements:
            raise Fault(300305, "The number of card components exceeds 200")
        if seen.tables > self.rules.tables:
            raise card_fault(11310, "card table number over limit")
        if any(not image.startswith("img_") for image in seen.images):
            raise card_fault(200570, "invalid image key")  # a guess: only the failure itself is reported


def check_panels(value: Any, depth: int = 0) -> None:
    """Raises Fault where a folded panel is not built as its page says: in JSON 2.0 an unknown property is an error."""
    if isinstance(value, list):
        for each in value:
            check_panels(each, depth)
    elif isinstance(value, dict):
        if value.get("tag") == "collapsible_panel":
            header = value.get("header", {})
            inside = [each.get("tag") for each in value.get("elements", [])]
            if set(value) - PANEL or set(header) - PANEL_HEADER or "title" not in header or "form" in inside:
                raise card_fault(200621, "parse card json err")  # the code is a guess
            depth += 1
        if depth > 5:
            raise card_fault(200621, "parse card json err")
        for each in value.values():
            check_panels(each, depth)


def card_fault(code: int, text: str) -> Fault:
    return Fault(230099, f"Failed to create card content, ext=ErrCode: {code}; ErrMsg: {text}; ErrorValue: ")


def thread_of(root: str) -> str:
    return "omt_" + root.removeprefix("om_")
