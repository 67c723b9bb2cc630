"""What a model or its server refuses and can be done without: learned from the refusal and remembered."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from bridge.gateway.error_body import ErrorBody
from bridge.sampling import Sampling
from bridge.types import ChatMessage, ModelId, Text

Quirk = str
"""``alternating_roles``: the person and the model have to take turns, the person first. ``no_system_role``: there is
none. ``no_stream_options``: the parameter is refused. ``no_streaming``: the answer comes at once or not at all.
``no_pictures``: it reads words only. ``no_tools``: it calls none. ``no_temperature``, ``no_top_p``, ``no_stop``,
``no_reasoning_effort``: the parameter is refused. ``max_completion_tokens``: that is what the limit is called.
``adaptive_thinking``, ``budgeted_thinking``: how hard to think is said in words, or in tokens, whatever its name lets
expect. ``sends_thoughts``: what the model thought has to go back with a tool's result, in the chat dialect.
``max_tokens=4096``: the most tokens that may be asked for, where the dialect wants a number."""

Quirks = frozenset[Quirk]
QUIRKS: tuple[Quirk, ...] = (
    "alternating_roles",
    "no_system_role",
    "no_stream_options",
    "no_streaming",
    "no_pictures",
    "no_tools",
    "no_top_p",
    "no_temperature",
    "no_stop",
    "no_reasoning_effort",
    "max_completion_tokens",
    "adaptive_thinking",
    "budgeted_thinking",
    "sends_thoughts",
)
MAX_TOKENS = "max_tokens="
NO_THOUGHTS = "no_thoughts"
"""For one question: neither think nor send back what was thought. It is never kept."""

QUIRK_TTL_SECONDS = 30 * 24 * 3600.0
"""A month: a server may have been mended since."""

_SIGNS: dict[Quirk, re.Pattern[str]] = {
    "alternating_roles": re.compile(
        r"roles? (?:must|should) (?:alternate|be alternating)|must alternate between|alternating user"
        r"|consecutive (?:user|assistant|messages)|(?:user|assistant) messages at the end|unexpected role"
        r"|(?:first|last) (?:message|role) (?:must|should) (?:be|have|use)|must start with (?:a )?user"
        r"|after the \(?optional\)? system|expected last role|odd number|even index",  # ERNIE names its two at last
        re.IGNORECASE,
    ),
    "no_system_role": re.compile(
        r"(?:system|developer) (?:role|messages?|prompts?|instructions?) (?:is |are )?"
        r"(?:not|un)\s?(?:supported|allowed|enabled)"
        r"|not support (?:the )?['\"`]?(?:system|developer)|(?:unsupported|invalid|unknown) role:? ['\"`]?system"
        r"|role:? ['\"`]?(?:system|developer)['\"`]? (?:is )?not|system['\"`]? is not one of"
        r"|unexpected role ['\"`]?system"
        r"|only user,? (?:model,? )?and (?:model|assistant) roles are (?:supported|allowed)|top-level ['\"`]?system",
        re.IGNORECASE,
    ),
    "no_stream_options": re.compile(
        r"stream_options|include_usage|stream options"
        # It is the only parameter that can be done without, so it may be the one that is not named.
        r"|(?:unknown|unrecogni[sz]ed|unexpected|unsupported|extra|additional) (?:request )?"
        r"(?:parameters?|arguments?|fields?|inputs?|propert(?:y|ies)|keys?)\b",
        re.IGNORECASE,
    ),
    "no_streaming": re.compile(
        r"verified to stream|stream(?:ing)?['\"`]? (?:mode )?(?:is )?(?:not|un)\s?(?:supported|allowed|available)"
        r"|not support (?:the )?['\"`]?stream|unsupported (?:parameter|value):? ['\"`]?stream\b|stream must be false",
        re.IGNORECASE,
    ),
    "no_pictures": re.compile(
        r"(?:image|vision|multi-?modal|picture)[\w`'\" -]{0,40}(?:is |are )?(?:not|un)\s?(?:supported|allowed|enabled)"
        r"|not (?:support|accept|handle|process)\w* (?:the )?[\w`'\" -]{0,40}(?:image|vision|multi-?modal|picture)"
        r"|unknown variant [`'\"]image_url|invalid (?:content )?type:? [`'\"]?image"  # DeepSeek; OpenAI
        r"|no endpoints found that support image|not a (?:multi-?modal|vision)"  # OpenRouter; vLLM
        r"|at most 0 image|content must be a string|content\W+(?:input|value) should be a valid string"  # vLLM; Groq
        r"|不支持(?:图|多模态|视觉)|only (?:supports? )?text",
        re.IGNORECASE,
    ),
}
_NO_TOOLS = re.compile(
    r"(?:tools?|functions?)(?:[ _-](?:use|calls?|calling|choice))?[\w`'\" -]{0,40}(?:is |are )?(?:not|un)\s?"
    r"(?:supported|allowed|enabled|available|permitted)"
    r"|not (?:support|allow|accept)\w* (?:the )?[\w`'\" -]{0,40}(?:tools?\b|function)"  # Ollama
    r"|no endpoints found that support tool"  # OpenRouter
    r"|enable-auto-tool-choice|tool-call-parser|--jinja"  # vLLM; llama.cpp
    r"|(?:unknown|unrecogni[sz]ed|unexpected|unsupported|extra|invalid) [\w ]{0,30}[`'\":]+ ?(?:tools?|functions)\b"
    r"|\btools: (?:extra inputs|unknown field)"  # servers built on FastAPI
    r"|不支持(?:工具|函数)",
    re.IGNORECASE,
)
_PARAMETERS: Mapping[str, re.Pattern[str]] = {  # of two that exclude each other, `top_p` goes
    "top_p": re.compile(r"\btop_p\b", re.IGNORECASE),
    "temperature": re.compile(r"\btemperature\b", re.IGNORECASE),
    "stop": re.compile(r"['\"`]stop['\"`]|\bstop_sequences\b|stop (?:sequences?|words?|parameter)", re.IGNORECASE),
    "reasoning_effort": re.compile(r"reasoning[_. ]effort|\bthinking (?:level|mode)\b", re.IGNORECASE),
}
_ABOUT_THINKING = re.compile(r"\bthinking\b|\bbudget_tokens\b|\boutput_config\b|\beffort\b|思考", re.IGNORECASE)
_WRONG_THOUGHTS = re.compile(
    r"expected .?(?:redacted_)?thinking|start with a thinking block|thinking.{0,40}cannot be modified"
    r"|invalid .?signature|signature.{0,40}(?:invalid|required|missing)",
    re.IGNORECASE,
)
_THOUGHTS_WANTED = re.compile(
    r"(?:missing|must|required|need|without|absent|no)\b.{0,60}reasoning_content"  # DeepSeek
    r"|reasoning_content.{0,60}(?:missing|must|required|passed back)",  # Moonshot
    re.IGNORECASE,
)
_NO_ROOM = (
    re.compile(r"(?P<input>\d+) \+ \d+ > (?P<context>\d+)"),  # Anthropic
    re.compile(r"\d+ > (?P<context>\d+) - (?P<input>\d+)"),  # vLLM
    re.compile(  # OpenAI; OpenRouter
        r"context length is (?P<context>\d+) tokens.{0,120}?"
        r"(?P<input>\d+) (?:of text input|in (?:the|your) (?:messages|prompt))",
        re.IGNORECASE | re.DOTALL,
    ),
)
_AFFORDED = re.compile(r"can only afford (\d+)", re.IGNORECASE)
"""OpenRouter, where the account holds less than the longest answer would cost."""
MIN_ROOM = 1024
"""Tokens. Where the question leaves fewer, it is too long."""
_LIMIT_SIGN = re.compile(r"max(?:imum)?[_ ](?:output[_ ])?tokens", re.IGNORECASE)
_LIMIT = re.compile(r"(?<![\w.-])(\d{3,6})(?![\w-]|\.\d)")
_OTHER_REASONS = {401, 402, 404, 413, 429}
"""Statuses that say what is wrong by themselves."""


class QuirkStore(Protocol):
    """Where quirks are kept, by model. Nothing here raises: what cannot be kept is learned again."""

    async def get(self, model: ModelId) -> Quirks: ...

    async def put(self, model: ModelId, quirks: Quirks) -> None:
        """Remember them for `QUIRK_TTL_SECONDS`."""

    async def all(self) -> Mapping[ModelId, Quirks]: ...

    async def clear(self) -> None:
        """Forget all of them, so that they are tried again."""


class MemoryQuirks:
    """A `QuirkStore` that lasts as long as the process."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._kept: dict[ModelId, tuple[float, Quirks]] = {}

    async def get(self, model: ModelId) -> Quirks:
        until, quirks = self._kept.get(model, (0.0, frozenset()))
        return quirks if until > self._clock() else frozenset()

    async def put(self, model: ModelId, quirks: Quirks) -> None:
        self._kept[model] = (self._clock() + QUIRK_TTL_SECONDS, quirks)

    async def all(self) -> Mapping[ModelId, Quirks]:
        return {model: quirks for model, (until, quirks) in self._kept.items() if until > self._clock()}

    async def clear(self) -> None:
        self._kept.clear()


