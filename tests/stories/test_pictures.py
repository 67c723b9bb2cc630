"""Stories of pictures: sent with words and without, several at once, to a model that cannot see, and back."""

from __future__ import annotations

import base64

import pytest

from tests.emulators.gateway import Behaviour, GatewayEmulator
from tests.harness import BridgeProcess, until
from tests.media.samples import opened, photo
from tests.platform import Platform, SharedFile

BLIND = "messages[0]: unknown variant `image_url`, expected `text`"


def shot(width: int = 400, height: int = 300) -> SharedFile:
    return SharedFile("image", "holiday.jpg", "image/jpeg", photo(width, height))


def sizes(gateway: GatewayEmulator) -> list[list[tuple[int, int]]]:
    """The sizes of the pictures that went with each question of the last request."""
    return [[opened(picture).size for picture in pictures] for pictures in gateway.requests[-1].pictures]


async def test_a_photo_with_words_is_seen(bot: BridgeProcess, gateway: GatewayEmulator) -> None:
    [bubble] = await bot.ask("What is this?", files=[shot(3000, 2000)])
    assert bubble.text.endswith("What is this?")
    assert sizes(gateway) == [[(1568, 1045)]]
    [[picture]] = gateway.requests[-1].pictures
    assert b"Cherry Phone" not in picture and not opened(picture).getexif()
    assert "base64" not in bot.everything()


async def test_a_photo_without_words_is_seen(bot: BridgeProcess, gateway: GatewayEmulator) -> None:
    await bot.ask("", files=[shot()])
    assert sizes(gateway) == [[(400, 300)]]


async def test_an_album_is_one_question(bot: BridgeProcess, gateway: GatewayEmulator) -> None:
    await bot.ask("Compare them.", files=[shot(100 + number) for number in range(5)])
    assert sizes(gateway) == [[(100 + number, 300) for number in range(5)]]
    assert len(gateway.requests) == 1


async def test_pictures_stay_for_the_last_few_questions(bot: BridgeProcess, gateway: GatewayEmulator) -> None:
    for number in range(4):
        await bot.ask(f"Number {number}", files=[shot(100 + number)])
    await bot.ask("Which was the first?")
    assert sizes(gateway) == [[], [(101, 300)], [(102, 300)], [(103, 300)], []]
    assert "[picture: " in str(gateway.requests[-1].messages[0]["content"])


