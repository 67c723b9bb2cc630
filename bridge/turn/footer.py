"""What is said under an answer that did not simply end, how the history remembers it, and what notices say."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol
from urllib.parse import urlsplit

import msgspec

from bridge import errors
from bridge.access import Limit
from bridge.commands import MIN_COMMAND_BYTES, model_command
from bridge.events import ApprovalAsked, Source
from bridge.gateway import Failure
from bridge.inbound import Said
from bridge.inbox import Notice
from bridge.media import Unreadable
from bridge.reply import Draft, cited
from bridge.store import EndReason
from bridge.tools import BUILT_IN, plain, ways_to_decide
from bridge.turn.attachments import Received
from bridge.turn.chain import Chain
from bridge.turn.generation import Generation
from bridge.types import Button, File, ModelId, Part
from bridge.words import Words, no_models, trouble, why_unread, with_gateway

MAX_SOURCES = 10
"""Sources that are listed; further ones are counted."""
MAX_TITLE_LENGTH = 80
MAX_NEAR = 3
"""Models that are offered in place of one that is not there."""
MAX_SEEING = 3
"""Models that take pictures which are offered where the chat's does not."""
MAX_ARGUMENTS, MAX_ARGUMENT_CHARACTERS = 12, 300
"""Of a call that somebody is asked about."""
STALE_SECONDS = 3600.0
"""An older notice is no longer news."""


class Answering(Protocol):
    """A generation, or a completion."""

    @property
    def model(self) -> ModelId | None: ...

    @property
    def failures(self) -> Sequence[Failure]: ...


def outcome_note(
    draft: Draft,
    generation: Generation | Chain,
    message: Said,
    received: Received,
    words: Words,
    key: str,
    *,
    admin: bool,
) -> tuple[str, Sequence[Button]]:
    """Return the note under an answer and the ways out of what went wrong; nothing under an answer that is whole.

    `key` is the turn key of the answer.
    """
    buttons: Sequence[Button] = ()
    note = ""
    if draft.stopped:
        note = words.stopped
    elif draft.error is not None:
        note, buttons = _error_note(draft.error, generation, words, key, admin=admin)
    elif draft.finished is not None and draft.finished.reason == "length":
        note = f"⚠️ {words.length}"
    excerpts, more = excerpts_note(received.parts, words, key)
    unspoken = f"🔇 {words.not_spoken}" if draft.unspoken else ""
    # However the answer ended:
    came = [sources_list(cited(draft.text, draft.sources), words), without_knowledge(received, words)]
    came += [unshown(draft, words), unspoken, stood_in(draft, generation, words)]
    if generation.summarised:
        came.append(f"📝 {words.summarised}")
    read = [unread(received.problems, message, words, admin=admin), excerpts]
    return "\n\n".join(filter(None, [*came, note, *read])), [*buttons, *more]


def approval_note(asked: ApprovalAsked, words: Words, *, admin: bool) -> tuple[str, Sequence[Button]]:
    """Return the question whether a tool may run, with what it is given in plain words, and the ways to answer."""
    try:
        given = msgspec.json.decode(asked.arguments or "{}")
    except ValueError:
        given = {}
    lines = [
        f"- {_code(str(name))}: {_code(value if isinstance(value, str) else msgspec.json.encode(value).decode())}"
        for name, value in (list(given.items()) if isinstance(given, dict) else [])[:MAX_ARGUMENTS]
    ]
    server = words.tools_built_in if asked.server == BUILT_IN else asked.server
    question = words.tool_question.format(title=_code(asked.title), server=_code(server))
    buttons = [Button(words.button_tool[each], way) for each, way in ways_to_decide(asked.id, admin=admin).items()]
    return "\n".join([f"🔧 {question}", *lines]), buttons


def _code(text: str) -> str:
    """Text of somebody else as code, on one line, so that no mark, link or command in it means anything."""
    return f"`{plain(text, MAX_ARGUMENT_CHARACTERS).replace('`', 'ˋ') or '–'}`"


