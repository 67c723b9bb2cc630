"""The knowledge of one turn: searched with the question, or by the model with a tool."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from bridge.knowledge import MAX_PASSAGES, Found, Knowledge, Passage, listed, sources
from bridge.tools import Tool, ToolContext, ToolError, ToolOutcome
from bridge.turn.attachments import Received
from bridge.types import Chat

TOOL = Tool(
    "knowledge",
    "search_knowledge",
    "search knowledge",
    "Passages from the documents of the person or their team that fit a question. Search again in other words where "
    "nothing fits. Put the number of each passage that you use behind what it supports, as in [1].",
    {
        "type": "object",
        "properties": {"question": {"type": "string", "description": "what to look for, in whole words"}},
        "required": ["question"],
    },
    read_only=True,
    repeatable=True,
    permission="always",
)
_WHY = {
    "": "nothing was found",
    "empty": "nothing fitting was found",
    "away": "the knowledge could not be reached",
    "absent": "the knowledge base is not there any more",
}


class TurnKnowledge:
    """What may be searched for one turn, and what became of it in `received`."""

    def __init__(
        self, knowledge: Knowledge, chat: Chat, bases: Collection[str] | None, received: Received, *, own: bool
    ) -> None:
        """`bases` by their keys, None for all there are; `own`: the chat's documents as well."""
        self._knowledge = knowledge
        self._chat = chat
        self._bases = bases
        self._received = received
        self._own = own

    async def consult(self, question: str) -> Sequence[Passage]:
        """Return the passages that go with `question`, and note in `received` what went wrong. Raises StoreError."""
        found = await self.find(question)
        self._received.knowledge = found.problem
        return found.passages

    async def find(self, question: str) -> Found:
        """Search what may be searched. Raises StoreError."""
        return await self._knowledge.find(self._chat, question, self._bases, own=self._own)


class KnowledgeTool:
    """A `ToolServer` with the one tool that searches."""

    name = TOOL.server

    def __init__(self, turn: TurnKnowledge) -> None:
        self._turn = turn

    async def tools(self) -> Sequence[Tool]:
        return [TOOL]

    async def call(self, tool: str, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutcome:
        question = str(arguments.get("question", "")).strip()
        if not question:
            raise ToolError("question is missing")
        found = await self._turn.find(question)
        if not found.passages:
            return ToolOutcome(_WHY[found.problem], failed=found.problem in ("away", "absent"))
        first = context.number * MAX_PASSAGES + 1
        return ToolOutcome(listed(found.passages, first), sources=tuple(sources(found.passages, first)))
