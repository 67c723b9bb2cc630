"""Stories of conversations: kept, opened, named, found, exported, deleted; summarised where they no longer fit."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import zipfile
from collections.abc import Collection
from pathlib import Path

from tests.emulators.gateway import Behaviour, GatewayEmulator
from tests.harness import BridgeProcess, until
from tests.media.samples import photo
from tests.platform import Bubble, Platform, SharedFile

ECHO = Behaviour(text=None)
STORY = "Once upon a time there was a fox who counted stars. " * 40


async def press(
    bot: BridgeProcess, bubble: Bubble, label: str, says: str, *, who: str = "mia", place: str = "direct"
) -> Bubble:
    """Press a button whose label has `label` in it; the newest bubble that `says` something, once there is one."""
    full = next(each for each in bubble.buttons if label in each)
    before = {(each.id, each.text) for each in bot.bubbles(place, who)}
    await bot.platform.press(bubble.id, full, who=who, place=place)
    return await seen(bot, says, before, place=place, who=who)


async def seen(
    bot: BridgeProcess, says: str, before: Collection[tuple[str, str]] = (), *, place: str = "direct", who: str = "mia"
) -> Bubble:
    """The newest bubble that `says` something and did not do so `before`."""

    def look() -> Bubble | None:
        shown = [each for each in bot.bubbles(place, who) if (each.id, each.text) not in before and not each.streaming]
        return next((each for each in reversed(shown) if says in each.text), None)

    return await until(look, f"{says!r} in {[each.text[-200:] for each in bot.bubbles(place, who)]}")


def said(gateway: GatewayEmulator) -> list[str]:
    """What the model was told last."""
    return [message["content"] for message in gateway.requests[-1].messages]


async def test_a_new_one_keeps_the_old_which_goes_on_later(bot: BridgeProcess, gateway: GatewayEmulator) -> None:
    await bot.ask("My name is Mia.")
    assert (await bot.ask("/new"))[-1].text == "A new conversation. /chats goes back to this one."
    await bot.ask("Why is the sky blue?")
    assert said(gateway) == ["Why is the sky blue?"]
    asked = len(gateway.requests)
    gateway.behave(
        "ok", Behaviour(text="Two titles, then.</think>1: The blue sky\n2. **A name**", tokens_per_second=100)
    )
    [menu] = await bot.ask("/chats")
    assert "Conversations here: 2" in menu.text
    assert [label.partition(" · ")[0] for label in menu.buttons] == ["● The blue sky", "A name"]
    assert len(gateway.requests) == asked + 1, "one request for all titles"
    await bot.ask("/chats")
    assert len(gateway.requests) == asked + 1, "and none the next time"
    gateway.behave("ok", ECHO)
    card = await press(bot, menu, "A name", "1 question")
    assert "My name is Mia." in card.text
    assert card.buttons == ["Open", "Rename", "Export", "Delete for good", "Back"]
    opened = await press(bot, card, "Open", "You are in A name again.")
    assert "You said: My name is Mia." in opened.text
    await bot.ask("What is my name?")
    assert said(gateway) == ["My name is Mia.", "You said: My name is Mia.", "What is my name?"]
    await bot.stop()
    await bot.start()
    [menu] = await bot.ask("/chats")
    assert [label.partition(" · ")[0] for label in menu.buttons] == ["● A name", "The blue sky"]


async def test_an_answer_under_way_stays_where_it_was_asked(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    await bot.ask("First.")
    await bot.ask("/new")
    gateway.behave("ok", Behaviour(text=STORY, tokens_per_second=20))
    await platform.say("Tell me a story.")
    growing = await seen_growing(bot)
    before = {(each.id, each.text) for each in bot.bubbles()}
    await platform.say("/new")
    await seen(bot, "A new conversation.", before)
    await until(lambda: bubble_of(bot, growing.id).text.endswith("stopped"), "the answer to be stopped")
    gateway.behave("ok", ECHO)
    await bot.ask("Third.")
    assert said(gateway) == ["Third."]
    gateway.behave("ok", Behaviour(refusal=(500, "no"), text=""))
    [menu] = await bot.ask("/chats")
    assert menu.text.startswith("Conversations here"), menu
    assert [label.partition(" · ")[0] for label in menu.buttons] == ["● Third.", "Tell me a story.", "First."]
    gateway.behave("ok", Behaviour(text=STORY, tokens_per_second=20))
    await platform.say("Another story.")
    growing = await seen_growing(bot)
    card = await press(bot, menu, "First.", "1 question")
    await press(bot, card, "Open", "You are in First. again.")
    await until(lambda: bubble_of(bot, growing.id).text.endswith("stopped"), "the answer to be stopped")
    gateway.behave("ok", ECHO)
    await bot.ask("Go on.")
    assert said(gateway) == ["First.", "You said: First.", "Go on."]


async def seen_growing(bot: BridgeProcess) -> Bubble:
    return await until(
        lambda: next((each for each in bot.bubbles() if "Stop" in each.buttons and "Once" in each.text), None), "words"
    )


def bubble_of(bot: BridgeProcess, id: str) -> Bubble:
    return next(each for each in bot.bubbles() if each.id == id)


async def test_titles_are_given_by_people_and_pages_are_turned(bot: BridgeProcess) -> None:
    await bot.ask("/chat titles off")
    for number in range(10):
        await bot.ask(f"Question {number}.")
        await bot.ask("/new")
    [menu] = await bot.ask("/chats")
    assert "page 1 of 2" in menu.text
    assert [label.partition(" · ")[0] for label in menu.buttons][:2] == ["Question 9.", "Question 8."]
    second = await press(bot, menu, "› 2/2", "page 2 of 2")
    assert second.id == menu.id
    assert [label.partition(" · ")[0] for label in second.buttons] == ["Question 1.", "Question 0.", "‹ 1/2"]
    card = await press(bot, second, "Question 0.", "1 question")
    told = await press(bot, card, "Rename", "Send the new title like this")
    command = told.text.partition("like this: ")[2].replace("NEW TITLE", "The *very* first")
    assert "The very first\n" in (await bot.ask(command))[-1].text
    found = await bot.ask("/search question 0.")
    assert "The very first" in found[-1].text


async def test_words_are_found_with_when_and_where(bot: BridgeProcess, gateway: GatewayEmulator) -> None:
    await bot.ask("/chat titles off")
    await bot.ask("The fox counts stars.")
    await bot.ask("/new")
    await bot.ask("天空为什么是蓝色的？")
    [found] = await bot.ask("/search STARS fox")
    assert "The fox counts stars." in found.text
    assert " UTC · The fox counts stars." in found.text
    opened = await press(bot, found, "The fox", "It ended with:")
    assert opened.id == found.id
    [found] = await bot.ask("/search 蓝色")
    assert "天空为什么是蓝色的" in found.text
    assert "Nothing that was said here contains “nightingale”." in (await bot.ask("/search nightingale"))[-1].text
    assert (await bot.ask("/search"))[-1].text.startswith("Send /search and some words")


async def test_nobody_reaches_the_conversations_of_another(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    for text in ("/allow", "/history per-person", "/chat titles off"):
        await bot.ask(text, place="group", mention=True)
    await bot.ask("A secret of mia.", place="group", mention=True)
    await bot.ask("/new", place="group", mention=True)
    await bot.ask("Another secret of mia.", place="group", mention=True)
    await bot.ask("Hello from tom.", who="tom", place="group", mention=True)
    [found] = await bot.ask("/search secret", who="tom", place="group", mention=True)
    assert "Nothing that was said here" in found.text
    [listed] = await bot.ask("/chats", who="tom", place="group", mention=True)
    assert "Conversations here: 1" in listed.text
    [menu] = await bot.ask("/chats", place="group", mention=True)
    label = next(each for each in menu.buttons if "A secret" in each)
    await platform.press(menu.id, label, who="tom", place="group")
    await seen(bot, "These buttons are somebody else's.", place="group")
    assert bubble_in(bot, "group", menu.id).text == menu.text
    # Whatever a changed app sends, it is about the conversations of the one who sends it.
    for forged in (
        "/chats delete 0 yes",
        "/forget all yes zzzzzzzz",
        "/forget 0 yes zzzzzzzz",
        "/export 0",
        "/export all",
    ):
        before = len(bot.bubbles("group"))
        await platform.press(menu.id, label, who="tom", place="group", command=forged)
        await until(lambda before=before: len(bot.bubbles("group")) > before, forged)  # type: ignore[misc]
        assert "These buttons are somebody else's." in bot.bubbles("group")[-1].text
    [found] = await bot.ask("/search secret", place="group", mention=True)
    assert found.text.count("secret of mia") >= 2
    # Everybody's again: what was said before everybody had their own is all that there is, for all alike.
    await bot.ask("/history shared", place="group", mention=True)
    [found] = await bot.ask("/search secret", who="tom", place="group", mention=True)
    assert "Nothing that was said here" in found.text
    before = len(bot.bubbles("group"))
    await platform.press(menu.id, label, place="group")
    await until(lambda: len(bot.bubbles("group")) > before, "a sentence")
    assert "These buttons are somebody else's." in bot.bubbles("group")[-1].text


def bubble_in(bot: BridgeProcess, place: str, id: str) -> Bubble:
    return next(each for each in bot.bubbles(place) if each.id == id)


async def test_what_is_forgotten_is_gone_for_good(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    await bot.ask("/chat titles off")
    for text in ("Alpha.", "Beta.", "Gamma."):
        await bot.ask("/new")
        await bot.ask(text)
    [menu] = await bot.ask("/chats")
    card = await press(bot, menu, "Beta.", "1 question")
    asked = await press(bot, card, "Delete", "Delete Beta. for good?")
    label = next(each for each in asked.buttons if "Delete" in each)
    await platform.press(asked.id, label)
    await platform.press(asked.id, label)  # twice at once
    await seen(bot, "Deleted for good.")
    await seen(bot, "There is no such conversation here.")
    assert "Conversations here: 2" in (await bot.ask("/chats"))[-1].text
    assert "Nothing that was said" in (await bot.ask("/search beta"))[-1].text
    [asked] = await bot.ask("/forget")
    assert asked.buttons == ["This conversation", "All conversations: 2"]
    await asyncio.gather(*(platform.press(asked.id, "This conversation") for _ in range(2)))
    await bot.ask("/whoami")  # both presses have been heard
    told = next(each.text for each in bot.bubbles() if each.id == asked.id)
    assert told == "Deleted for good.", "the second press says what the first has done"
    await bot.ask("Delta.")
    assert said(gateway) == ["Delta."]
    # What a year-old button, or one that was never made, would send: the time in it is over, or it names nothing.
    for forged, answer in (
        ("/forget all yes s0000", "What do you want to delete"),
        ("/chats open zzzzzz", "no such conversation"),
        ("/chats delete zzzzzz yes", "no such conversation"),
        ("/download zzzzzz aaaa", "not kept any more"),
    ):
        [menu] = await bot.ask("/chats")
        before = {(each.id, each.text) for each in bot.bubbles()}
        await platform.press(menu.id, menu.buttons[0], command=forged)
        await seen(bot, answer, before)
        assert "Conversations here: 2" in (await bot.ask("/chats"))[-1].text
    assert "Conversations here: 2" in (await bot.ask("/chats open -1"))[-1].text
    [asked] = await bot.ask("/forget all")
    assert asked.buttons == ["All conversations: 2"]
    await press(bot, asked, "All", "Deleted for good: 2.")
    assert (await bot.ask("/chats"))[-1].text == "There are no conversations here yet."


async def test_one_is_exported_with_its_pictures_or_all(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    await bot.ask("/chat titles off")
    await bot.ask("Old words.")
    await bot.ask("/new")
    await bot.ask("What is this?", files=[SharedFile("image", "holiday.jpg", "image/jpeg", photo(64, 48))])
    before = len(bot.bubbles())
    await platform.say("/export")
    files = await posted(bot, before, 3)
    markdown, data, picture = files
    assert markdown.name.endswith(".md")
    assert data.name.endswith(".json")
    text = markdown.content.decode()
    assert "## Question" in text
    assert f"]({picture.name})" in text
    assert picture.content[:2] == b"\xff\xd8"
    value = json.loads(data.content)
    assert value["exchanges"][0]["model"] == "fake-openai:ok"
    assert list(value["pictures"].values()) == [picture.name]
    before = len(bot.bubbles())
    await platform.say("/export all")
    [packed] = await posted(bot, before, 1)
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        names = archive.namelist()
        assert len([name for name in names if name.endswith(".md")]) == 2
        assert any(name.endswith(picture.name) for name in names)
        assert (
            "Old words." in archive.read(next(n for n in names if n.startswith("Old") and n.endswith(".md"))).decode()
        )


async def posted(bot: BridgeProcess, before: int, count: int) -> list[SharedFile]:
    def look() -> list[SharedFile] | None:
        files = [file for bubble in bot.bubbles()[before:] for file in bubble.files]
        return files if len(files) >= count else None

    files = await until(look, f"{count} files; {bot.bubbles()[before:]}")
    assert len(files) == count
    return files


async def test_long_code_and_tables_are_had_as_files(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    code = "\n".join(f"line_{number} = {number}" for number in range(80))
    rows = "\n".join(f"| {number} | a\\|b |" for number in range(60))
    gateway.behave("ok", Behaviour(text=f"Here:\n\n```python\n{code}\n```\n\n| n | word |\n|---|---|\n{rows}\n\nDone."))
    await platform.say("Write much.")
    bubbles = await until(lambda: bot.bubbles() if bot.bubbles() and "As a file" in bot.bubbles()[-1].buttons else [])
    writes = sum(len(bubble.writes) for bubble in bubbles)
    for _ in range(2):  # a file is posted as often as somebody asks for it
        before = len(bot.bubbles())
        await platform.press(bubbles[-1].id, "As a file")
        python, table = await posted(bot, before, 2)
        assert (python.name, python.content.decode()) == ("code-1.py", code + "\n")
        read = list(csv.reader(io.StringIO(table.content.decode("utf-8-sig"))))
        assert read[:2] == [["n", "word"], ["0", "a|b"]]
        assert len(read) == 61
    assert sum(len(bubble.writes) for bubble in bot.bubbles()[: len(bubbles)]) == writes, "the answer was not touched"
    gateway.behave("ok", Behaviour(text="```\nshort\n```"))
    assert "As a file" not in (await bot.ask("Write little."))[-1].buttons


async def test_what_no_longer_fits_is_summarised_once(
    platform: Platform, gateway: GatewayEmulator, tmp_path: Path
) -> None:
    settings = {"BRIDGE_ADMINS": str(platform.user("mia")), "BRIDGE_HISTORY_TOKENS": "150"}
    async with BridgeProcess(platform, gateway, tmp_path, **settings) as bot:
        await bot.ask("/chat memory summarise")
        gateway.behave("ok", Behaviour(text="Noted: " + "the fox counts the stars. " * 14))
        await bot.ask("My name is Mia.")
        await bot.ask("I live in Oslo.")
        asked = len(gateway.requests)
        gateway.behave("ok", Behaviour(text="The person is Mia."))
        [bubble] = await bot.ask("Who am I?")
        assert "From here on the model sees a summary of it." in bubble.text
        assert len(gateway.requests) == asked + 2
        assert "Summarise it" in gateway.requests[-2].messages[-1]["content"]
        assert "My name is Mia." in gateway.requests[-2].messages[-1]["content"]
        assert gateway.requests[-1].messages[0]["role"] == "system"
        assert "The person is Mia." in said(gateway)[0]
        assert not any("My name is Mia." in text for text in said(gateway))
        [bubble] = await bot.ask("And now?")
        assert bubble.text == "The person is Mia."
        assert len(gateway.requests) == asked + 3, "it is made once"
        assert "as a summary" in said(gateway)[0]
        await bot.stop()
        await bot.start()
        await bot.ask("Still?")
        assert "as a summary" in said(gateway)[0]


async def test_a_summary_that_fails_leaves_the_beginning_out(
    platform: Platform, gateway: GatewayEmulator, tmp_path: Path
) -> None:
    settings = {"BRIDGE_ADMINS": str(platform.user("mia")), "BRIDGE_HISTORY_TOKENS": "150"}
    async with BridgeProcess(platform, gateway, tmp_path, **settings) as bot:
        await bot.ask("/chat memory summarise")
        gateway.behave("ok", Behaviour(text="Noted: " + "the fox counts the stars. " * 14))
        await bot.ask("My name is Mia.")
        await bot.ask("I live in Oslo.")
        gateway.behave("ok", Behaviour(text="Fine.", refusal=(400, "no summaries today"), refusals=1))
        [bubble] = await bot.ask("Who am I?")
        assert bubble.text == "Fine."
        assert not any("summary" in text or "Mia" in text for text in said(gateway))


async def test_an_owner_sets_how_long_all_is_kept(bot: BridgeProcess, platform: Platform) -> None:
    assert "keep: 7 days" in (await bot.ask("/chat keep 7d"))[-1].text
    assert "is not a value of keep" in (await bot.ask("/chat keep forever"))[-1].text
    await bot.ask(f"/admin add {platform.user('tom')}")
    assert (await bot.ask("/chat keep 1 day", who="tom"))[-1].text == "Only owners can do that."
