"""One way of saying things, played by everybody in every place at once, and looked at when all is quiet again."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bridge.access import SHELL, Access
from bridge.store import Store
from bridge.types import Chat, User
from tests.emulators.gateway import GatewayEmulator
from tests.harness import until
from tests.platform import Bubble, Platform
from tests.stories.table import ASIDE, ASKED, BUTTON, COMMANDS, GREETING, HELLO, Sender, expected, said

PATIENCE = 300.0
"""Seconds; Feishu alone takes half a minute for what is answered at once here, at its 15 writes a second."""
UNREAD = r"I cannot read this kind of message yet\."
BATCH, BATCH_SECONDS = 30, 20.0
"""Commands that one person sends at once, and the pause before more: 40 and then one a second are no flood."""
STARTS = range(0, len(COMMANDS) + 1, BATCH)
UNREAD_TOO = r"I cannot read this kind of message yet; I answered only your words\."
"""Under the answer to others that it was joined to."""
FIRST = "first words"
"""What is said before it is changed into something else."""


@dataclass
class Round:
    """One way of saying things, played by everybody at once."""

    platform: Platform
    way: str
    store: Store
    gateway: GatewayEmulator
    access: Access
    senders: Sequence[Sender]
    ids: dict[tuple[Sender, str], str] = field(default_factory=dict)
    """What each message came to be, where an answer can hang under it."""
    menus: dict[Sender, list[Bubble]] = field(default_factory=dict)
    """Messages of ours with buttons, where there have to be such; to press, one for each batch of commands and one
    for the talk, since an answer takes the buttons away."""
    settled: int = 0
    """How often mia has asked whether all is quiet; each time a model answers her."""
    _presses: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(4))
    """An interaction has to be acknowledged in time, so not everybody presses at once."""

    async def settle(self) -> None:
        """Until all that was said has been heard, judged and answered.

        What mia says next is answered after it was heard; twice, for what is told on the side.
        """
        for _ in range(2):
            self.settled += 1
            text = f"still {self.settled}"
            await self.platform.say(text)
            await until(self._quiet, text, PATIENCE)
            async with asyncio.timeout(PATIENCE):
                while [name async for name in self.store.redis.scan_iter(match="cherry:*:queue", count=1000)]:
                    await asyncio.sleep(0.05)

    def _quiet(self) -> bool:
        return any(bubble.text == f"You said: still {self.settled}" for bubble in self.platform.bubbles())

    async def prepare(self) -> None:
        """Post messages with buttons wherever one is replied to or pressed, while everybody is let in."""
        await self.settle()  # mia is an owner, and can be asked about strangers from here on
        if self.way in ("reply", "pressed"):
            for sender in self.senders:
                await self.access.rules.allow(self._user(sender) if sender.direct else self._chat(sender), SHELL)
                who = sender.name if sender.direct else "helper" + sender.name
                for _ in range(len(STARTS) + 1 if self.way == "pressed" else 1):
                    await self.platform.say("/model", who=who, place=sender.where, mention=not sender.direct)
            await self.settle()
            for sender in self.senders:
                self.menus[sender] = self._bubbles(sender)
                assert self.menus[sender]
                await self.access.rules.remove(self._user(sender) if sender.direct else self._chat(sender), SHELL)
        for sender in self.senders:
            await self._decide(sender)

    async def _decide(self, sender: Sender) -> None:
        """What was decided of them beforehand; owners are in the settings."""
        person, chat, access = self._user(sender), self._chat(sender), self.access
        if sender.open:
            await access.rules.allow(chat, SHELL)
        match sender.who:
            case "member":
                await access.rules.allow(person, SHELL)
            case "admin":
                await access.roles.promote(person, SHELL)
            case "denied":
                await access.rules.allow(person, SHELL)
                await access.rules.deny(person, SHELL)
            case "blocked":
                await access.rules.deny(person, SHELL)
            case "expired":
                await access.rules.allow(person, SHELL, until=time.time() - 1)
                if not sender.open:
                    await access.rules.allow(chat, SHELL, until=time.time() - 1)
            case "anonymous admin":
                # However it came about, an id that several people share gives nobody a role.
                await access.roles.promote(User(chat.channel, chat.id), SHELL)
            case "bot" | "channel post":
                await access.roles.promote(person, SHELL)  # what they are weighs more than who

    async def play(self) -> None:
        if self.way == "edited":
            for sender in self.senders:
                self.ids[sender, FIRST] = await self._say(sender, f"{FIRST} {sender.name}")
            await self.settle()
        for talk, start in [*((False, start) for start in STARTS), (True, 0)]:
            if start:
                await asyncio.sleep(BATCH_SECONDS)
            await asyncio.gather(*(self._play(sender, talk, start) for sender in self.senders))
            await self.settle()

    async def _play(self, sender: Sender, talk: bool, start: int) -> None:
        texts = [text for text in said(self.platform.channel, sender, self.way) if (text in (HELLO, ASIDE)) == talk]
        texts = texts[start : start + BATCH]
        if self.way == "pressed":
            async with self._presses:
                await asyncio.gather(*(self._press(sender, text, start // BATCH) for text in texts))
            return
        for text in texts:
            match self.way:
                case "slash":
                    name, _, argument = text.removeprefix("/").partition(" ")
                    await self.platform.slash(name, argument, who=sender.name, place=sender.where, voice=sender.voice)
                case "edited":
                    id = self.ids[sender, text] = self.ids[sender, FIRST]
                    await self.platform.edit(id, text, who=sender.name, place=sender.where, mention=not sender.direct)
                case _:
                    self.ids[sender, text] = await self._say(sender, text)

    async def _press(self, sender: Sender, text: str, batch: int) -> None:
        menu = self.menus[sender][-1 if text == HELLO else batch]
        forged = "" if text == BUTTON else f"{text} {sender.name}" if text == HELLO else text
        await self.platform.press(menu.id, menu.buttons[0], who=sender.name, place=sender.where, command=forged)

    async def _say(self, sender: Sender, text: str) -> str:
        forwarded = self.way == "forwarded"
        return await self.platform.say(
            f"{text} {sender.name}" if text in (HELLO, ASIDE) else text,
            who=sender.name,
            place=sender.where,
            mention=not (sender.direct or forwarded or text == ASIDE or self.way == "reply"),
            reply_to=self.menus[sender][0].id if self.way == "reply" else "",
            voice=sender.voice,
            forwarded=forwarded,
        )

    # what came out

    def faults(self) -> list[str]:
        """Whatever was said to somebody and should not have been, and what should have been and was not."""
        return [f"{sender.who} in {sender.place}: {fault}" for sender in self.senders for fault in self._faults(sender)]

    def _faults(self, sender: Sender) -> Iterator[str]:
        yield from self._faults_of_presses(sender) if self.way == "pressed" else self._faults_of_answers(sender)
        if not sender.let_in and not sender.direct and self.platform.typing(sender.where, sender.name):
            yield "typing was shown"

    def _faults_of_answers(self, sender: Sender) -> Iterator[str]:
        """Each answer is there once, under what it answers, and nothing else is."""
        before = [menu.id for menu in self.menus.get(sender, ())]
        left = [bubble for bubble in self._bubbles(sender) if bubble.id not in before]
        wanted = self._wanted(sender)
        if self.way == "forwarded":
            yield from self._faults_of_forwards(sender, _texts(left), wanted)
            return
        for text, pattern in wanted.items():
            id = "" if sender.direct else self.ids.get((sender, text), "")
            found = next(
                (each for each in left if _reads(pattern, each.text) and (not id or each.reply_to == id)), None
            )
            if found is None:
                yield f"no answer to {text!r} among {_texts(left)}"
            else:
                left.remove(found)
        yield from (f"told {text!r}" for text in self._besides(sender, _texts(left)))

    def _faults_of_forwards(self, sender: Sender, told: list[str], wanted: dict[str, str]) -> Iterator[str]:
        """What is forwarded in a row may be one question: each is answered once, as a quotation.

        Feishu is asked for what a forward holds, within the time that an event has; with so many at once some come
        without, and their senders are told.
        """
        start = "You said: > "
        answers = [text.removeprefix(start) for text in told if text.startswith(start)]
        lines = [line.removeprefix("> ") for text in answers for line in text.split("\n") if line.strip("> ")]
        answered = [HELLO if line.startswith(HELLO) else line for line in lines if not _reads(UNREAD_TOO, line)]
        unread = [text for text in told if self.platform.channel == "feishu" and _reads(UNREAD, text)]
        noted = [line for line in lines if self.platform.channel == "feishu" and _reads(UNREAD_TOO, line)]
        missing = set(wanted) - set(answered)
        if len(set(answered)) != len(answered) or set(answered) - set(wanted) or bool(missing) != bool(unread or noted):
            yield f"answered {answered}, not {list(wanted)}"
        others = [text for text in told if not text.startswith(start) and text not in unread]
        yield from (f"told {text!r}" for text in self._besides(sender, others))

    def _faults_of_presses(self, sender: Sender) -> Iterator[str]:
        """The messages under which the buttons are read like each of the answers in turn, and like nothing else."""
        before = {menu.id: len(menu.writes) for menu in self.menus[sender]}
        bubbles = self._bubbles(sender)
        shown = [text for each in bubbles if each.id in before for _, text in each.writes[before[each.id] :]]
        shown += self._besides(sender, [bubble.text for bubble in bubbles if bubble.id not in before])
        wanted = self._wanted(sender)
        for text, pattern in wanted.items():
            if not any(_reads(pattern, each) for each in shown):
                yield f"no answer to {text!r} among {shown}"
        yield from (f"told {each!r}" for each in shown if not any(_reads(one, each) for one in wanted.values()))

    def _besides(self, sender: Sender, told: list[str]) -> list[str]:
        """Without what answers nothing that was said: who a stranger is, once; to owners, a few times, who asks; what
        acknowledges a command."""
        if sender.direct and sender.standing == "stranger":
            greeting = GREETING.format(id=re.escape(str(self._user(sender))))
            greetings = [text for text in told if _reads(greeting, text)]
            others = [text for text in told if text not in greetings]
            return others if len(greetings) == 1 else [*others, f"{len(greetings)} greetings"]
        if sender.direct and sender.standing == "owner":
            told = [text for text in told if not _reads(ASKED, text)]
        return told

    def faults_at_the_gateway(self) -> list[str]:
        """Each question reached a model once, and nobody else's did."""
        heard = str([request.messages for request in self.gateway.requests])
        faults = [f"heard from {sender}" for sender in self.senders if not sender.let_in and sender.name in heard]
        asked = self.settled
        for sender in self.senders:
            asked += sum(pattern.startswith("You said:") for pattern in self._wanted(sender).values())
            asked += self.way == "edited" and sender.let_in
        if (there := len(self.gateway.requests)) != asked and self.way != "forwarded":  # which join one another
            faults.append(f"{there} questions instead of {asked}")
        return faults

    async def faults_in_the_trail(self) -> list[str]:
        """Nothing was changed but by those who may, and by all of these."""
        commanded = self.way not in ("edited", "forwarded")
        may = {
            str(self._user(sender)) for sender in self.senders if commanded and sender.standing in ("admin", "owner")
        }
        changed = {change.by for change in await self.access.audit.newest(2000)} - {SHELL.who}
        return [f"changed by {by}: {by in changed}" for by in sorted(changed ^ may)]

    def _wanted(self, sender: Sender) -> dict[str, str]:
        """What has to be answered, and how."""
        channel = self.platform.channel
        found = {text: expected(channel, sender, self.way, text) for text in said(channel, sender, self.way)}
        return {text: pattern for text, pattern in found.items() if pattern}

    def _bubbles(self, sender: Sender) -> list[Bubble]:
        return self.platform.bubbles(sender.where, sender.name)

    def _user(self, sender: Sender) -> User:
        return User(self.platform.channel, self.platform.user(sender.name).id)

    def _chat(self, sender: Sender) -> Chat:
        return self.platform.chat(sender.where, sender.name)


def _reads(pattern: str, text: str) -> bool:
    return re.match(pattern, text, re.DOTALL) is not None


def _texts(bubbles: Sequence[Bubble]) -> list[str]:
    return [bubble.text for bubble in bubbles]