def stood_in(draft: Draft, answering: Answering, words: Words) -> str:
    """Return which model answered in place of another, and why; nothing where none did, or there is no answer."""
    if not answering.failures or draft.is_empty:
        return ""
    first = answering.failures[0]
    why = words.failure_reasons[first.reason].format(model=f"`{first.model}`")
    return f"↪ {words.stood_in.format(model=f'`{answering.model}`', why=why)}"


def sources_list(sources: Sequence[Source], words: Words) -> str:
    """Return what an answer rests on, as a short list of numbered links and documents; nothing where there are none."""
    if not sources:
        return ""
    numbered = [(source.number or place, source) for place, source in enumerate(sources, 1)]
    lines = [f"[{number}] {_link(source)}" for number, source in sorted(numbered, key=lambda each: each[0])]
    more = [words.more_sources.format(count=len(lines) - MAX_SOURCES)] if len(lines) > MAX_SOURCES else []
    return "\n".join([f"**{words.sources}**", *lines[:MAX_SOURCES], *more])


def _link(source: Source) -> str:
    title = " ".join(source.title.split())[:MAX_TITLE_LENGTH] or urlsplit(source.url).hostname or source.url
    if source.url:
        return f"[{_unmarked(title)}](<{source.url}>)"
    where = f", {_unmarked(source.where)}" if source.where else ""
    return f"{_unmarked(title)}{where}: “{_unmarked(source.excerpt)}”"


def _unmarked(text: str) -> str:
    """Text of somebody else without what Markdown would read into it."""
    return "".join(letter for letter in text if letter not in "[]<>`*_#|~\\")


def without_knowledge(received: Received, words: Words) -> str:
    """Return why the answer rests on less knowledge than was to be searched; nothing where it does not."""
    return f"📚 {words.knowledge_problems[received.knowledge]}" if received.knowledge else ""


def unshown(draft: Draft, words: Words) -> str:
    """Return what came with an answer and cannot be shown, in a sentence; nothing where all is shown."""
    said = [words.tools_exhausted.format(count=draft.exhausted.rounds)] if draft.exhausted else []
    said += [words.tool_unavailable.format(name=name) for name in dict.fromkeys(draft.tools)]
    said += [words.cannot_show.format(kind=kind) for kind in dict.fromkeys(draft.unsupported)]
    return "\n".join(f"⚠️ {each}" for each in said)


def unread(problems: Sequence[Unreadable], message: Said, words: Words, *, admin: bool) -> str:
    """Return which attachments were not read, and why, in a sentence each; nothing where all were read."""
    said = []
    for problem in problems:
        if problem.kind == "unsupported":
            has_words = bool(message.text.strip() or message.quoted.strip())
            sentence = words.only_text_answered if has_words else words.cannot_read
            said.append(sentence.format(kinds=kinds(message, words)))
            continue
        name = shown_name(problem.name, words) if problem.name or problem.kind.startswith("document:") else ""
        sentence = f"📎 {why_unread(problem.kind, name, problem.values, words)}"
        said.append(f"{sentence} {words.admin_no_speech}" if admin and problem.kind == "no_speech" else sentence)
    return "\n".join(dict.fromkeys(said))


def excerpts_note(parts: Sequence[Part], words: Words, key: str) -> tuple[str, Sequence[Button]]:
    """Return what was read of documents that are longer, in a sentence each, and buttons that go on with them.

    `key` is the turn key of the answer under which they stand.
    """
    said, buttons = [], []
    for file in parts:
        if not isinstance(file, File) or (excerpt := file.excerpt) is None:
            continue
        name = shown_name(file.media.name, words)
        if excerpt.macros:
            said.append(words.document_macros.format(name=name))
        if excerpt.unit in words.document_range and (excerpt.first, excerpt.last) != (1, excerpt.total):
            span = f"{excerpt.first}–{excerpt.last}"
            said.append(words.document_range[excerpt.unit].format(name=name, total=excerpt.total, range=span))
            if excerpt.last < excerpt.total:
                count = excerpt.last - excerpt.first + 1
                pages = f"{excerpt.last + 1}-{min(excerpt.last + count, excerpt.total)}"
                buttons = [Button(words.button_pages.format(range=pages.replace("-", "–")), f"/page {pages} {key}")]
        elif excerpt.cut:
            said.append(words.document_cut.format(name=name))
    return "\n".join(f"📎 {each}" for each in said), buttons


