"""Commands about an answer and how to speak: stop, say it again, go on, the system prompt."""

from __future__ import annotations

import re

from msgspec.structs import replace as with_changes

from bridge.access import Role
from bridge.commands.answer import TURN_KEY, ask_about, is_last
from bridge.commands.choices import choice_buttons, pick_level
from bridge.commands.context import CommandContext, CommandResult
from bridge.commands.picker import Picker
from bridge.commands.subjects import NONE
from bridge.inbox import Inbox, Question
from bridge.store import SHOWN_REASONING, Store
from bridge.types import Button, Chat
from bridge.words import with_gateway

MAX_SYSTEM_LENGTH = 8000
_PAGES = re.compile(r"\s*([1-9]\d{0,5})\s*(?:-\s*([1-9]\d{0,5}))?\s*")
LATER_ID = "later:"
"""How the id begins of a question that was asked once more so that it waits."""


async def let_go(store: Store, inbox: Inbox, chat: Chat) -> int:
    """Forget the questions that wait for the gateway; how many."""
    return await inbox.forget(chat) if await store.outage.now() is not None else 0


class ConversationCommands:
    def __init__(self, store: Store, inbox: Inbox, picker: Picker, *, speaks: bool) -> None:
        self._store = store
        self._inbox = inbox
        self._picker = picker
        self._speaks = speaks

    async def start(self, context: CommandContext) -> CommandResult:
        tour = [Button(context.words.button_tour, "/help tour")]
        if context.role >= Role.OWNER:
            return CommandResult(context.words.welcome_owner, tour)
        return CommandResult(context.words.welcome.format(model=await self._picker.name_of(context.chat)), tour)

    async def stop(self, context: CommandContext) -> CommandResult:
        """`/stop`; its button carries the turn key of the answer under which it stands, and stops that one alone.

        The answer itself will say that it was stopped; what waits for the gateway no longer waits.
        """
        if TURN_KEY.fullmatch(key := context.argument):
            current = await self._inbox.current(context.chat)
            if current is not None and current[0] == key:
                await self._store.signals.stop(context.chat, key)
            return CommandResult()  # that it has ended can be seen
        if count := await let_go(self._store, self._inbox, context.chat):
            return CommandResult(context.words.waits_no_longer.format(count=count), in_place=False)
        if await self._inbox.busy(context.chat):
            await self._store.signals.stop(context.chat)
            return CommandResult()
        if count := await self._inbox.drop_parked(context.chat):
            return CommandResult(context.words.waits_no_longer.format(count=count), in_place=False)
        return CommandResult("" if context.call.pressed else context.words.nothing_to_stop)

    async def retry(self, context: CommandContext) -> CommandResult:
        """`/retry`: the last question, asked again by the sender of the command; `/retry MODEL` asks that model.

        As a reply to an earlier question, that one as it reads now: the conversation goes on from there.
        """
        if context.argument and (refusal := await self._picker.switched(context)) is not None:
            return refusal
        again = await self._earlier(context) or await self._ask_again(context, "retry:")
        if again is None:
            return CommandResult(context.words.nothing_to_retry, in_place=False)
        return CommandResult(resend_as=again)

    async def _earlier(self, context: CommandContext) -> Question | None:
        """The question that the command replies to, where it is one of those before the last."""
        call = context.call
        quoted = [each for each in call.attachments if each.quoted]
        if not call.reply_to or not (call.quoted or quoted):
            return None
        history = await self._store.history.read(context.chat)
        found = next((each for each in history[:-1] if each.is_about(call.reply_to)), None)
        if found is None:
            return None
        message = with_changes(
            call.said(call.quoted),
            id=call.reply_to,
            sender=call.replied_to or call.sender,
            attachments=tuple(with_changes(each, quoted=False) for each in quoted),
        )
        return Question(f"retry:{call.id}", message, asker=call.sender, again=True, rewinds=True)

    async def _ask_again(self, context: CommandContext, prefix: str) -> Question | None:
        """The last question, asked again by the sender; its id begins with `prefix`. None where there was none."""
        call, last = context.call, await self._store.preferences.last(context.chat)
        if last is None:
            return None
        message = with_changes(last, ack=call.ack, groups=call.groups)
        return Question(f"{prefix}{call.id}", message, asker=call.sender, again=True)

    async def later(self, context: CommandContext) -> CommandResult:
        """`/later on|off`. The button under a question that was not answered also asks it once more, and it waits.

        That button carries the turn key of what stands in place of the answer.
        """
        words, chat = context.words, context.chat
        wanted, _, key = context.argument.lower().partition(" ")
        if wanted not in ("on", "off"):
            on = context.settings.should_wait(await self._store.preferences.later(chat))
            label, command = (words.button_later_off, "/later off") if on else (words.button_later, "/later on")
            said = words.later_on if on else words.later_off
            return CommandResult(with_gateway(said, words, self._picker.gateway_name), [Button(label, command)])
        if not context.may_choose:
            return CommandResult.refusal(words.choice_of_admins)
        if key and not await is_last(self._store, self._inbox, chat, key):
            return CommandResult.refusal(words.answer_not_last)
        await self._store.preferences.set_later(chat, wanted)
        if wanted == "off":
            return CommandResult(with_gateway(words.later_off, words, self._picker.gateway_name))
        again = await self._unanswered(context) if context.call.pressed else None
        return CommandResult(with_gateway(words.later_on, words, self._picker.gateway_name), resend_as=again)

    async def reasoning(self, context: CommandContext) -> CommandResult:
        """`/reasoning off|brief|full`."""
        words, preferences = context.words, self._store.preferences
        said, labels = words.reasoning_now, words.button_reasoning
        return await pick_level(
            context, SHOWN_REASONING, preferences.reasoning, preferences.set_reasoning, said, labels
        )

    async def voice(self, context: CommandContext) -> CommandResult:
        """`/voice on|off`."""
        words, chat, wanted = context.words, context.chat, context.argument.lower()
        if not self._speaks:
            hint = f" {words.admin_no_voice}" if context.role >= Role.ADMIN else ""
            return CommandResult(words.voice_cannot + hint)
        if wanted in ("on", "off"):
            if not context.may_choose:
                return CommandResult.refusal(words.choice_of_admins)
            await self._store.preferences.set_voice(chat, on=wanted == "on")
        on = await self._store.preferences.voice(chat)
        label, command = (words.button_voice_off, "/voice off") if on else (words.button_voice_on, "/voice on")
        return CommandResult(words.voice_on if on else words.voice_off, [Button(label, command)])

    async def _unanswered(self, context: CommandContext) -> Question | None:
        """The last question, asked again so that it waits; None if it has an answer."""
        again = await self._ask_again(context, LATER_ID)
        history = await self._store.history.read(context.chat)
        return None if again is None or (history and history[-1].id == again.message.id) else again

    async def go_on(self, context: CommandContext) -> CommandResult:
        """`/continue`: have the model go on with an answer that did not end by itself, where that stands."""
        last = await self._store.answers.last(context.chat)
        version = last.version if last is not None else None
        if version is None or version.exchange.ended == "stop":
            return CommandResult(context.words.nothing_to_continue, in_place=False)
        return CommandResult(resend_as=ask_about(context, "continue"))

    async def page(self, context: CommandContext) -> CommandResult:
        """`/page 41-80`: have the model read these pages of the document that was read last.

        The button under an answer carries its turn key, since it means the document of that answer.
        """
        words, call = context.words, context.call
        pages, _, key = context.argument.rpartition(" ")
        if not TURN_KEY.fullmatch(key):
            pages, key = context.argument, ""
        found = _PAGES.fullmatch(pages.replace("–", "-"))
        if found is None or int(found[1]) > int(found[2] or found[1]):
            return CommandResult(words.page_usage, choice_buttons("page"), in_place=False)
        if key and not await is_last(self._store, self._inbox, context.chat, key):
            return CommandResult.refusal(words.answer_not_last)
        document = await self._store.media.document(context.chat)
        if document is None:
            return CommandResult(words.page_none, in_place=False)
        pages = f"{found[1]}-{found[2] or found[1]}"
        said = call.said(words.page_prompt.format(range=pages.replace("-", "–")))
        said = with_changes(said, id=f"page:{call.id}", attachments=(document,))
        return CommandResult(resend_as=Question(said.id, said, pages=pages))

    async def system(self, context: CommandContext) -> CommandResult:
        words, chat = context.words, context.chat
        if not context.argument:
            prompt = await self._store.preferences.system(chat) or context.settings.system
            if not prompt:
                return CommandResult(words.system_none, [Button(words.button_personas, "/persona")])
            return CommandResult(words.system_now.format(prompt=prompt), [Button(words.button_off, "/system off")])
        if not context.may_choose:
            return CommandResult.refusal(words.choice_of_admins)
        if context.argument.lower() in NONE:
            await self._store.preferences.set_system(chat, "")
            return CommandResult(words.system_cleared)
        if len(context.argument) > MAX_SYSTEM_LENGTH:
            return CommandResult(words.system_too_long.format(limit=MAX_SYSTEM_LENGTH))
        await self._store.preferences.set_system(chat, context.argument)
        return CommandResult(words.system_set)
