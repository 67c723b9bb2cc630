"""The tools that need no server: the time, arithmetic, reading a web page, a reminder."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bridge.media import Unreadable, WebPages
from bridge.tools.calculator import calculate
from bridge.tools.reminders import MAX_DAYS, MAX_OF_CHAT, MAX_TEXT_CHARACTERS, Reminders
from bridge.tools.tool import BUILT_IN, Tool, ToolContext, ToolError, ToolOutcome


def _tool(name: str, description: str, required: Sequence[str] = (), **properties: str) -> Tool:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {each: {"type": "string", "description": what} for each, what in properties.items()},
    }
    if required:
        schema["required"] = list(required)
    # A reminder only says something in the chat that asked for it, and a later look at the same call adds none.
    return Tool(
        BUILT_IN,
        name,
        name.replace("_", " "),
        description,
        schema,
        read_only=name != "set_reminder",
        repeatable=True,
        permission="always",
    )


TOOLS = (
    _tool("current_time", "The date and time now.", zone="IANA name such as Asia/Shanghai; empty: of this server"),
    _tool("calculator", "The exact value of an arithmetic expression.", ("expression",), expression="2 * (3 + 4) ** 2"),
    _tool("read_web_page", "The text of a public web page or document.", ("url",), url="https://..."),
    _tool(
        "set_reminder",
        "Have this chat get a message at a time. Ask for the current time first.",
        ("at", "text"),
        at="ISO 8601 with offset, such as 2026-01-31T18:00:00+08:00",
        text="what to say then",
    ),
)


class BuiltInTools:
    """A `ToolServer`."""

    name = BUILT_IN

    def __init__(
        self, reminders: Reminders, pages: WebPages | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._reminders = reminders
        self._pages = pages or WebPages()
        self._clock = clock
        self._run: Mapping[str, Callable[[Mapping[str, str], ToolContext], Awaitable[str]]] = {
            "current_time": self._current_time,
            "calculator": self._calculate,
            "read_web_page": self._read,
            "set_reminder": self._remind,
        }

    async def tools(self) -> Sequence[Tool]:
        return TOOLS

    async def call(self, tool: str, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutcome:
        texts = {name: str(value) for name, value in arguments.items()}
        try:
            return ToolOutcome(await self._run[tool](texts, context))
        except KeyError as error:
            raise ToolError(f"{error.args[0]} is missing") from None
        except ValueError as error:
            raise ToolError(str(error)) from None
        except Unreadable as problem:
            raise ToolError(problem.kind) from None

    async def _current_time(self, arguments: Mapping[str, str], context: ToolContext) -> str:
        zone = arguments.get("zone", "").strip()
        try:
            now = datetime.fromtimestamp(self._clock(), ZoneInfo(zone) if zone else None).astimezone(
                ZoneInfo(zone) if zone else None
            )
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("this is no time zone; write for example Europe/Berlin") from None
        return f"{now.isoformat(timespec='seconds')} ({now:%A}, {zone or now.tzname()})"

    async def _calculate(self, arguments: Mapping[str, str], context: ToolContext) -> str:
        return calculate(arguments["expression"])

    async def _read(self, arguments: Mapping[str, str], context: ToolContext) -> str:
        return await self._pages.read(arguments["url"].strip())

    async def _remind(self, arguments: Mapping[str, str], context: ToolContext) -> str:
        at, text = arguments["at"].strip(), arguments["text"].strip()[:MAX_TEXT_CHARACTERS]
        try:
            due = datetime.fromisoformat(at).astimezone()
        except (ValueError, OverflowError):
            raise ValueError("`at` is no time; write for example 2026-01-31T18:00:00+08:00") from None
        left = due.timestamp() - self._clock()
        if not text or not 0 < left <= MAX_DAYS * 86400:
            raise ValueError(f"there has to be a text, and a time within the next {MAX_DAYS} days")
        added = await self._reminders.add(
            due.timestamp(),
            text,
            id=context.call,
            chat=context.chat,
            account=context.account,
            language=context.language,
            reply_to=context.message,
        )
        if not added:
            raise ValueError(f"{MAX_OF_CHAT} reminders wait in this chat already")
        return f"The reminder will be sent at {due.astimezone(UTC).isoformat(timespec='seconds')}."
