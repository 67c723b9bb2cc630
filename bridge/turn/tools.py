"""The tools of one turn: which are offered to its model, and what they may touch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bridge.access import Access, Actor, Standing
from bridge.inbox import Question, Turn
from bridge.reply import Account
from bridge.store import Store
from bridge.tools import (
    BUILT_IN,
    LONG_WAIT_SECONDS,
    WAIT_SECONDS,
    Approvals,
    PendingCall,
    Tool,
    Toolbox,
    ToolChoices,
    ToolContext,
    ToolFile,
    ToolOutcome,
    function_names,
    ways_to_decide,
    within,
)
from bridge.turn.knowledge import KnowledgeTool
from bridge.turn.loop import ToolLoop, ToolUse
from bridge.turn.steps import KeptFile, ToolSteps
from bridge.types import Chat

MAX_TOOLS = 64
"""That go with one question."""
MAX_TOOLS_BYTES = 48_000
"""Of all schemas and descriptions that go with one question; some 12,000 tokens."""


class TurnTools:
    """What all turns of a process share."""

    def __init__(self, store: Store, access: Access, toolbox: Toolbox, approvals: Approvals, seconds: float) -> None:
        """`seconds` for one call."""
        self._store = store
        self._access = access
        self._toolbox = toolbox
        self._approvals = approvals
        self._seconds = seconds

    def are_on(self, chosen: str, standing: Standing) -> bool:
        """Whether tools are offered where people have `chosen` this."""
        on = ToolChoices.read(chosen).on
        return standing.settings.tools == "on" if on is None else on

    async def loop(
        self,
        turn: Turn,
        account: Account,
        question: Question,
        chosen: str,
        *,
        on: bool,
        admin: bool,
        knowledge: KnowledgeTool | None = None,
    ) -> ToolLoop | None:
        """Return what answers `question` with tools, where they are `on`, and with `knowledge`, where it is a tool.

        None where there are none to offer. `admin`: whether who asked may allow a tool for good. Raises StoreError.
        """
        choices = ToolChoices.read(chosen)
        offered = list(await knowledge.tools()) if knowledge is not None else []
        if on or turn.steps:
            offered += (await self._toolbox.offer(wait=LONG_WAIT_SECONDS if turn.steps else WAIT_SECONDS)).tools
        usable = [tool for tool in offered if choices.permission(tool) != "never"]
        tools = function_names(within(usable, MAX_TOOLS, MAX_TOOLS_BYTES), BUILT_IN)
        if not tools and not turn.steps:
            return None
        chat, asker = question.chat, question.asked_by
        actor = Actor.in_chat(asker, chat)

        async def ask(id: str, tool: Tool) -> None:
            await self._approvals.ask(id, PendingCall(turn.key, chat, asker, account.id, tool.key, tool.fingerprint))
            if not account.has_buttons(chat.place):
                await self._store.preferences.set_menu(chat, list(ways_to_decide(id, admin=admin).values()))

        async def record(tool: Tool, went: str) -> None:
            await self._access.audit.note(actor, f"tool {tool.key}", went)

        async def load(files: Sequence[KeptFile]) -> Sequence[ToolFile]:
            return await self._load(chat, files)

        async def keep(file: ToolFile) -> KeptFile:
            return KeptFile(file.kind, await self._store.media.put(chat, file.content, file.mime, file.name))

        async def run(tool: Tool, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutcome:
            if knowledge is not None and tool.server == knowledge.name:
                return await knowledge.call(tool.name, arguments, context)
            return await self._toolbox.call(tool, arguments, context)

        context = ToolContext(chat, asker, account.id, question.language, question.message.id, "")
        use = ToolUse(
            tools,
            needs_approval=lambda tool: choices.permission(tool) == "ask",
            run=run,
            ask=ask,
            decision=self._approvals.decision,
            record=record,
            keep=keep,
            load=load,
            context=context,
            seconds=self._seconds,
            key=f"{turn.key}.e{turn.edits}" if turn.edits else turn.key,  # what was allowed was for another question
        )
        return ToolLoop(use, ToolSteps(turn))

    async def _load(self, chat: Chat, files: Sequence[KeptFile]) -> list[ToolFile]:
        contents = await self._store.media.get(chat, (file.media.digest for file in files))
        return [
            ToolFile(file.kind, file.media.name, file.media.mime, contents[file.media.digest])
            for file in files
            if file.media.digest in contents
        ]
