"""Commands about who may talk: they change the allowlist and say so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bridge.access import Access
from bridge.commands.answer import Answer, Ask
from bridge.types import Chat, User


class Admitting:
    def __init__(self, access: Access) -> None:
        self._access = access

    async def whoami(self, ask: Ask) -> Answer:
        sender, words = ask.message.sender, ask.words
        role = words.whoami_roles[ask.role.name.lower()]
        said = words.whoami.format(name=sender.name or sender.id, id=sender, role=role, chat=ask.message.chat)
        return Answer(said)

    async def claim(self, ask: Ask) -> Answer:
        """`/claim CODE`: the first owner. The only command that a stranger may send."""
        if not ask.message.chat.direct:
            return Answer(ask.words.claim_in_private)
        match await self._access.claim(ask.argument, ask.message.sender):
            case True:
                return Answer(ask.words.claimed, admins_changed=True)
            case False:
                return Answer(ask.words.claim_wrong)
            case None:
                return Answer(ask.words.claim_too_many)

    async def allow(self, ask: Ask) -> Answer:
        async def admit(subject: Chat | User) -> str:
            await self._access.allow(subject, by=ask.message.sender)
            said = ask.words.allowed_chat if isinstance(subject, Chat) else ask.words.allowed_person
            return said.format(id=subject)

        return await _about(ask, admit)

    async def deny(self, ask: Ask) -> Answer:
        async def dismiss(subject: Chat | User) -> str:
            if not await self._access.deny(subject):
                return ask.words.not_on_the_list.format(id=subject.whole if isinstance(subject, Chat) else subject)
            said = ask.words.denied_chat if isinstance(subject, Chat) else ask.words.denied_person
            return said.format(id=subject)

        return await _about(ask, dismiss)

    async def allowlist(self, ask: Ask) -> Answer:
        words = ask.words
        admins = [f"- `{admin}`" for admin in await self._access.admins()]
        parts = [words.allowlist, _section(words.allowlist_admins, admins)]
        lines = await self._access.allowlist()
        for kind, title in (("chat", words.allowlist_chats), ("person", words.allowlist_people)):
            of_kind = [line for line in lines if line.subject.startswith(f"{kind} ")]
            listed = [f"- `{line.subject.partition(' ')[2]}` {_plain(line.name)}".rstrip() for line in of_kind]
            parts.append(_section(title, listed))
        if not lines:
            parts.append(words.allowlist_empty)
        return Answer("\n\n".join(filter(None, parts)))


async def _about(ask: Ask, change: Callable[[Chat | User], Awaitable[str]]) -> Answer:
    """Whom the command is about: the id that was sent, the person replied to, or this chat."""
    message, words = ask.message, ask.words
    if ask.argument:
        subject = _named(ask.argument, message.chat.channel)
        if subject is None:
            return Answer(words.not_a_person.format(text=_plain(ask.argument), example=_example(ask)))
        return Answer(await change(subject))
    if message.replied_to is not None:
        return Answer(await change(message.replied_to))
    if message.chat.direct:
        return Answer(words.allow_here_is_pointless.format(example=_example(ask)))
    return Answer(await change(message.chat))


def _named(text: str, channel: str) -> Chat | User | None:
    """``telegram:123``, or just ``123``; ids of groups, as /whoami shows them there, after ``chat``."""
    word, _, rest = text.strip().partition(" ")
    id = rest.strip() if word.lower() == "chat" else text.strip().strip("`")
    if not id or len(id) > 100 or any(letter.isspace() for letter in id):
        return None
    if ":" in id:
        channel, _, id = id.partition(":")
    if not id:
        return None
    return Chat(channel.lower(), id) if word.lower() == "chat" else User(channel.lower(), id)


def _example(ask: Ask) -> str:
    return f"{ask.message.chat.channel}:4711"


def _section(title: str, lines: list[str]) -> str:
    return "\n".join([title, *lines]) if lines else ""


def _plain(text: str) -> str:
    """A name or an argument that somebody chose, without what Markdown would read into it."""
    return "".join(letter for letter in text[:64] if letter.isprintable() and letter not in "*_`[]<>|\\~#")
