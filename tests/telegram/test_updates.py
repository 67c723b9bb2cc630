"""What one raw update says, and what joins it to others."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bridge.inbound import ChatMoved, Edited, Pressed, Said
from bridge.types import Attachment, Chat, User
from channels.telegram.gather import Group, gather
from channels.telegram.updates import Arrival, Me, read

ME = Me(666, "cherry_bot")
MIA = {"id": 7_300_000_001, "is_bot": False, "first_name": "Mia", "last_name": "Wong", "language_code": "zh-hans"}
US = {"id": 666, "is_bot": True, "first_name": "Cherry", "username": "cherry_bot"}
PRIVATE = {"id": 7_300_000_001, "type": "private", "first_name": "Mia"}
GROUP = {"id": -1002100000002, "type": "supergroup", "title": "Friends", "is_forum": True}


def message(**fields: Any) -> dict[str, Any]:
    basis = {"message_id": 5, "date": 1_790_000_000, "chat": PRIVATE, "from": MIA}
    return {"update_id": 1, "message": basis | fields}


def arrival(**fields: Any) -> Arrival:
    found = read(message(**fields), ME)
    assert found is not None
    return found


def heard(**fields: Any) -> Said:
    event = arrival(**fields).event
    assert isinstance(event, Said)
    return event


def in_group(text: str, kind: str = "", name: str = "", **fields: Any) -> Said:
    """Said in a group, with an entity of this kind on `name`."""
    before = text[: text.index(name)]
    marked = {"type": kind, "offset": len(before.encode("utf-16-le")) // 2, "length": len(name)}
    return heard(chat=GROUP, text=text, entities=[marked] if kind else [], **fields)


def test_a_message_in_a_direct_chat() -> None:
    assert heard(text="hello") == Said(
        id="5",
        chat=Chat("telegram", "7300000001"),
        sender=User("telegram", "7300000001"),
        text="hello",
        language="zh-hans",
        sent_at=1_790_000_000.0,
    )
    assert heard(text="hello").chat.direct
    assert heard(text="hello").sender.name == "Mia Wong"


def test_names_are_one_short_line() -> None:
    sender = heard(text="x", **{"from": MIA | {"first_name": "M\u202eia\n" + "x" * 500}}).sender
    assert sender.name.startswith("M ia x")
    assert len(sender.name) == 64


@pytest.mark.parametrize(
    ("text", "kind", "name", "addressed", "said"),
    [
        ("what is up", "", "", False, "what is up"),
        ("@cherry_bot what is up", "mention", "@cherry_bot", True, "what is up"),
        ("@Cherry_Bot, what is up", "mention", "@Cherry_Bot", True, "what is up"),
        ("🍒🍒 ask @cherry_bot about it", "mention", "@cherry_bot", True, "🍒🍒 ask about it"),
        ("hi @cherry_bot!", "mention", "@cherry_bot", True, "hi!"),
        ("@cherry_bot", "mention", "@cherry_bot", True, ""),
        ("@cherry_bot /help", "mention", "@cherry_bot", True, "/help"),
        ("@cherry_bot_two hi", "mention", "@cherry_bot_two", False, "@cherry_bot_two hi"),
        ("/model", "bot_command", "/model", True, "/model"),
        ("/model@cherry_bot gpt", "bot_command", "/model@cherry_bot", True, "/model gpt"),
        ("/MODEL@CHERRY_BOT gpt", "bot_command", "/MODEL@CHERRY_BOT", True, "/MODEL gpt"),
        ("/model@other_bot gpt", "bot_command", "/model@other_bot", False, "/model@other_bot gpt"),
        ("/usr/bin is full", "", "", False, "/usr/bin is full"),
    ],
)
def test_what_is_meant_for_us_in_a_group(text: str, kind: str, name: str, addressed: bool, said: str) -> None:
    got = in_group(text, kind, name)
    assert (got.addressed, got.text) == (addressed, said)


def test_a_mention_of_somebody_without_a_username() -> None:
    marked = {"type": "text_mention", "offset": 4, "length": 6}
    ours = heard(chat=GROUP, text="hey Cherry, you", entities=[marked | {"user": US}])
    theirs = heard(chat=GROUP, text="hey Cherry, you", entities=[marked | {"user": MIA}])
    assert (ours.addressed, ours.text) == (True, "hey, you")
    assert not theirs.addressed


def test_a_mention_in_a_caption() -> None:
    marked = [{"type": "mention", "offset": 0, "length": 11}]
    got = heard(chat=GROUP, photo=[{}], caption="@cherry_bot look", caption_entities=marked)
    assert (got.addressed, got.text, got.attachments) == (True, "look", IMAGE)


def test_a_reply_to_us_is_for_us_and_quotes_what_we_said() -> None:
    ours = {"message_id": 3, "from": US, "text": "It is blue.", "date": 1}
    got = in_group("why", reply_to_message=ours)
    assert (got.addressed, got.quoted, got.replied_to) == (True, "It is blue.", User("telegram", "666"))
    part = in_group("why", reply_to_message=ours, quote={"text": "blue", "position": 6})
    assert part.quoted == "blue"
    to_mia = in_group("why", reply_to_message=ours | {"from": MIA, "caption": "look", "text": ""})
    assert (to_mia.addressed, to_mia.quoted, to_mia.replied_to) == (False, "look", User("telegram", "7300000001"))
    other_bot = in_group("/x@other_bot", "bot_command", "/x@other_bot", reply_to_message=ours)
    assert not other_bot.addressed


def test_files_replied_to_do_not_pass_for_the_persons_own() -> None:
    photo = {"reply_to_message": {"message_id": 3, "from": MIA, "date": 1, "photo": [{"file_id": "theirs"}]}}
    theirs = Attachment("image", ref="theirs", mime="image/jpeg", quoted=True)
    assert heard(text="what is it?", **photo).attachments == (theirs,)
    (long,) = gather(pieces("x" * 4096, "the end", **photo))
    assert joined(long).attachments == (theirs,)
    (album,) = gather(pieces("", "", "", media_group_id="77", **(photo | {"photo": [{}]})))
    assert joined(album).attachments == (*IMAGE * 3, theirs)
    assert heard(photo=[{"file_id": "theirs"}], **FORWARDED).attachments == (replace(theirs, quoted=False),)
    moved = message(location={"latitude": 1}, edit_date=2, **photo)["message"]
    assert read({"edited_message": moved}, ME) is None, "a live location that moves is no edit"


def test_topics_are_chats_of_their_own_and_replies_are_not() -> None:
    opened = {"message_id": 9, "from": US, "forum_topic_created": {"name": "Recipes"}, "text": ""}
    topic = in_group("hi", message_thread_id=9, is_topic_message=True, reply_to_message=opened)
    assert topic.chat == Chat("telegram", str(GROUP["id"]), "9")
    assert not topic.addressed, "the news that a topic was opened is nothing to reply to"
    assert topic.replied_to is None
    assert in_group("hi", message_thread_id=3).chat.thread == ""
    assert in_group("hi", message_thread_id=1, is_topic_message=True).chat.thread == "", "General"


def test_who_speaks_as_a_chat_is_not_trusted_as_a_person() -> None:
    anonymous = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
    got = heard(chat=GROUP, text="hi", sender_chat=GROUP, **{"from": anonymous})
    assert got.sender == User("telegram", str(GROUP["id"]))
    assert got.sender.name == "Friends"


IMAGE = (Attachment("image", mime="image/jpeg"),)
FORWARDED = {"forward_origin": {"type": "hidden_user", "sender_user_name": "Tom", "date": 1_789_999_000}}


def test_what_is_forwarded_is_a_quotation_and_no_command() -> None:
    got = heard(text="/allow 4711", **FORWARDED)
    assert (got.text, got.quoted, got.addressed, got.forwarded) == ("", "/allow 4711", True, True)
    assert (got.sender, got.replied_to) == (User("telegram", "7300000001"), None)
    for text in ("/allow@cherry_bot", "hey @cherry_bot"):
        name = text.split()[-1]
        called = in_group(text, "mention" if name[0] == "@" else "bot_command", name, **FORWARDED)
        assert (called.text, called.quoted, called.addressed) == ("", text, False), "nobody here has called us"
    pictured = heard(photo=[{}], caption="/deny 4711", **FORWARDED)
    assert (pictured.text, pictured.quoted, pictured.attachments) == ("", "/deny 4711", IMAGE)


def test_what_needs_no_answer() -> None:
    assert read(message(text="hi", **{"from": US}), ME) is None, "a bot"
    assert read(message(new_chat_title="x"), ME) is None
    assert read(message(text="news", chat=GROUP, sender_chat=GROUP, is_automatic_forward=True), ME) is None
    change = {"chat": GROUP, "from": MIA, "date": 1, "new_chat_member": {"status": "member", "user": US}}
    assert read({"update_id": 1, "my_chat_member": change}, ME) is None


@pytest.mark.parametrize(
    ("fields", "attachment"),
    [
        (
            {"photo": [{"file_id": "s", "file_size": 9}, {"file_id": "l", "file_size": 99}]},
            Attachment("image", ref="l", mime="image/jpeg", size=99),
        ),
        (
            {"document": {"file_id": "d", "file_name": "a.pdf", "mime_type": "application/pdf", "file_size": 5}},
            Attachment("file", "a.pdf", "d", "application/pdf", 5),
        ),
        ({"document": {"file_id": "d", "mime_type": "image/png"}}, Attachment("image", "", "d", "image/png")),
        ({"document": {"file_id": "d", "mime_type": "audio/wav"}}, Attachment("audio", "", "d", "audio/wav")),
        (
            {"animation": {"file_id": "a", "duration": 2}, "document": {"file_id": "a", "file_name": "a.mp4"}},
            Attachment("video", ref="a", seconds=2.0),
        ),
        ({"voice": {"file_id": "v", "duration": 3}}, Attachment("audio", ref="v", mime="audio/ogg", seconds=3.0)),
        (
            {"audio": {"file_id": "m", "title": "Song", "mime_type": "audio/mpeg", "duration": 200}},
            Attachment("audio", "Song", "m", "audio/mpeg", seconds=200.0),
        ),
        ({"video": {"file_id": "v", "mime_type": "video/mp4"}}, Attachment("video", ref="v", mime="video/mp4")),
        ({"video_note": {"file_id": "n"}}, Attachment("video", ref="n", mime="video/mp4")),
        ({"sticker": {"file_id": "s", "emoji": "👍"}}, Attachment("sticker", "👍", "s", "image/webp")),
        ({"sticker": {"file_id": "s", "is_video": True}}, Attachment("sticker", "", "s", "video/webm")),
        ({"location": {"latitude": 1, "longitude": 2}}, Attachment("other", "location")),
        ({"contact": {"phone_number": "1"}}, Attachment("other", "contact")),
        ({"poll": {}}, Attachment("other", "poll")),
    ],
)
def test_attachments(fields: dict[str, Any], attachment: Attachment) -> None:
    assert heard(**fields).attachments == (attachment,)


def test_a_press_names_its_message() -> None:
    query = {"id": "44", "from": MIA, "message": {"message_id": 8, "chat": GROUP, "date": 0}, "data": "/stop"}
    got = read({"update_id": 1, "callback_query": query}, ME)
    assert got is not None
    assert got.query == "44"
    assert got.event == Pressed(
        "press:44", Chat("telegram", str(GROUP["id"])), User("telegram", str(MIA["id"])), "/stop", "8", "zh-hans"
    )


def test_an_edited_message_is_an_edit() -> None:
    edited = message(text="hello", edit_date=1_790_000_009)["message"]
    got = read({"update_id": 1, "edited_message": edited}, ME)
    assert got is not None
    assert got.event == Edited(heard(text="hello"))
    poll = message(poll={"total_voter_count": 2})["message"]
    assert read({"update_id": 1, "edited_message": poll}, ME) is None


def test_a_migration_is_told_alike_from_both_sides() -> None:
    old, new = {"id": -5, "type": "group", "title": "Friends"}, {"id": -1005, "type": "supergroup"}
    one = arrival(chat=old, migrate_to_chat_id=-1005).event
    two = arrival(chat=new, migrate_from_chat_id=-5).event
    assert one == two == ChatMoved("moved:-1005", Chat("telegram", "-5"), Chat("telegram", "-1005"))


@pytest.mark.parametrize("update", [{}, {"message": None}, {"edited_message": {}}, {"inline_query": 5}])
def test_what_cannot_be_understood_is_a_value_error(update: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - pydantic's ValidationError too
        read({"update_id": 1} | update, ME)


def test_enormous_texts_are_cut_and_lone_surrogates_refused() -> None:
    assert len(heard(text="x" * 1_000_000).text) == 8192
    with pytest.raises(ValueError):  # noqa: PT011
        heard(text="a\ud800")


ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(field=st.sampled_from([*message(text="", entities=[], photo=[], quote={})["message"]]), value=ANYTHING)
def test_nothing_but_value_errors_comes_of_a_wrong_field(field: str, value: Any) -> None:
    try:
        read(message(**{"text": "hi", field: value}), ME)
    except ValueError:
        return


def pieces(*texts: str, **fields: Any) -> dict[int, Arrival]:
    return {
        number: arrival(message_id=number, **({"text": text} if text else {}), **fields)
        for number, text in enumerate(texts, 10)
    }


def joined(group: Group) -> Said:
    assert isinstance(group.event, Said)
    return group.event


def test_a_long_text_is_joined_where_the_client_cut_it() -> None:
    (group,) = gather(pieces("x" * 4096, "y" * 4096, "the end"))
    assert not group.open
    assert joined(group).text == "x" * 4096 + "y" * 4096 + "the end"
    assert (joined(group).id, group.updates) == ("10", [10, 11, 12])
    (spaced,) = gather(pieces("x" * 4000, "and on"))
    assert joined(spaced).text == "x" * 4000 + " and on", "cut at a space, which the client dropped"
    (command,) = gather(pieces("/system " + "x" * 4088, "y"))
    assert joined(command).text.endswith("xy")
    assert gather(pieces("x" * 4096))[0].open
    (passed_on,) = gather(pieces("x" * 4000, "/stop", **FORWARDED))
    assert (joined(passed_on).text, joined(passed_on).quoted) == ("", "x" * 4000 + " /stop")


def test_what_only_looks_like_one_text_is_not_joined() -> None:
    assert len(gather(pieces("x" * 3000, "and on"))) == 2
    assert len(gather(pieces("x" * 4096, "/stop"))) == 2
    assert len(gather(pieces("x" * 4096) | {20: arrival(text="and on", **FORWARDED)})) == 2
    first, second = pieces("x" * 4096, "y").values()
    late = arrival(message_id=30, text="y", date=1_790_000_010)
    other = arrival(message_id=31, text="y", **{"from": MIA | {"id": 5}})
    assert len(gather({1: first, 2: late})) == 2
    assert [group.updates for group in gather({1: first, 2: other, 3: second})] == [[1, 3], [2]]


def test_an_album_is_one_message_with_its_caption() -> None:
    photo: dict[str, Any] = {"photo": [{}], "media_group_id": "77"}
    found = {
        number: arrival(message_id=number, caption="the sea" if number == 2 else "", **photo) for number in range(1, 4)
    }
    (group,) = gather(found)
    assert group.open
    assert joined(group).text == "the sea"
    assert joined(group).attachments == IMAGE * 3
    assert not gather({n: arrival(message_id=n, **photo) for n in range(1, 11)})[0].open, "an album holds ten"
