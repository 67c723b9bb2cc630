"""What a turn is to make: an answer to a new question, or something else of the last answer, where that stands."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from bridge.events import Event, Finished, TextDelta
from bridge.inbound import Said
from bridge.inbox import Question, joined
from bridge.reply import Draft
from bridge.store import MAX_VERSIONS, EndReason, Exchange, LastAnswer, TurnContext, Version, with_version
from bridge.types import ChatMessage, Image, Text
from bridge.words import Words


@dataclass(frozen=True, slots=True)
class Plan:
    """What one attempt at a question is based on."""

    question: Question
    """With the message as it is asked: all that is a part of it, as it reads now."""
    asked: tuple[Said, ...]
    """The messages that make it up."""
    history: Sequence[Exchange]
    """What was said before."""
    answer: LastAnswer | None = None
    """The answer in whose place this one stands."""
    replaces: str = ""
    """The id of the exchange that goes out of the history with what came after it."""
    versions: tuple[Version, ...] = ()
    """The earlier answers that are kept beside this one."""
    prompt: str = ""
    """What is asked in place of the question."""
    before: str = ""
    """The text that the answer goes on with."""
    instead: str = ""
    """What stands there where no answer comes."""
    shows: Version | None = None
    """The version that is shown again; no model is asked."""
    overheard: int = 0
    """How many of the messages that were overheard here it is about."""
    until: float = 0.0
    """When the last of them was sent, in seconds since 1970."""

    @property
    def message(self) -> Said:
        return self.question.message

    @property
    def refs(self) -> tuple[str, ...]:
        """The messages that the answer takes the place of."""
        if self.answer is None:
            return ()
        columns = self.answer.columns
        if columns and self.is_retraction:
            return tuple(ref for column in columns for ref in column)
        return columns[self._column(self.answer)] if columns else self.answer.refs

    def _column(self, answer: LastAnswer) -> int:
        """Return which of several answers that were compared this one stands in the place of."""
        return self.question.version - 1 if self.shows is not None else answer.shown

    def takes_place_of(self, column: int) -> bool:
        """Whether it stands where the last answer does; of answers that were compared, the one of this `column`."""
        answer = self.answer
        return answer is not None and (not answer.columns or self._column(answer) == column)

    @property
    def stands(self) -> Version | None:
        """What stands there already: it is shown again, goes on, or stays where nothing comes."""
        if self.shows is not None:
            return self.shows
        version = self.answer.version if self.answer is not None else None
        return version if version is not None and (self.before or self.instead) else None

    @property
    def is_retraction(self) -> bool:
        """Whether nothing is left to answer."""
        return self.question.action == "deleted"

    def exchange(
        self,
        question: Sequence[ChatMessage],
        draft: Draft,
        pictures: Sequence[Image],
        ended: EndReason,
        model: str,
        called: Sequence[ChatMessage] = (),
    ) -> Exchange:
        """Return what enters the history; `called` are the tool calls on the way to the answer."""
        if self.shows is not None:
            return self.shows.exchange
        old = self.answer.version if self.answer is not None and self.prompt else None
        if old is not None:
            question = old.exchange.question
        message = self.message
        if self.overheard and old is None:
            question = (ChatMessage.user(message.text),)  # what was overheard is not kept for longer by this
        return Exchange(
            message.id,
            tuple(question),
            (*called, ChatMessage("assistant", (Text(draft.text), *pictures))),
            ended,
            model,
            time.time(),
            tuple(each.id for each in self.asked if each.id != message.id),
        )

    def last_answer(self, key: str, epoch: int, version: Version | None) -> LastAnswer:
        """Return what is kept of the answer, once it stands there: `version`, or what stood there where none came."""
        old = self.answer
        versions: tuple[Version, ...]
        if self.shows is not None and old is not None and old.columns:
            versions, shown = (self.shows,), 0  # the others stand in messages of their own
        elif version is None:
            versions = self.versions
            shown = old.shown if old is not None and versions else max(0, len(versions) - 1)
        elif self.shows is not None:
            versions, shown = self.versions, self.question.version - 1
        elif self.before and old is not None:
            versions = (*self.versions[: old.shown], version, *self.versions[old.shown + 1 :])
            shown = old.shown
        else:
            versions = with_version(self.versions, version)
            shown = len(versions) - 1
        return LastAnswer(key, self.asked, (), versions, shown, (), epoch, overheard=self.overheard, until=self.until)

    def position(self, *, comes: bool) -> tuple[int, int]:
        """Return which version will stand there, counted from 1, and of how many; `comes` says whether it is new."""
        if self.shows is not None:
            chosen = self.answer is not None and self.answer.columns
            return (1, 1) if chosen else (self.question.version, len(self.versions))
        if self.before or not comes:
            return (self.answer.shown + 1 if self.answer is not None else 1), len(self.versions)
        count = min(len(self.versions) + 1, MAX_VERSIONS)
        return count, count

    async def shown_events(self) -> AsyncIterator[Event]:
        """Yield the version that is shown again, as a model would say it."""
        assert self.shows is not None
        yield TextDelta(self.shows.exchange.text)
        for source in self.shows.sources:
            yield source
        yield Finished("stop")


def plan_of(question: Question, asked: tuple[Said, ...], context: TurnContext, words: Words) -> Plan | None:
    """Return what is to be made of `question`; None where there is nothing to be done about an answer any more.

    `asked` are its messages, where it is asked for the first time.
    """
    plan, answer = _plan(question, asked, context, words), context.answer
    if plan is None or question.overheard:
        return plan and dataclasses.replace(plan, overheard=question.overheard, until=question.until)
    if answer is not None and answer.overheard and any(answer.is_about(each.id) for each in plan.asked):
        return dataclasses.replace(plan, overheard=answer.overheard, until=answer.until)
    return plan


def _plan(question: Question, asked: tuple[Said, ...], context: TurnContext, words: Words) -> Plan | None:
    if not question.action and question.about and (context.answer is None or context.answer.key != question.about):
        return None
    if not question.action or (question.action == "deleted" and question.id == question.message.id):
        return _first(question, asked, context)
    if question.action in ("edited", "deleted"):
        return _corrected(question, context)
    answer = context.answer
    if answer is None or question.about not in ("", answer.key):
        return None
    version = answer.version
    replaces = version.exchange.id if version is not None else ""
    history = _before(context.history, replaces)
    message = _as_asked(question, answer.asked)
    again = replace(question, message=message)
    match question.action:
        case "retry":
            instead = version.exchange.text if version is not None else ""
            return Plan(again, answer.asked, history, answer, replaces, answer.versions, instead=instead)
        case "shorter" if version is not None:
            text, said = version.exchange.text, [*history, version.exchange]
            prompt = words.shorter_prompt
            return Plan(again, answer.asked, said, answer, replaces, answer.versions, prompt, instead=text)
        case "continue" if version is not None and version.exchange.ended != "stop":
            text, said = version.exchange.text, [*history, version.exchange]
            return Plan(again, answer.asked, said, answer, replaces, answer.versions, words.continue_prompt, text)
        case "version" if 1 <= question.version <= len(answer.versions):
            shows = answer.versions[question.version - 1]
            return Plan(again, answer.asked, history, answer, replaces, answer.versions, shows=shows)
    return None


def _first(question: Question, asked: tuple[Said, ...], context: TurnContext) -> Plan:
    """Return the plan for a question as it was sent, or asked again by its sender in a message of its own."""
    message = question.message
    if not question.again:
        return Plan(question, asked or (message,), context.history)
    answer = context.answer
    is_last = answer is not None and answer.is_about(message.id)
    versions = answer.versions if answer is not None and is_last else ()
    # One message may have been edited since; of several, the question says all of them.
    messages = answer.asked if answer is not None and is_last and len(answer.asked) > 1 else (message,)
    candidates = context.history if question.rewinds else context.history[-1:]
    replaces = next((each.id for each in reversed(candidates) if each.is_about(message.id)), "")
    return Plan(question, messages, _before(context.history, replaces), None, replaces, versions)


def _corrected(question: Question, context: TurnContext) -> Plan | None:
    """Return what is to be made of a question one of whose messages was edited or deleted after it was answered.

    None where it is no longer the last one, or says what it said.
    """
    said, answer = question.message, context.answer
    deleted = question.action == "deleted"
    if answer is None or not answer.is_about(said.id):
        gone = next((each for each in context.history if each.is_about(said.id)), None) if deleted else None
        if gone is None:
            return None
        stood = LastAnswer("", (), gone.refs)
        return Plan(question, (), (), stood, gone.id)
    asked = tuple(said if each.id == said.id else each for each in answer.asked if not (deleted and each.id == said.id))
    version = answer.version
    replaces = version.exchange.id if version is not None else ""
    if not asked:
        return Plan(question, (), (), answer, replaces)
    if not deleted and all(same(one, other) for one, other in zip(asked, answer.asked, strict=True)):
        return None
    message = _as_asked(question, asked)
    again = replace(question, message=message, action="edited")
    return Plan(again, asked, _before(context.history, replaces), answer, replaces)


def same(one: Said, other: Said) -> bool:
    """Whether two readings of one message ask the same."""
    return (one.text, one.quoted, one.attachments) == (other.text, other.quoted, other.attachments)


def _as_asked(question: Question, asked: Sequence[Said]) -> Said:
    """Return all that is asked as one message, in the name of the person who asks it now."""
    caller = question.message
    message = joined([Question(each.id, each) for each in asked]).message
    return replace(message, ack="", groups=caller.groups, language=caller.language, sent_at=caller.sent_at)


def _before(history: Sequence[Exchange], id: str) -> list[Exchange]:
    """Return the exchanges before that of the message `id`; all where it is not among them."""
    for at in range(len(history) - 1, -1, -1):
        if id and history[at].is_about(id):
            return list(history[:at])
    return list(history)