def quirk_of(body: ErrorBody, known: Quirks) -> Quirk | None:
    """What to do without after this error; None where it is about something else, or that has been tried."""
    if "no_pictures" not in known and _SIGNS["no_pictures"].search(body.message):
        return "no_pictures"  # OpenRouter says so with a 404
    if body.status in _OTHER_REASONS:
        return None
    if body.param in ("stream", "stream_options", "stream_options.include_usage"):
        named: Quirk = "no_streaming" if body.param == "stream" else "no_stream_options"
        return None if named in known else named
    found = (quirk for quirk, sign in _SIGNS.items() if sign.search(body.message))
    return next((quirk for quirk in found if quirk not in known), None)


def refuses_tools(body: ErrorBody) -> bool:
    """Whether an error says that the model calls no tools; OpenRouter says so with a 404."""
    if body.status in _OTHER_REASONS - {404}:
        return False
    return body.param.split(".")[0].split("[")[0] in ("tools", "tool_choice") or bool(_NO_TOOLS.search(body.message))


def refused_parameter(body: ErrorBody, sent: Sampling, known: Quirks) -> Quirk | None:
    """Which of the parameters in `sent` to do without after this error, or how to call one; None where it is not that.

    A parameter that an error names, and that was sent, is taken to be its cause.
    """
    if body.status in _OTHER_REASONS:
        return None
    if sent.max_tokens and "max_completion_tokens" in body.message and "max_completion_tokens" not in known:
        return "max_completion_tokens"
    for name, sign in _PARAMETERS.items():
        was_sent = name in sent.shown() and f"no_{name}" not in known
        if was_sent and (body.param == name or sign.search(body.message)):
            return f"no_{name}"
    return None


