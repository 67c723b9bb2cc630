"""What owners and admins can see and change: one set of functions behind the chat, the shell and the page.

They return data; each face puts it into words. Every change is in the audit log, under the name of its `Actor`. Who
may do what is judged by the face that asks, before it asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bridge.access import (
    EVERYWHERE,
    MAX_USES,
    OFF,
    SETTINGS,
    Access,
    Actor,
    Change,
    ChatSettings,
    Directory,
    Request,
    Subject,
    subject_name,
)
from bridge.commands.chat_choices import ChatChoices
from bridge.commands.model_menu import MAX_LABEL_LENGTH
from bridge.commands.prompt_editor import PromptEditor
from bridge.commands.subjects import moment
from bridge.gateway import plain_name
from bridge.inbox import Inbox, Notice
from bridge.store import Store
from bridge.types import Chat, User

RequestAnswer = Literal["allow", "chat", "deny", "block"]
"""Let the person in; let in everybody in the chat; decline this time; shut the person out."""

DEFAULT = "default"
"""As a value of a setting: go back to what applies elsewhere."""


@dataclass(frozen=True, slots=True)
class Invite:
    code: str
    uses: int
    until: float
    """Seconds since 1970."""


@dataclass(frozen=True, slots=True)
class SettingValue:
    """One setting, as it applies in one chat or, without a chat, in all that have not set their own."""

    name: str
    value: object
    """Of the field of this name of `ChatSettings`."""
    own: str
    """What was set for this very chat, as text; empty where it follows what applies elsewhere."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of an answer to a request."""

    request: Request
    answer: RequestAnswer
    done: bool
    """False where the person is an admin, who cannot be shut out."""


