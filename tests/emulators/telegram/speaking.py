"""The calls by which the bot speaks: send, edit, delete, draft, typing, and the answer to a pressed button."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from .envelope import Arguments, bad_request
from .faults import POSTS_AND_EDITS
from .flood import Kind
from .keyboards import read_keyboard
from .messages import Message, Write, opening
from .people import GENERAL_TOPIC, Room
from .text import composed, drafted
from .world import Draft, World

Call = Callable[[World, Arguments], Any]

_ACTIONS = frozenset(
    {
        *("typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice"),
        *("upload_document", "choose_sticker", "find_location", "record_video_note", "upload_video_note"),
    }
)
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same"
    " as a current content and reply markup of the message"
)
_TOO_LATE = "query is too old and response timeout expired or query ID is invalid"


def send_message(world: World, args: Arguments) -> dict[str, Any]:
    refuse_parse_mode(world, args)
    content = composed(args, world.rules, edit=False)
    markup = read_keyboard(args, world.rules)
    room, where = read_destination(world, args)
    message = world.add(room, world.me, markup=markup, **where)
    message.put(content, markup, world.now(), preview_disabled=_preview_disabled(args))
    world.drafts = [draft for draft in world.drafts if draft.room is not room]
    return message.json()


def read_destination(world: World, args: Arguments) -> tuple[Room, dict[str, Any]]:
    """The room that a new message goes to, and its place there: topic, reply and quote."""
    room = world.open_to_us(args.text("chat_id"))
    reply_to, quote = _reply(world, room, args)
    topic = _thread(world, room, args)
    if not topic and reply_to is not None and reply_to.in_topic:
        topic = reply_to.thread
    return room, {"topic": topic, "reply_to": reply_to or opening(room, topic), "quote": quote}


def edit_message_text(world: World, args: Arguments) -> dict[str, Any]:
    refuse_parse_mode(world, args)
    content = composed(args, world.rules, edit=True)
    markup = inline_only(read_keyboard(args, world.rules))
    message = own_message(world, args)
    if not message.editable_text:
        raise bad_request("there is no text in the message to edit")
    if (content, markup) == (message.content, message.markup):
        raise bad_request(NOT_MODIFIED)
    message.put(content, markup, world.now(), preview_disabled=_preview_disabled(args))
    message.edit_date = int(time.time())
    return message.json()


def edit_message_reply_markup(world: World, args: Arguments) -> dict[str, Any]:
    markup = inline_only(read_keyboard(args, world.rules))
    message = own_message(world, args)
    if markup == message.markup or message.album:  # an album takes no buttons (openclaw/openclaw#135553, live)
        raise bad_request(NOT_MODIFIED)
    message.markup = markup
    message.edit_date = int(time.time())
    return message.json()


def delete_message(world: World, args: Arguments) -> bool:
    room = world.room(args.text("chat_id"))
    id = args.integer("message_id")
    message = world.message(room, id) if id > 0 else None
    if message is None:
        raise bad_request("message to delete not found")
    if not _may_delete(world, message):
        raise bad_request("message can't be deleted")
    message.deleted = True
    return True


def delete_messages(world: World, args: Arguments) -> bool:
    """Those that are not there are passed over."""
    room = world.room(args.text("chat_id"))
    ids = args.structure("message_ids")
    if not isinstance(ids, list) or not ids:
        raise bad_request("message identifiers are not specified")
    if len(ids) > 100:
        raise bad_request("too many message identifiers specified")
    found = [message for id in ids if isinstance(id, int) and (message := world.message(room, id))]
    if not all(_may_delete(world, message) for message in found):
        raise bad_request("message can't be deleted")
    for message in found:
        message.deleted = True
    return True


def send_message_draft(world: World, args: Arguments) -> bool:
    refuse_parse_mode(world, args)
    text = drafted(args, world.rules)
    if not args.integer("draft_id"):
        raise bad_request("draft identifier must be non-zero")
    room = world.open_to_us(args.text("chat_id"))
    if not room.is_private:
        raise bad_request("TEXTDRAFT_PEER_INVALID")
    _thread(world, room, args)
    world.drafts.append(Draft(room, args.integer("draft_id"), Write(world.now(), text, preview_disabled=True)))
    return True


def send_chat_action(world: World, args: Arguments) -> bool:
    action = args.text("action").lower()
    if action not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    room = world.open_to_us(args.text("chat_id"))
    general = room.is_forum and args.integer("message_thread_id") == GENERAL_TOPIC
    thread = 0 if general else _thread(world, room, args)
    if action == "typing":
        world.typing[room.id, thread] += 1
    return True


def answer_callback_query(world: World, args: Arguments) -> bool:
    """Once for each press, while it is fresh."""
    press = world.presses.get(args.text("callback_query_id"))
    if press is None or press.answer is not None or world.now() > press.at + world.rules.callback_life:
        raise bad_request(_TOO_LATE)
    if len(args.text("text")) > 200:
        raise bad_request("MESSAGE_TOO_LONG")
    press.answer, press.alert = args.text("text"), args.flag("show_alert")
    return True


def refuse_parse_mode(world: World, args: Arguments) -> None:
    if mode := args.text("parse_mode"):
        world.parse_modes.append(mode)
        raise bad_request("unsupported parse_mode")


def _preview_disabled(args: Arguments) -> bool:
    options = args.structure("link_preview_options")
    return isinstance(options, dict) and options.get("is_disabled") is True


def inline_only(markup: dict[str, Any] | None) -> dict[str, Any] | None:
    if markup is not None and "inline_keyboard" not in markup:
        raise bad_request("inline keyboard expected")
    return markup


def own_message(world: World, args: Arguments) -> Message:
    """The message to edit. Raises ApiError where there is none, or it is not the bot's to change."""
    if not args.text("chat_id") and not args.integer("message_id"):
        raise bad_request("message identifier is not specified")
    room = world.open_to_us(args.text("chat_id"))
    message = world.message(room, args.integer("message_id"))
    if message is None:
        raise bad_request("message to edit not found")
    passive = message.markup is not None and "inline_keyboard" not in message.markup
    if message.sender != world.me or message.service or passive:
        raise bad_request("message can't be edited")
    return message


