"""Commands about the conversation itself: start over, stop, say it again, how to speak."""

from __future__ import annotations

from dataclasses import replace

from bridge.access import Role
from bridge.commands.answer import Answer, Ask
from bridge.commands.picker import Picker
from bridge.store import Store
from bridge.types import Chat, Choice, IncomingMessage

LONGEST_SYSTEM = 8000
OFF = {"off", "none", "关闭", "關閉"}
LATER_ID = "later:"
"""How the id begins of a question that was asked once more so that it waits."""


class Talking:
    def __init__(self, store: Store, picker: Picker) -> None:
        self._store = store
        self._picker = picker

    async def start(self, ask: Ask) -> Answer:
        if ask.role >= Role.OWNER:
            return Answer(ask.words.welcome_owner)
        return Answer(ask.words.welcome.format(model=await self._picker.name_of(ask.message.chat)))

    async def new(self, ask: Ask) -> Answer:
        """Start over here; or, with a title and where the platform has threads, in a thread of that name.

        Forget first: the answer under way then knows that it belongs to what is forgotten.
        """
        chat = ask.message.chat
        if ask.argument and not chat.direct:
            title = " ".join(ask.argument.split())
            if await ask.branch(chat.place, title) is not None:
                return Answer(ask.words.new_thread.format(title=title))
        await self._store.history.forget(chat)
        if not await self._let_go(chat):
            await self._store.stops.send(chat)
        return Answer(ask.words.new)

    async def stop(self, ask: Ask) -> Answer:
        """The answer itself will say that it was stopped; what waits for the gateway waits no longer."""
        if count := await self._let_go(ask.message.chat):
            return Answer(ask.words.waits_no_longer.format(count=count), in_place=False)
        if await self._store.inbox.busy(ask.message.chat):
            await self._store.stops.send(ask.message.chat)
            return Answer()
        return Answer("" if ask.message.menu else ask.words.nothing_to_stop)

    async def _let_go(self, chat: Chat) -> int:
        """Forget the questions that wait for the gateway; how many."""
        return await self._store.inbox.forget(chat) if await self._store.absence.now() is not None else 0

    async def retry(self, ask: Ask) -> Answer:
        last = await self._store.choices.last(ask.message.chat)
        if last is None:
            return Answer(ask.words.nothing_to_retry, in_place=False)
        said = ask.message
        again = replace(last, id=f"retry:{said.id}", again=last.question, menu="", ack=said.ack)
        return Answer(talk=replace(again, asker=said.sender, groups=said.groups))

    async def later(self, ask: Ask) -> Answer:
        """`/later on|off`. The button under a question that was not answered also asks it once more, and it waits."""
        words, chat, wanted = ask.words, ask.message.chat, ask.argument.lower()
        if wanted not in ("on", "off"):
            on = ask.settings.waits(await self._store.choices.later(chat))
            label, command = (words.button_later_off, "/later off") if on else (words.button_later, "/later on")
            return Answer(words.later_on if on else words.later_off, [Choice(label, command)])
        if not ask.may_choose:
            return Answer.refusal(words.choice_of_admins)
        await self._store.choices.set_later(chat, wanted)
        if wanted == "off":
            return Answer(words.later_off)
        again = await self._unanswered(ask) if ask.message.menu else None
        return Answer(words.later_on, talk=again)

    async def _unanswered(self, ask: Ask) -> IncomingMessage | None:
        """The last question, once more, if it has no answer."""
        talk = (await self.retry(ask)).talk
        history = await self._store.history.read(ask.message.chat)
        if talk is None or (history and history[-1].id == talk.again):
            return None
        return replace(talk, id=f"{LATER_ID}{ask.message.id}")

    async def go_on(self, ask: Ask) -> Answer:
        history = await self._store.history.read(ask.message.chat)
        if not history or history[-1].ended == "stop":
            return Answer(ask.words.nothing_to_continue, in_place=False)
        said = replace(ask.message, id=f"continue:{ask.message.id}", text=ask.words.continue_prompt, menu="")
        return Answer(talk=said)

    async def system(self, ask: Ask) -> Answer:
        words, chat = ask.words, ask.message.chat
        if not ask.argument:
            prompt = await self._store.choices.system(chat) or ask.settings.system
            return Answer(words.system_now.format(prompt=prompt) if prompt else words.system_none)
        if not ask.may_choose:
            return Answer.refusal(words.choice_of_admins)
        if ask.argument.lower() in OFF:
            await self._store.choices.set_system(chat, "")
            return Answer(words.system_cleared)
        if len(ask.argument) > LONGEST_SYSTEM:
            return Answer(words.system_too_long.format(limit=LONGEST_SYSTEM))
        await self._store.choices.set_system(chat, ask.argument)
        return Answer(words.system_set)