class Management:
    """Every method raises StoreError; those that add a rule raise ListFull."""

    def __init__(self, access: Access, inbox: Inbox, store: Store) -> None:
        self.access = access
        self.prompts = PromptEditor(store.prompts, access)
        self.choices = ChatChoices(store.preferences, access)
        self._inbox = inbox
        self._names = store.names
        self._conversations = store.conversations
        self._overheard = store.overheard

    async def directory(self) -> Directory:
        """Return everybody of whom something was decided."""
        return await self.access.directory()

    async def allow(self, subject: Subject, by: Actor, until: float = 0.0) -> bool:
        """Let `subject` in until then, 0 for good; return False if they were in so already."""
        return await self.access.rules.allow(subject, by, until=until)

    async def deny(
        self, subject: Subject, by: Actor, until: float = 0.0
    ) -> Literal["changed", "unchanged", "is an admin"]:
        """Shut `subject` out until then, unless they are an admin."""
        if isinstance(subject, User) and await self.access.roles.of(subject) is not None:
            return "is an admin"
        return "changed" if await self.access.rules.deny(subject, by, until=until) else "unchanged"

    async def remove(self, subject: Subject, by: Actor) -> bool:
        """Neither let in nor shut out; return False if they were neither."""
        return await self.access.rules.remove(subject, by)

    async def promote(self, person: User, by: Actor) -> bool:
        """Make `person` an admin; return False if they are one, or more, already."""
        return await self.access.roles.promote(person, by)

    async def demote(self, person: User, by: Actor) -> Literal["changed", "unchanged", "stays"]:
        """Remove the role of `person`, unless the settings name them or it is they who ask."""
        if self.access.roles.is_named(person) or str(person) == by.who:
            return "stays"
        return "changed" if await self.access.roles.demote(person, by) else "unchanged"

    async def invite(self, by: Actor, uses: int, until: float) -> Invite | None:
        """Make a code that lets `uses` people in, `MAX_USES` at most; None where too many are open."""
        uses = max(1, min(uses, MAX_USES))
        code = await self.access.invites.invite(by, uses=uses, until=until)
        if not code:
            return None
        await self.access.audit.note(by, "invite", f"{uses}, {moment(until)}")
        return Invite(code, uses, until)

    async def revoke_invites(self, by: Actor) -> int:
        """Make every open code void; return how many there were."""
        count = await self.access.invites.revoke()
        await self.access.audit.note(by, "invite", OFF)
        return count

    async def answer_request(self, id: str, answer: RequestAnswer, by: Actor) -> Answered | None:
        """Answer a stranger, who is told; None where nobody waits any longer."""
        request = await self.access.requests.get(id)
        if request is None:
            return None
        person = request.person
        match answer:
            case "allow":
                await self.allow(person, by)
                notice = "let_in"
            case "chat":
                await self.allow(request.chat.whole, by)
                notice = "chat_let_in"
            case "deny":
                notice = "declined"
            case "block":
                if await self.deny(person, by) == "is an admin":
                    return Answered(request, answer, done=False)
                notice = "declined"
        await self._tell(request, notice)
        if answer == "deny":
            await self.access.audit.note(by, f"request {subject_name(request.subject)}", notice)
        await self.access.requests.close(request.id)
        return Answered(request, answer, done=True)

    async def _tell(self, request: Request, notice: str) -> None:
        """Say the outcome where they wrote; a group hears only that it was let in."""
        if not request.chat.direct and notice != "chat_let_in":
            return
        news = Notice(f"outcome:{request.id}", request.chat, notice, language=request.language)
        await self._inbox.put(request.account, news)

    async def settings(self, chat: Chat | None) -> list[SettingValue]:
        """Return every setting as it applies in `chat`, or in all chats that have not set their own (None)."""
        own = await self.access.settings.own(chat)
        applies = ChatSettings.read(own) if chat is None else await self.access.settings.of(chat)
        return [SettingValue(name, getattr(applies, name), own.get(name, "")) for name in SETTINGS]

    async def set(self, chat: Chat | None, name: str, text: str, by: Actor) -> bool:
        """Set one setting of `chat`, or of all (None); an empty text or `DEFAULT` goes back to what applies elsewhere.

        Returns False if it was so already. Raises ValueError where the text means nothing.
        """
        changed = await self.access.settings.set(chat, name, "" if text.lower() == DEFAULT else text, by)
        if name == "keep" or changed:
            await self._apply(name, chat)
        return changed

    async def _apply(self, name: str, chat: Chat | None) -> None:
        """Do with what is kept already what a new value of the setting asks for."""
        if name == "keep":
            await self._shorten(chat)
        if name == "overhear":  # whatever it is now, what is kept was kept by another choice
            await self._overheard.forget_all(chat)

    async def _shorten(self, where: Chat | None) -> None:
        """Apply the current limit to what is kept already, in one chat or in all of them (None)."""
        seen: set[Chat] = set()
        async for chat in self._conversations.chats():
            if chat not in seen and (where is None or chat.whole == where):
                seen.add(chat)
                settings = await self.access.settings.of(chat)
                await self._conversations.shorten(chat, settings.keep_seconds)

    async def permit(self, chat: Chat | None, patterns: Sequence[str], by: Actor, *, allow: bool) -> bool:
        """Add patterns to the setting `models`; each takes the place of its opposite. As `set`."""
        kept = (await self.access.settings.own(chat)).get("models", "")
        mark, other = ("+", "-") if allow else ("-", "+")
        replaced = {f"{other}{pattern}" for pattern in patterns}
        words = [each for each in kept.split() if each not in replaced and each != OFF]
        return await self.set(chat, "models", " ".join([*words, *(f"{mark}{pattern}" for pattern in patterns)]), by)

    async def rename(self, id: str, name: str, by: Actor) -> str | None:
        """Call a provider or a model so, or as the gateway does where `name` is empty.

        Returns the name as it is kept; None where too many have names already.
        """
        name = plain_name(name)[:MAX_LABEL_LENGTH]
        before = (await self._names.all()).get(id, "")
        if not await self._names.set(id, name):
            return None
        if name != before:
            await self.access.audit.note(by, f"name {id}", name or OFF, before)
        return name

    async def changes(self, most: int) -> list[Change]:
        """Return the last changes, newest first."""
        return await self.access.audit.newest(most)

    async def undo(self, change: Change, by: Actor) -> bool:
        """Put back what `change` changed; return False where that cannot be, or it was changed again meanwhile."""
        kind, _, subject = change.what.partition(" ")
        if not change.can_be_undone:
            return False
        if kind == "choice":
            return await self.choices.undo(change, by)
        if kind == "name":
            if (await self._names.all()).get(subject, OFF) != change.after:
                return False
            return await self.rename(subject, change.before, by) is not None
        if not await self.access.undo(change, by):
            return False
        if kind in SETTINGS:
            await self._apply(kind, None if subject == EVERYWHERE else Chat.parse(subject))
        return True
