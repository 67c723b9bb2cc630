"""Who gets what, everywhere: the rows and columns, and what should come out, in other words than the code's.

One cell is somebody (WHO) who says something (COMMANDS, or plain talk) in a place (PLACES) in a way (WAYS). What a
platform does not have at all is told in one place, `exists`; everything else is played, and either answered in the
one manner that `expected` names or not answered at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from tests.platform import Voice

Who = Literal[
    "stranger",
    "member",
    "admin",
    "owner",
    "denied",
    "expired",
    "blocked",
    "bot",
    "anonymous admin",
    "channel post",
]
WHO: tuple[Who, ...] = get_args(Who)
PLACES = ("direct", "open group", "closed group", "open topic", "closed topic", "channel")
WAYS = ("typed", "slash", "reply", "pressed", "edited", "forwarded")
VOICES: dict[str, Voice] = {"bot": "bot", "anonymous admin": "group", "channel post": "channel"}
"""As whom they speak who are no person of their own."""

Standing = Literal["unheard", "stranger", "member", "admin", "owner"]
ORDER: tuple[Standing, ...] = ("unheard", "stranger", "member", "admin", "owner")

ADMINS_ONLY, OWNERS_ONLY = r"Only admins can do that\.$", r"Only owners can do that\.$"
GREETING = r"I do not know you yet\. Your id is {id}[;.]"
ASKED = r".* would like to talk to me"
"""What owners are asked where they last wrote from."""
WRONG_CODE = r"That code is not right"

COMMANDS: dict[str, tuple[Standing, str]] = {
    "/start": ("member", r"Hello! Say something, and .+ will answer"),
    "/help": ("member", r"Write to me, and .+ answers"),
    "/model": ("member", r"Now: "),
    "/models": ("member", r"\d+ models"),
    "/new": ("member", r"A new conversation\. /chats goes back to this one\.$"),
    "/chats": ("member", r"There are no conversations here yet\.$"),
    "/search blue": ("member", r"Nothing that was said here contains “blue”\.$"),
    "/export": ("member", r"There is nothing to export yet\.$"),
    "/download 1 a": ("member", r"That answer is not kept any more\.$"),
    "/forget": ("member", r"There is nothing to delete\.$"),
    "/stop": ("member", r"There is nothing to stop\.$"),
    "/retry": ("member", r"There is no question to answer again\.$"),
    "/continue": ("member", r"There is no answer to continue\.$"),
    "/answer": ("member", r"That is not the last answer any more\.$"),
    "/compare": ("member", r"/compare model-a model-b question has two models answer"),
    "/buttons": ("member", r"Under an answer are the most useful buttons\.$"),
    "/page": ("member", r"/page 41-80 reads these pages of the last document"),
    "/sum": ("member", r"In a direct chat I read everything anyway|I do not remember what is said here among you\."),
    "/system": ("member", r"There is no system prompt\."),
    "/persona": ("member", r"No persona is set here\."),
    "/chain": ("member", r"There are no chains here yet\."),
    "/later": ("member", r"While Cherry Studio is away, I say so at once"),
    "/reasoning": ("member", r"If a model thinks before it answers, I show for how long\."),
    "/tool": ("member", r"This question is no longer open\. Ask again\.$"),
    "/usage": ("member", r"What you have used\n"),
    "/usage errors": ("admin", r"No answer has failed in the last 24 hours\.|Answers that failed"),
    "/params": ("member", r"How models answer here"),
    "/effort": ("member", r"How models answer here"),
    "/voice": ("member", r"I cannot speak here\."),
    "/kb": ("member", r"No knowledge is used here\."),
    "/whoami": ("member", r"You are .+: {role}\."),
    "/claim WRONG": ("member", WRONG_CODE),
    "/allow person 999": ("admin", r"\w+:999 may talk to me now\.$"),
    "/deny person 998": ("admin", r"\w+:998 may no longer talk to me\.$"),
    "/allowlist": ("admin", r"May talk to me"),
    "/invite 2 for 3h": ("admin", r"This code works 2 times, until"),
    "/requests": ("admin", r"Nobody is waiting\.$|Waiting for an answer"),
    "/chat": ("admin", r"In this chat\n"),
    "/tools": ("admin", r"Tools are off here\."),
    "/history shared": ("admin", r"In this chat\n"),
    "/models reset": ("admin", r"In this chat\n"),
    "/audit": ("admin", r"The last changes"),
    "/web": ("admin", r"The page is off\.|Please send me that in a direct chat\.$"),
    "/bench nosuchmodel": ("owner", r"There is no model “nosuchmodel”\."),
    "/admin list": ("owner", r"Admins\n"),
    "/chat all choose everyone": ("owner", r"In all chats that have not set their own\n"),
    "/nosuchcommand": ("member", r"I do not know /nosuchcommand\."),
}
"""Every command, who may do it, and how its answer begins. `test_the_table_knows_every_command` sees to the every."""
NOT_IN_MENUS = ("/continue", "/answer", "/download 1 a", "/tool", "/claim WRONG", "/history shared", "/nosuchcommand")
HELLO, ASIDE, BUTTON = "hello", "aside", "«button»"
"""Talk that is meant for the bot; talk that, in a group, is not; a press of a button as the bot has made it."""
ROLES = {"member": "let in", "admin": "admin", "owner": "owner"}


@dataclass(frozen=True, slots=True)
class Sender:
    """A person or bot of kind `who` in a chat of kind `place`; each pair has ids of its own."""

    who: Who
    place: str

    @property
    def name(self) -> str:
        return f"{self.who}{self.place}".replace(" ", "")

    @property
    def where(self) -> str:
        """The place as platforms name it."""
        kind = self.place.rpartition(" ")[2]
        return kind if kind == "direct" else f"{kind}:{self.name}"

    @property
    def voice(self) -> Voice:
        return VOICES.get(self.who, "person")

    @property
    def direct(self) -> bool:
        return self.place == "direct"

    @property
    def open(self) -> bool:
        """Whether everybody there has been let in."""
        return self.place.startswith("open") or self.place == "channel"

    @property
    def standing(self) -> Standing:
        """What they should be, as docs/access.md tells it."""
        if self.who in ("denied", "blocked", "bot", "channel post"):
            return "unheard"
        if self.who == "owner" or self.who == "admin":
            return self.who  # everywhere
        if self.open or (self.who == "member" and self.direct):
            return "member"  # everybody in a chat that was let in; a person who was, in direct chats
        return "stranger"

    @property
    def let_in(self) -> bool:
        return ORDER.index(self.standing) >= ORDER.index("member")


def senders(channel: str, way: str) -> list[Sender]:
    """Everybody, everywhere, as far as the platform has them there."""
    return [sender for place in PLACES for who in WHO if exists(channel, sender := Sender(who, place), way)]


def exists(channel: str, sender: Sender, way: str) -> bool:
    """Whether a platform has this at all."""
    if sender.place == "channel":
        return (channel, sender.who) == ("telegram", "channel post") and way in (
            "typed",
            "slash",
            "edited",
            "forwarded",
        )
    if sender.voice == "person":
        return True
    if way == "pressed" or (channel, way) == ("discord", "slash"):
        return False  # it is always a person who presses, and on Discord who picks a command: they are named
    if sender.who == "anonymous admin":
        return channel == "telegram" and not sender.direct  # nobody else lets people speak as the group
    if sender.who == "channel post":
        return channel in ("telegram", "discord") and not sender.direct  # Feishu has no channels
    return way != "reply" or not sender.direct  # in a bot's direct chat there is nothing of ours to reply to


def said(channel: str, sender: Sender, way: str) -> list[str]:
    """What is said there in this way, commands first: what they change then does not depend on the talk."""
    if way == "slash":
        return [text for text in COMMANDS if channel != "discord" or text not in NOT_IN_MENUS]
    if way == "pressed":
        return [*COMMANDS, BUTTON, HELLO]
    return [*COMMANDS, HELLO] if way != "typed" or sender.direct else [*COMMANDS, HELLO, ASIDE]


def expected(channel: str, sender: Sender, way: str, text: str) -> str:
    """How the answer begins, as a regular expression; empty where there must be none."""
    if way == "edited":
        # The last question is answered anew as it reads now; an edit makes no command, and lets nobody in.
        return rf"You said: .*{HELLO}$" if sender.let_in and text == HELLO else ""
    if way == "forwarded":
        # They are somebody else's words: read like a quotation where the person talks to the bot alone, obeyed never.
        if not (sender.direct and sender.let_in):
            return ""
        return rf"You said: > {re.escape(text)}"
    if sender.standing == "stranger":
        return WRONG_CODE if sender.direct and text.startswith("/claim") else ""
    if not sender.let_in or text == ASIDE:
        return ""
    if text == HELLO:
        return rf"You said: .*{HELLO} {sender.name}$"
    if text == BUTTON:
        return r"[^\n]+: \d+ models\n"
    return _obeyed(channel, sender, way, text)


def _obeyed(channel: str, sender: Sender, way: str, text: str) -> str:
    needed, answer = COMMANDS[text]
    if ORDER.index(sender.standing) < ORDER.index(needed):
        # A command of admins' own that only owners may give these words is first of all an admins' command.
        owners = needed == "owner" and (sender.standing == "admin" or text.startswith(("/admin", "/bench")))
        return OWNERS_ONLY if owners else ADMINS_ONLY
    match text:
        case "/start" if sender.standing == "owner":
            return r"You are the owner\. Say something\.$"
        case "/help":
            shown = {"member": r"(?!.*/allow)", "admin": r".*/allow\b(?!.*/admin\b)", "owner": r".*/admin\b"}
            return answer + shown[sender.standing]
        case "/whoami":
            return answer.format(role=ROLES[sender.standing])
        case "/claim WRONG" if not sender.direct:
            return r"Please send me the code in a direct chat\.$"
        case "/nosuchcommand" if not sender.direct:
            return ""  # in a group another bot may know it
        case "/stop" if way == "pressed":
            return ""  # the button was there for an answer that has ended, as can be seen
        case "/stop" if (channel, way) == ("discord", "slash"):
            return r"/stop$|There is nothing to stop\.$"  # the acknowledgement is an answer itself
    return answer
