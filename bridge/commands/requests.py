"""Strangers that wait for an answer: who they are, with one button for each answer, and what comes of pressing it.

Everything said about it goes through the inbox: to the owners as a command of their own, to the stranger as a notice.
So it survives a crash, and a press is judged like any other message, by who pressed.
"""

from __future__ import annotations

from typing import get_args

from bridge.access import Request
from bridge.commands.context import CommandContext, CommandResult
from bridge.commands.management import Answered, Management, RequestAnswer
from bridge.commands.subjects import moment, plain
from bridge.types import Button, Chat, User
from bridge.words import Words

ANSWERS: tuple[RequestAnswer, ...] = get_args(RequestAnswer)
REQUEST_ID = "request:"
"""How the ids of the messages begin that context owners."""


class RequestCommands:
    def __init__(self, management: Management) -> None:
        self._management = management

    async def requests(self, context: CommandContext) -> CommandResult:
        """`/requests`, `/requests ID`, `/requests ID allow|chat|deny|block`."""
        words = context.words
        id, _, answer = context.argument.partition(" ")
        if not id:
            return await self._list(words)
        request = await self._management.access.requests.get(id)
        if request is None:
            # An owner who was away longer than it was open need not hear of it any more.
            return CommandResult("" if context.call.id.startswith(REQUEST_ID) else words.request_closed)
        for known in ANSWERS:
            if answer.strip().lower() == known:
                return await self._answer(context, request.id, known)
        return CommandResult(_question(request, words), _buttons(request, words))

    async def _list(self, words: Words) -> CommandResult:
        requests = await self._management.access.requests.open()
        if not requests:
            return CommandResult(words.requests_none)
        buttons = [Button(_who(request)[:48], f"/requests {request.id}") for request in requests]
        lines = [f"- {_who(request)}, {moment(request.at)}" for request in requests]
        return CommandResult("\n".join([words.requests_open, *lines]), buttons)

    async def _answer(self, context: CommandContext, id: str, answer: RequestAnswer) -> CommandResult:
        words = context.words
        answered = await self._management.answer_request(id, answer, context.actor)
        if answered is None:
            return CommandResult(words.request_closed)
        said = _outcome(answered, words)
        name = plain(answered.request.person.name)
        return CommandResult(f"{name}: {said}" if name and answered.done and answer != "chat" else said)


def _outcome(answered: Answered, words: Words) -> str:
    person, chat = answered.request.person, answered.request.chat.whole
    if not answered.done:
        return words.admin_not_denied.format(id=person)
    match answered.answer:
        case "allow":
            return words.allowed_person.format(id=person)
        case "chat":
            return words.request_chat_allowed.format(chat=plain(chat.title) or chat)
        case "deny":
            return words.request_declined.format(id=person)
        case "block":
            return words.denied_person.format(id=person)


def _question(request: Request, words: Words) -> str:
    name = plain(request.person.name) or request.person.id
    if request.chat.direct:
        return words.request_person.format(name=name, id=request.person)
    title = plain(request.chat.title) or request.chat.id
    return words.request_chat.format(name=name, id=request.person, chat=title, chat_id=request.chat.whole)


def _buttons(request: Request, words: Words) -> list[Button]:
    answers = [(words.button_allow, "allow"), (words.button_deny, "deny"), (words.button_block, "block")]
    if not request.chat.direct:
        answers[:1] = [(words.button_allow_chat, "chat"), (words.button_allow_person, "allow")]
    return [Button(label, f"/requests {request.id} {answer}") for label, answer in answers]


def _who(request: Request) -> str:
    subject: User | Chat = request.subject
    return f"{plain(request.person.name)} {subject}".strip()
