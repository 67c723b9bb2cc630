"""The calls by which the bot learns or arranges something: itself, chats, members, files, menus, updates."""

from __future__ import annotations

from typing import Any

from .envelope import ApiError, Arguments, Described, bad_request
from .menus import Scope, read_commands, read_language, read_scope
from .people import member_json
from .speaking import Call
from .world import World


def get_me(world: World, args: Arguments) -> dict[str, Any]:
    no = (
        "supports_inline_queries supports_guest_queries can_connect_to_business has_main_web_app has_topics_enabled"
        " allows_users_to_create_topics can_manage_bots"
    )
    seen = {"can_join_groups": True, "can_read_all_group_messages": world.reads_all}
    return world.me.json() | seen | dict.fromkeys(no.split(), False)


async def get_updates(world: World, args: Arguments) -> list[Any]:
    if world.webhook:
        reason = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
        raise ApiError(409, f"Conflict: {reason}")
    rules = world.rules
    if args.text("allowed_updates"):
        world.updates.allow(args.structure("allowed_updates"))
    return await world.updates.poll(
        args.integer("offset"),
        args.integer("limit", rules.batch_max, 1, rules.batch_max),
        args.integer("timeout", 0, 0, rules.poll_max),
    )


def set_webhook(world: World, args: Arguments) -> Described:
    url = args.text("url")
    if not url:
        return delete_webhook(world, args)
    if not url.startswith("https://"):
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    again = world.webhook == url
    world.webhook = url
    world.updates.allow(args.structure("allowed_updates"))
    world.updates.terminate("terminated by setWebhook request")
    _drop_pending(world, args)
    return Described(True, "Webhook is already set" if again else "Webhook was set")


def delete_webhook(world: World, args: Arguments) -> Described:
    there, world.webhook = bool(world.webhook), ""
    _drop_pending(world, args)
    return Described(True, "Webhook was deleted" if there else "Webhook is already deleted")


def get_webhook_info(world: World, args: Arguments) -> dict[str, Any]:
    return {
        "url": world.webhook,
        "has_custom_certificate": False,
        "pending_update_count": world.updates.pending,
        "allowed_updates": sorted(world.updates.allowed),
    }


def get_chat(world: World, args: Arguments) -> dict[str, Any]:
    return world.room(args.text("chat_id")).full_json()


def get_chat_member(world: World, args: Arguments) -> dict[str, Any]:
    room = world.room(args.text("chat_id"))
    id = args.integer("user_id")
    if id in room.members:
        person, standing = room.members[id]
        return member_json(person, room.bot if id == world.me.id else standing)
    if id not in world.people:
        raise bad_request("PARTICIPANT_ID_INVALID")
    return member_json(world.people[id], "left")


def get_chat_administrators(world: World, args: Arguments) -> list[dict[str, Any]]:
    room = world.room(args.text("chat_id"))
    if room.is_private:
        raise bad_request("there are no administrators in the private chat")
    known = [(p, room.bot if p == world.me else standing) for p, standing in room.members.values()]
    return [member_json(p, standing) for p, standing in known if standing in ("creator", "administrator")]


def get_file(world: World, args: Arguments) -> dict[str, Any]:
    if not args.text("file_id"):
        raise bad_request("file_id not specified")
    file = world.files.get(args.text("file_id"))
    if file is None:
        raise bad_request("wrong file_id or the file is temporarily unavailable")
    if file.size > world.rules.download_max:
        raise bad_request("file is too big")
    world.served[file.path] = (file, world.now() + world.rules.file_life)
    return {"file_id": file.id, "file_unique_id": f"u{file.id}", "file_size": file.size, "file_path": file.path}


def set_my_commands(world: World, args: Arguments) -> bool:
    commands = read_commands(args)
    key = _scope(world, args), read_language(args)
    if commands:
        world.menus.kept[key] = commands
    else:
        world.menus.kept.pop(key, None)
    return True


def get_my_commands(world: World, args: Arguments) -> list[dict[str, str]]:
    return list(world.menus.kept.get((_scope(world, args), read_language(args)), ()))


def delete_my_commands(world: World, args: Arguments) -> bool:
    world.menus.kept.pop((_scope(world, args), read_language(args)), None)
    return True


def _scope(world: World, args: Arguments) -> Scope:
    kind, chat, user = read_scope(args)
    if not chat:
        return kind, 0, 0
    room = world.room(chat)
    if kind != "chat" and room.is_private:
        raise bad_request("PEER_ID_INVALID")
    if kind == "chat_member" and user not in world.people:
        raise bad_request("user not found")
    return kind, room.id, user


def _drop_pending(world: World, args: Arguments) -> None:
    if args.flag("drop_pending_updates"):
        world.updates.clear()


CALLS: dict[str, Call] = {
    "getme": get_me,
    "getupdates": get_updates,
    "setwebhook": set_webhook,
    "deletewebhook": delete_webhook,
    "getwebhookinfo": get_webhook_info,
    "getchat": get_chat,
    "getchatmember": get_chat_member,
    "getchatadministrators": get_chat_administrators,
    "getfile": get_file,
    "setmycommands": set_my_commands,
    "getmycommands": get_my_commands,
    "deletemycommands": delete_my_commands,
}