def shown_name(name: str, words: Words) -> str:
    """Return a file's name as it can stand in a sentence in Markdown."""
    plain = "".join(letter for letter in name if letter.isprintable() and letter != "`")[:MAX_TITLE_LENGTH].strip()
    return f"`{plain}`" if plain else words.unnamed_file


def end_reason(draft: Draft) -> EndReason:
    """Return how the history remembers the end of this answer."""
    if draft.stopped:
        return "stopped"
    if draft.error is not None:
        return "filtered" if isinstance(draft.error, errors.AnswerFiltered) else "cut"
    return "length" if draft.finished is not None and draft.finished.reason == "length" else "stop"


def notice_text(notice: Notice, words: Words) -> str:
    """Return what a notice says; nothing where it is no news any more, or of a kind that is not known."""
    if notice.sent_at and time.time() - notice.sent_at > STALE_SECONDS:
        return ""
    gateway = notice.values.get("gateway", errors.CHERRY_STUDIO)
    match notice.kind:
        case "let_in":
            return words.let_in
        case "declined":
            return words.declined
        case "chat_let_in":
            return words.allowed_chat
        case "waiting":
            return with_gateway(words.waiting, words, gateway)
        case "owner_away":
            return with_gateway(words.owner_away, words, gateway, url=notice.values.get("url", ""))
        case "owner_back":
            time_away = hours_and_minutes(float(notice.values.get("seconds", 0)), words)
            return with_gateway(words.owner_back, words, gateway, time=time_away)
        case "reminder":
            return f"⏰ {notice.values.get('text', '')}"
        case "unreadable":
            return words.unreadable
        case "read":
            return words.conversation_read
        case _:
            return ""


def used_up(limit: Limit, seconds: float, words: Words) -> str:
    """Return the sentence that the day's limit is reached, and when it starts again."""
    return words.limit_reached.format(limit=limit, time=hours_and_minutes(seconds, words))


def hours_and_minutes(seconds: float, words: Words) -> str:
    """Return a span of time, to the minute, and at least one."""
    hours, minutes = divmod(max(1, int(seconds // 60)), 60)
    return (words.hours_and_minutes if hours else words.minutes).format(hours=hours, minutes=minutes)


def kinds(message: Said, words: Words) -> str:
    """Return the kinds of things that came with a message, in words."""
    return ", ".join(dict.fromkeys(words.attachments[attachment.kind] for attachment in message.attachments))


def _error_note(
    error: errors.GatewayError, generation: Generation | Chain, words: Words, key: str, *, admin: bool
) -> tuple[str, Sequence[Button]]:
    if generation.model is None and isinstance(error, errors.ModelNotFound):
        if not error.model:
            return f"⚠️ {no_models(words, error.gateway_name)}", ()
        # It is there, but this chat may not use it any more.
        said = words.model_not_here.format(model=error.model)
        return f"⚠️ {said}", [Button(words.button_pick, "/model")]
    return f"⚠️ {trouble(error, words, model=generation.model, admin=admin)}", _ways_out(error, words, key)


def helps_to_retry(error: errors.GatewayError) -> bool:
    """Return whether the same question may be answered by the same model after all."""
    hopeless = (
        errors.GatewayUnreachable,
        errors.PicturesRefused,
        errors.ModelNotFound,
        errors.KeyRefused,
        errors.ContextTooLong,
    )
    return not isinstance(error, hopeless)


def _ways_out(error: errors.GatewayError, words: Words, key: str) -> Sequence[Button]:
    match error:
        case errors.GatewayUnreachable():
            return [Button(words.button_later, f"/later on {key}")]
        case errors.PicturesRefused():
            asks = [
                Button(words.button_ask.format(model=model.model), model_command(f"/answer {key} other", model))
                for model in error.seeing[:MAX_SEEING]
            ]
            return [*asks, Button(words.button_pick, "/model")]
        case errors.ModelNotFound():
            near = [Button(str(model), f"/model {model}") for model in error.nearest[:MAX_NEAR]]
            short = [button for button in near if len(button.command.encode()) <= MIN_COMMAND_BYTES]
            return [*short, Button(words.button_pick, "/model")]
        case _:
            return []