async def test_a_model_that_cannot_see_names_those_that_can(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    gateway.behave("ok", Behaviour(text=None, blind=BLIND))
    [bubble] = await bot.ask("What is this?", files=[shot()])
    assert "fake-openai:ok takes no pictures." in bubble.text
    label = next(label for label in bubble.buttons if label.startswith("Ask "))
    await platform.press(bubble.id, label)
    await until(lambda: bot.bubbles()[-1].text.endswith("What is this?"), "the answer in its place")
    assert gateway.requests[-1].model.endswith(label.removeprefix("Ask "))
    assert sizes(gateway) == [[(400, 300)]]
    await bot.ask("/model fake-openai:ok")
    asked = len(gateway.requests)
    assert "takes no pictures" in (await bot.ask("And this?", files=[shot(200)]))[-1].text
    assert len(gateway.requests) == asked, "it is known by now"
    assert (await bot.ask("And words?"))[-1].text.endswith("And words?")


async def test_a_refused_old_picture_does_not_stop_words(bot: BridgeProcess, gateway: GatewayEmulator) -> None:
    await bot.ask("Look.", files=[shot()])
    gateway.behave("ok", Behaviour(text=None, blind="We cannot process something in your request."))
    assert (await bot.ask("Thank you."))[-1].text.endswith("Thank you.")
    assert not any(gateway.requests[-1].pictures)


async def test_what_is_too_large_is_said_and_not_fetched(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    await bot.stop()
    bot.settings["BRIDGE_FILE_MEGABYTES"] = "1"
    await bot.start()
    large = SharedFile("image", "large.jpg", "image/jpeg", photo() + bytes(1_100_000))
    [bubble] = await bot.ask("", files=[large])
    assert "too large; I read up to 1 MB." in bubble.text
    assert gateway.requests == []
    [bubble] = await bot.ask("And this?", files=[SharedFile("image", "b.png", "image/png", b"\x89PNG\r\n")])
    assert bubble.text.partition("\n")[0] == "You said: And this?"
    assert "I cannot open it; it may be damaged." in bubble.text


async def test_files_of_strangers_are_never_fetched(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    await platform.say("look", who="tom", files=[shot()])
    for file in (
        shot(),
        SharedFile("file", "a.pdf", "application/pdf", b"%PDF-1.7"),
        SharedFile("audio", "voice.ogg", "audio/ogg", b"OggS"),
        SharedFile("video", "a.mp4", "video/mp4", b"ftyp", still=photo()),
    ):
        await platform.say("", who="tom", files=[file])
    await platform.say("theirs", who="tom", forwarded=True, files=[shot()])
    await bot.ask("hello")
    assert platform.downloads == 0
    assert len(gateway.requests) == 1


async def test_a_photo_waits_for_its_answer_through_a_kill(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    gateway.answer("A red and a blue half. " * 20, tokens_per_second=15)
    await platform.say("What is this?", files=[shot()])
    await until(lambda: bot.bubbles() and "red" in bot.bubbles()[-1].text, "the answer to begin")
    await bot.kill()
    gateway.answer("Two halves.")
    await bot.start()
    await until(lambda: [bubble.text for bubble in bot.bubbles()] == ["Two halves."], "one answer")
    assert sizes(gateway) == [[(400, 300)]]
    assert platform.downloads == 1, "what was read is kept"


@pytest.mark.parametrize("count", [1, 3])
async def test_pictures_come_back(bot: BridgeProcess, gateway: GatewayEmulator, count: int) -> None:
    drawn = tuple(photo(60 + number, 40, format="PNG") for number in range(count))
    gateway.behave("ok", Behaviour(text="Here you are.", pictures=drawn))
    bubbles = await bot.ask("Draw.")
    await until(lambda: sum(len(bubble.files) for bubble in bot.bubbles()) == count, "the pictures")
    files = [file for bubble in bot.bubbles() for file in bubble.files]
    assert [file.content for file in files] == list(drawn)
    assert bubbles[0].text == "Here you are."
    gateway.behave("ok", Behaviour(text="Bluer."))
    await bot.ask("Make it bluer.")
    assert sizes(gateway)[-1] == [(60 + number, 40) for number in range(count)]


async def test_an_answer_may_be_only_a_picture(bot: BridgeProcess, gateway: GatewayEmulator) -> None:
    gateway.behave("ok", Behaviour(text="", pictures=(photo(format="PNG"),)))
    await bot.ask("Draw.")
    await until(lambda: [len(bubble.files) for bubble in bot.bubbles()] == [1], "the picture")
    assert "empty" not in " ".join(bubble.text for bubble in bot.bubbles())


async def test_a_picture_within_the_text_is_never_letters(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    drawn = photo(300, 200, format="PNG")
    data = base64.b64encode(drawn).decode()
    gateway.answer(f"Here: ![a flag](data:image/png;base64,{data}) Done.", tokens_per_second=60)
    await platform.say("Draw.")
    await until(lambda: any(bubble.files for bubble in bot.bubbles()), "the picture")
    first, second = bot.bubbles()
    assert first.text.split() == ["Here:", "Done."]
    assert [file.content for file in second.files] == [drawn]
    assert not any(data[60:90] in text for bubble in bot.bubbles() for _, text in bubble.writes)
    assert data[60:90] not in bot.everything()


async def test_a_link_into_our_own_network_stays_a_link(bot: BridgeProcess, gateway: GatewayEmulator) -> None:
    gateway.answer(f"Look: ![a cat]({gateway.url}/cat.png) there.")
    [bubble] = await bot.ask("Show me.")
    assert bubble.text.startswith("Look:") and bubble.files == []


async def test_three_pictures_stand_once_after_a_kill(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    drawn = tuple(photo(60 + number, 40, format="PNG") for number in range(3))
    gateway.behave("ok", Behaviour(text="Here you are.", pictures=drawn))
    platform.lose_answers(2)
    await platform.say("Draw three.")
    await until(lambda: any(bubble.files for bubble in bot.bubbles()) or bot.bubbles(), "something of it")
    await bot.kill()
    await bot.start()

    def whole() -> bool:
        files = [file.content for bubble in bot.bubbles() for file in bubble.files]
        return files == list(drawn) and bot.bubbles()[0].text == "Here you are."

    await until(whole, "the pictures, once")
    gateway.behave("ok", Behaviour(text="You are welcome."))
    assert (await bot.ask("Thanks."))[-1].text == "You are welcome."
    assert len(bot.bubbles()) == 3


async def test_a_reply_to_a_picture_asks_about_it(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    await bot.ask("/allow", place="group")
    shown = await platform.say("", who="tom", place="group", files=[shot()])
    before = len(bot.bubbles("group"))
    await platform.say("What is this?", place="group", mention=True, reply_to=shown)
    await bot.answer(before, place="group")
    assert sizes(gateway) == [[(400, 300)]]


async def test_a_forwarded_picture_is_seen(bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator) -> None:
    await platform.say("from afar", forwarded=True, files=[shot()])
    await bot.answer()
    assert sizes(gateway) == [[(400, 300)]]


STICKERS = {
    "telegram": SharedFile("sticker", "", "image/webp", photo(300, 200, format="WEBP")),
    "discord": SharedFile("sticker", "wave", "image/png", photo(300, 200, format="PNG")),
}


async def test_a_still_sticker_is_seen(bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator) -> None:
    if platform.channel not in STICKERS:
        pytest.skip("Feishu hands out no stickers")
    await bot.ask("", files=[STICKERS[platform.channel]])
    assert sizes(gateway) == [[(300, 200)]]
    gateway.behave("ok", Behaviour(text=None, blind=BLIND))
    assert "[picture: sticker" in (await bot.ask("", files=[STICKERS[platform.channel]]))[-1].text


async def test_a_video_is_seen_by_its_still(bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator) -> None:
    video = SharedFile("video", "clip.mp4", "video/mp4", b"ftyp" * 100, still=photo(320, 180))
    [bubble] = await bot.ask("", files=[video])
    if platform.channel == "discord":  # it has no stills
        assert "I cannot listen to recordings here." in bubble.text
    else:
        assert sizes(gateway) == [[(320, 180)]]
        assert platform.downloads == 1, "without a server that transcribes, the video itself is of no use"
