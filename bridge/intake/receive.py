"""What happens to an event: it enters the inbox, or is dropped. Each message passes a list of named gates, in order.

Events come in batches, and a batch costs one look at the rules and one step of the inbox, whatever its size. People
who write too much are stopped before Redis is asked, and what is done about strangers has fixed bounds, in memory and
in the store; in a flood of strangers only the first message of each is looked at, so that chats that are let in go on.
To channels this is the `Host`: they may ask before they hand on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

import structlog
from msgspec.structs import replace as with_changes

from bridge.access import Access, ChatSettings, OwnerContact, RateLimiter, Role, Standing
from bridge.commands import Commands
from bridge.errors import StoreError
from bridge.inbound import ChatMoved, Deleted, Edited, Inbound, Pressed, Reacted, Said, parse_command
from bridge.inbox import CommandCall, Inbox, Job, Question
from bridge.intake.aside import Asides
from bridge.intake.corrections import Corrections
from bridge.intake.overhearing import Overhearing
from bridge.intake.reactions import Reactions
from bridge.intake.strangers import Strangers
from bridge.reply import Account
from bridge.store import Store
from bridge.types import Button, Chat
from bridge.words import Words

log = structlog.get_logger(__name__)

PERSON_BURST, PERSON_SECONDS = 40, 1.0
"""Messages that one person may send at once, and the seconds after which they may send one more."""
CHAT_BURST, CHAT_SECONDS = 100, 0.25
"""The same for one chat."""
FLOOD_BURST, FLOOD_SECONDS = 500, 0.005
"""Messages of people known as strangers, all of them together, beyond which it is a flood."""
STRANGER_SECONDS = 30.0
"""In a flood, seconds for which a person who was found to be a stranger is not checked again."""


@dataclass(slots=True)
class Arrival:
    """One message on its way through the gates, and what they have found out about it."""

    message: Said | Pressed
    account: Account
    standing: Standing = field(default_factory=lambda: Standing(Role.STRANGER))
    edited: bool = False
    """Whether it changes a message that was sent before."""
    refused: int = 0
    """How often in a row its sender or its chat has exceeded the rate, this time included."""
    counted: bool = False
    """Whether it counts against the rate of its sender and its chat."""

    @property
    def addressed(self) -> bool:
        return not isinstance(self.message, Said) or self.message.addressed


Gate = Callable[[Arrival], bool]
"""Whether the message goes on; a gate that stops it has done about it what is to be done."""


class Intake:
    """Judges each message once, before the platform is told that it was received."""

    def __init__(
        self,
        store: Store,
        inbox: Inbox,
        access: Access,
        commands: Commands,
        words: Callable[[str], Words],
        admins_changed: Callable[[], Awaitable[None]],
    ) -> None:
        self._store = store
        self._inbox = inbox
        self._access = access
        self._commands = commands
        self._words = words
        self.asides = Asides()
        self._corrections = Corrections(store, inbox)
        self._overhearing = Overhearing(store.overheard)
        self._reactions = Reactions(store, inbox)
        self._strangers = Strangers(inbox, access, commands, self.asides, words, admins_changed)
        self._persons = RateLimiter(PERSON_BURST, PERSON_SECONDS)
        self._chats = RateLimiter(CHAT_BURST, CHAT_SECONDS)
        self._known_strangers = RateLimiter(1, STRANGER_SECONDS)
        self._flood = RateLimiter(FLOOD_BURST, FLOOD_SECONDS)
        self._before_judging: Sequence[Gate] = (self._outside_of_the_flood, self._within_the_rate)
        self._after_judging: Sequence[Gate] = (
            self._meant_for_us,
            self._not_denied,
            self._let_in,
            self._not_too_fast,
        )

    async def close(self) -> None:
        await self.asides.close()

    # The host, as channels know it

    async def admits(self, message: Said | Pressed) -> bool:
        """Whether its sender may talk there. Raises StoreError."""
        return (await self._judge(message)).role >= Role.MEMBER

    async def needs_groups(self, message: Said | Pressed | Reacted) -> bool:
        """Whether the sender's groups may change what happens to `message`. Raises StoreError."""
        standing = await self._judge(message)
        if isinstance(message, Said) and not message.addressed and not _answered_anyway(message, standing.settings):
            return False
        text = message.text if isinstance(message, Said) else message.command if isinstance(message, Pressed) else ""
        if standing.role >= Role.MEMBER and self._commands.tells_groups(text):
            return True
        return await self._access.depends_on_groups(standing.role, message.chat.channel)

    async def suggest(self, command: str, typed: str, message: Said) -> Sequence[Button]:
        """What may follow a command, for people who may talk there. Raises GatewayError, StoreError."""
        standing = await self._judge(message)
        if standing.role < Role.MEMBER:
            return ()
        words = self._words(message.language)
        return await self._commands.suggest(command, typed, message.sender, message.chat, words)

    # What comes in

    async def receive(self, events: Sequence[Inbound], account: Account) -> None:
        """Put what a batch of events asks for where it belongs, in few round trips whatever its size.

        Raises StoreError; the platform then delivers the batch again, and what was taken in of it is recognised.
        """
        arrived: list[Arrival] = []
        try:
            await self._take_in(events, account, arrived)
        except StoreError:
            # Delivered again every second while the store is away, few messages would soon be too many.
            for arrival in arrived:
                if arrival.counted:
                    self._persons.forgive(arrival.message.sender)
                    self._chats.forgive(arrival.message.chat.whole)
            raise

    async def _take_in(self, events: Sequence[Inbound], account: Account, arrived: list[Arrival]) -> None:
        """As `receive`; the messages among `events` are added to `arrived`."""
        jobs: list[Job] = []
        for event in events:
            match event:
                case ChatMoved():
                    jobs.append(event)
                case Deleted():
                    await self._corrections.deleted(event, account)
                    await self._overhearing.deleted(event)
                case Edited():
                    arrived.append(Arrival(event.message, account, edited=True))
                case Reacted():
                    await self._react(event, account)
                case Said() | Pressed():
                    arrived.append(Arrival(event, account))
        arrivals = [each for each in arrived if _passes(each, self._before_judging)]
        await self._judge_all(arrivals)
        await self._overhearing.hear([(each.message, each.standing) for each in arrivals if not each.edited])
        for arrival in arrivals:
            if arrival.edited and isinstance(arrival.message, Said):
                await self._overhearing.edited(arrival.message, arrival.standing)
        arrivals = [each for each in arrivals if _passes(each, self._after_judging)]
        for arrival in arrivals:
            if arrival.edited and isinstance(arrival.message, Said):
                chat = _conversation(arrival.message, arrival.standing.settings)
                await self._corrections.edited(with_changes(arrival.message, chat=chat), account)
        arrivals = [each for each in arrivals if not each.edited]
        jobs += [await self._job(arrival) for arrival in arrivals]
        outcomes = await self._inbox.put_many(account.id, jobs)
        for arrival, outcome in zip(reversed(arrivals), reversed(outcomes), strict=False):
            if outcome == "full":
                message = arrival.message
                log.warning("queue full", chat=str(message.chat))
                self.asides.say(message, account, self._words(message.language).queue_full)

    async def _react(self, event: Reacted, account: Account) -> None:
        """What is too fast, or not let in, is passed over without a word."""
        if self._hit(event):
            return
        standing = await self._access.judge(event.sender, event.chat, event.groups)
        chat = _conversation(event, standing.settings)
        await self._reactions.reacted(event, chat, standing, account)

    async def _judge_all(self, arrivals: Sequence[Arrival]) -> None:
        messages = [arrival.message for arrival in arrivals]
        asked = [(message.sender, message.chat, message.groups) for message in messages]
        for arrival, standing in zip(arrivals, await self._access.judge_all(asked), strict=True):
            arrival.standing = standing
            if standing.role < Role.MEMBER:
                self._known_strangers.hit(_sender_here(arrival))

    # The gates

    def _outside_of_the_flood(self, arrival: Arrival) -> bool:
        return not (self._known_strangers.is_limited(_sender_here(arrival)) and self._flood.hit(""))

    def _within_the_rate(self, arrival: Arrival) -> bool:
        # What is not meant for us may be a whole group's talk, and counts only where we answer to all of it.
        if arrival.addressed:
            self._count(arrival)
        return arrival.refused <= 1

    def _meant_for_us(self, arrival: Arrival) -> bool:
        message, standing = arrival.message, arrival.standing
        if arrival.addressed:
            return True
        assert isinstance(message, Said)
        if standing.role < Role.MEMBER or not _answered_anyway(message, standing.settings):
            return False
        self._count(arrival)
        return True

    def _not_denied(self, arrival: Arrival) -> bool:
        return arrival.standing.role is not Role.DENIED

    def _let_in(self, arrival: Arrival) -> bool:
        if arrival.standing.role is not Role.STRANGER:
            return True
        if not (arrival.refused or arrival.edited):
            self._strangers.meet(arrival.message, arrival.account)
        return False

    def _not_too_fast(self, arrival: Arrival) -> bool:
        message = arrival.message
        if arrival.refused == 1:
            log.warning("writes too fast", chat=str(message.chat), sender=str(message.sender))
            self.asides.say(message, arrival.account, self._words(message.language).too_fast)
        return not arrival.refused

    # Into the inbox

    async def _job(self, arrival: Arrival) -> Job:
        """What is put into the inbox for a message that has passed all gates."""
        message, account = arrival.message, arrival.account
        if arrival.standing.role is Role.OWNER and message.chat.direct:
            contact = OwnerContact(account.id, message.sender, message.chat, message.language)
            await self._access.remember_owner(contact)
        chat = _conversation(message, arrival.standing.settings)
        return _job_of(message, chat, await self._text(message, chat, account))

    async def _text(self, message: Said | Pressed, chat: Chat, account: Account) -> str:
        """What the message says; where there are no buttons, a number stands for a line of the list shown last."""
        if isinstance(message, Pressed):
            return message.command
        if account.has_buttons(chat.place) or not (menu := await self._store.preferences.menu(chat)):
            return message.text
        text = message.text.strip()
        if text.isdecimal() and len(text) < 4 and 1 <= int(text) <= len(menu):
            return menu[int(text) - 1]
        await self._store.preferences.set_menu(chat, [])  # the talk has gone on
        return message.text

    async def _judge(self, message: Said | Pressed | Reacted) -> Standing:
        return await self._access.judge(message.sender, message.chat, message.groups)

    def _count(self, arrival: Arrival) -> None:
        arrival.refused = self._hit(arrival.message)
        arrival.counted = not arrival.refused

    def _hit(self, message: Said | Pressed | Reacted) -> int:
        return self._persons.hit(message.sender) or self._chats.hit(message.chat.whole)


