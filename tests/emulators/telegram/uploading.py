"""The calls by which the bot posts files: one at a time, or as an album; and the captions of those."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from .envelope import ApiError, Arguments, bad_request
from .files import MIMES, Form, StoredFile, dimensions, media_json
from .keyboards import read_keyboard
from .people import Room
from .speaking import (
    NOT_MODIFIED,
    Call,
    inline_only,
    own_message,
    read_destination,
    refuse_parse_mode,
)
from .text import Formatted, captioned
from .world import World

_ALBUM_FORMS: tuple[Form, ...] = ("photo", "video", "audio", "document")


def _sends(form: Form) -> Call:
    def send(world: World, args: Arguments) -> dict[str, Any]:
        refuse_parse_mode(world, args)
        file = _file(world, args, args.text(form), form, field=form)
        if file is None:
            raise bad_request(f"there is no {form} in the request")
        content = captioned(args, world.rules, edit=False)
        markup = read_keyboard(args, world.rules)
        room, where = read_destination(world, args)
        _check(world, file)
        return _post(world, room, file, content, where | {"markup": markup})

    return send


def send_media_group(world: World, args: Arguments) -> list[dict[str, Any]]:
    """Post an album. Of one that has a bad file the others are posted, and the call fails all the same."""
    items = _album(world, args)
    room, where = read_destination(world, args)
    album = str(14_000_000_000_000_000 + next(world.unique)) if len(items) > 1 else ""
    failure: ApiError | None = None
    posted = []
    for number, (file, content) in enumerate(items, 1):
        try:
            _check(world, file)
        except ApiError as error:
            reason = error.description.removeprefix("Bad Request: ")
            failure = failure or bad_request(f'failed to send message #{number} with the error message "{reason}"')
        else:
            posted.append(_post(world, room, file, content, where | {"album": album}))
    if failure is not None:
        raise failure
    return posted


def edit_message_caption(world: World, args: Arguments) -> dict[str, Any]:
    refuse_parse_mode(world, args)
    content = captioned(args, world.rules, edit=True)
    markup = inline_only(read_keyboard(args, world.rules))
    message = own_message(world, args)
    if not message.media:
        raise bad_request("there is no caption in the message to edit")
    if (content, markup) == (message.content, message.markup):
        raise bad_request(NOT_MODIFIED)
    message.put(content, markup, world.now(), preview_disabled=True)
    message.edit_date = int(time.time())
    return message.json()


def _album(world: World, args: Arguments) -> list[tuple[StoredFile, Formatted]]:
    given = args.structure("media")
    if not isinstance(given, list):
        raise bad_request('parameter "media" is required')
    if not given:
        raise bad_request("there are no messages to send")
    if len(given) > world.rules.album_max:
        raise bad_request("too many messages to send as an album")
    items = [_item(world, args, each) for each in given]
    forms = {file.form for file, _ in items}
    for form in ("audio", "document"):
        if form in forms and len(forms) > 1:
            raise bad_request(f"{form} can't be mixed with other media types")
    return items


def _item(world: World, args: Arguments, given: Any) -> tuple[StoredFile, Formatted]:
    if not isinstance(given, dict):
        raise bad_request("can't parse InputMedia: expected an Object")
    if given.get("type") not in _ALBUM_FORMS:
        raise bad_request(f'can\'t parse InputMedia: type "{given.get("type")}" is unsupported')
    file = _file(world, args, str(given.get("media") or ""), given["type"])
    if file is None:
        raise bad_request("can't parse InputMedia: media not found")
    own = {name: str(given.get(name) or "") for name in ("caption", "parse_mode")}
    refuse_parse_mode(world, Arguments(own))
    return file, captioned(Arguments(own), world.rules, edit=False)


def _file(world: World, args: Arguments, given: str, form: Form, field: str = "") -> StoredFile | None:
    """The file of an argument: one part of this request, by its name or ``attach://name``, or one stored before."""
    if given in world.files:
        return world.files[given]
    upload = args.files.get(given.removeprefix("attach://") if given.startswith("attach://") else field)
    if upload is None:
        return None
    if len(upload.data) > world.rules.upload_max:
        raise ApiError(413, "Request Entity Too Large")
    mime = upload.mime if form == "document" else MIMES[form]
    return world.store(form, upload.data, name="" if form == "photo" else upload.name, mime=mime)


def _check(world: World, file: StoredFile) -> None:
    """Raise ApiError for a picture that cannot be shown as one, in the words of tdlib and of Telegram's servers."""
    rules = world.rules
    if file.form != "photo":
        return
    if file.size > rules.photo_max:
        reason = f"file of size {file.size} bytes is too big for a photo; the maximum size is {rules.photo_max} bytes"
        raise bad_request(reason)
    size = dimensions(file.data)
    if size is None or not min(size):
        raise bad_request("IMAGE_PROCESS_FAILED")
    if sum(size) > rules.photo_sides or max(size) > rules.photo_ratio * min(size):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")


def _post(world: World, room: Room, file: StoredFile, content: Formatted, where: dict[str, Any]) -> dict[str, Any]:
    message = world.add(room, world.me, media=media_json(file), file=file, **where)
    message.put(content, where.get("markup"), world.now(), preview_disabled=True)
    return message.json()


def message_count(method: str, args: Arguments) -> int:
    """How many messages a call posts: each counts against the flood limits."""
    if method != "sendmediagroup":
        return 1
    given = args.structure("media")
    return max(1, len(given)) if isinstance(given, list) else 1


_SINGLE: Sequence[Form] = ("photo", "audio", "voice", "video", "document")
CALLS: dict[str, Call] = {
    **{f"send{form}": _sends(form) for form in _SINGLE},
    "sendmediagroup": send_media_group,
    "editmessagecaption": edit_message_caption,
}
