"""`cherry-bridge access`: who may talk, shown and changed from a shell."""

from __future__ import annotations

import json
import time
from argparse import Namespace
from dataclasses import asdict

from bridge.access import SHELL, Access, Subject, as_subject, subject_name
from bridge.commands import NOTHING, Management, moment, shown, split_duration
from bridge.errors import SettingsError
from bridge.inbox import Inbox
from bridge.settings import Settings
from bridge.store import open_store
from bridge.types import User


async def access(settings: Settings, options: Namespace) -> int:
    """Run `options.action`. Return 1 where it changed nothing."""
    async with open_store(settings.redis_url.get_secret_value(), settings.data_dir) as store:
        management = Management(Access(store.redis, settings.admins), Inbox(store), store)
        match options.action:
            case "list":
                return await _list(management, options.json)
            case "audit":
                return await _audit(management, options.most, options.json)
            case "invite":
                return await _invite(management, options)
            case _:
                return await _change(management, options)


async def _change(management: Management, options: Namespace) -> int:
    until = time.time() + _seconds(options.duration) if getattr(options, "duration", "") else 0.0
    subject = _subject(options)
    match options.action:
        case "allow":
            changed, now = await management.allow(subject, SHELL, until), "may talk"
        case "deny":
            went = await management.deny(subject, SHELL, until)
            if went == "is an admin":
                raise SettingsError([f"{options.id} is an admin; see `cherry-bridge access admin remove`"])
            changed, now = went == "changed", "may not talk"
        case "remove":
            changed, now = await management.remove(subject, SHELL), "is not on the list"
        case _:
            person = User.parse(options.id)
            if options.change == "add":
                changed, now = await management.promote(person, SHELL), "is an admin"
            else:
                changed = await management.access.roles.demote(person, SHELL)
                now = "has no role but what BRIDGE_ADMINS gives"
    if options.json:
        print(json.dumps({"subject": subject_name(subject), "now": now, "until": until, "changed": changed}))
    else:
        print(f"{options.id} {now}{'' if changed else ', as before'}.")
    return 0 if changed else 1


async def _list(management: Management, as_json: bool) -> int:
    directory = await management.directory()
    if as_json:
        kept = {
            "roles": [{"person": str(person), "role": role.name.lower()} for person, role in directory.roles.items()],
            "rules": [{"subject": f"{each.kind} {each.id}", **asdict(each.rule)} for each in directory.listed],
        }
        print(json.dumps(kept, ensure_ascii=False, indent=2))
        return 0
    for person, role in directory.roles.items():
        print(f"{role.name.lower():<7} {person}")
    for each in directory.listed:
        rule = each.rule
        until = f"until {moment(rule.until)}" if rule.until else ""
        print("  ".join(filter(None, (f"{rule.verdict:<7} {each.kind:<6} {each.id}", rule.name, until))))
    if not directory.roles and not directory.listed:
        print("Nobody may talk yet. `cherry-bridge run` prints a code that makes its sender the owner.")
    return 0


async def _audit(management: Management, most: int, as_json: bool) -> int:
    changes = await management.changes(max(1, most))
    if as_json:
        print(json.dumps([asdict(change) for change in changes], ensure_ascii=False, indent=2))
        return 0
    for change in changes:
        before, after = shown(change, change.before), shown(change, change.after)
        print(f"{moment(change.at)}  {change.by}  {change.where or NOTHING}  {change.what}: {before} → {after}")
    return 0


async def _invite(management: Management, options: Namespace) -> int:
    until = time.time() + _seconds(options.duration)
    made = await management.invite(SHELL, options.uses, until)
    if made is None:
        raise SettingsError(["too many invites are open; /invite off in a chat revokes them"])
    if options.json:
        print(json.dumps(asdict(made)))
    else:
        print(f"/claim {made.code}")
        print(f"Up to {made.uses} people may send this to the bot in a direct chat until {moment(until)}.")
    return 0


def _seconds(text: str) -> float:
    rest, seconds = split_duration(text)
    if rest or not seconds:
        raise SettingsError([f"{text!r} is no length of time; write 12h, 7d or 4w, up to a year"])
    return seconds


def _subject(options: Namespace) -> Subject:
    kind = "chat" if getattr(options, "chat", False) else "group" if getattr(options, "group", False) else "person"
    try:
        named = User.parse(options.id)
    except ValueError as error:
        raise SettingsError([str(error)]) from None
    if (subject := as_subject(kind, named.channel, named.id)) is None:
        raise SettingsError([f"{options.id!r} is no platform's id"])
    return subject
