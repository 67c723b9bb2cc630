"""`/params` and `/effort`: how the models of a chat are to answer, as far as the gateway passes it on."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.commands.context import CommandContext, CommandResult
from bridge.commands.picker import Picker
from bridge.commands.subjects import code, plain
from bridge.errors import GatewayError
from bridge.sampling import EFFORTS, READERS, UNSET, Sampling
from bridge.store import Preferences
from bridge.types import Button
from bridge.words import Words

OFF = ("off", "reset", "default", "none")
EFFORT = "reasoning_effort"
PRECISE, CREATIVE = "0.2", "1.0"
"""Temperatures behind buttons."""


class ParameterCommands:
    def __init__(self, preferences: Preferences, picker: Picker) -> None:
        self._preferences = preferences
        self._picker = picker

    async def params(self, context: CommandContext) -> CommandResult:
        """`/params`, `/params NAME VALUE`, `/params NAME off`, `/params reset`."""
        name, _, value = context.argument.partition(" ")
        name, value = name.lower(), value.strip()
        if not name:
            return await self._shown(context, await self._preferences.sampling(context.chat))
        if name in OFF and not value:
            return await self._set(context, UNSET)
        return await self._with(context, EFFORT if name == "effort" else name, value)

    async def effort(self, context: CommandContext) -> CommandResult:
        """`/effort low`, as `/params reasoning_effort low`."""
        if not context.argument.strip():
            return await self._shown(context, await self._preferences.sampling(context.chat), (EFFORT,))
        return await self._with(context, EFFORT, context.argument.strip())

    async def _with(self, context: CommandContext, name: str, value: str) -> CommandResult:
        words = context.words
        if name not in READERS or not value:
            return CommandResult(words.params_usage)
        try:
            sampling = await self._preferences.sampling(context.chat)
            changed = sampling.with_value(name, "" if value.lower() in OFF else value)
        except ValueError:
            wrong = words.setting_wrong.format(value=plain(value), name="effort" if name == EFFORT else name)
            buttons = _buttons(words, [each for each in READERS if each != name])
            return CommandResult(f"{wrong}\n\n{words.params_usage}", buttons)
        return await self._set(context, changed)

    async def _set(self, context: CommandContext, sampling: Sampling) -> CommandResult:
        if not context.may_choose:
            return CommandResult.refusal(context.words.choice_of_admins)
        await self._preferences.set_sampling(context.chat, sampling)
        return await self._shown(context, sampling)

    async def _shown(
        self, context: CommandContext, sampling: Sampling, names: Sequence[str] = tuple(READERS)
    ) -> CommandResult:
        """What is set, of the parameters with these `names`, with buttons for them."""
        words, texts = context.words, sampling.shown()
        refused = await self._refused(context)
        lines = [f"- `{name}`: {code(texts[name]) if name in texts else words.params_unset}" for name in names]
        paragraphs = ["\n".join([words.params_now, *lines])]
        if model_and_names := refused:
            model, names = model_and_names
            said = ", ".join(f"`{name}`" for name in names)
            paragraphs.append(words.params_refused.format(model=f"`{model}`", names=said))
        paragraphs.append(words.params_usage)
        left_out = [name for name in READERS if name not in names or (refused and name in refused[1])]
        return CommandResult("\n\n".join(paragraphs), _buttons(words, left_out))

    async def _refused(self, context: CommandContext) -> tuple[str, Sequence[str]] | None:
        """The chat's model, and which parameters it is not sent; None where it takes all, or nothing is known."""
        try:
            model = await self._picker.current(context.chat)
            refused = await self._picker.refused_parameters(model) if model is not None else ()
        except GatewayError:
            return None
        return (str(model), refused) if refused else None


def _buttons(words: Words, left_out: Sequence[str]) -> list[Button]:
    """Those of the parameters that are not `left_out`, and `/params reset`."""
    buttons = []
    if "temperature" not in left_out:
        buttons.append(Button(words.button_precise, f"/params temperature {PRECISE}"))
        buttons.append(Button(words.button_creative, f"/params temperature {CREATIVE}"))
    if EFFORT not in left_out:
        buttons += [Button(words.button_effort[effort], f"/effort {effort}") for effort in EFFORTS]
    return [*buttons, Button(words.button_reset, "/params reset")]
