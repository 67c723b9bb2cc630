"""`cherry-bridge models` and `cherry-bridge access`: what there is, and who may talk."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from dataclasses import asdict

from bridge.access import Access
from bridge.errors import GatewayError, SettingsError
from bridge.gateway import Gateway
from bridge.settings import Settings
from bridge.shell.language import terminal_words
from bridge.store import open_store
from bridge.types import Chat, User
from bridge.words.trouble import trouble


async def models(settings: Settings, options: Namespace) -> int:
    async with Gateway(settings.gateway_url, settings.gateway_key.get_secret_value()) as gateway:
        try:
            offered = await gateway.models()
        except GatewayError as error:
            print(trouble(error, terminal_words(settings), model=None, admin=True), file=sys.stderr)
            return 1
    if options.json:
        rows = [{"id": str(model.id), "name": model.name, "provider": model.provider_name} for model in offered]
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return 0
    width = max((len(str(model.id)) for model in offered), default=0)
    for model in offered:
        print(f"{model.id!s:<{width}}  {model.provider_name}")
    return 0


async def access(settings: Settings, options: Namespace) -> int:
    async with open_store(settings.redis_url.get_secret_value(), settings.data_dir) as store:
        access = Access(store.redis, settings.admins)
        if options.action == "list":
            return await _list(access, options.json)
        subject = _subject(options.id, chat=options.chat)
        if options.action == "allow":
            await access.allow(subject, by=None)
            print(f"{options.id} may talk now.")
            return 0
        if not await access.deny(subject):
            print(f"{options.id} is not on the list.")
            return 1
        print(f"{options.id} may talk no longer.")
        return 0


async def _list(access: Access, as_json: bool) -> int:
    admins, lines = await access.admins(), await access.allowlist()
    if as_json:
        kept = {"admins": [str(admin) for admin in admins], "allowed": [asdict(line) for line in lines]}
        print(json.dumps(kept, ensure_ascii=False, indent=2))
        return 0
    for admin in admins:
        print(f"admin   {admin}")
    for line in lines:
        kind, _, id = line.subject.partition(" ")
        print(f"{kind:<7} {id}  {line.name}".rstrip())
    if not admins and not lines:
        print("Nobody may talk yet. `cherry-bridge run` prints a code that makes its sender the owner.")
    return 0


def _subject(id: str, *, chat: bool) -> Chat | User:
    try:
        person = User.parse(id)
    except ValueError as error:
        raise SettingsError([str(error)]) from None
    return Chat(person.channel, person.id) if chat else person
