"""Calls a tool where one is offered that fits the question, and then says what it gave back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

from bridge.demo.conversation import Conversation
from bridge.demo.performance import Performance

_HAN = re.compile(r"[\u3400-\u9fff]")
_WEATHER = re.compile(
    r"weather(?:.*?\b(?:in|for|at)\s+(?P<city>[\w .-]{1,60}))?"
    r"|(?P<place>[\u3400-\u9fff]{2,8}?)的?天[气氣]",
    re.IGNORECASE,
)
_NOTE = re.compile(
    r"(?:note(?: down)?|remember|write down|记下|記下|记一下|記一下)[:：,，]?\s+(?:that\s+)?(?P<text>.{1,400})",
    re.IGNORECASE,
)
_NOTES = re.compile(r"\bnotes\b|笔记|筆記", re.IGNORECASE)
_TIME = re.compile(r"\bwhat time\b|\btime is it\b|几点|幾點", re.IGNORECASE)
_KNOWLEDGE = re.compile(r"\bdocuments?\b|\bknowledge\b|知识库|知識庫|文档|文件", re.IGNORECASE)
_SUM = re.compile(r"[\d.]+(?:\s*(?:\*\*|[-+*/×÷^])\s*[\d.]+)+")


def with_tools(voice: Callable[[Conversation], Performance]) -> Callable[[Conversation], Performance]:
    """The same, but with tools for what they can do better."""

    def speak(conversation: Conversation) -> Performance:
        if conversation.results:
            head = "工具的结果：" if _HAN.search(conversation.question) else "Here is what the tool says:"
            return Performance("\n\n".join([head, *conversation.results]))
        call = next(_fitting(conversation), None)
        return voice(conversation) if call is None else Performance(calls=(call,))

    return speak


def _fitting(conversation: Conversation) -> Iterator[tuple[str, str]]:
    """The calls that the question may want, of tools that are offered; the surest first."""
    question = conversation.question[:2000]
    if found := _SUM.search(question):
        yield from _call(conversation, "calculator", expression=found[0])
    if found := _WEATHER.search(question):
        yield from _call(conversation, "forecast", city=(found["city"] or found["place"] or "here").strip(" .?"))
    if found := _NOTE.search(question):
        yield from _call(conversation, "add_note", text=found["text"].strip())
    if _NOTES.search(question):
        yield from _call(conversation, "list_notes")
    if _KNOWLEDGE.search(question):
        yield from _call(conversation, "search_knowledge", question=question[:500])
    if _TIME.search(question):
        yield from _call(conversation, "current_time")


def _call(conversation: Conversation, tool: str, **arguments: str) -> Iterator[tuple[str, str]]:
    """A call of the tool of that name, whichever server has it; nothing where none does."""
    for name in conversation.tools:
        if name.rpartition("__")[2] == tool:
            yield name, json.dumps(arguments, ensure_ascii=False)
            return
