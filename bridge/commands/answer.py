"""The buttons under the last answer: once more, by another model, shorter, more of it, an earlier version."""

from __future__ import annotations

import re
from dataclasses import replace

from msgspec.structs import replace as with_changes

from bridge.commands.choices import pick_level
from bridge.commands.context import CommandContext, CommandResult
from bridge.commands.picker import Picker
from bridge.inbound import Said
from bridge.inbox import Action, Inbox, Question, joined
from bridge.store import BUTTONS, Store
from bridge.types import Button, Chat, ModelId

MAX_FOUND = 8
"""Models that are named where a part of a name fits several."""
ACTIONS: dict[str, Action] = {"retry": "retry", "continue": "continue", "shorter": "shorter"}


TURN_KEY = re.compile(r"[a-z2-7]{16}")


async def is_last(store: Store, inbox: Inbox, chat: Chat, key: str) -> bool:
    """Whether the last answer in `chat` is that of the turn `key`, or will be once that turn has ended.

    All of an answer stands on the screen, buttons and all, a moment before its turn ends. Raises StoreError.
    """
    for _ in range(2):  # the turn may end between the two looks
        last = await store.answers.last(chat)
        if last is not None and last.key == key:
            return True
        current = await inbox.current(chat)
        if current is not None and current[0] == key:
            return True
    return False


class AnswerCommands:
    def __init__(self, store: Store, inbox: Inbox, picker: Picker) -> None:
        self._store = store
        self._inbox = inbox
        self._picker = picker

    async def answer(self, context: CommandContext) -> CommandResult:
        """`/answer KEY ACTION`, which is what the buttons send; KEY names the answer under which they stand.

        ACTION is `retry`, `continue`, `shorter`, `down` (a thumb down on the answer), `other` and `compare` (with a
        model, or a part of the picker's way there), or the number of a version. What is asked waits behind the turn
        that is under way.
        """
        key, _, rest = context.argument.partition(" ")
        action, _, more = rest.strip().partition(" ")
        if not await is_last(self._store, self._inbox, context.chat, key):
            return CommandResult.refusal(context.words.answer_not_last)
        if action == "down":
            ways = ((context.words.button_retry, "retry"), (context.words.button_other_model, "other"))
            buttons = [Button(label, f"/answer {key} {way}") for label, way in ways]
            return CommandResult(context.words.answer_down, buttons, in_place=False)
        if action == "other":
            return await self._other(context, key, more.strip())
        if action == "compare":
            return await self._compare_with(context, key, more.strip())
        if action in ACTIONS:
            return CommandResult(resend_as=ask_about(context, ACTIONS[action], key))
        if action.isdecimal() and len(action) < 4:
            return CommandResult(resend_as=ask_about(context, "version", key, int(action)))
        return CommandResult.refusal(context.words.answer_not_last)

    async def _other(self, context: CommandContext, key: str, query: str) -> CommandResult:
        """The models to choose from, in a message of their own; once one is chosen, have it answer again."""
        picking = replace(context, call=with_changes(context.call, argument=query.removeprefix("-").strip()))
        result = await self._picker.model(picking, f"/answer {key} other")
        if result.chosen:
            return replace(result, resend_as=ask_about(context, "retry", key))
        # The answer's own button carries nothing more: the answer stays, and the models stand below it.
        buttons = [_within_the_picker(button, f"/answer {key} other") for button in result.buttons]
        if query in ("", "-"):
            buttons.append(_compare_button(context, key))
        return replace(result, buttons=buttons, in_place=bool(query))

    async def model(self, context: CommandContext) -> CommandResult:
        """`/model`, as the picker has it; where there is an answer, another model can be set beside the chat's."""
        result = await self._picker.model(context)
        last = await self._store.answers.last(context.chat) if not context.argument.strip() else None
        if last is None or last.version is None or not result.buttons:
            return result
        return replace(result, buttons=[*result.buttons, _compare_button(context, last.key)])

    async def _compare_with(self, context: CommandContext, key: str, query: str) -> CommandResult:
        """The models to choose from; once one is chosen, have it and the chat's answer the last question anew."""
        words = context.words

        async def take(context: CommandContext, other: ModelId, name: str) -> CommandResult:
            last, one = await self._store.answers.last(context.chat), await self._picker.current(context.chat)
            if last is None or last.key != key or one is None:
                return CommandResult.refusal(words.answer_not_last)
            if not context.settings.models.permit(other):
                return CommandResult(words.model_not_here.format(model=name))
            call = context.call
            asked = joined([Question(each.id, each) for each in last.asked]).message
            message = with_changes(asked, ack="", groups=call.groups, language=call.language, sent_at=call.sent_at)
            models = (str(one), str(other))
            again = Question(f"compare:{call.id}", message, asker=call.sender, again=True, about=key, models=models)
            return CommandResult(words.compare_now.format(one=f"`{one}`", other=f"`{other}`"), resend_as=again)

        picking = replace(context, call=with_changes(context.call, argument=query.removeprefix("-").strip()))
        prefix = f"/answer {key} compare"
        result = await self._picker.model(picking, prefix, take)
        if result.resend_as is not None or not result.buttons:
            return result
        text = words.compare_pick if query in ("", "-") else result.text
        return replace(result, text=text, buttons=[_within_the_picker(each, prefix) for each in result.buttons])

    async def compare(self, context: CommandContext) -> CommandResult:
        """`/compare A B QUESTION`: have two models answer the same, side by side."""
        words, call = context.words, context.call
        names, question = context.argument.split(maxsplit=2)[:2], context.argument.split(maxsplit=2)[2:]
        if not question:
            last = await self._store.answers.last(context.chat)
            buttons = [_compare_button(context, last.key)] if last is not None and last.version is not None else []
            return CommandResult(words.compare_usage, buttons, in_place=False)
        models = []
        for name in names:
            found = await self._picker.find(name, context.settings)
            if len(found) != 1:
                sentence = words.model_several if found else words.model_unknown
                shown = "".join(f"\n- `{model}`" for model in found[:MAX_FOUND])
                return CommandResult(sentence.format(query=name) + shown, in_place=False)
            models.append(str(found[0]))
        said = call.said(question[0])
        return CommandResult(resend_as=Question(f"compare:{call.id}", said, asker=call.sender, models=tuple(models)))

    async def buttons(self, context: CommandContext) -> CommandResult:
        """`/buttons off|few|all`."""
        words, preferences = context.words, self._store.preferences
        said, labels = words.buttons_now, words.button_buttons
        return await pick_level(context, BUTTONS, preferences.buttons, preferences.set_buttons, said, labels)


def _compare_button(context: CommandContext, key: str) -> Button:
    return Button(context.words.button_compare, f"/answer {key} compare -")


def _within_the_picker(button: Button, prefix: str) -> Button:
    return Button(button.label, f"{prefix} -") if button.command == prefix else button


def ask_about(context: CommandContext, action: Action, about: str = "", version: int = 0) -> Question:
    """Return the job that does `action` about the last answer; with `about`, only while that is the last one."""
    call = context.call
    said = Said(
        f"{action}:{call.id}",
        call.chat,
        call.sender,
        "",
        language=call.language,
        groups=call.groups,
        sent_at=call.sent_at,
    )
    return Question(said.id, said, asker=call.sender, action=action, about=about, version=version)
