"""Strangers that wait for an answer: who they are, with one button for each answer, and what comes of pressing it.

Everything said about it goes through the inbox: to the owners as a command of their own, to the stranger as a notice.
So it survives a crash, and a press is judged like any other message, by who pressed.
"""

from __future__ import annotations

from bridge.access import Access, Request, subject_name
from bridge.commands.context import CommandContext, CommandResult
from bridge.commands.subjects import moment, plain
from bridge.inbox import Inbox, Notice
from bridge.types import Button, Chat, User
from bridge.words import Words

REQUEST_ID = "request:"
"""How the ids of the messages begin that context owners."""


class RequestCommands:
    def __init__(self, inbox: Inbox, access: Access) -> None:
        self._inbox = inbox
        self._access = access

    async def requests(self, context: CommandContext) -> CommandResult:
        """`/requests`, `/requests ID`, `/requests ID allow|chat|deny|block`."""
        words = context.words
        id, _, answer = context.argument.partition(" ")
        if not id:
            return await self._list(words)
        request = await self._access.requests.get(id)
        if request is None:
            # An owner who was away longer than it was open need not hear of it any more.
            return CommandResult("" if context.call.id.startswith(REQUEST_ID) else words.request_closed)
        if not answer:
            return CommandResult(_question(request, words), _buttons(request, words))
        return await self._decide(context, request, answer.strip().lower())

    async def _list(self, words: Words) -> CommandResult:
        requests = await self._access.requests.open()
        if not requests:
            return CommandResult(words.requests_none)
        buttons = [Button(_who(request)[:48], f"/requests {request.id}") for request in requests]
        lines = [f"- {_who(request)}, {moment(request.at)}" for request in requests]
        return CommandResult("\n".join([words.requests_open, *lines]), buttons)

    async def _decide(self, context: CommandContext, request: Request, answer: str) -> CommandResult:
        words, by = context.words, context.actor
        person, chat = request.person, request.chat.whole
        match answer:
            case "allow":
                await self._access.rules.allow(person, by)
                said, notice = words.allowed_person.format(id=person), "let_in"
            case "chat":
                await self._access.rules.allow(chat, by)
                said, notice = words.request_chat_allowed.format(chat=plain(chat.title) or chat), "chat_let_in"
            case "deny":
                said, notice = words.request_declined.format(id=person), "declined"
            case "block":
                if await self._access.roles.of(person) is not None:
                    return CommandResult(words.admin_not_denied.format(id=person))
                await self._access.rules.deny(person, by)
                said, notice = words.denied_person.format(id=person), "declined"
            case _:
                return CommandResult(_question(request, words), _buttons(request, words))
        await self._tell(request, notice)
        if answer == "deny":
            await self._access.audit.note(by, f"request {subject_name(request.subject)}", notice)
        await self._access.requests.close(request.id)
        name = plain(person.name)
        return CommandResult(f"{name}: {said}" if name and answer != "chat" else said)

    async def _tell(self, request: Request, notice: str) -> None:
        """The outcome, where they wrote; a group hears only that it was let in."""
        if not request.chat.direct and notice != "chat_let_in":
            return
        news = Notice(f"outcome:{request.id}", request.chat, notice, language=request.language)
        await self._inbox.put(request.account, news, lane="commands")


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