def _may_delete(world: World, message: Message) -> bool:
    if message.sender == world.me or message.room.bot == "administrator":
        return True
    return message.room.is_private


def _thread(world: World, room: Room, args: Arguments) -> int:
    """The `message_thread_id` argument, 0 where there is none: a topic, or a message that others reply to."""
    thread = args.integer("message_thread_id")
    if thread <= 0:
        return 0
    chain = room.type == "supergroup" and not room.is_forum and world.message(room, thread) is not None
    if thread not in room.topics and not chain:
        raise bad_request("message thread not found")
    return thread


def _reply(world: World, room: Room, args: Arguments) -> tuple[Message | None, str]:
    """The message to hang under and the quoted part of it. Raises ApiError where it is gone and that matters."""
    given = args.structure("reply_parameters")
    if given is None:
        given = {
            "message_id": args.integer("reply_to_message_id"),
            "allow_sending_without_reply": args.flag("allow_sending_without_reply"),
        }
    if not isinstance(given, dict):
        raise bad_request("can't parse reply parameters: expected an Object")
    id = given.get("message_id", 0)
    if not isinstance(id, int):
        raise bad_request('can\'t parse reply parameters: field "message_id" must be of type Number')
    if id <= 0:
        return None, ""
    where = room
    if given.get("chat_id") not in (None, room.id, str(room.id)):
        where = world.room(str(given["chat_id"]))
    target = world.message(where, id)
    if target is None:
        if given.get("allow_sending_without_reply") is True:
            return None, ""
        raise bad_request("message to be replied not found")
    quote = given.get("quote") or ""
    if quote not in target.content.text:
        raise bad_request("QUOTE_TEXT_INVALID")
    return target, quote


def flood_kind(method: str) -> Kind:
    """Which of the flood limits a call counts against."""
    if method in POSTS_AND_EDITS:
        return "write"
    return "typing" if method in ("sendchataction", "sendmessagedraft") else "free"


CALLS: dict[str, Call] = {
    "sendmessage": send_message,
    "editmessagetext": edit_message_text,
    "editmessagereplymarkup": edit_message_reply_markup,
    "deletemessage": delete_message,
    "deletemessages": delete_messages,
    "sendmessagedraft": send_message_draft,
    "sendchataction": send_chat_action,
    "answercallbackquery": answer_callback_query,
}
