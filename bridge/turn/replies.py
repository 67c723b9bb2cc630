"""Everything that the bridge says itself and no model does: results of commands, notices, what it does not do.

Each method ends the turn. All raise ChannelError when the platform refuses, StoreError when Redis is away or another
process has the chat.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress

from bridge import metrics
from bridge.access import Role, Standing
from bridge.commands import CommandContext, CommandResult, Commands
from bridge.errors import GatewayError, Gone
from bridge.events import Event
from bridge.inbound import ChatMoved, Said
from bridge.inbox import CRASHED, FAILED, CommandCall, Inbox, InboxFull, Job, Notice, Question, Turn
from bridge.media import Unreadable
from bridge.reply import Account, Address, Aside, Draft, Footer, deliver
from bridge.store import Store
from bridge.turn.active import ActiveAnswers
from bridge.turn.attachments import Attachments
from bridge.turn.footer import notice_text, unread
from bridge.types import Body, Button
from bridge.words import Language, Words, trouble, words_for


class Replies:
    """Says what the bridge itself has to say, each kind of it by a method."""

    def __init__(
        self,
        store: Store,
        inbox: Inbox,
        commands: Commands,
        language: Language | None,
        active: ActiveAnswers,
        attachments: Attachments,
        admins_changed: Callable[[], Awaitable[None]],
    ) -> None:
        self._store = store
        self._inbox = inbox
        self._commands = commands
        self._language = language
        self._active = active
        self._attachments = attachments
        self._admins_changed = admins_changed

    def words(self, language: str) -> Words:
        """Return the sentences for a person whose platform reports `language`, a BCP 47 tag."""
        return words_for(language, self._language)

    async def say(self, turn: Turn, account: Account, text: str) -> None:
        """Say `text`, or nothing where it is empty."""
        if text:
            await self._post(turn, account, CommandResult(text))
        await turn.done()

    async def notify(self, turn: Turn, account: Account, notice: Notice) -> None:
        """Say what `notice` is about."""
        await self.say(turn, account, notice_text(notice, self.words(notice.language)))

    async def give_up(self, turn: Turn, account: Account, *, crashed: bool) -> None:
        """Set the job aside, and tell its sender; `crashed` where it was under way each time that a process died."""
        words, tried = self.words(_language(turn.job)), turn.attempt - 1
        said = words.gave_up_crashed if crashed else words.gave_up.format(count=tried)
        await self._post(turn, account, CommandResult(said))
        metrics.GIVEN_UP.add(account.channel.name)
        await turn.set_aside(CRASHED if crashed else FAILED)

    async def run_command(self, turn: Turn, account: Account, standing: Standing, call: CommandCall) -> None:
        """Run a command and say what came of it."""
        words, channel = self.words(call.language), account.channel
        limits = channel.limits(call.chat.place)
        context = CommandContext(
            call,
            standing.role,
            words,
            standing.settings,
            max_command_bytes=limits.max_command_bytes,
            max_file_bytes=limits.files.get("file", 0),
            page_length=limits.max_length,
            hint=channel.hint(call.chat.place, call.language),
            link=channel.link,
            branch=channel.branch,
            read=lambda attachment, tokens: self._attachments.text_of(call.chat, channel, attachment, tokens),
        )
        try:
            result = await self._commands.run(context)
        except GatewayError as error:
            metrics.failed(error)
            said = trouble(error, words, model=None, admin=standing.role >= Role.ADMIN)
            result = CommandResult(f"⚠️ {said}", in_place=False)
        if result.resend_as is not None:
            try:
                await self._inbox.put(account.id, result.resend_as)
            except InboxFull:
                result = CommandResult(words.queue_full, in_place=False)
        if result.stream is not None:
            await self._grow_result(turn, account, result.stream, words, admin=standing.role >= Role.ADMIN)
        elif result.text or result.files:
            await self._post(turn, account, result)
        await turn.done()
        if result.admins_changed:
            await self._admins_changed()

    async def grow(
        self,
        turn: Turn,
        account: Account,
        draft: Draft,
        to: Address,
        footer: Callable[[Draft], Footer],
        *,
        name: str = "",
        aside: Callable[[Draft], Aside] = lambda _: Aside(),
    ) -> tuple[str, Body] | None:
        """Have `draft` grow at `to` until it is whole, or until somebody in its chat says stop.

        It is the turn's reply `name`. The turn goes on. Returns the message with buttons, as `deliver` has it. Raises
        Gone where the message in which it grows, or the chat, is not there.
        """
        job = turn.job
        place, words = job.chat.place, self.words(_language(job))
        stop = account.fitting(place, [Button(words.button_stop, f"/stop {turn.key}")])
        with self._active.track(job.chat, draft, turn.key):
            return await deliver(
                draft, to, record=turn.reply(name), buttons_while_streaming=stop, footer=footer, aside=aside
            )

    async def _grow_result(
        self, turn: Turn, account: Account, events: AsyncIterator[Event], words: Words, *, admin: bool
    ) -> None:
        def footer(draft: Draft) -> Footer:
            if draft.stopped:
                return Footer(words.stopped)
            if draft.error is not None:
                return Footer(f"⚠️ {trouble(draft.error, words, model=None, admin=admin)}")
            return Footer()

        ack = turn.job.ack if isinstance(turn.job, CommandCall) else ""
        to = account.address(turn.job.chat.place, turn.key, reply_target(turn.job))
        if ack and not turn.reply().begun:
            await turn.reply().posted(ack)
        with suppress(Gone):
            await self.grow(turn, account, Draft(events), to, footer)

    async def reply_unsupported(
        self, turn: Turn, account: Account, message: Said, problems: Sequence[Unreadable], *, admin: bool
    ) -> None:
        """Answer a message in which there is nothing that a model could read; `problems` say why."""
        words = self.words(message.language)
        if message.attachments:
            said = unread(problems, message, words, admin=admin)
        else:
            said = words.welcome.format(model=await self._commands.picker.name_of(message.chat))
        await self.say(turn, account, said)

    async def _post(self, turn: Turn, account: Account, result: CommandResult) -> None:
        job = turn.job
        place, words = job.chat.place, self.words(_language(job))
        if result.buttons and not account.has_buttons(place):
            await self._store.preferences.set_menu(job.chat, [button.command for button in result.buttons])
        await account.say(
            place,
            account.listed(place, result.text, result.buttons, words),
            key=turn.key,
            buttons=result.buttons,
            files=result.files,
            reply_to=reply_target(job),
            in_place_of=_message_to_replace(job, in_place=result.in_place and not result.files),
            record=turn.reply(),
        )


def reply_target(job: Job, *, delayed: bool = False) -> str:
    """Return the id of the message that the reply hangs under.

    In a group that is the question, so that everybody sees whose answer it is; if it is delayed, everywhere.
    """
    match job:
        case Question():
            id = job.message.id
        case Notice():
            id = job.reply_to
        case _:
            id = job.id
    return id if delayed or not job.chat.direct else ""


def _language(job: Job) -> str:
    return "" if isinstance(job, ChatMoved) else job.language


def _message_to_replace(job: Job, *, in_place: bool) -> str:
    """Return the ref of the message of ours that the reply takes the place of; empty where it stands on its own."""
    match job:
        case Question():
            return job.message.ack
        case CommandCall():
            return job.ack or (job.pressed if in_place else "")
        case _:
            return ""
