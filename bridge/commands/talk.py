"""Commands about the conversation itself: start over, stop, say it again, how to speak."""

from __future__ import annotations

from dataclasses import replace

from bridge.access import Role
from bridge.commands.answer import Answer, Ask
from bridge.commands.picker import Picker
from bridge.store import Store

LONGEST_SYSTEM = 8000
OFF = {"off", "none", "关闭", "關閉"}


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
        if ask.argument and not ask.message.chat.direct:
            title = " ".join(ask.argument.split())
            if await ask.branch(ask.message.chat.place, title) is not None:
                return Answer(ask.words.new_thread.format(title=title))
        await self._store.history.forget(ask.message.chat)
        await self._store.stops.send(ask.message.chat)
        return Answer(ask.words.new)

    async def stop(self, ask: Ask) -> Answer:
        """The answer itself will say that it was stopped."""
        if await self._store.inbox.busy(ask.message.chat):
            await self._store.stops.send(ask.message.chat)
            return Answer()
        return Answer("" if ask.message.menu else ask.words.nothing_to_stop)

    async def retry(self, ask: Ask) -> Answer:
        last = await self._store.choices.last(ask.message.chat)
        if last is None:
            return Answer(ask.words.nothing_to_retry, in_place=False)
        said = ask.message
        again = replace(last, id=f"retry:{said.id}", again=last.again or last.id, menu="")
        return Answer(talk=replace(again, asker=said.sender, groups=said.groups))

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
        if ask.settings.choose == "admins" and ask.role < Role.ADMIN:
            return Answer(words.choice_of_admins)
        if ask.argument.lower() in OFF:
            await self._store.choices.set_system(chat, "")
            return Answer(words.system_cleared)
        if len(ask.argument) > LONGEST_SYSTEM:
            return Answer(words.system_too_long.format(limit=LONGEST_SYSTEM))
        await self._store.choices.set_system(chat, ask.argument)
        return Answer(words.system_set)
