"""`/help`: by topic, by command, and a tour of three messages for the first day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, get_args

from bridge.access import Role
from bridge.commands.choices import choice_buttons
from bridge.commands.context import CommandContext, CommandResult
from bridge.commands.picker import Picker
from bridge.types import Button

Topic = Literal["talk", "models", "prompts", "you", "access", "settings"]
TOPICS: tuple[Topic, ...] = get_args(Topic)
TOUR = "tour"


class Helped(Protocol):
    """A command, as far as help tells of it."""

    @property
    def name(self) -> str: ...
    @property
    def needs(self) -> Role: ...
    @property
    def listed(self) -> bool: ...
    @property
    def topic(self) -> Topic: ...


class HelpCommand:
    def __init__(self, picker: Picker, entries: Mapping[str, Helped]) -> None:
        self._picker = picker
        self._entries = entries

    async def help(self, context: CommandContext) -> CommandResult:
        """`/help`, `/help TOPIC`, `/help COMMAND`, `/help tour 2`."""
        word, _, rest = context.argument.strip().lower().removeprefix("/").partition(" ")
        if word == TOUR:
            return await self.tour(context, rest.strip() or "1")
        if word in TOPICS and (commands := self._of_topic(word, context.role)):
            return self._topic(context, word, commands)
        if word in self._entries:
            return self.command(context, word)
        return await self._overview(context)

    async def _overview(self, context: CommandContext) -> CommandResult:
        words = context.words
        lines = [words.help_talk.format(model=await self._picker.name_of(context.chat))]
        if not context.chat.direct:
            lines.append(words.help_group)
        if context.hint:
            lines.append(context.hint)
        topics = {topic: commands for topic in TOPICS if (commands := self._of_topic(topic, context.role))}
        listed = [
            f"- **{words.help_topics[topic]}**: {' · '.join(f'/{each.name}' for each in commands)}"
            for topic, commands in topics.items()
        ]
        buttons = [Button(words.help_topics[topic], f"/help {topic}") for topic in topics]
        return CommandResult(
            "\n\n".join([*lines, "\n".join(listed), words.help_more]),
            [*buttons, Button(words.button_tour, f"/help {TOUR}")],
        )

    def _of_topic(self, topic: str, role: Role) -> list[Helped]:
        return [each for each in self._entries.values() if each.listed and each.topic == topic and role >= each.needs]

    def _topic(self, context: CommandContext, topic: str, commands: Sequence[Helped]) -> CommandResult:
        words = context.words
        lines = [f"- /{each.name}: {words.commands[each.name]}" for each in commands]
        buttons = [Button(f"/{each.name} ?", f"/help {each.name}") for each in commands]
        said = "\n".join([f"**{words.help_topics[topic]}**", *lines])
        return CommandResult(said, [*buttons, Button(words.button_back, "/help")])

    def command(self, context: CommandContext, name: str) -> CommandResult:
        """What `/help NAME` and `/NAME ?` say."""
        words, entry = context.words, self._entries[name]
        if context.role < entry.needs:
            return CommandResult.refusal(words.owners_only if entry.needs is Role.OWNER else words.admins_only)
        summary = f"**/{name}**: {words.commands[name]}" if name in words.commands else f"**/{name}**"
        said = "\n".join(filter(None, [summary, words.help_forms.get(name, "").format()]))
        return CommandResult(said, [*choice_buttons(name), Button(words.button_back, f"/help {entry.topic}")])

    async def tour(self, context: CommandContext, number: str) -> CommandResult:
        """Message `number` of the tour."""
        words = context.words
        if number not in words.help_tour:
            number = "1"
        said = words.help_tour[number].format(model=await self._picker.name_of(context.chat))
        if (following := str(int(number) + 1)) in words.help_tour:
            return CommandResult(said, [Button(words.button_next, f"/help {TOUR} {following}")], in_place=False)
        ways = [Button(words.button_pick, "/model"), Button(words.button_personas, "/persona")]
        return CommandResult(said, [*ways, Button(words.button_help, "/help")], in_place=False)
