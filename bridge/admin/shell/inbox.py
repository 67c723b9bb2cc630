"""`cherry-bridge inbox`: what was set aside, shown, put back or dropped; and how much waits.

It opens the store as every process does, so it works beside a running bridge and without one.
"""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace
from collections.abc import Awaitable, Callable
from typing import Any

from bridge.admin.shell.asking import agrees, at_terminal, clean
from bridge.admin.shell.language import terminal_language
from bridge.commands import moment
from bridge.inbox import (
    CRASHED,
    FAILED,
    REFUSED,
    UNREADABLE,
    ChatMoved,
    CommandCall,
    Inbox,
    Job,
    Kept,
    Notice,
    Question,
)
from bridge.settings import Settings
from bridge.store import open_store
from bridge.types import User
from bridge.words import IN, Words, duration
from bridge.words.shell import INBOX, InboxWords

ALL = "all"
"""In place of an id."""


async def inbox(settings: Settings, options: Namespace) -> int:
    """Run `options.action`. Return 1 where something that was named is not there, or stays set aside."""
    language = terminal_language(settings)
    words = INBOX[language]
    async with open_store(settings.redis_url.get_secret_value(), settings.data_dir) as store:
        opened = Inbox(store)
        kept = sorted([each async for each in opened.kept_aside()], key=lambda each: each.aside.at)
        if options.action == "list":
            backlog = await opened.backlog()
            waits = max(0.0, time.time() - backlog.since) if backlog.since else 0.0
            if options.json:
                waiting = {
                    "jobs": backlog.jobs,
                    "under_way": backlog.under_way,
                    "chats": backlog.chats,
                    "oldest_seconds": round(waits, 1),
                }
                rows = [_as_json(each, show=options.show) for each in kept]
                print(json.dumps({"set_aside": rows, "waiting": waiting}, ensure_ascii=False, indent=2))
                return 0
            _print_list(kept, words, show=options.show)
            age = _age(waits, IN[language])
            told = words.waiting.format(jobs=backlog.jobs, under_way=backlog.under_way, chats=backlog.chats, age=age)
            print(told if backlog.jobs else words.waiting_none)
            return 0
        named = kept if options.id == ALL else [each for each in kept if each.id == options.id]
        if not named and options.id != ALL:
            print(words.unknown.format(id=clean(options.id)), file=sys.stderr)
            return 1
        if options.action == "retry":
            return await _each(named, lambda each: _put_back(opened, each), words.put_back, words, options)
        if options.id == ALL and named and not options.yes:
            if not at_terminal():
                print(words.drop_needs_yes.format(count=len(named)), file=sys.stderr)
                return 1
            if not agrees(words.drop_all.format(count=len(named)), otherwise=False):
                print(words.nothing_dropped)
                return 1
        return await _each(named, lambda each: _drop(opened, each), words.dropped, words, options)


async def _each(
    kept: list[Kept], act: Callable[[Kept], Awaitable[str]], done: str, words: InboxWords, options: Namespace
) -> int:
    """Act on each, and say what came of it; `act` returns the name of the sentence that says why not, or nothing."""
    results = [(each.id, await act(each)) for each in kept]
    if options.json:
        report = [{"id": id, "done": not why, **({"why": why} if why else {})} for id, why in results]
        print(json.dumps(report, indent=2))
    else:
        for id, why in results:
            print((getattr(words, why) if why else done).format(id=id), file=sys.stderr if why else sys.stdout)
        if not results:
            print(words.set_aside_none)
    return 1 if any(why for _, why in results) else 0


async def _put_back(inbox: Inbox, kept: Kept) -> str:
    if kept.job is None:
        return "stays_unreadable"
    try:
        return "" if await inbox.put_back(kept) else "unknown"
    except ValueError:
        return "stays_homeless"


async def _drop(inbox: Inbox, kept: Kept) -> str:
    return "" if await inbox.drop_aside(kept) else "unknown"


def _print_list(kept: list[Kept], words: InboxWords, *, show: bool) -> None:
    print(words.set_aside.format(count=len(kept)) if kept else words.set_aside_none)
    for each in kept:
        chat, sender = each.chat, _sender(each.job)
        place = f"{chat.channel}  {_within(str(chat))}" if chat else words.unknown_chat
        title = f" ({chat.title})" if chat and chat.title else ""
        name = f"{sender.name} ({sender})" if sender and sender.name else str(sender or words.unknown_sender)
        kind, detail = _kind(each.job)
        what = words.kinds[kind].format(name=detail)
        print(clean(f"{each.id}  {moment(each.aside.at)}  {place}{title}  {name}"))
        print(clean(f"{'':8}  {what}: {_why(each.aside.why, words)}"))
        if show and (said := _said(each.job)):
            print(*(clean(f"{'':8}  > {line}") for line in said.splitlines()), sep="\n")
    if kept:
        print(f"\n{words.hint}\n")


def _as_json(kept: Kept, *, show: bool) -> dict[str, Any]:
    chat, sender = kept.chat, _sender(kept.job)
    kind, name = _kind(kept.job)
    row = {
        "id": kept.id,
        "at": kept.aside.at,
        "channel": chat.channel if chat else "",
        "chat": str(chat or ""),
        "title": chat.title if chat else "",
        "sender": str(sender or ""),
        "sender_name": sender.name if sender else "",
        "account": kept.aside.account,
        "kind": kind,
        "name": name,
        "why": clean(kept.aside.why),
        "attempts": kept.aside.attempt,
    }
    return row | {"said": _said(kept.job)} if show else row


def _kind(job: Job | None) -> tuple[str, str]:
    """Return the key of `InboxWords.kinds`, and the name of the command or notice."""
    match job:
        case Question():
            return "question", ""
        case CommandCall():
            return "command", job.name
        case Notice():
            return "notice", job.kind
        case ChatMoved():
            return "move", ""
        case None:
            return "unreadable", ""


def _sender(job: Job | None) -> User | None:
    match job:
        case Question():
            return job.asked_by
        case CommandCall():
            return job.sender
    return None


def _said(job: Job | None) -> str:
    """Return the person's words."""
    match job:
        case Question():
            return job.message.text
        case CommandCall():
            return f"/{job.name} {job.argument}".strip()
    return ""


def _why(why: str, words: InboxWords) -> str:
    if why.startswith(REFUSED):
        return words.why_refused.format(detail=why.removeprefix(REFUSED))
    told = {FAILED: words.why_failed, CRASHED: words.why_crashed, UNREADABLE: words.why_unreadable}
    return told.get(why, why)


def _within(chat: str) -> str:
    """Return a chat's id without its channel."""
    return chat.partition(":")[2]


def _age(seconds: float, words: Words) -> str:
    if seconds < 60:
        return duration(seconds, words)
    hours, minutes = divmod(int(seconds // 60), 60)
    return (words.hours_and_minutes if hours else words.minutes).format(hours=hours, minutes=minutes)