def limit_of(body: ErrorBody, sent: int) -> Quirk | None:
    """The lower limit of tokens that an error names, where `sent` were asked for; None where it names none."""
    if body.status in _OTHER_REASONS or not _LIMIT_SIGN.search(body.message):
        return None
    if any(pattern.search(body.message) for pattern in _NO_ROOM):
        return None
    lower = [int(number) for number in _LIMIT.findall(body.message) if int(number) < sent]
    return f"{MAX_TOKENS}{max(lower)}" if lower else None


def room_of(body: ErrorBody, sent: int) -> Quirk | None:
    """The limit of tokens that this one question leaves, or that is paid for, where `sent` are too many; else None."""
    if afforded := _AFFORDED.search(body.message):
        room, least = int(afforded[1]), 256
    elif found := next((found for pattern in _NO_ROOM if (found := pattern.search(body.message))), None):
        room, least = int((int(found["context"]) - int(found["input"])) * 0.98), MIN_ROOM
    else:
        return None
    return f"{MAX_TOKENS}{room}" if least <= room < sent else None


def refused_thinking(body: ErrorBody, known: Quirks, *, adaptive: bool) -> Quirk | None:
    """How else to say how hard to think, or to leave it out, after this error; None where it is not about that.

    `adaptive`: it was said in words.
    """
    if body.status in _OTHER_REASONS or "no_reasoning_effort" in known or not _ABOUT_THINKING.search(body.message):
        return None
    if known & {"adaptive_thinking", "budgeted_thinking"}:
        return "no_reasoning_effort"
    return "budgeted_thinking" if adaptive else "adaptive_thinking"


def refuses_thoughts(body: ErrorBody) -> bool:
    """Whether an error is about the thoughts that go with a tool's result: they are missing, or not the model's own."""
    return body.status == 400 and bool(_WRONG_THOUGHTS.search(body.message))


def wants_thoughts(body: ErrorBody) -> bool:
    """Whether an error says that what the model thought is missing beside a call of a tool, in the chat dialect."""
    return body.status == 400 and bool(_THOUGHTS_WANTED.search(body.message))


def within_max_tokens(quirks: Quirks, usual: int) -> int:
    """How many tokens to ask for where the dialect wants a number."""
    return min([usual, *(int(quirk.removeprefix(MAX_TOKENS)) for quirk in quirks if quirk.startswith(MAX_TOKENS))])


def with_quirk(quirks: Quirks, quirk: Quirk) -> Quirks:
    """`quirks` and one more, which takes the place of an older limit."""
    kept = (each for each in quirks if not (quirk.startswith(MAX_TOKENS) and each.startswith(MAX_TOKENS)))
    return frozenset({*kept, quirk})


def is_quirk(word: str) -> bool:
    """Whether `word`, read from a store that other versions write to as well, is one that we know."""
    limit = word.removeprefix(MAX_TOKENS)
    return word in QUIRKS or (limit != word and limit.isdecimal() and 0 < len(limit) <= 6)


def adapted(messages: Sequence[ChatMessage], quirks: Quirks) -> list[ChatMessage]:
    """The messages in a form that a model with these quirks takes; nothing of them is lost but an answer in front."""
    talk = list(messages)
    if "no_system_role" in quirks:
        talk = _system_in_question(talk)
    if "alternating_roles" in quirks:
        talk = _alternating(talk)
    return talk


def _system_in_question(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """The system prompt at the head of the first question."""
    system = "\n\n".join(message.text for message in messages if message.role == "system")
    talk = [message for message in messages if message.role != "system"]
    first = next((place for place, message in enumerate(talk) if message.role == "user"), None)
    if not system or first is None:
        return talk
    talk[first] = _joined(ChatMessage.user(system), talk[first])
    return talk


def _alternating(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    merged: list[ChatMessage] = []
    for message in messages:
        begins_with_answer = message.role == "assistant" and not any(each.role == "user" for each in merged)
        if merged and merged[-1].role == message.role:
            merged[-1] = _joined(merged[-1], message)
        elif not begins_with_answer:
            merged.append(message)
    return merged


def _joined(first: ChatMessage, second: ChatMessage) -> ChatMessage:
    return ChatMessage(first.role, (*first.parts, Text("\n\n"), *second.parts))
