"""Updates that no client should trip over: fields missing, of the wrong type, enormous, unknown.

None of them can be understood as something a person said, so a bot that is well made answers none of them.
"""

from __future__ import annotations

from typing import Any

from .people import Person, Room

_LONG = "x" * 65_536


def hostile_updates(person: Person, room: Room) -> list[Any]:
    """Bodies for `Updates.push_raw`; those with the id "next" are numbered, the others come once as they are."""
    who, where = person.json(), room.json()
    deep: Any = "down here"
    for _ in range(60):
        deep = {"in": [deep]}
    said = {"date": 1, "chat": where, "from": who}
    query = {"id": "1", "from": who, "message": {"chat": where, "message_id": 1, "date": 0}}
    proper: list[dict[str, Any]] = [
        {},
        {"message": None},
        {"message": "text"},
        {"message": []},
        {"message": {}},
        {"message": {"message_id": 1, "date": 1, "from": who, "text": "no chat"}},
        {"message": {"message_id": 2, "date": 1, "chat": where, "from": who, "text": 5}},
        {"message": {"message_id": 3, "date": 1, "chat": where, "from": who, "text": {"a": [1]}}},
        {"message": {"message_id": 4, "date": "yesterday", "chat": where, "from": who, "new_chat_title": _LONG}},
        {"message": {"message_id": 5, "date": 10**30, "chat": where, "from": who, "pinned_message": deep}},
        {"message": {"message_id": "six", "date": 1, "chat": where, "from": who, "text": ["a"]}},
        {"message": {"message_id": 7, "date": 1, "chat": 5, "from": who, "text": "a number for a chat"}},
        {
            "message": {
                "message_id": 8,
                "date": 1,
                "chat": {"id": None, "type": "private"},
                "from": who,
                "text": "?",
            }
        },
        {"message": {"message_id": 9, "date": 1, "chat": {"type": _LONG}, "from": who, "text": "no id"}},
        {"message": {"message_id": 10, "date": 1, "chat": where, "from": who | {"first_name": _LONG}, "text": 1.5}},
        {"message": {"message_id": 11, "date": 1, "chat": where, "from": "mia", "text": None, "entities": "many"}},
        {
            "message": {
                "message_id": 12,
                "date": 1,
                "chat": where,
                "from": who,
                "photo": {"not": "a list"},
                "text": 0,
            }
        },
        {"edited_message": {"message_id": 13, "date": 1, "chat": where, "from": who, "text": deep}},
        {"edited_message": {}},
        {"message": said | {"message_id": 14, "photo": [{"file_id": 5}]}},
        {"message": said | {"message_id": 15, "photo": [{}] * 500}},
        {"message": said | {"message_id": 16, "document": {"file_id": "a", "file_size": "many"}}},
        {"message": said | {"message_id": 17, "voice": {"file_id": _LONG, "duration": -1}}},
        {"message": said | {"message_id": 18, "sticker": [deep], "media_group_id": 7}},
        {"callback_query": query},
        {"callback_query": {"id": 5, "from": None, "chat_instance": 7, "data": {"x": 1}}},
        {"callback_query": query | {"message": {"message_id": "a"}, "chat_instance": "1"}},
        {"my_chat_member": {"chat": where, "from": who, "date": 1}},
        {"my_chat_member": {"chat": where, "from": who, "new_chat_member": {"status": _LONG}}},
        {"inline_query": 5},
        {"telepathy": {"thought": deep, "aloud": _LONG}},
    ]
    loose: list[Any] = [
        {"message": {"message_id": 20, "date": 1, "text": "neither chat nor update_id"}},
        {"update_id": "twelve", "message": {"message_id": 21}},
        {"update_id": None},
        {"update_id": -1, "message": 3},
        {"update_id": True, "message": [1]},
        [],
        [[["nested"]]],
        None,
        "an update",
        7,
    ]
    return [body | {"update_id": "next"} for body in proper] + loose