def _passes(arrival: Arrival, gates: Sequence[Gate]) -> bool:
    return all(gate(arrival) for gate in gates)


def _sender_here(arrival: Arrival) -> object:
    return arrival.message.sender, arrival.message.chat.whole


def _answered_anyway(message: Said, settings: ChatSettings) -> bool:
    """Whether a message not meant for us is answered all the same; a command not meant for us is another bot's."""
    return settings.answer == "all" and not parse_command(message.text) and bool(message.text.strip())


def _conversation(message: Said | Pressed | Reacted, settings: ChatSettings) -> Chat:
    """The chat whose history the message belongs to: the sender's own where everybody in a group has their own."""
    if settings.history == "shared" or message.chat.direct:
        return message.chat
    return replace(message.chat, person=message.sender.id)


def _job_of(message: Said | Pressed, chat: Chat, text: str) -> Job:
    """What is put into the queue of `chat` for a message that says `text`."""
    command = parse_command(text)
    if isinstance(message, Said) and command is None:
        return Question(message.id, with_changes(message, chat=chat, text=text))
    if command is None:  # a changed app sent what no button of ours carries
        said = Said(message.id, chat, message.sender, text, language=message.language, groups=message.groups)
        return Question(message.id, with_changes(said, sent_at=message.sent_at))
    return CommandCall(
        id=message.id,
        chat=chat,
        sender=message.sender,
        name=command.name,
        argument=command.argument,
        pressed="" if isinstance(message, Said) else message.message,
        ack=message.ack if isinstance(message, Said) else "",
        language=message.language,
        groups=message.groups,
        replied_to=message.replied_to if isinstance(message, Said) else None,
        reply_to=message.reply_to if isinstance(message, Said) else "",
        quoted=message.quoted if isinstance(message, Said) else "",
        attachments=message.attachments if isinstance(message, Said) else (),
        sent_at=message.sent_at,
    )
