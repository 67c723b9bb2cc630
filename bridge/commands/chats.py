"""`/new`, `/chats`, `/search`, `/forget`: the conversations of a chat."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bridge.commands.context import CommandContext, CommandResult
from bridge.commands.conversation import let_go
from bridge.commands.conversation_numbers import argument_of, owned, read_number, short_number
from bridge.commands.subjects import moment, plain
from bridge.commands.titles import Titles, first_words
from bridge.inbox import Inbox
from bridge.shorten import shorten
from bridge.store import Conversation, Exchange, Hit, Store, digest_of, text_of
from bridge.types import Button, Chat
from bridge.words import Words

CHATS_PER_PAGE = 8
HITS_PER_PAGE = 6
MAX_PAGES_OF_HITS = 10
MAX_EXCERPT_LENGTH = 300
"""Characters that are shown of a question or an answer."""
MAX_SNIPPET_LENGTH = 160
CONFIRM_SECONDS = 600
"""Seconds for which a button deletes what it names; one that is pressed later asks again."""
YES = "yes"

_PAGE_NUMBER = re.compile(r"(?:^|\s+)>(\d{1,4})$")


class ChatsCommands:
    def __init__(self, store: Store, inbox: Inbox, titles: Titles) -> None:
        self._store = store
        self._inbox = inbox
        self._titles = titles

    async def new(self, context: CommandContext) -> CommandResult:
        """Begin another conversation here; or, with a title and where the platform has threads, in a new thread.

        First the conversation: the answer under way then knows to which it belongs.
        """
        chat, words = context.chat, context.words
        if context.argument and not chat.direct:
            title = " ".join(context.argument.split())
            if await context.branch(chat.place, title) is not None:
                return CommandResult(words.new_thread.format(title=title))
        left = await self._store.conversations.begin(chat, context.settings.keep_seconds)
        await self._after_leaving(chat, left)
        return CommandResult(words.new)

    async def chats(self, context: CommandContext) -> CommandResult:
        """`/chats`, `/chats >2`, and what its buttons send: `show`, `open`, `rename`, `delete` with a number."""
        argument = argument_of(context)
        if argument is None:
            return CommandResult.refusal(context.words.chats_of_another)
        word, _, rest = argument.partition(" ")
        name, _, more = rest.strip().partition(" ")
        found = _PAGE_NUMBER.fullmatch(argument)
        if not argument or found:
            return await self._list(context, int(found[1]) if found else 1)
        number = read_number(name)
        if word.lower() not in ("show", "open", "rename", "delete") or number is None:
            return await self._list(context, 1)
        conversation = await self._store.conversations.find(context.chat, number)
        if conversation is None:
            return CommandResult(context.words.chats_gone, in_place=False)
        match word.lower():
            case "show":
                return await self._show(context, conversation)
            case "open":
                return await self._open(context, conversation)
            case "rename":
                return await self._rename(context, conversation, more)
            case _:
                return await self._delete(context, conversation, more)

    async def search(self, context: CommandContext) -> CommandResult:
        """`/search words`, `/search words >2`."""
        argument, words, chat = argument_of(context), context.words, context.chat
        if argument is None:
            return CommandResult.refusal(words.chats_of_another)
        found_page = _PAGE_NUMBER.search(argument)
        query = argument[: found_page.start()].strip() if found_page else argument.strip()
        page = min(max(int(found_page[1]), 1), MAX_PAGES_OF_HITS) if found_page else 1
        if not query:
            return CommandResult(words.search_usage, in_place=False)
        found = await self._store.search.find(chat, query, page * HITS_PER_PAGE + 1)
        hits = found.hits[(page - 1) * HITS_PER_PAGE : page * HITS_PER_PAGE]
        if not hits:
            nothing = words.search_nothing.format(query=plain(query))
            return CommandResult(nothing if found.is_whole else f"{nothing} {words.search_not_whole}")
        numbers = {hit.number for hit in hits}
        listed = [each for each in await self._store.conversations.all(chat) if each.number in numbers]
        listed = await self._store.conversations.with_first(chat, listed)
        titles = {each.number: each.title or first_words(each.first) or words.untitled for each in listed}
        lines = [words.search_found.format(query=plain(query))]
        for hit in hits:
            where = words.chats_this if hit.is_current else f"**{plain(titles.get(hit.number, ''))}**"
            lines.append(f"{moment(hit.exchange.at)} · {where}\n> {_snippet(hit, query)}")
        if not found.is_whole:
            lines.append(words.search_not_whole)
        kept = [each for each in listed if not each.is_current]
        buttons = self._choices(context, kept, titles, "open")
        if len(found.hits) > page * HITS_PER_PAGE and page < MAX_PAGES_OF_HITS:
            further = owned(chat, f"/search {query} >{page + 1}")
            if len(further.encode()) <= context.max_command_bytes:
                buttons.append(Button(words.button_older, further))
        return CommandResult("\n\n".join(lines), buttons)

    async def forget(self, context: CommandContext) -> CommandResult:
        """`/forget`: asks once what to delete for good; its buttons say which, and until when they do so."""
        argument, words, chat = argument_of(context), context.words, context.chat
        if argument is None:
            return CommandResult.refusal(words.chats_of_another)
        if not _may_delete(context):
            return CommandResult.refusal(words.choice_of_admins)
        what, _, until = argument.lower().partition(f" {YES} ")
        pressed_in_time = (read_number(until) or 0) > time.time()
        if what == "all" and pressed_in_time:
            count = await self._forget_all(chat)
            if context.may_choose:
                await self._store.overheard.forget(chat)
            return CommandResult(words.forgot_all.format(count=count))
        if what == "heard" and pressed_in_time and context.may_choose:
            await self._store.overheard.forget(chat)
            return CommandResult(words.forgot_overheard)
        if what == "documents" and pressed_in_time:
            await self._store.documents.forget(chat)
            return CommandResult(words.kb_no_documents)
        number = read_number(what) if until else None
        if number is not None and pressed_in_time:
            await self._forget(chat, number)  # a second press finds nothing, and says the same
            return CommandResult(words.forgot_one)
        return await self._ask_what_to_forget(context, "" if until else what)

    async def _ask_what_to_forget(self, context: CommandContext, what: str) -> CommandResult:
        words, chat = context.words, context.chat
        listed = await self._store.conversations.all(chat)
        heard = await self._store.overheard.last(chat, 1) if not chat.direct and context.may_choose else []
        documents = await self._store.documents.all(chat)
        if not (listed or heard or documents):
            return CommandResult(words.nothing_to_forget)
        until = short_number(int(time.time()) + CONFIRM_SECONDS)
        buttons = []
        if listed and listed[0].is_current and what != "all":
            this = f"/forget {short_number(listed[0].number)} {YES} {until}"
            buttons.append(Button(words.button_forget_this, owned(chat, this)))
        if listed and what != "this":
            every = words.button_forget_all.format(count=len(listed))
            buttons.append(Button(every, owned(chat, f"/forget all {YES} {until}")))
        if documents and what not in ("this", "all"):
            kept = words.kb_own.format(count=len(documents))
            buttons.append(Button(kept, owned(chat, f"/forget documents {YES} {until}")))
        if heard and what not in ("this", "all"):
            buttons.append(Button(words.button_forget_overheard, owned(chat, f"/forget heard {YES} {until}")))
        return CommandResult(words.forget_asks if buttons else words.nothing_to_forget, buttons)

    # What the buttons of /chats do

    async def _list(self, context: CommandContext, page: int) -> CommandResult:
        words, chat = context.words, context.chat
        listed = await self._store.conversations.all(chat)
        if not listed:
            return CommandResult(words.chats_none)
        pages = -(-len(listed) // CHATS_PER_PAGE)
        page = min(max(page, 1), pages)
        shown = listed[(page - 1) * CHATS_PER_PAGE : page * CHATS_PER_PAGE]
        shown = await self._store.conversations.with_first(chat, shown)
        titles = await self._titles.of(context, shown)
        said = words.chats_list.format(count=len(listed))
        if pages > 1:
            said = f"{said} – {words.page.format(page=page, pages=pages)}"
        buttons = self._choices(context, shown, titles, "show")
        turns = [(f"‹ {page - 1}/{pages}", page - 1)] * (page > 1) + [(f"› {page + 1}/{pages}", page + 1)] * (
            page < pages
        )
        buttons += [Button(label, owned(chat, f"/chats >{number}")) for label, number in turns]
        return CommandResult(f"{said}\n\n{words.chats_hint}", buttons)

    def _choices(
        self, context: CommandContext, shown: Sequence[Conversation], titles: Mapping[int, str], word: str
    ) -> list[Button]:
        """A button for each conversation, no two of which read the same."""
        buttons, count = [], Counter[str]()
        for each in shown:
            mark = "● " if each.is_current else ""
            label = f"{mark}{plain(titles[each.number])} · {time.strftime('%Y-%m-%d', time.gmtime(each.used_at))}"
            count[label] += 1
            label = f"{label} ({count[label]})" if count[label] > 1 else label
            buttons.append(Button(label, owned(context.chat, f"/chats {word} {short_number(each.number)}")))
        return buttons

    async def _show(self, context: CommandContext, shown: Conversation, note: str = "") -> CommandResult:
        words, chat, number = context.words, context.chat, short_number(shown.number)
        title = (await self._titles.of(context, [shown]))[shown.number]
        turns = words.one_turn if shown.turns == 1 else words.many_turns.format(count=shown.turns)
        lines = [f"**{plain(title)}**", f"{turns} · {moment(shown.used_at)}"]
        if shown.first is not None and (asked := _excerpt("\n".join(each.text for each in shown.first.question))):
            lines.append(asked)
        if shown.is_current:
            lines.append(words.chats_is_current)
        sent = [] if shown.is_current else [(words.button_open, f"/chats open {number}")]
        sent += [(words.button_rename, f"/chats rename {number}"), (words.button_export, f"/export {number}")]
        sent += [(words.button_delete_for_good, f"/chats delete {number}"), (words.button_back, "/chats")]
        buttons = [Button(label, owned(chat, command)) for label, command in sent]
        return CommandResult("\n\n".join([*lines, *([note] if note else [])]), buttons)

    async def _open(self, context: CommandContext, wanted: Conversation) -> CommandResult:
        words, chat = context.words, context.chat
        went, left = await self._store.conversations.open(chat, wanted.number, context.settings.keep_seconds)
        if went == "gone":
            return CommandResult(words.chats_gone, in_place=False)
        if went == "current":
            return CommandResult(words.chats_is_current, in_place=False)
        await self._after_leaving(chat, left)
        title = wanted.title or first_words(wanted.first) or words.untitled
        history = await self._store.history.read(chat)
        last = _last_of(history, words) if history else ""
        said = [words.chats_opened.format(title=f"**{plain(title)}**"), last]
        return CommandResult("\n\n".join(filter(None, said)), [Button(words.button_chats, owned(chat, "/chats"))])

    async def _rename(self, context: CommandContext, wanted: Conversation, title: str) -> CommandResult:
        words = context.words
        title = " ".join(plain(title).split())
        if not title:
            number = short_number(wanted.number)
            return CommandResult(words.rename_usage.format(command=f"`/chats rename {number} {words.new_title}`"))
        conversations, seconds = self._store.conversations, context.settings.keep_seconds
        if not await conversations.rename(context.chat, wanted.number, title, seconds):
            return CommandResult(words.chats_gone, in_place=False)
        return await self._show(context, replace(wanted, title=title))

    async def _delete(self, context: CommandContext, wanted: Conversation, sure: str) -> CommandResult:
        words, chat, number = context.words, context.chat, short_number(wanted.number)
        if not _may_delete(context):
            return CommandResult.refusal(words.choice_of_admins)
        if sure.lower() != YES:
            title = wanted.title or first_words(wanted.first) or words.untitled
            sent = [
                (words.button_delete_for_good, f"/chats delete {number} {YES}"),
                (words.button_back, f"/chats show {number}"),
            ]
            buttons = [Button(label, owned(chat, command)) for label, command in sent]
            return CommandResult(words.delete_asks.format(title=f"**{plain(title)}**"), buttons)
        is_gone = await self._forget(chat, wanted.number)
        back = [Button(words.button_chats, owned(chat, "/chats"))]
        return CommandResult(words.forgot_one if is_gone else words.chats_gone, back)

    # Leaving and deleting

    async def _after_leaving(self, chat: Chat, left: int | None) -> None:
        """The answer under way ends, and belongs to the conversation that was left; what waits is let go."""
        await self._inbox.drop_parked(chat)
        if not await let_go(self._store, self._inbox, chat):
            await self._store.signals.stop(chat)
        if left is not None:
            await self._store.search.index(chat, left)

    async def _forget(self, chat: Chat, number: int) -> bool:
        """Delete a conversation for good, with the pictures and files that no other one has; whether it was there."""
        conversations = self._store.conversations
        was_current = await conversations.current(chat) == number
        media = _media_of(await conversations.read(chat, number))
        if not await conversations.delete(chat, number):
            return False
        if was_current:
            await self._after_leaving(chat, None)
        for each in await conversations.all(chat) if media else ():
            media -= _media_of(await conversations.read(chat, each.number))
        await self._store.media.drop(chat, media)
        return True

    async def _forget_all(self, chat: Chat) -> int:
        count = await self._store.conversations.delete(chat, "all")
        await self._after_leaving(chat, None)
        await self._store.media.forget(chat)
        await self._store.documents.forget(chat)
        return count


def _may_delete(context: CommandContext) -> bool:
    """Whether the sender may delete what is said here: in a group with one conversation for all, who may choose."""
    return context.chat.direct or bool(context.chat.person) or context.may_choose


def _media_of(exchanges: Sequence[Exchange]) -> set[str]:
    messages = [message for each in exchanges for message in (*each.question, *each.answer)]
    return {digest for message in messages for part in message.parts if (digest := digest_of(part))}


def _last_of(history: Sequence[Exchange], words: Words) -> str:
    """The last question of a conversation as a quotation, and the beginning of its answer."""
    last = history[-1]
    asked = _excerpt("\n".join(message.text for message in last.question))
    answer = shorten(" ".join(last.text.split()), MAX_EXCERPT_LENGTH)
    return "\n\n".join(filter(None, [asked, plain(answer, MAX_EXCERPT_LENGTH) or words.no_words]))


def _excerpt(text: str) -> str:
    """The beginning of what a person said, as a quotation of one line."""
    line = plain(" ".join(text.split()), MAX_EXCERPT_LENGTH + 1)
    return f"> {shorten(line, MAX_EXCERPT_LENGTH)}" if line.strip() else ""


def _snippet(hit: Hit, query: str) -> str:
    """The words around the first of those that were looked for."""
    text = " ".join(text_of(hit.exchange).split())
    places = [found.start() for word in query.split() if (found := re.search(re.escape(word), text, re.IGNORECASE))]
    start = max(0, (min(places) if places else 0) - MAX_SNIPPET_LENGTH // 3)
    piece = plain(text[start : start + MAX_SNIPPET_LENGTH], MAX_SNIPPET_LENGTH)
    return f"{'…' if start else ''}{piece}{'…' if start + MAX_SNIPPET_LENGTH < len(text) else ''}"
