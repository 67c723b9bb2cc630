"""`/chat`: what applies in this chat, and with ``all`` in every chat. One command, one word for each setting."""

from __future__ import annotations

from bridge.access import SETTINGS, Access, Actor, ChatSettings, Patterns, Role
from bridge.access.settings import OFF
from bridge.commands.answer import Answer, Ask
from bridge.commands.whom import code, plain
from bridge.types import Chat

DEFAULT = "default"
"""As a value: go back to what applies elsewhere."""
ALL = "all"
RESET = "reset"


class ChatSetting:
    def __init__(self, access: Access) -> None:
        self._access = access

    async def chat(self, ask: Ask) -> Answer:
        """`/chat`, `/chat NAME VALUE`, `/chat all ...`."""
        argument, chat = ask.argument, ask.message.chat.whole
        first, _, rest = argument.partition(" ")
        where: Chat | None = chat
        if first.lower() == ALL:
            if ask.role < Role.OWNER:
                return Answer.refusal(ask.words.owners_only)
            where, argument = None, rest.strip()
        name, _, value = argument.partition(" ")
        name, value = name.lower(), value.strip()
        if not name:
            return await self._show(ask, where)
        if name not in SETTINGS or not value:
            return Answer(_usage(ask))
        if name == "models":
            return await self._models(ask, where, value)
        return await self._set(ask, where, name, "" if value.lower() == DEFAULT else value)

    async def models(self, ask: Ask, value: str) -> Answer:
        """`/models allow|deny PATTERNS`, `/models reset`, in this chat."""
        return await self._models(ask, ask.message.chat.whole, value)

    async def _models(self, ask: Ask, where: Chat | None, value: str) -> Answer:
        word, *patterns = value.split()
        match word.lower():
            case "allow" | "deny" if patterns:
                kept = (await self._access.own_settings(where)).get("models", "")
                mark, other = ("+", "-") if word.lower() == "allow" else ("-", "+")
                replaced = {f"{other}{pattern}" for pattern in patterns}
                words = [each for each in kept.split() if each not in replaced and each != OFF]
                return await self._set(
                    ask, where, "models", " ".join([*words, *(f"{mark}{pattern}" for pattern in patterns)])
                )
            case "reset" | "default":
                return await self._set(ask, where, "models", "")
            case "off":
                return await self._set(ask, where, "models", OFF)
            case _:
                return Answer(_usage(ask))

    async def _set(self, ask: Ask, where: Chat | None, name: str, text: str) -> Answer:
        try:
            await self._access.set(where, name, text, Actor.of(ask.message))
        except ValueError:
            return Answer(f"{ask.words.setting_wrong.format(value=plain(text), name=name)}\n\n{_usage(ask)}")
        return await self._show(ask, where)

    async def _show(self, ask: Ask, where: Chat | None) -> Answer:
        own = await self._access.own_settings(where)
        applies = (
            await self._access.settings(where)
            if where is not None
            else ChatSettings.read(await self._access.own_settings(None))
        )
        lines = [
            f"- `{name}`: {_shown(applies, name, ask)}" + ("" if name in own else f" ({ask.words.setting_default})")
            for name in SETTINGS
        ]
        title = ask.words.settings_here if where is not None else ask.words.settings_all
        return Answer("\n".join([title, *lines, "", _usage(ask)]))


def _shown(applies: ChatSettings, name: str, ask: Ask) -> str:
    value = getattr(applies, name)
    if isinstance(value, Patterns):
        parts = [
            f"{mark} {' '.join(map(code, some))}" for mark, some in (("✓", value.allow), ("✗", value.deny)) if some
        ]
        return ", ".join(parts) or ask.words.setting_all_models
    return code(str(value), 300) if value else OFF


def _usage(ask: Ask) -> str:
    return ask.words.settings_usage
